//! What operators may ask of the register: how many are in it, and to bring people in from a file.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use chassis::clock::Clock;
use chassis::serve::Patience;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use registry::operator::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::StreamReader;

use crate::people::ImportOptions;
use crate::{Eligibility, Error};

/// How long the sender of a file may say nothing.
const SILENCE: Duration = Duration::from_secs(60);

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
        match error {
            Error::ImportUnderWay { .. } => Self::new(StatusCode::CONFLICT, &error.to_string()),
            other => Self::failure(&other),
        }
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

/// The file as it comes in; it has broken off when nothing comes for long, so that nobody keeps others from importing forever.
fn not_silent(body: Body) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    futures_util::stream::unfold(body.into_data_stream(), async |mut parts| {
        let part = match tokio::time::timeout(SILENCE, parts.next()).await {
            Ok(part) => part?.map_err(std::io::Error::other),
            Err(_silent) => Err(std::io::ErrorKind::TimedOut.into()),
        };
        Some((part, parts))
    })
}

async fn import(
    State(desk): State<Desk>,
    patience: Option<Extension<Patience>>,
    Query(wanted): Query<Wanted>,
    body: Body,
) -> Result<Json<Value>, Problem> {
    if let Some(Extension(patience)) = patience {
        patience.grant();
    }
    let options = ImportOptions { replace: wanted.replace, accept_good_lines: wanted.accept_good_lines };
    let reader = std::pin::pin!(StreamReader::new(not_silent(body)));
    let report = desk.eligibility.import(reader, options, desk.clock.now(), |_| ()).await?;
    Ok(Json(json!(report)))
}
