//! Carries mail from the outbox to a mail server or into a folder: one copy at a time, again after a failure, never forgotten.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::carrier::{Carrier, file};
use super::outbox::Turn;
use super::{Config, MailError, Outbox};
use crate::clock::Clock;
use crate::db::DbError;
use crate::lease::Leases;

/// The job's name among the leases.
const JOB: &str = "mail";
/// How long a copy holds the job beyond one mail's own time.
const HOLD: SignedDuration = SignedDuration::from_secs(60);
/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Mails that left.
    pub sent: u64,
    /// Mails that will be tried again.
    pub later: u64,
    /// Mails that nobody will take.
    pub given_up: u64,
}

/// The postman. Cheap to clone.
#[derive(Clone)]
pub struct Post {
    outbox: Outbox,
    leases: Leases,
    carrier: Carrier,
    timeout: SignedDuration,
    give_up: SignedDuration,
}

impl Post {
    /// A postman for `outbox`; `folder` is where mail goes that goes to no server.
    ///
    /// # Errors
    /// [`MailError::Config`] says what is missing.
    pub fn open(outbox: Outbox, leases: Leases, config: &Config, folder: &Path) -> Result<Self, MailError> {
        let carrier = Carrier::open(config, folder)?;
        let seconds = i64::try_from(config.timeout_seconds).unwrap_or(i64::MAX / 2);
        Ok(Self {
            outbox,
            leases,
            carrier,
            timeout: SignedDuration::from_secs(seconds),
            give_up: SignedDuration::from_hours(24 * i64::from(config.give_up_days)),
        })
    }

    /// The outbox it empties.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Looks every second until `stop`, and delivers what is due.
    pub async fn run(self, clock: Clock, stop: CancellationToken) {
        loop {
            if let Err(error) = self.deliver_due(&clock).await {
                tracing::warn!(%error, "the outbox could not be looked at");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Delivers what is due now, unless another copy is at it.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement; a mail that did not leave is no error.
    pub async fn deliver_due(&self, clock: &Clock) -> Result<Delivered, DbError> {
        let mut done = Delivered::default();
        let span = HOLD + self.timeout;
        if self.outbox.due(clock.now()).await?.is_empty() {
            return Ok(done);
        }
        let Some(lease) = self.leases.claim(JOB, clock.now(), span).await? else { return Ok(done) };
        // What was due before the claim may have left meanwhile.
        for turn in self.outbox.due(clock.now()).await? {
            if !lease.renew(clock.now(), span).await? {
                return Ok(done);
            }
            if self.outbox.begin(&turn, clock.now()).await? {
                self.carry(&turn, clock, &mut done).await?;
            }
        }
        lease.release().await?;
        Ok(done)
    }

    async fn carry(&self, turn: &Turn, clock: &Clock, done: &mut Delivered) -> Result<(), DbError> {
        let mail = turn.mail_id.as_str();
        let handed = self.carrier.hand_over(mail, &turn.recipient, self.outbox.sender(), &turn.message).await;
        let Err(obstacle) = handed else {
            self.outbox.sent(mail, clock.now()).await?;
            metrics::counter!("onshi_mails_total", "outcome" => "sent").increment(1);
            done.sent += 1;
            return Ok(());
        };
        let old = clock.now().duration_since(turn.made_at) >= self.give_up;
        tracing::warn!(mail, problem = obstacle.problem, tries = turn.tries + 1, "a mail did not leave");
        if obstacle.forever || old {
            self.outbox.given_up(mail, clock.now(), &obstacle.problem).await?;
            metrics::counter!("onshi_mails_total", "outcome" => "given-up").increment(1);
            done.given_up += 1;
        } else {
            self.outbox.failed(mail, &obstacle.problem).await?;
            metrics::counter!("onshi_mails_total", "outcome" => "later").increment(1);
            done.later += 1;
        }
        Ok(())
    }

    /// What a mail says, as long as it is here: not yet left, or in the folder.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn read(&self, mail_id: &str) -> Result<Option<Vec<u8>>, DbError> {
        if let Some(message) = self.outbox.message(mail_id).await? {
            return Ok(Some(message));
        }
        let Carrier::Folder(folder) = &self.carrier else { return Ok(None) };
        // Names are ours, in hexadecimal; nothing else is looked for in the file system.
        if !mail_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let path = file(folder, mail_id);
        let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
        Ok(read.ok().and_then(Result::ok))
    }
}
