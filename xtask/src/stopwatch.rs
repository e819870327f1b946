//! Says how long a step of this tool took; the only place outside the chassis that reads a clock.

use std::fmt;
use std::time::{Duration, Instant};

/// A running watch, started when it is made.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the tool times its own steps and must build without the programs it checks")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// What has passed since the start.
    pub(crate) fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl fmt::Display for Stopwatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.1} s", self.passed().as_secs_f64())
    }
}
