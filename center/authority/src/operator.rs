//! What operators may ask of the authority: notices, certificates, applications, revocations, the list and the roots.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::clock::{self, Clock};
use registry::operator::Problem;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::number::FacilityCode;

use crate::{Authority, Decision, Error, Notice, Reason, fingerprint, pem_of};

#[derive(Clone)]
struct Desk {
    authority: Authority,
    clock: Clock,
}

/// The routes; to be put behind the operators' guard.
pub fn routes(authority: Authority, clock: Clock) -> Router {
    Router::new()
        .route("/authority/notices", post(notice))
        .route("/authority/certificates", get(certificates))
        .route("/authority/certificates/{serial}/revoke", post(revoke))
        .route("/authority/applications", get(applications))
        .route("/authority/applications/{number}/approve", post(approve_application))
        .route("/authority/applications/{number}/refuse", post(refuse_application))
        .route("/authority/revocations", get(revocations))
        .route("/authority/revocations/{number}/approve", post(approve_revocation))
        .route("/authority/revocations/{number}/refuse", post(refuse_revocation))
        .route("/authority/summary", get(summary))
        .route("/authority/revocation-list", get(revocation_list))
        .route("/authority/roots", get(roots))
        .with_state(Desk { authority, clock })
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Registry(error) => error.into(),
            other => Self::failure(&other),
        }
    }
}

type Answer = Result<Json<Value>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNotice {
    facility_code: String,
    terminal_name: String,
}

async fn notice(State(desk): State<Desk>, Json(wanted): Json<NewNotice>) -> Answer {
    let code = FacilityCode::parse(&wanted.facility_code)
        .map_err(|_| Problem::new(http::StatusCode::BAD_REQUEST, "医療機関コードは半角数字 10 桁で書いてください。"))?;
    let notice = desk.authority.notice(&code, &wanted.terminal_name, desk.clock.now()).await?;
    Ok(Json(printed(&notice)))
}

/// A notice with its secrets: whoever asked prints it.
fn printed(notice: &Notice) -> Value {
    json!({
        "issuer": notice.issuer,
        "facility_code": notice.facility_code,
        "terminal_name": notice.terminal_name,
        "request_id": notice.request_id,
        "reference_id": notice.reference_id.expose_secret(),
        "valid_until": clock::japan_date(notice.valid_until).to_string(),
        "retrieve_until": clock::japan_date(notice.retrieve_until).to_string(),
        "acme_identifier": crate::acme::name_of(&notice.facility_code, &notice.terminal_name),
        "key_id": notice.binding.key_id,
        "mac_key": notice.binding.mac_key.expose_secret(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn applications(State(desk): State<Desk>) -> Answer {
    let rows = desk.authority.applications().await?;
    let shown = rows.iter().map(|row| {
        json!({
            "number": row.number,
            "state": row.state,
            "made_at": row.made_at,
            "facility_code": row.application.facility_code,
            "terminals": row.application.terminals,
            "contact": row.application.contact,
            "mail": row.application.mail,
            "reason": row.reason,
        })
    });
    Ok(Json(shown.collect()))
}

/// Approved again, the notices that were not used yet come again.
async fn approve_application(State(desk): State<Desk>, Path(number): Path<String>) -> Answer {
    let notices = desk.authority.decide_application(&number, &Decision::Approve, desk.clock.now()).await?;
    Ok(Json(notices.iter().map(printed).collect()))
}

async fn refuse_application(State(desk): State<Desk>, Path(number): Path<String>, Json(why): Json<Why>) -> Answer {
    desk.authority.decide_application(&number, &Decision::Refuse { reason: why.reason }, desk.clock.now()).await?;
    Ok(Json(json!({ "number": number, "state": "refused" })))
}

async fn revocations(State(desk): State<Desk>) -> Answer {
    let rows = desk.authority.revocation_requests().await?;
    Ok(Json(rows.iter().map(|row| json!(row)).collect()))
}

async fn approve_revocation(State(desk): State<Desk>, Path(number): Path<String>) -> Answer {
    Ok(Json(json!(desk.authority.decide_revocation(&number, &Decision::Approve, desk.clock.now()).await?)))
}

async fn refuse_revocation(State(desk): State<Desk>, Path(number): Path<String>, Json(why): Json<Why>) -> Answer {
    Ok(Json(json!(desk.authority.decide_revocation(&number, &Decision::Refuse { reason: why.reason }, desk.clock.now()).await?)))
}

async fn summary(State(desk): State<Desk>) -> Answer {
    Ok(Json(json!(desk.authority.summary(desk.clock.now()).await?)))
}

async fn certificates(State(desk): State<Desk>) -> Answer {
    let rows = desk.authority.certificate_outlines().await?;
    let shown = rows.iter().map(|row| {
        json!({
            "serial": row.serial,
            "facility_code": row.facility_code,
            "terminal_name": row.terminal_name,
            "not_after": row.not_after,
            "revoked": row.revoked_at.is_some(),
            "superseded_by": row.superseded_by,
        })
    });
    Ok(Json(shown.collect()))
}

async fn revoke(State(desk): State<Desk>, Path(serial): Path<String>) -> Answer {
    desk.authority.revoke(&serial, Reason::Unspecified, desk.clock.now()).await?;
    Ok(Json(json!({ "serial": serial, "revoked": true })))
}

async fn revocation_list(State(desk): State<Desk>) -> Answer {
    Ok(Json(json!({ "pem": desk.authority.revocation_list(desk.clock.now()).await? })))
}

async fn roots(State(desk): State<Desk>) -> Answer {
    let shown = |name: &str, der: &[u8]| json!({ "name": name, "sha256": fingerprint(der), "pem": pem_of(der) });
    let server = shown("server-root", desk.authority.server_root());
    let clients = desk.authority.client_roots();
    Ok(Json(std::iter::once(server).chain(clients.iter().map(|root| shown("client-root", root))).collect()))
}
