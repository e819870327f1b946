//! The doctor's commands: looks, judges a kept look, explains a code, and writes what a help desk needs.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use clinic::doctor::recording::{MAX_RECORDING, Text};
use clinic::doctor::report::{self, Report};
use clinic::doctor::{Diagnosis, Recording};

/// `onshi doctor …`
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Option<DoctorCommand>,
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
    /// 保存した記録を判断します（終了コード: 0 異常なし、1 院内で直す、2 ほかが直す、3 待つ、4 調べられない）
    Replay {
        /// onshi doctor record で保存したファイル
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

/// `onshi doctor …`
pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        None => bail!("まだ調べられません。"),
        Some(DoctorCommand::Replay { file, output }) => shown(read(&file)?, &output),
    }
}

fn read(file: &Path) -> anyhow::Result<Recording> {
    let size = std::fs::metadata(file).with_context(|| format!("{} を読めません", file.display()))?.len();
    if size > MAX_RECORDING as u64 {
        bail!("{} は大きすぎます（{MAX_RECORDING} バイトまで）。", file.display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("{} を読めません", file.display()))?;
    Recording::read(&bytes).with_context(|| file.display().to_string())
}

/// Judges a recording, shows it, and says how it ended.
fn shown(mut recording: Recording, output: &Output) -> anyhow::Result<ExitCode> {
    recording.texts.extend(output.seen.iter().map(|text| Text { of: "seen".to_owned(), text: text.clone() }));
    let diagnosis = Diagnosis::of(&recording);
    if output.json {
        say!("{}", Report::of(&recording, &diagnosis).json().trim_end());
    } else {
        say!("{}", report::text(&recording, &diagnosis, std::io::stdout().is_terminal()).trim_end());
    }
    Ok(ExitCode::from(diagnosis.exit_code()))
}
