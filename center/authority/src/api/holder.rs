//! The door for terminals that show their certificate: what is known of it, its renewal over a new key, and its revocation.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use jiff::Timestamp;
use manuals::situation::Situation;
use registry::{Demand, door};
use wire::enrolment::{IssuedCertificate, OwnCertificate, RenewalRequest, RevocationAccepted, RevocationRequest};

use super::{Desk, unreadable};
use crate::{Holder, Profile, RevocationBy, der_of};

/// Line and terminal must be let in; the certificate is the proof.
const BY_CERTIFICATE: Demand = Demand { certificate: true, session: false };

impl Desk {
    /// Who holds the certificate that this connection was made with, judged anew at each request.
    async fn holder(&self, caller: &Caller, now: Timestamp) -> Result<Holder, Response> {
        match self.registry.enter(caller, None, BY_CERTIFICATE, now).await {
            Ok(Ok(_)) => {}
            Ok(Err(situation)) => return Err(door::answer(door::refusal(situation))),
            Err(error) => return Err(door::answer(door::failure(&error))),
        }
        let PeerCertificate::Trusted { serial } = &caller.certificate else {
            return Err(door::answer(door::refusal(Situation::NoCertificate)));
        };
        match self.authority.holder(serial, now).await {
            Ok(Ok(holder)) => Ok(holder),
            Ok(Err(situation)) => Err(door::answer(door::refusal(situation))),
            Err(error) => Err(door::answer(door::failure(&error))),
        }
    }
}

/// What is known of the caller's own certificate: whoever is answered is let in with it.
pub(super) async fn own(State(desk): State<Desk>, Extension(caller): Extension<Caller>) -> Response {
    let now = desk.clock.now();
    let holder = match desk.holder(&caller, now).await {
        Ok(holder) => holder,
        Err(refusal) => return refusal,
    };
    if let Err(error) = desk.authority.note_keeper(&holder.serial, now).await {
        tracing::warn!(%error, "a keeper's sign of life was not kept");
    }
    Json(OwnCertificate {
        serial: holder.serial,
        facility_code: holder.facility_code,
        terminal_name: holder.terminal_name,
        not_after: holder.not_after.as_second(),
        superseded: holder.superseded,
    })
    .into_response()
}

/// The successor of the caller's certificate, over the key of the request. Asked again over the same key, the same one comes back.
pub(super) async fn renew(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<RenewalRequest>, JsonRejection>,
) -> Response {
    let now = desk.clock.now();
    let holder = match desk.holder(&caller, now).await {
        Ok(holder) => holder,
        Err(refusal) => return refusal,
    };
    let wanted = match body {
        Ok(Json(wanted)) => wanted,
        Err(rejection) => return unreadable(&rejection),
    };
    let Some(csr) = der_of(&wanted.csr) else { return door::answer(door::refusal(Situation::BadCsr)) };
    match desk.authority.renew_by_csr(&holder, &csr, &Profile::Terminal, now).await {
        Ok(Ok(issued)) => {
            tracing::info!(old = holder.serial, new = issued.serial, "a certificate was renewed");
            Json(IssuedCertificate { certificate: issued.certificate, chain: issued.chain }).into_response()
        }
        Ok(Err(situation)) => door::answer(door::refusal(situation)),
        Err(error) => door::answer(door::failure(&error)),
    }
}

/// Asks for the revocation of the caller's certificate; the terminal is blocked at once.
pub(super) async fn ask_revocation(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<RevocationRequest>, JsonRejection>,
) -> Response {
    let now = desk.clock.now();
    let holder = match desk.holder(&caller, now).await {
        Ok(holder) => holder,
        Err(refusal) => return refusal,
    };
    let wanted = match body {
        Ok(Json(wanted)) => wanted,
        Err(rejection) => return unreadable(&rejection),
    };
    match desk.authority.ask_revocation(RevocationBy::Possession(holder), &wanted.mail, now).await {
        Ok(Ok(number)) => Json(RevocationAccepted { number }).into_response(),
        Ok(Err(situation)) => door::answer(door::refusal(situation)),
        Err(error) => door::answer(door::failure(&error)),
    }
}
