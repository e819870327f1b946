//! The doctor's commands: looks, judges a kept look, explains a code, and writes what a help desk needs.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::clock::Clock;
use clap::{Args, Subcommand};
use clinic::doctor::probe::{self, Settings};
use clinic::doctor::recording::{MAX_RECORDING, Text};
use clinic::doctor::report::{self, Report};
use clinic::doctor::{Diagnosis, Recording, explain, history, html, ticket};

/// `onshi doctor …`
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Option<DoctorCommand>,
}

/// What is looked at.
#[derive(Args)]
pub(crate) struct LookArgs {
    /// 医療機関の設定ファイル（無くても調べられます）
    #[arg(long, value_name = "FILE", default_value = "config/clinic.toml", env = "ONSHI_CLINIC_CONFIG")]
    pub(crate) config: PathBuf,
    /// 端末に尋ねる代わりに読む、保存した表示のフォルダー（ipconfig.txt など）
    #[arg(long, value_name = "DIR")]
    pub(crate) sources: Option<PathBuf>,
    /// 回線には何も尋ねません（保存した表示だけを読むとき）
    #[arg(long)]
    pub(crate) no_network: bool,
    /// 調べ終えるまでの秒数
    #[arg(long, value_name = "SECONDS", default_value_t = probe::DEADLINE.as_secs(), value_parser = clap::value_parser!(u64).range(1..=120))]
    pub(crate) deadline: u64,
}

/// How a diagnosis is shown.
#[derive(Args, Clone)]
pub(crate) struct Output {
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
    /// 図の入った報告書（HTML）を書き出します
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// 画面に見えた言葉やエラーコード（例: P32031）
    #[arg(long, value_name = "TEXT")]
    seen: Vec<String>,
}

#[derive(Subcommand)]
enum DoctorCommand {
    /// この端末と回線を調べ、見たものをファイルに残します
    Record {
        /// 記録を書くファイル
        file: PathBuf,
        #[command(flatten)]
        look: LookArgs,
        /// お客さまIDを伏せずに残します
        #[arg(long)]
        with_line_id: bool,
    },
    /// 窓口に伝える連絡票を書き出します（- で画面に出します）
    Ticket {
        /// 連絡票を書くファイル
        file: PathBuf,
        /// いま調べる代わりに読む、保存した記録
        #[arg(long, value_name = "FILE")]
        recording: Option<PathBuf>,
        /// お客さまIDを伏せずに書きます
        #[arg(long)]
        with_line_id: bool,
        #[command(flatten)]
        look: LookArgs,
    },
    /// 画面に出た言葉やエラーコードの意味を説明します（終了コード: 0 わかった、4 わからない）
    Explain {
        /// 言葉またはコード（例: P32031、OQSA1001E）
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
        /// 機械が読む形（JSON）で出力します
        #[arg(long)]
        json: bool,
    },
    /// 見張り続け、プレフィックス・電子証明書・無応答の変化をその時に知らせます（Ctrl-C で終わります）
    Watch(crate::doctor_watch::WatchArgs),
    /// 保存した記録を判断します（終了コード: 0 異常なし、1 院内で直す、2 ほかが直す、3 待つ、4 調べられない）
    Replay {
        /// onshi doctor record で保存したファイル
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

impl LookArgs {
    /// The look's settings.
    pub(crate) fn settings(&self) -> Settings {
        let known = Settings::load(Some(&self.config), Clock::system());
        Settings { sources: self.sources.clone(), network: !self.no_network, ..known }
    }

    /// The deadline.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline)
    }

    /// Looks, and adds what is remembered of the last look in which all was well.
    async fn take(&self) -> (Recording, Option<PathBuf>) {
        let settings = self.settings();
        let mut recording = probe::take(&settings, self.deadline()).await;
        let work = settings.config.as_ref().filter(|_| settings.sources.is_none()).map(|config| history::place(&config.bridge.work));
        recording.before = work.as_deref().and_then(history::read);
        (recording, work)
    }
}

/// Looks, remembers what held, and gives the report as a page: what the console's button does.
pub(crate) async fn looked(args: &LookArgs) -> String {
    let (recording, memory) = args.take().await;
    let diagnosis = Diagnosis::of(&recording);
    remember(&recording, &diagnosis, memory.as_deref());
    html::page(&recording, &diagnosis)
}

fn remember(recording: &Recording, diagnosis: &Diagnosis, memory: Option<&Path>) {
    if let (Some(file), Some(before)) = (memory, history::after(recording, diagnosis))
        && let Err(error) = history::keep(file, &before)
    {
        // Nothing is remembered where the folder is missing or cannot be written: that is a finding of its own.
        tracing::debug!(%error, "the look is not remembered");
    }
}

/// `onshi doctor …`
pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        None => {
            let (recording, memory) = args.look.take().await;
            shown(recording, memory.as_deref(), &args.output)
        }
        Some(DoctorCommand::Record { file, look, with_line_id }) => {
            let (mut recording, _) = look.take().await;
            if !with_line_id {
                recording.redact();
            }
            std::fs::write(&file, recording.write()).with_context(|| format!("{} を書けません", file.display()))?;
            say!("{} に記録しました（{} ミリ秒）。", file.display(), recording.took_ms);
            Ok(ExitCode::SUCCESS)
        }
        Some(DoctorCommand::Watch(args)) => crate::doctor_watch::run(&args).await,
        Some(DoctorCommand::Replay { file, output }) => shown(read(&file)?, None, &output),
        Some(DoctorCommand::Explain { text, json }) => explained(&text.join(" "), json),
        Some(DoctorCommand::Ticket { file, recording, with_line_id, look }) => {
            let recording = match recording {
                Some(kept) => read(&kept)?,
                None => look.take().await.0,
            };
            ticketed(&recording, &file, with_line_id)
        }
    }
}

/// Nothing is known of the text, or nothing could be looked at.
const NOT_KNOWN: u8 = 4;

fn explained(text: &str, json: bool) -> anyhow::Result<ExitCode> {
    let Some(found) = explain::explain(text) else {
        if json {
            say!("null");
        } else {
            say!("この言葉はわかりません。画面の言葉を長めに、またはエラーコードを入れてください。");
        }
        return Ok(ExitCode::from(NOT_KNOWN));
    };
    if json {
        say!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        say!("{}", explain::text(&found));
    }
    Ok(ExitCode::SUCCESS)
}

fn ticketed(recording: &Recording, file: &Path, with_line_id: bool) -> anyhow::Result<ExitCode> {
    let text = ticket::text(recording, &Diagnosis::of(recording), Clock::system().now(), with_line_id);
    if file == Path::new("-") {
        say!("{}", text.trim_end());
    } else {
        std::fs::write(file, text).with_context(|| format!("{} を書けません", file.display()))?;
        say!("{} に連絡票を書きました。", file.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Recording> {
    let size = std::fs::metadata(file).with_context(|| format!("{} を読めません", file.display()))?.len();
    if size > MAX_RECORDING as u64 {
        bail!("{} は大きすぎます（{MAX_RECORDING} バイトまで）。", file.display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("{} を読めません", file.display()))?;
    Recording::read(&bytes).with_context(|| file.display().to_string())
}

/// Judges a recording, remembers what held, shows it, and says how it ended.
fn shown(mut recording: Recording, memory: Option<&Path>, output: &Output) -> anyhow::Result<ExitCode> {
    recording.texts.extend(output.seen.iter().map(|text| Text { of: "seen".to_owned(), text: text.clone() }));
    let diagnosis = Diagnosis::of(&recording);
    remember(&recording, &diagnosis, memory);
    if let Some(file) = &output.html {
        std::fs::write(file, html::page(&recording, &diagnosis)).with_context(|| format!("{} を書けません", file.display()))?;
    }
    if output.json {
        say!("{}", Report::of(&recording, &diagnosis).json().trim_end());
    } else {
        say!("{}", report::text(&recording, &diagnosis, std::io::stdout().is_terminal()).trim_end());
    }
    Ok(ExitCode::from(diagnosis.exit_code()))
}
