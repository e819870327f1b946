//! What the registry does by itself while it is served: mail leaves, and lines that nobody uses any more lose their admission.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::center::Center;

/// How often lines are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// The chores under way.
pub(crate) struct Chores {
    stop: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

impl Chores {
    /// Begins them.
    pub(crate) fn begin(center: &Center) -> Self {
        let stop = CancellationToken::new();
        let post = tokio::spawn(center.post.clone().run(center.clock.clone(), stop.clone()));
        let (registry, clock, asked) = (center.registry.clone(), center.clock.clone(), stop.clone());
        let lines = tokio::spawn(async move {
            loop {
                match registry.dismiss_ended(clock.now()).await {
                    Ok(0) => {}
                    Ok(prefixes) => tracing::info!(prefixes, "lines that are no longer used lost their admission"),
                    Err(error) => tracing::warn!(%error, "ended lines could not be looked for"),
                }
                tokio::select! {
                    () = asked.cancelled() => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        });
        Self { stop, tasks: [post, lines] }
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
