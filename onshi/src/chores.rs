//! What the rooms do by themselves while they are served: mail leaves, lines that nobody uses any more lose their admission, and orders for
//! certificates go on.

use std::time::Duration;

use authority::Authority;
use jiff::Timestamp;
use registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::center::Center;
use crate::center_config::Room;

/// How often lines are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How often the authority looks at what nobody came for.
const ORDERS: Duration = Duration::from_secs(2);

/// The chores under way.
pub(crate) struct Chores {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Chores {
    /// Begins those of the rooms that this process serves.
    pub(crate) fn begin(center: &Center) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        if center.config.serves(Room::Registry) {
            tasks.push(tokio::spawn(center.post.clone().run(center.clock.clone(), stop.clone())));
            let (registry, clock) = (center.registry.clone(), center.clock.clone());
            tasks.push(every(LOOK, stop.clone(), move || dismiss_ended(registry.clone(), clock.now())));
        }
        if center.config.serves(Room::Authority) {
            let (authority, clock) = (center.authority.clone(), center.clock.clone());
            tasks.push(every(ORDERS, stop.clone(), move || look_after_orders(authority.clone(), clock.now())));
        }
        Self { stop, tasks }
    }

    /// Lets each finish what it is at.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        for task in self.tasks {
            // A panic in it was already logged.
            let _ended = task.await;
        }
    }
}

async fn dismiss_ended(registry: Registry, now: Timestamp) {
    match registry.dismiss_ended(now).await {
        Ok(0) => {}
        Ok(prefixes) => tracing::info!(prefixes, "lines that are no longer used lost their admission"),
        Err(error) => tracing::warn!(%error, "ended lines could not be looked for"),
    }
}

async fn look_after_orders(authority: Authority, now: Timestamp) {
    if let Err(error) = authority.chores(now).await {
        tracing::warn!(%error, "not all of the authority's chores could be done");
    }
}

/// Does something now and again until it is asked to stop.
fn every<F>(pause: Duration, asked: CancellationToken, mut act: impl FnMut() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            act().await;
            tokio::select! {
                () = asked.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    })
}
