//! Draws random bytes, ids and passwords from the operating system's generator.

use aws_lc_rs::rand::fill;

/// The operating system gave no random bytes: nothing secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("乱数を得られません。機械を再起動しても直らなければ、別の機械をお使いください。")]
pub struct NoRandomness;

/// `N` random bytes.
///
/// # Errors
/// [`NoRandomness`] if the operating system refuses.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    fill(&mut out).map_err(|_| NoRandomness)?;
    Ok(out)
}

/// Letters and digits that are not mistaken for one another on paper (no 0, O, 1, l, I).
pub const READABLE: &str = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
/// Digits.
pub const DIGITS: &str = "0123456789";

/// `length` characters drawn evenly from `alphabet` (at most 256 characters).
///
/// # Errors
/// [`NoRandomness`] if the operating system refuses.
pub fn text(length: usize, alphabet: &str) -> Result<String, NoRandomness> {
    let letters: Vec<char> = alphabet.chars().collect();
    let even = 256 - 256 % letters.len().max(1);
    let mut out = String::with_capacity(length);
    while out.chars().count() < length {
        let [byte] = bytes::<1>()?;
        // Bytes past the last whole multiple would favour the first letters.
        if usize::from(byte) < even
            && let Some(letter) = letters.get(usize::from(byte) % letters.len().max(1))
        {
            out.push(*letter);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length_and_alphabet_and_differ() {
        let one = text(20, READABLE).unwrap();
        assert_eq!(one.len(), 20);
        assert!(one.chars().all(|letter| READABLE.contains(letter)));
        assert_ne!(one, text(20, READABLE).unwrap());
    }
}
