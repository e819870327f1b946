//! Sees to it that one import at a time is under way on all copies, and that a copy which died holds nobody up for long.

use std::sync::Arc;
use std::time::Duration;

use chassis::db::lease::Lease;
use chassis::db::{DbError, Transaction, values};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::Store;
use crate::error::Error;

/// The job of writing an edition.
pub(super) const IMPORT: &str = "eligibility import";
/// The job of clearing up after imports.
pub(super) const TIDY: &str = "eligibility tidy";
/// After so long without a sign of life whoever has a job is given up.
pub(super) const SPAN: SignedDuration = SignedDuration::from_secs(30);
/// How often an importer gives a sign of life.
const SIGN: Duration = Duration::from_secs(8);

/// The right to import, until it is given back or dropped.
pub(super) struct Right {
    pub(super) store: Store,
    lease: Option<Arc<Lease>>,
    /// The edition that this import writes.
    pub(super) edition: i64,
    signs: JoinHandle<()>,
}

impl Store {
    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Takes the right to import, and with it a new edition to write; what an importer that died left behind is given up.
    pub(super) async fn claim_import(&self) -> Result<Right, Error> {
        let lease = self.shared.leases.claim(IMPORT, self.now(), SPAN).await?;
        let lease = Arc::new(lease.ok_or(Error::ImportUnderWay { seconds: SPAN.as_secs().unsigned_abs() })?);
        let mut tx = self.db().begin().await?;
        if !lease.confirm(&mut tx, self.now(), SPAN).await? {
            return Err(Error::LeaseLost);
        }
        let number = tx.query_opt("UPDATE register SET imports = imports + 1 WHERE one = 1 RETURNING imports", &[]).await?;
        let edition = number.ok_or(Error::Unreadable)?.int(0)?;
        tx.execute("UPDATE edition SET state = 'retired' WHERE state = 'staged'", &[]).await?;
        let new = "INSERT INTO edition (edition, state, sheets, lookups, swept) VALUES ($1, 'staged', 0, 0, 0)";
        tx.execute(new, &values![edition]).await?;
        tx.commit().await?;
        let signs = tokio::spawn(give_signs(self.clone(), Arc::clone(&lease)));
        Ok(Right { store: self.clone(), lease: Some(lease), edition, signs })
    }

    /// Gives up the edition, unless it counts already, and gives the right back.
    async fn give_up(&self, lease: Arc<Lease>, edition: i64) -> Result<(), DbError> {
        let sql = "UPDATE edition SET state = 'retired' WHERE edition = $1 AND state = 'staged'";
        self.db().execute(sql, &values![edition]).await?;
        self.give_back(lease).await
    }

    async fn give_back(&self, lease: Arc<Lease>) -> Result<(), DbError> {
        self.shared.wake.notify_one();
        match Arc::into_inner(lease) {
            Some(lease) => lease.release().await,
            // Somebody still gives a sign of life with it; it runs out by itself.
            None => Ok(()),
        }
    }
}

async fn give_signs(store: Store, lease: Arc<Lease>) {
    loop {
        tokio::time::sleep(SIGN).await;
        match lease.renew(store.now(), SPAN).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "an import could not give a sign of life"),
        }
    }
}

impl Right {
    /// Whether the right is still held; nobody else can have it before `tx` is committed.
    pub(super) async fn confirm(&self, tx: &mut Transaction) -> Result<bool, Error> {
        match &self.lease {
            Some(lease) => Ok(lease.confirm(tx, self.store.now(), SPAN).await?),
            None => Ok(false),
        }
    }

    /// The import ended; an edition that does not count is given up.
    pub(super) async fn end(mut self) -> Result<(), Error> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        self.stop_signs().await;
        Ok(self.store.give_up(lease, self.edition).await?)
    }

    async fn stop_signs(&mut self) {
        self.signs.abort();
        // It ended by being told to.
        let _ended = (&mut self.signs).await;
    }
}

impl Drop for Right {
    /// Whoever waited for the import is gone: it is given up in the background, and if even that fails, the lease runs out.
    fn drop(&mut self) {
        self.signs.abort();
        if let (Some(lease), Ok(runtime)) = (self.lease.take(), tokio::runtime::Handle::try_current()) {
            let (store, edition) = (self.store.clone(), self.edition);
            let signs = std::mem::replace(&mut self.signs, runtime.spawn(async {}));
            runtime.spawn(async move {
                let _ended = signs.await;
                if let Err(error) = store.give_up(lease, edition).await {
                    tracing::warn!(%error, "an import that broke off could not be given up; its lease will run out");
                }
            });
        }
    }
}
