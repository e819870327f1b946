//! What an operator may change about eligibility.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The section `[eligibility]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the documented test people (`docs/test-people.md`) act up: slow, failing and broken answers. Off where patients are real.
    pub test_people: bool,
    /// How many seconds the slow test person takes.
    pub slow_answer_seconds: u64,
    /// Whether a question needs a client certificate too. The field's programs show theirs at the log-in only, so the default is no.
    pub require_certificate: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { test_people: false, slow_answer_seconds: 90, require_certificate: false }
    }
}

impl Config {
    /// How long the slow test person takes.
    #[must_use]
    pub const fn slow_answer(&self) -> Duration {
        Duration::from_secs(self.slow_answer_seconds)
    }
}
