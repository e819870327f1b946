//! The one place where the program looks at a clock, so that every other part can be told what time it is.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Japan has had one fixed offset from UTC, +9 hours and no summer time, for as long as this system has existed.
const JAPAN: Offset = Offset::constant(9);

/// Tells the current instant. Cloning is cheap; all clones of a driven clock show the same time.
#[derive(Clone)]
pub struct Clock {
    /// `None` reads the machine's clock.
    driven: Option<Arc<Mutex<Timestamp>>>,
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self { driven: None }
    }

    /// A clock that stands still at `start` until it is set or advanced: for tests and rehearsals.
    #[must_use]
    pub fn driven(start: Timestamp) -> Self {
        Self { driven: Some(Arc::new(Mutex::new(start))) }
    }

    /// The current instant.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        match &self.driven {
            Some(hand) => *hold(hand),
            None => Timestamp::now(),
        }
    }

    /// Whether it is driven by hand.
    #[must_use]
    pub fn is_driven(&self) -> bool {
        self.driven.is_some()
    }

    /// Moves a driven clock, and all its clones, to `at`. Returns `false`, and changes nothing, for the machine's clock.
    pub fn set(&self, at: Timestamp) -> bool {
        self.turn(|_| at)
    }

    /// Moves a driven clock by `by` (backwards when negative), stopping at the ends of representable time. Returns `false`, and changes nothing,
    /// for the machine's clock.
    pub fn advance(&self, by: SignedDuration) -> bool {
        self.turn(|now| now.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX }))
    }

    fn turn(&self, to: impl FnOnce(Timestamp) -> Timestamp) -> bool {
        match &self.driven {
            Some(hand) => {
                let mut hand = hold(hand);
                *hand = to(*hand);
                true
            }
            None => false,
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.driven {
            Some(hand) => write!(f, "Clock::driven({})", *hold(hand)),
            None => f.write_str("Clock::system"),
        }
    }
}

/// An instant has no half-written state, so a panic of another holder does not spoil it.
fn hold(hand: &Mutex<Timestamp>) -> MutexGuard<'_, Timestamp> {
    hand.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a clock on the wall in Japan shows at this instant (UTC+9).
#[must_use]
pub fn japan(at: Timestamp) -> DateTime {
    JAPAN.to_datetime(at)
}

/// An instant as HTTP writes it, to the second: `Wed, 15 Jul 2026 00:00:00 GMT`.
#[must_use]
pub fn http_date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

/// The instant that an HTTP head names; none for what is no date.
#[must_use]
pub fn from_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// The day it is in Japan at this instant.
#[must_use]
pub fn japan_date(at: Timestamp) -> Date {
    japan(at).date()
}

/// The instant at which a clock on the wall in Japan shows `wall`. Wall times beyond the ends of representable time give the nearest instant.
#[must_use]
pub fn from_japan(wall: DateTime) -> Timestamp {
    JAPAN.to_timestamp(wall).unwrap_or(if wall.year() < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A point of the machine's steady clock, to measure how long something took. Never use it for the time of day.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
pub fn instant() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_driven_clock_show_the_same_time() {
        let clock = Clock::driven("2026-11-20T14:59:59Z".parse().unwrap());
        let wall = clock.clone();
        assert_eq!(japan(wall.now()).to_string(), "2026-11-20T23:59:59");
        assert!(clock.advance(SignedDuration::from_secs(1)));
        assert_eq!(japan_date(wall.now()).to_string(), "2026-11-21");
        assert!(wall.set(Timestamp::UNIX_EPOCH));
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        assert!(clock.advance(SignedDuration::MIN));
        assert_eq!(clock.now(), Timestamp::MIN);
    }

    #[test]
    fn the_machines_clock_cannot_be_driven() {
        let clock = Clock::system();
        assert!(!clock.set(Timestamp::UNIX_EPOCH));
        assert!(!clock.advance(SignedDuration::from_secs(1)));
        assert!(clock.now() > Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_date_of_http_is_written_and_read_back() {
        let at: Timestamp = "2026-07-15T00:00:00Z".parse().unwrap();
        assert_eq!(http_date(at), "Wed, 15 Jul 2026 00:00:00 GMT");
        assert_eq!(from_http_date(&http_date(at)), Some(at));
        assert_eq!(from_http_date("yesterday"), None);
    }

    #[test]
    fn japan_is_nine_hours_ahead_in_both_directions() {
        let at: Timestamp = "2026-06-30T15:00:00Z".parse().unwrap();
        assert_eq!(japan(at).to_string(), "2026-07-01T00:00:00");
        assert_eq!(from_japan(japan(at)), at);
        assert_eq!(from_japan(DateTime::MAX), Timestamp::MAX);
        assert_eq!(from_japan(DateTime::MIN), Timestamp::MIN);
    }
}
