//! Thousands of files at once through the bridge, and what one costs, beside mesh-sandbox and mesh-client carrying the same files.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::clock::instant;
use serde_json::Value;

use crate::Size;
use crate::figure::Figure;
use crate::process::cpu_seconds;
use crate::world::World;

/// A Python in whose environment mesh-sandbox and mesh-client are installed; `cargo xtask bench` makes one.
const PYTHON: &str = "ONSHI_BENCH_PYTHON";
const PEER: &str = "mesh-sandbox + mesh-client";
const PEER_PROGRAM: &str = include_str!("../peers/mesh.py");
/// How long the results may take before the measurement gives up.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let question = include_bytes!("../../examples/OQSsiquc01req_example.xml");
    let (seconds, milliseconds) = through_the_bridge(folder.path(), question, size.files)?;
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    let allowed = 10.0 * size.files as f64 / 10_000.0;
    let mut figures = vec![Figure::new("files.all", seconds, "s", "the limit of 10 s for 10,000", allowed)];
    match std::env::var_os(PYTHON) {
        Some(python) => {
            let theirs = through_mesh(Path::new(&python), folder.path(), question, size.files.min(1_000))?;
            figures.push(Figure::new("files.cpu", milliseconds, "ms/file", PEER, theirs));
        }
        None => figures.push(Figure::new("files.cpu", milliseconds, "ms/file", "nothing: no Python with mesh-sandbox was given", f64::NAN)),
    }
    Ok(figures)
}

/// Seconds from the first drop to the last whole result, and milliseconds of processor time a file in center and bridge together.
fn through_the_bridge(folder: &Path, question: &[u8], files: usize) -> anyhow::Result<(f64, f64)> {
    let world = World::begin(folder)?;
    let clinic = world.data.join("clinic");
    let (aside, req, res) = (clinic.join("aside"), clinic.join("req"), clinic.join("res"));
    std::fs::create_dir(&aside)?;
    let name = |number: usize| format!("OQSsiquc01req_bench{number:06}.xml");
    for number in 0..files {
        std::fs::write(aside.join(name(number)), question)?;
    }
    let (begun, cpu) = (instant(), cpu_seconds(world.pid())?);
    for number in 0..files {
        std::fs::rename(aside.join(name(number)), req.join(name(number)))?;
    }
    while std::fs::read_dir(&res)?.count() < files {
        ensure!(begun.elapsed() < PATIENCE, "not every file had its result after {} s", PATIENCE.as_secs());
        // Each look reads the whole folder: seldom enough to leave the processor to what is measured.
        std::thread::sleep(Duration::from_millis(50));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = cpu_seconds(world.pid())? - cpu;
    for number in 0..files {
        let result = std::fs::read(res.join(format!("OQSsiquc01res_bench{number:06}.xml"))).context("a result is missing")?;
        let right = String::from_utf8_lossy(&result).contains("<ProcessingResultStatus>1</ProcessingResultStatus>");
        ensure!(right, "a result is not an answer");
    }
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    Ok((seconds, cpu * 1_000.0 / files as f64))
}

/// Milliseconds of processor time a file in client and sandbox together.
fn through_mesh(python: &Path, folder: &Path, question: &[u8], files: usize) -> anyhow::Result<f64> {
    let work = folder.join("mesh");
    std::fs::create_dir(&work)?;
    let mut peer = Command::new(python)
        .args(["-c", PEER_PROGRAM])
        .arg(&work)
        .arg(files.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} cannot be started", python.display()))?;
    std::io::Write::write_all(&mut peer.stdin.take().context("it has no input")?, question)?;
    let output = peer.wait_with_output()?;
    let said: Value = serde_json::from_slice(&output.stdout).context("mesh-sandbox or mesh-client did not end well")?;
    let number = |key: &str| said.get(key).and_then(Value::as_f64).context("its report is incomplete");
    Ok((number("client_cpu")? + number("server_cpu")?) * 1_000.0 / number("files")?)
}
