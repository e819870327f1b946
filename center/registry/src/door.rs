//! The words and the incident number with which every door of the center refuses a caller.

use axum::Json;
use axum::response::{IntoResponse, Response};
use chassis::audit::AuditError;
use chassis::db::DbError;
use chassis::incident;
use http::{HeaderName, HeaderValue, StatusCode};
use manuals::situation::Situation;
use wire::enrolment::Refusal;

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
    let mut response = (status, Json(refusal)).into_response();
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
