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

type Job = Box<dyn FnOnce(&Folders) + Send>;
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

    /// Does this as soon as a hand is free.
    pub(crate) async fn work<T, F>(&self, work: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Folders) -> io::Result<T> + Send + 'static,
    {
        if !self.crew.folders.disk.is_slow() {
            return work(&self.crew.folders);
        }
        let (tell, told) = oneshot::channel();
        let job = Box::new(move |folders: &Folders| {
            // Nobody listens any more when the bridge was broken off: what was not begun is for the next start.
            if !tell.is_closed() {
                let _heard = tell.send(work(folders));
            }
        });
        if self.crew.queue(job) {
            let crew = self.crew.clone();
            tokio::task::spawn_blocking(move || crew.work_off());
        }
        told.await.unwrap_or_else(|_| Err(broken_off()))
    }

    /// Forces what was created, moved and removed in these folders before this call to disk, all at the same time. Who comes while
    /// a folder is being forced waits for the next time, together with all others who come until then.
    pub(crate) async fn force(&self, folders: &[Shared]) -> io::Result<()> {
        let asked: Vec<_> = folders.iter().map(|folder| self.ask_for(*folder)).collect();
        for told in asked {
            let said = told.await.map_err(|_| broken_off())?;
            said.map_err(|(kind, text)| io::Error::new(kind, text))?;
        }
        Ok(())
    }

    fn ask_for(&self, folder: Shared) -> oneshot::Receiver<Said> {
        let (tell, told) = oneshot::channel();
        let mut forcing = locked(self.crew.forcing(folder));
        forcing.waiting.push(tell);
        if !std::mem::replace(&mut forcing.under_way, true) {
            let crew = self.crew.clone();
            if crew.folders.disk.is_slow() {
                tokio::task::spawn_blocking(move || crew.force(folder));
            } else {
                // Others may come before it begins, as beside the event loop.
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    crew.force(folder);
                });
            }
        }
        told
    }
}

impl Crew {
    /// Whether one hand more is needed for it.
    fn queue(&self, job: Job) -> bool {
        let mut line = locked(&self.line);
        line.jobs.push_back(job);
        let free = line.busy < HANDS;
        line.busy += usize::from(free);
        free
    }

    fn next(&self) -> Option<Job> {
        let mut line = locked(&self.line);
        let job = line.jobs.pop_front();
        line.busy -= usize::from(job.is_none());
        job
    }

    fn work_off(&self) {
        while let Some(job) = self.next() {
            // Who waits for it hears nothing more, and that is an error; the others are served.
            let _broken = catch_unwind(AssertUnwindSafe(|| job(&self.folders)));
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

    fn force(&self, folder: Shared) {
        let path = match folder {
            Shared::Req => &self.folders.req,
            Shared::Work => &self.folders.work,
            Shared::Res => &self.folders.res,
        };
        loop {
            let mut forcing = locked(self.forcing(folder));
            if forcing.waiting.is_empty() {
                forcing.under_way = false;
                return;
            }
            let waiting = std::mem::take(&mut forcing.waiting);
            drop(forcing);
            let said = self.force_once(path);
            for tell in waiting {
                let _heard = tell.send(said.clone());
            }
        }
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
                hands.work(work).await?;
                hands.force(&[Shared::Req, Shared::Work, Shared::Res]).await
            });
        }
        let failed = all.join_all().await.iter().filter(|done| done.is_err()).count();
        assert_eq!((failed, std::fs::read_dir(&folders.work).unwrap().count()), (1, 99 + 1), "and the lock");
    }
}
