//! The door for ACME clients (RFC 8555, renewal information of RFC 9773): accounts are bound to a certificate notice, and each orders the one
//! certificate of its terminal. See `docs/acme.md` for who uses it.

mod accounts;
mod certificate_id;
pub(crate) mod jws;
mod message;
mod nonce;
mod orders;
mod problem;
mod renewal;
mod rules;
mod signed;

use std::sync::Arc;

use axum::extract::{self, DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::clock::Clock;
use chassis::random;
use chassis::serve::Caller;
use chassis::vault::Vault;
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use manuals::situation::Situation;
use registry::origin::Around;
use registry::{Registry, door};
use serde_json::json;
use zeroize::Zeroizing;

pub use certificate_id::CertificateId;
pub use rules::name_of;

use crate::{Authority, Error, line};
use nonce::Nonces;
use problem::{Kind, Problem};

/// Largest request in bytes: an RSA account of 4096 bits with a request over such a key takes 7 KiB.
const MAX_BODY: usize = 32 * 1024;

/// The key of the numbers against repetition, in the vault.
const NONCE_KEY: &str = "acme-nonce";

/// An account: who may order the certificates of one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// Of its key (RFC 7638).
    pub(crate) thumbprint: String,
    /// Its key, canonical JSON.
    pub(crate) public_key: String,
    /// The notice to which it is bound.
    pub(crate) request_id: String,
    pub(crate) facility_code: String,
    pub(crate) terminal_name: String,
    pub(crate) contact: Vec<String>,
    pub(crate) is_valid: bool,
}

/// Where an order stands. Its authorization is never in doubt: the binding gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits for its certificate request.
    Ready,
    /// Has it; whoever looks next carries it on if its maker was stopped.
    Processing,
    /// Its certificate may be fetched.
    Valid,
    /// Refused, given up or lapsed.
    Invalid,
}

impl State {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Processing => "processing",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }

    pub(crate) fn of(text: &str) -> Self {
        [Self::Ready, Self::Processing, Self::Valid].into_iter().find(|state| state.text() == text).unwrap_or(Self::Invalid)
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) account: String,
    /// The names it is for: the terminal's, and its facility's code if its client wished so.
    pub(crate) names: Vec<String>,
    /// Serial number of the certificate that it replaces, as its client said.
    pub(crate) replaces: Option<String>,
    pub(crate) state: State,
    pub(crate) lapses_at: Timestamp,
    pub(crate) csr: Option<Vec<u8>>,
    pub(crate) serial: Option<String>,
    /// Why it was refused.
    pub(crate) situation: Option<String>,
    /// Whether its certificate was handed out at least once.
    pub(crate) was_fetched: bool,
}

/// What the door needs beside the authority.
#[derive(Clone)]
pub struct Acme {
    authority: Authority,
    nonces: Arc<Nonces>,
}

impl Acme {
    /// Opens the door over the authority; its key lies in the same vault for all copies.
    ///
    /// # Errors
    /// If the key cannot be read or made.
    pub fn open(authority: &Authority, vault: &Vault) -> Result<Self, Error> {
        let key = vault.get_or_make(NONCE_KEY, || Ok::<_, Error>(Zeroizing::new(random::bytes::<32>()?.to_vec())))?;
        Ok(Self { authority: authority.clone(), nonces: Arc::new(Nonces::new(&key)) })
    }
}

/// The routes of ACME on the authority's host.
pub fn routes(acme: Acme, registry: Registry, clock: Clock) -> Router {
    let desk = Desk { authority: acme.authority, nonces: acme.nonces, registry, clock };
    let inside = Router::new()
        .route("/directory", get(directory))
        .route("/new-nonce", get(async || StatusCode::NO_CONTENT).head(async || StatusCode::OK))
        .route("/new-account", post(accounts::new))
        .route("/account/{id}", post(accounts::account))
        .route("/account/{id}/orders", post(orders::of_account))
        .route("/key-change", post(accounts::change_key))
        .route("/new-order", post(orders::new))
        .route("/order/{id}", post(orders::order))
        .route("/order/{id}/finalize", post(orders::finalize))
        .route("/authorization/{id}", post(orders::authorization))
        .route("/certificate/{id}", post(orders::certificate))
        .route("/revoke-cert", post(renewal::revoke))
        .route("/renewal-info/{id}", get(renewal::info))
        .fallback(async || Problem::of(Situation::NotFound))
        .method_not_allowed_fallback(async || Problem::of(Situation::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(desk.clone(), around))
        .with_state(desk);
    Router::new().nest("/acme", inside)
}

/// What every handler works with.
#[derive(Clone)]
pub(crate) struct Desk {
    authority: Authority,
    nonces: Arc<Nonces>,
    registry: Registry,
    clock: Clock,
}

/// Where this door stands for a caller: the addresses in answers begin as the caller's own did.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    origin: String,
}

impl Place {
    fn of(request: &Request) -> Self {
        let host = manuals::hosts::authority();
        Self { origin: Around::of(request, host.name).origin(host) }
    }

    fn url(&self, below: &str) -> String {
        format!("{}/acme/{below}", self.origin)
    }

    /// The last part of an address of ours below `folder`.
    fn id_in<'a>(&self, address: &'a str, folder: &str) -> Option<&'a str> {
        address.strip_prefix(&self.url(folder))?.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/'))
    }
}

/// What all answers have in common: only admitted lines get any, each carries a fresh number and the address of the directory.
async fn around(extract::State(desk): extract::State<Desk>, request: Request, next: Next) -> Response {
    let place = Place::of(&request);
    let now = desk.clock.now();
    let admitted = match request.extensions().get::<Caller>() {
        Some(caller) => line::admits(&desk.registry, caller, now).await,
        None => Ok(Err(Situation::UnadmittedLine)),
    };
    let mut response = match admitted {
        Ok(Ok(())) => next.run(request).await,
        Ok(Err(situation)) => Problem::of(situation).into_response(),
        Err(error) => Problem::from(error).into_response(),
    };
    let is_problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == problem::TYPE);
    if response.status().is_client_error() && !is_problem {
        // What the router itself did not understand: an address that is no text.
        response = Problem::of(Situation::MalformedMessage).into_response();
    }
    let link = format!("<{}>;rel=\"index\"", place.url("directory"));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(link) = HeaderValue::from_str(&link) {
        headers.append(header::LINK, link);
    }
    if let Some(number) = desk.nonces.make(now).ok().and_then(|number| HeaderValue::from_str(&number).ok()) {
        headers.insert(HeaderName::from_static("replay-nonce"), number);
    }
    response
}

async fn directory(request: Request) -> Response {
    let place = Place::of(&request);
    let page = manuals::certificate::page(manuals::certificate::sheet().path.download);
    Json(json!({
        "newNonce": place.url("new-nonce"),
        "newAccount": place.url("new-account"),
        "newOrder": place.url("new-order"),
        "revokeCert": place.url("revoke-cert"),
        "keyChange": place.url("key-change"),
        "renewalInfo": place.url("renewal-info"),
        "meta": { "externalAccountRequired": true, "website": page },
    }))
    .into_response()
}

/// An instant as answers carry it, in whole seconds.
fn when(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, refusal) = door::failure(&error);
        Self::new(Kind::ServerInternal, &refusal.message).with_status(status.as_u16()).under(refusal.incident)
    }
}

impl From<chassis::db::DbError> for Problem {
    fn from(error: chassis::db::DbError) -> Self {
        Error::from(error).into()
    }
}
