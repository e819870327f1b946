//! What an order is for, where it stands, and what may be known of it without its secrets.

use jiff::Timestamp;

/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A terminal's first certificate, or a new one after a loss.
    Issue,
    /// The certificate after one that runs out.
    Renewal,
}

impl Kind {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Renewal => "renewal",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [Self::Issue, Self::Renewal].into_iter().find(|kind| kind.key() == text)
    }
}

/// Where an order stands (RN-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits to be fetched.
    Open,
    /// 鍵生成中.
    Key,
    /// 発行要求中.
    Requested,
    /// 発行済み.
    Issued,
    /// Its window ended before it was fetched.
    Lapsed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Key, Self::Requested, Self::Issued, Self::Lapsed];

    /// The word for it in tables and programs' answers.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Key => "key",
            Self::Requested => "requested",
            Self::Issued => "issued",
            Self::Lapsed => "lapsed",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == text)
    }

    /// 証明書ステータス as pages show it, where the manual has a word for it.
    #[must_use]
    pub fn status(self) -> Option<&'static str> {
        let place = match self {
            Self::Key => 0,
            Self::Requested => 1,
            Self::Issued => 2,
            Self::Open | Self::Lapsed => return None,
        };
        manuals::certificate::sheet().renewal.statuses.get(place).copied()
    }
}

/// An order for a certificate, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Day and seven digits (CA-04).
    pub request_id: String,
    /// What it is for.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name, as given at application.
    pub terminal_name: String,
    /// The certificate's last moment.
    pub valid_until: Timestamp,
    /// Until when it may be fetched (CA-03).
    pub retrieve_until: Timestamp,
    /// The certificate that was made.
    pub serial: Option<String>,
    /// The certificate that it replaces.
    pub renews: Option<String>,
    /// When the order was written.
    pub noticed_at: Timestamp,
}
