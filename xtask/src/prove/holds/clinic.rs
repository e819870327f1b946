//! A clinic that asks without pause: drops files before the real bridge and judges each result.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::copy::Center;
use crate::process;
use crate::stopwatch::Stopwatch;

/// Between two looks at the folders.
const PACE: Duration = Duration::from_millis(20);
/// Longer than a bridge takes for any file.
const LAST: Duration = Duration::from_secs(170);
/// For a certificate, while copies come and go.
const CERTIFICATE: Duration = Duration::from_secs(60);

/// The demo clinic of the examples, and the file it asks with.
const CODE: &str = "1310099999";
const LINE: &str = "CAF0000099999";
const QUESTION: &str = "examples/OQSsiquc01req_example.xml";
const PEOPLE: &str = "center/eligibility/src/staged/test-people.csv";
/// Where this tool keeps at most this many files waiting for a result.
const WAITING: usize = 200;
/// What the answer to the example holds; everything else is a failure that the front desk would see.
const RIGHT: [&str; 2] = ["<SegmentOfResult>1</SegmentOfResult>", "<QualificationValidity>1</QualificationValidity>"];

/// One machine of the clinic.
pub(super) struct Machine {
    onshi: PathBuf,
    folder: PathBuf,
}

/// The clinic, and the machine with its bridge.
pub(super) struct Clinic {
    machine: Machine,
    question: Vec<u8>,
    bridge: Option<Child>,
    dropped: u64,
    waiting: BTreeMap<String, Stopwatch>,
    /// What has come back.
    pub(super) seen: Seen,
}

/// Results as the clinic sees them.
#[derive(Default)]
pub(super) struct Seen {
    /// Right answers.
    pub(super) answered: u64,
    /// Everything else, in the program's words.
    pub(super) failures: Vec<String>,
    /// The longest time from drop to result.
    pub(super) longest: Duration,
    /// The longest time without a right answer.
    pub(super) silence: Duration,
    last: Option<Stopwatch>,
}

impl Clinic {
    /// Registers the clinic at the center through the copy `name`, brings people in through `register`, fetches its certificate and starts its bridge. `patience` is how long the
    /// bridge keeps asking a center that it cannot reach.
    pub(super) fn open(
        root: &Path,
        center: &Center,
        [name, register]: [&str; 2],
        [search, authority]: [u16; 2],
        patience: &str,
    ) -> Result<Self> {
        let applied = center.json(name, &["registry", "apply-facility", "--code", CODE, "--name", "試験", "--from", "2020-04-01"])?;
        center.order(name, &["registry", "approve", text(&applied, "application_id")?])?;
        let applied = center.json(name, &["registry", "apply-line", "--code", CODE, "--line-id", LINE, "--line-type", "next-family"])?;
        center.order(name, &["registry", "approve", text(&applied, "application_id")?])?;
        center.order(name, &["registry", "admit", "--line-id", LINE, "--prefix", "127.0.0.1/32"])?;
        center.order(register, &["people", "import", &root.join(PEOPLE).display().to_string()])?;
        let account = center.json(name, &["registry", "add-account", "--code", CODE])?;
        let folder = center.folder.join("clinic");
        std::fs::create_dir_all(folder.join("keys"))?;
        std::fs::write(folder.join("keys/password"), text(&account, "password")?)?;
        std::fs::copy(center.folder.join(name).join("center/certificates/server-root.pem"), folder.join("keys/roots.pem"))?;
        let fingerprint = process::output(
            Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(folder.join("keys/roots.pem")),
        )?;
        let fingerprint = fingerprint.trim().rsplit('=').next().unwrap_or_default().to_owned();
        let text = format!(
            "facility_code = \"{CODE}\"\n[center]\nroots = \"keys/roots.pem\"\nroot_fingerprints = [\"{fingerprint}\"]\n\
            certificate = \"keys/clinic.pem\"\nkey = \"keys/clinic.key\"\naccount = \"{}\"\npassword_file = \"keys/password\"\n\
            [center.addresses]\n{}[bridge]\nreq = \"req\"\nres = \"res\"\nface = \"face\"\nwork = \"work\"\ngive_up_unreachable = \"{patience}\"\n",
            text(&account, "account_id")?,
            addresses(root, search, authority)?,
        );
        std::fs::write(folder.join("clinic.toml"), text)?;
        let question = std::fs::read(root.join(QUESTION))?;
        let machine = Machine { onshi: center.onshi.clone(), folder };
        machine.fetch_certificate(center, name)?;
        Ok(Self { machine, question, bridge: None, dropped: 0, waiting: BTreeMap::new(), seen: Seen::default() })
    }

    /// Another machine of the clinic, without a certificate yet.
    pub(super) fn second_machine(&self) -> Result<Machine> {
        let folder = self.machine.folder.with_file_name("clinic-2");
        std::fs::create_dir_all(folder.join("keys"))?;
        for file in ["clinic.toml", "keys/roots.pem", "keys/password"] {
            std::fs::copy(self.machine.folder.join(file), folder.join(file))?;
        }
        Ok(Machine { onshi: self.machine.onshi.clone(), folder })
    }

    /// Starts the bridge.
    pub(super) fn begin(&mut self) -> Result<()> {
        let log = File::create(self.machine.folder.join("bridge.log"))?;
        let mut command = Command::new(&self.machine.onshi);
        command.args(["clinic", "bridge", "--config", "clinic.toml"]).current_dir(&self.machine.folder);
        self.bridge =
            Some(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("could not start the bridge")?);
        let watch = Stopwatch::start();
        while !self.machine.folder.join("req").is_dir() || !self.machine.folder.join("res").is_dir() {
            if watch.passed() > CERTIFICATE {
                bail!("the bridge does not start:\n{}", self.said());
            }
            std::thread::sleep(PACE);
        }
        Ok(())
    }

    /// Drops files and takes results as long as `more`, asked at every look, says so.
    pub(super) fn ask_while(&mut self, mut more: impl FnMut(&mut Seen) -> Result<bool>) -> Result<()> {
        while more(&mut self.seen)? {
            if self.waiting.len() < WAITING {
                self.drop_file()?;
            }
            self.take_results()?;
            std::thread::sleep(PACE);
        }
        Ok(())
    }

    /// Waits until every file has its result; gives how many were dropped.
    pub(super) fn finish(&mut self) -> Result<u64> {
        let watch = Stopwatch::start();
        while !self.waiting.is_empty() {
            if watch.passed() > LAST {
                bail!("{} files have no result {} s after the last was dropped:\n{}", self.waiting.len(), LAST.as_secs(), self.said());
            }
            self.take_results()?;
            std::thread::sleep(PACE);
        }
        Ok(self.dropped)
    }

    fn drop_file(&mut self) -> Result<()> {
        self.dropped += 1;
        let name = format!("{:09}", self.dropped);
        let aside = self.machine.folder.join(format!("{name}.tmp"));
        std::fs::write(&aside, &self.question)?;
        std::fs::rename(aside, self.machine.folder.join("req").join(format!("OQSsiquc01req_{name}.xml")))?;
        self.waiting.insert(name, Stopwatch::start());
        Ok(())
    }

    fn take_results(&mut self) -> Result<()> {
        for entry in std::fs::read_dir(self.machine.folder.join("res"))? {
            let path = entry?.path();
            let name =
                path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.rsplit_once('_')).map(|(_, name)| name.to_owned());
            // Names of the bridge's own are files on their way.
            let Some((name, watch)) = name.and_then(|name| self.waiting.remove_entry(&name)) else { continue };
            let content = std::fs::read_to_string(&path)?;
            std::fs::remove_file(&path)?;
            self.seen.take(&name, &content, watch.passed());
        }
        let quiet = self.seen.last.get_or_insert_with(Stopwatch::start).passed();
        self.seen.silence = self.seen.silence.max(quiet);
        Ok(())
    }

    /// The bridge's last words.
    fn said(&self) -> String {
        let log = std::fs::read_to_string(self.machine.folder.join("bridge.log")).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Machine {
    /// Has a notice written and fetches the certificate, as people would: again, when the connection broke.
    pub(super) fn fetch_certificate(&self, center: &Center, name: &str) -> Result<()> {
        let words = ["authority", "notice", "--code", CODE, "--terminal", "受付"];
        let notice = again(|| center.json(name, &words))?;
        let (request, reference) = (text(&notice, "request_id")?, text(&notice, "reference_id")?);
        let words = ["clinic", "certificate", "--config", "clinic.toml", "--replace", "--request-id", request];
        let fetch =
            || process::output(Command::new(&self.onshi).args(words).env("ONSHI_REFERENCE_ID", reference).current_dir(&self.folder));
        again(fetch).map(drop)
    }
}

/// Until it succeeds, or a minute is over.
pub(super) fn again<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let watch = Stopwatch::start();
    loop {
        match attempt() {
            Err(_) if watch.passed() < CERTIFICATE => std::thread::sleep(Duration::from_millis(250)),
            outcome => return outcome,
        }
    }
}

impl Seen {
    fn take(&mut self, name: &str, content: &str, took: Duration) {
        self.longest = self.longest.max(took);
        if RIGHT.iter().all(|part| content.contains(part)) {
            self.last = Some(Stopwatch::start());
            self.answered += 1;
        } else {
            let said = content.split_once("<ErrorMessage>").and_then(|(_, rest)| rest.split_once('<')).map_or(content, |(said, _)| said);
            self.failures.push(format!("{name} after {:.1} s: {said}", took.as_secs_f64()));
        }
    }

    /// Nothing but right answers; else the first failures in words.
    pub(super) fn without_failure(&self) -> Result<()> {
        if self.failures.is_empty() {
            return Ok(());
        }
        let first = self.failures.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
        bail!("{} of {} results are no answers:\n{first}", self.failures.len(), self.answered + self.failures.len() as u64)
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        if let Some(bridge) = &mut self.bridge {
            process::end(bridge, "INT", Duration::from_secs(10));
        }
    }
}

/// Where the center's names live: the copies' balancers.
fn addresses(root: &Path, search: u16, authority: u16) -> Result<String> {
    let hosts: toml::Table = std::fs::read_to_string(root.join("manuals/data/hosts.toml"))?.parse()?;
    let line = |(key, port): (&str, u16)| {
        let name = hosts.get(key).and_then(|host| host.get("name")).and_then(toml::Value::as_str).context("hosts.toml")?;
        Ok(format!("\"{name}\" = \"127.0.0.1:{port}\"\n"))
    };
    [("web_api_login", search), ("web_api_search", search), ("authority", authority), ("crl", authority)].into_iter().map(line).collect()
}

fn text<'a>(answer: &'a serde_json::Value, key: &str) -> Result<&'a str> {
    answer.get(key).and_then(serde_json::Value::as_str).with_context(|| format!("no {key} in the answer"))
}
