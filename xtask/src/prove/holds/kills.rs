//! Kills the bridge and the center at random moments while files flow, and then looks for each file's one result and one record.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::process;
use crate::prove::ground::{Ground, free_port};
use crate::stopwatch::Stopwatch;

/// Kills, unless `ONSHI_PROVE_KILLS` says otherwise.
const KILLS: u64 = 1000;
/// Between two drops: 25 a second.
const PACE: Duration = Duration::from_millis(40);
/// Longer than a bridge takes for any file.
const LAST: Duration = Duration::from_secs(170);
/// A receipt computer does not go on for ever without results.
const UNANSWERED: usize = 400;
/// Between two looks into a folder.
const LOOK: Duration = Duration::from_millis(8);
const CLINIC: &str = "onshi-data/clinic";
const RIGHT: &str = "<SegmentOfResult>1</SegmentOfResult>";

/// The point: about a thousand kills, then the books are compared.
pub(super) fn killed_at_random(ground: &Ground) -> Result<String, String> {
    let kills = std::env::var("ONSHI_PROVE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let folder = ground.scratch().join("kills");
    let onshi = ground.onshi()?;
    Site::prepare(onshi, folder).and_then(|site| site.run(kills)).map_err(|error| format!("{error:#}"))
}

/// A center and a clinic on this machine.
struct Site {
    onshi: PathBuf,
    folder: PathBuf,
}

/// What was seen while it ran.
#[derive(Default)]
struct Book {
    dropped: u64,
    /// Results by the name of their question: how often one came, and the last one's content.
    results: BTreeMap<String, (u64, String)>,
    /// Drop ids by the name of the question, as the work folder shows them.
    ids: BTreeMap<String, BTreeSet<String>>,
}

/// What the operating system says of the work folder: every name that a file has had there, however short its stay.
struct Trays {
    _watcher: RecommendedWatcher,
    heard: Mutex<Receiver<notify::Result<notify::Event>>>,
}

impl Trays {
    fn watch(work: &Path) -> Result<Self> {
        let (tell, heard) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(tell)?;
        watcher.watch(work, RecursiveMode::NonRecursive)?;
        Ok(Self { _watcher: watcher, heard: Mutex::new(heard) })
    }

    /// Notes which drop id each question has: it begins the name of its file.
    fn note(&self, book: &Mutex<Book>) -> Result<()> {
        let heard = self.heard.lock().map_err(|_| anyhow::anyhow!("a thread of the proof broke off"))?;
        for event in heard.try_iter() {
            let event = event?;
            ensure!(!event.need_rescan(), "the system lost count of what happened in the work folder");
            for path in event.paths {
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if let Some((id, name)) = file.split_once(".open.").or_else(|| file.split_once(".sent.")) {
                    lock(book)?.ids.entry(name.to_owned()).or_default().insert(id.to_owned());
                }
            }
        }
        Ok(())
    }
}

impl Site {
    /// Lets `onshi up --once` make a center and a clinic, and writes down how the center is served by itself.
    fn prepare(onshi: PathBuf, folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        // A copy, because a build may replace the program while it is killed and started.
        let copy = folder.join("onshi");
        std::fs::copy(onshi, &copy)?;
        let (onshi, port) = (copy, free_port()?);
        process::output(Command::new(&onshi).args(["up", "--once", "--port", &port.to_string()]).current_dir(&folder))?;
        let text = format!(
            "[center]\nlisten = \"127.0.0.1:{port}\"\ndata = \"onshi-data\"\nlocalhost_names = true\n[log]\nlevels = \"warn\"\n\
             [authority]\ndemonstration = true\n[eligibility]\ntest_people = true\n"
        );
        std::fs::write(folder.join("center.toml"), text)?;
        let site = Self { onshi, folder };
        for name in ["req", "res"] {
            for left in std::fs::read_dir(site.folder.join(CLINIC).join(name))? {
                std::fs::remove_file(left?.path())?;
            }
        }
        Ok(site)
    }

    fn run(&self, kills: u64) -> Result<String> {
        let before = BTreeSet::from_iter(self.records()?);
        let (book, over) = (Mutex::new(Book::default()), AtomicBool::new(false));
        let trays = Trays::watch(&self.folder.join(CLINIC).join("work"))?;
        let watch = Stopwatch::start();
        let ended = std::thread::scope(|threads| {
            let tasks = [
                threads.spawn(|| self.drop_files(&book, &over)),
                threads.spawn(|| self.until_over(&over, || self.take_results(&book))),
                threads.spawn(|| self.until_over(&over, || trays.note(&book))),
            ];
            let killed = self.kill(kills, &book, &over);
            over.store(true, Ordering::Relaxed);
            let tasks = tasks.map(|task| task.join().unwrap_or_else(|_| bail!("a thread of the proof broke off")));
            tasks.into_iter().chain([killed]).collect::<Result<Vec<()>>>()
        });
        ended?;
        trays.note(&book)?;
        let took = watch.passed();
        let book = book.into_inner().map_err(|_| anyhow::anyhow!("a thread of the proof broke off"))?;
        self.compare(&book, &before, kills, took)
    }

    /// Drops files until told to stop, to their names at once or renamed to them.
    fn drop_files(&self, book: &Mutex<Book>, over: &AtomicBool) -> Result<()> {
        let req = self.folder.join(CLINIC).join("req");
        let example = include_str!("../../../../examples/OQSsiquc01req_example.xml");
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(PACE);
            let number = {
                let mut book = lock(book)?;
                if book.dropped as usize > book.results.len() + UNANSWERED {
                    continue;
                }
                book.dropped += 1;
                book.dropped
            };
            let (name, content) = (question(number), example.replace("EXAMPLE-0001", &mark(number)));
            ensure!(content.contains(&mark(number)), "the example has lost its mark");
            if number.is_multiple_of(2) {
                std::fs::write(req.join(&name), content)?;
            } else {
                let aside = req.join(format!(".{number}.tmp"));
                std::fs::write(&aside, content)?;
                std::fs::rename(aside, req.join(&name))?;
            }
        }
        Ok(())
    }

    fn until_over(&self, over: &AtomicBool, look: impl Fn() -> Result<()>) -> Result<()> {
        while !over.load(Ordering::Relaxed) {
            look()?;
            std::thread::sleep(LOOK);
        }
        look()
    }

    /// Fetches results as a receipt computer does: one that comes a second time is seen a second time.
    fn take_results(&self, book: &Mutex<Book>) -> Result<()> {
        for entry in std::fs::read_dir(self.folder.join(CLINIC).join("res"))? {
            let path = entry?.path();
            let content = std::fs::read_to_string(&path)?;
            std::fs::remove_file(&path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace("res_", "req_");
            let mut book = lock(book)?;
            let seen = book.results.entry(name).or_default();
            *seen = (seen.0 + 1, content);
        }
        Ok(())
    }

    /// Kills one of the two again and again and starts it at once, then waits until every drop has its result.
    fn kill(&self, kills: u64, book: &Mutex<Book>, over: &AtomicBool) -> Result<()> {
        let mut dice = Dice(0x6f6e_7368_6921);
        let mut programs = [self.start("bridge")?, self.start("center")?];
        for _ in 0..kills {
            std::thread::sleep(Duration::from_millis(100 + dice.below(700)));
            let which = dice.below(2) as usize;
            let Some(program) = programs.get_mut(which) else { continue };
            if let Some(status) = program.0.try_wait()? {
                bail!("a program ended by itself ({status}):\n{}", self.said());
            }
            program.0.kill()?;
            program.0.wait()?;
            *program = self.start(["bridge", "center"].get(which).copied().unwrap_or_default())?;
        }
        over.store(true, Ordering::Relaxed);
        let watch = Stopwatch::start();
        loop {
            self.take_results(book)?;
            let (dropped, answered) = {
                let book = lock(book)?;
                (book.dropped, book.results.len() as u64)
            };
            let work = std::fs::read_dir(self.folder.join(CLINIC).join("work"))?.count();
            // What is left is the lock.
            if dropped == answered && work == 1 {
                return Ok(());
            }
            if watch.passed() > LAST {
                bail!("{} of {dropped} files have no result, {work} are left in work:\n{}", dropped - answered, self.said());
            }
            std::thread::sleep(LOOK);
        }
    }

    fn start(&self, program: &str) -> Result<Running> {
        let words = match program {
            "bridge" => ["clinic", "bridge", "--config", "onshi-data/clinic/clinic.toml"],
            _ => ["center", "serve", "--config", "center.toml"],
        };
        let log = File::options().create(true).append(true).open(self.folder.join(format!("{program}.log")))?;
        let mut command = Command::new(&self.onshi);
        command.args(words).current_dir(&self.folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Running(command.spawn().with_context(|| format!("could not start the {program}"))?))
    }

    fn said(&self) -> String {
        let last = |program: &str| {
            let log = std::fs::read_to_string(self.folder.join(format!("{program}.log"))).unwrap_or_default();
            let mut lines: Vec<&str> = log.lines().rev().take(15).collect();
            lines.reverse();
            format!("{program}:\n{}\n", lines.join("\n"))
        };
        last("bridge") + &last("center")
    }

    /// The drop ids in the audit log, one for each record of a check.
    fn records(&self) -> Result<Vec<String>> {
        let mut command = Command::new(&self.onshi);
        let lines = process::output(command.args(["audit", "export", "--config", "center.toml"]).current_dir(&self.folder))?;
        let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?.pointer("/payload/drop")?.as_str().map(str::to_owned);
        Ok(lines.lines().filter_map(id).collect())
    }

    /// One result and one record for each drop, joined by the drop id; and the log is whole.
    fn compare(&self, book: &Book, before: &BTreeSet<String>, kills: u64, took: Duration) -> Result<String> {
        let mut command = Command::new(&self.onshi);
        let verified = process::output(command.args(["audit", "verify", "--config", "center.toml"]).current_dir(&self.folder))?;
        let mut records: BTreeMap<String, u64> = BTreeMap::new();
        for id in self.records()?.into_iter().filter(|id| !before.contains(id)) {
            *records.entry(id).or_default() += 1;
        }
        let mut wrong = Vec::new();
        let mut failed = 0;
        for number in 1..=book.dropped {
            let name = question(number);
            let (times, content) = book.results.get(&name).cloned().unwrap_or_default();
            let ids = book.ids.get(&name).cloned().unwrap_or_default();
            let recorded: u64 = ids.iter().filter_map(|id| records.get(id)).sum();
            let answered = content.contains(RIGHT);
            failed += u64::from(!answered);
            if times != 1 || !content.contains(&mark(number)) || ids.len() != 1 || recorded != 1 {
                wrong.push(format!("{name}: {times} results, drop ids {ids:?}, {recorded} records, answered {answered}"));
            }
        }
        if !wrong.is_empty() || records.len() as u64 != book.dropped || book.results.len() as u64 != book.dropped {
            let shown = wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
            let counts = format!("{} dropped, {} with results, {} recorded", book.dropped, book.results.len(), records.len());
            bail!("{counts}, {} wrong:\n{shown}\n{}", wrong.len(), self.said());
        }
        Ok(format!(
            "{kills} kills in {:.0} s, {} drops, each with one result and one record; {failed} results say that the center was away; {}",
            took.as_secs_f64(),
            book.dropped,
            verified.trim(),
        ))
    }
}

/// A program of the proof; it does not outlive it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        process::end(&mut self.0, "INT", Duration::from_secs(10));
    }
}

fn question(number: u64) -> String {
    format!("OQSsiquc01req_{number:07}.xml")
}

fn mark(number: u64) -> String {
    format!("KILL-{number:07}")
}

fn lock(book: &Mutex<Book>) -> Result<std::sync::MutexGuard<'_, Book>> {
    book.lock().map_err(|_| anyhow::anyhow!("a thread of the proof broke off"))
}

/// Chance that falls the same way each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
