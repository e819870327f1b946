//! Everything that was seen of a machine and its line in one look, as a file that can be sent, kept and judged again.
//!
//! Whoever looks fills it (`probe`, `system`), whoever judges reads nothing else. Unknown fields are left out and absent ones have a default, so
//! that recordings of other versions can be read.

mod machine;
mod probe;
mod programs;

pub use machine::{
    Adapter, AddressFact, AdvertisementFact, CertificateFact, DelegationFact, Machine, Medium, ProxyText, RootFact, RouteFact,
};
pub use probe::{Asked, Closure, Family, NameWay, Notice, Outcome, Probe, RoomHealth, What};
pub use programs::{BridgeFact, BusinessFact, ClockFact, CredentialFact, FileFact, FolderFact, Power, ReaderFact, ShareFact, TaskFact};

use jiff::Timestamp;
use manuals::{Region, domains::Service, proxy::Way};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The number of this shape; it grows when a field changes its meaning, never for a new field.
pub const SCHEMA: u32 = 1;
/// The largest recording that is read.
pub const MAX_RECORDING: usize = 4 * 1024 * 1024;
/// The longest text of a page or of a system's program that is kept.
pub const MAX_PAGE_TEXT: usize = 2 * 1024;

/// Why a recording was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// Larger than [`MAX_RECORDING`].
    #[error("記録が大きすぎます（{found} バイト。{MAX_RECORDING} バイトまで）。onshi doctor record で作ったファイルか確かめてください。")]
    TooLarge {
        /// Bytes.
        found: usize,
    },
    /// No JSON, or no recording.
    #[error("記録を読み取れません（{line} 行目の {column} 文字目）。onshi doctor record で作ったファイルか確かめてください。")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Of a later version whose fields mean something else.
    #[error("この記録は新しい形式（{found}）です。onshi を新しくしてから読んでください。")]
    TooNew {
        /// Its number.
        found: u32,
    },
}

/// One look at one machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Recording {
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// When the look began, by this machine's own clock.
    pub taken_at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// The version of the program that looked.
    pub version: String,
    /// The operating system.
    pub platform: Platform,
    /// What the site says of itself.
    pub site: Site,
    /// What held at the last look in which everything was in order; absent where nothing was kept.
    pub before: Option<Before>,
    /// What the machine says of itself.
    pub machine: Machine,
    /// What was asked of the network, in any order.
    pub probes: Vec<Probe>,
    /// The raw texts of the system's programs, without passwords.
    pub texts: Vec<Text>,
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            taken_at: Timestamp::UNIX_EPOCH,
            took_ms: 0,
            version: String::new(),
            platform: Platform::default(),
            site: Site::default(),
            before: None,
            machine: Machine::default(),
            probes: Vec::new(),
            texts: Vec::new(),
        }
    }
}

/// The kind of operating system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Linux.
    #[default]
    Linux,
    /// Windows.
    Windows,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

/// What `clinic.toml` says of the site, or what is taken for granted without it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Site {
    /// The carrier's area; absent: to be guessed from the prefix.
    pub region: Option<Region>,
    /// The services in use; empty: eligibility alone.
    pub services: Vec<Service>,
    /// The prefecture in romaji, "tokyo".
    pub prefecture: Option<String>,
    /// The carrier of the line, by its full name.
    pub carrier: Option<String>,
    /// Whether a phone router (ひかり電話) stands above the site's router.
    pub phone_router: Option<bool>,
    /// The way in which software is distributed to the site.
    pub distribution: Option<Way>,
    /// Whether the internet runs over the same line.
    pub internet: Option<bool>,
    /// Whether the line has the v6 option (LN-08).
    pub v6_option: Option<bool>,
    /// Whether the facility's code is set; the code itself is not kept.
    pub facility_code_set: bool,
    /// お客さまID of the line: only where the site asked for it to be kept ([`Recording::redact`] masks it).
    pub line_id: Option<String>,
    /// Whether a file of settings was read; `false` where the doctor ran without one.
    pub configured: bool,
    /// What was wrong with the file of settings, Japanese; absent where it was read or not there.
    pub configuration_problem: Option<String>,
}

impl Site {
    /// The services in use: eligibility where the site says nothing.
    #[must_use]
    pub fn in_use(&self) -> Vec<Service> {
        if self.services.is_empty() { vec![Service::Eligibility] } else { self.services.clone() }
    }

    /// Whether a service is in use.
    #[must_use]
    pub fn uses(&self, service: Service) -> bool {
        self.in_use().contains(&service)
    }
}

/// What held when everything was last in order, from the history file in the work folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Before {
    /// When.
    pub at: Timestamp,
    /// The prefix of the line, "2408:210:1234:5600::/56" or with 64.
    pub prefix: Option<String>,
    /// The area.
    pub region: Option<Region>,
    /// Serial number of the certificate in use.
    pub certificate_serial: Option<String>,
    /// The name servers the machine asked.
    pub resolvers: Vec<IpAddr>,
    /// Keys of the causes found in the looks since, newest last, at most twenty; an empty text for a look in which all was well.
    pub since: Vec<String>,
}

/// The raw text of one program of the system, as far as it says nothing that must not leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Text {
    /// What was run: "ipconfig /all".
    pub of: String,
    /// What it said, at most 64 KiB.
    pub text: String,
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// [`RecordingError`] says where the text stops being one.
    pub fn read(bytes: &[u8]) -> Result<Self, RecordingError> {
        if bytes.len() > MAX_RECORDING {
            return Err(RecordingError::TooLarge { found: bytes.len() });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let read: Self =
            serde_json::from_slice(bytes).map_err(|error| RecordingError::Unreadable { line: error.line(), column: error.column() })?;
        if read.schema > SCHEMA {
            return Err(RecordingError::TooNew { found: read.schema });
        }
        Ok(read)
    }

    /// Writes it so that a person can read it too, with a newline at its end.
    #[must_use]
    pub fn write(&self) -> String {
        // Every map of a recording has text keys, so that this cannot fail; an empty text is read by nobody as a recording.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Masks what a stranger must not read: the line's id but for its beginning and end.
    pub fn redact(&mut self) {
        if let Some(id) = &mut self.site.line_id {
            *id = masked(id);
        }
    }
}

/// The first three and the last two characters; stars between.
#[must_use]
pub fn masked(id: &str) -> String {
    let count = id.chars().count();
    id.chars().enumerate().map(|(at, letter)| if at < 3 || at + 2 >= count { letter } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Recording {
        let v6 = "2404:1a8:f583:af0::1".parse().unwrap();
        let names = What::Name {
            name: "www.lineauth.mnw".to_owned(),
            asked: Asked::Region { server: v6, region: Region::East },
            way: NameWay::Udp512,
            family: Family::V6,
        };
        let answer = Outcome::Addresses { addresses: vec![v6], truncated: true, authoritative: true, rcode: None, bytes: Some(480) };
        Recording {
            taken_at: "2026-11-20T00:00:00Z".parse().unwrap(),
            platform: Platform::Windows,
            site: Site {
                region: Some(Region::East),
                distribution: Some(Way::Base),
                line_id: Some("CAF1234567890".to_owned()),
                ..Site::default()
            },
            before: Some(Before { prefix: Some("2408:210:1:200::/56".to_owned()), ..Before::default() }),
            probes: vec![
                Probe { what: names, outcome: answer, ms: 3 },
                Probe { what: What::LinePortal, outcome: Outcome::Unfinished, ms: 10_000 },
            ],
            ..Recording::default()
        }
    }

    #[test]
    fn a_recording_is_read_back_as_it_was_written() {
        let recording = full();
        let text = recording.write();
        assert_eq!(Recording::read(text.as_bytes()).unwrap(), recording);
        assert_eq!(Recording::read(format!("\u{feff}{text}").as_bytes()).unwrap(), recording, "an editor put its mark in front");
        assert!(text.contains(r#""ask": "name""#) && text.contains(r#""is": "unfinished""#), "{text}");
    }

    #[test]
    fn what_another_version_wrote_is_read_as_far_as_it_is_known() {
        assert_eq!(Recording::read(b"{}").unwrap(), Recording::default());
        let later = r#"{"schema":1,"new":{"a":1},"platform":"haiku","probes":[
            {"what":{"ask":"telepathy","host":"x"},"outcome":{"is":"felt","strength":3},"ms":1},
            {"what":{"ask":"tls","host":"x"},"outcome":{"is":"connected","how":"well"}}]}"#;
        let read = Recording::read(later.as_bytes()).unwrap();
        assert_eq!(read.platform, Platform::Other);
        assert_eq!((&read.probes[0].what, &read.probes[0].outcome), (&What::Unknown, &Outcome::Unknown));
        assert_eq!((&read.probes[1].what, &read.probes[1].outcome), (&What::Tls { host: "x".to_owned() }, &Outcome::Connected));
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_place() {
        assert_eq!(Recording::read(b""), Err(RecordingError::Unreadable { line: 1, column: 0 }));
        assert_eq!(Recording::read(b"{\n\"probes\": 3}"), Err(RecordingError::Unreadable { line: 2, column: 11 }));
        assert_eq!(Recording::read(br#"{"schema":2}"#), Err(RecordingError::TooNew { found: 2 }));
        let large = vec![b' '; MAX_RECORDING + 1];
        assert_eq!(Recording::read(&large), Err(RecordingError::TooLarge { found: MAX_RECORDING + 1 }));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Recording::read(deep.as_bytes()).is_err());
    }

    /// Rows: SU-04
    #[test]
    fn a_lines_id_is_masked_before_strangers_read_it() {
        let mut recording = full();
        recording.redact();
        assert_eq!(recording.site.line_id.as_deref(), Some("CAF********90"));
        assert!(!recording.write().contains("1234567"));
        assert_eq!(masked(""), "");
        assert_eq!(masked("あ"), "あ");
    }
}
