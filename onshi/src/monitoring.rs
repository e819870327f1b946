//! Figures for Prometheus, and whether the center lives and is ready, on the operators' door or a port of their own.

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use registry::Registry;
use tokio::net::TcpListener;

/// The figures of this process, and whom to ask whether it is ready.
#[derive(Clone)]
pub(crate) struct Monitoring {
    handle: PrometheusHandle,
    registry: Registry,
}

/// Seconds, from a tenth of a millisecond to the longest wait of a receipt computer.
const BUCKETS: &[f64] = &[0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 180.0];

impl Monitoring {
    /// Begins to collect figures; once a process.
    pub(crate) fn start(registry: Registry) -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .context("指標を集められません")?;
        let swept = handle.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_secs(5));
            loop {
                every.tick().await;
                swept.run_upkeep();
            }
        });
        Ok(Self { handle, registry })
    }
}

/// `/metrics`: the figures as text.
pub(crate) async fn figures(State(monitoring): State<Monitoring>) -> Response {
    ([(http::header::CONTENT_TYPE, "text/plain; version=0.0.4")], monitoring.handle.render()).into_response()
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
