//! An authority and a registry with one facility, and how a terminal of it asks.

use authority::pfx::Strength;
use authority::{Authority, Config, Notice, Proof};
use chassis::testing::Place;
use chassis::vault::Vault;
use jiff::Timestamp;
use manuals::situation::Situation;
use registry::Registry;
use registry::applications::FacilityApplication;
use wire::number::FacilityCode;

pub(crate) const CODE: &str = "0110119153";

/// A moment in July 2026.
pub(crate) fn now() -> Timestamp {
    "2026-07-15T00:00:00Z".parse().unwrap()
}

pub(crate) struct Town {
    pub(crate) authority: Authority,
    pub(crate) registry: Registry,
}

impl Town {
    /// An authority in demonstration mode with its keys open.
    pub(crate) async fn begin(place: &Place) -> Self {
        Self::begin_at(place, now()).await
    }

    /// The same at another time.
    pub(crate) async fn begin_at(place: &Place, now: Timestamp) -> Self {
        let db = place.database().await;
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap();
        let facility = FacilityApplication {
            facility_code: CODE.to_owned(),
            name: "架空医院".to_owned(),
            valid_from: jiff::civil::date(2020, 4, 1),
            valid_until: None,
        };
        let application = registry.apply_for_facility(&facility, now).await.unwrap();
        registry.approve(&application, now).await.unwrap();
        let vault = Vault::open(&place.folder.path().join("keys"), None).unwrap();
        let folder = place.folder.path().join("certificates");
        let config = Config { demonstration: true, guesses: 3, ..Config::default() };
        let authority = Authority::open(db, registry.clone(), &vault, &folder, config, now).await.unwrap();
        Self { authority, registry }
    }

    pub(crate) async fn notice(&self) -> Notice {
        self.notice_at(now()).await
    }

    pub(crate) async fn notice_at(&self, now: Timestamp) -> Notice {
        self.authority.notice(&FacilityCode::parse(CODE).unwrap(), "受付端末", now).await.unwrap()
    }

    pub(crate) async fn proof(&self, notice: &Notice) -> Proof {
        self.authority.prove(&notice.request_id, &notice.reference_id, None, now()).await.unwrap().unwrap()
    }

    pub(crate) async fn pfx(&self, notice: &Notice, password: &str, strength: Strength) -> Result<Vec<u8>, Situation> {
        let proof = self.proof(notice).await;
        self.authority.retrieve_pfx(&proof, &password.into(), strength, now()).await.unwrap()
    }
}

/// A key and a request for a certificate over it.
pub(crate) fn csr(algorithm: &'static rcgen::SignatureAlgorithm) -> (rcgen::KeyPair, String) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    (key, request)
}
