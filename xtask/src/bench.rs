//! Builds the binary and its measurements as they are released, and runs the measurements.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;

/// What is measured and how.
pub(crate) struct Wish {
    /// Names of measurements; none means all.
    pub(crate) names: Vec<String>,
    /// Fewer rounds, to see that it works.
    pub(crate) quick: bool,
    /// Where the figures are written as JSON.
    pub(crate) json: Option<PathBuf>,
}

/// Builds and measures.
pub(crate) fn run(root: &Path, wish: &Wish) -> Result<()> {
    let release = process::build(root, &["--release", "-p", "onshi", "-p", "bench"], "release")?;
    let mut bench = Command::new(release.join("bench"));
    bench.args(&wish.names);
    if wish.quick {
        bench.arg("--quick");
    }
    if let Some(file) = &wish.json {
        bench.arg("--json").arg(file);
    }
    process::run(&mut bench)
}
