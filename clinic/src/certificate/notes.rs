//! What the keeper remembers between two looks, so that a crash repeats nothing and forgets nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A certificate as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub until: Timestamp,
}

/// The time within which the authority wants a certificate renewed (RFC 9773).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalTime {
    /// Not before.
    pub start: Timestamp,
    /// Not later than.
    pub end: Timestamp,
}

/// What can stand in the keeper's way, by kind; each is warned of separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hindrance {
    /// The authority cannot be reached.
    Line,
    /// The authority says no.
    Refusal,
    /// This machine's clock and the center's differ.
    Clock,
    /// The certificate in place was replaced by another one already, or revoked.
    Replaced,
    /// The roots file is wrong or ends soon.
    Roots,
    /// What came is no certificate for this machine.
    Strange,
}

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// When people were warned of it last.
    pub warned: Option<Timestamp>,
    /// One Japanese sentence.
    pub text: String,
}

/// How often the authority was asked for a renewal on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// The day in Japan.
    pub day: Option<Date>,
    /// How often.
    pub count: u32,
}

/// A mail that waits to be sent, or again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its name before the `@` of its Message-ID, the same at every try.
    pub id: String,
    /// To whom.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
}

/// The notice that was given last about a certificate (RN-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Which one: so many days before expiry.
    pub days: i32,
    /// On which day in Japan.
    pub on: Date,
}

/// Everything the keeper remembers; what concerns a certificate begins anew with the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// Which certificate is meant.
    pub serial: String,
    /// Where in the authority's window this machine renews: 0 its start, 65,535 its end. Drawn once for each certificate.
    pub draw: u16,
    /// What the authority said last.
    pub window: Option<RenewalTime>,
    /// When it is asked again.
    pub ask_at: Option<Timestamp>,
    /// Renewals asked for today.
    pub tries: Tries,
    /// Not before this is a renewal asked for again.
    pub renew_at: Option<Timestamp>,
    /// The coming certificate that has worked.
    pub worked: Option<String>,
    /// Not before this is the coming certificate tried again, or the one in place.
    pub try_at: Option<Timestamp>,
    /// Since when the center refuses the pair that was tried.
    pub refused_since: Option<Timestamp>,
    /// Whether the certificate in place has worked from its place.
    pub confirmed: bool,
    /// The notice given last.
    pub told: Option<Told>,
    /// The authority does not renew this certificate any more: it was replaced or revoked.
    pub ended: bool,
    /// What stands in the way.
    pub troubles: BTreeMap<Hindrance, Trouble>,
    /// Seconds by which the center's clock was before this machine's when it last answered; 0 for less than five minutes.
    pub offset: i64,
    /// When that was, by this machine's clock.
    pub offset_at: Option<Timestamp>,
    /// Mail that waits.
    pub letters: Vec<Letter>,
    /// Not before this is mail sent.
    pub post_at: Option<Timestamp>,
    /// How often mail failed in a row.
    pub post_failures: u32,
}

impl Notes {
    /// The notes about a certificate that is new in its place; what concerns the machine stays.
    #[must_use]
    pub fn about(self, held: &Held, draw: u16) -> Self {
        Self {
            serial: held.serial.clone(),
            draw,
            offset: self.offset,
            offset_at: self.offset_at,
            letters: self.letters,
            post_at: self.post_at,
            post_failures: self.post_failures,
            // A loop of renewals would change the certificate each time: what was tried today counts on.
            tries: self.tries,
            ..Self::default()
        }
    }

    /// Notes that something stands in the way; how long it does counts from the first time.
    pub fn trouble(&mut self, kind: Hindrance, text: String, now: Timestamp) {
        let trouble = self.troubles.entry(kind).or_insert(Trouble { since: now, warned: None, text: String::new() });
        trouble.text = text;
    }

    /// Notes that nothing of this kind stands in the way.
    pub fn mended(&mut self, kind: Hindrance) {
        self.troubles.remove(&kind);
    }
}
