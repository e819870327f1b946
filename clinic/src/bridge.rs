//! The file bridge (連携アプリケーション): a request file dropped in `req` becomes a question to the center and a result file in `res`.

mod desk;
mod figures;
mod folders;
mod hands;
mod inbox;
mod order;
mod rules;
#[cfg(test)]
mod simulation;
mod tray;
mod trouble;
mod watch;

use std::sync::Arc;
use std::time::Instant;

use chassis::clock::{self, Clock};
use notify::RecommendedWatcher;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use self::desk::Desk;
use self::figures::Figures;
use self::folders::Folders;
use self::hands::Hands;
use self::inbox::{Inbox, Look};
use self::rules::Habits;
use crate::center::{Answers, Center, ConnectError};
use crate::config::{BridgeConfig, Config, span};

/// So many requests are looked at before what was taken of them goes its way: the first of thousands do not wait for the last.
const AT_ONCE: usize = 64;

pub use self::figures::Status;
pub use self::folders::FolderError;
pub use self::trouble::Trouble;

/// Why the bridge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This machine cannot speak with the center yet.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// What an earlier run left in the work folder cannot be read.
    #[error("作業用フォルダーに残っている照会を読み取れません（{0}）。アクセス権を確かめてください。")]
    LeftBehind(std::io::Error),
}

/// Starts file bridges.
#[derive(Debug)]
pub struct Bridge;

impl Bridge {
    /// Starts the bridge to the real center on the current tokio runtime, first finishing what an earlier run left behind.
    ///
    /// # Errors
    /// [`Error`] names the file or folder and what to do. A center that cannot be reached is no error.
    pub fn start(config: Config, clock: Clock) -> Result<RunningBridge, Error> {
        if let Err(error) = crate::certificate::settle(&config) {
            tracing::warn!(%error, "a change of the certificate that was broken off could not be finished");
        }
        let center = Arc::new(Center::connect(&config)?);
        let mut running = Self::start_with(&config.bridge, clock, center.clone())?;
        running.center = Some(center.clone());
        // The first question should not have to wait for the login.
        tokio::spawn(async move {
            if let Err(error) = center.login().await {
                tracing::warn!(%error, "not logged in yet");
            }
        });
        Ok(running)
    }

    /// Starts the bridge before whatever answers.
    ///
    /// # Errors
    /// [`Error`] names the folder and what to do.
    pub fn start_with<A: Answers>(config: &BridgeConfig, clock: Clock, answers: Arc<A>) -> Result<RunningBridge, Error> {
        let folders = Arc::new(Folders::open(config)?);
        let inbox = Inbox::open(folders.clone(), AT_ONCE).map_err(Error::LeftBehind)?;
        let gone = folders.gone.clone();
        let (figures, stop, bell) = (Arc::new(Figures::default()), CancellationToken::new(), Arc::new(Notify::new()));
        let watcher = watch::watch(&folders.req, bell.clone());
        let desk = Arc::new(Desk {
            answers,
            hands: Hands::of(folders.clone()),
            folders,
            figures: figures.clone(),
            clock,
            habits: Habits { style: config.style(), pass_broken: config.pass_broken_answers },
            deadline: span(config.deadline),
            give_up: span(config.give_up_unreachable),
            bell: bell.clone(),
            lanes: Semaphore::new(config.lanes.max(1)),
            stop: stop.clone(),
        });
        let round = Round { desk, bell, _watcher: watcher, interval: span(config.scan_interval) };
        let task = tokio::spawn(round.run(inbox));
        Ok(RunningBridge { center: None, stop, gone, figures, _abort: AbortWhenDropped(task.abort_handle()), task })
    }
}

/// A bridge at work. Dropping it breaks it off where it stands, as a power cut would; the next start finishes what it had taken.
#[derive(Debug)]
pub struct RunningBridge {
    center: Option<Arc<Center>>,
    stop: CancellationToken,
    /// The folders are free again.
    gone: CancellationToken,
    figures: Arc<Figures>,
    _abort: AbortWhenDropped,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct AbortWhenDropped(AbortHandle);

impl Drop for AbortWhenDropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RunningBridge {
    /// Takes nothing more, finishes what was taken, and returns when another bridge may have the folders.
    pub async fn stop(self) {
        self.stop.cancel();
        report(self.task.await);
        // A hand that has just told of its work still holds them for a moment.
        self.gone.cancelled().await;
    }

    /// The center it asks, if it is a real one.
    #[must_use]
    pub fn center(&self) -> Option<Arc<Center>> {
        self.center.clone()
    }

    /// How it is going.
    #[must_use]
    pub fn status(&self) -> Status {
        self.figures.status(clock::instant())
    }
}

/// The loop that looks into the request folder and hands what it takes to lanes.
struct Round<A> {
    desk: Arc<Desk<A>>,
    bell: Arc<Notify>,
    _watcher: Option<RecommendedWatcher>,
    interval: std::time::Duration,
}

impl<A: Answers> Round<A> {
    async fn run(self, inbox: Inbox) {
        let mut lanes = JoinSet::new();
        // What was left behind is finished even if the bridge is stopped at once.
        let mut looked = beside(inbox, Inbox::resume).await;
        let mut pause = std::time::Duration::ZERO;
        while let Some((inbox, look)) = looked {
            if !look.more {
                self.desk.figures.waiting(look.waiting, look.oldest);
                self.desk.figures.trouble("", look.trouble);
            }
            for found in look.found {
                lanes.spawn(self.desk.clone().serve(found));
            }
            while let Some(done) = lanes.try_join_next() {
                report(done);
            }
            // A bell that rings meanwhile is heard at the end.
            if look.more {
                if self.desk.stop.is_cancelled() {
                    break;
                }
            } else {
                tokio::select! {
                    () = self.desk.stop.cancelled() => break,
                    () = self.bell.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
            looked = beside(inbox, Inbox::look).await;
            let again_at = looked.as_ref().and_then(|(_, look)| look.again_at);
            pause = again_at.map_or(self.interval, |at| at.saturating_duration_since(clock::instant()).min(self.interval));
        }
        while let Some(done) = lanes.join_next().await {
            report(done);
        }
    }
}

/// Looks at the folders beside the event loop.
async fn beside(mut inbox: Inbox, glance: fn(&mut Inbox, Instant) -> Look) -> Option<(Inbox, Look)> {
    let looked = tokio::task::spawn_blocking(move || {
        let look = glance(&mut inbox, clock::instant());
        (inbox, look)
    });
    looked.await.inspect_err(|error| tracing::error!(%error, "looking at the request folder broke off")).ok()
}

fn report(done: Result<(), JoinError>) {
    if let Err(error) = done
        && error.is_panic()
    {
        tracing::error!(%error, "a lane broke off; its request is finished at the next start");
    }
}
