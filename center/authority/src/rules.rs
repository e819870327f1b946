//! Decides who may fetch a certificate, over which keys, and under which password: plain functions of what is known and the time.

use jiff::{SignedDuration, Timestamp};
use manuals::situation::Situation;

use crate::config::Config;

/// A certificate notice as it is known, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFact {
    /// Until when the certificate may be fetched.
    pub retrieve_until: Timestamp,
    /// Hash of the key for which it was already issued, if it was.
    pub issued_for: Option<String>,
    /// Wrong reference ids in a row.
    pub failures: i64,
    /// When the last of them came.
    pub failed_at: Timestamp,
}

/// What to do with a request for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the certificate.
    Issue,
    /// It was made for this very key: hand it out again, since the first answer may have been lost.
    HandOutAgain,
}

/// Whether a caller with the right request id may even try its reference id: after many wrong ones a notice rests.
///
/// # Errors
/// [`Situation::AccountLocked`] while it rests.
pub fn may_try(notice: &NoticeFact, config: &Config, now: Timestamp) -> Result<(), Situation> {
    let rest = SignedDuration::from_mins(i64::from(config.rest_minutes));
    let resting = notice.failures >= i64::from(config.guesses) && now.duration_since(notice.failed_at) < rest;
    if resting { Err(Situation::AccountLocked) } else { Ok(()) }
}

/// What to do for a caller who proved the reference id and asks for a certificate over the key with hash `key_hash`
/// (`None`: the key is to be made here).
///
/// # Errors
/// [`Situation::NoticeUsed`] if another key got the certificate, [`Situation::NoticeExpired`] after the last day (CA-03).
pub fn step(notice: &NoticeFact, key_hash: Option<&str>, now: Timestamp) -> Result<Step, Situation> {
    match (&notice.issued_for, key_hash) {
        (Some(issued), Some(asked)) if issued == asked => Ok(Step::HandOutAgain),
        (Some(_), _) => Err(Situation::NoticeUsed),
        (None, _) if now > notice.retrieve_until => Err(Situation::NoticeExpired),
        (None, _) => Ok(Step::Issue),
    }
}

/// The key kinds that are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// NIST P-256.
    P256,
    /// RSA of at least 2048 bits.
    Rsa,
}

/// Whether a key is strong enough: P-256, or RSA from 2048 to 4096 bits.
///
/// # Errors
/// [`Situation::WeakKey`] otherwise.
pub fn key_kind(algorithm: &str, bits: usize) -> Result<KeyKind, Situation> {
    match (algorithm, bits) {
        // id-ecPublicKey and rsaEncryption
        ("1.2.840.10045.2.1", 256) => Ok(KeyKind::P256),
        ("1.2.840.113549.1.1.1", 2048..=4096) => Ok(KeyKind::Rsa),
        _ => Err(Situation::WeakKey),
    }
}

/// Whether a password may protect a PFX file: four half-width digits (CA-15), nothing else.
///
/// # Errors
/// [`Situation::BadPfxPassword`] for full-width digits too.
pub fn pfx_password(password: &str) -> Result<(), Situation> {
    let rule = manuals::certificate::pfx_password("compatible");
    if rule.is_some_and(|rule| rule.permits(password)) { Ok(()) } else { Err(Situation::BadPfxPassword) }
}

/// When a certificate made now ends: so many days on, but not after the notice's last day of validity.
#[must_use]
pub fn not_after(config: &Config, valid_until: Timestamp, now: Timestamp) -> Timestamp {
    let longest = now + SignedDuration::from_hours(24 * i64::from(config.certificate_days));
    longest.min(valid_until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);
    fn notice() -> NoticeFact {
        NoticeFact {
            retrieve_until: NOW + SignedDuration::from_hours(24 * 180),
            issued_for: None,
            failures: 0,
            failed_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Rows: CA-03
    #[test]
    fn a_certificate_is_fetched_within_180_days_and_again_by_the_same_key_at_any_time() {
        let last = notice().retrieve_until;
        assert_eq!(step(&notice(), Some("k"), last), Ok(Step::Issue));
        let late = last + SignedDuration::from_secs(1);
        assert_eq!(step(&notice(), Some("k"), late), Err(Situation::NoticeExpired));
        let issued = NoticeFact { issued_for: Some("k".into()), ..notice() };
        assert_eq!(step(&issued, Some("k"), late), Ok(Step::HandOutAgain));
        assert_eq!(step(&issued, Some("other"), NOW), Err(Situation::NoticeUsed));
        assert_eq!(step(&issued, None, NOW), Err(Situation::NoticeUsed));
    }

    /// Rows: CA-15
    #[test]
    fn a_pfx_password_is_four_half_width_digits() {
        assert_eq!(pfx_password("0123"), Ok(()));
        for wrong in ["012", "01234", "０１２３", "abcd", "12 4", ""] {
            assert_eq!(pfx_password(wrong), Err(Situation::BadPfxPassword), "{wrong}");
        }
    }

    #[test]
    fn weak_keys_are_refused() {
        assert_eq!(key_kind("1.2.840.10045.2.1", 256), Ok(KeyKind::P256));
        assert_eq!(key_kind("1.2.840.113549.1.1.1", 2048), Ok(KeyKind::Rsa));
        assert_eq!(key_kind("1.2.840.113549.1.1.1", 1024), Err(Situation::WeakKey));
        assert_eq!(key_kind("1.2.840.10045.2.1", 521), Err(Situation::WeakKey));
    }

    #[test]
    fn a_guessed_notice_rests_and_wakes_again() {
        let config = Config { guesses: 3, rest_minutes: 15, ..Config::default() };
        let guessed = NoticeFact { failures: 3, failed_at: NOW, ..notice() };
        assert_eq!(may_try(&guessed, &config, NOW), Err(Situation::AccountLocked));
        assert_eq!(may_try(&guessed, &config, NOW + SignedDuration::from_mins(15)), Ok(()));
    }
}
