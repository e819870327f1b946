//! What a running process costs, read from the kernel: processor time and resident memory.

use anyhow::{Context, bail};

/// Clock ticks a second in the kernel's reports; 100 on every Linux that Debian builds.
const TICKS: f64 = 100.0;

/// Seconds of processor time that a process has used so far, all threads.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    // The name in brackets may contain spaces: count after it.
    let after = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => Ok((user + system) / TICKS),
        _ => bail!("the kernel's report of process {pid} cannot be read"),
    }
}

/// Megabytes of resident memory.
pub(crate) fn resident_megabytes(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("the kernel reports no memory")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("the kernel reports no memory")?.parse()?;
    Ok(kilobytes / 1024.0)
}
