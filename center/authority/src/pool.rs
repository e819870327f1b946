//! Keeps RSA keys ready, sealed and each for one certificate, so that nobody waits while one is made.

use chassis::random;
use jiff::Timestamp;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use zeroize::Zeroizing;

use crate::store::PoolKey;
use crate::{Authority, Error};

const KIND: &str = "rsa";
/// Keys that one round of chores makes at most: each costs a tenth of a second of a processor.
const ROUND: i64 = 8;

/// A key of ours for one order.
pub(crate) struct Prepared {
    /// Its place in the pool; none if it was made just now.
    pub(crate) key_id: Option<String>,
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
}

impl Authority {
    /// A key from the pool that is still in it until the order's transaction takes it out; a new one if the pool is empty.
    pub(crate) async fn prepared_key(&self) -> Result<Prepared, Error> {
        let from = random::text(4, "0123456789abcdef")?;
        for key in self.store.pool_keys(KIND, &from).await? {
            if let Some(pkcs8) = self.sealer.open(&place(&key.key_id), &key.sealed) {
                return Ok(Prepared { key_id: Some(key.key_id), pkcs8 });
            }
            // Sealed under another key: it is good for nothing.
            self.store.drop_pool_key(&key.key_id).await?;
        }
        Ok(Prepared { key_id: None, pkcs8: make().await? })
    }

    /// Fills the pool a little. The answer is how many keys were made.
    pub(crate) async fn fill_pool(&self, now: Timestamp) -> Result<u32, Error> {
        let missing = i64::from(self.config.pool_keys) - self.store.pool_size(KIND).await?;
        let mut made = 0;
        for _ in 0..missing.min(ROUND) {
            let pkcs8 = make().await?;
            let key_id = data_encoding::HEXLOWER.encode(&random::bytes::<16>()?);
            let sealed = self.sealer.seal(&place(&key_id), &pkcs8)?;
            self.store.add_pool_key(&PoolKey { key_id, sealed }, KIND, now).await?;
            made += 1;
        }
        Ok(made)
    }
}

fn place(key_id: &str) -> String {
    format!("pool/{key_id}")
}

/// Makes a key, not on the threads that answer.
async fn make() -> Result<Zeroizing<Vec<u8>>, Error> {
    let key = tokio::task::spawn_blocking(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048));
    Ok(Zeroizing::new(key.await.map_err(|_| Error::Cipher)??.serialize_der()))
}
