//! The operators' commands: sends each to the running center, or opens the center's data for it when none is running.

mod decide;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::body::Body;
use chassis::clock::Clock;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use clap::{Args, Subcommand, ValueEnum};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

use self::decide::{ApplicationCommand, CertificateApplicationCommand, ClosureCommand, RevocationCommand, TroubleCommand};
use crate::answers;
use crate::center::Center;
use crate::center_config::{CenterConfig, ENVIRONMENT_PREFIX, Room};
use crate::cli::DataArgs;
use crate::run_file::{RunFile, running};

/// Where the center's data is, and how to print.
#[derive(Args, Clone)]
pub(crate) struct OperatorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// センターの設定ファイル（センターが止まっているときに使います。無ければ試験用の設定）
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// `onshi registry …`
#[derive(Args)]
pub(crate) struct RegistryArgs {
    #[command(flatten)]
    operator: OperatorArgs,
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Subcommand)]
enum RegistryCommand {
    /// 医療機関の利用を申請します
    ApplyFacility {
        /// 医療機関コード（10 桁）
        #[arg(long)]
        code: String,
        /// 名称
        #[arg(long)]
        name: String,
        /// 利用開始日（YYYY-MM-DD）
        #[arg(long)]
        from: String,
    },
    /// 回線の利用を申請します
    ApplyLine {
        /// 医療機関コード（10 桁）
        #[arg(long)]
        code: String,
        /// お客さまID（CAF と数字 10 桁、東日本では COP と数字 8 桁も）
        #[arg(long)]
        line_id: String,
        /// 回線の種類
        #[arg(long)]
        line_type: String,
    },
    /// 利用申請: 一覧、内容、承認、お断り
    #[command(subcommand)]
    Application(ApplicationCommand),
    /// 申請の一覧
    Applications,
    /// 申請を承認します
    Approve {
        /// 申請番号
        application: String,
    },
    /// 回線のプレフィックスを通行許可に載せます
    Admit {
        /// お客さまID
        #[arg(long)]
        line_id: String,
        /// プレフィックス（例: 2408:210:aaaa:bb00::/64）
        #[arg(long)]
        prefix: String,
    },
    /// 回線のプレフィックスを通行許可から外します
    Dismiss {
        /// プレフィックス
        prefix: String,
    },
    /// 端末の一覧
    Terminals {
        /// この医療機関のものだけ
        #[arg(long)]
        code: Option<String>,
    },
    /// 端末を止めます（次の要求から拒まれます）
    Block {
        /// 証明書のシリアル番号
        serial: String,
    },
    /// 止めた端末をまた通します
    Unblock {
        /// 証明書のシリアル番号
        serial: String,
    },
    /// 連携アプリケーション用のアカウントを作ります
    AddAccount {
        /// 医療機関コード（10 桁）
        #[arg(long)]
        code: String,
        /// 文字コード: 0 は UTF-8、1 は Shift_JIS
        #[arg(long, default_value = "0")]
        character_code: String,
    },
    /// 閉塞の予定（プロキシなどを止める時間）
    #[command(subcommand)]
    Closure(ClosureCommand),
    /// 障害のお知らせ（センターの状況のページに出ます）
    #[command(subcommand)]
    Trouble(TroubleCommand),
    /// 署名付きの一覧（通行許可と閉塞）を作ります
    Snapshot {
        /// 一覧を書くファイル（無ければ、あらましだけを表示します）
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 運用者を加えます（パスワードは環境変数 ONSHI_NEW_PASSWORD で渡します）
    AddOperator {
        /// 運用者の名前
        name: String,
    },
}

/// `onshi authority …`
#[derive(Args)]
pub(crate) struct AuthorityArgs {
    #[command(flatten)]
    operator: OperatorArgs,
    #[command(subcommand)]
    command: AuthorityCommand,
}

#[derive(Subcommand)]
enum AuthorityCommand {
    /// 電子証明書発行通知を作ります
    Notice {
        /// 医療機関コード（10 桁）
        #[arg(long)]
        code: String,
        /// 端末の名称
        #[arg(long)]
        terminal: String,
    },
    /// 発行した証明書の一覧
    Certificates,
    /// 電子証明書の発行申請
    #[command(subcommand)]
    Application(CertificateApplicationCommand),
    /// 電子証明書の失効申請
    #[command(subcommand)]
    Revocation(RevocationCommand),
    /// 期限ごとの枚数、これからの更新、応答のない端末、承認待ちの件数
    Summary,
    /// 証明書を失効させます（端末は次の要求から拒まれます）
    Revoke {
        /// 証明書のシリアル番号
        serial: String,
    },
    /// 失効リストを作って出力します
    RevocationList,
    /// ルート証明書と指紋
    Roots,
}

/// One request to the operators' door.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Asked {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), body: None }
    }
    pub(crate) fn post(path: &str, body: Value) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body: Some(body) }
    }
}

/// `onshi registry …`
pub(crate) async fn registry(args: RegistryArgs) -> anyhow::Result<ExitCode> {
    use RegistryCommand as C;
    let asked = match args.command {
        C::ApplyFacility { code, name, from } => {
            Asked::post("/registry/applications/facility", json!({ "facility_code": code, "name": name, "valid_from": from }))
        }
        C::ApplyLine { code, line_id, line_type } => {
            Asked::post("/registry/applications/line", json!({ "facility_code": code, "line_id": line_id, "line_type": line_type }))
        }
        C::Application(command) => command.asked(),
        C::Applications => ApplicationCommand::List.asked(),
        C::Approve { application } => ApplicationCommand::Approve { application, from: "usual".to_owned() }.asked(),
        C::Admit { line_id, prefix } => Asked::post("/registry/admissions", json!({ "line_id": line_id, "prefix": prefix })),
        C::Dismiss { prefix } => {
            let path = format!("/registry/admissions?prefix={}", prefix.replace('/', "%2F"));
            Asked { method: Method::DELETE, path, body: None }
        }
        C::Terminals { code: None } => Asked::get("/registry/terminals"),
        C::Terminals { code: Some(code) } => Asked::get(&format!("/registry/terminals?facility_code={code}")),
        C::Block { serial } => Asked::post(&format!("/registry/terminals/{serial}/block"), Value::Null),
        C::Unblock { serial } => Asked::post(&format!("/registry/terminals/{serial}/unblock"), Value::Null),
        C::AddAccount { code, character_code } => {
            Asked::post("/registry/accounts", json!({ "facility_code": code, "character_code": character_code }))
        }
        C::Closure(command) => command.asked(),
        C::Trouble(command) => command.asked(),
        C::Snapshot { out } => return snapshot(&args.operator, out.as_deref()).await,
        C::AddOperator { name } => {
            let password = std::env::var("ONSHI_NEW_PASSWORD").context("環境変数 ONSHI_NEW_PASSWORD に新しいパスワードを入れてください")?;
            Asked::post("/registry/operators", json!({ "operator_id": name, "password": password }))
        }
    };
    show(&args.operator, asked).await
}

/// A snapshot made now, into a file if one is named.
async fn snapshot(operator: &OperatorArgs, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut about = ask(operator, Asked::get("/registry/snapshot")).await?;
    let envelope = about.as_object_mut().and_then(|about| about.remove("envelope"));
    if let Some(path) = out {
        let envelope = envelope.as_ref().and_then(Value::as_str).context("センターの答えに一覧がありません")?;
        chassis::files::write_whole(path, envelope.as_bytes()).with_context(|| format!("{} を書けません", path.display()))?;
    }
    say!("{}", answers::shown(&about, operator.json)?);
    Ok(ExitCode::SUCCESS)
}

/// `onshi authority …`
pub(crate) async fn authority(args: AuthorityArgs) -> anyhow::Result<ExitCode> {
    use AuthorityCommand as C;
    let asked = match args.command {
        C::Notice { code, terminal } => Asked::post("/authority/notices", json!({ "facility_code": code, "terminal_name": terminal })),
        C::Certificates => Asked::get("/authority/certificates"),
        C::Application(command) => command.asked(),
        C::Revocation(command) => command.asked(),
        C::Summary => Asked::get("/authority/summary"),
        C::Revoke { serial } => Asked::post(&format!("/authority/certificates/{serial}/revoke"), Value::Null),
        C::RevocationList => Asked::get("/authority/revocation-list"),
        C::Roots => Asked::get("/authority/roots"),
    };
    show(&args.operator, asked).await
}

pub(crate) async fn show(operator: &OperatorArgs, asked: Asked) -> anyhow::Result<ExitCode> {
    let value = ask(operator, asked).await?;
    say!("{}", answers::shown(&value, operator.json)?);
    Ok(ExitCode::SUCCESS)
}

/// Carries out one request and returns the answer; a refusal is an error with the door's own sentence.
pub(crate) async fn ask(operator: &OperatorArgs, asked: Asked) -> anyhow::Result<Value> {
    let body = asked.body.filter(|body| !body.is_null()).map(|body| body.to_string());
    match running(&operator.data.data).await? {
        Some((run, client)) => {
            let mut request = client.request(asked.method, run.operator_url(&asked.path)).bearer_auth(run.local_token.expose_secret());
            if let Some(body) = body {
                request = request.header(header::CONTENT_TYPE, "application/json").body(body);
            }
            answer_of(request).await
        }
        None => {
            let body = body.map_or_else(Body::empty, Body::from);
            ask_closed(operator, asked.method, &asked.path, body).await
        }
    }
}

/// Sends a request to the running center and reads its answer.
pub(crate) async fn answer_of(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await.context("センターに届きません")?;
    let status = answer.status();
    read(status, &answer.bytes().await.context("センターの答えを読めません")?)
}

/// Opens the center's data in this process and asks its door directly: the same code as when it is running.
pub(crate) async fn ask_closed(operator: &OperatorArgs, method: Method, path: &str, body: Body) -> anyhow::Result<Value> {
    let center = open_closed(operator).await?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", center.local_token.expose_secret()))
        .body(body)?;
    request.extensions_mut().insert(Caller {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        host: Arc::from(manuals::hosts::operator().name),
        certificate: PeerCertificate::Absent,
    });
    let answer = match center.operator_routes().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let status = answer.status();
    read(status, &answer.into_body().collect().await?.to_bytes())
}

async fn open_closed(operator: &OperatorArgs) -> anyhow::Result<Center> {
    let mut config: CenterConfig = match &operator.config {
        Some(path) => chassis::config::load(path, ENVIRONMENT_PREFIX)?,
        None => {
            let data = &operator.data.data;
            if !data.join("center").exists() {
                bail!(
                    "{} にセンターのデータがありません。onshi up で始めるか、--data または --config で場所を示してください。",
                    data.display()
                );
            }
            CenterConfig::demonstration(data, 0)?
        }
    };
    // Whichever rooms the process of this file serves: here is no other to ask.
    config.center.rooms = Room::value_variants().to_vec();
    Center::open(config, Clock::system()).await
}

fn read(status: http::StatusCode, body: &[u8]) -> anyhow::Result<Value> {
    let value: Value = serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
    if status.is_success() {
        return Ok(value);
    }
    match value.get("message").and_then(Value::as_str) {
        Some(message) => bail!("{message}"),
        None => bail!("センターが応じませんでした（{status}）。"),
    }
}

/// The note of the center's run, for commands that need more than one request.
pub(crate) async fn running_center(operator: &OperatorArgs) -> anyhow::Result<Option<(RunFile, reqwest::Client)>> {
    running(&operator.data.data).await
}
