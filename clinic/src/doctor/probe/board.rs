//! Keeps every question of a look with what came of it, so that nothing is lost when the deadline comes first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chassis::clock;

use crate::doctor::recording::{Outcome, Probe, What};

/// The questions of one look, in the order in which they were put.
#[derive(Debug, Default)]
pub struct Board(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    what: What,
    begun: Instant,
    done: Option<(Outcome, u64)>,
}

/// One question on the board.
#[derive(Clone, Copy, Debug)]
pub struct Ticket(usize);

impl Board {
    /// Puts a question on the board; it counts as unfinished until [`Board::done`].
    pub fn put(&self, what: What) -> Ticket {
        let mut entries = self.entries();
        entries.push(Entry { what, begun: clock::instant(), done: None });
        Ticket(entries.len() - 1)
    }

    /// The question is asked from now on: it waited for its turn until here.
    pub fn begin(&self, ticket: Ticket) {
        if let Some(entry) = self.entries().get_mut(ticket.0) {
            entry.begun = clock::instant();
        }
    }

    /// Writes down what came of a question.
    pub fn done(&self, ticket: Ticket, outcome: Outcome) {
        if let Some(entry) = self.entries().get_mut(ticket.0) {
            entry.done = Some((outcome, millis(entry.begun)));
        }
    }

    /// Puts a question whose outcome is known at once.
    pub fn say(&self, what: What, outcome: Outcome) {
        let ticket = self.put(what);
        self.done(ticket, outcome);
    }

    /// Puts a question, waits for its outcome and writes it down.
    pub async fn ask(&self, what: What, asking: impl Future<Output = Outcome>) -> Outcome {
        let ticket = self.put(what);
        let outcome = asking.await;
        self.done(ticket, outcome.clone());
        outcome
    }

    /// Everything on the board; what nobody answered yet is unfinished.
    #[must_use]
    pub fn take(&self) -> Vec<Probe> {
        let entries = std::mem::take(&mut *self.entries());
        let probe = |entry: Entry| {
            let (outcome, ms) = entry.done.unwrap_or_else(|| (Outcome::Unfinished, millis(entry.begun)));
            Probe { what: entry.what, outcome, ms }
        };
        entries.into_iter().map(probe).collect()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(clock::instant().saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_the_deadline_cuts_off_is_unfinished_and_never_lost() {
        let board = Board::default();
        let quick = board.ask(What::LinePortal, async { Outcome::Connected });
        let slow = board.ask(What::Portal, std::future::pending());
        let cut = tokio::time::timeout(std::time::Duration::from_secs(1), async { tokio::join!(quick, slow) }).await;
        assert!(cut.is_err());
        let seen: Vec<(What, Outcome)> = board.take().into_iter().map(|probe| (probe.what, probe.outcome)).collect();
        assert_eq!(seen, [(What::LinePortal, Outcome::Connected), (What::Portal, Outcome::Unfinished)]);
    }
}
