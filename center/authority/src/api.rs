//! The door for programs of terminals that fetch their certificate, and for everybody who wants the revocation list.

mod holder;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use chassis::clock::Clock;
use chassis::serve::Caller;
use http::{StatusCode, header};
use manuals::situation::Situation;
use registry::{Demand, Registry, door};
use wire::enrolment::{CsrRequest, IssuedCertificate, PfxRequest};

use crate::{Authority, Profile, Proof, der_of, pfx, rules};

/// Largest request in bytes; a request with an RSA-4096 key is below 4 KiB.
const MAX_BODY: usize = 16 * 1024;

#[derive(Clone)]
struct Desk {
    authority: Authority,
    registry: Registry,
    clock: Clock,
}

/// The routes of the authority's host.
pub fn routes(authority: Authority, registry: Registry, clock: Clock) -> Router {
    Router::new()
        .route("/api/certificates", post(by_csr))
        .route("/api/certificates/pfx", post(by_pfx))
        .route("/api/certificates/own", get(holder::own))
        .route("/api/certificates/renewal", post(holder::renew))
        .route("/api/certificates/revocation", post(holder::ask_revocation))
        .fallback(async || door::answer(door::refusal(Situation::NotFound)))
        .method_not_allowed_fallback(async || door::answer(door::refusal(Situation::MethodNotAllowed)))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Desk { authority, registry, clock })
}

/// Terminals come here before they have a certificate, so the line alone admits them (RN-16).
const BY_LINE: Demand = Demand { certificate: false, session: false };

/// The two numbers of a notice as they were typed.
struct Asked<'a> {
    request_id: &'a str,
    reference_id: secrecy::SecretString,
}

impl Desk {
    async fn proof(&self, caller: &Caller, asked: &Asked<'_>, now: jiff::Timestamp) -> Result<Proof, Response> {
        match self.authority.prove(asked.request_id, &asked.reference_id, Some(caller.address), now).await {
            Ok(Ok(proof)) => Ok(proof),
            Ok(Err(situation)) => Err(door::answer(door::refusal(situation))),
            Err(error) => Err(door::answer(door::failure(&error))),
        }
    }

    async fn refuses(&self, caller: &Caller) -> Option<Response> {
        by_line_alone(&self.registry, caller, self.clock.now()).await
    }
}

/// The refusal for a caller whose line is not admitted.
pub(crate) async fn by_line_alone(registry: &Registry, caller: &Caller, now: jiff::Timestamp) -> Option<Response> {
    // Whatever certificate an older terminal still shows does not matter at this door.
    let caller = Caller { certificate: chassis::tls::PeerCertificate::Absent, ..caller.clone() };
    match registry.enter(&caller, None, BY_LINE, now).await {
        Ok(Ok(_)) => None,
        Ok(Err(situation)) => Some(door::answer(door::refusal(situation))),
        Err(error) => Some(door::answer(door::failure(&error))),
    }
}

async fn by_csr(State(desk): State<Desk>, Extension(caller): Extension<Caller>, body: Result<Json<CsrRequest>, JsonRejection>) -> Response {
    if let Some(refusal) = desk.refuses(&caller).await {
        return refusal;
    }
    let wanted = match body {
        Ok(Json(wanted)) => wanted,
        Err(rejection) => return unreadable(&rejection),
    };
    let asked = Asked { request_id: &wanted.request_id, reference_id: wanted.reference_id.into() };
    let Some(csr) = der_of(&wanted.csr) else { return door::answer(door::refusal(Situation::BadCsr)) };
    let now = desk.clock.now();
    let proof = match desk.proof(&caller, &asked, now).await {
        Ok(proof) => proof,
        Err(refusal) => return refusal,
    };
    match desk.authority.issue(&proof, &csr, &Profile::Terminal, now).await {
        Ok(Ok(issued)) => {
            tracing::info!(serial = issued.serial, "a certificate was handed out");
            Json(IssuedCertificate { certificate: issued.certificate, chain: issued.chain }).into_response()
        }
        Ok(Err(situation)) => door::answer(door::refusal(situation)),
        Err(error) => door::answer(door::failure(&error)),
    }
}

async fn by_pfx(State(desk): State<Desk>, Extension(caller): Extension<Caller>, body: Result<Json<PfxRequest>, JsonRejection>) -> Response {
    if let Some(refusal) = desk.refuses(&caller).await {
        return refusal;
    }
    let wanted = match body {
        Ok(Json(wanted)) => wanted,
        Err(rejection) => return unreadable(&rejection),
    };
    // Before the two numbers are looked at: a slip of the keyboard here is no guess.
    if let Err(situation) = rules::pfx_password(secrecy::ExposeSecret::expose_secret(&wanted.password)) {
        return door::answer(door::refusal(situation));
    }
    let asked = Asked { request_id: &wanted.request_id, reference_id: wanted.reference_id.into() };
    let strength = if wanted.compatible { pfx::Strength::Compatible } else { pfx::Strength::Modern };
    let now = desk.clock.now();
    let proof = match desk.proof(&caller, &asked, now).await {
        Ok(proof) => proof,
        Err(refusal) => return refusal,
    };
    match desk.authority.retrieve_pfx(&proof, &wanted.password, strength, now).await {
        Ok(Ok(file)) => ([(header::CONTENT_TYPE, "application/x-pkcs12"), (header::CACHE_CONTROL, "no-store")], file).into_response(),
        Ok(Err(situation)) => door::answer(door::refusal(situation)),
        Err(error) => door::answer(door::failure(&error)),
    }
}

fn unreadable(rejection: &JsonRejection) -> Response {
    let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
    door::answer(door::refusal(if too_large { Situation::TooLarge } else { Situation::MalformedMessage }))
}
