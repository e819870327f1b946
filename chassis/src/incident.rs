//! Gives each failure a short number that the caller can read out and the operator can find in the log.

use crate::random;

/// A new incident number such as `K7TQ-2MPA-9C`: ten unmistakable characters, unique enough for a year of logs.
#[must_use]
pub fn number() -> String {
    let drawn = random::text(10, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789").unwrap_or_else(|_| "XXXXXXXXXX".to_owned());
    let mut out = String::with_capacity(12);
    for (place, letter) in drawn.chars().enumerate() {
        if place == 4 || place == 8 {
            out.push('-');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_short_and_differ() {
        let (one, two) = (super::number(), super::number());
        assert_eq!(one.len(), 12);
        assert_ne!(one, two);
    }
}
