//! `onshi network proxy …`

use std::process::ExitCode;

use clap::Subcommand;

/// `onshi network proxy …`
#[derive(Subcommand)]
pub(crate) enum ProxyCommand {
    /// 動かします
    Serve,
}

/// `onshi network proxy …`
pub(crate) async fn run(command: ProxyCommand) -> anyhow::Result<ExitCode> {
    match command {
        ProxyCommand::Serve => Ok(ExitCode::SUCCESS),
    }
}
