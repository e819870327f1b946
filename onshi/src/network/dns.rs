//! `onshi network dns …`

use std::process::ExitCode;

use clap::Subcommand;

/// `onshi network dns …`
#[derive(Subcommand)]
pub(crate) enum DnsCommand {
    /// 動かします
    Serve,
}

/// `onshi network dns …`
pub(crate) async fn run(command: DnsCommand) -> anyhow::Result<ExitCode> {
    match command {
        DnsCommand::Serve => Ok(ExitCode::SUCCESS),
    }
}
