//! The host that publishes: revocation lists, answers about single certificates, and the issuing CA's own certificate.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use chassis::clock::Clock;
use chassis::serve::Caller;
use data_encoding::BASE64;
use http::{HeaderMap, StatusCode, Uri, header};
use manuals::situation::Situation;
use registry::{Registry, door};

use crate::api::by_line_alone;
use crate::{Authority, ocsp};

/// Whoever keeps a copy asks each time whether it is still the newest: a revocation must be seen at once.
const ASK_AGAIN: &str = "public, max-age=0, must-revalidate";

#[derive(Clone)]
struct Desk {
    authority: Authority,
    registry: Registry,
    clock: Clock,
}

/// The routes, for plain HTTP and for HTTPS.
pub fn routes(authority: Authority, registry: Registry, clock: Clock) -> Router {
    let addresses = &authority.profiles.addresses;
    let (questions, issuer) = (addresses.ocsp.clone(), addresses.issuer.clone());
    Router::new()
        .route("/crl/{list}", get(list))
        .route(&questions, post(asked))
        .route(&format!("{questions}/{{*question}}"), get(asked_by_path))
        .route(&issuer, get(issuing_certificate))
        .fallback(async || door::answer(door::refusal(Situation::NotFound)))
        .method_not_allowed_fallback(async || door::answer(door::refusal(Situation::MethodNotAllowed)))
        .layer(DefaultBodyLimit::max(ocsp::MAX_QUESTION))
        .with_state(Desk { authority, registry, clock })
}

async fn list(State(desk): State<Desk>, Extension(caller): Extension<Caller>, headers: HeaderMap, uri: Uri) -> Response {
    if let Some(refusal) = by_line_alone(&desk.registry, &caller, desk.clock.now()).await {
        return refusal;
    }
    let Some(which) = desk.authority.list_at(uri.path()) else { return door::answer(door::refusal(Situation::NotFound)) };
    let made = match desk.authority.crl(which, desk.clock.now()).await {
        Ok(made) => made,
        Err(error) => return door::answer(door::failure(&error)),
    };
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == made.etag.as_bytes());
    let about = [(header::ETAG, made.etag.clone()), (header::CACHE_CONTROL, ASK_AGAIN.to_owned())];
    if same {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let times = [(header::LAST_MODIFIED, http_date(made.made_at)), (header::EXPIRES, http_date(made.next_update))];
    (about, times, [(header::CONTENT_TYPE, "application/pkix-crl")], made.der.clone()).into_response()
}

async fn asked(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    question: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    match question {
        Ok(question) => desk.answer(&caller, &question).await,
        Err(_) => door::answer(door::refusal(Situation::TooLarge)),
    }
}

/// RFC 6960, A.1: the question in base64 as the rest of the path.
async fn asked_by_path(State(desk): State<Desk>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let text = uri.path().strip_prefix(desk.authority.profiles.addresses.ocsp.as_str()).unwrap_or_default();
    match question_of_path(text.strip_prefix('/').unwrap_or_default()) {
        Some(question) => desk.answer(&caller, &question).await,
        None => door::answer(door::refusal(Situation::MalformedMessage)),
    }
}

/// Reads a question out of a path, where clients may or may not have escaped what base64 has besides letters.
pub fn question_of_path(text: &str) -> Option<Vec<u8>> {
    if text.len() > ocsp::MAX_QUESTION * 2 {
        return None;
    }
    let mut letters = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            letters.push(*first);
            continue;
        }
        let (code, after) = rest.split_at_checked(2)?;
        letters.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(code).ok()?);
        rest = after;
    }
    BASE64.decode(&letters).ok()
}

async fn issuing_certificate(State(desk): State<Desk>, Extension(caller): Extension<Caller>) -> Response {
    if let Some(refusal) = by_line_alone(&desk.registry, &caller, desk.clock.now()).await {
        return refusal;
    }
    let [issuing, _] = desk.authority.ca_chain();
    ([(header::CONTENT_TYPE, "application/pkix-cert")], issuing.to_vec()).into_response()
}

impl Desk {
    async fn answer(&self, caller: &Caller, question: &[u8]) -> Response {
        let now = self.clock.now();
        if let Some(refusal) = by_line_alone(&self.registry, caller, now).await {
            return refusal;
        }
        match self.authority.ocsp(question, now).await {
            Ok(answer) => {
                let about = [(header::CONTENT_TYPE, "application/ocsp-response"), (header::CACHE_CONTROL, ASK_AGAIN)];
                (about, answer).into_response()
            }
            Err(error) => door::answer(door::failure(&error)),
        }
    }
}

/// As RFC 9110 writes a time: `Wed, 15 Jul 2026 00:00:00 GMT`.
fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_from_a_path_however_its_signs_were_escaped() {
        for text in ["MAMCAQD/+w==", "MAMCAQD%2F%2Bw%3D%3D", "MAMCAQD%2f+w=="] {
            assert_eq!(question_of_path(text).unwrap(), [0x30, 3, 2, 1, 0, 0xff, 0xfb], "{text}");
        }
        for wrong in ["MAM%", "MAM%2", "MAM%zz", "!", "MA", &"A".repeat(9000)] {
            assert_eq!(question_of_path(wrong), None);
        }
    }

    #[test]
    fn times_are_written_as_http_wants_them() {
        assert_eq!(http_date(jiff::Timestamp::constant(1_784_073_600, 0)), "Wed, 15 Jul 2026 00:00:00 GMT");
    }
}
