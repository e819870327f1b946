//! The register's commands: make fictitious people, bring people in from a file, count them.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use axum::body::Body;
use clap::{Args, Subcommand};
use futures_util::TryStreamExt;
use http::{Method, header};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio_util::io::ReaderStream;

use crate::answers;
use crate::operate::{Asked, OperatorArgs, answer_of, ask, ask_closed, running_center};

/// `onshi people …`
#[derive(Subcommand)]
pub(crate) enum PeopleCommand {
    /// 架空の加入者を作り、CSV で出力します（同じ種からは同じ人々ができます）
    Generate {
        /// 人数
        #[arg(long, default_value_t = 1000)]
        count: u64,
        /// 種
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// 出力先（無ければ標準出力）
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// 加入者を CSV ファイルから取り込みます（一行でも誤りがあれば何も変えません）
    Import(ImportArgs),
    /// 台帳の人数
    Count {
        #[command(flatten)]
        operator: OperatorArgs,
    },
}

/// `onshi people import`
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// CSV ファイル（書き方: docs/people-csv.md）
    file: PathBuf,
    /// 今の台帳を空にしてから取り込みます
    #[arg(long)]
    replace: bool,
    /// 誤りのある行を除いて取り込みます
    #[arg(long)]
    accept_good_lines: bool,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// `onshi people …`
pub(crate) async fn run(command: PeopleCommand) -> anyhow::Result<ExitCode> {
    match command {
        PeopleCommand::Generate { count, seed, output } => generate(count, seed, output),
        PeopleCommand::Import(args) => import(&args).await,
        PeopleCommand::Count { operator } => {
            let value = ask(&operator, Asked { method: Method::GET, path: "/eligibility/people".to_owned(), body: None }).await?;
            say!("{}", answers::shown(&value, operator.json)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn generate(count: u64, seed: u64, output: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let sink: Box<dyn Write> = match &output {
        Some(path) => Box::new(std::fs::File::create(path).with_context(|| format!("{} を作れません", path.display()))?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut sink = std::io::BufWriter::with_capacity(1 << 20, sink);
    eligibility::people::generate(&eligibility::people::Plan::new(count, seed), &mut sink)?;
    sink.flush()?;
    if let Some(path) = output {
        eprintln!("{count} 人を {} に書きました。", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let file = tokio::fs::File::open(&args.file).await.with_context(|| format!("{} を開けません", args.file.display()))?;
    let bar = ProgressBar::new(file.metadata().await?.len());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} 残り {eta}") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let stream = ReaderStream::with_capacity(file, 1 << 18).inspect_ok(move |bytes| shown.inc(u64::try_from(bytes.len()).unwrap_or(0)));
    let path = format!("/eligibility/people/import?replace={}&accept_good_lines={}", args.replace, args.accept_good_lines);
    let report = match running_center(&args.operator).await? {
        Some((run, client)) => {
            let request = client
                .post(run.operator_url(&path))
                .bearer_auth(run.local_token.expose_secret())
                .timeout(std::time::Duration::from_secs(3600))
                .header(header::CONTENT_TYPE, "text/csv")
                .body(reqwest::Body::wrap_stream(stream));
            answer_of(request).await?
        }
        None => ask_closed(&args.operator, Method::POST, &path, Body::from_stream(stream)).await?,
    };
    bar.finish_and_clear();
    say!("{}", answers::shown(&report, args.operator.json)?);
    let applied = report.get("applied").and_then(Value::as_bool).unwrap_or(false);
    Ok(if applied { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
