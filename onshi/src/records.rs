//! The audit log's commands: look for tampering, and write it out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chassis::audit::{self, AuditError, AuditKeys, PublicKey, VerifyReport};
use chassis::db::Database;
use clap::{Args, Subcommand};
use http::header;
use registry::operator::Problem;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use crate::answers;
use crate::center::{heads_folder, open_vault};
use crate::center_config::{CenterConfig, ENVIRONMENT_PREFIX};
use crate::cli::DataArgs;
use crate::operate::answer_of;
use crate::run_file::running;

/// `onshi audit …`
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// 監査記録が変えられたり切られたりしていないかを調べます
    Verify(AuditArgs),
    /// 監査記録を一行一件の JSON で出力します
    Export(AuditArgs),
}

/// Where the log is.
#[derive(Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    data: DataArgs,
    /// センターの設定ファイル（無ければ試験用の設定）
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// `onshi audit …`: asks the running center, or reads the log itself when none is running.
pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify(args) => verify(&args).await,
        AuditCommand::Export(args) => export(&args).await,
    }
}

/// The log as a running center holds it.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) db: Database,
    pub(crate) public_key: PublicKey,
    pub(crate) heads: PathBuf,
}

impl Log {
    async fn verify(&self) -> Result<VerifyReport, AuditError> {
        audit::verify(&self.db, std::slice::from_ref(&self.public_key), &self.heads).await
    }
}

/// What operators may ask of the log; to be put behind the operators' guard.
pub(crate) fn routes(log: Log) -> Router {
    Router::new().route("/audit/verify", get(verified)).route("/audit/export", get(exported)).with_state(log)
}

async fn verified(State(log): State<Log>) -> Response {
    match log.verify().await {
        Ok(report) => Json(report).into_response(),
        Err(error) => Problem::failure(&error).into_response(),
    }
}

async fn exported(State(log): State<Log>) -> Response {
    // The log is streamed: it may be larger than the memory.
    let (reader, mut writer) = tokio::io::duplex(256 * 1024);
    tokio::spawn(async move {
        if let Err(error) = audit::export(&log.db, &mut writer).await {
            tracing::error!(%error, "the export broke off");
        }
    });
    ([(header::CONTENT_TYPE, "application/jsonl")], Body::from_stream(ReaderStream::new(reader))).into_response()
}

async fn verify(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let report = match running(&args.data.data).await? {
        Some((run, client)) => {
            let request = client.get(run.operator_url("/audit/verify")).bearer_auth(run.local_token.expose_secret());
            answer_of(request).await?
        }
        None => serde_json::to_value(open(args).await?.verify().await?)?,
    };
    let faults = report.get("faults").and_then(Value::as_array).cloned().unwrap_or_default();
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else if faults.is_empty() {
        say!("監査記録に異常はありません（{} 件）。", report.get("records").and_then(Value::as_u64).unwrap_or_default());
    } else {
        say!("監査記録に異常があります:");
        say!("{}", answers::shown(&Value::Array(faults.clone()), false)?);
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

async fn export(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let mut out = tokio::io::stdout();
    match running(&args.data.data).await? {
        Some((run, client)) => {
            let request = client.get(run.operator_url("/audit/export")).bearer_auth(run.local_token.expose_secret());
            let mut answer = request.send().await.context("センターに届きません")?.error_for_status()?;
            while let Some(part) = answer.chunk().await.context("書き出しが途中で切れました")? {
                out.write_all(&part).await?;
            }
            out.flush().await?;
        }
        None => {
            audit::export(&open(args).await?.db, &mut out).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(args: &AuditArgs) -> anyhow::Result<Log> {
    let config: CenterConfig = match &args.config {
        Some(path) => chassis::config::load(path, ENVIRONMENT_PREFIX)?,
        None => CenterConfig::demonstration(&args.data.data, 0)?,
    };
    let folder = config.folder();
    if !folder.join("keys").exists() {
        bail!("{} にセンターのデータがありません。--data または --config で場所を示してください。", folder.display());
    }
    let keys = AuditKeys::load_or_create(&open_vault(&folder)?)?;
    let db = Database::open(&config.databases().audit).await.context("監査記録を開けません")?;
    Ok(Log { db, public_key: keys.public().clone(), heads: heads_folder(&folder) })
}
