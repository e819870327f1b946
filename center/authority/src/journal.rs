//! Writes every revocation into a file outside the database before the database hears of it, so that no restored backup un-revokes anything.
//!
//! One line an event, each with a hash over itself and the line before it; forced to disk before anything else happens. A last line that a
//! crash or a full disk cut off was never acknowledged and is taken away; a change anywhere else is noticed, and nothing starts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use chassis::files;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::Error;
use crate::revocation::Reason;

const FILE: &str = "revocations.journal";

/// What happened to a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Revoked, for ever.
    Revoked,
    /// Provisionally blocked.
    Held,
    /// Let in again.
    Released,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) serial: String,
    pub(crate) at: Timestamp,
    pub(crate) reason: Reason,
    pub(crate) not_after: Timestamp,
    pub(crate) shard: i64,
}

/// The journal. Cheap to clone; several processes may write to one file.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Inner>);

struct Inner {
    path: PathBuf,
    tail: Mutex<Tail>,
}

/// The end of the file as far as it was read, and the hash of the last line there.
#[derive(Clone, Default)]
struct Tail {
    length: u64,
    lines: usize,
    hash: String,
}

impl Journal {
    /// Opens the journal in `folder`, made if it is missing, and reads all that stands there.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Vec<Entry>), Error> {
        let path = folder.join(FILE);
        files::make_private_folder(folder).map_err(|error| unusable(&path, error))?;
        let journal = Self(Arc::new(Inner { path, tail: Mutex::default() }));
        let entries = journal.locked(|file, tail| journal.read_on(file, tail))?;
        Ok((journal, entries))
    }

    /// Adds lines and forces them to disk: all of them, or none.
    pub(crate) async fn append(&self, entries: Vec<Entry>) -> Result<(), Error> {
        let journal = self.clone();
        tokio::task::spawn_blocking(move || journal.append_now(&entries)).await.map_err(|_| Error::Cipher)?
    }

    fn append_now(&self, entries: &[Entry]) -> Result<(), Error> {
        self.locked(|file, tail| {
            // Another process may have written since; what it began and did not end is taken away.
            self.read_on(file, tail)?;
            let mut hash = tail.hash.clone();
            let mut text = String::new();
            for entry in entries {
                let line = entry.line();
                hash = chained(&hash, &line);
                text.push_str(&format!("{line} {hash}\n"));
            }
            let written =
                file.seek(SeekFrom::Start(tail.length)).and_then(|_| file.write_all(text.as_bytes())).and_then(|()| file.sync_data());
            if let Err(error) = written {
                // As if nothing had been tried. If not even that works, the next reader takes the torn line away.
                let _torn = file.set_len(tail.length);
                return Err(unusable(&self.0.path, error));
            }
            tail.length += text.len() as u64;
            tail.lines += entries.len();
            tail.hash = hash;
            Ok(())
        })
    }

    /// Runs `act` while no other thread or process writes.
    fn locked<T>(&self, act: impl FnOnce(&mut File, &mut Tail) -> Result<T, Error>) -> Result<T, Error> {
        let mut tail = self.0.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let path = &self.0.path;
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(|error| unusable(path, error))?;
        file.lock().map_err(|error| unusable(path, error))?;
        if tail.length == 0 {
            files::sync_folder_of(path).map_err(|error| unusable(path, error))?;
        }
        act(&mut file, &mut tail)
    }

    /// Reads what was written since, checks its hashes, and cuts off a last line that was never finished.
    fn read_on(&self, file: &mut File, tail: &mut Tail) -> Result<Vec<Entry>, Error> {
        let failed = |error| unusable(&self.0.path, error);
        let mut bytes = Vec::new();
        if file.metadata().map_err(failed)?.len() < tail.length {
            // Somebody put an older copy in its place.
            return Err(Error::JournalDamaged(self.0.path.display().to_string(), tail.lines));
        }
        file.seek(SeekFrom::Start(tail.length)).and_then(|_| file.read_to_end(&mut bytes)).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut entries = Vec::new();
        let mut read = tail.clone();
        for line in bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            read.lines += 1;
            read.length += line.len() as u64;
            let damaged = || Error::JournalDamaged(self.0.path.display().to_string(), read.lines);
            let text = std::str::from_utf8(line).ok().map(str::trim_end).ok_or_else(damaged)?;
            let (text, hash) = text.rsplit_once(' ').ok_or_else(damaged)?;
            if chained(&read.hash, text) != hash {
                return Err(damaged());
            }
            entries.push(Entry::read(text).ok_or_else(damaged)?);
            read.hash = hash.to_owned();
        }
        if whole < bytes.len() {
            file.set_len(read.length).and_then(|()| file.sync_data()).map_err(failed)?;
        }
        *tail = read;
        Ok(entries)
    }
}

impl Entry {
    fn line(&self) -> String {
        let what = match self.what {
            What::Revoked => "revoked",
            What::Held => "held",
            What::Released => "released",
        };
        let Self { serial, at, reason, not_after, shard, .. } = self;
        format!("{} {what} {serial} {} {} {shard}", at.as_millisecond(), reason.code(), not_after.as_millisecond())
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut next = || words.next();
        let at = Timestamp::from_millisecond(next()?.parse().ok()?).ok()?;
        let what = match next()? {
            "revoked" => What::Revoked,
            "held" => What::Held,
            "released" => What::Released,
            _ => return None,
        };
        let serial = next()?.to_owned();
        let reason = Reason::of(next()?.parse().ok()?);
        let not_after = Timestamp::from_millisecond(next()?.parse().ok()?).ok()?;
        let shard = next()?.parse().ok()?;
        next().is_none().then_some(Self { what, serial, at, reason, not_after, shard })
    }
}

fn chained(before: &str, line: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before.as_bytes());
    context.update(b"\n");
    context.update(line.as_bytes());
    HEXLOWER.encode(context.finish().as_ref())
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::Journal(path.display().to_string(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(serial: &str, what: What) -> Entry {
        let at = Timestamp::constant(1_784_073_600, 0);
        Entry { what, serial: serial.to_owned(), at, reason: Reason::KeyCompromise, not_after: at, shard: 7 }
    }

    #[test]
    fn what_was_written_is_read_again_and_two_writers_share_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let (one, none) = Journal::open(folder.path()).unwrap();
        assert_eq!(none, []);
        let (other, _) = Journal::open(folder.path()).unwrap();
        one.append_now(&[entry("0a", What::Held)]).unwrap();
        other.append_now(&[entry("0b", What::Revoked), entry("0c", What::Revoked)]).unwrap();
        one.append_now(&[entry("0a", What::Released)]).unwrap();
        let (_, read) = Journal::open(folder.path()).unwrap();
        let wanted = [entry("0a", What::Held), entry("0b", What::Revoked), entry("0c", What::Revoked), entry("0a", What::Released)];
        assert_eq!(read, wanted);
    }

    #[test]
    fn a_torn_last_line_is_taken_away_and_a_change_anywhere_else_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (journal, _) = Journal::open(folder.path()).unwrap();
        journal.append_now(&[entry("0a", What::Revoked), entry("0b", What::Revoked)]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..40 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (journal, read) = Journal::open(folder.path()).unwrap();
            assert_eq!(read, [entry("0a", What::Revoked)]);
            journal.append_now(&[entry("0b", What::Revoked)]).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let opened = Journal::open(folder.path());
            // A change in the very last byte, the line's end, looks as if the line had never been finished.
            let last = place == whole.len() - 1;
            assert_eq!(matches!(opened, Err(Error::JournalDamaged(..))), !last, "{place}");
        }
    }
}
