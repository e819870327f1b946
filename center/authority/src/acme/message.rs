//! The payloads of ACME requests (RFC 8555 §7, RFC 9773 §5) as they are read; members that nobody here needs are passed over, as the standard says.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// An account is wanted, or looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NewAccount {
    pub(crate) contact: Vec<String>,
    pub(crate) only_return_existing: bool,
    pub(crate) external_account_binding: Option<serde_json::Value>,
}

/// An account, an order's authorization or an account's contacts are to change.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    pub(crate) contact: Option<Vec<String>>,
    pub(crate) status: Option<String>,
}

/// What a certificate is to name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Identifier {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: String,
}

/// A certificate is wanted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewOrder {
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) not_before: Option<String>,
    pub(crate) not_after: Option<String>,
    pub(crate) replaces: Option<String>,
}

/// The certificate request of an order, DER in Base64url.
#[derive(Debug, Deserialize)]
pub(crate) struct Finalize {
    pub(crate) csr: String,
}

/// A certificate is to be revoked.
#[derive(Debug, Deserialize)]
pub(crate) struct Revocation {
    pub(crate) certificate: String,
    pub(crate) reason: Option<i64>,
}

/// The inner payload of a change of the account's key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyChange {
    pub(crate) account: String,
    pub(crate) old_key: serde_json::Value,
}

/// Reads a payload.
pub(crate) fn read<T: DeserializeOwned>(payload: &[u8], what: &str) -> Result<T, Problem> {
    serde_json::from_slice(payload).map_err(|_| Problem::new(Kind::Malformed, &format!("{what}の payload が読めません。")))
}

/// Holds a request that only reads (POST-as-GET) to its empty payload.
pub(crate) fn nothing(payload: &[u8]) -> Result<(), Problem> {
    if payload.is_empty() {
        Ok(())
    } else {
        Err(Problem::new(Kind::Malformed, "読むだけの要求の payload は空にしてください（POST-as-GET）。"))
    }
}
