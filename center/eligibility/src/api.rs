//! The Web API for programs: log in, then ask whether a person is insured; every question is recorded before it is answered.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use chassis::audit::Audit;
use chassis::clock::{self, Clock};
use chassis::serve::Caller;
use http::{HeaderMap, StatusCode, header};
use manuals::situation::Situation;
use registry::{Demand, Registry, door};
use wire::check::{CheckRequest, CheckResult, Echo};
use wire::login::{LoginReply, LoginRequest, Tokens};

use crate::Eligibility;
use crate::check::{self, Question};
use crate::steps::Step;

/// Largest log-in in bytes.
const MAX_LOGIN: usize = 16 * 1024;

/// The desk of the Web API and what it asks of others.
#[derive(Clone)]
pub struct Desk {
    /// The register of the insured.
    pub eligibility: Eligibility,
    /// Who may ask.
    pub registry: Registry,
    /// Where each question is recorded.
    pub audit: Audit,
    /// The time.
    pub clock: Clock,
}

/// The routes of the host where programs log in.
pub fn login_routes(desk: Desk) -> Router {
    closed(Router::new().route(manuals::hosts::paths().web_api_login, post(log_in)))
        .layer(DefaultBodyLimit::max(MAX_LOGIN))
        .with_state(desk)
}

/// The routes of the host where programs ask.
pub fn search_routes(desk: Desk) -> Router {
    closed(Router::new().route(manuals::hosts::paths().web_api_search, post(search)))
        .layer(DefaultBodyLimit::max(wire::MAX_MESSAGE_BYTES))
        .with_state(desk)
}

fn closed(routes: Router<Desk>) -> Router<Desk> {
    routes
        .fallback(async || door::answer(door::refusal(Situation::NotFound)))
        .method_not_allowed_fallback(async || door::answer(door::refusal(Situation::MethodNotAllowed)))
}

async fn log_in(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<LoginRequest>, JsonRejection>,
) -> Response {
    let now = desk.clock.now();
    // Only a terminal of the facility itself may try its passwords.
    let demand = Demand { certificate: true, session: false };
    let entry = match desk.registry.enter(&caller, None, demand, now).await {
        Ok(Ok(entry)) => entry,
        Ok(Err(situation)) => return login_refused(door::refusal(situation)),
        Err(error) => return login_refused(door::failure(&error)),
    };
    let wanted = match body {
        Ok(Json(wanted)) => wanted,
        Err(rejection) => {
            let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
            return login_refused(door::refusal(if too_large { Situation::TooLarge } else { Situation::MalformedMessage }));
        }
    };
    match desk.registry.log_in(&wanted.user_id, wanted.password, &entry, now).await {
        Ok(Ok(session)) => {
            let tokens = Tokens {
                access_token: session.token.clone(),
                // A refresh token would be a second password: programs log in again instead.
                refresh_token: String::new().into(),
                id_token: session.token,
                link_sys_char_cd: session.character_code,
            };
            Json(LoginReply { status: "OK".to_owned(), msg: String::new(), result: Some(tokens) }).into_response()
        }
        Ok(Err(situation)) => login_refused(door::refusal(situation)),
        Err(error) => login_refused(door::failure(&error)),
    }
}

fn login_refused((status, refusal): (StatusCode, wire::enrolment::Refusal)) -> Response {
    let header = door::incident_header(&refusal);
    let reply = LoginReply { status: refusal.code, msg: refusal.message, result: None };
    with_incident((status, Json(reply)).into_response(), header)
}

fn with_incident(mut response: Response, header: Option<(http::HeaderName, http::HeaderValue)>) -> Response {
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}

async fn search(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let begun = clock::instant();
    let now = desk.clock.now();
    let response = ask(&desk, &caller, &headers, body, now).await;
    metrics::histogram!("onshi_check_seconds").record(begun.elapsed().as_secs_f64());
    response
}

/// The way of one question, step by step.
async fn ask(desk: &Desk, caller: &Caller, headers: &HeaderMap, body: Result<Bytes, BytesRejection>, now: jiff::Timestamp) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // The field sends the token bare; a well-meant "Bearer" does no harm.
    let token = token.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    let demand = Demand { certificate: desk.eligibility.config().require_certificate, session: true };
    let entry = match Step::Admit.when(desk.registry.enter(caller, token, demand, now)).await {
        Ok(Ok(entry)) => entry,
        Ok(Err(situation)) => return refused(now, Echo::default(), door::refusal(situation), None),
        Err(error) => return refused(now, Echo::default(), door::failure(&error), None),
    };
    let unread = |situation, more| refused(now, Echo::unread(&entry.facility_code), door::refusal(situation), more);
    let bytes = match body.map_err(|rejection| rejection.status()) {
        Ok(bytes) => bytes,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => return unread(Situation::TooLarge, None),
        Err(_) => return unread(Situation::MalformedMessage, None),
    };
    let request: CheckRequest = match Step::Read.of(|| wire::json::read_check_request(&bytes)) {
        Ok(request) => request,
        Err(error) => return unread(error.situation(), Some(error.to_string())),
    };
    let drop_id = match check::drop_id(headers.get(wire::header::DROP_ID)) {
        Ok(drop_id) => drop_id,
        Err(situation) => return refused(now, Echo::from(&request), door::refusal(situation), None),
    };
    let question = Question { request, drop_id, entry };
    match check::answer(desk, &question, now).await {
        Ok(reply) => with_incident(json(reply.status, reply.body), reply.incident),
        Err(error) => refused(now, Echo::from(&question.request), door::failure(&error), None),
    }
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// A refusal in the shape of an answer, so that every client can read it. `more` says where the mistake is.
fn refused(now: jiff::Timestamp, echo: Echo, (status, refusal): (StatusCode, wire::enrolment::Refusal), more: Option<String>) -> Response {
    let header = door::incident_header(&refusal);
    let message = match more {
        Some(more) => format!("{} {more}", refusal.message),
        None => refusal.message,
    };
    let result = CheckResult::refusal(clock::japan(now), echo, &refusal.code, &message);
    with_incident(json(status, wire::json::write_check_result(&result)), header)
}
