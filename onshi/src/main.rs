//! The one program of the network: reads the command line and hands over to the room that does the work.
#![allow(clippy::print_stderr, reason = "a command line program speaks on its terminal")]

#[macro_use]
mod output;

mod cli;
#[cfg(feature = "clinic")]
mod clinic_certificate;
#[cfg(feature = "clinic")]
mod clinic_console;
#[cfg(feature = "clinic")]
mod clinic_side;
#[cfg(feature = "clinic")]
mod doctor;
#[cfg(feature = "clinic")]
mod doctor_watch;
mod names;
#[cfg(all(feature = "center", feature = "clinic"))]
mod rehearsal;
mod router;
mod run_file;
mod support;

#[cfg(feature = "center")]
mod lineauth;
#[cfg(feature = "center")]
mod lineauth_carrier;
#[cfg(feature = "clinic")]
mod lineauth_clinic;
#[cfg(feature = "center")]
mod lists;

mod figures;
mod figures_port;

#[cfg(feature = "center")]
mod answers;
#[cfg(feature = "center")]
mod center;
#[cfg(feature = "center")]
mod center_config;
#[cfg(feature = "center")]
mod certificates;
#[cfg(feature = "center")]
mod chores;
#[cfg(all(feature = "center", feature = "clinic"))]
mod demonstration;
#[cfg(feature = "center")]
mod monitoring;
#[cfg(feature = "center")]
mod network;
#[cfg(feature = "center")]
mod operate;
#[cfg(feature = "center")]
mod people;
#[cfg(feature = "center")]
mod ports;
#[cfg(feature = "center")]
mod profile;
#[cfg(feature = "center")]
mod records;
#[cfg(feature = "center")]
mod snapshots;
#[cfg(feature = "center")]
mod traces;
#[cfg(all(feature = "center", feature = "clinic"))]
mod up;

mod check_config;

use std::process::ExitCode;

use tokio::runtime::Runtime;

fn main() -> ExitCode {
    #[cfg(feature = "clinic")]
    if let Some(watch) = doctor_watch::asked(std::env::args_os().skip(1)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return ended(runtime, |runtime| runtime.block_on(doctor_watch::run(&watch)));
    }
    let asked = cli::read();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build();
    ended(runtime, |runtime| runtime.block_on(cli::run(asked)))
}

/// Runs the program's work to its end, and says why it failed.
fn ended(runtime: std::io::Result<Runtime>, work: impl FnOnce(&Runtime) -> anyhow::Result<ExitCode>) -> ExitCode {
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("プログラムを始められません（{error}）。");
            return ExitCode::FAILURE;
        }
    };
    match work(&runtime) {
        Ok(code) => code,
        Err(error) => {
            // The chain's parts already say what was wrong and what to do.
            eprintln!("エラー: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 32)
}
