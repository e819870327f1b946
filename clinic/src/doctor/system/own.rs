//! The clinic's own files and folders as `clinic.toml` names them: certificate, roots, password, and the folders of the bridge.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use manuals::{Situation, account, certificate};

use crate::certificate::Leaf;
use crate::config::Config;
use crate::doctor::probe::Settings;
use crate::doctor::probe::trust::Identity;
use crate::doctor::recording::{
    BridgeFact, BusinessFact, CertificateFact, CredentialFact, FileFact, FolderFact, Machine, ProxyText, RootFact,
};
use crate::roots;

/// No file of settings is longer.
const LONGEST: u64 = 1024 * 1024;
/// So many files of a folder are looked at.
const MOST_FILES: usize = 20_000;
/// The credential that the account's password file stands for.
const LOGIN: &str = "OQS_LOGIN_KEY";

/// What can be seen without any program of the system.
pub(super) fn facts(settings: &Settings) -> Machine {
    let mut machine = Machine { elevated: elevated(), ..Machine::default() };
    if cfg!(windows) {
        machine.files = super::windows::files::here();
        machine.programs = super::windows::files::versions();
    }
    let Some(config) = &settings.config else { return machine };
    let now = settings.clock.now();
    machine.certificates = Some(certificates(config));
    machine.roots = Some(trusted(config));
    machine.credentials = Some(vec![credential(config)]);
    machine.user_proxy = (!config.center.proxy.is_empty()).then(|| ProxyText {
        enabled: true,
        server: config.center.proxy.trim_start_matches("http://").to_owned(),
        ..ProxyText::default()
    });
    for (name, path) in [
        ("roots.pem", &config.center.roots),
        ("clinic.crt", &config.center.certificate),
        ("clinic.key", &config.center.key),
        ("password", &config.center.password_file),
    ] {
        machine.files.push(file(name, path));
    }
    let bridge = &config.bridge;
    let mut newest = Vec::new();
    for (role, path) in [("req", &bridge.req), ("res", &bridge.res), ("face", &bridge.face), ("work", &bridge.work)] {
        let (fact, last) = folder(role, path, now);
        machine.folders.push(fact);
        newest.extend(last.filter(|_| role == "res"));
    }
    machine.bridge = Some(BridgeFact {
        set_up: Some(true),
        running: running(&bridge.work.join("bridge.lock")),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        last_situation: newest.iter().find_map(|bytes| situation(&super::text::decode(bytes))),
        account_fits: Some(account::is_bridge_id(&config.center.account)),
    });
    machine.last_answer = newest.iter().find_map(|bytes| answer(bytes));
    machine
}

/// Lays the clinic's own facts over those of the system. What saved texts tell is of another machine: there they alone count.
pub(super) fn merge(machine: &mut Machine, own: &Machine, saved: bool) {
    fn joined<T: Clone>(system: &mut Option<Vec<T>>, own: &Option<Vec<T>>, saved: bool) {
        if let Some(own) = own.as_ref().filter(|_| !(saved && system.is_some())) {
            system.get_or_insert_default().extend(own.iter().cloned());
        }
    }
    joined(&mut machine.certificates, &own.certificates, saved);
    joined(&mut machine.roots, &own.roots, saved);
    joined(&mut machine.credentials, &own.credentials, saved);
    machine.files.extend(own.files.iter().cloned());
    machine.folders.extend(own.folders.iter().cloned());
    machine.programs.extend(own.programs.iter().cloned());
    machine.user_proxy = machine.user_proxy.take().or_else(|| own.user_proxy.clone());
    machine.elevated = machine.elevated.or(own.elevated);
    machine.bridge = machine.bridge.take().or_else(|| own.bridge.clone());
    machine.last_answer = machine.last_answer.take().or_else(|| own.last_answer.clone());
}

#[cfg(unix)]
fn elevated() -> Option<bool> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    Some(ids.split_whitespace().nth(1)? == "0")
}

#[cfg(not(unix))]
fn elevated() -> Option<bool> {
    None
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The certificate that the clinic's programs are set to use; none when there is no file, or nothing in it.
fn certificates(config: &Config) -> Vec<CertificateFact> {
    let leaf: Option<Leaf> = read(&config.center.certificate).ok().and_then(|pem| crate::certificate::leaf_of(&pem));
    let fact = |leaf: Leaf| CertificateFact {
        store: "file".to_owned(),
        of_authority: leaf.issuer.contains(certificate::sheet().issuer),
        issuer: leaf.issuer,
        serial: leaf.held.serial,
        fingerprint: leaf.fingerprint,
        not_before: leaf.held.from,
        not_after: leaf.held.until,
        has_key: has_key(config),
        facility_fits: (!config.facility_code.is_empty()).then(|| leaf.subject.contains(&config.facility_code)),
        in_use: true,
        shared: None,
    };
    leaf.map(fact).into_iter().collect()
}

/// Whether the certificate's own key is there: a file that is none, or another certificate's, is as good as none.
fn has_key(config: &Config) -> Option<bool> {
    match read(&config.center.key) {
        Err(error) if error.kind() == ErrorKind::NotFound => Some(false),
        Err(_) => None,
        Ok(_) => Some(Identity::read(&config.center.certificate, &config.center.key).is_some_and(|own| own.fits())),
    }
}

fn trusted(config: &Config) -> Vec<RootFact> {
    let pem = read(&config.center.roots).unwrap_or_default();
    let fact =
        |root: roots::Root| RootFact { name: root.name, fingerprint: root.fingerprint, store: "file".to_owned(), not_after: root.until };
    roots::list(&pem, &config.center.root_fingerprints).into_iter().filter(|root| root.pinned).map(fact).collect()
}

fn credential(config: &Config) -> CredentialFact {
    let password = read(&config.center.password_file).ok();
    let given = password.as_ref().is_some_and(|password| !password.trim_ascii().is_empty());
    // The rule wants some password: which one is not looked at.
    let checked = manuals::bridge::credential(LOGIN).map(|rule| rule.check(&config.center.account, if given { "x" } else { "" }));
    CredentialFact {
        target: LOGIN.to_owned(),
        user: shape(&config.center.account),
        has_password: Some(given),
        mistake: checked.and_then(Result::err).map(|mistake| mistake.to_string()),
    }
}

/// The first two signs of an account: they tell its kind.
pub(super) fn shape(account: &str) -> String {
    account.chars().enumerate().map(|(place, letter)| if place < 2 { letter } else { '*' }).collect()
}

fn file(name: &str, path: &Path) -> FileFact {
    let present = match std::fs::metadata(path) {
        Ok(_) => Some(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(false),
        Err(_) => None,
    };
    let mistake = (present == Some(true)).then(|| File::open(path).err().map(|error| format!("読めません（{error}）"))).flatten();
    FileFact { name: name.to_owned(), path: path.display().to_string(), present, mistake, ..FileFact::default() }
}

/// A folder of the bridge, and what its newest file begins with.
fn folder(role: &str, path: &Path, now: Timestamp) -> (FolderFact, Option<Vec<u8>>) {
    let mut fact = FolderFact { role: role.to_owned(), path: path.display().to_string(), ..FolderFact::default() };
    fact.exists = path.is_dir();
    if !fact.exists {
        return (fact, None);
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        fact.readable = Some(false);
        return (fact, None);
    };
    fact.readable = Some(true);
    fact.free_bytes = os::free_bytes(path).ok();
    fact.writable = writable(role, path);
    let now = SystemTime::from(now);
    let age = |at: SystemTime| now.duration_since(at).unwrap_or_default().as_secs();
    let mut newest: Option<(u64, std::path::PathBuf)> = None;
    for entry in entries.take(MOST_FILES).filter_map(Result::ok) {
        let Some(at) = entry.metadata().ok().filter(std::fs::Metadata::is_file).and_then(|data| data.modified().ok()) else { continue };
        let age = age(at);
        // The bridge's own notes lie in its work folder for ever.
        if role == "work" {
            continue;
        }
        fact.count += 1;
        fact.oldest_seconds = Some(fact.oldest_seconds.map_or(age, |oldest| oldest.max(age)));
        if newest.as_ref().is_none_or(|(younger, _)| age < *younger) {
            newest = Some((age, entry.path()));
        }
    }
    fact.newest_seconds = newest.as_ref().map(|(age, _)| *age);
    let content = newest.and_then(|(_, path)| Some((read(&path).ok()?, path)));
    fact.newest_kind = content.as_ref().map(|(bytes, path)| kind(bytes, path).to_owned());
    (fact, content.map(|(bytes, _)| bytes))
}

/// A folder is tried by a file that no program looks for; `req` is left alone, because there every file is a question to somebody.
fn writable(role: &str, path: &Path) -> Option<bool> {
    if role == "req" {
        return Some(!std::fs::metadata(path).ok()?.permissions().readonly());
    }
    let trial = path.join(format!(".onshi-doctor-{}.tmp", std::process::id()));
    match File::options().write(true).create_new(true).open(&trial) {
        Ok(file) => {
            drop(file);
            // It is empty and nobody looks for it, should it stay.
            let _removed = std::fs::remove_file(&trial);
            Some(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
        Err(_) => Some(false),
    }
}

fn kind(bytes: &[u8], path: &Path) -> &'static str {
    let begins = |with: &[u8]| bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start().starts_with(with);
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("err")) {
        "err"
    } else if bytes.is_empty() {
        "empty"
    } else if begins(b"<") {
        "xml"
    } else if begins(b"PK") {
        "zip"
    } else if begins(b"%PDF") {
        "pdf"
    } else {
        "other"
    }
}

/// A bridge holds its lock while it runs.
fn running(lock: &Path) -> Option<bool> {
    let Ok(file) = File::options().read(true).write(true).open(lock) else { return Some(false) };
    match file.try_lock() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

fn situation(text: &str) -> Option<String> {
    Situation::ALL.iter().find(|situation| text.contains(situation.get().code)).map(|situation| situation.key().to_owned())
}

/// The codes of a result, and nothing of the patient.
fn answer(bytes: &[u8]) -> Option<BusinessFact> {
    const UNKNOWN: char = '●';
    let result = wire::xml::read_check_result(bytes).ok()?;
    let unknown = u32::try_from(super::text::decode(bytes).matches(UNKNOWN).count()).ok();
    Some(BusinessFact {
        at: None,
        segment: Some(result.header.segment_of_result),
        processing: Some(result.body.status),
        validity: result.body.validity,
        code: result.header.error_code.or(result.body.code),
        unknown_characters: unknown.filter(|count| *count > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn now() -> Timestamp {
        chassis::clock::Clock::system().now()
    }

    /// Rows: LK-02
    #[test]
    fn a_folder_tells_how_long_questions_wait_and_whether_results_can_be_laid() {
        let root = tempfile::tempdir().unwrap();
        let req = root.path().join("req");
        std::fs::create_dir(&req).unwrap();
        std::fs::write(req.join("OQSsiquc01req_1.xml"), b"<?xml version=\"1.0\"?>").unwrap();
        let (fact, _) = folder("req", &req, now() + SignedDuration::from_secs(7200));
        assert_eq!((fact.exists, fact.count, fact.readable), (true, 1, Some(true)));
        assert!(fact.oldest_seconds.unwrap() >= 7190 && fact.free_bytes.unwrap() > 0);
        assert_eq!(fact.newest_kind.as_deref(), Some("xml"));
        assert_eq!(folder("res", &req, now()).0.writable, Some(true));
        assert_eq!(std::fs::read_dir(&req).unwrap().count(), 1, "nothing is left behind");
        assert!(!folder("res", &root.path().join("none"), now()).0.exists);
    }

    #[test]
    fn a_file_is_known_by_its_beginning() {
        let path = Path::new("OQSsiquc01res_1.xml");
        let kinds = [&b"\xef\xbb\xbf<?xml"[..], b"PK\x03\x04", b"%PDF-1.7", b"", b"\x00\x01"].map(|bytes| kind(bytes, path));
        assert_eq!(kinds, ["xml", "zip", "pdf", "empty", "other"]);
        assert_eq!(kind(b"OQSE0001E", Path::new("x.err")), "err");
        assert_eq!(shape("R012345678"), "R0********");
    }

    #[test]
    fn a_bridge_that_runs_holds_its_lock() {
        let root = tempfile::tempdir().unwrap();
        let lock = root.path().join("bridge.lock");
        assert_eq!(running(&lock), Some(false));
        let held = File::create(&lock).unwrap();
        held.lock().unwrap();
        assert_eq!(running(&lock), Some(true));
    }
}
