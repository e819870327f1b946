//! Says where the files of a tray lie in the work folder, and reads from their names which tray they belong to.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A drop id: 32 hexadecimal digits.
const ID: usize = 32;
/// File systems take 255 letters for a name; drop id and part need 38.
const LONGEST: usize = 210;

/// What a file is to its tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The request, its question open.
    Open,
    /// The request, its question closed.
    Sent,
    /// A file to deliver.
    Out,
    /// In a folder of its own only: the mark of a request that is being carried over from another disk.
    Claim,
}

/// Where a tray's files lie.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The work folder and the drop id.
    stem: PathBuf,
    /// It has a folder of its own.
    pub(super) boxed: bool,
}

/// What a name in the work folder means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) id: String,
    pub(super) boxed: bool,
    /// The part, and the file's own name. `None`: the whole tray, or what was being written.
    pub(super) file: Option<(Part, OsString)>,
}

impl Places {
    pub(super) fn new(work: &Path, id: &str, boxed: bool) -> Self {
        Self { stem: work.join(id), boxed }
    }

    /// The folder of its own.
    pub(super) fn folder(&self) -> &Path {
        &self.stem
    }

    /// Where the files of a part lie, if the tray has a folder.
    pub(super) fn folder_of(&self, part: Part) -> PathBuf {
        self.stem.join(match part {
            Part::Open => "in",
            Part::Sent => "sent",
            Part::Out => "out",
            Part::Claim => "claim",
        })
    }

    pub(super) fn file(&self, part: Part, name: &OsStr) -> PathBuf {
        if self.boxed {
            return self.folder_of(part).join(name);
        }
        let mut path = self.stem.clone().into_os_string();
        path.push(match part {
            // Of the same length: a name that fits once fits always.
            Part::Open => ".open.",
            Part::Sent => ".sent.",
            Part::Out => ".out.",
            Part::Claim => ".claim.",
        });
        path.push(name);
        path.into()
    }

    /// What is not complete yet.
    pub(super) fn unfinished(&self) -> PathBuf {
        if self.boxed { self.stem.join("part") } else { self.stem.with_extension("part") }
    }
}

/// Whether a request of this name needs a folder of its own: it is very long, or no text that could be cut out of a longer name again.
pub(super) fn needs_a_folder(name: &OsStr) -> bool {
    name.to_str().is_none_or(|name| name.len() > LONGEST)
}

/// Reads a name in the work folder. `None`: not ours.
pub(super) fn read(name: &OsStr) -> Option<Sign> {
    let (id, rest) = name.to_str()?.split_at_checked(ID)?;
    if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let sign = |boxed, file| Some(Sign { id: id.to_owned(), boxed, file });
    if rest.is_empty() {
        return sign(true, None);
    }
    let (part, name) = rest.strip_prefix('.')?.split_once('.').unwrap_or((rest, ""));
    match part {
        ".part" => sign(false, None),
        "open" => sign(false, Some((Part::Open, name.into()))),
        "sent" => sign(false, Some((Part::Sent, name.into()))),
        "out" => sign(false, Some((Part::Out, name.into()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn every_place_of_a_loose_tray_is_read_again() {
        let places = Places::new(Path::new("work"), ID, false);
        let name = OsStr::new("OQSsiquc01req_患者.1.xml");
        for part in [Part::Open, Part::Sent, Part::Out] {
            let sign = read(places.file(part, name).file_name().unwrap()).unwrap();
            assert_eq!(sign, Sign { id: ID.to_owned(), boxed: false, file: Some((part, name.to_owned())) });
        }
        let unfinished = places.unfinished();
        assert_eq!(unfinished.parent(), Some(Path::new("work")));
        assert_eq!(read(unfinished.file_name().unwrap()), Some(Sign { id: ID.to_owned(), boxed: false, file: None }));
    }

    #[test]
    fn a_folder_is_a_tray_and_foreign_names_are_none() {
        assert_eq!(read(OsStr::new(ID)), Some(Sign { id: ID.to_owned(), boxed: true, file: None }));
        for foreign in ["bridge.lock", "notes", &format!("{ID}.old"), &format!("{ID}part"), &format!("x{}", &ID[1..])] {
            assert_eq!(read(OsStr::new(foreign)), None, "{foreign}");
        }
    }

    #[test]
    fn a_name_that_leaves_no_room_gets_a_folder() {
        assert!(!needs_a_folder(OsStr::new("OQSsiquc01req_1.xml")));
        assert!(needs_a_folder(OsStr::new(&format!("OQSsiquc01req_{}.xml", "患".repeat(70)))));
    }
}
