//! Does what nobody came for: takes up what a crash left, lets lapse what is overdue, destroys keys whose time is over, fills the pool.

use jiff::Timestamp;

use crate::applications::Decision;
use crate::{Authority, Error, IssuedFact, rules};

/// The registry must be told that a terminal exists, or is blocked.
pub(crate) const EXISTS: i64 = 1;
/// The registry must be told to let a terminal in again.
pub(crate) const RELEASED: i64 = 2;

impl Authority {
    /// One round; called every few seconds, by any copy, as often as one likes. What fails is tried again in the next round, and does not
    /// keep the rest from being done.
    ///
    /// # Errors
    /// The first failure of the round.
    pub async fn chores(&self, now: Timestamp) -> Result<(), Error> {
        let rounds = [
            self.settle_journal(now).await,
            self.tell_registry_what_is_due(now).await,
            self.advance_orders(now).await,
            self.lapse_applications(now).await,
            self.grant_overdue_revocations(now).await,
            self.store.forget_guesses(now - rules::rest(&self.config)).await.map_err(Error::from),
            self.store.forget_lapsed_acme(now).await.map_err(Error::from),
            self.store.forget_list_numbers().await.map_err(Error::from),
            self.fill_pool(now).await.map(|_| ()),
            self.tell_the_audit_log().await,
        ];
        rounds.into_iter().collect()
    }

    /// Orders whose next step is due.
    async fn advance_orders(&self, now: Timestamp) -> Result<(), Error> {
        let mut outcome = Ok(());
        for row in self.store.due_orders(now).await? {
            if let Err(error) = self.advance(&row.order.request_id, now).await {
                tracing::warn!(%error, request_id = row.order.request_id, "an order could not be taken on");
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    /// What the journal says and a failure kept from the database.
    async fn settle_journal(&self, now: Timestamp) -> Result<(), Error> {
        let entries = self.unsettled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if entries.is_empty() {
            return Ok(());
        }
        self.replay(&entries, now).await?;
        self.unsettled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).retain(|entry| !entries.contains(entry));
        Ok(())
    }

    /// Tells the registry of everything that is blocked: nobody may come in with a certificate that a restored database let live again.
    pub(crate) async fn block_what_is_due(&self, now: Timestamp) -> Result<(), Error> {
        loop {
            let due = self.store.due_at_the_registry().await?;
            let blocked: Vec<_> = due.into_iter().filter(|(made, _)| made.terminal().blocked).collect();
            if blocked.is_empty() {
                return Ok(());
            }
            for (made, what) in blocked {
                self.tell_registry(&made, what, now).await?;
            }
        }
    }

    async fn tell_registry_what_is_due(&self, now: Timestamp) -> Result<(), Error> {
        for (made, what) in self.store.due_at_the_registry().await? {
            self.tell_registry(&made, what, now).await?;
        }
        Ok(())
    }

    /// Tells the registry of one certificate, as it stands in the database now.
    pub(crate) async fn bring_registry_up_to_date(&self, serial: &str, now: Timestamp) -> Result<(), Error> {
        match self.store.certificate(serial).await? {
            Some(made) if made.revoked_at.is_none() && made.held_at.is_none() => self.tell_registry(&made, RELEASED, now).await,
            Some(made) => self.tell_registry(&made, EXISTS, now).await,
            None => Ok(()),
        }
    }

    /// Registers the terminal of a certificate, and blocks it or lets it in again; as often as one likes.
    pub(crate) async fn tell_registry(&self, made: &IssuedFact, what: i64, now: Timestamp) -> Result<(), Error> {
        let terminal = made.terminal();
        // Certificates from before the two were written down together may not be registered yet.
        match self.registry.enrol_terminal(&terminal, now).await {
            Ok(()) | Err(registry::Error::Refused(registry::Refusal::Taken(_))) => {}
            Err(error) => return Err(error.into()),
        }
        if terminal.blocked || what == RELEASED {
            self.registry.block_terminal(&made.serial, terminal.blocked, now).await?;
        }
        Ok(self.store.told_the_registry(made, what).await?)
    }

    /// Who asks for a revocation has lost something: if nobody decides, it is granted.
    async fn grant_overdue_revocations(&self, now: Timestamp) -> Result<(), Error> {
        for request in self.store.overdue_requests(now).await? {
            match self.decide_revocation(&request.number, &Decision::Approve, now).await {
                // Another copy of the center was quicker.
                Ok(_) | Err(Error::Registry(registry::Error::Refused(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
