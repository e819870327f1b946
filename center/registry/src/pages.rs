//! The application portal (利用申請): forms for facilities and lines, checked before they are sent, and the state of what was sent.
//!
//! It is reached from the open side as well as from the closed one, so it has a host of its own, shows nobody else's registration, and works
//! without a script. No line id stands in an address or a log.

mod router;
mod sheet;
mod views;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use chassis::clock::{self, Clock};
use chassis::page::{self, Language};
use chassis::serve::Caller;
use manuals::domains::Service;

use crate::error::Error;
use crate::rules::form::{self, Fields, Mistake};
use crate::rules::patience::Patience;
use crate::rules::typed;
use crate::rules::wish::{Notification, Wish};
use crate::{Registry, door};
use views::Portal;

/// The most bytes of a form.
const LARGEST_FORM: usize = 64 * 1024;

#[derive(Clone)]
struct Desk {
    registry: Registry,
    clock: Clock,
    patience: Arc<Mutex<Patience>>,
}

/// The portal's pages: for a host of its own, open to anybody.
pub fn routes(registry: Registry, clock: Clock) -> Router {
    let origin = Arc::from(registry.config().portal.trim_end_matches('/'));
    Router::new()
        .route("/", get(start))
        .route("/apply/{service}/{notification}", get(blank).post(fill))
        .route("/sent/{application_id}", get(sent))
        .route("/state", get(ask_state).post(state))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .route(router::PAGE, get(router::recipe))
        .route(router::LINT, get(router::recipe).post(router::linted).layer(DefaultBodyLimit::max(recipes::page::MAX_FORM)))
        .with_state(Desk { registry, clock, patience: Arc::default() })
        .merge(page::style())
        .layer(middleware::from_fn(page::own_forms_only))
        .layer(middleware::from_fn_with_state(origin, own_name_outside))
}

/// The portal's name on the open side is its own too: the machine that stands before it there asks under the name of here.
async fn own_name_outside(State(origin): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if request.headers().get(header::ORIGIN).is_some_and(|named| named.as_bytes() == origin.as_bytes()) {
        request.headers_mut().remove(header::ORIGIN);
    }
    next.run(request).await
}

async fn start(headers: HeaderMap) -> Response {
    Portal::of(&headers).start()
}

async fn nowhere(headers: HeaderMap) -> Response {
    Portal::of(&headers).nowhere()
}

fn kind(service: &str, notification: &str) -> Option<(Service, Notification)> {
    let service = Service::by_key(service)?;
    Some((service, Notification::by_key(service, notification)?))
}

async fn blank(Path((service, notification)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let portal = Portal::of(&headers);
    match kind(&service, &notification) {
        Some((service, notification)) => portal.form(StatusCode::OK, service, notification, &Fields::new(), &[]),
        None => portal.nowhere(),
    }
}

async fn fill(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path((service, notification)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let portal = Portal::of(&headers);
    let Some((service, notification)) = kind(&service, &notification) else { return portal.nowhere() };
    let fields = match desk.taken(&caller, body, portal) {
        Ok(fields) => fields,
        Err(refused) => return *refused,
    };
    let filled = Filled { portal, service, notification, fields };
    filled.answer(&desk).await.unwrap_or_else(|error| failed(portal, &error))
}

impl Desk {
    /// The fields of a form, if its sender may send one now and it is of a size.
    fn taken(&self, caller: &Caller, body: Result<Bytes, BytesRejection>, portal: Portal) -> Result<Fields, Box<Response>> {
        let bytes = self.patient(caller, body, portal)?;
        form::fields(&bytes).ok_or_else(|| Box::new(portal.unreadable(StatusCode::BAD_REQUEST)))
    }

    /// What was sent, if its sender may send something now and it is of a size.
    fn patient(&self, caller: &Caller, body: Result<Bytes, BytesRejection>, portal: Portal) -> Result<Bytes, Box<Response>> {
        let limit = self.registry.config().forms_per_minute;
        let waited = self.patience.lock().unwrap_or_else(PoisonError::into_inner).take(caller.address, limit, self.clock.now());
        if let Err(wait) = waited {
            metrics::counter!("onshi_forms_refused_total", "reason" => "too-many").increment(1);
            return Err(Box::new(portal.wait(wait.as_secs().max(1))));
        }
        body.map_err(|rejected| Box::new(portal.unreadable(rejected.status())))
    }
}

/// A form that was sent.
struct Filled {
    portal: Portal,
    service: Service,
    notification: Notification,
    fields: Fields,
}

impl Filled {
    async fn answer(&self, desk: &Desk) -> Result<Response, Error> {
        let now = desk.clock.now();
        let action = self.fields.get("action").map(String::as_str);
        if action == Some("revise") {
            return Ok(self.again(StatusCode::OK, &[]));
        }
        let read = match form::read(self.service, self.notification, &self.fields, clock::japan_date(now)) {
            Ok(read) => read,
            Err(mistakes) => return Ok(self.again(StatusCode::UNPROCESSABLE_ENTITY, &mistakes)),
        };
        let form_id = self.fields.get("form_id").filter(|_| action == Some("send")).filter(|id| id.len() == 24);
        if let Some(form_id) = form_id {
            return self.send(desk, &read.wish, form_id).await;
        }
        let mistakes = desk.registry.judge(&read.wish, now).await?;
        if !mistakes.is_empty() {
            return Ok(self.again(StatusCode::UNPROCESSABLE_ENTITY, &mistakes));
        }
        Ok(self.portal.confirm(&read, &self.fields, desk.registry.form_id()?))
    }

    async fn send(&self, desk: &Desk, wish: &Wish, form_id: &str) -> Result<Response, Error> {
        match desk.registry.apply(wish, form_id, desk.clock.now()).await? {
            Ok(application_id) => {
                tracing::info!(
                    application = application_id,
                    kind = wish.notification.key(),
                    service = wish.service.key(),
                    "an application came"
                );
                metrics::counter!("onshi_applications_total", "service" => wish.service.key()).increment(1);
                Ok(Redirect::to(&format!("/sent/{application_id}")).into_response())
            }
            Err(mistakes) => Ok(self.again(StatusCode::UNPROCESSABLE_ENTITY, &mistakes)),
        }
    }

    fn again(&self, status: StatusCode, mistakes: &[Mistake]) -> Response {
        for mistake in mistakes {
            metrics::counter!("onshi_application_mistakes_total", "field" => mistake.field).increment(1);
        }
        self.portal.form(status, self.service, self.notification, &self.fields, mistakes)
    }
}

fn failed(portal: Portal, error: &Error) -> Response {
    let (status, refusal) = door::failure(error);
    portal.failed(status, &refusal)
}

/// Names the number to whoever was sent here; it looks nothing up.
async fn sent(Path(application_id): Path<String>, headers: HeaderMap) -> Response {
    let portal = Portal::of(&headers);
    let shaped = application_id.len() == 12 && application_id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if shaped { portal.sent(&application_id) } else { portal.nowhere() }
}

async fn ask_state(headers: HeaderMap) -> Response {
    Portal::of(&headers).ask_state("", false)
}

async fn state(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let portal = Portal::of(&headers);
    let fields = match desk.taken(&caller, body, portal) {
        Ok(fields) => fields,
        Err(refused) => return *refused,
    };
    let typed = |name: &str| fields.get(name).map(|typed| typed::code(typed).0).unwrap_or_default();
    let (number, secret) = (typed("application_id"), typed("secret"));
    match desk.registry.application_by_secret(&number, &secret).await {
        Ok(Some((application, wish))) => portal.state(&application, &wish, desk.clock.now()),
        Ok(None) => portal.ask_state(&number, true),
        Err(error) => failed(portal, &error),
    }
}

/// The header that tells a sender how long to wait.
fn retry_after(seconds: i64) -> [(header::HeaderName, HeaderValue); 1] {
    [(header::RETRY_AFTER, HeaderValue::from(seconds))]
}

/// The language of a request.
fn language(headers: &HeaderMap) -> Language {
    Language::asked(headers)
}
