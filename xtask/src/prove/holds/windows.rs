//! Shows that the program does on Windows what it does here, and that a clinic on Windows is answered by a center on Linux.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::super::ground::Ground;
use crate::process;
use crate::stopwatch::Stopwatch;
use crate::windows::wine::Wine;
use crate::windows::{self, Workshop};

/// The demo clinic's facility, and the person of the documents whose card is valid.
const FACILITY: &str = "1310099999";
const CARD: [&str; 8] = ["--insurer", "06990014", "--symbol", "1", "--number", "1001", "--birthdate", "1980-01-01"];
const VALID: &str = "<QualificationValidity>1</QualificationValidity>";

/// The question of the documents, and the name under which a receipt computer drops it: letters that only Windows' Shift_JIS has.
const QUESTION: &str = "examples/OQSsiquc01req_example.xml";
const DROPPED: &str = "OQSsiquc01req_①㈱髙﨑.xml";
const RESULT: &str = "OQSsiquc01res_①㈱髙﨑.xml";

/// Longer than the bridge takes for any file.
const PATIENCE: Duration = Duration::from_secs(170);

/// The tests under Wine, the whole journey on Windows, and a patient asked from Windows.
pub(super) fn clinic_on_windows(ground: &Ground) -> Result<String, String> {
    show(ground).map_err(|error| format!("{error:#}"))
}

fn show(ground: &Ground) -> Result<String> {
    let workshop = Workshop::prepare(ground.root())?;
    let wine = workshop.windows()?;
    let binary = workshop.onshi(&wine)?;
    windows::up_once(&wine, &binary)?;
    let asked = against_linux(ground, &wine, &binary)?;
    let tests = workshop.tests(&wine)?;
    Ok(format!("up --once; {asked}; {tests}"))
}

/// A machine of the demo clinic, on Windows, gets its certificate from the center here, asks by command, and by a dropped file.
fn against_linux(ground: &Ground, wine: &Wine, binary: &Path) -> Result<String> {
    let _center = ground.up().map_err(anyhow::Error::msg)?;
    let notice = told(ground, &["authority", "notice", "--code", FACILITY, "--terminal", "受付 Windows", "--json"])?;
    let account = told(ground, &["registry", "add-account", "--code", FACILITY, "--json"])?;
    move_in(ground, wine, &account)?;
    let config = r"C:\OQS\clinic.toml";
    let mut certificate = wine.command(binary);
    certificate.args(["clinic", "certificate", "--config", config, "--request-id", field(&notice, "request_id")?]);
    process::output(certificate.env("ONSHI_REFERENCE_ID", field(&notice, "reference_id")?))?;
    let answer = process::output(wine.command(binary).args(["ask", "--config", config, "--json"]).args(CARD))?;
    let answer: serde_json::Value = serde_json::from_str(&answer).context("`onshi ask --json` says no JSON")?;
    if answer.pointer("/XmlMsg/MessageBody/QualificationValidity").and_then(serde_json::Value::as_str) != Some("1") {
        bail!("the patient asked by command is not valid: {answer}");
    }
    let took = by_file(ground, wine, binary, config)?;
    Ok(format!("certificate, `ask` and the bridge in C:\\OQS against a center on Linux ({RESULT} after {} ms)", took.as_millis()))
}

/// Lays out `C:\OQS` as an installer would: the center's root, the account's password, the configuration.
fn move_in(ground: &Ground, wine: &Wine, account: &serde_json::Value) -> Result<()> {
    let demo = ground.scratch().join("onshi-data/clinic");
    let folder = wine.drive().join("OQS");
    fs::create_dir_all(folder.join("keys"))?;
    fs::copy(demo.join("keys/roots.pem"), folder.join("keys/roots.pem"))?;
    fs::write(folder.join("keys/password"), field(account, "password")?)?;
    let mut config: toml::Table = toml::from_str(&fs::read_to_string(demo.join("clinic.toml"))?)?;
    let mut set = |part: &str, name: &str, value: &str| {
        let part =
            config.get_mut(part).and_then(toml::Value::as_table_mut).with_context(|| format!("the configuration has no [{part}]"))?;
        part.insert(name.to_owned(), value.into());
        anyhow::Ok(())
    };
    set("center", "account", field(account, "account_id")?)?;
    for part in ["req", "res", "face", "work"] {
        set("bridge", part, &format!(r"C:\OQS\{part}"))?;
    }
    fs::write(folder.join("clinic.toml"), toml::to_string(&config)?)?;
    Ok(())
}

/// Drops the question as a program on Windows does, and gives the time until its result lies there.
fn by_file(ground: &Ground, wine: &Wine, binary: &Path, config: &str) -> Result<Duration> {
    let log = ground.scratch().join("windows-bridge.log");
    let mut command = wine.command(binary);
    let out = fs::File::create(&log)?;
    let child = command.args(["clinic", "bridge", "--config", config]).stdout(out.try_clone()?).stderr(out).spawn()?;
    let mut bridge = Running(child);
    let (req, result) = (wine.drive().join(r"OQS/req"), wine.drive().join("OQS/res").join(RESULT));
    wait_for("the bridge to make its folders", &mut bridge, &log, || req.is_dir())?;
    let watch = Stopwatch::start();
    let source = format!("Z:{}", ground.root().join(QUESTION).display().to_string().replace('/', "\\"));
    process::output(wine.command("cmd").args(["/c", "copy", "/b", &source, &format!(r"C:\OQS\req\{DROPPED}")]))?;
    wait_for("the result", &mut bridge, &log, || result.is_file())?;
    let took = watch.passed();
    let content = fs::read_to_string(&result)?;
    if !content.contains(VALID) {
        bail!("the patient asked by file is not valid:\n{content}");
    }
    Ok(took)
}

fn wait_for(what: &str, bridge: &mut Running, log: &Path, there: impl Fn() -> bool) -> Result<()> {
    let watch = Stopwatch::start();
    while watch.passed() < PATIENCE {
        if there() {
            return Ok(());
        }
        if let Some(status) = bridge.0.try_wait()? {
            bail!("the bridge ended by itself ({status}):\n{}", fs::read_to_string(log)?);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("{what} was waited for in vain; the bridge said:\n{}", fs::read_to_string(log)?)
}

/// A program under Wine; ended by its own pid when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        process::end(&mut self.0, "TERM", Duration::from_secs(10));
    }
}

/// What an operator's command of the center here answers.
fn told(ground: &Ground, words: &[&str]) -> Result<serde_json::Value> {
    let mut command = Command::new(ground.onshi().map_err(anyhow::Error::msg)?);
    let said = process::output(command.args(words).current_dir(ground.scratch()))?;
    serde_json::from_str(&said).with_context(|| format!("`onshi {}` says no JSON", words.join(" ")))
}

fn field<'a>(answer: &'a serde_json::Value, name: &str) -> Result<&'a str> {
    answer.get(name).and_then(serde_json::Value::as_str).with_context(|| format!("the answer has no {name}"))
}
