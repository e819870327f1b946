//! What operators may ask of the register: how many are in it, and to bring people in from a file.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::clock::Clock;
use futures_util::TryStreamExt;
use registry::operator::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::StreamReader;

use crate::people::ImportOptions;
use crate::{Eligibility, Error};

#[derive(Clone)]
struct Desk {
    eligibility: Eligibility,
    clock: Clock,
}

/// The routes; to be put behind the operators' guard.
pub fn routes(eligibility: Eligibility, clock: Clock) -> Router {
    Router::new()
        .route("/eligibility/people", get(count))
        .route("/eligibility/people/import", post(import))
        // A register of the whole country is a large file; it is streamed, never held.
        .layer(DefaultBodyLimit::disable())
        .with_state(Desk { eligibility, clock })
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::failure(&error)
    }
}

async fn count(State(desk): State<Desk>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!(desk.eligibility.count().await?)))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    replace: bool,
    #[serde(default)]
    accept_good_lines: bool,
}

async fn import(State(desk): State<Desk>, Query(wanted): Query<Wanted>, body: Body) -> Result<Json<Value>, Problem> {
    let options = ImportOptions { replace: wanted.replace, accept_good_lines: wanted.accept_good_lines };
    let reader = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    let report = desk.eligibility.import(reader, options, desk.clock.now(), |_| ()).await?;
    Ok(Json(json!(report)))
}
