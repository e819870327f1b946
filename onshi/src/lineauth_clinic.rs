//! The clinic's commands about its line: its state, authentication without a browser, and what the terminal says of its addresses.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use clinic::config::Config;
use clinic::line::LinePortal;
use clinic::line::listing::{self, MAX_LISTING};
use clinic::line::watch::{self, Event};
use manuals::Region;
use wire::line::{Captive, LineState, Screen};

use crate::cli::Area;
use crate::output;

/// `onshi clinic line …`
#[derive(Subcommand)]
pub(crate) enum LineCommand {
    /// 回線が認証されているかを調べます（終了コード: 0 認証済み、5 未認証・対象外など、1 調べられなかった）
    Status {
        #[command(flatten)]
        which: Which,
        /// 見張り続け、プレフィックスが変わったら調べ直します（Ctrl-C で終わります）
        #[arg(long)]
        watch: bool,
        /// --watch のとき、認証されていなければ「希望する」を選んで認証します
        #[arg(long, requires = "watch")]
        authenticate: bool,
        /// --watch のとき、自分のアドレスを見る間隔（秒）
        #[arg(long, default_value_t = watch::LOOK.as_secs(), value_parser = clap::value_parser!(u64).range(1..=600))]
        interval: u64,
    },
    /// 通知意思確認画面で「希望する」を選んだものとして、回線を認証します（終了コードは status と同じ）
    Authenticate {
        #[command(flatten)]
        which: Which,
    },
    /// ipconfig /all の表示から、端末のIPv6設定を確かめます（終了コード: 0 正しい、5 直すところがある）
    Terminal {
        /// 表示を保存したファイル（無ければこの端末で実行します。Windows）
        #[arg(long, value_name = "FILE")]
        listing: Option<PathBuf>,
        /// 地域
        #[arg(long, value_enum, default_value = "east")]
        region: Area,
    },
}

/// Whose line, and how it is shown.
#[derive(Args)]
pub(crate) struct Which {
    /// 医療機関の設定ファイル
    #[arg(long, value_name = "FILE", default_value = "config/clinic.toml", env = "ONSHI_CLINIC_CONFIG")]
    config: PathBuf,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// Everything but "yes".
const NOT_ADMITTED: u8 = 5;

/// `onshi clinic line …`
pub(crate) async fn run(command: LineCommand) -> anyhow::Result<ExitCode> {
    match command {
        LineCommand::Status { which, watch: false, .. } => {
            let state = portal(&which)?.status().await?;
            shown(&state, which.json)?;
            Ok(code(state.line_state == LineState::Admitted))
        }
        LineCommand::Status { which, authenticate, interval, .. } => {
            let portal = portal(&which)?;
            watch::watch(&portal, Duration::from_secs(interval), authenticate, |event| tell(&event, which.json)).await;
            Ok(ExitCode::SUCCESS)
        }
        LineCommand::Authenticate { which } => {
            let screen = portal(&which)?.authenticate().await?;
            page(&screen, which.json)?;
            Ok(code(["line-success", "line-already"].contains(&screen.key.as_str())))
        }
        LineCommand::Terminal { listing, region } => terminal(listing, region),
    }
}

fn portal(which: &Which) -> anyhow::Result<LinePortal> {
    Ok(LinePortal::connect(&Config::load(&which.config)?.center)?)
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::from(NOT_ADMITTED) }
}

fn shown(state: &Captive, json: bool) -> anyhow::Result<()> {
    if json {
        say!("{}", serde_json::to_string(state)?);
        return Ok(());
    }
    let mut rows = vec![("回線の状態", words(state.line_state).to_owned())];
    rows.extend(state.message.clone().map(|message| ("表示", message)));
    rows.extend(state.code.clone().map(|code| ("エラーコード", code)));
    rows.push(("IPv6アドレス", state.address.clone()));
    rows.push(("回線認証サイト", state.user_portal_url.clone()));
    say!("{}", output::pairs(rows));
    Ok(())
}

fn words(state: LineState) -> &'static str {
    match state {
        LineState::Admitted => "認証済み",
        LineState::NotAuthenticated => "未認証（onshi clinic line authenticate か、ブラウザで「希望する」を押してください）",
        LineState::Ineligible => "接続対象外の回線",
        LineState::WorkUnfinished => "回線の工事完了処理がまだ",
        LineState::Unknown => "不明",
    }
}

fn page(screen: &Screen, json: bool) -> anyhow::Result<()> {
    if json {
        say!("{}", serde_json::to_string(screen)?);
        return Ok(());
    }
    let mut rows = Vec::new();
    rows.extend(screen.heading.clone().map(|heading| ("見出し", heading)));
    rows.push(("表示", screen.text.clone()));
    rows.extend(screen.code.clone().map(|code| ("エラーコード", code)));
    rows.extend(screen.todo.clone().map(|todo| ("次にすること", todo)));
    rows.extend(screen.owner.clone().map(|owner| ("担当", owner)));
    rows.push(("IPv6アドレス", screen.address.clone()));
    rows.push(("アクセス日時", screen.at.clone()));
    say!("{}", output::pairs(rows));
    Ok(())
}

fn tell(event: &Event, json: bool) {
    let said = match event {
        Event::State { changed, state, .. } => {
            if *changed && !json {
                say!("IPv6アドレスが変わりました。");
            }
            shown(state, json)
        }
        Event::Authenticated(screen) => page(screen, json),
        Event::Failed(error) => {
            eprintln!("{error}");
            Ok(())
        }
    };
    if let Err(error) = said {
        eprintln!("{error}");
    }
}

fn terminal(file: Option<PathBuf>, area: Area) -> anyhow::Result<ExitCode> {
    let bytes = match file {
        Some(path) => std::fs::read(&path).with_context(|| format!("{} を読めません", path.display()))?,
        None if cfg!(windows) => std::process::Command::new("ipconfig").arg("/all").output().context("ipconfig を実行できません")?.stdout,
        None => bail!("この端末では ipconfig を実行できません。Windows の端末の表示を保存し、--listing で渡してください。"),
    };
    if bytes.len() > MAX_LISTING {
        bail!("表示が長すぎます（{} バイトまで）。", MAX_LISTING);
    }
    let text = match wire::charset::decode(&bytes) {
        Ok((text, _)) => text,
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let region = Region::from(area);
    let adapters = listing::read(&text);
    let connected: Vec<_> = adapters.iter().filter(|adapter| !adapter.link_local.is_empty() || !adapter.permanent.is_empty()).collect();
    if connected.is_empty() {
        bail!("IPv6アドレスのあるアダプターがありません。IPv6の設定と回線の接続を確かめてください。");
    }
    let mut good = true;
    for adapter in connected {
        let mut rows = vec![("アダプター", adapter.name.clone())];
        for (label, addresses) in
            [("IPv6アドレス", &adapter.permanent), ("一時IPv6アドレス", &adapter.temporary), ("リンクローカル", &adapter.link_local)]
        {
            rows.push((label, addresses.join("\n")));
        }
        rows.push(("ゲートウェイ", adapter.gateways.join("\n")));
        rows.push(("DNSサーバー", adapter.name_servers.join("\n")));
        let mistakes = listing::judge(adapter, region, None);
        good &= mistakes.is_empty();
        let verdict = mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        rows.push(("判定", if verdict.is_empty() { "正しく設定されています。".to_owned() } else { verdict }));
        say!("{}", output::pairs(rows));
    }
    Ok(code(good))
}
