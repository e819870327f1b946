//! Does the bridge's work on the disk beside the event loop: by few hands, and one forcing of a folder for all who wait for it.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::folders::Folders;

/// So many files are worked on at the same time: enough for the disk to write them out together, few enough not to be in each other's way.
const HANDS: usize = 16;

/// A folder in which the files of all requests lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    Req,
    Work,
    Res,
}

/// The bridge's hands on the disk.
pub(crate) struct Hands {
    crew: Arc<Crew>,
}

type Job = Box<dyn FnOnce(&Arc<Crew>) + Send>;
/// What the system said to the one who asked, for the others too.
type Said = Result<(), (io::ErrorKind, String)>;

struct Crew {
    folders: Arc<Folders>,
    line: Mutex<Line>,
    forcings: [Mutex<Forcing>; 3],
}

/// Work that waits for a hand.
#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    busy: usize,
}

/// Who waits for a folder to be forced to disk.
#[derive(Default)]
struct Forcing {
    waiting: Vec<oneshot::Sender<Said>>,
    /// Somebody sees to those who wait.
    under_way: bool,
}

fn locked<T>(inner: &Mutex<T>) -> MutexGuard<'_, T> {
    // No lock is held while anything is done that could break off.
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hands {
    pub(crate) fn of(folders: Arc<Folders>) -> Self {
        Self { crew: Arc::new(Crew { folders, line: Mutex::default(), forcings: Default::default() }) }
    }

    /// Does this as soon as a hand is free, and then forces what was created, moved and removed in these folders to disk.
    pub(crate) async fn work<T, F>(&self, forced: &'static [Shared], work: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Folders) -> io::Result<T> + Send + 'static,
    {
        let (done, forced) = if self.crew.folders.disk.is_slow() {
            let (tell, told) = oneshot::channel();
            self.crew.hand_over(Box::new(move |crew: &Arc<Crew>| {
                // Nobody listens any more when the bridge was broken off: what was not begun is for the next start.
                if !tell.is_closed() {
                    let done = work(&crew.folders);
                    let forced = done.is_ok().then(|| crew.force_at_hand(forced));
                    let _heard = tell.send((done, forced));
                }
            }));
            told.await.map_err(|_| broken_off())?
        } else {
            let done = work(&self.crew.folders);
            let forced = done.is_ok().then(|| self.crew.force_soon(forced));
            (done, forced)
        };
        for told in forced.into_iter().flatten() {
            let said = told.await.map_err(|_| broken_off())?;
            said.map_err(|(kind, text)| io::Error::new(kind, text))?;
        }
        done
    }
}

impl Crew {
    fn hand_over(self: &Arc<Self>, job: Job) {
        let mut line = locked(&self.line);
        line.jobs.push_back(job);
        let free = line.busy < HANDS;
        line.busy += usize::from(free);
        drop(line);
        if free {
            let crew = self.clone();
            tokio::task::spawn_blocking(move || crew.work_off());
        }
    }

    fn next(&self) -> Option<Job> {
        let mut line = locked(&self.line);
        let job = line.jobs.pop_front();
        line.busy -= usize::from(job.is_none());
        job
    }

    fn work_off(self: &Arc<Self>) {
        while let Some(job) = self.next() {
            // Who waits for it hears nothing more, and that is an error; the others are served.
            let _broken = catch_unwind(AssertUnwindSafe(|| job(self)));
        }
    }

    fn forcing(&self, folder: Shared) -> &Mutex<Forcing> {
        let [req, work, res] = &self.forcings;
        match folder {
            Shared::Req => req,
            Shared::Work => work,
            Shared::Res => res,
        }
    }

    /// Waits for the folder to be forced to disk. Who comes while that is under way waits for the next time, together with all others who
    /// come until then. Says whether the caller must see to it.
    fn ask_for(&self, folder: Shared) -> (oneshot::Receiver<Said>, bool) {
        let (tell, told) = oneshot::channel();
        let mut forcing = locked(self.forcing(folder));
        forcing.waiting.push(tell);
        (told, !std::mem::replace(&mut forcing.under_way, true))
    }

    /// Forces folders to disk all at the same time, one of them by this very hand: a single request need not wait for another.
    fn force_at_hand(self: &Arc<Self>, folders: &[Shared]) -> Vec<oneshot::Receiver<Said>> {
        let mut mine = None;
        let mut ask = |folder: &Shared| {
            let (told, to_be_done) = self.ask_for(*folder);
            if to_be_done && let Some(other) = mine.replace(*folder) {
                self.force_beside(other);
            }
            told
        };
        let asked = folders.iter().map(&mut ask).collect();
        // This hand has other work than to serve all who come meanwhile.
        if let Some(folder) = mine
            && self.force(folder)
        {
            self.force_beside(folder);
        }
        asked
    }

    fn force_beside(self: &Arc<Self>, folder: Shared) {
        let crew = self.clone();
        tokio::task::spawn_blocking(move || while crew.force(folder) {});
    }

    /// The same where a disk needs no hands: others may come before it begins.
    fn force_soon(self: &Arc<Self>, folders: &[Shared]) -> Vec<oneshot::Receiver<Said>> {
        let ask = |folder: &Shared| {
            let (folder, (told, to_be_done)) = (*folder, self.ask_for(*folder));
            if to_be_done {
                let crew = self.clone();
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    while crew.force(folder) {}
                });
            }
            told
        };
        folders.iter().map(ask).collect()
    }

    /// Forces a folder once for all who wait by now. Says whether others have come.
    fn force(&self, folder: Shared) -> bool {
        let path = match folder {
            Shared::Req => &self.folders.req,
            Shared::Work => &self.folders.work,
            Shared::Res => &self.folders.res,
        };
        let waiting = std::mem::take(&mut locked(self.forcing(folder)).waiting);
        let said = self.force_once(path);
        for tell in waiting {
            let _heard = tell.send(said.clone());
        }
        let mut forcing = locked(self.forcing(folder));
        forcing.under_way = !forcing.waiting.is_empty();
        forcing.under_way
    }

    fn force_once(&self, folder: &Path) -> Said {
        let forced = catch_unwind(AssertUnwindSafe(|| self.folders.disk.sync_entry(&folder.join("any"))));
        forced.unwrap_or_else(|_| Err(broken_off())).map_err(|error| (error.kind(), error.to_string()))
    }
}

fn broken_off() -> io::Error {
    io::Error::other("the work on the disk broke off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BridgeConfig;

    #[tokio::test]
    async fn work_that_breaks_off_is_an_error_and_all_the_others_are_done() {
        let root = tempfile::tempdir().unwrap();
        let folders = Arc::new(Folders::open(&BridgeConfig::under(root.path())).unwrap());
        let hands = Arc::new(Hands::of(folders.clone()));
        let mut all = tokio::task::JoinSet::new();
        for number in 0..100 {
            let hands = hands.clone();
            all.spawn(async move {
                let work = move |folders: &Folders| {
                    assert_ne!(number, 50, "on purpose");
                    std::fs::write(folders.work.join(number.to_string()), "")
                };
                hands.work(&[Shared::Req, Shared::Work, Shared::Res], work).await
            });
        }
        let failed = all.join_all().await.iter().filter(|done| done.is_err()).count();
        assert_eq!((failed, std::fs::read_dir(&folders.work).unwrap().count()), (1, 99 + 1), "and the lock");
    }
}
