//! Sees one taken request through: secured on disk, judged, asked, its result laid out, delivered and announced.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chassis::clock::{self, Clock};
use manuals::situation::Situation;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use wire::check::CheckRequest;

use super::figures::Figures;
use super::folders::Folders;
use super::hands::{Hands, Shared};
use super::inbox::Found;
use super::rules::{self, Habits, Judgement, READ_LIMIT, Refused};
use super::tray::{Secured, Stage, Tray};
use super::trouble::Trouble;
use crate::center::{Answers, CenterError, CheckReply};

/// Readers that notice only changes need the change to be separate from the creation (interface §1.5).
const BEFORE_TOUCH: Duration = Duration::from_millis(120);
/// How soon a full or vanished disk is tried again.
const BEFORE_DISK_AGAIN: Duration = Duration::from_secs(1);

/// What every lane shares.
pub(crate) struct Desk<A> {
    pub(crate) answers: Arc<A>,
    pub(crate) folders: Arc<Folders>,
    pub(crate) hands: Hands,
    pub(crate) figures: Arc<Figures>,
    pub(crate) clock: Clock,
    pub(crate) habits: Habits,
    pub(crate) deadline: Duration,
    pub(crate) give_up: Duration,
    pub(crate) lanes: Semaphore,
    /// Rung when the next request of a name may be taken.
    pub(crate) bell: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

/// The bridge was stopped while a disk was in the way; the tray keeps the request for the next start.
struct Stopped;

impl<A: Answers> Desk<A> {
    /// Sees a request through from where it stands. Every request gets its result by the deadline, asked or not.
    pub(crate) async fn serve(self: Arc<Self>, found: Found) {
        let Found { tray, stage, since } = found;
        self.figures.taken(&tray.id, since);
        if self.see_through(&tray, stage, since).await.is_err() {
            tracing::warn!(drop_id = %tray.id, "stopped before the result could be written; it is finished at the next start");
        }
        self.figures.closed(&tray.id);
        if self.folders.names.close(&tray.name) {
            self.bell.notify_one();
        }
    }

    async fn see_through(&self, tray: &Tray, stage: Stage, taken: Instant) -> Result<(), Stopped> {
        let delivered = match stage {
            Stage::Taken => self.close_question(tray, taken).await?,
            Stage::Sent => tray.possible_names(rules::result_name(&tray.name)),
        };
        self.on_disk(tray, &self.folders.res, &[Shared::Res], Tray::deliver).await?;
        self.figures.delivered(clock::instant().saturating_duration_since(taken), self.clock.now());
        tokio::time::sleep(BEFORE_TOUCH).await;
        let at = SystemTime::from(self.clock.now());
        self.on_disk(tray, &self.folders.work, &[], move |tray, folders| {
            Tray::touch(folders, &delivered, at);
            tray.close(folders)
        })
        .await
    }

    /// Asks or refuses, and lays the outcome out. Returns the names of what is to be delivered.
    async fn close_question(&self, tray: &Tray, taken: Instant) -> Result<Vec<OsString>, Stopped> {
        let (judgement, left_since) = self.judge_at_rest(tray, taken).await?;
        match judgement {
            Judgement::Refuse(refused) => {
                let code = refused.situation.get().code;
                tracing::warn!(drop_id = %tray.id, code, place = %refused.place, "request refused");
                let text = rules::err_text(&refused, &tray.id, self.habits.style.charset);
                let lay = move |tray: &Tray, folders: &Folders| tray.lay_refusal(folders, &text);
                self.on_disk(tray, &self.folders.work, &[Shared::Work], lay).await?;
                self.figures.refused(code);
                Ok(tray.refusal_names())
            }
            Judgement::Ask(request, name) => {
                let now = SystemTime::from(self.clock.now());
                let age = left_since.and_then(|since| now.duration_since(since).ok()).unwrap_or_default();
                let reply = if rules::is_too_old(age) { Err(CenterError::Timeout) } else { self.ask(&request, &tray.id, taken).await };
                if let Err(error) = &reply {
                    tracing::warn!(drop_id = %tray.id, %error, "no answer from the center");
                }
                let (file, outcome) = rules::result_file(&request, reply, clock::japan(self.clock.now()), self.habits);
                let laid = name.clone();
                let lay = move |tray: &Tray, folders: &Folders| tray.lay_answer(folders, &laid, &file);
                self.on_disk(tray, &self.folders.work, &[Shared::Work], lay).await?;
                tracing::info!(drop_id = %tray.id, outcome = outcome.label(), "result laid out");
                self.figures.ended(outcome);
                Ok(vec![OsString::from(name)])
            }
        }
    }

    /// Judges the request when it is on disk, and says when it was written if an earlier run took it. A second writer may have begun to
    /// write over the file at the moment in which it was taken: what is not whole must rest here too, unless it is what had rested in `req`.
    async fn judge_at_rest(&self, tray: &Tray, taken: Instant) -> Result<(Judgement, Option<SystemTime>), Stopped> {
        let mut before: Option<Vec<u8>> = None;
        loop {
            let read = |tray: &Tray, folders: &Folders| tray.read_secured(folders, READ_LIMIT);
            let secured = self.on_disk(tray, &self.folders.work, &[Shared::Work, Shared::Req], read).await?;
            let Some(Secured { bytes, rested, left_since }) = secured else {
                let place = "受け取ったファイルが作業用フォルダーから取り除かれました（ウイルス対策ソフトなど）。".to_owned();
                return Ok((Judgement::Refuse(Refused { situation: Situation::FileNeverComplete, place }), None));
            };
            let late = clock::instant().saturating_duration_since(taken) >= self.deadline;
            let judgement = rules::judge(&tray.name, &bytes);
            let whole = matches!(judgement, Judgement::Ask(..)) || rules::is_whole(rules::interest(&tray.name), &bytes);
            if rested || late || whole || before.as_ref() == Some(&bytes) {
                return Ok((judgement, left_since));
            }
            before = Some(bytes);
            tokio::time::sleep(self.folders.settle).await;
        }
    }

    /// Asks until there is an answer, the center is given up, or the deadline passes; waiting for a lane counts.
    async fn ask(&self, request: &CheckRequest, drop_id: &str, taken: Instant) -> Result<CheckReply, CenterError> {
        let left = self.deadline.saturating_sub(clock::instant().saturating_duration_since(taken));
        tokio::time::timeout(left, self.ask_patiently(request, drop_id)).await.unwrap_or(Err(CenterError::Timeout))
    }

    async fn ask_patiently(&self, request: &CheckRequest, drop_id: &str) -> Result<CheckReply, CenterError> {
        let mut trouble: Option<Instant> = None;
        let mut attempt = 0;
        loop {
            let reply = {
                // The semaphore is never closed; without a permit the question is asked all the same.
                let _lane = self.lanes.acquire().await.ok();
                self.answers.check(request, Some(drop_id)).await
            };
            let Err(error) = reply else { return reply };
            let now = clock::instant();
            let since = now.saturating_duration_since(*trouble.get_or_insert(now));
            if !rules::ask_again(&error, since, self.give_up) {
                return Err(error);
            }
            attempt += 1;
            tokio::time::sleep(rules::pause_before(attempt)).await;
        }
    }

    /// Works on the disk and forces these folders out after it, again and again while the disk is full or away, until the bridge is
    /// stopped. `folder` is the one to name when it cannot be done.
    async fn on_disk<T, F>(&self, tray: &Tray, folder: &Path, forced: &'static [Shared], work: F) -> Result<T, Stopped>
    where
        T: Send + 'static,
        F: Fn(&Tray, &Folders) -> io::Result<T> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        loop {
            let (doing, tray_there) = (work.clone(), tray.clone());
            match self.hands.work(forced, move |folders| doing(&tray_there, folders)).await {
                Ok(value) => {
                    self.figures.trouble(&tray.id, None);
                    return Ok(value);
                }
                Err(error) => self.figures.trouble(&tray.id, Some(Trouble::of(folder, &error))),
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(Stopped),
                () = tokio::time::sleep(BEFORE_DISK_AGAIN) => {}
            }
        }
    }
}
