//! Reads the request folder and takes what is whole, patient with files that are still being written, locked or taken back.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::folders::Folders;
use super::rules::{self, Interest, READ_LIMIT};
use super::tray::{Stage, Taking, Tray};
use super::trouble::Trouble;
use crate::disk::{Disk, State};

/// A request that cannot be taken for so many times the resting time is no longer just held by its writer.
const HELD_TOO_LONG: u32 = 10;

/// The request folder and what is known about files that were not whole yet.
pub(crate) struct Inbox {
    folders: Arc<Folders>,
    /// So many requests are looked at before what was taken of them is handed on.
    at_once: usize,
    unfinished: HashMap<OsString, Unfinished>,
    /// What a listing of the folder named and was not looked at yet.
    rest: Option<Rest>,
    /// Trays that may hold a request: left behind by an earlier run, or by a disk that failed while one was taken.
    unsure: Vec<Tray>,
}

/// A request that was seen and not taken.
#[derive(Clone, Copy)]
struct Unfinished {
    state: Option<State>,
    since: Instant,
    first: Instant,
    /// Since when it waits for an earlier one of its name.
    behind: Option<Instant>,
}

/// A listing of the folder that is being worked off.
struct Rest {
    names: std::vec::IntoIter<OsString>,
    /// What the part before brought, beside what was handed on.
    look: Look,
    unfinished: HashMap<OsString, Unfinished>,
}

/// A request that is ours now.
pub(crate) struct Found {
    pub(crate) tray: Tray,
    pub(crate) stage: Stage,
    /// From when its deadline counts.
    pub(crate) since: Instant,
}

/// What one look at the folder brought.
#[derive(Default)]
pub(crate) struct Look {
    /// Requests that are ours now.
    pub(crate) found: Vec<Found>,
    /// There is more to look at right now; everything below is said at the end of it.
    pub(crate) more: bool,
    /// Requests left where they are for now.
    pub(crate) waiting: usize,
    /// Since when the oldest of those is there.
    pub(crate) oldest: Option<Instant>,
    /// When one of them will have rested long enough.
    pub(crate) again_at: Option<Instant>,
    /// What kept the bridge from taking something.
    pub(crate) trouble: Option<Trouble>,
}

impl Look {
    fn waits(&mut self, seen: Unfinished, settle: Duration) {
        self.waiting += 1;
        self.oldest = Some(self.oldest.map_or(seen.first, |oldest| oldest.min(seen.first)));
        if seen.state.is_some() {
            let rested = seen.since + settle;
            self.again_at = Some(self.again_at.map_or(rested, |at| at.min(rested)));
        }
    }
}

/// What one file is good for at the moment.
enum Sight {
    Gone,
    Whole,
    Unfinished(State),
    /// Someone holds it, or it cannot be read.
    Held,
}

impl Inbox {
    /// An inbox that begins with what an earlier run left behind.
    pub(crate) fn open(folders: Arc<Folders>, at_once: usize) -> io::Result<Self> {
        let unsure = Tray::left_behind(&folders)?;
        Ok(Self { folders, at_once, unfinished: HashMap::new(), rest: None, unsure })
    }

    /// Looks at the next files; once at each before the folder is listed again.
    pub(crate) fn look(&mut self, now: Instant) -> Look {
        let mut rest = self.rest.take().unwrap_or_else(|| self.list(now));
        let mut looked_at = 0;
        while let Some(name) = rest.names.next() {
            let interest = rules::interest(&name);
            if interest == Interest::None {
                continue;
            }
            if let Some(seen) = self.consider(&name, interest, now, &mut rest.look) {
                rest.look.waits(seen, self.folders.settle);
                rest.unfinished.insert(name, seen);
            }
            looked_at += 1;
            if looked_at == self.at_once && rest.names.len() > 0 {
                let found = std::mem::take(&mut rest.look.found);
                self.rest = Some(rest);
                return Look { found, more: true, ..Look::default() };
            }
        }
        self.unfinished = rest.unfinished;
        rest.look
    }

    fn list(&mut self, now: Instant) -> Rest {
        let mut look = self.resume(now);
        let names = self.folders.disk.list(&self.folders.req).unwrap_or_else(|error| {
            look.trouble = Some(Trouble::of(&self.folders.req, &error));
            Vec::new()
        });
        Rest { names: names.into_iter(), look, unfinished: HashMap::new() }
    }

    /// Looks only into trays that may hold a request.
    pub(crate) fn resume(&mut self, now: Instant) -> Look {
        let mut look = Look::default();
        // What is seen of a tray must be on disk.
        if !self.unsure.is_empty()
            && let Err(error) = self.folders.disk.sync_entry(&self.folders.proof)
        {
            look.trouble = Some(Trouble::of(&self.folders.work, &error));
            return look;
        }
        for mut tray in std::mem::take(&mut self.unsure) {
            match tray.stage(&self.folders, now) {
                Ok(Some(stage)) => {
                    tracing::info!(drop_id = %tray.id, ?stage, "finishing a request that was left behind");
                    self.folders.names.open(&tray.name);
                    look.found.push(Found { tray, stage, since: now });
                    continue;
                }
                Ok(None) if tray.close(&self.folders).is_ok() => {
                    self.folders.names.close(&tray.name);
                    continue;
                }
                Ok(None) => {}
                // Its writer is at it once more.
                Err(error) if error.kind() == ErrorKind::ResourceBusy => look.again_at = Some(now + self.folders.settle),
                Err(error) => look.trouble = Some(Trouble::of(&self.folders.work, &error)),
            }
            self.unsure.push(tray);
        }
        look
    }

    /// Takes the file, or says what it is waited for.
    fn consider(&mut self, name: &OsStr, interest: Interest, now: Instant, look: &mut Look) -> Option<Unfinished> {
        let before = self.unfinished.get(name).copied();
        let (first, behind) = (before.map_or(now, |before| before.first), before.and_then(|before| before.behind));
        let held = Unfinished { state: None, since: now, first, behind };
        if self.folders.names.is_open(name) {
            return Some(Unfinished { behind: behind.or(Some(now)), ..held });
        }
        let known = before.and_then(|before| before.state);
        let seen = match sight(&*self.folders.disk, &self.folders.req.join(name), interest, known) {
            Sight::Gone => return None,
            Sight::Held => return Some(held),
            Sight::Unfinished(state) => match before {
                Some(before) if before.state == Some(state) => Some(before),
                _ => Some(Unfinished { state: Some(state), since: now, first, behind: None }),
            },
            Sight::Whole => None,
        };
        if let Some(seen) = seen
            && now.saturating_duration_since(seen.since) < self.folders.settle
        {
            return Some(seen);
        }
        let rested = seen.and_then(|seen| seen.state);
        match Tray::take(&self.folders, name, rested, now) {
            Ok(Taking::Taken(tray)) => {
                self.folders.names.open(name);
                look.found.push(Found { tray, stage: Stage::Taken, since: behind.unwrap_or(now) });
                None
            }
            Ok(Taking::Gone) => None,
            Ok(Taking::Unsure(tray, error)) => {
                self.folders.names.open(name);
                self.unsure.push(tray);
                if error.kind() == ErrorKind::ResourceBusy {
                    look.again_at = Some(now + self.folders.settle);
                } else {
                    look.trouble = Some(Trouble::of(&self.folders.work, &error));
                }
                None
            }
            Err(error) => {
                tracing::debug!(%error, "a request cannot be taken yet");
                // One file that its writer holds for a moment is its writer's business.
                if error.kind() == ErrorKind::StorageFull {
                    look.trouble = Some(Trouble::of(&self.folders.work, &error));
                } else if now.saturating_duration_since(first) >= self.folders.settle * HELD_TOO_LONG {
                    look.trouble = Some(Trouble::of(&self.folders.req, &error));
                }
                Some(held)
            }
        }
    }
}

/// Reads the file unless it is what it was at the last look (`known`).
fn sight(disk: &dyn Disk, path: &Path, interest: Interest, known: Option<State>) -> Sight {
    let state = match disk.state(path) {
        Ok(Some(state)) => state,
        Ok(None) => return Sight::Gone,
        Err(error) if error.kind() == ErrorKind::NotFound => return Sight::Gone,
        Err(_) => return Sight::Held,
    };
    if known == Some(state) {
        return Sight::Unfinished(state);
    }
    match disk.read_unless_held(path, READ_LIMIT) {
        Ok(Some(bytes)) if rules::is_whole(interest, &bytes) => Sight::Whole,
        Ok(Some(_)) => Sight::Unfinished(state),
        Ok(None) => Sight::Held,
        Err(error) if error.kind() == ErrorKind::NotFound => Sight::Gone,
        Err(_) => Sight::Held,
    }
}
