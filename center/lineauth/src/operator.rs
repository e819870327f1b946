//! What a carrier's operator may ask: its lines, what changes about them, and which prefixes they hold.

use axum::extract::{Path, Query, State};
use axum::routing::{get, patch};
use axum::{Json, Router};
use manuals::Region;
use registry::operator::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::carrier::{CarrierLine, Change, Lines};
use crate::error::Error;

type Answer = Result<Json<Value>, Problem>;

/// The routes; to be put behind the operators' guard.
pub fn routes(lines: Lines) -> Router {
    Router::new()
        .route("/carrier/lines", get(list).post(put))
        .route("/carrier/lines/{region}/{line_id}", patch(change).delete(remove))
        // A carrier's whole table is brought in at once.
        .layer(axum::extract::DefaultBodyLimit::max(64 * 1024 * 1024))
        .with_state(lines)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Registry(error) => error.into(),
            other => Self::failure(&other),
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    line_id: Option<String>,
}

async fn list(State(lines): State<Lines>, Query(wanted): Query<Wanted>) -> Answer {
    Ok(Json(json!(lines.list(wanted.line_id.as_deref()).await?)))
}

/// One line, or many.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Many(Vec<CarrierLine>),
    One(Box<CarrierLine>),
}

async fn put(State(lines): State<Lines>, Json(given): Json<Given>) -> Answer {
    let count = match given {
        Given::Many(many) => lines.put(many).await?,
        Given::One(one) => lines.put(vec![*one]).await?,
    };
    Ok(Json(json!({ "lines": count })))
}

async fn change(State(lines): State<Lines>, Path((region, line_id)): Path<(Region, String)>, Json(change): Json<Change>) -> Answer {
    Ok(Json(json!(lines.change(region, &line_id, change).await?)))
}

async fn remove(State(lines): State<Lines>, Path((region, line_id)): Path<(Region, String)>) -> Answer {
    lines.remove(region, &line_id).await?;
    Ok(Json(json!({ "line_id": line_id, "removed": true })))
}
