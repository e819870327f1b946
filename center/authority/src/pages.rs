//! The doors for people on the authority's host: application, retrieval, renewal, revocation, roots and the client program.
//!
//! Every page works without a script. What a person has proven travels in a sealed ticket from one page to the next, so that any copy can answer
//! the next page, and nobody's session is remembered.

mod application;
mod programs;
mod renewal;
mod retrieval;
mod revocation;
mod roots;
pub(crate) mod sheet;
pub(crate) mod ticket;
mod typed;
pub(crate) mod words;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::clock::Clock;
use chassis::page::{self, Language};
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use jiff::Timestamp;
use manuals::certificate;
use manuals::situation::Situation;
use registry::rules::form::{self, Fields, Mistake};
use registry::rules::patience::Patience;
use registry::{Demand, Registry, door};
use secrecy::{ExposeSecret, SecretString};

use crate::{Authority, Error, rules};

use ticket::Ticket;
pub use ticket::Tickets;

/// The most bytes of a form.
const LARGEST_FORM: usize = 64 * 1024;
/// The field in which a form carries its ticket.
const TICKET: &str = "ticket";
/// These doors are for whoever is in the network (RN-16): many come before they have a certificate.
const BY_LINE: Demand = Demand { certificate: false, session: false };

/// What the pages work with.
#[derive(Clone)]
pub(crate) struct Desk {
    authority: Authority,
    registry: Registry,
    clock: Clock,
    tickets: Arc<Tickets>,
    patience: Arc<Mutex<Patience>>,
}

/// The pages, to be merged into the routes of the authority's host.
pub fn routes(authority: Authority, registry: Registry, clock: Clock, tickets: Arc<Tickets>) -> Router {
    let path = &certificate::sheet().path;
    Router::new()
        .route(path.apply, get(application::blank).post(application::step))
        .route(path.download, get(retrieval::blank).post(retrieval::fetch))
        .route(path.renew, get(renewal::menu).post(renewal::step))
        .route(&renewal::apply_path(), get(renewal::apply))
        .route(&renewal::keys_path(), get(renewal::keys))
        .route(path.revoke, get(revocation::blank).post(revocation::step))
        .route(path.root, get(roots::page))
        .route(&roots::file_path(), get(roots::file))
        .route(path.client, get(programs::page))
        .route(&format!("{}/{{file}}", path.client), get(programs::file))
        .layer(middleware::from_fn(page::own_forms_only))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(Desk { authority, registry, clock, tickets, patience: Arc::default() })
}

/// Somebody at one of these doors.
pub(crate) struct Visit {
    l: Language,
    caller: Caller,
    /// What was sent; empty when a page was opened.
    fields: Fields,
    now: Timestamp,
}

/// What a page answers, or why it could not.
type Answer = Result<Response, Error>;

impl Desk {
    /// Lets somebody in as the door demands, and reads what was sent.
    async fn visit(&self, request: Request, demand: Demand) -> Result<Visit, Response> {
        let l = Language::asked(request.headers());
        let now = self.clock.now();
        let Some(caller) = request.extensions().get::<Caller>().cloned() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        // Whatever certificate an older terminal still shows does not matter where none is demanded.
        let asked = if demand.certificate { caller.clone() } else { Caller { certificate: PeerCertificate::Absent, ..caller.clone() } };
        match self.registry.enter(&asked, None, demand, now).await {
            Ok(Ok(_)) => {}
            Ok(Err(situation)) => return Err(refused(situation)),
            Err(error) => return Err(door::answer(door::failure(&error))),
        }
        let fields = if request.method().is_safe() { Fields::new() } else { self.sent(&caller, request, l).await? };
        Ok(Visit { l, caller, fields, now })
    }

    /// The fields of a form, if its sender may send one now and it is of a size.
    async fn sent(&self, caller: &Caller, request: Request, l: Language) -> Result<Fields, Response> {
        let limit = self.registry.config().forms_per_minute;
        let waited = self.patience.lock().unwrap_or_else(PoisonError::into_inner).take(caller.address, limit, self.clock.now());
        if let Err(wait) = waited {
            metrics::counter!("onshi_forms_refused_total", "reason" => "too-many").increment(1);
            return Err(words::wait(l, wait.as_secs().max(1)));
        }
        let Ok(body) = Bytes::from_request(request, &()).await else { return Err(refused(Situation::TooLarge)) };
        sent_fields(&body).ok_or_else(|| refused(Situation::TooLarge))
    }

    /// The ticket that was sent, if it is still good.
    fn ticket(&self, visit: &Visit) -> Option<Ticket> {
        self.tickets.read(visit.fields.get(TICKET)?, visit.now)
    }

    /// A ticket as a form carries it.
    fn hand_out(&self, ticket: Ticket, now: Timestamp) -> Result<Vec<(&'static str, String)>, Error> {
        Ok(vec![(TICKET, self.tickets.seal(ticket, now)?)])
    }
}

impl Visit {
    /// One field as it was sent; empty if it was not.
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Which button was pressed.
    fn pressed(&self) -> &str {
        self.field("step")
    }
}

/// The fields of a form; its ticket is longer than what people type.
pub(crate) fn sent_fields(body: &[u8]) -> Option<Fields> {
    form::fields_with(body, Some((TICKET, ticket::LONGEST)))
}

/// A refusal: as a page for a browser, which `registry::door` makes of it.
fn refused(situation: Situation) -> Response {
    door::answer(door::refusal(situation))
}

/// What the visitor gets when the authority could not answer.
fn answered(answer: Answer) -> Response {
    answer.unwrap_or_else(|error| door::answer(door::failure(&error)))
}

/// A refusal beside the field that it is about, logged under its incident number like every other.
fn beside(field: &'static str, situation: Situation) -> (StatusCode, Vec<Mistake>) {
    let (status, refusal) = door::refusal(situation);
    let incident = refusal.incident.unwrap_or_default();
    let text = format!("{}（{} 照会番号: {incident}）", refusal.message, refusal.code);
    (status, vec![Mistake { field, english: text.clone(), japanese: text }])
}

/// A file to be kept, never to be shown by the browser itself.
fn attachment(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, bytes).into_response()
}

/// A PFX file under its request id.
fn pfx_file(request_id: &str, bytes: Vec<u8>) -> Response {
    attachment("application/x-pkcs12", &format!("{request_id}.pfx"), bytes)
}

/// The mistakes of a chosen password (CA-15), typed once or twice.
fn password_mistakes(password: &SecretString, again: Option<&str>) -> Vec<Mistake> {
    let typed = password.expose_secret();
    if rules::pfx_password(typed).is_err() {
        return vec![typed::password(typed)];
    }
    if again.is_some_and(|again| again != typed) {
        return vec![typed::not_the_same("password_again")];
    }
    Vec::new()
}
