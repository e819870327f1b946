//! Says whether a configuration file is right, before a program is started with it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

/// `onshi check-config`
#[derive(Args)]
pub(crate) struct CheckConfigArgs {
    /// 設定ファイル
    file: PathBuf,
    /// 何の設定か（無ければファイル名と中身から判断します）
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// センター
    Center,
    /// 医療機関
    Clinic,
    /// 網の小さなサーバー
    Network,
}

/// `onshi check-config`
pub(crate) fn run(args: &CheckConfigArgs) -> anyhow::Result<ExitCode> {
    let kind = match args.kind {
        Some(kind) => kind,
        None => guess(args)?,
    };
    match kind {
        #[cfg(feature = "center")]
        Kind::Center => {
            use crate::center_config::{CenterConfig, ENVIRONMENT_PREFIX};
            chassis::config::load::<CenterConfig>(&args.file, ENVIRONMENT_PREFIX)?.judge_sharing()?;
        }
        #[cfg(feature = "center")]
        Kind::Network => {
            crate::network::NetworkConfig::load(Some(&args.file))?;
        }
        #[cfg(feature = "clinic")]
        Kind::Clinic => {
            clinic::config::Config::load(&args.file)?;
        }
        #[allow(unreachable_patterns, reason = "a build without one side knows only the other")]
        _ => bail!("このプログラムには、この設定を使う側が入っていません。"),
    }
    say!("{}: 誤りはありません。", args.file.display());
    Ok(ExitCode::SUCCESS)
}

/// A clinic's file has its facility code, that of the small servers a section of theirs; anything else is taken for a center's.
fn guess(args: &CheckConfigArgs) -> anyhow::Result<Kind> {
    let text = chassis::config::text_of(&args.file)?;
    let clinic = text.lines().any(|line| line.trim_start().starts_with("facility_code"));
    let network = text.lines().any(|line| ["[dns]", "[proxy]", "[time]"].contains(&line.trim()));
    Ok(match (clinic, network) {
        (true, _) => Kind::Clinic,
        (false, true) => Kind::Network,
        (false, false) => Kind::Center,
    })
}
