//! What portal and notifier say to each other; every one of these is signed by the side that says it.

use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use manuals::Region;
use serde::{Deserialize, Serialize};

use crate::token::Claims;

/// Portal to notifier, through the browser: ask the person there whether the line's identity may be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The flow's number; good once.
    pub nonce: String,
    /// Where the person's choice goes.
    pub return_to: String,
    /// Whether the line must have the v6 option.
    pub needs_v6_option: bool,
    /// Until when the question may be shown.
    pub expires_at: Timestamp,
}

impl Claims for Request {
    const KIND: &'static str = "request 1";
}

/// Notifier to portal, through the browser: the question was shown to somebody behind this prefix. Worth nothing without the choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The request's.
    pub nonce: String,
    /// The prefix of the line that it was shown to.
    pub prefix: String,
    /// Until when a choice is taken.
    pub expires_at: Timestamp,
}

impl Claims for Consent {
    const KIND: &'static str = "consent 1";
}

/// Portal to notifier, directly: tell me which line this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The flow's number.
    pub nonce: String,
    /// The terminal's address as the portal sees it.
    pub address: IpAddr,
    /// The notifier's own [`Consent`], as the browser brought it. Without it only the line's state is told, never its identity.
    pub consent: Option<String>,
    /// Whether the line must have the v6 option.
    pub needs_v6_option: bool,
    /// When the person will be told that nothing came (LA-08); the answer must be there before.
    pub deadline: Timestamp,
}

impl Claims for Ask {
    const KIND: &'static str = "ask 1";
}

/// Notifier to portal: the answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The ask's.
    pub nonce: String,
    /// Until when it may be believed: the ask's deadline.
    pub expires_at: Timestamp,
    /// What the carrier says.
    pub said: Said,
}

impl Claims for Answer {
    const KIND: &'static str = "answer 1";
}

/// What a carrier says of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Said {
    /// This line it is.
    Identity(Identity),
    /// A line that may enter; which one was not asked.
    MayEnter,
    /// No line of ours, or one of a kind that may not enter (LA-14).
    Ineligible,
    /// The end of its works is not registered (LA-15).
    WorkUnfinished,
    /// Nobody behind this prefix was asked, or too long ago.
    NoConsent,
    /// The carrier itself could not say in time.
    Late,
}

/// A line's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The line's id (お客さまID).
    pub line_id: String,
    /// The carrier's region.
    pub region: Region,
    /// The prefix that the terminal's address lies in: the identity is worth nothing from another.
    pub prefix: String,
    /// Every prefix that the line holds.
    pub held: Vec<String>,
}

/// A flow's number as bytes; `None` for anything that none of us has made.
pub(crate) fn number(nonce: &str) -> Option<[u8; 16]> {
    BASE64URL_NOPAD.decode(nonce.as_bytes()).ok()?.try_into().ok()
}

/// A new flow's number.
pub(crate) fn new_nonce() -> Result<String, chassis::random::NoRandomness> {
    Ok(BASE64URL_NOPAD.encode(&chassis::random::bytes::<16>()?))
}
