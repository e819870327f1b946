//! Figures for Prometheus, and whether the center lives and is ready, on the operators' door or a port of their own.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use registry::Registry;
use tokio::net::TcpListener;

use crate::figures::{self, Figures};

/// The figures of this process, and whom to ask whether it is ready.
#[derive(Clone)]
pub(crate) struct Monitoring {
    figures: Figures,
    registry: Registry,
}

impl Monitoring {
    /// Begins to collect figures; once a process. `connections` is how many the doors let in at one time.
    pub(crate) fn start(registry: Registry, connections: usize) -> anyhow::Result<Self> {
        let figures = Figures::start()?;
        figures::describe_center(connections);
        Ok(Self { figures, registry })
    }
}

/// `/metrics`: the figures as text.
pub(crate) async fn figures(State(monitoring): State<Monitoring>) -> Response {
    ([(http::header::CONTENT_TYPE, "text/plain; version=0.0.4")], monitoring.figures.text()).into_response()
}

/// `/health/live`: the process answers. `/health/ready`: its database does too.
pub(crate) fn health(monitoring: Monitoring) -> Router {
    Router::new().route("/health/live", get(async || "ok\n")).route("/health/ready", get(ready)).with_state(monitoring)
}

async fn ready(State(monitoring): State<Monitoring>) -> Response {
    match monitoring.registry.ready().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}

/// Serves figures and health in plain HTTP, for the operator's own network.
pub(crate) fn serve_apart(listener: TcpListener, monitoring: Monitoring) -> tokio::task::JoinHandle<()> {
    let routes = Router::new().route("/metrics", get(figures)).with_state(monitoring.clone()).merge(health(monitoring));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the monitoring port closed");
        }
    })
}
