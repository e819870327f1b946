//! How records are chained and how the end of a chain is signed: plain calculations, the same for writing and verifying.

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The hash before the first record of a chain.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

const RECORD: &[u8] = b"onshi audit record 1";
const CHECKPOINT: &[u8] = b"onshi audit checkpoint 1";
const REPLY: &[u8] = b"onshi audit reply 1";

/// One record as it is stored.
pub(super) struct Record {
    pub(super) writer: String,
    /// 1, 2, 3, … within its writer.
    pub(super) seq: i64,
    /// Unix milliseconds.
    pub(super) at: i64,
    /// JSON text, exactly as hashed.
    pub(super) payload: String,
    /// Ties the reply to the record: see [`reply_digest`].
    pub(super) reply: Option<Vec<u8>>,
    pub(super) hash: Vec<u8>,
}

impl Record {
    /// What this record's hash has to be if the record before it has the hash `before`.
    pub(super) fn hash_after(&self, before: &[u8]) -> Vec<u8> {
        let (tied, reply): (&[u8], &[u8]) = self.reply.as_deref().map_or((&[0], &[]), |digest| (&[1], digest));
        let (seq, at) = (self.seq.to_be_bytes(), self.at.to_be_bytes());
        hash(&[RECORD, self.writer.as_bytes(), &seq, before, &at, tied, reply, self.payload.as_bytes()])
    }
}

/// Ties a stored reply (its key and its sealed bytes) to the record it belongs to.
pub(super) fn reply_digest(scope: &str, key: &str, sealed: &[u8]) -> Vec<u8> {
    hash(&[REPLY, scope.as_bytes(), key.as_bytes(), sealed])
}

/// The signed end of a chain. In JSON the bytes are lower-case hex.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) writer: String,
    /// The last record it covers.
    pub(super) seq: i64,
    /// Unix milliseconds.
    pub(super) at: i64,
    /// That record's hash.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub(super) hash: Vec<u8>,
    /// The id of the key that signed.
    pub(super) signer: String,
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub(super) signature: Vec<u8>,
}

impl Checkpoint {
    /// What is signed.
    pub(super) fn message(&self) -> Vec<u8> {
        let (seq, at) = (self.seq.to_be_bytes(), self.at.to_be_bytes());
        let mut message = Vec::with_capacity(192);
        framed(&[CHECKPOINT, self.writer.as_bytes(), &seq, &self.hash, &at, self.signer.as_bytes()], |part| {
            message.extend_from_slice(part)
        });
        message
    }
}

fn hash(fields: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    framed(fields, |part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// Writes each field behind its length, so that no two lists of fields give the same bytes.
pub(super) fn framed(fields: &[&[u8]], mut write: impl FnMut(&[u8])) {
    for field in fields {
        write(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        write(field);
    }
}

fn to_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&HEXLOWER.encode(bytes))
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    HEXLOWER.decode(text.as_bytes()).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record { writer: "w".into(), seq: 7, at: 5, payload: "{}".into(), reply: None, hash: Vec::new() }
    }

    /// The format is a promise: records written years ago must still verify, also by programs of others.
    #[test]
    fn the_hash_of_a_record_never_changes() {
        assert_eq!(HEXLOWER.encode(&record().hash_after(&BEGINNING)), "85025f780b1a2b038e3983e629c07354805f538429de4dac3abfdf1d0424ee92");
    }

    #[test]
    fn every_part_of_a_record_counts() {
        let first = record().hash_after(&BEGINNING);
        let changes: [fn(&mut Record); 6] = [
            |r| r.writer = "x".into(),
            |r| r.seq = 8,
            |r| r.at = 6,
            |r| r.payload = "{ }".into(),
            |r| r.reply = Some(Vec::new()),
            |r| r.reply = Some(b"{}".to_vec()),
        ];
        for change in changes {
            let mut other = record();
            change(&mut other);
            assert_ne!(other.hash_after(&BEGINNING), first);
        }
        assert_ne!(record().hash_after(&first), first);
        assert_ne!(reply_digest("ab", "c", b"d"), reply_digest("a", "bc", b"d"));
    }
}
