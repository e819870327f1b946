//! The portal's door: one page to begin, one for the choice, and the captive-portal state for machines.

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Router};
use chassis::page;
use chassis::serve::Caller;
use http::header;
use manuals::hosts;
use serde::Deserialize;
use wire::line::{CAPTIVE, CAPTIVE_PATH, Captive, LineState, WISH};

use crate::notifier::pages::NOTIFY_PATH;
use crate::portal::Portal;
use crate::screen::{Outcome, View};

/// Where a person's choice goes.
const CHOICE_PATH: &str = "/choice";
/// Largest form in bytes.
const MAX_FORM: usize = 8 * 1024;

/// The routes of the portal's host.
pub fn routes(portal: Portal) -> Router {
    Router::new()
        .route("/", get(begin))
        .route(CHOICE_PATH, post(choose).get(back))
        .route(CAPTIVE_PATH, get(captive))
        .fallback(back)
        .method_not_allowed_fallback(back)
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .with_state(portal)
        .merge(page::style())
}

fn view(portal: &Portal, caller: &Caller, request: &Request) -> View {
    View::of(request, hosts::line_portal(), caller.address, portal.inner.clock.now())
}

async fn begin(State(portal): State<Portal>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    let view = view(&portal, &caller, &request);
    let return_to = format!("{}{CHOICE_PATH}", view.around().origin(hosts::line_portal()));
    match portal.request(caller.address, return_to).await {
        Ok(None) => view.say(Outcome::Already),
        Ok(Some(signed)) => {
            let notifier = hosts::line_notifier(portal.inner.config.region_of(caller.address));
            view.go_on(format!("{}{NOTIFY_PATH}?request={signed}", view.around().origin(notifier)))
        }
        Err(outcome) => view.say(outcome),
    }
}

/// A form sent from the intent screen. It comes from the notifier's page, so its origin says nothing: what the notifier signed does.
#[derive(Deserialize)]
struct Choice {
    choice: String,
    consent: String,
}

async fn choose(State(portal): State<Portal>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    let view = view(&portal, &caller, &request);
    let Ok(Form(form)) = Form::<Choice>::from_request(request, &()).await else { return view.say(Outcome::BackButton) };
    view.say(portal.choose(form.choice == WISH, &form.consent, caller.address).await)
}

async fn back(State(portal): State<Portal>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    view(&portal, &caller, &request).say(Outcome::BackButton)
}

async fn captive(State(portal): State<Portal>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    let view = view(&portal, &caller, &request);
    let (line_state, outcome) = portal.state(caller.address).await;
    let message = outcome.and_then(Outcome::message);
    let state = Captive {
        captive: line_state != LineState::Admitted,
        user_portal_url: format!("{}/", view.around().origin(hosts::line_portal())),
        can_extend_session: false,
        line_state,
        code: message.and_then(|message| message.code).map(str::to_owned),
        message: message.map(|message| message.text.to_owned()),
        address: caller.address.to_string(),
    };
    let headers = [(header::CONTENT_TYPE, CAPTIVE), (header::CACHE_CONTROL, "private, no-store")];
    (headers, serde_json::to_string(&state).unwrap_or_default()).into_response()
}
