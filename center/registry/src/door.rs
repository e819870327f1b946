//! The words and the incident number with which every door of the center refuses a caller.

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use chassis::audit::AuditError;
use chassis::db::DbError;
use chassis::incident;
use chassis::page::{self, Frame, Language};
use chassis::serve::Caller;
use http::{HeaderName, HeaderValue, StatusCode, header};
use manuals::hosts;
use manuals::situation::Situation;
use wire::enrolment::Refusal;

use crate::Registry;
use crate::origin::Around;

/// A refusal with its HTTP status, already written to the log under its incident number.
#[must_use]
pub fn refusal(situation: Situation) -> (StatusCode, Refusal) {
    let text = situation.get();
    let incident = incident::number();
    tracing::info!(%incident, situation = situation.key(), code = text.code, "refused");
    metrics::counter!("onshi_refusals_total", "situation" => situation.key()).increment(1);
    let refusal = Refusal {
        code: text.code.to_owned(),
        message: text.desk.to_owned(),
        vendor_message: text.vendor.to_owned(),
        incident: Some(incident),
        owner: Some(text.owner.label().to_owned()),
        see: (situation == Situation::UnadmittedLine).then(|| format!("{}/", manuals::lineauth::url())),
    };
    (StatusCode::from_u16(text.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal)
}

/// Why a door could not answer.
pub trait Cause: std::fmt::Display {
    /// Whether the same request may be answered in a moment: the database was away, or is changing places.
    fn is_passing(&self) -> bool;
}

impl Cause for DbError {
    fn is_passing(&self) -> bool {
        self.is_unavailable()
    }
}

impl Cause for AuditError {
    /// What could not be recorded was not answered either, and may be asked again.
    fn is_passing(&self) -> bool {
        match self {
            Self::NotWritten(_) | Self::ReplyExpired | Self::Closed => true,
            Self::Database(error) => error.is_passing(),
            _ => false,
        }
    }
}

/// A failure of the center itself: the cause goes to the log only, the caller gets the incident number, and is told to come again when
/// that may help.
#[must_use]
pub fn failure(cause: &dyn Cause) -> (StatusCode, Refusal) {
    let (status, refusal) = refusal(if cause.is_passing() { Situation::Busy } else { Situation::InternalError });
    tracing::error!(incident = refusal.incident.as_deref().unwrap_or_default(), %cause, "could not answer");
    (status, refusal)
}

/// A refusal as a JSON answer, its incident number also in a header.
#[must_use]
pub fn answer((status, refusal): (StatusCode, Refusal)) -> Response {
    let incident = incident_header(&refusal);
    let mut response = (status, Json(&refusal)).into_response();
    response.extensions_mut().insert(refusal);
    if let Some((name, value)) = incident {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The header that carries a refusal's incident number.
#[must_use]
pub fn incident_header(refusal: &Refusal) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::from_str(refusal.incident.as_deref()?).ok()?;
    Some((HeaderName::from_static(wire::header::INCIDENT), value))
}

/// Puts what every door has in common before the routes of a host: who is not admitted learns nothing else, not even which paths there are, and a
/// browser gets a refusal as a page.
pub fn before(registry: Registry, routes: Router) -> Router {
    routes.layer(middleware::from_fn_with_state(registry, gate)).merge(page::style())
}

async fn gate(State(registry): State<Registry>, request: Request, next: Next) -> Response {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (is_browser, language) = (accepted.contains("text/html"), Language::asked(request.headers()));
    let caller = request.extensions().get::<Caller>().cloned();
    let around = caller.as_ref().map(|caller| Around::of(&request, &caller.host)).unwrap_or_default();
    let mut response = next.run(request).await;
    if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        && let Some(caller) = &caller
    {
        match registry.is_admitted(caller.address).await {
            Ok(true) => {}
            Ok(false) => response = answer(refusal(Situation::UnadmittedLine)),
            Err(error) => response = answer(failure(&error)),
        }
    }
    match response.extensions().get::<Refusal>() {
        Some(refusal) if is_browser => page_of(response.status(), refusal, language, &around, caller.as_ref()),
        _ => response,
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    refusal: &'a Refusal,
    portal: Option<String>,
    address: String,
    english: bool,
}

fn page_of(status: StatusCode, refusal: &Refusal, language: Language, around: &Around, caller: Option<&Caller>) -> Response {
    let portal = refusal.see.as_ref().map(|_| format!("{}/", around.origin(hosts::line_portal())));
    let address = caller.map(|caller| caller.address.to_string()).unwrap_or_default();
    let content = Refused { refusal, portal, address, english: language == Language::English };
    let service = caller.and_then(|caller| hosts::by_name(&caller.host)).map_or("", |host| host.purpose);
    page::show(status, &Frame { language, service, title: "利用できません", form_targets: &[] }, &content)
}
