//! The notifier's door: the intent screen for people whom the portal sent, and the portal's own question.

use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use chassis::clock::Clock;
use chassis::page;
use chassis::serve::Caller;
use http::{StatusCode, header};
use manuals::hosts;
use serde::Deserialize;

use crate::link::IDENTITY_PATH;
use crate::notifier::{Arrival, Notifier};
use crate::screen::{Outcome, View};
use crate::token::MAX_TOKEN;

/// Where the portal sends people.
pub(crate) const NOTIFY_PATH: &str = "/notify";

#[derive(Clone)]
struct Desk {
    notifier: Notifier,
    clock: Clock,
}

/// The routes of a notifier's host.
pub fn routes(notifier: Notifier, clock: Clock) -> Router {
    Router::new()
        .route(NOTIFY_PATH, get(arrive))
        .route(IDENTITY_PATH, post(identify))
        .fallback(elsewhere)
        .method_not_allowed_fallback(elsewhere)
        .layer(DefaultBodyLimit::max(MAX_TOKEN))
        .with_state(Desk { notifier, clock })
        .merge(page::style())
}

fn view(desk: &Desk, caller: &Caller, request: &Request) -> View {
    View::of(request, hosts::line_notifier(desk.notifier.region()), caller.address, desk.clock.now())
}

#[derive(Deserialize)]
struct Sent {
    request: String,
}

async fn arrive(State(desk): State<Desk>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    let view = view(&desk, &caller, &request);
    let Ok(Query(sent)) = Query::<Sent>::try_from_uri(request.uri()) else { return view.say(Outcome::BackButton) };
    match desk.notifier.arrive(&sent.request, caller.address, desk.clock.now()).await {
        Ok(Arrival::Ask { return_to, consent }) => view.intent(return_to, consent),
        Ok(Arrival::Stop(outcome)) => view.say(outcome),
        Err(error) => {
            tracing::error!(%error, "the carrier's lines could not be read");
            view.say(Outcome::TryLater)
        }
    }
}

/// Whoever opens the notifier without the portal's word is sent there (LA-07).
async fn elsewhere(State(desk): State<Desk>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    view(&desk, &caller, &request).say(Outcome::BackButton)
}

async fn identify(State(desk): State<Desk>, request: Request) -> Response {
    let Ok(ask) = String::from_request(request, &()).await else { return StatusCode::BAD_REQUEST.into_response() };
    match desk.notifier.identify(&ask, desk.clock.now()).await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], answer).into_response(),
        Err(error) => {
            tracing::warn!(%error, "somebody who is not the portal asked for a line");
            StatusCode::FORBIDDEN.into_response()
        }
    }
}
