//! Keeps the times in which a service is closed (閉塞), and makes the snapshot that tells servers without a database of them (PX-10).

use chassis::random;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wire::snapshot::{Closure, MAX_CLOSURES, Snapshot};

use crate::error::{Error, Refusal};
use crate::{Registry, rules};

/// A closure as an operator announces it. Times are Japan's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The key of a host of [`manuals::hosts`].
    #[serde(default = "proxy")]
    pub service: String,
    /// `2026-11-21 01:00`.
    pub from: String,
    /// The time of reopening.
    pub until: String,
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
}

fn proxy() -> String {
    "proxy".to_owned()
}

impl Registry {
    /// Announces a closure and returns it with its number.
    ///
    /// # Errors
    /// [`Refusal`] names what is wrong with it.
    pub async fn add_closure(&self, announced: &Announcement, now: Timestamp) -> Result<Closure, Error> {
        let known: Vec<&str> = manuals::hosts::all().into_iter().map(|(key, _)| key).collect();
        let closure = rules::closure(announced, random::text(8, random::READABLE)?, &known, now)?;
        if self.store.closures(now).await?.len() >= MAX_CLOSURES {
            return Err(Refusal::Wrong {
                field: "from", problem: "予定が多すぎます。いらない予定を消してください。".into()
            }
            .into());
        }
        self.store.add_closure(&closure, now).await?;
        self.note_change();
        Ok(closure)
    }

    /// The closures that are not over, the next first.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn closures(&self, now: Timestamp) -> Result<Vec<Closure>, Error> {
        Ok(self.store.closures(now).await?)
    }

    /// Takes a closure back: the service opens at once if it was closed.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is none of that number.
    pub async fn remove_closure(&self, closure_id: &str) -> Result<(), Error> {
        if self.store.remove_closure(closure_id).await? == 0 {
            return Err(Refusal::Unknown("この番号の閉塞").into());
        }
        self.note_change();
        Ok(())
    }

    /// What servers without a database are told from now on, to be signed and published.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn snapshot(&self, now: Timestamp) -> Result<Snapshot, Error> {
        let (number, closures, admitted) = self.store.snapshot(now).await?;
        let valid_until = now + jiff::SignedDuration::from_hours(i64::from(self.config.snapshot_hours.max(1)));
        let admitted = admitted.iter().filter_map(|prefix| prefix.parse().ok()).collect();
        Ok(Snapshot { number, made_at: now, valid_until, closures, admitted })
    }

    /// Returns when this process has changed what a snapshot says. Other processes' changes are not heard: look every minute as well.
    pub async fn changed(&self) {
        self.change.notified().await;
    }

    pub(crate) fn note_change(&self) {
        self.change.notify_one();
    }
}
