//! The operators' door: lets only operators in, for every room, and carries out what they ask of the registry.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use chassis::clock::Clock;
use chassis::serve::Caller;
use http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use wire::number::FacilityCode;
use wire::snapshot::Closure;
use wire::status::Trouble;

use crate::applications::{FacilityApplication, LineApplication};
use crate::closures::Announcement;
use crate::error::{Error, Refusal};
use crate::rules::effects::Begin;
use crate::{Registry, door, rules, troubles};

/// Who may pass the operators' door: operators by name and password, and the machine's own command line by a token made at start.
#[derive(Clone)]
pub struct Guard {
    registry: Registry,
    local_token: Arc<SecretString>,
}

impl Guard {
    /// A guard that knows the registry's operators and the token of this run.
    #[must_use]
    pub fn new(registry: Registry, local_token: SecretString) -> Self {
        Self { registry, local_token: Arc::new(local_token) }
    }

    /// Puts the guard before all of `routes`.
    pub fn before(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), pass))
    }
}

async fn pass(State(guard): State<Guard>, Extension(caller): Extension<Caller>, request: Request, next: Next) -> Response {
    if !rules::operator_may_come_from(caller.address, guard.registry.config()) {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "この場所からは運用者の窓口を使えません。センターの設定 operators_from を確かめてください。",
        );
        return problem.into_response();
    }
    match is_operator(&guard, request.headers()).await {
        Ok(true) => next.run(request).await,
        Ok(false) => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "運用者の名前とパスワードが要ります（HTTP Basic 認証）。");
            let mut response = problem.into_response();
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Basic realm=\"onshi\", charset=\"UTF-8\""));
            response
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn is_operator(guard: &Guard, headers: &HeaderMap) -> Result<bool, Error> {
    let Some(given) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Ok(false);
    };
    if let Some(token) = given.strip_prefix("Bearer ") {
        let right = guard.local_token.expose_secret().as_bytes();
        return Ok(aws_lc_rs::constant_time::verify_slices_are_equal(token.as_bytes(), right).is_ok());
    }
    let pair = given.strip_prefix("Basic ").and_then(|text| data_encoding::BASE64.decode(text.trim().as_bytes()).ok());
    let Some((name, password)) = pair.and_then(|pair| {
        let text = String::from_utf8(pair).ok()?;
        text.split_once(':').map(|(name, password)| (name.to_owned(), SecretString::from(password.to_owned())))
    }) else {
        return Ok(false);
    };
    guard.registry.is_operator(&name, password).await
}

/// What an operator is told when something cannot be done.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    /// A problem with its sentence.
    #[must_use]
    pub fn new(status: StatusCode, message: &str) -> Self {
        Self { status, body: json!({ "message": message }) }
    }

    /// A failure of the center itself; the cause goes to the log.
    #[must_use]
    pub fn failure(cause: &dyn door::Cause) -> Self {
        let (status, refusal) = door::failure(cause);
        Self { status, body: json!({ "message": refusal.message, "code": refusal.code, "incident": refusal.incident }) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal @ Refusal::Unknown(_)) => Self::new(StatusCode::NOT_FOUND, &refusal.to_string()),
            Error::Refused(refusal @ (Refusal::Taken(_) | Refusal::Decided(_))) => Self::new(StatusCode::CONFLICT, &refusal.to_string()),
            Error::Refused(refusal) => Self::new(StatusCode::BAD_REQUEST, &refusal.to_string()),
            other => Self::failure(&other),
        }
    }
}

type Answer = Result<Json<Value>, Problem>;

#[derive(Clone)]
struct Desk {
    registry: Registry,
    clock: Clock,
}

/// What operators may ask of the registry; to be put behind [`Guard::before`].
pub fn routes(registry: Registry, clock: Clock) -> Router {
    Router::new()
        .route("/registry/applications", get(applications))
        .route("/registry/applications/facility", post(apply_facility))
        .route("/registry/applications/line", post(apply_line))
        .route("/registry/applications/{id}", get(application))
        .route("/registry/applications/{id}/approve", post(approve))
        .route("/registry/applications/{id}/refuse", post(refuse))
        .route("/registry/admissions", post(admit).delete(dismiss))
        .route("/registry/terminals", get(terminals))
        .route("/registry/terminals/{serial}/block", post(block))
        .route("/registry/terminals/{serial}/unblock", post(unblock))
        .route("/registry/accounts", post(create_account))
        .route("/registry/operators", post(add_operator))
        .route("/registry/closures", get(closures).post(add_closure))
        .route("/registry/closures/{id}", delete(remove_closure))
        .route("/registry/troubles", get(troubles).post(add_trouble))
        .route("/registry/troubles/{id}", delete(remove_trouble))
        .with_state(Desk { registry, clock })
}

async fn applications(State(desk): State<Desk>) -> Answer {
    Ok(Json(json!(desk.registry.applications().await?)))
}

async fn apply_facility(State(desk): State<Desk>, Json(wanted): Json<FacilityApplication>) -> Answer {
    let number = desk.registry.apply_for_facility(&wanted, desk.clock.now()).await?;
    Ok(Json(json!({ "application_id": number })))
}

async fn apply_line(State(desk): State<Desk>, Json(wanted): Json<LineApplication>) -> Answer {
    let number = desk.registry.apply_for_line(&wanted, desk.clock.now()).await?;
    Ok(Json(json!({ "application_id": number })))
}

async fn application(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    let (application, wish) = desk.registry.application(&id).await?;
    let mut shown = json!(application);
    if let (Value::Object(fields), Some(wish)) = (&mut shown, wish) {
        fields.insert("content".to_owned(), json!(wish));
    }
    Ok(Json(shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// `usual`, `now`, or a day.
    from: String,
}

async fn approve(State(desk): State<Desk>, Path(id): Path<String>, wanted: Option<Json<Approval>>) -> Answer {
    let from = wanted.map_or_else(|| "usual".to_owned(), |Json(wanted)| wanted.from);
    let problem = || Refusal::Wrong {
        field: "from",
        problem: "反映日は usual、now、または「2026-04-01」の形で書いてください。".to_owned(),
    };
    let begin = Begin::parse(&from).ok_or_else(|| Error::from(problem()))?;
    let works_from = desk.registry.approve_from(&id, begin, desk.clock.now()).await?;
    Ok(Json(json!({ "application_id": id, "state": "approved", "works_from": works_from })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

async fn refuse(State(desk): State<Desk>, Path(id): Path<String>, Json(wanted): Json<Reason>) -> Answer {
    desk.registry.refuse(&id, &wanted.reason, desk.clock.now()).await?;
    Ok(Json(json!({ "application_id": id, "state": "refused" })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Admission {
    line_id: String,
    prefix: String,
}

async fn admit(State(desk): State<Desk>, Json(wanted): Json<Admission>) -> Answer {
    let prefix = desk.registry.admit(&wanted.line_id, &wanted.prefix, desk.clock.now()).await?;
    Ok(Json(json!({ "line_id": wanted.line_id, "prefix": prefix, "admitted": true })))
}

#[derive(Deserialize)]
struct Dismissal {
    prefix: String,
}

async fn dismiss(State(desk): State<Desk>, Query(wanted): Query<Dismissal>) -> Answer {
    desk.registry.dismiss(&wanted.prefix).await?;
    Ok(Json(json!({ "prefix": wanted.prefix, "admitted": false })))
}

async fn closures(State(desk): State<Desk>) -> Answer {
    let closures = desk.registry.closures(desk.clock.now()).await?;
    Ok(Json(closures.iter().map(shown).collect()))
}

async fn add_closure(State(desk): State<Desk>, Json(wanted): Json<Announcement>) -> Answer {
    Ok(Json(shown(&desk.registry.add_closure(&wanted, desk.clock.now()).await?)))
}

async fn remove_closure(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    desk.registry.remove_closure(&id).await?;
    Ok(Json(json!({ "closure_id": id, "removed": true })))
}

async fn troubles(State(desk): State<Desk>) -> Answer {
    let troubles = desk.registry.troubles(desk.clock.now()).await?;
    Ok(Json(troubles.iter().map(told).collect()))
}

async fn add_trouble(State(desk): State<Desk>, Json(wanted): Json<troubles::Announcement>) -> Answer {
    Ok(Json(told(&desk.registry.add_trouble(&wanted, desk.clock.now()).await?)))
}

async fn remove_trouble(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    desk.registry.remove_trouble(&id).await?;
    Ok(Json(json!({ "trouble_id": id, "removed": true })))
}

/// A trouble as operators read it: in Japan's time.
fn told(trouble: &Trouble) -> Value {
    let japan = |at| chassis::clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string();
    json!({
        "trouble_id": trouble.trouble_id, "from": japan(trouble.begins_at), "until": trouble.ends_at.map(japan), "repairer": trouble.repairer,
        "regions": trouble.regions, "services": trouble.services, "text": trouble.text,
    })
}

/// A closure as operators read and write it: in Japan's time.
fn shown(closure: &Closure) -> Value {
    let japan = |at| chassis::clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string();
    json!({
        "closure_id": closure.closure_id, "service": closure.service, "from": japan(closure.begins_at), "until": japan(closure.ends_at),
        "reason": closure.reason,
    })
}

#[derive(Deserialize)]
struct Whose {
    facility_code: Option<String>,
}

async fn terminals(State(desk): State<Desk>, Query(whose): Query<Whose>) -> Answer {
    Ok(Json(json!(desk.registry.terminals(whose.facility_code.as_deref()).await?)))
}

async fn block(State(desk): State<Desk>, Path(serial): Path<String>) -> Answer {
    set_blocked(&desk, &serial, true).await
}

async fn unblock(State(desk): State<Desk>, Path(serial): Path<String>) -> Answer {
    set_blocked(&desk, &serial, false).await
}

async fn set_blocked(desk: &Desk, serial: &str, blocked: bool) -> Answer {
    desk.registry.block_terminal(serial, blocked, desk.clock.now()).await?;
    Ok(Json(json!({ "serial": serial, "blocked": blocked })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    facility_code: String,
    /// OQSCD005: `0` UTF-8, `1` Shift_JIS.
    #[serde(default = "utf8")]
    character_code: String,
}

fn utf8() -> String {
    "0".to_owned()
}

async fn create_account(State(desk): State<Desk>, Json(wanted): Json<NewAccount>) -> Answer {
    let wrong = |field, problem: &str| Problem::from(Error::from(Refusal::Wrong { field, problem: problem.to_owned() }));
    let code = FacilityCode::parse(&wanted.facility_code)
        .map_err(|_| wrong("facility_code", "医療機関コードは半角数字 10 桁で書いてください。"))?;
    if !["0", "1"].contains(&wanted.character_code.as_str()) {
        return Err(wrong("character_code", "文字コードは 0（UTF-8）か 1（Shift_JIS）です。"));
    }
    let (account_id, password) = desk.registry.create_account(&code, &wanted.character_code, desk.clock.now()).await?;
    Ok(Json(json!({ "account_id": account_id, "password": password.expose_secret(), "note": "パスワードは二度と表示されません。" })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOperator {
    operator_id: String,
    password: SecretString,
}

async fn add_operator(State(desk): State<Desk>, Json(wanted): Json<NewOperator>) -> Answer {
    if wanted.password.expose_secret().chars().count() < 13 {
        let problem = "パスワードは 13 文字以上にしてください。".to_owned();
        return Err(Error::from(Refusal::Wrong { field: "password", problem }).into());
    }
    desk.registry.add_operator(&wanted.operator_id, wanted.password, desk.clock.now()).await?;
    Ok(Json(json!({ "operator_id": wanted.operator_id })))
}
