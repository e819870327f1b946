//! The names of exchanged files: which message a file carries, and how its answer and its error note are called (interface §1.2, §1.3).

mod messages;

pub use messages::{MessageName, all, by_prefix};

use crate::date;
use crate::number::FacilityCode;
use jiff::civil::DateTime;
use std::fmt;

/// Longest file name, in bytes, that file systems take.
const MAX_NAME_BYTES: usize = 255;
/// Signs that Windows takes in no file name, with the separators of every system.
const FORBIDDEN: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];
/// What stands before the suffix of a face file.
const FACE: &str = "face_";

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `req`: from the receipt computer to the bridge.
    Request,
    /// `res`: from the bridge to the receipt computer.
    Result,
}

/// What a file of an exchange can be; the extension is read in any case, as Windows does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// A message.
    Xml,
    /// A message in a ZIP file: encrypted, or a large bulk result.
    Zip,
    /// A printable result.
    Pdf,
    /// Why the bridge did not take a request.
    Err,
}

impl Extension {
    /// Every extension.
    pub const ALL: [Self; 4] = [Self::Xml, Self::Zip, Self::Pdf, Self::Err];

    /// As it stands in names, without the dot.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Zip => "zip",
            Self::Pdf => "pdf",
            Self::Err => "err",
        }
    }
}

/// The name of a file that belongs to the exchange. Debug hides the suffix, because receipt computers put chart numbers into it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    message: &'static MessageName,
    direction: Direction,
    suffix: String,
    extension: Extension,
    whole: String,
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FileName");
        shown.field("message", &self.message.prefix).field("direction", &self.direction).field("extension", &self.extension);
        shown.finish_non_exhaustive()
    }
}

impl FileName {
    /// Takes a name apart; the case of the part before the suffix counts (R2), the suffix is opaque.
    ///
    /// `None` for every name that is not of the exchange, for example a program's own temporary file, and for every name that could lead
    /// out of its folder: with a separator, a drive, a control character, or more than 255 bytes.
    pub fn parse(name: &str) -> Option<Self> {
        if name.len() > MAX_NAME_BYTES || name.contains(FORBIDDEN) || name.chars().any(char::is_control) {
            return None;
        }
        let (stem, extension) = name.rsplit_once('.')?;
        let extension = Extension::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(extension))?;
        let (head, suffix) = stem.split_once('_')?;
        let (prefix, direction) = match (head.strip_suffix("req"), head.strip_suffix("res")) {
            (Some(prefix), _) => (prefix, Direction::Request),
            (None, Some(prefix)) => (prefix, Direction::Result),
            (None, None) => return None,
        };
        if suffix.is_empty() {
            return None;
        }
        Some(Self { message: by_prefix(prefix)?, direction, suffix: suffix.to_owned(), extension, whole: name.to_owned() })
    }

    /// The message it carries.
    pub fn message(&self) -> &'static MessageName {
        self.message
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The part after the first underscore, without the extension: whatever the receipt computer chose.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Its extension.
    pub fn extension(&self) -> Extension {
        self.extension
    }

    /// The whole name, as it was.
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// Whether it is a face file: a result that a card reader writes without a request.
    pub fn is_face(&self) -> bool {
        self.direction == Direction::Result && self.message.prefix == "OQSsiquc01" && self.suffix.starts_with(FACE)
    }

    /// The name of the XML result: the same stem with `res` (R2).
    pub fn result_name(&self) -> String {
        self.result_name_as(Extension::Xml)
    }

    /// The name of the result with another extension.
    pub fn result_name_as(&self, extension: Extension) -> String {
        format!("{}res_{}.{}", self.message.prefix, self.suffix, extension.as_str())
    }

    /// The name of the note that says why the bridge did not take the request: the same stem with `.err` (§1.7, R6).
    pub fn err_name(&self) -> String {
        let direction = match self.direction {
            Direction::Request => "req",
            Direction::Result => "res",
        };
        format!("{}{direction}_{}.{}", self.message.prefix, self.suffix, Extension::Err.as_str())
    }
}

/// The name of a face file written at `at`, Japan time, so that readers find facility, reader and moment in it (R12).
///
/// Of `reader`, which identifies device and session, the first 20 ASCII letters and digits are taken, filled up with zeros.
pub fn face_name(facility: &FacilityCode, reader: &str, at: DateTime) -> String {
    let reader: String = reader.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    format!("OQSsiquc01res_{FACE}{facility}{reader:0<20}_{}.xml", date::format_date_time(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn r2_a_result_is_named_like_its_request() {
        for (request, result, note) in [
            ("OQSsiquc01req_202607150001.xml", "OQSsiquc01res_202607150001.xml", "OQSsiquc01req_202607150001.err"),
            ("OQSsiquc01req_a_req_患者.1.xml", "OQSsiquc01res_a_req_患者.1.xml", "OQSsiquc01req_a_req_患者.1.err"),
            ("YZKsiquc01req_9.xml", "YZKsiquc01res_9.xml", "YZKsiquc01req_9.err"),
            ("EPSsiPIR06req_1.XML", "EPSsiPIR06res_1.xml", "EPSsiPIR06req_1.err"),
        ] {
            let name = FileName::parse(request).unwrap();
            assert_eq!((name.result_name().as_str(), name.err_name().as_str()), (result, note));
            assert_eq!((name.as_str(), name.direction()), (request, Direction::Request));
        }
        let bulk = FileName::parse("OQSmuquc02req_1.xml").unwrap();
        assert_eq!(bulk.result_name_as(Extension::Zip), "OQSmuquc02res_1.zip");
        assert_eq!(FileName::parse("OQSmuquc02res_1.zip").unwrap().err_name(), "OQSmuquc02res_1.err");
    }

    #[test]
    fn a_name_tells_which_message_it_carries() {
        let name = FileName::parse("OQSsiquc01req_x.xml").unwrap();
        assert_eq!((name.message().name, name.message().served), ("資格確認", true));
        assert_eq!((name.suffix(), name.extension()), ("x", Extension::Xml));
        let bulk = FileName::parse("OQSmuquc01req_x.xml").unwrap();
        assert!(!bulk.message().served);
    }

    #[test]
    fn r1_names_that_are_not_of_the_exchange_are_left_alone() {
        for name in [
            "",
            ".xml",
            "x",
            "OQSsiquc01req.xml",
            "OQSsiquc01req_.xml",
            "OQSsiquc01req_1",
            "OQSsiquc01req_1.txt",
            "OQSsiquc01req_1.xml.tmp",
            ".receptionagent-0a1b.tmp",
            "oqssiquc01req_1.xml",
            "OQSSIQUC01req_1.xml",
            "OQSsiquc01REQ_1.xml",
            "OQSsiquc03req_1.xml",
            "OQSsiquc01rea_1.xml",
            "ESPsiPIR01req_1.xml",
            "Thumbs.db",
            "req_1.xml",
            "~OQSsiquc01req_1.xml",
        ] {
            assert_eq!(FileName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        for name in [
            "OQSsiquc01req_../../x.xml",
            "OQSsiquc01req_..\\x.xml",
            "C:\\OQS\\OQSsiquc01req_1.xml",
            "OQSsiquc01req_a:b.xml",
            "OQSsiquc01req_a\0.xml",
            "OQSsiquc01req_\n.xml",
        ] {
            assert_eq!(FileName::parse(name), None, "{name:?}");
        }
        let long = format!("OQSsiquc01req_{}.xml", "x".repeat(255));
        assert_eq!(FileName::parse(&long), None);
        let longest = format!("OQSsiquc01req_{}.xml", "x".repeat(255 - 18));
        assert_eq!(FileName::parse(&longest).unwrap().as_str().len(), 255);
    }

    #[test]
    fn r12_a_face_file_is_named_by_facility_reader_and_moment() {
        let facility = FacilityCode::parse("1310099999").unwrap();
        let name = face_name(&facility, "a1b2-c3d4-e5f6-0718-293a", datetime(2026, 7, 15, 9, 14, 48, 0));
        assert_eq!(name, "OQSsiquc01res_face_1310099999a1b2c3d4e5f60718293a_20260715091448.xml");
        assert!(FileName::parse(&name).unwrap().is_face());
        assert!(face_name(&facility, "../x", datetime(2026, 7, 15, 9, 14, 48, 0)).contains("x0000000000000000000_"));
        assert!(!FileName::parse("OQSsiquc01req_face_1.xml").unwrap().is_face());
    }

    #[test]
    fn every_known_message_is_found_by_its_prefix_and_stands_once() {
        for message in all() {
            let name = FileName::parse(&format!("{}req_1.xml", message.prefix)).unwrap();
            assert_eq!(name.message(), message);
            assert_eq!(all().iter().filter(|other| other.prefix == message.prefix).count(), 1, "{}", message.prefix);
        }
    }
}
