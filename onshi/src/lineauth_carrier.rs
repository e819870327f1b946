//! The carrier's commands: its lines, what changes about them, and which prefixes they hold.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use manuals::Region;
use serde_json::{Value, json};

use crate::cli::Area;
use crate::operate::{Asked, OperatorArgs, show};

/// `onshi carrier …`
#[derive(Args)]
pub(crate) struct CarrierArgs {
    #[command(flatten)]
    operator: OperatorArgs,
    #[command(subcommand)]
    command: CarrierCommand,
}

#[derive(Subcommand)]
enum CarrierCommand {
    /// 回線
    #[command(subcommand)]
    Line(LineCommand),
}

#[derive(Clone, Copy, ValueEnum)]
enum Option6 {
    /// 種類・地域・申込日のとおり
    Default,
    /// あり
    On,
    /// なし
    Off,
}

/// Which line.
#[derive(Args)]
struct Which {
    /// お客さまID
    line_id: String,
    /// 地域
    #[arg(long, value_enum, default_value = "east")]
    region: Area,
}

#[derive(Subcommand)]
enum LineCommand {
    /// 回線を加えます（すでにあれば置き換えます）
    Add {
        #[command(flatten)]
        which: Which,
        /// 回線の種類（manuals の名前。接続対象外の種類は自由に書けます）
        #[arg(long, default_value = "next-family")]
        line_type: String,
        /// コラボ光の事業者
        #[arg(long, default_value = "")]
        reseller: String,
        /// フレッツ・v6オプション
        #[arg(long, value_enum, default_value = "default")]
        v6_option: Option6,
        /// 申込日（YYYY-MM-DD）
        #[arg(long)]
        applied_on: String,
        /// 工事完了処理の日（YYYY-MM-DD。無ければ未完了）
        #[arg(long)]
        work_completed: Option<String>,
        /// プレフィックス（RA は /64、DHCPv6-PD は /56 か /48。いくつでも）
        #[arg(long)]
        prefix: Vec<String>,
    },
    /// JSON のファイルにある回線をまとめて加えます
    Load {
        /// 回線の配列
        file: PathBuf,
    },
    /// 回線の一覧
    List {
        /// この回線だけ
        line_id: Option<String>,
    },
    /// 回線のプレフィックスを替えます（替わった回線は、回線認証をやり直します）
    Prefix {
        #[command(flatten)]
        which: Which,
        /// 新しいプレフィックス
        #[arg(required = true)]
        prefix: Vec<String>,
    },
    /// 工事完了処理をします
    Complete {
        #[command(flatten)]
        which: Which,
        /// 完了の日（YYYY-MM-DD）
        #[arg(long)]
        on: String,
    },
    /// フレッツ・v6オプションを付ける、外す
    Option {
        #[command(flatten)]
        which: Which,
        /// あり、なし
        #[arg(long, value_enum)]
        v6: Option6,
    },
    /// 回線を除きます
    Remove {
        #[command(flatten)]
        which: Which,
    },
}

/// `onshi carrier …`
pub(crate) async fn run(args: CarrierArgs) -> anyhow::Result<ExitCode> {
    let CarrierCommand::Line(command) = args.command;
    show(&args.operator, asked(command)?).await
}

fn asked(command: LineCommand) -> anyhow::Result<Asked> {
    use LineCommand as C;
    let at = |which: &Which| format!("/carrier/lines/{}/{}", area(which.region), which.line_id);
    let change = |which: &Which, change: Value| Asked { method: Method::PATCH, path: at(which), body: Some(change) };
    Ok(match command {
        C::Add { which, line_type, reseller, v6_option, applied_on, work_completed, prefix } => Asked::post(
            "/carrier/lines",
            json!({
                "line_id": which.line_id, "region": area(which.region), "line_type": line_type, "reseller": reseller,
                "v6_option": option(v6_option), "applied_on": applied_on, "work_completed": work_completed, "prefixes": prefix,
            }),
        ),
        C::Load { file } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("{} を読めません", file.display()))?;
            Asked::post(
                "/carrier/lines",
                serde_json::from_str(&text).with_context(|| format!("{} は JSON ではありません", file.display()))?,
            )
        }
        C::List { line_id: None } => Asked::get("/carrier/lines"),
        C::List { line_id: Some(line_id) } => Asked::get(&format!("/carrier/lines?line_id={line_id}")),
        C::Prefix { which, prefix } => change(&which, json!({ "prefixes": prefix })),
        C::Complete { which, on } => change(&which, json!({ "work_completed": on })),
        C::Option { which, v6 } => change(&which, json!({ "v6_option": option(v6) })),
        C::Remove { which } => Asked { method: Method::DELETE, path: at(&which), body: None },
    })
}

fn area(area: Area) -> &'static str {
    Region::from(area).key()
}

fn option(option: Option6) -> &'static str {
    match option {
        Option6::Default => "default",
        Option6::On => "on",
        Option6::Off => "off",
    }
}
