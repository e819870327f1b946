//! An authority and a registry with one facility, how a terminal of it asks, and how either starts again after a crash.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::Poll;

use authority::{Authority, Config, Holder, Issued, Notice, Proof};
use chassis::db::Database;
use chassis::pfx::Strength;
use chassis::testing::Place;
use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use manuals::situation::Situation;
use registry::Registry;
use registry::applications::FacilityApplication;
use wire::number::FacilityCode;

pub(crate) const CODE: &str = "0110119153";

/// A moment in July 2026.
pub(crate) fn now() -> Timestamp {
    "2026-07-15T00:00:00Z".parse().unwrap()
}

/// So many days after it.
pub(crate) fn day(count: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * count)
}

pub(crate) struct Town {
    pub(crate) authority: Authority,
    pub(crate) registry: Registry,
    db: Database,
    folder: PathBuf,
    config: Config,
}

impl Town {
    /// An authority in demonstration mode with its keys open, and few keys in its pool.
    pub(crate) async fn begin(place: &Place) -> Self {
        Self::begin_at(place, now()).await
    }

    /// The same at another time.
    pub(crate) async fn begin_at(place: &Place, at: Timestamp) -> Self {
        Self::begin_with(place, Config { demonstration: true, guesses: 3, pool_keys: 2, ..Config::default() }, at).await
    }

    pub(crate) async fn begin_with(place: &Place, config: Config, at: Timestamp) -> Self {
        Self::founded(place.database().await, place.folder.path(), config, at).await
    }

    /// The town in this folder, founded at the first time.
    pub(crate) async fn at(folder: &Path, config: Config, at: Timestamp) -> Self {
        let db = Database::open(&format!("sqlite:{}", folder.join("town.db").display())).await.unwrap();
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap();
        match registry.facility(&FacilityCode::parse(CODE).unwrap()).await.unwrap() {
            Some(_) => Self::open(db, folder.to_owned(), config, at).await,
            None => Self::founded(db, folder, config, at).await,
        }
    }

    async fn founded(db: Database, folder: &Path, config: Config, at: Timestamp) -> Self {
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap();
        let facility = FacilityApplication {
            facility_code: CODE.to_owned(),
            name: "架空医院".to_owned(),
            valid_from: jiff::civil::date(2020, 4, 1),
            valid_until: None,
        };
        let application = registry.apply_for_facility(&facility, at).await.unwrap();
        registry.approve(&application, at).await.unwrap();
        Self::open(db, folder.to_owned(), config, at).await
    }

    async fn open(db: Database, folder: PathBuf, config: Config, at: Timestamp) -> Self {
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap();
        let vault = Vault::open(&folder.join("keys"), None).unwrap();
        let authority =
            Authority::open(db.clone(), registry.clone(), &vault, &folder.join("certificates"), config.clone(), at).await.unwrap();
        Self { authority, registry, db, folder, config }
    }

    /// The same tables and folders, and a new program.
    pub(crate) async fn restarted(&self, at: Timestamp) -> Self {
        Self::open(self.db.clone(), self.folder.clone(), self.config.clone(), at).await
    }

    /// Another database, such as yesterday's copy, and the same folders.
    pub(crate) async fn restored(&self, db: Database, at: Timestamp) -> Self {
        Self::open(db, self.folder.clone(), self.config.clone(), at).await
    }

    pub(crate) fn db(&self) -> &Database {
        &self.db
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("certificates").join("journal").join("revocations.journal")
    }

    pub(crate) async fn notice(&self) -> Notice {
        self.notice_at(now()).await
    }

    pub(crate) async fn notice_at(&self, at: Timestamp) -> Notice {
        self.authority.notice(&FacilityCode::parse(CODE).unwrap(), "受付端末", at).await.unwrap()
    }

    pub(crate) async fn proof(&self, notice: &Notice) -> Proof {
        self.authority.prove(&notice.request_id, &notice.reference_id, None, now()).await.unwrap().unwrap()
    }

    pub(crate) async fn pfx(&self, notice: &Notice, password: &str, strength: Strength) -> Result<Vec<u8>, Situation> {
        let proof = self.proof(notice).await;
        self.authority.retrieve_pfx(&proof, &password.into(), strength, now()).await.unwrap()
    }

    /// A terminal with a certificate over a key of its own.
    pub(crate) async fn terminal(&self) -> Issued {
        let notice = self.notice().await;
        let (_, request) = csr(&rcgen::PKCS_ECDSA_P256_SHA256);
        self.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap()
    }

    pub(crate) async fn holder(&self, serial: &str, at: Timestamp) -> Holder {
        self.authority.holder(serial, at).await.unwrap().unwrap()
    }

    /// Whether the registry lets the terminal in; nothing if it does not know it.
    pub(crate) async fn is_let_in(&self, serial: &str) -> Option<bool> {
        let terminals = self.registry.terminals(Some(CODE)).await.unwrap();
        terminals.into_iter().find(|terminal| terminal.serial == serial).map(|terminal| !terminal.blocked)
    }

    /// The subjects of the mails that were promised, oldest first.
    pub(crate) async fn mails(&self) -> Vec<(String, String)> {
        let mut mails = self.registry.outbox().list().await.unwrap();
        mails.reverse();
        mails.into_iter().map(|mail| (mail.to, mail.subject)).collect()
    }
}

/// A key and a request for a certificate over it.
pub(crate) fn csr(algorithm: &'static rcgen::SignatureAlgorithm) -> (rcgen::KeyPair, String) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    (key, request)
}

/// The same as DER.
pub(crate) fn csr_der() -> Vec<u8> {
    authority::der_of(&csr(&rcgen::PKCS_ECDSA_P256_SHA256).1).unwrap()
}

/// Lets something run until it has waited `waits` times, and then kills it: what it began with its next step is never begun. Nothing if it was
/// killed.
pub(crate) async fn killed_after<T>(waits: usize, running: impl Future<Output = T>) -> Option<T> {
    let mut running = pin!(running);
    let mut left = waits;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        running.as_mut().poll(context).map(Some)
    })
    .await
}
