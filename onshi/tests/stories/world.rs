//! A running `onshi up` in a folder of its own, and the ways of asking it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) fn onshi(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshi"));
    command.current_dir(folder).stdin(Stdio::null()).env_remove("ONSHI_PASSPHRASE").env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// Runs the program to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    onshi(folder).args(arguments).output().unwrap()
}

/// Everything a finished program said.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A center and its demo clinic, running until dropped.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    child: Child,
    /// What it said until it was ready.
    pub(crate) greeting: String,
    pub(crate) port: u16,
}

impl World {
    pub(crate) fn begin() -> Self {
        Self::begin_with(&[])
    }

    /// With more environment variables.
    pub(crate) fn begin_with(environment: &[(&str, &str)]) -> Self {
        Self::begin_in(TempDir::new().unwrap(), environment)
    }

    /// In a folder that may hold an earlier run's data.
    pub(crate) fn begin_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        Self::begin_logging(folder, environment, Stdio::inherit())
    }

    /// With the log where the story can read it.
    pub(crate) fn begin_logging(folder: TempDir, environment: &[(&str, &str)], log: Stdio) -> Self {
        let mut command = onshi(folder.path());
        command.args(["up", "--port", "0"]).stdout(Stdio::piped()).stderr(log).envs(environment.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        // The last line says how to end it; a program that dies first closes its output.
        for line in lines.by_ref() {
            let line = line.unwrap();
            greeting.push_str(&line);
            greeting.push('\n');
            if line.contains("Ctrl-C") {
                break;
            }
        }
        assert!(greeting.contains("Ctrl-C"), "it ended before it was ready: {greeting}");
        let run: Value = serde_json::from_slice(&std::fs::read(folder.path().join("onshi-data/run.json")).unwrap()).unwrap();
        let port = run["https"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        Self { folder, child, greeting, port }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("onshi-data").join(below)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments)
    }

    /// Runs a command that must succeed and print JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
    }

    /// The demo clinic's only terminal.
    pub(crate) fn serial(&self) -> String {
        self.json(&["registry", "terminals", "--json"])[0]["serial"].as_str().unwrap().to_owned()
    }

    /// A POST by curl with the clinic's certificate (or none), from an address of this machine; returns status and body.
    pub(crate) fn curl(&self, host: &str, path: &str, body: &str, more: &[&str]) -> (String, String) {
        let keys = self.path("clinic/keys");
        let body_file = self.folder.path().join(format!("body-{}", body.len()));
        std::fs::write(&body_file, body).unwrap();
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--max-time", "170", "--noproxy", "*", "--write-out", "\n%{http_code}"])
            .args(["--connect-to", &format!("{host}:443:127.0.0.1:{}", self.port)])
            .arg("--cacert")
            .arg(keys.join("roots.pem"))
            .args(["--header", "Content-Type: application/json;charset=UTF-8", "--header", "Expect:"])
            .arg("--data-binary")
            .arg(format!("@{}", body_file.display()))
            .args(more)
            .arg(format!("https://{host}{path}"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        let (body, status) = said.rsplit_once('\n').unwrap();
        (status.to_owned(), body.to_owned())
    }

    /// A GET by curl, or whatever the further arguments make of it; returns what came, whatever its status.
    pub(crate) fn get(&self, host: &str, path: &str, more: &[&str]) -> String {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"])
            .args(["--connect-to", &format!("{host}:443:127.0.0.1:{}", self.port)])
            .arg("--cacert")
            .arg(self.path("clinic/keys/roots.pem"))
            .args(more)
            .arg(format!("https://{host}{path}"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// curl's arguments that show the clinic's certificate.
    pub(crate) fn certificate(&self) -> [String; 4] {
        let keys = self.path("clinic/keys");
        ["--cert".into(), keys.join("clinic.pem").display().to_string(), "--key".into(), keys.join("clinic.key").display().to_string()]
    }

    /// Logs in by curl as the clinic's program; returns the bare token.
    pub(crate) fn token(&self) -> String {
        let account = self.account();
        let password = std::fs::read_to_string(self.path("clinic/keys/password")).unwrap();
        let body = serde_json::json!({ "userId": account, "password": password }).to_string();
        let certificate = self.certificate();
        let more: Vec<&str> = certificate.iter().map(String::as_str).collect();
        let (status, reply) = self.curl(LOGIN.0, LOGIN.1, &body, &more);
        assert_eq!(status, "200", "{reply}");
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["status"], "OK");
        reply["result"]["idToken"].as_str().unwrap().to_owned()
    }

    pub(crate) fn account(&self) -> String {
        let config: toml::Table = std::fs::read_to_string(self.path("clinic/clinic.toml")).unwrap().parse().unwrap();
        config["center"]["account"].as_str().unwrap().to_owned()
    }

    /// Drops a file into req/ and waits for what appears in res/ with the same stem.
    pub(crate) fn drop_file(&self, stem: &str, content: &[u8], extension: &str) -> Vec<u8> {
        let (req, res) = (self.path("clinic/req"), self.path("clinic/res"));
        let aside = req.join(format!("{stem}.tmp"));
        std::fs::write(&aside, content).unwrap();
        std::fs::rename(&aside, req.join(format!("{stem}.xml"))).unwrap();
        let answered = if extension == "err" { stem.to_owned() } else { stem.replace("req_", "res_") };
        let result = res.join(format!("{answered}.{extension}"));
        until(Duration::from_secs(170), || std::fs::read(&result).ok())
    }

    /// Waits until the program has ended, after SIGTERM.
    pub(crate) fn stop(mut self) -> TempDir {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Where programs log in, and where they ask.
pub(crate) const LOGIN: (&str, &str) = ("hweb-api.oqs.onshikaku.org", "/oqs-api-pro/MSA12020/ILI12020SV01/auth");
pub(crate) const SEARCH: (&str, &str) = ("hweb-mnc.oqs.onshikaku.org", "/oqs-api-pro/MSA01030/ILI01030SV01/search");

/// Asks again and again until there is an answer; fails after `patience`.
pub(crate) fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = chassis::clock::instant();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < patience, "nothing came within {patience:?}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A question in the Web API's shape.
pub(crate) fn question(insurer: &str, symbol: Option<&str>, number: &str, branch: Option<&str>, birthdate: &str) -> Value {
    let mut search = serde_json::json!({
        "InsurerNumber": insurer,
        "InsuredIdentificationNumber": number,
        "Birthdate": birthdate,
        "LimitApplicationCertificateRelatedConsFlg": "1",
    });
    if let Some(symbol) = symbol {
        search["InsuredCardSymbol"] = symbol.into();
    }
    if let Some(branch) = branch {
        search["InsuredBranchNumber"] = branch.into();
    }
    serde_json::json!({ "XmlMsg": {
        "MessageHeader": { "QualificationConfirmationDate": "20260715", "MedicalInstitutionCode": "1310099999" },
        "MessageBody": { "QualificationConfirmSearchInfo": search },
    } })
}

/// A question file.
pub(crate) fn question_xml(insurer: &str, symbol: Option<&str>, number: &str, branch: Option<&str>, birthdate: &str) -> String {
    let optional = |tag: &str, value: Option<&str>| value.map(|value| format!("<{tag}>{value}</{tag}>")).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<XmlMsg><MessageHeader>\
<QualificationConfirmationDate>20260715</QualificationConfirmationDate><MedicalInstitutionCode>1310099999</MedicalInstitutionCode>\
<ArbitraryFileIdentifier>STORY</ArbitraryFileIdentifier></MessageHeader><MessageBody><QualificationConfirmSearchInfo>\
<InsurerNumber>{insurer}</InsurerNumber>{}<InsuredIdentificationNumber>{number}</InsuredIdentificationNumber>{}\
<Birthdate>{birthdate}</Birthdate><LimitApplicationCertificateRelatedConsFlg>1</LimitApplicationCertificateRelatedConsFlg>\
</QualificationConfirmSearchInfo></MessageBody></XmlMsg>",
        optional("InsuredCardSymbol", symbol),
        optional("InsuredBranchNumber", branch),
    )
}
