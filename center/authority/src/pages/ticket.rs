//! Carries what a person has proven from one page of a form to the next, sealed, so that no copy of the center needs to remember it.
//!
//! Whoever stays away too long, or brings something that was not handed out here, sees the manuals' page of a session that is over (CA-29).

use chassis::sealer::Sealer;
use chassis::vault::Vault;
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Error;
use crate::paper::Paper;

/// The key's name in the vault.
const KEY: &str = "authority-pages";
/// What a sealed text is for; it is sealed too.
const PURPOSE: &str = "authority pages 1";
/// Longest text that is looked at.
pub(crate) const LONGEST: usize = 16 * 1024;

/// Where somebody stands between two pages. It holds secrets, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ticket {
    /// The retrieval screen was opened.
    Retrieval,
    /// The form of an application for issue was opened.
    Application,
    /// An application for issue was read without a mistake: one number, so that it is taken once.
    Checked { form_id: String },
    /// The renewal pages were opened with this certificate.
    Renewal { serial: String },
    /// A renewal was accepted; its ids are shown until its holder goes on.
    Accepted { serial: String, request_id: String, reference_id: String },
    /// The key of this renewal is being fetched.
    Key { serial: String, request_id: String },
    /// The password was chosen.
    Download { serial: String, request_id: String, password: String },
    /// The revocation screen was opened.
    Revocation,
    /// Which certificate is to be revoked has been proven.
    Revoking { which: Which },
    /// And where the completion is told.
    Confirming { which: Which, mail: String },
    /// An operator's page shows notices that can be printed.
    Paper { paper: Box<Paper> },
}

/// How somebody proved which certificate is to be revoked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Which {
    /// By the ids of its notice.
    Ids { request_id: String, reference_id: String },
    /// By showing it.
    Shown { serial: String },
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    until: i64,
    ticket: Ticket,
}

/// Seals and opens tickets.
pub struct Tickets {
    sealer: Sealer,
    lasts: SignedDuration,
}

impl Tickets {
    /// Takes the key from the vault, which all copies share; a ticket is good for so many minutes.
    ///
    /// # Errors
    /// If the vault cannot be read or written, or holds something else under the key's name.
    pub fn open(vault: &Vault, minutes: u32) -> Result<Self, Error> {
        Ok(Self { sealer: Sealer::load_or_create(vault, KEY)?, lasts: SignedDuration::from_mins(i64::from(minutes)) })
    }

    /// The ticket as a form carries it.
    ///
    /// # Errors
    /// If the machine has no randomness.
    pub(crate) fn seal(&self, ticket: Ticket, now: Timestamp) -> Result<String, Error> {
        let sealed = Sealed { until: (now + self.lasts).as_second(), ticket };
        let bytes = Zeroizing::new(serde_json::to_vec(&sealed).map_err(|_| Error::Cipher)?);
        Ok(BASE64URL_NOPAD.encode(&self.sealer.seal(PURPOSE, &bytes)?))
    }

    /// Reads a ticket that was handed out here and is still good at `now`.
    pub(crate) fn read(&self, text: &str, now: Timestamp) -> Option<Ticket> {
        if text.len() > LONGEST {
            return None;
        }
        let opened = self.sealer.open(PURPOSE, &BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)?;
        let found: Sealed = serde_json::from_slice(&opened).ok()?;
        (now.as_second() < found.until).then_some(found.ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

    fn tickets(folder: &tempfile::TempDir) -> Tickets {
        Tickets::open(&Vault::open(folder.path(), None).unwrap(), 15).unwrap()
    }

    #[test]
    fn a_ticket_is_read_by_every_copy_until_its_time_is_over_and_says_nothing_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let ticket = Ticket::Download { serial: "4f".into(), request_id: "202607150000001".into(), password: "4071".into() };
        let text = tickets(&folder).seal(ticket.clone(), NOW).unwrap();
        assert!(tickets(&folder).read(&text, NOW + SignedDuration::from_secs(15 * 60 - 1)) == Some(ticket));
        assert!(tickets(&folder).read(&text, NOW + SignedDuration::from_mins(15)).is_none());
        let other = tempfile::tempdir().unwrap();
        assert!(tickets(&other).read(&text, NOW).is_none());
        let seen = String::from_utf8_lossy(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).into_owned();
        assert!(!seen.contains("4071") && !seen.contains("serial"));
    }

    #[test]
    fn any_changed_letter_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let tickets = tickets(&folder);
        let text = tickets.seal(Ticket::Retrieval, NOW).unwrap();
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(tickets.read(&String::from_utf8(changed).unwrap(), NOW).is_none(), "letter {place}");
            assert!(tickets.read(&text[..place], NOW).is_none(), "cut at {place}");
        }
        for wrong in ["", "ticket", "あ", &"A".repeat(20_000)] {
            assert!(tickets.read(wrong, NOW).is_none(), "{wrong}");
        }
    }
}
