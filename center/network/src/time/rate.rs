//! Counts how often each prefix asks, in a table that never grows, and says when it is too often.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use jiff::Timestamp;

/// Places of the table; a power of two. Prefixes that share a place share its count: a stranger cannot choose whom, the hash is secret.
const PLACES: usize = 1 << 16;
/// Thousandths of a question are counted.
const ONE: u64 = 1000;

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Answer,
    /// The asker is told to ask less often.
    Say,
    /// Nothing is said.
    Ignore,
}

/// The table.
#[derive(Debug)]
pub struct Rates {
    per_second: u64,
    burst: u64,
    secret: RandomState,
    places: Vec<Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Milliseconds at which it was last looked at.
    at: i64,
    /// Thousandths of questions that were asked and not yet forgiven.
    asked: u64,
    /// Milliseconds at which the asker was last told.
    told: i64,
}

impl Rates {
    /// So many questions a second for long, and so many at once; 0 a second means without limit.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let places = if per_second == 0 { 0 } else { PLACES };
        Self {
            per_second: u64::from(per_second),
            burst: u64::from(burst.max(1)) * ONE,
            secret: RandomState::new(),
            places: vec![Count::default(); places],
        }
    }

    /// Counts a question of `asker`.
    pub fn judge(&mut self, asker: IpAddr, now: Timestamp) -> Verdict {
        if self.places.is_empty() {
            return Verdict::Answer;
        }
        let prefix = match asker.to_canonical() {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX),
        };
        let place = usize::try_from(self.secret.hash_one(prefix)).unwrap_or(0) & (PLACES - 1);
        let Some(count) = self.places.get_mut(place) else { return Verdict::Answer };
        let now = now.as_millisecond();
        // A clock that was set back forgives nothing and loses nothing.
        let passed = u64::try_from(now - count.at).unwrap_or(0);
        count.at = now;
        count.asked = count.asked.saturating_sub(passed.saturating_mul(self.per_second));
        if count.asked + ONE <= self.burst {
            count.asked += ONE;
            return Verdict::Answer;
        }
        if now.abs_diff(count.told) >= 1000 {
            count.told = now;
            return Verdict::Say;
        }
        Verdict::Ignore
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_784_073_600_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_prefix_has_its_burst_then_its_rate_and_is_told_once_a_second() {
        let mut rates = Rates::new(2, 4);
        let mut ask = |last: &str, when: i64| rates.judge(format!("2408:210:aaaa:bb00::{last}").parse().unwrap(), at(when));
        // All addresses of a prefix are one asker.
        let burst: Vec<Verdict> = ["1", "2", "3", "4"].into_iter().map(|last| ask(last, 0)).collect();
        assert_eq!(burst, [Verdict::Answer; 4]);
        assert_eq!((ask("5", 1), ask("6", 2), ask("7", 400)), (Verdict::Say, Verdict::Ignore, Verdict::Ignore));
        assert_eq!((ask("8", 500), ask("9", 501)), (Verdict::Answer, Verdict::Ignore));
        assert_eq!(ask("a", 999), Verdict::Ignore);
        // A second is over: one more of the two a second, then the word again.
        assert_eq!((ask("b", 1001), ask("c", 1002)), (Verdict::Answer, Verdict::Say));
        // The clock is set back: nothing is forgiven, nothing breaks.
        assert_eq!(ask("d", -5000), Verdict::Say);
        assert_eq!(ask("e", 60_000), Verdict::Answer);
        assert_eq!(rates.judge("2408:210:aaaa:bb01::1".parse().unwrap(), at(1002)), Verdict::Answer);
    }

    #[test]
    fn without_a_limit_everybody_is_answered() {
        let mut rates = Rates::new(0, 1);
        assert!((0..10_000).all(|_| rates.judge("192.0.2.1".parse().unwrap(), at(0)) == Verdict::Answer));
    }
}
