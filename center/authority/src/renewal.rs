//! Renews: a holder proves itself by its certificate, and gets the next one over a key of its own or over one of ours.

use jiff::Timestamp;
use manuals::certificate::Subject;
use manuals::situation::Situation;
use secrecy::{ExposeSecret, SecretString};

use crate::issue::{Issued, read_csr};
use crate::profile::Profile;
use crate::rules::{self, RenewalFact, Window};
use crate::states::{Kind, Order, State};
use crate::store::Closing;
use crate::{Authority, Error, IssuedFact, pfx};

/// Somebody holds this certificate and its key: the connection was made with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
    /// The certificate's last moment.
    pub not_after: Timestamp,
    /// Whether another certificate took its place.
    pub superseded: bool,
}

/// 申請情報を受け付けました (RN-08).
#[derive(Clone, Debug)]
pub struct RenewalAccepted {
    /// The order.
    pub order: Order,
    /// The reference id that belongs to it.
    pub reference_id: SecretString,
    /// The subject of the new certificate.
    pub subject: Subject,
}

impl Authority {
    /// Who holds a certificate that the connection was made with.
    ///
    /// # Errors
    /// If the database could not say; a refusal is an answer.
    pub async fn holder(&self, serial: &str, now: Timestamp) -> Result<Result<Holder, Situation>, Error> {
        let Some(held) = self.store.certificate(&serial.to_ascii_lowercase()).await? else {
            return Ok(Err(Situation::UnknownTerminal));
        };
        Ok(match () {
            () if held.revoked_at.is_some() || held.held_at.is_some() => Err(Situation::BlockedTerminal),
            () if now > held.not_after => Err(Situation::ExpiredCertificate),
            () => Ok(holder_of(&held)),
        })
    }

    /// Who holds the newest certificate of the terminal that an account of RFC 8555 was bound to: the caller has checked that before.
    /// Nothing if the terminal has no certificate yet.
    ///
    /// # Errors
    /// If the database could not say; a refusal is an answer.
    pub async fn holder_by_binding(&self, key_id: &str, now: Timestamp) -> Result<Result<Option<Holder>, Situation>, Error> {
        let Some(mut newest) = self.store.certificate_of(key_id).await? else { return Ok(Ok(None)) };
        while let Some(next) = self.successor_of(&newest.serial).await? {
            newest = next;
        }
        Ok(self.holder(&newest.serial, now).await?.map(Some))
    }

    /// The certificate that took this one's place.
    pub(crate) async fn successor_of(&self, serial: &str) -> Result<Option<IssuedFact>, Error> {
        let newer = self.store.certificate(serial).await?.and_then(|older| older.superseded_by);
        match newer {
            Some(newer) => Ok(self.store.certificate(&newer).await?),
            None => Ok(None),
        }
    }

    /// Renews over a key that the terminal made and keeps. Asked again with the same key, the same certificate comes back.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn renew_by_csr(
        &self,
        holder: &Holder,
        csr_der: &[u8],
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Result<Issued, Situation>, Error> {
        let asked = match read_csr(csr_der) {
            Ok(asked) => asked,
            Err(situation) => return Ok(Err(situation)),
        };
        let Some(older) = self.store.certificate(&holder.serial).await? else { return Ok(Err(Situation::UnknownTerminal)) };
        if let Some(newer) = self.successor_of(&older.serial).await?
            && newer.key_hash == asked.key_hash
        {
            return self.hand_out_again(&newer.request_id).await;
        }
        if let Err(situation) = rules::may_renew(&renewal_fact(&older), &self.config, now) {
            return Ok(Err(situation));
        }
        if self.store.key_is_used(&asked.key_hash).await? {
            return Ok(Err(Situation::KeyAlreadyUsed));
        }
        loop {
            // A renewal that was begun on the web, or broke off, goes on as this one.
            let begun = self.store.renewal_of(&older.serial).await?.filter(|row| row.order.state != State::Issued);
            let (row, new) = match begun {
                Some(row) => (row, false),
                None => (self.renewal_order(&older, now)?.row, true),
            };
            let made = self.make(&row.order, &asked, profile, now)?;
            let closing =
                Closing { request_id: &row.order.request_id, new_order: new.then_some(&row), keep_key: false, renews: Some(&older.serial) };
            let kept = self.keep(&made, &closing).await?;
            // Seven digits a day are few for a great wave: the number that was drawn may be another order's.
            let drawn_again = new && kept.is_err() && self.is_anothers(&row.order).await?;
            if !drawn_again {
                return Ok(kept);
            }
        }
    }

    /// Whether an order of this number is there that renews something else, or nothing.
    async fn is_anothers(&self, order: &Order) -> Result<bool, Error> {
        Ok(self.store.order(&order.request_id).await?.is_some_and(|there| there.order.renews != order.renews))
    }

    /// Takes an application for renewal from the web (RN-07, RN-08): the key is made here. Asked again, the same order goes on.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn begin_renewal(&self, holder: &Holder, now: Timestamp) -> Result<Result<RenewalAccepted, Situation>, Error> {
        let Some(older) = self.store.certificate(&holder.serial).await? else { return Ok(Err(Situation::UnknownTerminal)) };
        loop {
            if let Some(row) = self.store.renewal_of(&older.serial).await?
                && let Some(reference_id) = self.reference_of(&row)
            {
                let subject = self.subject_of(&row.order.facility_code)?;
                return Ok(Ok(RenewalAccepted { order: row.order, reference_id, subject }));
            }
            if let Err(situation) = rules::may_renew(&renewal_fact(&older), &self.config, now) {
                return Ok(Err(situation));
            }
            let new = self.renewal_order(&older, now)?;
            match self.store.add_order(&new.row, Some(now)).await {
                Ok(()) => {
                    let subject = self.subject_of(&older.facility_code)?;
                    return Ok(Ok(RenewalAccepted { order: new.row.order, reference_id: new.reference_id, subject }));
                }
                // Two clicks at the same moment, or the number is another's.
                Err(error) if error.is_unique_violation() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// 更新後証明書の取得 (RN-11): the renewals that a holder may fetch or go on with, of the certificate that it shows.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn renewals_of(&self, holder: &Holder, now: Timestamp) -> Result<Vec<Order>, Error> {
        let rows = self.store.renewals_around(&holder.serial).await?;
        let open = rows.into_iter().filter(|row| match row.order.state {
            State::Key | State::Requested => now <= row.order.retrieve_until,
            State::Issued => row.held_key.is_some() && row.held_until.is_some_and(|until| now <= until),
            State::Open | State::Lapsed => false,
        });
        Ok(open.map(|row| row.order).collect())
    }

    /// Download Key (RN-10, RN-11): key and certificate of a renewal, for the holder of the older certificate or of the new one, as often as
    /// it is asked for until the window ends.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn download_key(
        &self,
        holder: &Holder,
        request_id: &str,
        password: &SecretString,
        strength: pfx::Strength,
        now: Timestamp,
    ) -> Result<Result<Vec<u8>, Situation>, Error> {
        if let Err(situation) = rules::pfx_password(password.expose_secret()) {
            return Ok(Err(situation));
        }
        let serial = Some(holder.serial.as_str());
        let mine = |order: &Order| order.kind == Kind::Renewal && (order.renews.as_deref() == serial || order.serial.as_deref() == serial);
        match self.store.order(request_id.trim()).await?.filter(|row| mine(&row.order)) {
            None => Ok(Err(Situation::RenewalUnknown)),
            Some(row) => match self.with_our_key(&row.order.request_id, now).await? {
                Err(situation) => Ok(Err(situation)),
                Ok((row, made)) => self.write_pfx(&row, &made, password, strength, now).await.map(Ok),
            },
        }
    }

    /// When a certificate had best be renewed (RFC 9773); nothing if no certificate has this serial number.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn renewal_window(&self, serial: &str, now: Timestamp) -> Result<Option<Window>, Error> {
        let found = self.store.certificate(&serial.to_ascii_lowercase()).await?;
        Ok(found.map(|found| rules::window(&found.serial, &renewal_fact(&found), now)))
    }

    /// A keeper gave a sign of life with this certificate.
    ///
    /// # Errors
    /// If the database could not keep it.
    pub async fn note_keeper(&self, serial: &str, now: Timestamp) -> Result<(), Error> {
        Ok(self.store.note_keeper(&serial.to_ascii_lowercase(), now).await?)
    }

    /// Asks the holders of these certificates to replace them from a moment on, whatever their age. The answer is how many it is for.
    ///
    /// # Errors
    /// If the database could not keep it.
    pub async fn ask_replacement(&self, serials: &[String], from: Timestamp) -> Result<u64, Error> {
        let serials: Vec<String> = serials.iter().map(|serial| serial.to_ascii_lowercase()).collect();
        Ok(self.store.replace_from(&serials, from).await?)
    }
}

fn holder_of(held: &IssuedFact) -> Holder {
    Holder {
        serial: held.serial.clone(),
        facility_code: held.facility_code.clone(),
        terminal_name: held.terminal_name.clone(),
        not_after: held.not_after,
        superseded: held.superseded_by.is_some(),
    }
}

pub(crate) fn renewal_fact(certificate: &IssuedFact) -> RenewalFact {
    RenewalFact {
        issued_at: certificate.issued_at,
        not_after: certificate.not_after,
        blocked: certificate.revoked_at.is_some() || certificate.held_at.is_some(),
        superseded: certificate.superseded_by.is_some(),
        replace_from: certificate.replace_from,
    }
}
