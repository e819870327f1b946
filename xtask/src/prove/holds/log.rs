//! Reads the audit log as an auditor would: every question once, and nobody has touched it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::copy::Center;

/// What the log says.
pub(super) struct Recorded {
    /// Records of checks.
    pub(super) checks: u64,
    /// Chains: one for each start of a writer.
    pub(super) writers: u64,
}

/// Verifies the log through the copy `name`, and that it holds at least `answered` questions, none twice, and no more than `dropped`.
pub(super) fn audited(center: &Center, name: &str, answered: u64, dropped: u64) -> Result<Recorded> {
    let report = center.json(name, &["audit", "verify"])?;
    let faults = report.get("faults").and_then(serde_json::Value::as_array).context("no faults in the report")?;
    if !faults.is_empty() {
        bail!("`audit verify` finds {} faults, the first: {}", faults.len(), faults.first().unwrap_or(&serde_json::Value::Null));
    }
    let mut times: BTreeMap<String, u64> = BTreeMap::new();
    for line in center.order(name, &["audit", "export"])?.lines() {
        let record: serde_json::Value = serde_json::from_str(line)?;
        if let Some(drop) = record.pointer("/payload/drop").and_then(serde_json::Value::as_str) {
            *times.entry(drop.to_owned()).or_default() += 1;
        }
    }
    if let Some((drop, count)) = times.iter().find(|(_, count)| **count > 1) {
        bail!("the drop {drop} is recorded {count} times");
    }
    let checks = u64::try_from(times.len())?;
    if checks < answered || checks > dropped {
        bail!("{answered} checks were answered and {dropped} asked, but {checks} are recorded");
    }
    let writers = report.get("writers").and_then(serde_json::Value::as_u64).unwrap_or_default();
    Ok(Recorded { checks, writers })
}
