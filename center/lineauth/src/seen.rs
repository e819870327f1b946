//! Remembers for a while which numbers were used, in bounded memory.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Numbers kept at most, in each of two generations: a flood makes the oldest be forgotten, not memory grow.
const LIMIT: usize = 500_000;

/// The numbers used in this process during at least the last `span`.
pub(crate) struct Seen {
    span: SignedDuration,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    current: HashSet<[u8; 16]>,
    former: HashSet<[u8; 16]>,
    since: Option<Timestamp>,
}

impl Seen {
    pub(crate) fn lasting(span: SignedDuration) -> Self {
        Self { span, generations: Mutex::default() }
    }

    /// Notes a number; `false` if it was noted before.
    pub(crate) fn is_new(&self, number: [u8; 16], now: Timestamp) -> bool {
        let mut kept = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *kept.since.get_or_insert(now);
        if now.duration_since(since) >= self.span || kept.current.len() >= LIMIT {
            kept.former = std::mem::take(&mut kept.current);
            kept.since = Some(now);
        }
        !kept.former.contains(&number) && kept.current.insert(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once_and_again_when_it_is_long_forgotten() {
        let seen = Seen::lasting(SignedDuration::from_mins(10));
        let now = Timestamp::UNIX_EPOCH;
        assert!(seen.is_new([1; 16], now));
        assert!(!seen.is_new([1; 16], now));
        assert!(seen.is_new([2; 16], now + SignedDuration::from_mins(9)));
        assert!(!seen.is_new([1; 16], now + SignedDuration::from_mins(11)));
        assert!(!seen.is_new([2; 16], now + SignedDuration::from_mins(18)), "kept for at least the span");
        assert!(seen.is_new([1; 16], now + SignedDuration::from_mins(40)));
    }
}
