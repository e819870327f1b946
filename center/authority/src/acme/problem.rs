//! What ACME clients are told when a request is refused: problem documents (RFC 7807) with the types of RFC 8555 §6.7 and RFC 9773.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use manuals::situation::Situation;
use serde_json::{Map, Value, json};

use super::jws;

/// What a problem document is called in an answer's head.
pub(crate) const TYPE: &str = "application/problem+json";

/// The type of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AccountDoesNotExist,
    AlreadyReplaced,
    AlreadyRevoked,
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadRevocationReason,
    BadSignatureAlgorithm,
    ExternalAccountRequired,
    InvalidContact,
    Malformed,
    OrderNotReady,
    RateLimited,
    RejectedIdentifier,
    ServerInternal,
    Unauthorized,
    UnsupportedContact,
    UnsupportedIdentifier,
}

impl Kind {
    /// The type's name and usual status.
    fn shown(self) -> (&'static str, u16) {
        match self {
            Self::AccountDoesNotExist => ("accountDoesNotExist", 400),
            Self::AlreadyReplaced => ("alreadyReplaced", 409),
            Self::AlreadyRevoked => ("alreadyRevoked", 400),
            Self::BadCsr => ("badCSR", 400),
            Self::BadNonce => ("badNonce", 400),
            Self::BadPublicKey => ("badPublicKey", 400),
            Self::BadRevocationReason => ("badRevocationReason", 400),
            Self::BadSignatureAlgorithm => ("badSignatureAlgorithm", 400),
            Self::ExternalAccountRequired => ("externalAccountRequired", 403),
            Self::InvalidContact => ("invalidContact", 400),
            Self::Malformed => ("malformed", 400),
            Self::OrderNotReady => ("orderNotReady", 403),
            Self::RateLimited => ("rateLimited", 429),
            Self::RejectedIdentifier => ("rejectedIdentifier", 400),
            Self::ServerInternal => ("serverInternal", 500),
            Self::Unauthorized => ("unauthorized", 403),
            Self::UnsupportedContact => ("unsupportedContact", 400),
            Self::UnsupportedIdentifier => ("unsupportedIdentifier", 400),
        }
    }
}

/// A request was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    kind: Kind,
    status: Option<u16>,
    detail: Cow<'static, str>,
    retry_after: Option<u64>,
    location: Option<String>,
    incident: Option<String>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: &str) -> Self {
        Self { kind, status: None, detail: Cow::Owned(detail.to_owned()), retry_after: None, location: None, incident: None }
    }

    /// With another status than the type's usual one.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// With the seconds after which it may be tried again.
    pub(crate) fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// With the address of what is in the way.
    pub(crate) fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    /// Under the number by which its cause stands in the log.
    pub(crate) fn under(self, incident: Option<String>) -> Self {
        Self { incident, ..self }
    }

    #[cfg(test)]
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// A refusal of the engine behind the door, in the words of its situation.
    pub(crate) fn of(situation: Situation) -> Self {
        let kind = match situation {
            Situation::BadCsr | Situation::WeakKey | Situation::KeyAlreadyUsed => Kind::BadCsr,
            Situation::TooLarge | Situation::NotFound | Situation::MethodNotAllowed | Situation::MalformedMessage => Kind::Malformed,
            Situation::AccountLocked | Situation::Busy => Kind::RateLimited,
            Situation::InternalError => Kind::ServerInternal,
            _ => Kind::Unauthorized,
        };
        let text = situation.get();
        Self { detail: Cow::Owned(format!("{}（{}）", text.vendor, text.code)), status: Some(text.status), ..Self::new(kind, "") }
    }

    /// As it stands in an answer.
    pub(crate) fn document(&self) -> Value {
        let (name, usual) = self.kind.shown();
        let mut members = Map::new();
        members.insert("type".to_owned(), json!(format!("urn:ietf:params:acme:error:{name}")));
        members.insert("detail".to_owned(), json!(self.detail));
        members.insert("status".to_owned(), json!(self.status.unwrap_or(usual)));
        if self.kind == Kind::BadSignatureAlgorithm {
            members.insert("algorithms".to_owned(), json!(jws::ALGORITHMS));
        }
        if let Some(incident) = &self.incident {
            members.insert("incident".to_owned(), json!(incident));
        }
        Value::Object(members)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (name, usual) = self.kind.shown();
        tracing::info!(problem = name, incident = self.incident.as_deref().unwrap_or_default(), "refused by ACME");
        metrics::counter!("onshi_acme_refusals_total", "problem" => name).increment(1);
        let status = StatusCode::from_u16(self.status.unwrap_or(usual)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(header::CONTENT_TYPE, TYPE)], self.document().to_string()).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(location) = self.location.as_deref().and_then(|location| HeaderValue::from_str(location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}
