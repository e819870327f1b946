//! What the center says of itself to everybody on the closed network: how each service is, what is closed when, and which troubles were announced.
//!
//! It stands on the line portal's host, because that is the one host that a line reaches before it is admitted. A clinic's program reads it to tell "not
//! you, everyone" from a fault of its own site; people read the same on [`STATUS_PAGE`].

use jiff::Timestamp;
use manuals::Region;
use serde::{Deserialize, Serialize};

use crate::snapshot::{Closure, MAX_CLOSURES};

/// Where the line portal's host answers with [`Status`] as JSON.
pub const STATUS_PATH: &str = "/status.json";
/// Where the same host shows it to people.
pub const STATUS_PAGE: &str = "/status";
/// Largest answer in bytes that is read at all.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most services, and most troubles, in one answer.
pub const MAX_ENTRIES: usize = 200;
/// Longest text of a trouble in characters.
pub const MAX_TEXT: usize = 500;

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It answers.
    Working,
    /// It is closed as announced (閉塞, PX-10).
    Closed,
    /// It has a trouble: announced, or seen by the center itself.
    Troubled,
    /// Nobody has said anything of it, or a word that this program does not know yet.
    #[serde(other)]
    Unknown,
}

/// Who repairs a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repairer {
    /// The center's operator.
    Center,
    /// The carrier of the lines.
    Carrier,
    /// Somebody else: an insurer, another network.
    #[serde(other)]
    Other,
}

/// One service of the center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// The key of a host of [`manuals::hosts`], such as `portal`.
    pub service: String,
    /// How it is.
    pub health: Health,
    /// When it opens again, if it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_until: Option<Timestamp>,
}

/// A trouble that the operator has announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its number.
    pub trouble_id: String,
    /// Since when.
    pub begins_at: Timestamp,
    /// Until when, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Who repairs it.
    pub repairer: Repairer,
    /// The regions that it is in; none named: both.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// The keys of the hosts that it is about; none named: all.
    #[serde(default)]
    pub services: Vec<String>,
    /// What people are told, Japanese.
    pub text: String,
}

impl Trouble {
    /// Whether it holds at an instant, for a line of this region, for this service.
    #[must_use]
    pub fn concerns(&self, at: Timestamp, region: Option<Region>, service: &str) -> bool {
        let now = self.begins_at <= at && self.ends_at.is_none_or(|ends| at < ends);
        let here = self.regions.is_empty() || region.is_none_or(|region| self.regions.contains(&region));
        now && here && (self.services.is_empty() || self.services.iter().any(|named| named == service))
    }
}

/// What the center says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// 1. A newer program may add fields, and then leaves this number; another number is another language.
    pub schema: u32,
    /// The instant it is about.
    pub at: Timestamp,
    /// Every service that the center knows of.
    pub services: Vec<ServiceStatus>,
    /// Closures that are not over.
    #[serde(default)]
    pub closures: Vec<Closure>,
    /// Troubles that are not over.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
}

/// Why an answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// More than any center says.
    #[error("センターの状況の一覧が大きすぎます")]
    TooLarge,
    /// Not a status, or of a schema that this program does not know.
    #[error("センターの状況を読み取れません")]
    Unreadable,
}

impl Status {
    /// The number of the schema that this program speaks.
    pub const SCHEMA: u32 = 1;

    /// How a service is; [`Health::Unknown`] if it is not named.
    #[must_use]
    pub fn health(&self, service: &str) -> Health {
        self.services.iter().find(|one| one.service == service).map_or(Health::Unknown, |one| one.health)
    }

    /// The first announced trouble that concerns a service for a line of this region at the instant of this status.
    #[must_use]
    pub fn trouble(&self, region: Option<Region>, service: &str) -> Option<&Trouble> {
        self.troubles.iter().find(|trouble| trouble.concerns(self.at, region, service))
    }

    /// As bytes.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Status::write`] wrote, possibly by a newer program with more fields and more words.
    ///
    /// # Errors
    /// [`StatusError`]
    pub fn read(bytes: &[u8]) -> Result<Self, StatusError> {
        if bytes.len() > MAX_BYTES {
            return Err(StatusError::TooLarge);
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|_| StatusError::Unreadable)?;
        if read.services.len() > MAX_ENTRIES || read.troubles.len() > MAX_ENTRIES || read.closures.len() > MAX_CLOSURES {
            return Err(StatusError::TooLarge);
        }
        if read.troubles.iter().any(|trouble| trouble.text.chars().count() > MAX_TEXT) {
            return Err(StatusError::TooLarge);
        }
        if read.schema == Self::SCHEMA { Ok(read) } else { Err(StatusError::Unreadable) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn trouble() -> Trouble {
        Trouble {
            trouble_id: "T1".to_owned(),
            begins_at: at("2026-11-20T00:00:00Z"),
            ends_at: None,
            repairer: Repairer::Carrier,
            regions: vec![Region::East],
            services: Vec::new(),
            text: "東日本の回線に障害が起きています。".to_owned(),
        }
    }

    fn status() -> Status {
        let services = vec![ServiceStatus { service: "portal".to_owned(), health: Health::Troubled, closed_until: None }];
        Status { schema: 1, at: at("2026-11-20T01:00:00Z"), services, closures: Vec::new(), troubles: vec![trouble()] }
    }

    #[test]
    fn a_trouble_concerns_its_own_region_and_its_own_time_only() {
        let status = status();
        assert_eq!(status.trouble(Some(Region::East), "portal").map(|found| found.repairer), Some(Repairer::Carrier));
        assert_eq!(status.trouble(Some(Region::West), "portal"), None);
        assert!(status.trouble(None, "portal").is_some(), "who does not know the region is told");
        assert!(!trouble().concerns(at("2026-11-19T23:59:59Z"), None, "portal"));
        let over = Trouble { ends_at: Some(at("2026-11-20T00:30:00Z")), ..trouble() };
        assert!(!over.concerns(at("2026-11-20T00:30:00Z"), None, "portal"));
        let narrow = Trouble { services: vec!["proxy".to_owned()], ..trouble() };
        assert!(!narrow.concerns(status.at, None, "portal") && narrow.concerns(status.at, None, "proxy"));
    }

    #[test]
    fn it_crosses_whole_and_a_newer_program_may_say_more() {
        assert_eq!(Status::read(&status().write()), Ok(status()));
        let newer = String::from_utf8(status().write()).unwrap();
        let newer = newer.replace("\"troubled\"", "\"sleepy\"").replace("\"carrier\"", "\"weather\"").replacen('{', "{\"more\":1,", 1);
        let read = Status::read(newer.as_bytes()).unwrap();
        assert_eq!((read.health("portal"), read.health("proxy")), (Health::Unknown, Health::Unknown));
        assert_eq!(read.troubles.first().map(|trouble| trouble.repairer), Some(Repairer::Other));
    }

    #[test]
    fn what_is_too_long_or_another_language_is_not_read() {
        assert_eq!(Status::read(&vec![b' '; MAX_BYTES + 1]), Err(StatusError::TooLarge));
        assert_eq!(Status::read(b"{}"), Err(StatusError::Unreadable));
        assert_eq!(Status::read(&Status { schema: 2, ..status() }.write()), Err(StatusError::Unreadable));
        let many = Status { troubles: vec![trouble(); MAX_ENTRIES + 1], ..status() };
        assert_eq!(Status::read(&many.write()), Err(StatusError::TooLarge));
        let long = Trouble { text: "あ".repeat(MAX_TEXT + 1), ..trouble() };
        assert_eq!(Status::read(&Status { troubles: vec![long], ..status() }.write()), Err(StatusError::TooLarge));
    }
}
