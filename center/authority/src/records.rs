//! Tells the audit log what was done. Each deed is noted in the transaction that does it, and goes to the log a moment later: a log that
//! is away delays nobody, least of all a revocation, and loses nothing.

use chassis::audit::{Audit, Entry, Reply};
use futures_util::future;

use crate::{Authority, Error};

/// Whose deeds these are, in the audit log.
const SCOPE: &str = "authority";
/// Deeds told together: they share a commit of the log.
const TOGETHER: usize = 500;

impl Authority {
    /// With the audit log that is told of every notice, application, certificate and revocation.
    #[must_use]
    pub fn with_audit(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Tells the log what it does not know yet. Told again after a crash, a deed is found to stand there already.
    pub(crate) async fn tell_the_audit_log(&self) -> Result<(), Error> {
        let Some(audit) = &self.audit else { return Ok(()) };
        loop {
            let waiting = self.store.unrecorded(i64::try_from(TOGETHER).unwrap_or(i64::MAX)).await?;
            let last = waiting.len() < TOGETHER;
            let told = future::join_all(waiting.into_iter().map(|deed| async move {
                let reply = Reply { scope: SCOPE.to_owned(), key: deed.record_id.clone(), body: Vec::new() };
                let appended = audit.append(Entry { payload: deed.payload, reply: Some(reply) }).await;
                appended.map(|_| deed.record_id)
            }));
            let (told, failed): (Vec<_>, Vec<_>) = told.await.into_iter().partition(Result::is_ok);
            self.store.recorded(&told.into_iter().flatten().collect::<Vec<_>>()).await?;
            if let Some(Err(error)) = failed.into_iter().next() {
                return Err(error.into());
            }
            if last {
                return Ok(());
            }
        }
    }
}
