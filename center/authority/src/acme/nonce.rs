//! Makes and knows again the numbers against repeated requests: signed instead of kept, so that any copy of the center knows another's.

use aws_lc_rs::hmac;
use chassis::random::{self, NoRandomness};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};

use super::problem::{Kind, Problem};

/// How long a number may be used.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_hours(1);

/// Bytes of the signature that go into a number.
const TAG: usize = 16;

/// Makes numbers; those that were used are remembered by the store until they lapse.
pub(crate) struct Nonces {
    key: hmac::Key,
}

/// A number of ours that has not lapsed; whether it was used already, the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// The number.
    pub(crate) text: String,
    /// Until when it must be remembered.
    pub(crate) until: Timestamp,
}

impl Nonces {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// A number to be used once within [`LIFE`].
    pub(crate) fn make(&self, now: Timestamp) -> Result<String, NoRandomness> {
        let body = [&now.as_millisecond().to_be_bytes()[..], &random::bytes::<12>()?].concat();
        let tag = hmac::sign(&self.key, &body);
        let whole: Vec<u8> = body.iter().chain(tag.as_ref().iter().take(TAG)).copied().collect();
        Ok(BASE64URL_NOPAD.encode(&whole))
    }

    /// Looks whether a number is ours and still good.
    pub(crate) fn read(&self, text: &str, now: Timestamp) -> Result<Fresh, Problem> {
        self.until(text)
            .filter(|until| now < *until && *until <= now + LIFE + SignedDuration::from_mins(5))
            .map_or_else(|| Err(used_up()), |until| Ok(Fresh { text: text.to_owned(), until }))
    }

    fn until(&self, text: &str) -> Option<Timestamp> {
        let whole = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (body, tag) = whole.split_at_checked(20).filter(|(_, tag)| tag.len() == TAG)?;
        let expected = hmac::sign(&self.key, body);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref().get(..TAG)?, tag).ok()?;
        let made = i64::from_be_bytes(body.get(..8)?.try_into().ok()?);
        Timestamp::from_millisecond(made).ok()?.checked_add(LIFE).ok()
    }
}

/// The refusal after which every client takes the number of the answer and asks again.
pub(crate) fn used_up() -> Problem {
    Problem::new(
        Kind::BadNonce,
        "この nonce は使えません（使用済みか、期限切れか、この認証局のものではありません）。この応答の Replay-Nonce で送り直してください。",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

    #[test]
    fn a_number_is_known_to_every_copy_with_the_key_until_it_lapses_and_forged_ones_never() {
        let (here, there, stranger) = (Nonces::new(b"key"), Nonces::new(b"key"), Nonces::new(b"other"));
        let number = here.make(NOW).unwrap();
        assert_ne!(number, here.make(NOW).unwrap());
        assert_eq!(there.read(&number, NOW).unwrap().until, NOW + LIFE);
        assert!(there.read(&number, NOW + LIFE).is_err());
        // A copy whose clock is a little behind takes it, one that is an hour behind does not.
        assert!(there.read(&number, NOW - SignedDuration::from_mins(4)).is_ok());
        assert!(there.read(&number, NOW - SignedDuration::from_mins(6)).is_err());
        assert!(stranger.read(&number, NOW).is_err());
        for (place, letter) in number.char_indices() {
            let other = if letter == 'A' { 'B' } else { 'A' };
            let changed: String = number.char_indices().map(|(at, same)| if at == place { other } else { same }).collect();
            assert_eq!(here.read(&changed, NOW).unwrap_err().kind(), Kind::BadNonce, "{changed}");
        }
        assert!(here.read("", NOW).is_err() && here.read(&number.repeat(9), NOW).is_err());
    }
}
