//! What can be applied for: the notifications of both services, and the content of one application.

use jiff::civil::Date;
use manuals::Region;
use manuals::domains::Service;
use serde::{Deserialize, Serialize};

/// What an application announces, 届出種別.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notification {
    /// A facility that takes part for the first time in this service.
    New,
    /// One more line of a facility that takes part.
    AddedLine,
    /// The additional application of a facility that moves from IPv4 to IPv6 (ID-11).
    FromIpv4,
    /// Another line instead of the former one, claims: 2 (ID-13).
    Change,
    /// A new facility code, and the line that goes with it, claims: 3 (ID-13).
    ChangeOfCode,
    /// A move, merger or succession, eligibility: 承継に係る申請 (ID-14).
    Succession,
}

impl Notification {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::New, Self::AddedLine, Self::FromIpv4, Self::Change, Self::ChangeOfCode, Self::Succession];

    /// The key used in tables and addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::AddedLine => "added-line",
            Self::FromIpv4 => "from-ipv4",
            Self::Change => "change",
            Self::ChangeOfCode => "change-of-code",
            Self::Succession => "succession",
        }
    }

    /// The notification with this key, if the service knows it.
    #[must_use]
    pub fn by_key(service: Service, key: &str) -> Option<Self> {
        Self::of(service).into_iter().find(|notification| notification.key() == key)
    }

    /// The notifications of a service. The manuals print the words of 2 and 3 for claims (ID-13) and the succession for eligibility (ID-14).
    #[must_use]
    pub fn of(service: Service) -> Vec<Self> {
        match service {
            Service::Claims => vec![Self::New, Self::AddedLine, Self::FromIpv4, Self::Change, Self::ChangeOfCode],
            Service::Eligibility => vec![Self::New, Self::AddedLine, Self::Succession],
        }
    }

    /// Its name as applicants read it; where the manuals print one, theirs.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "新規の利用申請",
            Self::AddedLine => "回線の追加",
            Self::FromIpv4 => "IPv4での接続からIPv6での接続への変更（追加の申請）",
            Self::Change => manuals::line_id::change().without_new_code,
            Self::ChangeOfCode => manuals::line_id::change().with_new_code,
            Self::Succession => "承継に係る申請（移転、統廃合などによるお客さまIDの変更）",
        }
    }

    /// In English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::New => "First application",
            Self::AddedLine => "One more line",
            Self::FromIpv4 => "From IPv4 to IPv6 (additional application)",
            Self::Change => "2: Change of registration (facility code unchanged)",
            Self::ChangeOfCode => "3: Change of registration (facility code changes too)",
            Self::Succession => "Succession (the line id changes by a move, a merger and the like)",
        }
    }

    /// Whether the form asks what the facility was called before and which line it used.
    #[must_use]
    pub fn replaces(self) -> bool {
        matches!(self, Self::Change | Self::ChangeOfCode | Self::Succession)
    }

    /// Whether the facility's code may be another than before.
    #[must_use]
    pub fn may_rename(self) -> bool {
        matches!(self, Self::ChangeOfCode | Self::Succession)
    }

    /// Whether the form asks for name and first day: a facility may come to be by it.
    #[must_use]
    pub fn may_found(self) -> bool {
        matches!(self, Self::New | Self::ChangeOfCode | Self::Succession)
    }
}

/// Who sold the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// One of the two carriers: フレッツ光.
    Carrier,
    /// A collaborating operator: コラボ光 (LN-06).
    Collaborator,
    /// Somebody else.
    Other,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Carrier, Self::Collaborator, Self::Other];

    /// The key used in forms.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Collaborator => "collaborator",
            Self::Other => "other",
        }
    }

    /// Its name, Japanese and English.
    #[must_use]
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Carrier => ("NTT東日本・NTT西日本のフレッツ光", "FLET'S Hikari of NTT East or NTT West"),
            Self::Collaborator => {
                ("コラボ光（光コラボレーション事業者が提供するFTTHアクセスサービス）", "Collab line (resold by a collaborating operator)")
            }
            Self::Other => ("そのほかの回線・接続方式", "Any other line or way of connecting"),
        }
    }
}

/// What is known of a line's v6 option (LN-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Option6 {
    /// It is contracted, by default or separately.
    Contracted,
    /// It is not.
    Absent,
    /// The applicant cannot tell.
    Unknown,
}

impl Option6 {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Contracted, Self::Absent, Self::Unknown];

    /// The key used in forms.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Contracted => "contracted",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }

    /// Its name, Japanese and English.
    #[must_use]
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Contracted => ("契約がある", "contracted"),
            Self::Absent => ("契約がない", "not contracted"),
            Self::Unknown => ("分からない", "not known"),
        }
    }
}

/// What an applicant sent, read and judged: what an approval will carry out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// For which service.
    pub service: Service,
    /// What it announces.
    pub notification: Notification,
    /// The facility's code, the new one where it changes.
    pub facility_code: String,
    /// The facility's name; empty where it is registered and keeps its name.
    pub name: String,
    /// The first day on which it takes part, where that is asked.
    pub valid_from: Option<Date>,
    /// The facility's code before, where a line or code is replaced.
    pub former_code: Option<String>,
    /// The line that is replaced.
    pub former_line_id: Option<String>,
    /// Who sold the line.
    pub provider: Provider,
    /// The line id, as the letter prints it.
    pub line_id: String,
    /// The key of the line's type.
    pub line_type: String,
    /// The day on which the line was applied for, if known (LN-09, LN-10).
    pub line_since: Option<Date>,
    /// Its v6 option, where the service needs it.
    pub option6: Option<Option6>,
    /// The facility of the same site that uses the line too (NW-13).
    pub shared_with: Option<String>,
    /// Who applies.
    pub applicant: String,
    /// Where the replies go.
    pub mail: String,
}

impl Wish {
    /// The region of the facility, and so of its line.
    #[must_use]
    pub fn region(&self) -> Region {
        super::region_of_text(&self.facility_code)
    }

    /// The words of the application form's 電気通信回線種別: the only choice with which a line can be admitted (ID-06, ID-07).
    #[must_use]
    pub fn line_kind(&self) -> &'static str {
        manuals::line_id::line_kind(self.service).right
    }

    /// The code under which the replaced line is registered.
    #[must_use]
    pub fn former(&self) -> Option<&str> {
        self.notification.replaces().then(|| self.former_code.as_deref().unwrap_or(&self.facility_code))
    }

    /// Whether the facility's code becomes another.
    #[must_use]
    pub fn renames(&self) -> bool {
        self.former().is_some_and(|former| former != self.facility_code)
    }
}
