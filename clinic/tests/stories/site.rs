//! One clinic for one story: folders of its own, a receipt computer that reads `res`, and something that answers.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chassis::clock::Clock;
use clinic::bridge::{Bridge, RunningBridge};
use clinic::center::{Answers, CenterError, CenterRefusal, CheckReply};
use clinic::config::BridgeConfig;
use jiff::SignedDuration;
use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};
use wire::check::{CheckRequest, CheckResult, Echo};
use wire::code::Validity;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const NAME: &str = "OQSsiquc01req_202607150001.xml";
pub(crate) const RESULT: &str = "OQSsiquc01res_202607150001.xml";

/// A question as one receipt computer writes it.
pub(crate) fn question() -> Vec<u8> {
    question_with("KARTE-000123", "UTF-8")
}

pub(crate) fn question_with(file_identifier: &str, encoding: &str) -> Vec<u8> {
    format!(
        "<?xml version='1.0' encoding='{encoding}' standalone='no'?>\r\n<XmlMsg><MessageBody><QualificationConfirmSearchInfo>\
         <InsurerNumber>  990010</InsurerNumber><InsuredIdentificationNumber>5501</InsuredIdentificationNumber>\
         <Birthdate>19800510</Birthdate><LimitApplicationCertificateRelatedConsFlg>0</LimitApplicationCertificateRelatedConsFlg>\
         </QualificationConfirmSearchInfo></MessageBody><MessageHeader>\
         <QualificationConfirmationDate>20260715</QualificationConfirmationDate><MedicalInstitutionCode>1310099999</MedicalInstitutionCode>\
         <ArbitraryFileIdentifier>{file_identifier}</ArbitraryFileIdentifier></MessageHeader ></XmlMsg>\r\n"
    )
    .into_bytes()
}

/// What the next question meets.
#[derive(Clone)]
pub(crate) enum Says {
    Valid,
    Unreachable,
    Never,
    Unreadable,
    Refuses(u16),
}

/// Something that behaves like a center: it says what it was told to say, the last thing for ever.
pub(crate) struct Peer {
    script: Mutex<VecDeque<Says>>,
    asked: Mutex<Vec<(String, CheckRequest)>>,
    bell: Notify,
}

impl Peer {
    pub(crate) fn that(says: impl IntoIterator<Item = Says>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(says.into_iter().collect()), asked: Mutex::default(), bell: Notify::new() })
    }

    /// The drop ids of all questions so far.
    pub(crate) fn drop_ids(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn questions(&self) -> Vec<CheckRequest> {
        self.asked.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
    }

    pub(crate) async fn was_asked(&self) {
        within("a question", self.bell.notified()).await;
    }
}

impl Answers for Peer {
    async fn check(&self, request: &CheckRequest, drop_id: Option<&str>) -> Result<CheckReply, CenterError> {
        self.asked.lock().unwrap().push((drop_id.unwrap().to_owned(), request.clone()));
        self.bell.notify_one();
        let says = {
            let mut script = self.script.lock().unwrap();
            if script.len() > 1 { script.pop_front().unwrap() } else { script.front().cloned().unwrap() }
        };
        match says {
            Says::Valid => {
                let at = jiff::civil::date(2026, 7, 15).at(9, 15, 2, 0);
                Ok(CheckReply { result: CheckResult::answer(at, Echo::from(request), Validity::Valid, vec![record()]) })
            }
            Says::Unreachable => Err(CenterError::Unreachable { what: "connection refused".to_owned() }),
            Says::Never => std::future::pending().await,
            Says::Unreadable => Err(CenterError::Unreadable { status: 200, bytes: 17 }),
            Says::Refuses(status) => Err(CenterError::Refused(CenterRefusal {
                status,
                code: "OQSA1009E".to_owned(),
                message: "この端末は使えません。".to_owned(),
                incident: Some("K7TQ-2MPA-9C".to_owned()),
            })),
        }
    }
}

/// A record with Japanese in it.
pub(crate) fn record() -> wire::check::QualificationRecord {
    wire::check::QualificationRecord {
        card_classification: "01".to_owned(),
        name: "架空　花子".to_owned(),
        sex1: "2".to_owned(),
        birthdate: "19800510".to_owned(),
        insurer_name: "架空市".to_owned(),
        ..Default::default()
    }
}

/// One clinic with folders of its own.
pub(crate) struct Site {
    pub(crate) root: TempDir,
    pub(crate) config: BridgeConfig,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::below(tempfile::tempdir().unwrap())
    }

    pub(crate) fn below(root: TempDir) -> Self {
        let config = BridgeConfig {
            scan_interval: SignedDuration::from_millis(200),
            settle: SignedDuration::from_millis(300),
            ..BridgeConfig::under(root.path())
        };
        for folder in [&config.req, &config.res, &config.work] {
            std::fs::create_dir_all(folder).unwrap();
        }
        Self { root, config }
    }

    pub(crate) fn with(change: impl FnOnce(&mut BridgeConfig)) -> Self {
        let mut site = Self::new();
        change(&mut site.config);
        site
    }

    pub(crate) fn bridge(&self, peer: &Arc<Peer>) -> RunningBridge {
        let clock = Clock::driven("2026-07-15T00:15:00Z".parse().unwrap());
        Bridge::start_with(&self.config, clock, peer.clone()).unwrap()
    }

    /// Drops a file the way most do: straight to its final name.
    pub(crate) fn drop_file(&self, name: &str, content: &[u8]) {
        std::fs::write(self.config.req.join(name), content).unwrap();
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::of(&self.config.res)
    }

    /// Names in `res`, sorted.
    pub(crate) fn results(&self) -> Vec<String> {
        names(&self.config.res)
    }

    /// Names left in `work`, the lock aside.
    pub(crate) fn left_in_work(&self) -> Vec<String> {
        names(&self.config.work).into_iter().filter(|name| name != "bridge.lock").collect()
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What a reader of `res` is told by the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// A name came into being, with what stood in the file at that very moment.
    Created(String, Vec<u8>),
    /// A file that was there changed.
    Changed(String),
}

/// A receipt computer's watcher on `res`.
pub(crate) struct Reader {
    _watcher: RecommendedWatcher,
    sights: mpsc::UnboundedReceiver<Sight>,
}

impl Reader {
    pub(crate) fn of(folder: &Path) -> Self {
        let (tell, sights) = mpsc::unbounded_channel();
        let mut watcher = notify::recommended_watcher(move |event: Result<Event, notify::Error>| {
            let event = event.unwrap();
            for path in &event.paths {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let sight = match event.kind {
                    EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                        Sight::Created(name, std::fs::read(path).unwrap_or_default())
                    }
                    EventKind::Modify(ModifyKind::Metadata(_) | ModifyKind::Data(_) | ModifyKind::Any) => Sight::Changed(name),
                    _ => continue,
                };
                let _story_is_over = tell.send(sight);
            }
        })
        .unwrap();
        watcher.watch(folder, RecursiveMode::NonRecursive).unwrap();
        Self { _watcher: watcher, sights }
    }

    pub(crate) async fn next(&mut self) -> Sight {
        within("a file event", self.sights.recv()).await.unwrap()
    }

    /// What stood in `name` when it appeared.
    pub(crate) async fn created(&mut self, name: &str) -> Vec<u8> {
        loop {
            if let Sight::Created(seen, content) = self.next().await
                && seen == name
            {
                return content;
            }
        }
    }

    pub(crate) async fn changed(&mut self, name: &str) {
        while self.next().await != Sight::Changed(name.to_owned()) {}
    }

    /// The result in `name`, read as a receipt computer reads it.
    pub(crate) async fn result(&mut self, name: &str) -> CheckResult {
        wire::xml::read_check_result(&self.created(name).await).unwrap()
    }
}

pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// Waits for a condition that makes no event.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !condition() {
            tick.tick().await;
        }
    })
    .await;
}

/// Lays out a tray as a stopped bridge leaves it.
pub(crate) fn left_tray(site: &Site, id: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let tray = site.config.work.join(id);
    std::fs::create_dir_all(&tray).unwrap();
    for (path, content) in files {
        let path = tray.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    tray
}
