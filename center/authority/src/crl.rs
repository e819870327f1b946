//! Publishes what is revoked: one full list and many small ones, each made anew when something was revoked or half its life is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyIdMethod, RevokedCertParams,
    SerialNumber,
};

use crate::hierarchy::offset;
use crate::profile::Addresses;
use crate::{Authority, Error, fingerprint, serial_bytes};

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// All that is revoked.
    Full,
    /// The certificates whose distribution point names this list.
    Shard(u32),
}

/// A list as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// DER.
    pub der: Vec<u8>,
    /// Names these very bytes.
    pub etag: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it counts.
    pub next_update: Timestamp,
    version: i64,
}

/// The lists that this copy made last.
#[derive(Default)]
pub(crate) struct Lists(Mutex<HashMap<List, Arc<Published>>>);

impl Authority {
    /// A revocation list of the issuing CA. What was revoked a moment ago stands on it.
    ///
    /// # Errors
    /// If the database could not say, or the key does not work.
    pub async fn crl(&self, which: List, now: Timestamp) -> Result<Arc<Published>, Error> {
        let version = self.store.list_version().await?;
        let kept = self.lists.0.lock().unwrap_or_else(PoisonError::into_inner).get(&which).cloned();
        let half = SignedDuration::from_mins(30 * i64::from(self.config.crl_hours));
        if let Some(kept) = kept.filter(|kept| kept.version == version && kept.made_at <= now && now < kept.made_at + half) {
            return Ok(kept);
        }
        let made = Arc::new(self.make_list(which, version, now).await?);
        self.lists.0.lock().unwrap_or_else(PoisonError::into_inner).insert(which, Arc::clone(&made));
        Ok(made)
    }

    /// The list whose path this is.
    #[must_use]
    pub fn list_at(&self, path: &str) -> Option<List> {
        if path == self.profiles.addresses.crl_full { Some(List::Full) } else { self.profiles.addresses.shard_of(path).map(List::Shard) }
    }

    async fn make_list(&self, which: List, version: i64, now: Timestamp) -> Result<Published, Error> {
        let life = SignedDuration::from_hours(i64::from(self.config.crl_hours));
        let shard = match which {
            List::Full => None,
            List::Shard(shard) => Some(i64::from(shard)),
        };
        // What ran out stays for two lists more, so that nobody misses it.
        let listed = self.store.listed(shard, now - life * 2).await?;
        let number = self.store.next_list_number(now).await?;
        let next_update = now + life;
        let point = shard.map(|_| self.distribution_point(which));
        let authority = self.clone();
        let der = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, Error> {
            let entries = listed.iter().map(|fact| RevokedCertParams {
                serial_number: SerialNumber::from_slice(&serial_bytes(&fact.serial)),
                revocation_time: offset(fact.at),
                reason_code: fact.reason.of_library(),
                invalidity_date: None,
            });
            let list = CertificateRevocationListParams {
                this_update: offset(now),
                next_update: offset(next_update),
                crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
                issuing_distribution_point: point,
                revoked_certs: entries.collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            Ok(list.signed_by(&authority.hierarchy.issuing.issuer)?.der().to_vec())
        });
        let der = der.await.map_err(|_| Error::Cipher)??;
        let etag = format!("\"{}\"", fingerprint(&der).get(..32).unwrap_or_default());
        Ok(Published { der, etag, made_at: now, next_update, version })
    }

    fn distribution_point(&self, which: List) -> CrlIssuingDistributionPoint {
        let path = match which {
            List::Full => self.profiles.addresses.crl_full.clone(),
            List::Shard(shard) => self.profiles.addresses.shard(shard),
        };
        CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec![Addresses::url(&path)] },
            scope: Some(CrlScope::UserCertsOnly),
        }
    }

    /// The full list, PEM, for operators.
    ///
    /// # Errors
    /// As [`Authority::crl`].
    pub async fn revocation_list(&self, now: Timestamp) -> Result<String, Error> {
        let list = self.crl(List::Full, now).await?;
        let block = pem::Pem::new("X509 CRL", list.der.clone());
        Ok(pem::encode_config(&block, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF)))
    }
}
