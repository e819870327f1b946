//! Begins the log, and sends traces of requests and their steps to an OpenTelemetry collector where an operator names one.

use chassis::log::{self, Format};

/// What was begun; stop it last, so that nothing is left behind.
pub(crate) struct Traces {
    #[cfg(feature = "otel")]
    provider: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// Begins the log, and the traces to `collector` (`http://machine:4318`) unless it is empty.
///
/// # Errors
/// When traces are wanted and this program was built without them, or the collector's address is none.
#[cfg(not(feature = "otel"))]
pub(crate) fn start(format: Format, levels: &str, collector: &str) -> anyhow::Result<Traces> {
    if !collector.is_empty() {
        anyhow::bail!(
            "[log] traces が指定されていますが、このプログラムには OpenTelemetry が入っていません。\
             --features otel を付けて作り直すか、traces を空にしてください。"
        );
    }
    log::start(format, levels);
    Ok(Traces {})
}

/// Begins the log, and the traces to `collector` (`http://machine:4318`) unless it is empty.
///
/// # Errors
/// When the collector's address is none.
#[cfg(feature = "otel")]
pub(crate) fn start(format: Format, levels: &str, collector: &str) -> anyhow::Result<Traces> {
    use anyhow::Context;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::Targets;

    if collector.is_empty() {
        log::start(format, levels);
        return Ok(Traces { provider: None });
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .build()
        .with_context(|| format!("[log] traces の「{collector}」を使えません（例: http://127.0.0.1:4318）"))?;
    let resource = Resource::builder().with_service_name("onshi").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    // Requests, their steps, and what is logged on the way, so that an incident number leads to its trace.
    let wanted = Targets::new().with_default(tracing::Level::INFO).with_target("chassis::serve", tracing::Level::DEBUG);
    let wanted = wanted.with_target("eligibility", tracing::Level::DEBUG);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("onshi")).with_filter(wanted).boxed();
    log::start_with(format, levels, Some(layer));
    Ok(Traces { provider: Some(provider) })
}

impl Traces {
    /// Sends what waits.
    #[cfg(feature = "otel")]
    pub(crate) async fn stop(self) {
        let Some(provider) = self.provider else { return };
        // It waits for the network in its own way, so it gets a thread of its own.
        let sent = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }

    /// Nothing waits.
    #[cfg(not(feature = "otel"))]
    pub(crate) async fn stop(self) {}
}
