//! Waits for what must come, and says what did not: it looks again and again instead of sleeping for a guessed time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// The moment, for spans of time only.
#[expect(clippy::disallowed_methods, reason = "the lab speaks with the programs through the network only, so it has no chassis to ask")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Looks until there is something, for `patience` at most; a mistake in looking ends it at once.
///
/// # Errors
/// That `what` did not come, or what looking said.
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if begun.elapsed() >= patience {
            bail!("{what}: did not come within {} s", patience.as_secs());
        }
        std::thread::park_timeout(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_is_named() {
        let error = until::<()>("the answer", Duration::from_millis(1), || Ok(None)).unwrap_err();
        assert_eq!(error.to_string(), "the answer: did not come within 0 s");
        let mut looks = 0;
        let found = until("three", Duration::from_secs(5), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(found.unwrap(), 3);
    }
}
