//! Builds the binary and its measurements as they are released, and runs the measurements.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::postgres::{self, Postgres};
use crate::{process, python};

/// The address of a PostgreSQL that a measurement may fill.
const POSTGRES: &str = "ONSHI_BENCH_POSTGRES";
/// A Python with the peer of the measurement `files`.
const PYTHON: &str = "ONSHI_BENCH_PYTHON";
const MESH: [&str; 2] = ["mesh-sandbox==1.0.137", "mesh-client==5.0.2"];

/// What is measured and how.
pub(crate) struct Wish {
    /// Names of measurements; none means all.
    pub(crate) names: Vec<String>,
    /// Fewer rounds, to see that it works.
    pub(crate) quick: bool,
    /// How many persons the largest register holds, if not as the measurement chooses.
    pub(crate) people: Option<u64>,
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
    if let Some(people) = wish.people {
        bench.arg("--people").arg(people.to_string());
    }
    // A server of our own that waits for the disk as in earnest, unless an address is given or there is none on this machine.
    let register = wish.names.is_empty() || wish.names.iter().any(|name| name == "register");
    let postgres = match std::env::var_os(POSTGRES) {
        None if register && postgres::programs().is_some() => Some(Postgres::start_with(|_| Ok(vec!["shared_buffers=1GB".to_owned()]))?),
        _ => None,
    };
    if let Some(server) = &postgres {
        bench.env(POSTGRES, server.url());
    }
    let files = wish.names.is_empty() || wish.names.iter().any(|name| name == "files");
    if files && std::env::var_os(PYTHON).is_none() {
        bench.env(PYTHON, python::programs("onshi-bench", "mesh", &MESH)?.join("python"));
    }
    if let Some(file) = &wish.json {
        bench.arg("--json").arg(file);
    }
    process::run(&mut bench)
}
