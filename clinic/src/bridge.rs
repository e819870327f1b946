//! The file bridge (連携アプリケーション): a request file dropped in `req` becomes a question to the center and a result file in `res`.

mod desk;
mod figures;
mod folders;
mod inbox;
mod rules;
mod tray;
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
use self::inbox::{Inbox, Look};
use self::rules::Habits;
use self::tray::{Stage, Tray};
use crate::center::{Answers, Center, ConnectError};
use crate::config::{BridgeConfig, Config, span};

pub use self::figures::Status;
pub use self::folders::FolderError;

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
        let center = Arc::new(Center::connect(&config)?);
        let running = Self::start_with(&config.bridge, clock, center.clone())?;
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
        let left_behind = Tray::left_behind(&folders).map_err(Error::LeftBehind)?;
        let (figures, stop, bell) = (Arc::new(Figures::default()), CancellationToken::new(), Arc::new(Notify::new()));
        let desk = Arc::new(Desk {
            answers,
            folders: folders.clone(),
            figures: figures.clone(),
            clock,
            habits: Habits { style: config.style(), pass_broken: config.pass_broken_answers },
            deadline: span(config.deadline),
            give_up: span(config.give_up_unreachable),
            lanes: Semaphore::new(config.lanes.max(1)),
            stop: stop.clone(),
        });
        let watcher = watch::watch(&folders.req, bell.clone());
        let round = Round { desk, bell, _watcher: watcher, interval: span(config.scan_interval) };
        let inbox = Inbox::new(folders, span(config.settle));
        let task = tokio::spawn(round.run(inbox, left_behind));
        Ok(RunningBridge { stop, figures, _abort: AbortWhenDropped(task.abort_handle()), task })
    }
}

/// A bridge at work. Dropping it breaks it off where it stands, as a power cut would; the next start finishes what it had taken.
#[derive(Debug)]
pub struct RunningBridge {
    stop: CancellationToken,
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
    /// Takes nothing more, finishes what was taken, and returns.
    pub async fn stop(self) {
        self.stop.cancel();
        report(self.task.await);
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
    async fn run(self, mut inbox: Inbox, left_behind: Vec<(Tray, Stage)>) {
        let mut lanes = JoinSet::new();
        for (tray, stage) in left_behind {
            tracing::info!(drop_id = %tray.id, ?stage, "finishing a request of an earlier run");
            lanes.spawn(self.desk.clone().serve(tray, stage, clock::instant()));
        }
        while !self.desk.stop.is_cancelled() {
            let now = clock::instant();
            let Some((back, look)) = look(inbox, now).await else { break };
            inbox = back;
            self.desk.figures.waiting(look.waiting, look.oldest);
            for tray in look.taken {
                lanes.spawn(self.desk.clone().serve(tray, Stage::Taken, now));
            }
            while let Some(done) = lanes.try_join_next() {
                report(done);
            }
            let pause = look.again_at.map_or(self.interval, |at| at.saturating_duration_since(clock::instant()).min(self.interval));
            tokio::select! {
                () = self.desk.stop.cancelled() => {}
                () = self.bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while let Some(done) = lanes.join_next().await {
            report(done);
        }
    }
}

async fn look(mut inbox: Inbox, now: Instant) -> Option<(Inbox, Look)> {
    let looked = tokio::task::spawn_blocking(move || {
        let look = inbox.look(now).unwrap_or_else(|error| {
            tracing::error!(%error, "request folder cannot be read");
            Look::default()
        });
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
