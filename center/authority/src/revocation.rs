//! Revokes: asked for by the two numbers or by the certificate itself, blocked at once, decided by an operator, and never forgotten.

use chassis::mail::MailAddress;
use chassis::random;
use jiff::Timestamp;
use manuals::situation::Situation;
use rcgen::RevocationReason;
use registry::Refusal;

use crate::applications::Decision;
use crate::journal::{Entry, What};
use crate::letters;
use crate::orders::Proof;
use crate::renewal::Holder;
use crate::rules;
use crate::{Authority, Error, IssuedFact};

/// Why a certificate was revoked (RFC 5280, 5.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Not said.
    #[default]
    Unspecified,
    /// The key is, or may be, in other hands (CA-23).
    KeyCompromise,
    /// The facility changed its code or name.
    AffiliationChanged,
    /// A newer certificate took its place.
    Superseded,
    /// The terminal is no longer used.
    CessationOfOperation,
    /// Provisionally blocked; not yet decided.
    CertificateHold,
}

impl Reason {
    const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
    ];

    /// The number of RFC 5280.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
        }
    }

    /// The reason of this number; unspecified for one that is not used here.
    #[must_use]
    pub fn of(code: i64) -> Self {
        Self::ALL.into_iter().find(|reason| reason.code() == code).unwrap_or_default()
    }

    pub(crate) fn of_library(self) -> Option<RevocationReason> {
        // "Unspecified" is said by saying nothing.
        Some(match self {
            Self::Unspecified => return None,
            Self::KeyCompromise => RevocationReason::KeyCompromise,
            Self::AffiliationChanged => RevocationReason::AffiliationChanged,
            Self::Superseded => RevocationReason::Superseded,
            Self::CessationOfOperation => RevocationReason::CessationOfOperation,
            Self::CertificateHold => RevocationReason::CertificateHold,
        })
    }
}

/// What gives somebody the right to ask for a revocation.
#[derive(Clone, Debug)]
pub enum RevocationBy {
    /// Request id and reference id (RN-12).
    Ids(Proof),
    /// The certificate itself and its key.
    Possession(Holder),
}

/// How a request for revocation was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By request id and reference id.
    Ids,
    /// By the certificate and its key.
    Possession,
    /// Found in the journal after an old database was restored.
    Journal,
}

impl By {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Possession => "possession",
            Self::Journal => "journal",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [Self::Ids, Self::Possession, Self::Journal].into_iter().find(|by| by.key() == text)
    }
}

/// Where a request for revocation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// The terminal is blocked, the decision is open.
    Asked,
    /// Revoked.
    Done,
    /// Refused, and the terminal let in again.
    Refused,
}

impl RequestState {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [Self::Asked, Self::Done, Self::Refused].into_iter().find(|state| state.key() == text)
    }
}

/// A request for revocation as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RevocationRequest {
    /// Its number.
    pub number: String,
    /// The certificate.
    pub serial: String,
    /// Where the notice of completion goes; empty if nobody knows any more.
    pub mail: String,
    /// How the right was proven.
    pub by: By,
    /// Where it stands.
    pub state: RequestState,
    /// Why.
    pub reason: Reason,
    /// When it was asked for; the terminal is blocked since.
    pub asked_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Whose terminal it is; empty if a restored database does not know.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
}

impl Authority {
    /// Takes a request for revocation (RN-12). The terminal is refused from this moment on; the revocation itself is an operator's to
    /// decide, and is granted when nobody does. Asked again, the same number comes back.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn ask_revocation(&self, by: RevocationBy, mail: &str, now: Timestamp) -> Result<Result<String, Situation>, Error> {
        let Some(mail) = MailAddress::parse(mail.trim()) else { return Ok(Err(Situation::BadMailAddress)) };
        let (found, by) = match by {
            RevocationBy::Ids(proof) => (self.store.certificate_of(&proof.order().request_id).await?, By::Ids),
            RevocationBy::Possession(holder) => (self.store.certificate(&holder.serial).await?, By::Possession),
        };
        let Some(found) = found else { return Ok(Err(Situation::UnknownTerminal)) };
        if found.revoked_at.is_some() {
            return Ok(Err(Situation::BlockedTerminal));
        }
        if let Some(waiting) = self.store.waiting_request(&found.serial).await? {
            return Ok(Ok(waiting.number));
        }
        let request = self.request(&found, mail.as_str(), by, now)?;
        self.write_journal(&found, What::Held, Reason::CertificateHold, now).await?;
        match self.store.add_request(&request, now + rules::days(self.config.decide_days)).await {
            Ok(()) => {}
            // Two clicks at the same moment.
            Err(error) if error.is_unique_violation() => {
                let waiting = self.store.waiting_request(&found.serial).await?;
                return waiting.map(|waiting| Ok(waiting.number)).ok_or_else(|| error.into());
            }
            Err(error) => return Err(error.into()),
        }
        self.journal_settled(&found.serial);
        self.bring_registry_up_to_date(&found.serial, now).await?;
        tracing::info!(serial = found.serial, number = request.number, "a revocation was asked for; the terminal is blocked");
        Ok(Ok(request.number))
    }

    pub(crate) fn request(&self, about: &IssuedFact, mail: &str, by: By, now: Timestamp) -> Result<RevocationRequest, Error> {
        Ok(RevocationRequest {
            number: number("R", now)?,
            serial: about.serial.clone(),
            mail: mail.to_owned(),
            by,
            state: RequestState::Asked,
            // Both ways of asking stand under "lost, or known to others" (CA-23).
            reason: Reason::KeyCompromise,
            asked_at: now,
            decided_at: None,
            facility_code: about.facility_code.clone(),
            terminal_name: about.terminal_name.clone(),
        })
    }

    /// The requests for revocation, those that wait first.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn revocation_requests(&self) -> Result<Vec<RevocationRequest>, Error> {
        Ok(self.store.requests().await?)
    }

    /// Grants a revocation, or refuses it and lets the terminal in again. The notice of completion goes to the address given (RN-13).
    ///
    /// # Errors
    /// [`Refusal::Unknown`] or [`Refusal::Decided`], or if the authority could not do it.
    pub async fn decide_revocation(&self, number: &str, decision: &Decision, now: Timestamp) -> Result<RevocationRequest, Error> {
        // One after the other: what the journal holds of two who decide differently cannot be taken back.
        let _one_at_a_time = self.deciding.lock().await;
        let Some(request) = self.store.request(number.trim()).await? else {
            return Err(registry::Error::from(Refusal::Unknown("この失効申請")).into());
        };
        if request.state != RequestState::Asked {
            return Err(registry::Error::from(Refusal::Decided(request.state.key().to_owned())).into());
        }
        let found = self.store.certificate(&request.serial).await?;
        let (what, reason, revoke) = match decision {
            Decision::Approve => (What::Revoked, request.reason, true),
            Decision::Refuse { .. } => (What::Released, Reason::Unspecified, false),
        };
        if let Some(found) = &found {
            self.write_journal(found, what, reason, now).await?;
        }
        let letter = letters::revocation_decided(&request, decision);
        let mail = letter.as_ref().map(|letter| (self.registry.outbox(), letter));
        if !self.store.decide_request(&request, revoke, mail, now).await? {
            return Err(registry::Error::from(Refusal::Decided("decided".to_owned())).into());
        }
        self.journal_settled(&request.serial);
        self.bring_registry_up_to_date(&request.serial, now).await?;
        self.store.request(&request.number).await?.ok_or(Error::Cipher)
    }

    /// Revokes a certificate: its terminal is refused from the next request on, and it stands on every list made from now on. A request
    /// that waits for this is granted by it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if no certificate has this serial number.
    pub async fn revoke(&self, serial: &str, reason: Reason, now: Timestamp) -> Result<(), Error> {
        let serial = serial.trim().to_ascii_lowercase();
        let Some(found) = self.store.certificate(&serial).await? else {
            return Err(registry::Error::from(Refusal::Unknown("この証明書")).into());
        };
        // The terminal first: it must be refused even if the journal or the list fails.
        match self.registry.block_terminal(&serial, true, now).await {
            // The registry has not heard of it yet; it will be told together with the block.
            Ok(()) | Err(registry::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if found.revoked_at.is_some() {
            return Ok(());
        }
        if let Some(waiting) = self.store.waiting_request(&serial).await? {
            self.decide_revocation(&waiting.number, &Decision::Approve, now).await?;
            return Ok(());
        }
        self.write_journal(&found, What::Revoked, reason, now).await?;
        self.store.revoke(&serial, reason, now).await?;
        self.journal_settled(&serial);
        self.bring_registry_up_to_date(&serial, now).await?;
        Ok(())
    }

    async fn write_journal(&self, about: &IssuedFact, what: What, reason: Reason, now: Timestamp) -> Result<(), Error> {
        let entry = Entry { what, serial: about.serial.clone(), at: now, reason, not_after: about.not_after, shard: about.shard };
        self.journal.append(vec![entry.clone()]).await?;
        self.unsettled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(entry);
        Ok(())
    }

    /// The database holds what the journal says of this certificate.
    fn journal_settled(&self, serial: &str) {
        self.unsettled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).retain(|entry| entry.serial != serial);
    }

    /// Brings the database to what the journal says: at the start for all of it, later for what a failure left between the two.
    pub(crate) async fn replay(&self, entries: &[Entry], now: Timestamp) -> Result<(), Error> {
        let closed = self.store.closed().await?;
        let known: std::collections::HashMap<&str, (bool, bool)> =
            closed.iter().map(|(serial, revoked, held)| (serial.as_str(), (revoked.is_some(), held.is_some()))).collect();
        // The last word on each certificate counts, but a revocation is for ever.
        let mut last: std::collections::BTreeMap<&str, &Entry> = std::collections::BTreeMap::new();
        for entry in entries {
            let for_ever = last.get(entry.serial.as_str()).is_some_and(|before| before.what == What::Revoked);
            if !for_ever {
                last.insert(&entry.serial, entry);
            }
        }
        for (serial, entry) in last {
            let (revoked, held) = known.get(serial).copied().unwrap_or_default();
            match entry.what {
                What::Revoked if !revoked => {
                    tracing::warn!(serial, "the journal knows of a revocation that the database had forgotten");
                    if !self.store.revoke(serial, entry.reason, entry.at).await? {
                        self.store.keep_lost(entry).await?;
                    }
                }
                What::Held if !revoked && !held => {
                    tracing::warn!(serial, "the journal knows of a provisional block that the database had forgotten");
                    if let Some(found) = self.store.certificate(serial).await? {
                        let request = self.request(&found, "", By::Journal, entry.at)?;
                        self.store.add_request(&request, now + rules::days(self.config.decide_days)).await?;
                    }
                }
                What::Released if held && !revoked => {
                    tracing::warn!(serial, "the journal knows of a released block that the database had forgotten");
                    if let Some(waiting) = self.store.waiting_request(serial).await? {
                        self.store.decide_request(&waiting, false, None, now).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes into the journal what only the database knows: it was revoked before there was a journal.
    pub(crate) async fn catch_journal_up(&self, entries: &[Entry]) -> Result<(), Error> {
        let written: std::collections::HashSet<&str> =
            entries.iter().filter(|entry| entry.what == What::Revoked).map(|entry| entry.serial.as_str()).collect();
        let mut missing = Vec::new();
        for (serial, revoked_at, _) in self.store.closed().await? {
            if let (Some(at), false) = (revoked_at, written.contains(serial.as_str()))
                && let Some(found) = self.store.certificate(&serial).await?
            {
                let reason = Reason::of(found.reason.unwrap_or_default());
                missing.push(Entry { what: What::Revoked, serial, at, reason, not_after: found.not_after, shard: found.shard });
            }
        }
        if missing.is_empty() { Ok(()) } else { self.journal.append(missing).await }
    }
}

/// A number for an application or a request: a letter, the day, and six digits.
pub(crate) fn number(letter: &str, now: Timestamp) -> Result<String, Error> {
    let day = wire::date::format_date(chassis::clock::japan_date(now));
    Ok(format!("{letter}{day}-{}", random::text(6, random::DIGITS)?))
}
