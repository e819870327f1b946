//! Reads the request folder and takes what is whole, patient with files that are still being written, locked or taken back.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::folders::Folders;
use super::rules::{self, Interest, READ_LIMIT};
use super::tray::Tray;

/// The request folder and what is known about files that were not whole yet.
pub(crate) struct Inbox {
    folders: Arc<Folders>,
    settle: Duration,
    unfinished: HashMap<OsString, Unfinished>,
}

/// A request that was seen and not taken.
#[derive(Clone, Copy)]
struct Unfinished {
    state: Option<(u64, SystemTime)>,
    since: Instant,
    first: Instant,
}

/// What one look at the folder brought.
#[derive(Default)]
pub(crate) struct Look {
    /// Requests that are ours now.
    pub(crate) taken: Vec<Tray>,
    /// Requests left where they are for now.
    pub(crate) waiting: usize,
    /// Since when the oldest of those is there.
    pub(crate) oldest: Option<Instant>,
    /// When one of them will have rested long enough.
    pub(crate) again_at: Option<Instant>,
}

/// What one file is good for at the moment.
enum Sight {
    Gone,
    Whole,
    Unfinished((u64, SystemTime)),
    /// Someone holds it, or it cannot be read.
    Held,
}

impl Inbox {
    pub(crate) fn new(folders: Arc<Folders>, settle: Duration) -> Self {
        Self { folders, settle, unfinished: HashMap::new() }
    }

    /// Looks once at every file.
    pub(crate) fn look(&mut self, now: Instant) -> io::Result<Look> {
        let mut look = Look::default();
        let mut still = HashMap::new();
        for entry in std::fs::read_dir(&self.folders.req)? {
            // A share that goes away in the middle must not cost what was already taken.
            let Ok(entry) = entry else { break };
            let name = entry.file_name();
            let interest = rules::interest(&name);
            if interest == Interest::None {
                continue;
            }
            let Some(seen) = self.consider(&name, interest, now, &mut look.taken) else { continue };
            look.waiting += 1;
            look.oldest = Some(look.oldest.map_or(seen.first, |oldest| oldest.min(seen.first)));
            if seen.state.is_some() {
                let rested = seen.since + self.settle;
                look.again_at = Some(look.again_at.map_or(rested, |at| at.min(rested)));
            }
            still.insert(name, seen);
        }
        self.unfinished = still;
        Ok(look)
    }

    /// Takes the file or remembers it; `None` when nothing of it is left to wait for.
    fn consider(&self, name: &OsStr, interest: Interest, now: Instant, taken: &mut Vec<Tray>) -> Option<Unfinished> {
        let before = self.unfinished.get(name).copied();
        let first = before.map_or(now, |before| before.first);
        let held = Unfinished { state: None, since: now, first };
        let seen = match sight(&self.folders.req.join(name), interest, before.and_then(|before| before.state)) {
            Sight::Gone => return None,
            Sight::Held => return Some(held),
            Sight::Unfinished(state) => match before {
                Some(before) if before.state == Some(state) => Some(before),
                _ => Some(Unfinished { state: Some(state), since: now, first }),
            },
            Sight::Whole => None,
        };
        if let Some(seen) = seen
            && now.saturating_duration_since(seen.since) < self.settle
        {
            return Some(seen);
        }
        match Tray::take(&self.folders, name) {
            Ok(tray) => {
                taken.extend(tray);
                None
            }
            Err(error) => {
                tracing::debug!(%error, "a request cannot be taken yet");
                Some(held)
            }
        }
    }
}

/// Reads the file unless it is what it was at the last look (`known`).
fn sight(path: &Path, interest: Interest, known: Option<(u64, SystemTime)>) -> Sight {
    let state = match std::fs::symlink_metadata(path) {
        Ok(data) if !data.is_file() => return Sight::Gone,
        Ok(data) => (data.len(), data.modified().unwrap_or(SystemTime::UNIX_EPOCH)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Sight::Gone,
        Err(_) => return Sight::Held,
    };
    if known == Some(state) {
        return Sight::Unfinished(state);
    }
    match content(path) {
        Ok(Some(bytes)) if rules::is_whole(interest, &bytes) => Sight::Whole,
        Ok(Some(_)) => Sight::Unfinished(state),
        Ok(None) => Sight::Held,
        Err(error) if error.kind() == ErrorKind::NotFound => Sight::Gone,
        Err(_) => Sight::Held,
    }
}

/// The file's bytes; `None` while its writer holds a lock.
fn content(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    // Windows refuses to read what is locked; a lock of ours would there make the writer fail.
    #[cfg(unix)]
    match file.try_lock_shared() {
        Ok(()) => file.unlock()?,
        Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
        // Shares that know no locks are read without asking.
        Err(std::fs::TryLockError::Error(_)) => {}
    }
    let mut bytes = Vec::new();
    file.take(READ_LIMIT).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
