//! Wrong reference ids, counted by the caller's prefix.

use chassis::db::{DbError, values};
use jiff::Timestamp;

use super::{Store, instant};
use crate::rules::Guesses;

impl Store {
    /// What a prefix guessed in all, and at one order.
    pub(crate) async fn guesses(&self, prefix: &str, request_id: &str) -> Result<Guesses, DbError> {
        let sql = "SELECT request_id, failures, failed_at FROM guess WHERE prefix = $1 AND (request_id = '' OR request_id = $2)";
        let mut guesses = Guesses::default();
        for row in self.db.query(sql, &values![prefix, request_id]).await? {
            let counted = Some((row.int(1)?, instant(&row, 2)?));
            if row.text(0)?.is_empty() { guesses.in_all = counted } else { guesses.at_this_order = counted }
        }
        Ok(guesses)
    }

    /// Counts a wrong one of a prefix at each of these orders; the empty one stands for all. What rested since `stale` begins anew.
    pub(crate) async fn note_guess(&self, prefix: &str, orders: &[&str], stale: Timestamp, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO guess (prefix, request_id, failures, failed_at) VALUES ($1, $2, 1, $3)
ON CONFLICT (prefix, request_id) DO UPDATE SET
  failures = CASE WHEN guess.failed_at < $4 THEN 1 ELSE guess.failures + 1 END, failed_at = $3";
        for order in orders {
            self.db.execute(sql, &values![prefix, *order, now, stale]).await?;
        }
        Ok(())
    }

    /// The right one came: what this prefix guessed wrong at this order is forgiven.
    pub(crate) async fn forgive(&self, prefix: &str, request_id: &str) -> Result<(), DbError> {
        self.db.execute("DELETE FROM guess WHERE prefix = $1 AND request_id = $2", &values![prefix, request_id]).await.map(|_| ())
    }

    pub(crate) async fn forget_guesses(&self, before: Timestamp) -> Result<(), DbError> {
        self.db.execute("DELETE FROM guess WHERE failed_at < $1", &values![before]).await.map(|_| ())
    }
}
