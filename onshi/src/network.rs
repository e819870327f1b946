//! `onshi network …`: the small servers of the closed network, each a process of its own.

mod dns;
mod proxy;
mod time;

use std::process::ExitCode;

use clap::Subcommand;

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
