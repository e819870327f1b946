//! `onshi network …`: the small servers of the closed network, each a process of its own.

mod config;
mod dns;
mod proxy;
mod time;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Subcommand;

use crate::figures::{self, Figures};
use crate::figures_port;
use crate::ports::bind;

pub(crate) use config::NetworkConfig;

/// `onshi network …`
#[derive(Subcommand)]
pub(crate) enum NetworkCommand {
    /// 名前解決（DNS）: 地域とサービスごとの答え
    #[command(subcommand)]
    Dns(dns::DnsCommand),
    /// 転送プロキシ: 許された宛先だけに、閉塞期間の外でつなぐ
    #[command(subcommand)]
    Proxy(proxy::ProxyCommand),
    /// 時刻（NTP）
    #[command(subcommand)]
    Time(time::TimeCommand),
}

/// `onshi network …`
pub(crate) async fn run(command: NetworkCommand) -> anyhow::Result<ExitCode> {
    match command {
        NetworkCommand::Dns(command) => dns::run(command).await,
        NetworkCommand::Proxy(command) => proxy::run(command).await,
        NetworkCommand::Time(command) => time::run(command).await,
    }
}

/// Collects the figures of this process, and shows them if an address is named for it.
async fn show_figures(address: Option<SocketAddr>) -> anyhow::Result<()> {
    let Some(address) = address else { return Ok(()) };
    let listener = bind(address).await?;
    let shown = listener.local_addr()?;
    let collected = Figures::start()?;
    figures::describe_network();
    figures_port::serve(listener, collected);
    say!("指標: http://{shown}/metrics");
    Ok(())
}

/// Addresses in one line.
fn joined(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" ")
}
