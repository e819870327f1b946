//! The command line: one subcommand a room, with the words its users know.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{ArgAction, Command as Program};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

#[cfg(feature = "clinic")]
use crate::clinic_side;
use crate::{check_config, names, router, run_file, support};

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
    /// 通信事業者: 回線の台帳（種類、工事の完了、プレフィックス）
    #[cfg(feature = "center")]
    Carrier(crate::lineauth_carrier::CarrierArgs),
    /// センターを動かします
    #[cfg(feature = "center")]
    #[command(subcommand)]
    Center(crate::center::CenterCommand),
    /// 網の小さなサーバー: 名前解決、転送プロキシ、時刻
    #[cfg(feature = "center")]
    #[command(subcommand)]
    Network(crate::network::NetworkCommand),
    /// 医療機関側のプログラム: 連携（ブリッジ）、証明書
    #[cfg(feature = "clinic")]
    #[command(subcommand)]
    Clinic(clinic_side::ClinicCommand),
    /// つながらない原因を調べます: 何が悪いか、誰が直すか、何をすればよいか
    #[cfg(feature = "clinic")]
    Doctor(crate::doctor::DoctorArgs),
    /// ルーター: 設定を書く、確かめる手順を書く、いまある設定の誤りを挙げる
    #[command(subcommand)]
    Router(router::RouterCommand),
    /// 問い合わせ: 窓口の受付時間、よくある質問
    #[command(subcommand)]
    Support(support::SupportCommand),
    /// 設定ファイルを調べます
    CheckConfig(check_config::CheckConfigArgs),
    /// シェルの補完を出力します（例: onshi completion bash）
    Completion {
        /// シェルの名前
        shell: clap_complete::Shell,
    },
}

const HELP: &str = "{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}";

/// Reads the command line; help and mistakes are answered in Japanese, and the program ends there.
pub(crate) fn read() -> Cli {
    let matches = in_japanese(Cli::command()).try_get_matches_from(with_what_was_left_out(std::env::args_os()));
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            match explained(&error) {
                Some(sentence) => eprintln!("{sentence}\n使い方は --help で見られます。"),
                // Help and version, asked for: they go where they belong.
                None => drop(error.print()),
            }
            std::process::exit(error.exit_code())
        }
    }
}

/// `onshi clinic certificate --request-id …` fetches: the word `get` may be left out, as it was before there were others.
fn with_what_was_left_out(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    let fetches = |word: &OsString| {
        let word = word.to_string_lossy();
        word.starts_with("--") && !["--help", "--version"].contains(&word.as_ref())
    };
    if words.iter().skip(1).take(2).eq(["clinic", "certificate"]) && words.get(3).is_some_and(fetches) {
        words.insert(3, "get".into());
    }
    words
}

/// Headings and the help option itself, through all subcommands.
fn in_japanese(command: Program) -> Program {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("この説明を表示します");
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help("版を表示します");
    let with_version = command.get_version().is_some();
    let command = command
        .help_template(HELP)
        .subcommand_help_heading("コマンド")
        .subcommand_value_name("コマンド")
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(|argument| match argument.is_positional() {
            true => argument.help_heading("引数"),
            false => argument.help_heading("指定"),
        })
        .arg(help.help_heading("指定"))
        .mut_subcommands(in_japanese);
    if with_version { command.arg(version.help_heading("指定")) } else { command }
}

/// A mistake on the command line as a Japanese sentence; none for help and version.
fn explained(error: &clap::Error) -> Option<String> {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("、"),
        _ => String::new(),
    };
    let argument = named(ContextKind::InvalidArg);
    let value = named(ContextKind::InvalidValue);
    let perhaps = |kind| match named(kind) {
        name if name.is_empty() => String::new(),
        name => format!("「{name}」ではありませんか。"),
    };
    Some(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::DisplayVersion => return None,
        ErrorKind::MissingRequiredArgument => format!("次の指定が要ります: {argument}"),
        ErrorKind::UnknownArgument => format!("「{argument}」という指定はありません。{}", perhaps(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            format!(
                "「{}」というコマンドはありません。{}",
                named(ContextKind::InvalidSubcommand),
                perhaps(ContextKind::SuggestedSubcommand)
            )
        }
        ErrorKind::MissingSubcommand => "コマンドが足りません。".to_owned(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => format!("{argument} に値が要ります。"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("{argument} に「{value}」は指定できません。{}", permitted(error)),
        ErrorKind::ArgumentConflict => format!("{argument} は、ほかの指定と一緒に使えないか、二度書かれています。"),
        _ => format!("命令を読み取れません: {}", error.kind()),
    })
}

fn permitted(error: &clap::Error) -> String {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => format!("使える値: {}", values.join("、")),
        _ => String::new(),
    }
}

/// Where a run on this machine keeps its data.
#[derive(Args, Clone)]
pub(crate) struct DataArgs {
    /// データの置き場所
    #[arg(long, value_name = "DIR", default_value = "onshi-data", env = "ONSHI_DATA")]
    pub(crate) data: PathBuf,
}

/// A carrier's area, as it is written on the command line.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Area {
    /// NTT東日本
    East,
    /// NTT西日本
    West,
}

impl From<Area> for manuals::Region {
    fn from(area: Area) -> Self {
        match area {
            Area::East => Self::East,
            Area::West => Self::West,
        }
    }
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
        Command::Carrier(args) => crate::lineauth_carrier::run(args).await,
        #[cfg(feature = "center")]
        Command::Center(command) => crate::center::run(command).await,
        #[cfg(feature = "center")]
        Command::Network(command) => crate::network::run(command).await,
        #[cfg(feature = "clinic")]
        Command::Clinic(command) => clinic_side::run(command).await,
        #[cfg(feature = "clinic")]
        Command::Doctor(args) => crate::doctor::run(args).await,
        Command::Router(command) => router::run(command),
        Command::Support(command) => support::run(command),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "onshi", &mut script);
            say!("{}", String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> String {
        explained(&in_japanese(Cli::command()).try_get_matches_from(words).unwrap_err()).unwrap_or_default()
    }

    #[test]
    fn mistakes_are_explained_in_japanese() {
        assert!(said(&["onshi", "staus"]).contains("「status」ではありませんか"));
        assert!(said(&["onshi", "status", "--jsn"]).contains("「--json」ではありませんか"));
        assert_eq!(said(&["onshi", "completion"]), "次の指定が要ります: <SHELL>");
        assert!(said(&["onshi", "completion", "tcsh"]).contains("使える値: bash"));
        assert_eq!(said(&["onshi", "--help"]), "");
    }

    #[test]
    fn the_word_get_may_be_left_out() {
        let whole = |words: &[&str]| with_what_was_left_out(words.iter().map(OsString::from)).join(" ".as_ref()).into_string().unwrap();
        assert_eq!(whole(&["onshi", "clinic", "certificate", "--request-id", "1"]), "onshi clinic certificate get --request-id 1");
        for same in
            ["onshi clinic certificate list --json", "onshi clinic certificate --help", "onshi clinic certificate -h", "onshi clinic"]
        {
            assert_eq!(whole(&same.split(' ').collect::<Vec<_>>()), same);
        }
    }

    #[test]
    fn the_command_line_holds_together() {
        in_japanese(Cli::command()).debug_assert();
    }
}
