//! `onshi network time …`: runs the time server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chassis::clock::Clock;
use chassis::stop;
use clap::Subcommand;

use super::{NetworkConfig, joined, show_figures};

/// `onshi network time …`
#[derive(Subcommand)]
pub(crate) enum TimeCommand {
    /// 動かします
    Serve {
        /// 設定ファイル
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// 待ち受ける場所（いくつでも。無ければ設定ファイルのとおり）
        #[arg(long, value_name = "ADDRESS")]
        listen: Vec<SocketAddr>,
        /// 指標を平文の HTTP で出す場所
        #[arg(long, value_name = "ADDRESS")]
        monitoring: Option<SocketAddr>,
    },
}

/// `onshi network time …`
pub(crate) async fn run(command: TimeCommand) -> anyhow::Result<ExitCode> {
    let TimeCommand::Serve { config, listen, monitoring } = command;
    let mut config = NetworkConfig::load(config.as_deref())?;
    chassis::log::start(config.log.format, &config.log.levels);
    if !listen.is_empty() {
        config.time.listen = listen;
    }
    show_figures(monitoring).await?;
    let asked_to_stop = stop::listening().await;
    let sockets = network::time::open(&config.time).with_context(|| format!("{} を開けません", joined(&config.time.listen)))?;
    let running = network::time::serve(sockets, &config.time, &Clock::system())?;
    say!("時刻サーバーが動いています: {}", joined(&running.addresses));
    asked_to_stop.await;
    tokio::task::spawn_blocking(move || running.stop()).await?;
    Ok(ExitCode::SUCCESS)
}
