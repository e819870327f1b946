//! Keys that were prepared, sealed, each for one certificate.

use chassis::db::{DbError, values};
use jiff::Timestamp;

use super::Store;

/// A prepared key.
pub(crate) struct PoolKey {
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

impl Store {
    pub(crate) async fn add_pool_key(&self, key: &PoolKey, kind: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO pool_key (key_id, kind, sealed, made_at) VALUES ($1, $2, $3, $4)";
        self.db.execute(sql, &values![key.key_id.as_str(), kind, key.sealed.as_slice(), now]).await.map(|_| ())
    }

    pub(crate) async fn pool_size(&self, kind: &str) -> Result<i64, DbError> {
        let row = self.db.query_opt("SELECT COUNT(*) FROM pool_key WHERE kind = $1", &values![kind]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Some prepared keys to choose from; each is taken by deleting it. Key ids are random, so that those who ask together at `from`
    /// different places rarely want the same.
    pub(crate) async fn pool_keys(&self, kind: &str, from: &str) -> Result<Vec<PoolKey>, DbError> {
        let sql = "SELECT key_id, sealed FROM pool_key WHERE kind = $1 AND key_id >= $2 ORDER BY key_id LIMIT 4";
        let mut rows = self.db.query(sql, &values![kind, from]).await?;
        if rows.is_empty() {
            rows = self.db.query(sql, &values![kind, ""]).await?;
        }
        rows.iter().map(|row| Ok(PoolKey { key_id: row.text(0)?, sealed: row.bytes(1)? })).collect()
    }

    pub(crate) async fn drop_pool_key(&self, key_id: &str) -> Result<(), DbError> {
        self.db.execute("DELETE FROM pool_key WHERE key_id = $1", &values![key_id]).await.map(|_| ())
    }

    /// Destroys the prepared keys: a restored database may hold such as were handed out since.
    pub(crate) async fn empty_pool(&self) -> Result<u64, DbError> {
        self.db.execute("DELETE FROM pool_key", &[]).await
    }
}
