//! `onshi network time …`

use std::process::ExitCode;

use clap::Subcommand;

/// `onshi network time …`
#[derive(Subcommand)]
pub(crate) enum TimeCommand {
    /// 動かします
    Serve,
}

/// `onshi network time …`
pub(crate) async fn run(command: TimeCommand) -> anyhow::Result<ExitCode> {
    match command {
        TimeCommand::Serve => Ok(ExitCode::SUCCESS),
    }
}
