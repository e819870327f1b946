//! The clinic's commands: ask about one person, run the bridge with the keeper of its certificate.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chassis::clock::{self, Clock};
use chassis::{log, stop};
use clap::{Args, Subcommand};
use clinic::ask::Card;
use clinic::bridge::Bridge;
use clinic::center::Center;
use clinic::certificate::Keeping;
use clinic::config::Config;

use crate::cli::DataArgs;
use crate::figures::{self, Figures};
use crate::{clinic_certificate, figures_port, output};

/// `onshi ask`
#[derive(Args)]
#[command(after_help = "終了コード: 0 有効、4 有効でない（無効・該当なし・複数該当）、1 確認できなかった")]
pub(crate) struct AskArgs {
    /// 保険者番号
    #[arg(long)]
    insurer: String,
    /// 記号
    #[arg(long)]
    symbol: Option<String>,
    /// 番号
    #[arg(long)]
    number: String,
    /// 枝番
    #[arg(long)]
    branch: Option<String>,
    /// 生年月日（YYYY-MM-DD または YYYYMMDD）
    #[arg(long)]
    birthdate: String,
    /// 資格確認日（無ければ今日）
    #[arg(long)]
    date: Option<String>,
    /// 限度額の情報の提供に本人が同意しています
    #[arg(long)]
    limit_consent: bool,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
    /// 医療機関の設定ファイル（無ければ onshi up の試験用の医療機関）
    #[arg(long, value_name = "FILE", env = "ONSHI_CLINIC_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// `onshi clinic …`
#[derive(Subcommand)]
pub(crate) enum ClinicCommand {
    /// 連携（ブリッジ）を動かします: req フォルダの要求に res フォルダで答えます
    Bridge(BridgeArgs),
    /// 画面を開きます: 大きなボタン一つで調べる、ルーターの設定、よくある質問（この端末だけで開きます）
    Console(crate::clinic_console::ConsoleArgs),
    /// 電子証明書: 取得、一覧、更新、控え、失効、削除、ルート証明書
    #[command(subcommand)]
    Certificate(clinic_certificate::CertificateCommand),
    /// 回線認証: 状態を見る、ブラウザを使わずに認証する、端末のIPv6設定を確かめる
    #[command(subcommand)]
    Line(crate::lineauth_clinic::LineCommand),
}

/// Which clinic.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// 医療機関の設定ファイル
    #[arg(long, value_name = "FILE", default_value = "config/clinic.toml", env = "ONSHI_CLINIC_CONFIG")]
    pub(crate) config: PathBuf,
}

/// `onshi clinic bridge`
#[derive(Args)]
pub(crate) struct BridgeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 指標を平文の HTTP で出すアドレス（例: 127.0.0.1:9465）。無ければ出しません
    #[arg(long, value_name = "ADDR")]
    monitoring: Option<std::net::SocketAddr>,
}

/// `onshi ask`
pub(crate) async fn ask(args: AskArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config.unwrap_or_else(|| args.data.data.join("clinic").join("clinic.toml")))?;
    let card = Card {
        insurer: args.insurer,
        symbol: args.symbol,
        number: args.number,
        branch: args.branch,
        birthdate: args.birthdate,
        date: args.date,
        limit_consent: args.limit_consent,
    };
    let today = clock::japan_date(Clock::system().now());
    let center = Center::connect(&config)?;
    let result = clinic::ask::ask(&center, &card, &config.facility_code, today).await?;
    if args.json {
        say!("{}", String::from_utf8_lossy(&wire::json::write_check_result(&result)));
    } else {
        say!("{}", output::pairs(clinic::table::rows(&result)));
    }
    Ok(if result.body.validity.as_deref() == Some("1") { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

/// `onshi clinic …`
pub(crate) async fn run(command: ClinicCommand) -> anyhow::Result<ExitCode> {
    match command {
        ClinicCommand::Bridge(args) => bridge(&args).await,
        ClinicCommand::Console(args) => crate::clinic_console::run(args).await,
        ClinicCommand::Certificate(args) => clinic_certificate::run(args).await,
        ClinicCommand::Line(command) => crate::lineauth_clinic::run(command).await,
    }
}

async fn bridge(args: &BridgeArgs) -> anyhow::Result<ExitCode> {
    log::start(log::Format::Text, "info");
    let config = Config::load(&args.config.config)?;
    let (req, res) = (config.bridge.req.clone(), config.bridge.res.clone());
    // The port first: what it shows begins with the first file.
    let port = match args.monitoring {
        Some(address) => Some(monitored(address).await?),
        None => None,
    };
    let running = Bridge::start(config.clone(), Clock::system())?;
    let keeping = Keeping::start(&config, Clock::system(), running.center())?;
    let asked_to_stop = stop::listening().await;
    say!("連携が動いています: {} → {}（Ctrl-C で終わります）", req.display(), res.display());
    asked_to_stop.await;
    drop(keeping);
    running.stop().await;
    if let Some(port) = port {
        port.abort();
    }
    Ok(ExitCode::SUCCESS)
}

async fn monitored(address: std::net::SocketAddr) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("指標のポート {address} を開けません"))?;
    let address = listener.local_addr()?;
    let figures = Figures::start()?;
    figures::describe_bridge();
    say!("指標: http://{address}/metrics");
    Ok(figures_port::serve(listener, figures))
}
