//! The command line: one subcommand a room, with the words its users know.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{check_config, clinic_side, names, run_file};

/// オンライン資格確認の網（オン資）: センターの各業務と、医療機関側のプログラム。
#[derive(Parser)]
#[command(name = "onshi", version, about, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// センターと試験用の医療機関をこの機械一台で動かし、最初の一件を確認します
    #[cfg(all(feature = "center", feature = "clinic"))]
    Up(crate::up::UpArgs),
    /// 何がどこで動いているかを表示します
    Status(StatusArgs),
    /// 網の中の名前を、試している機械の住所に結び付けます
    Names(names::NamesArgs),
    /// 一人の資格を確認します
    #[cfg(feature = "clinic")]
    Ask(clinic_side::AskArgs),
    /// 加入者台帳: 架空の加入者を作る、取り込む、数える
    #[cfg(feature = "center")]
    #[command(subcommand)]
    People(crate::people::PeopleCommand),
    /// 監査記録: 改ざんを調べる、書き出す
    #[cfg(feature = "center")]
    #[command(subcommand)]
    Audit(crate::records::AuditCommand),
    /// 登録: 医療機関、回線、端末、アカウント、運用者
    #[cfg(feature = "center")]
    Registry(crate::operate::RegistryArgs),
    /// 共通認証局: 発行通知、証明書、失効
    #[cfg(feature = "center")]
    Authority(crate::operate::AuthorityArgs),
    /// センターを動かします
    #[cfg(feature = "center")]
    #[command(subcommand)]
    Center(crate::center::CenterCommand),
    /// 医療機関側のプログラム: 連携（ブリッジ）、証明書
    #[cfg(feature = "clinic")]
    #[command(subcommand)]
    Clinic(clinic_side::ClinicCommand),
    /// 設定ファイルを調べます
    CheckConfig(check_config::CheckConfigArgs),
    /// シェルの補完を出力します（例: onshi completion bash）
    Completion {
        /// シェルの名前
        shell: clap_complete::Shell,
    },
}

/// Where a run on this machine keeps its data.
#[derive(Args, Clone)]
pub(crate) struct DataArgs {
    /// データの置き場所
    #[arg(long, value_name = "DIR", default_value = "onshi-data", env = "ONSHI_DATA")]
    pub(crate) data: PathBuf,
}

#[derive(Args)]
struct StatusArgs {
    #[command(flatten)]
    data: DataArgs,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// Runs the command that was asked for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        #[cfg(all(feature = "center", feature = "clinic"))]
        Command::Up(args) => crate::up::run(args).await,
        Command::Status(args) => run_file::status(&args.data.data, args.json).await,
        Command::Names(args) => names::run(&args).await,
        #[cfg(feature = "clinic")]
        Command::Ask(args) => clinic_side::ask(args).await,
        #[cfg(feature = "center")]
        Command::People(command) => crate::people::run(command).await,
        #[cfg(feature = "center")]
        Command::Audit(command) => crate::records::run(command).await,
        #[cfg(feature = "center")]
        Command::Registry(args) => crate::operate::registry(args).await,
        #[cfg(feature = "center")]
        Command::Authority(args) => crate::operate::authority(args).await,
        #[cfg(feature = "center")]
        Command::Center(command) => crate::center::run(command).await,
        #[cfg(feature = "clinic")]
        Command::Clinic(command) => clinic_side::run(command).await,
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Completion { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "onshi", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
