//! `onshi clinic console`: serves the clinic's console on this machine until it is asked to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use chassis::clock::Clock;
use chassis::stop;
use clap::Args;
use clinic::console::{Console, Look};

use crate::doctor::{self, LookArgs};

/// `onshi clinic console`
#[derive(Args)]
pub(crate) struct ConsoleArgs {
    /// この端末だけで開くポート（0 は空いているもの）
    #[arg(long, default_value_t = 8480)]
    port: u16,
    #[command(flatten)]
    look: LookArgs,
}

/// Serves it.
pub(crate) async fn run(args: ConsoleArgs) -> anyhow::Result<ExitCode> {
    let asked = Arc::new(args.look);
    let deadline = asked.deadline();
    let look: Look = Arc::new(move || {
        let asked = asked.clone();
        Box::pin(async move { doctor::looked(&asked).await })
    });
    let listener = Console::listen(args.port).await.with_context(|| format!("ポート {} を開けません", args.port))?;
    let asked_to_stop = stop::listening().await;
    say!("画面を開いてください: http://{}/", listener.local_addr()?);
    let console = Console::new(look, deadline, Clock::system())?;
    tokio::select! {
        () = console.serve(listener) => {}
        () = asked_to_stop => {}
    }
    Ok(ExitCode::SUCCESS)
}
