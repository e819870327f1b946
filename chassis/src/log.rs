//! Sets up the program's structured log: one line an event, to standard error, as text or JSON.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Something that listens beside the log, with a filter of its own.
pub type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging. `levels` is a list such as `info,registry=debug`; a wrong one falls back to `info`.
/// Calling it twice keeps the first.
pub fn start(format: Format, levels: &str) {
    start_with(format, levels, None);
}

/// As [`start`], with one who listens too.
pub fn start_with(format: Format, levels: &str, listener: Option<Listener>) {
    let targets = levels.parse::<Targets>().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let registry = tracing_subscriber::registry().with(listener);
    // Colours for people only; a Windows console shows them as signs unless it was told otherwise.
    let colours = cfg!(not(windows)) && std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true).with_ansi(colours);
    // A second call in one process (tests) is not a failure: the first log stays.
    let _already_started = match format {
        Format::Text => registry.with(lines.with_filter(targets)).try_init(),
        Format::Json => registry.with(lines.json().with_filter(targets)).try_init(),
    };
}
