//! Counts what the bridge does: for the operator's metrics, and for the one line "how is it going?".

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::rules::Outcome;
use super::trouble::Trouble;

/// How a running bridge is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Requests taken since start, those found again after a restart included.
    pub taken: u64,
    /// Results written with the center's own answer.
    pub answered: u64,
    /// Results written that say why there is no answer.
    pub failed: u64,
    /// Requests refused with an `.err`.
    pub refused: u64,
    /// Requests taken and not yet answered.
    pub open: usize,
    /// Requests in `req` that are not whole, or held by their writer.
    pub waiting: usize,
    /// How long the oldest request, open or waiting, is there.
    pub oldest: Option<Duration>,
    /// When the last result was delivered.
    pub last_result: Option<Timestamp>,
    /// The folder that is in the way, if one is.
    pub trouble: Option<Trouble>,
}

/// The figures behind [`Status`].
#[derive(Debug, Default)]
pub(crate) struct Figures(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counts: Status,
    open: BTreeMap<String, Instant>,
    oldest_waiting: Option<Instant>,
    /// What waits for a disk, by drop id; taking requests has no id yet.
    troubles: BTreeMap<String, Trouble>,
}

impl Figures {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Figures of a task that broke off are still figures.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn taken(&self, drop_id: &str, at: Instant) {
        metrics::counter!("onshi_bridge_taken_total").increment(1);
        let mut inner = self.inner();
        inner.counts.taken += 1;
        inner.open.insert(drop_id.to_owned(), at);
    }

    pub(crate) fn waiting(&self, waiting: usize, oldest: Option<Instant>) {
        metrics::gauge!("onshi_bridge_waiting_files").set(u32::try_from(waiting).unwrap_or(u32::MAX));
        let mut inner = self.inner();
        inner.counts.waiting = waiting;
        inner.oldest_waiting = oldest;
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        metrics::counter!("onshi_bridge_results_total", "outcome" => outcome.label()).increment(1);
        let mut inner = self.inner();
        match outcome {
            Outcome::Answered => inner.counts.answered += 1,
            Outcome::Failed | Outcome::PassedBroken => inner.counts.failed += 1,
        }
    }

    pub(crate) fn refused(&self, code: &'static str) {
        metrics::counter!("onshi_bridge_refused_total", "code" => code).increment(1);
        self.inner().counts.refused += 1;
    }

    pub(crate) fn delivered(&self, after: Duration, at: Timestamp) {
        metrics::histogram!("onshi_bridge_seconds").record(after.as_secs_f64());
        self.inner().counts.last_result = Some(at);
    }

    /// What keeps this request waiting for a disk, or that nothing does. The log says it once, not at every attempt.
    pub(crate) fn trouble(&self, drop_id: &str, trouble: Option<Trouble>) {
        let mut inner = self.inner();
        match trouble {
            None if inner.troubles.remove(drop_id).is_none() => return,
            None => {
                if inner.troubles.is_empty() {
                    tracing::info!("all folders can be used again");
                }
            }
            Some(trouble) => {
                if !inner.troubles.values().any(|known| *known == trouble) {
                    tracing::error!(drop_id, "{trouble}");
                }
                inner.troubles.insert(drop_id.to_owned(), trouble);
            }
        }
        metrics::gauge!("onshi_bridge_waiting_for_disk").set(u32::try_from(inner.troubles.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn closed(&self, drop_id: &str) {
        self.inner().open.remove(drop_id);
    }

    pub(crate) fn status(&self, now: Instant) -> Status {
        let inner = self.inner();
        let oldest = inner.open.values().copied().chain(inner.oldest_waiting).min();
        Status {
            open: inner.open.len(),
            oldest: oldest.map(|since| now.saturating_duration_since(since)),
            trouble: inner.troubles.values().next().cloned(),
            ..inner.counts.clone()
        }
    }
}
