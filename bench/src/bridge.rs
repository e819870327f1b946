//! From a file's drop to its complete result under its final name, beside the waits for the disk that lie on that way.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use chassis::clock::instant;
use notify::Watcher;

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::world::World;

/// Waits for the disk on the way of one drop: the question and its folder, the audit log's commit, the result, its folder, and the two
/// renames that close it.
const FSYNCS: usize = 7;
const PEER: &str = "the fsyncs on the way (7), measured apart";

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let world = World::begin(folder.path())?;
    let clinic = world.data.join("clinic");
    let (seen, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |_| {
        let _heard = seen.send(());
    })?;
    watcher.watch(&clinic.join("res"), notify::RecursiveMode::NonRecursive)?;
    let question = include_bytes!("../../examples/OQSsiquc01req_example.xml");
    let mut ours = Vec::new();
    for number in 0..size.drops {
        ours.push(drop_one(&clinic, number, question, &changes)?);
    }
    let disk = (0..size.drops.min(100)).map(|_| waits(folder.path())).collect::<anyhow::Result<Vec<f64>>>()?;
    let (ours, disk) = (sorted(ours), sorted(disk));
    Ok(vec![
        Figure::new("bridge.drop_to_result.p50", quantile(&ours, 0.5), "ms", PEER, quantile(&disk, 0.5)),
        Figure::new("bridge.drop_to_result.p99", quantile(&ours, 0.99), "ms", PEER, quantile(&disk, 0.99)),
    ])
}

fn drop_one(clinic: &Path, number: usize, question: &[u8], changes: &mpsc::Receiver<()>) -> anyhow::Result<f64> {
    let result = clinic.join("res").join(format!("OQSsiquc01res_bench{number:06}.xml"));
    let aside = clinic.join("bench.tmp");
    std::fs::write(&aside, question)?;
    let begun = instant();
    std::fs::rename(&aside, clinic.join("req").join(format!("OQSsiquc01req_bench{number:06}.xml")))?;
    while !result.exists() {
        if changes.recv_timeout(Duration::from_secs(30)).is_err() {
            break;
        }
    }
    let taken = begun.elapsed();
    let text = std::fs::read(&result).context("a result did not come")?;
    anyhow::ensure!(text.ends_with(b"</XmlMsg>") || text.ends_with(b"</XmlMsg>\n"), "a result was not whole");
    Ok(taken.as_secs_f64() * 1000.0)
}

/// Milliseconds for as many durable writes as one drop waits for, on the same disk.
fn waits(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("fsync");
    let begun = instant();
    for _ in 0..FSYNCS {
        let mut file = std::fs::File::create(&path)?;
        file.write_all(&[0; 1500])?;
        file.sync_all()?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}
