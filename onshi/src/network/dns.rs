//! `onshi network dns …`: serves names, explains an answer, checks a list before it is put in force, writes the manuals' list as a file.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chassis::clock::{self, Clock};
use chassis::{log, stop};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use manuals::Region;
use network::dns::{self, Config, Explanation, List, Rtype, Source};

use super::config::NetworkConfig;
use crate::figures::Figures;
use crate::{figures_port, output};

/// `onshi network dns …`
#[derive(Subcommand)]
pub(crate) enum DnsCommand {
    /// 動かします: 地域とサービスごとの答え（UDP と TCP）
    Serve(ServeArgs),
    /// ある名前に、どのビューの、どの版の一覧が、なぜ、どう答えるかを示します
    Explain(ExplainArgs),
    /// 名前の一覧を、使い始める前に調べます
    Check(CheckArgs),
    /// マニュアルどおりの一覧を、書き換えて使えるファイルの形で出力します
    List(ListArgs),
}

/// Which configuration.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// 設定ファイル（無ければ、マニュアルのアドレスとビュー）
    #[arg(long, value_name = "FILE", env = "ONSHI_NETWORK_CONFIG")]
    config: Option<PathBuf>,
    /// 誰にでも、この地域のすべてを答えます（試すときや、拠点の写しに）
    #[arg(long, value_enum)]
    region: Option<RegionArg>,
    /// 名前の一覧のファイル、または日付ごとの一覧のフォルダー（無ければ設定ファイルのとおり）
    #[arg(long, value_name = "PATH")]
    list: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RegionArg {
    /// 東日本
    East,
    /// 西日本
    West,
}

/// `onshi network dns serve`
#[derive(Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[arg(long, value_name = "ADDR", help = "待ち受けるアドレス（例: [2404:db8::53]:53。いくつでも。ポート 0 は空いているもの）")]
    listen: Vec<SocketAddr>,
    /// 指標を平文の HTTP で出すアドレス（例: 127.0.0.1:9466）
    #[arg(long, value_name = "ADDR")]
    monitoring: Option<SocketAddr>,
}

/// `onshi network dns explain`
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// 名前
    name: String,
    /// レコードの型
    #[arg(long = "type", value_name = "TYPE", default_value = "AAAA")]
    rtype: Rtype,
    /// 尋ねる側のアドレス
    #[arg(long, value_name = "ADDR", default_value = "::1")]
    asker: IpAddr,
    /// 尋ねられるサーバーのアドレス（無ければ、ビューの一つ目のサーバー）
    #[arg(long, value_name = "ADDR")]
    server: Option<IpAddr>,
    /// この日の一覧で（無ければ今日）
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    #[arg(long, value_name = "ADDR", help = "動いているサーバーに尋ねます（例: [::1]:53）", conflicts_with_all = ["asker", "server", "on", "config", "region", "list"])]
    at: Option<SocketAddr>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// `onshi network dns check`
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// この日に有効な一覧を（無ければ今日）
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// `onshi network dns list`
#[derive(Args)]
pub(crate) struct ListArgs {
    /// この日の一覧（無ければ今日）
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// 書くファイル（無ければ画面）
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// `onshi network dns …`
pub(crate) async fn run(command: DnsCommand) -> anyhow::Result<ExitCode> {
    match command {
        DnsCommand::Serve(args) => serve(args).await,
        DnsCommand::Explain(args) => explain(args).await,
        DnsCommand::Check(args) => check(&args),
        DnsCommand::List(args) => list(&args),
    }
}

impl ConfigArgs {
    fn read(&self) -> anyhow::Result<Config> {
        let mut config = NetworkConfig::load(self.config.as_deref())?.dns;
        match self.region {
            Some(RegionArg::East) => config.only(Region::East),
            Some(RegionArg::West) => config.only(Region::West),
            None => {}
        }
        if let Some(list) = &self.list {
            config.list.clone_from(list);
        }
        Ok(config)
    }
}

fn day(given: Option<Date>) -> Date {
    given.unwrap_or_else(|| clock::japan_date(Clock::system().now()))
}

async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    log::start(log::Format::Text, "info");
    let mut config = args.config.read()?;
    if !args.listen.is_empty() {
        config.listen = args.listen;
    }
    let settings = config.settings().map_err(anyhow::Error::msg)?;
    // The port first: what it shows begins with the first question.
    let port = match args.monitoring.or(config.monitoring) {
        Some(address) => Some(monitored(address).await?),
        None => None,
    };
    let running = dns::start(settings, Clock::system()).await?;
    let asked_to_stop = stop::listening().await;
    let addresses: Vec<String> = running.addresses().iter().map(ToString::to_string).collect();
    say!("名前に答えています: {}（一覧 {}、Ctrl-C で終わります）", addresses.join(" "), running.version());
    asked_to_stop.await;
    running.stop().await;
    if let Some(port) = port {
        port.abort();
    }
    Ok(ExitCode::SUCCESS)
}

async fn monitored(address: SocketAddr) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("指標のポート {address} を開けません"))?;
    let address = listener.local_addr()?;
    let figures = Figures::start()?;
    dns::describe_figures();
    say!("指標: http://{address}/metrics");
    Ok(figures_port::serve(listener, figures))
}

async fn explain(args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let explained = match args.at {
        Some(at) => {
            let (name, rtype) = (args.name, args.rtype);
            let asked = tokio::task::spawn_blocking(move || dns::explain_at(at, &name, rtype)).await?;
            asked.with_context(|| format!("{at} から答えを得られません"))?
        }
        None => {
            let config = args.config.read()?;
            let views = config.settings().map_err(anyhow::Error::msg)?.views;
            let desk = config.source().load(&views, day(args.on))?;
            let first = || views.iter().find_map(|view| view.servers.first().copied());
            let Some(server) = args.server.or_else(first).or(Some(args.asker)) else {
                bail!("--server に、尋ねられるアドレスを書いてください。")
            };
            dns::explain(&desk, &views, server, args.asker, &args.name, args.rtype).map_err(anyhow::Error::msg)?
        }
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&explained)?);
    } else {
        say!("{}", output::pairs(rows(&explained)));
    }
    Ok(if explained.rcode == "NOERROR" && !explained.records.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

fn rows(explained: &Explanation) -> Vec<(&'static str, String)> {
    let none = || "なし".to_owned();
    let mut rows = vec![
        ("名前", format!("{} {}", explained.name, explained.rtype)),
        ("尋ねた先", explained.server.to_string()),
        ("尋ねた側", explained.asker.to_string()),
        ("一覧の版", explained.list.clone()),
        ("ビュー", explained.view.clone().unwrap_or_else(none)),
        ("理由", explained.because.clone()),
        ("ゾーン", explained.zone.clone().unwrap_or_else(none)),
        ("答え", explained.rcode.clone()),
        ("権限", if explained.authoritative { "権限のある回答" } else { "権限のない回答" }.to_owned()),
        ("大きさ", format!("{} バイト{}", explained.bytes, if explained.needs_tcp { "（EDNS が無ければ TCP が必要）" } else { "" })),
    ];
    rows.extend(explained.records.iter().map(|record| ("", record.clone())));
    rows
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = args.config.read()?;
    let views = config.settings().map_err(anyhow::Error::msg)?.views;
    let source = config.source();
    let desk = source.load(&views, day(args.on))?;
    if args.json {
        let views: Vec<_> = desk.views().map(|(view, zones)| serde_json::json!({ "view": view, "zones": zones })).collect();
        let report = serde_json::json!({ "list": desk.version(), "from": desk.from(), "views": views, "doubts": desk.doubts() });
        say!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    let origin = match &source {
        Source::Manuals => "マニュアル".to_owned(),
        Source::Path(path) => path.display().to_string(),
    };
    say!("{origin}: 誤りはありません（版 {}）。", desk.version());
    for (view, zones) in desk.views() {
        let names: usize = zones.iter().map(|(_, names)| names).sum();
        say!("  ビュー {view}: ゾーン {} 個、名前 {names} 個", zones.len());
    }
    for doubt in desk.doubts() {
        say!("  気がかり: {doubt}");
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let text = toml::to_string_pretty(&List::of_the_manuals(day(args.on)))?;
    match &args.output {
        Some(file) => std::fs::write(file, text).with_context(|| format!("{} を書けません", file.display()))?,
        None => say!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}
