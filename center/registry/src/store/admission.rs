//! Remembers which prefixes are admitted for which line, and which proofs were used.

use chassis::db::{DbError, Value};
use jiff::Timestamp;

use super::Store;
use crate::admission::{Admitted, LineProof};

impl Store {
    /// Carries out many proofs in one transaction; the answers stand in the proofs' order. No line stands among them twice.
    pub(crate) async fn admit_lines(&self, proofs: &[&LineProof], now: Timestamp) -> Result<Vec<Admitted>, DbError> {
        let at: Value = now.as_millisecond().into();
        let mut tx = self.db.begin().await?;
        tx.execute("DELETE FROM admission_use WHERE expires_at < $1", std::slice::from_ref(&at)).await?;
        let claim = "INSERT INTO admission_use (nonce, expires_at) VALUES ($1, $2) ON CONFLICT (nonce) DO NOTHING";
        let claims: Vec<Vec<Value>> =
            proofs.iter().map(|proof| vec![proof.nonce.as_str().into(), proof.expires_at.as_millisecond().into()]).collect();
        let claimed = tx.execute_each(claim, &claims).await?;
        let mut outcomes: Vec<Admitted> = claimed.iter().map(|new| if *new == 1 { Admitted::Yes } else { Admitted::Used }).collect();

        let believed = || proofs.iter().enumerate().filter(|(place, _)| outcomes.get(*place) == Some(&Admitted::Yes));
        // What the line held before is dropped: soon it is somebody else's.
        let lines: Vec<Vec<Value>> = believed().map(|(_, proof)| vec![proof.line_id.as_str().into()]).collect();
        tx.execute_many("DELETE FROM admission WHERE line_id = $1", &lines).await?;
        // Only for a line that somebody has applied for; the count says whether there is one.
        let list = "INSERT INTO admission (prefix, line_id, admitted_at) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT)
WHERE EXISTS (SELECT 1 FROM line WHERE line_id = $2 AND region = $4)
ON CONFLICT (prefix) DO UPDATE SET line_id = excluded.line_id, admitted_at = excluded.admitted_at";
        let (mut rows, mut whose) = (Vec::new(), Vec::new());
        for (place, proof) in believed() {
            for prefix in &proof.prefixes {
                rows.push(vec![prefix.as_str().into(), proof.line_id.as_str().into(), at.clone(), proof.region.key().into()]);
                whose.push(place);
            }
        }
        for (listed, place) in tx.execute_each(list, &rows).await?.into_iter().zip(whose) {
            if listed == 0
                && let Some(outcome) = outcomes.get_mut(place)
            {
                *outcome = Admitted::UnknownLine;
            }
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    pub(crate) async fn prefixes_of(&self, line_id: &str) -> Result<Vec<String>, DbError> {
        let rows = self.db.query("SELECT prefix FROM admission WHERE line_id = $1 ORDER BY prefix", &[line_id.into()]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}
