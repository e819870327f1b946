//! What registers of growing size cost: bringing them in, the memory that takes, and the processor time of one check, on both databases.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use chassis::clock::instant;

use crate::Size;
use crate::checks::{Load, questions};
use crate::figure::{Figure, quantile, sorted};
use crate::process::resident_megabytes;
use crate::world::World;

/// The address of a PostgreSQL database in which a register may be replaced for the measurement; without it SQLite alone is measured.
const REGISTER: &str = "ONSHI_BENCH_POSTGRES";
const SIZES: [u64; 3] = [100_000, 1_000_000, 10_000_000];
/// How often a register of one size is asked for a time.
const RUNS: usize = 5;
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) async fn on_sqlite(size: Size) -> anyhow::Result<Vec<Figure>> {
    on("sqlite", "", size).await
}

/// Nothing, if no database was given.
pub(crate) async fn on_postgres(size: Size) -> anyhow::Result<Vec<Figure>> {
    match std::env::var(REGISTER) {
        Ok(register) => on("postgres", &register, size).await,
        Err(_) => Ok(Vec::new()),
    }
}

/// The same register grows in one center.
async fn on(engine: &str, register: &str, size: Size) -> anyhow::Result<Vec<Figure>> {
    let mut sizes: Vec<u64> = SIZES.into_iter().filter(|persons| *persons <= size.largest).collect();
    if sizes.is_empty() {
        sizes.push(size.largest);
    }
    let folder = tempfile::tempdir()?;
    let settings = ["REGISTER_DATABASE", "DATABASE", "AUDIT_DATABASE"].map(|name| (format!("ONSHI_CENTER__CENTER__{name}"), register));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let world = World::begin_with(folder.path(), &settings)?;
    let people = folder.path().join("people.csv");
    let mut figures = Vec::new();
    let mut smallest = None;
    for persons in sizes {
        let file = people.to_str().context("the folder's name")?;
        world.run(&["people", "generate", "--count", &persons.to_string(), "--seed", "1", "--output", file])?;
        let name = |what: &str| format!("register.{engine}.{persons}.{what}");
        let (before, taken, highest) = import(&world, &people)?;
        #[allow(clippy::cast_precision_loss, reason = "counts are small")]
        let rate = persons as f64 / taken;
        figures.push(Figure::new(name("import"), rate, "persons/s", "the goal of 50,000 persons/s", 50_000.0));
        figures.push(Figure::new(name("import.memory"), highest, "MB", "before the import", before));
        let asked = ask(&world, &people, persons, size).await?;
        let least = *smallest.get_or_insert(asked);
        figures.push(Figure::new(name("check.throughput"), asked.rate, "checks/s", "the smallest register", least.rate));
        figures.push(Figure::new(name("check.cpu"), asked.cpu, "µs/check", "the smallest register", least.cpu));
        figures.push(Figure::new(name("check.cpu.highest"), asked.highest, "µs/check", "the median of the same runs", asked.cpu));
        figures.push(Figure::new(name("check.p99"), asked.p99, "ms", "the smallest register", least.p99));
    }
    Ok(figures)
}

/// How a register answered: the median of several runs, and the dearest of them, so that the spread is seen.
#[derive(Clone, Copy)]
struct Asked {
    rate: f64,
    cpu: f64,
    highest: f64,
    p99: f64,
}

/// Once to warm up what is kept, then [`RUNS`] times to measure.
async fn ask(world: &World, people: &Path, persons: u64, size: Size) -> anyhow::Result<Asked> {
    let asking = Load::asking(world, questions(people, persons)?).await?;
    let span = Duration::from_secs(size.seconds.div_ceil(4));
    asking.run(world, span).await?;
    // What the import left to be written to the disk later is written first: it is no part of a check.
    Command::new("sync").status().context("sync")?;
    let (mut rates, mut cpus, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let outcome = asking.run(world, span).await?;
        rates.push(outcome.rate());
        cpus.push(outcome.cpu_microseconds());
        waits.push(quantile(&sorted(outcome.milliseconds), 0.99));
    }
    let (rates, cpus, waits) = (sorted(rates), sorted(cpus), sorted(waits));
    Ok(Asked { rate: quantile(&rates, 0.5), cpu: quantile(&cpus, 0.5), highest: quantile(&cpus, 1.0), p99: quantile(&waits, 0.5) })
}

/// Replaces the register by the file: megabytes before, seconds taken, and the most megabytes meanwhile.
fn import(world: &World, people: &Path) -> anyhow::Result<(f64, f64, f64)> {
    let (pid, over) = (world.pid(), Arc::new(AtomicBool::new(false)));
    let before = resident_megabytes(pid)?;
    let looking = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let mut highest = before;
            while !over.load(Ordering::Relaxed) {
                highest = resident_megabytes(pid).unwrap_or(0.0).max(highest);
                std::thread::sleep(LOOK);
            }
            highest
        }
    });
    let begun = instant();
    let outcome = world.run(&["people", "import", "--replace", people.to_str().context("the folder's name")?]);
    let taken = begun.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    let highest = looking.join().unwrap_or(f64::NAN);
    outcome.map(|()| (before, taken, highest))
}
