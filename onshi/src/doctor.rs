//! The doctor's commands: look at this machine and its line, and keep what was seen in a file.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chassis::clock::Clock;
use clap::{Args, Subcommand};
use clinic::doctor::probe::{self, Settings};

/// `onshi doctor …`
#[derive(Subcommand)]
pub(crate) enum DoctorCommand {
    /// この端末と回線を調べ、見たものをファイルに残します
    Record {
        /// 記録を書くファイル
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        look: LookArgs,
    },
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
    /// 調べ終えるまでの秒数
    #[arg(long, value_name = "SECONDS", default_value_t = probe::DEADLINE.as_secs(), value_parser = clap::value_parser!(u64).range(1..=120))]
    pub(crate) deadline: u64,
}

impl LookArgs {
    /// The look's settings.
    pub(crate) fn settings(&self) -> Settings {
        Settings { sources: self.sources.clone(), ..Settings::load(Some(&self.config), Clock::system()) }
    }

    /// The deadline.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline)
    }
}

/// `onshi doctor …`
pub(crate) async fn run(command: DoctorCommand) -> anyhow::Result<ExitCode> {
    match command {
        DoctorCommand::Record { file, look } => {
            let mut recording = probe::take(&look.settings(), look.deadline()).await;
            recording.redact();
            std::fs::write(&file, recording.write()).with_context(|| format!("{} を書けません", file.display()))?;
            say!("{} に記録しました（{} ミリ秒）。", file.display(), recording.took_ms);
            Ok(ExitCode::SUCCESS)
        }
    }
}
