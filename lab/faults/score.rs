//! Judges what the doctor says of a fault, and keeps each judgement for the score: right cause first, wrong owner, false alarm.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::causes;
use crate::ward::Fault;

/// When a fault was written: before the decision table was frozen, or after it, by somebody who left the table alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Before.
    Before,
    /// After.
    After,
}

/// Where judgements lie, below the build's folder; `xtask` reads them.
fn folder() -> Result<PathBuf> {
    let binary = std::env::current_exe()?;
    let target = binary.parent().and_then(Path::parent).and_then(Path::parent).context("this binary lies nowhere")?;
    let folder = target.join("lab/faults");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The table's causes: for each cause of the field, the keys that say it.
fn joined() -> Result<BTreeMap<String, Vec<String>>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clinic/data/causes.toml");
    let table: toml::Table = fs::read_to_string(&file).with_context(|| file.display().to_string())?.parse()?;
    let mut joined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for cause in table.get("cause").and_then(toml::Value::as_array).into_iter().flatten() {
        let key = cause.get("key").and_then(toml::Value::as_str).context("a cause without a key")?;
        for field in cause.get("means").and_then(toml::Value::as_array).into_iter().flatten() {
            joined.entry(field.as_str().unwrap_or_default().to_owned()).or_default().push(key.to_owned());
        }
    }
    Ok(joined)
}

/// The judgements of one family.
pub(crate) struct Sheet {
    family: &'static str,
    joined: BTreeMap<String, Vec<String>>,
    file: fs::File,
    surprises: Vec<String>,
}

impl Sheet {
    /// A new sheet in place of the last run's.
    pub(crate) fn begin(family: &'static str) -> Result<Self> {
        let file = fs::File::create(folder()?.join(format!("{family}.jsonl")))?;
        Ok(Self { family, joined: joined()?, file, surprises: Vec::new() })
    }

    fn write(&mut self, line: &Value) -> Result<()> {
        writeln!(self.file, "{line}")?;
        Ok(())
    }

    /// Judges one fault.
    pub(crate) fn judge(&mut self, fault: &Fault, said: &Value, took: Duration) -> Result<()> {
        if fault.cause == causes::HEALTHY {
            return self.control(fault.name, said["exit"] == 0, said);
        }
        let found = named(said);
        let expected = causes::by_key(fault.cause)?;
        let first = found.first();
        let says = |wanted: &str, key: &str| self.joined.get(wanted).is_some_and(|keys| keys.iter().any(|known| known == key));
        let cause = first.is_some_and(|(key, _)| says(fault.cause, key));
        let second = fault.second.filter(|_| !fault.hidden).map(|wanted| found.iter().any(|(key, _)| says(wanted, key)));
        let either = fault.second.is_some_and(|wanted| first.is_some_and(|(key, _)| says(wanted, key)));
        let owner = first.is_some_and(|(_, owner)| expected.owners.contains(&owner.as_str()));
        self.write(&json!({
            "family": self.family, "fault": fault.name, "cause": fault.cause, "second": fault.second,
            "written": if fault.written == Written::Before { "before" } else { "after" },
            "found": found.iter().map(|(key, owner)| format!("{key} ({owner})")).collect::<Vec<_>>(),
            "right": cause, "second_named": second, "second_first": either, "owner": owner, "owners": expected.owners,
            "missed": fault.missed, "exit": said["exit"], "ms": u64::try_from(took.as_millis())?,
        }))?;
        if std::env::var_os("ONSHI_FAULTS_SAID").is_some() {
            fs::write(folder()?.join(format!("{}-{}.json", self.family, fault.name.replace([' ', '/'], "_"))), format!("{said:#}"))?;
        }
        let well = cause && owner && second != Some(false);
        match (well, fault.missed) {
            (false, None) => {
                let line = format!("\"{}\" is {} of {:?}; the doctor says {found:?}", fault.name, fault.cause, expected.owners);
                self.surprises.push(line);
            }
            (true, Some(_)) => self.surprises.push(format!("\"{}\" is no longer missed: say so in its story", fault.name)),
            _ => {}
        }
        Ok(())
    }

    /// Notes whether a healthy clinic was called healthy.
    pub(crate) fn control(&mut self, when: &str, well: bool, said: &Value) -> Result<()> {
        let found = named(said);
        self.write(&json!({ "family": self.family, "control": when, "right": well, "found": found }))?;
        if !well {
            self.surprises.push(format!("{when} the doctor says {found:?} of a healthy clinic (exit {})", said["exit"]));
        }
        Ok(())
    }

    /// Ends the family: it has failed if anything came that its stories do not know.
    pub(crate) fn end(self) -> Result<()> {
        if self.surprises.is_empty() {
            return Ok(());
        }
        bail!("{} surprises in {}:\n{}", self.surprises.len(), self.family, self.surprises.join("\n"))
    }
}

/// Whose job it is, in the words of `manuals`.
fn owner(said: &Value) -> String {
    match said.as_str().unwrap_or_default() {
        "installer" => "vendor",
        "carrier" => "line",
        other => other,
    }
    .to_owned()
}

/// The causes that the doctor names, the most likely first, each with its owner.
fn named(said: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = said["causes"].as_array().into_iter().flatten();
    causes.map(|cause| (text(&cause["key"]), owner(&cause["owner"]))).collect()
}
