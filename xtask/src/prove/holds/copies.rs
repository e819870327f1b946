//! Kills copies of every room in turn while a clinic asks, certificates are fetched and people are imported.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::clinic::{Clinic, Machine, again};
use super::copy::{Center, Copy};
use super::encrypted::Encrypted;
use super::log::audited;
use super::relay::Relay;
use crate::prove::ground::Ground;
use crate::stopwatch::Stopwatch;

/// A copy dies this often.
const EVERY: Duration = Duration::from_secs(2);
/// How long the proof goes on unless it is told otherwise.
const SECONDS: u64 = 300;
/// People in one import.
const IMPORTED: &str = "3000";
/// For four copies to end one after the other, with connections open on which nothing is asked.
const FAREWELL: Duration = Duration::from_secs(15);
/// The configuration of no copy: commands with it work on the database themselves.
const OPERATOR: &str = "operator";

/// The point.
pub(super) fn killed_in_turn(ground: &Ground) -> Result<String, String> {
    prove(ground).map_err(|error| format!("{error:#}"))
}

fn prove(ground: &Ground) -> Result<String> {
    let folder = ground.scratch().join("copies");
    std::fs::create_dir_all(&folder)?;
    let server = Encrypted::start(&folder)?;
    let center = Center { onshi: ground.onshi().map_err(anyhow::Error::msg)?, folder, database: server.url(), shared: Some("shared") };
    refuses_plain(&center, &server)?;
    // All at the same moment, on an empty database and empty folders.
    let both = ["registry", "authority"];
    let mut copies = [
        center.copy("authority-1", &both)?,
        center.copy("eligibility-1", &["eligibility"])?,
        center.copy("authority-2", &both)?,
        center.copy("eligibility-2", &["eligibility"])?,
    ];
    copies.iter_mut().try_for_each(Copy::wait_until_it_serves)?;
    let [authority_1, eligibility_1, authority_2, eligibility_2] = copies.each_ref().map(|copy| copy.port);
    let (search, authority) = (Relay::before(&[eligibility_1, eligibility_2])?, Relay::before(&[authority_1, authority_2])?);
    let mut clinic = Clinic::open(ground.root(), &center, ["authority-1", "eligibility-1"], [search.port, authority.port], "15s")?;
    clinic.begin()?;
    let span = Duration::from_secs(super::seconds(SECONDS));
    center.configure(OPERATOR, &[], 0)?;
    let (machine, beside) = (clinic.second_machine()?, Beside::default());
    let mut kills = 0_u32;
    let dropped = thread::scope(|scope| -> Result<u64> {
        scope.spawn(|| beside.import(&center));
        scope.spawn(|| beside.enrol(&center, &machine));
        let watch = Stopwatch::start();
        let asked = clinic.ask_while(|_| {
            if watch.passed() >= EVERY * (kills + 1) {
                let count = copies.len();
                let copy = copies.get_mut(usize::try_from(kills)? % count).context("a copy")?;
                copy.kill();
                copy.start()?;
                kills += 1;
            }
            Ok(watch.passed() < span)
        });
        beside.over.store(true, Ordering::Relaxed);
        asked?;
        // Before the others are waited for: an import may take its time.
        clinic.finish()
    })?;
    clinic.seen.without_failure()?;
    let (imports, certificates) = beside.done()?;
    let broken_off = beside.broken_off.load(Ordering::Relaxed);
    let ending = Stopwatch::start();
    copies.iter_mut().for_each(Copy::stop);
    if ending.passed() > FAREWELL {
        bail!("the copies took {ending} to end although nobody asked them any more");
    }
    let recorded = audited(&center, "eligibility-1", clinic.seen.answered, dropped)?;
    Ok(format!(
        "{dropped} files through {kills} kills in {} s: {} right answers, {} records in {} chains, longest answer {:.1} s; \
        meanwhile {imports} imports ({broken_off} more were broken off by a kill) and {certificates} certificates",
        span.as_secs(),
        clinic.seen.answered,
        recorded.checks,
        recorded.writers,
        clinic.seen.longest.as_secs_f64(),
    ))
}

/// The server takes TLS only, so the copies that work use it.
fn refuses_plain(center: &Center, server: &Encrypted) -> Result<()> {
    let plain = Center { onshi: center.onshi.clone(), folder: center.folder.clone(), database: server.plain_url(), shared: center.shared };
    let mut copy = plain.copy("plain", &[])?;
    match copy.wait_until_it_serves() {
        Ok(()) => bail!("the server also takes connections without TLS"),
        Err(error) if error.to_string().contains("no encryption") => Ok(()),
        Err(error) => Err(error),
    }
}

/// What goes on beside the questions.
#[derive(Default)]
struct Beside {
    over: AtomicBool,
    imports: AtomicU64,
    broken_off: AtomicU64,
    certificates: AtomicU64,
    trouble: Mutex<Vec<String>>,
}

impl Beside {
    /// Imports the same people again and again: through a copy, where a kill breaks it off half way, and then by a process of its own.
    fn import(&self, center: &Center) {
        let made = center.bare(&["people", "generate", "--count", IMPORTED, "--seed", "7", "--output", "people.csv"]);
        self.note(made.map(drop));
        while !self.over.load(Ordering::Relaxed) {
            match center.order("eligibility-1", &["people", "import", "people.csv"]) {
                Ok(_) => self.imports.fetch_add(1, Ordering::Relaxed),
                Err(_) => self.broken_off.fetch_add(1, Ordering::Relaxed),
            };
            // One that was killed holds its lease for half a minute.
            match again(|| center.order(OPERATOR, &["people", "import", "people.csv"])) {
                Ok(_) => self.imports.fetch_add(1, Ordering::Relaxed),
                Err(error) => return self.note(Err(error)),
            };
        }
    }

    /// Fetches one certificate after the other, each with a notice of its own.
    fn enrol(&self, center: &Center, machine: &Machine) {
        while !self.over.load(Ordering::Relaxed) {
            let fetched = machine.fetch_certificate(center, "authority-1");
            self.certificates.fetch_add(1, Ordering::Relaxed);
            if fetched.is_err() {
                return self.note(fetched);
            }
        }
    }

    fn note(&self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.trouble.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{error:#}"));
        }
    }

    /// How many imports and certificates were made, if nothing went wrong.
    fn done(&self) -> Result<(u64, u64)> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
        let made = (self.imports.load(Ordering::Relaxed), self.certificates.load(Ordering::Relaxed));
        if !trouble.is_empty() || made.0 == 0 || made.1 == 0 {
            bail!("{} imports and {} certificates, then: {trouble}", made.0, made.1);
        }
        Ok(made)
    }
}
