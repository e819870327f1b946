//! Sends mail to people: what is promised in a transaction is sent sooner or later, over SMTP or into a folder, and under one Message-ID.

mod carrier;
mod config;
mod letterbox;
#[cfg(feature = "server")]
mod outbox;
#[cfg(feature = "server")]
mod post;

use std::fmt;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Mailbox, Message};

#[cfg(feature = "server")]
use crate::db::DbError;
use crate::random::NoRandomness;

pub use carrier::Obstacle;
pub use config::{Config, Security, Way};
pub use letterbox::Letterbox;
#[cfg(feature = "server")]
pub use outbox::{Kept, Outbox};
#[cfg(feature = "server")]
pub use post::{Delivered, Post};

/// The longest address that a mail server must take (RFC 5321), in bytes.
const LONGEST_ADDRESS: usize = 254;

/// Why mail cannot be kept or sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The database did not do its work.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Store(#[from] DbError),
    /// No randomness for a Message-ID.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The configuration does not say how to send; the sentence says what to write.
    #[error("{0}")]
    Config(String),
    /// The text cannot be made into a mail.
    #[error("a mail cannot be written: {0}")]
    Unwritable(String),
    /// The folder of mails cannot be used.
    #[error("the folder of mails: {0}")]
    Folder(#[from] std::io::Error),
}

/// A mail address that a server would take: ASCII, at most 254 bytes, no display name.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(lettre::Address);

impl MailAddress {
    /// Reads an address; nothing if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.is_ascii() && text.len() <= LONGEST_ADDRESS && !text.contains(['"', '[', '\\']);
        let address: lettre::Address = text.parse().ok().filter(|_| plain)?;
        // "somebody@localhost" is good for tests, "somebody@" and "somebody@a..b" are refused by the parser.
        Some(Self(address))
    }

    /// The address as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl fmt::Debug for MailAddress {
    /// Whom a mail goes to stands in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress")
    }
}

/// A mail to one person: plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: MailAddress,
    /// One line.
    pub subject: String,
    /// The text, lines ended by `\n`.
    pub text: String,
}

impl fmt::Debug for Mail {
    /// What is said between two stands in no log either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail")
    }
}

/// The mail as it crosses the wire, the same bytes at every try. The text stands in base64, which no server changes.
fn written(mail: &Mail, from: &Mailbox, message_id: &str, at: jiff::Timestamp) -> Result<Vec<u8>, MailError> {
    let subject: String = mail.subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, mail.to.0.clone()))
        .subject(subject)
        .date(at.into())
        .message_id(Some(message_id.to_owned()))
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::Base64)
        .body(mail.text.clone())
        .map_err(|error| MailError::Unwritable(error.to_string()))?;
    Ok(message.formatted())
}

/// The text of a mail that was written here.
#[must_use]
pub fn text_of(written: &[u8]) -> Option<String> {
    let whole = std::str::from_utf8(written).ok()?;
    let (_, body) = whole.split_once("\r\n\r\n")?;
    let letters: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
    let text = String::from_utf8(data_encoding::BASE64.decode(letters.as_bytes()).ok()?).ok()?;
    Some(text.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_what_is_none_is_refused() {
        assert_eq!(MailAddress::parse("taro.onshi@example.jp").unwrap().as_str(), "taro.onshi@example.jp");
        assert!(MailAddress::parse("taro@localhost").is_some());
        let long = format!("{}@example.jp", "a".repeat(250));
        for wrong in ["", "taro", "taro@", "@example.jp", "a b@example.jp", "太郎@example.jp", "a@b\r\nBcc: c@d", "a@example..jp", &long]
        {
            assert!(MailAddress::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{:?}", MailAddress::parse("taro@example.jp").unwrap()), "MailAddress");
    }

    #[test]
    fn a_japanese_mail_is_written_in_seven_bits_and_read_back() {
        let mail = Mail {
            to: MailAddress::parse("taro@example.jp").unwrap(),
            subject: "受け付けました\r\nBcc: x@example.jp".to_owned(),
            text: format!("一行目\n{}\n三行目", "長い".repeat(500)),
        };
        let at = "2026-07-15T00:00:00Z".parse().unwrap();
        let bytes = written(&mail, &"窓口 <desk@example.jp>".parse().unwrap(), "<one@example.jp>", at).unwrap();
        assert_eq!(bytes, written(&mail, &"窓口 <desk@example.jp>".parse().unwrap(), "<one@example.jp>", at).unwrap());
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.is_ascii() && text.contains("Message-ID: <one@example.jp>\r\n") && text.contains("To: taro@example.jp\r\n"), "{text}");
        assert!(text.contains("Date: Wed, 15 Jul 2026 00:00:00 +0000\r\n"), "{text}");
        assert!(!text.contains("\r\nBcc:"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 998));
        assert_eq!(text_of(&bytes).as_deref(), Some(mail.text.as_str()));
    }
}
