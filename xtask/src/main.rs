//! Runs the work around the programs: tests, house rules, the inventory's rows, proofs, measurements and fuzzing.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this tool talks to the developer at a terminal")]

mod bench;
mod faults;
mod fuzz;
mod lab;
mod packages;
mod postgres;
mod process;
mod prove;
mod python;
mod rows;
mod stopwatch;
mod test;
mod tidy;
mod windows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// The work around the programs of onshi.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Words {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run everything that must hold before a change is taken: lints, house rules and all tests, on a PostgreSQL of its own
    ///
    /// Installs the Debian packages that the tests need when they are missing (as root). The last output is the test runner's summary.
    Test {
        /// Run the tests only, without lints and house rules
        #[arg(long)]
        quick: bool,
        /// Run only tests whose name contains one of these
        #[arg(value_name = "FILTER")]
        filters: Vec<String>,
    },
    /// Name the check that holds each invariant of the architecture, and every place that breaks one
    Tidy,
    /// List the software rows of the inventory that no test names, and the tests of those that one does
    Rows {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Build what is released and run the measurements
    Bench {
        /// Measurements to run; all when none is named
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Fewer rounds, to see that the measurements work
        #[arg(long)]
        quick: bool,
        /// Persons in the largest register (`register` measures all sizes up to it)
        #[arg(long, value_name = "N")]
        people: Option<u64>,
        /// Write the figures as JSON to this file
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// List the stories of the lab, or tell one: the closed network on this machine, in network namespaces (as root)
    Lab {
        /// The story
        story: Option<String>,
        /// Keep its world until Ctrl-C, and say how to enter each machine
        #[arg(long, requires = "story")]
        stay: bool,
    },
    /// Put every fault of the fault lab into the network and ask the doctor (as root); ends with the runner's summary and the score
    Faults {
        /// Run only families whose name contains one of these
        #[arg(value_name = "FILTER")]
        filters: Vec<String>,
    },
    /// Show the points of a proof, one line each, from outside the programs
    Prove {
        /// The proof: `chain`, `holds`, `network`, `authority` or `doctor`
        name: String,
        /// Clone what is committed into a temporary folder, build it there and show the proof there
        #[arg(long)]
        fresh: bool,
        /// Show only the point with this number; may be repeated
        #[arg(long, value_name = "N")]
        only: Vec<usize>,
    },
    /// Build for Windows and run the tests there under Wine
    ///
    /// Installs the Debian packages that it needs when they are missing (as root), and keeps what it fetches and builds beside them in the
    /// user's cache folder, outside the repository. With words for cargo, such as `-- test -p clinic`, it runs cargo for Windows with them.
    Windows {
        /// Words for cargo, instead of everything
        #[arg(value_name = "CARGO WORDS", last = true)]
        words: Vec<String>,
    },
    /// Feed damaged input to one reader with cargo-fuzz
    Fuzz {
        /// The target: a file of the fuzz folder
        name: String,
        /// How long
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    let words = Words::parse();
    match root().and_then(|root| run(&root, words.task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, task: Task) -> Result<()> {
    match task {
        Task::Test { quick, filters } => test::run(root, quick, &filters),
        Task::Tidy => tidy::run(root),
        Task::Rows { json } => rows::run(root, json),
        Task::Bench { names, quick, people, json } => bench::run(root, &bench::Wish { names, quick, people, json }),
        Task::Lab { story, stay } => lab::run(root, story.as_deref(), stay),
        Task::Faults { filters } => faults::run(root, &filters),
        Task::Prove { name, fresh, only } => prove::run(root, &name, &only, fresh),
        Task::Windows { words } => windows::run(root, &words),
        Task::Fuzz { name, seconds } => fuzz::run(root, &name, seconds),
    }
}

/// The repository that holds this tool, from wherever in it the tool was called.
fn root() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let root = here.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file());
    root.map(Path::to_path_buf).with_context(|| format!("{} is not inside the repository", here.display()))
}
