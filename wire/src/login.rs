//! The Web API's login: a user's name and password go in, tokens come out.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What a program posts to log in. The key names are ours: no public client shows the official ones (interface §5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginRequest {
    /// The account, for example a linkage account that begins with `R0`.
    pub user_id: String,
    /// Its password; printed as redacted.
    #[serde(serialize_with = "crate::secret::expose")]
    pub password: SecretString,
}

/// What the center answers to a login (interface §5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginReply {
    /// `OK`, or the code of the refusal.
    pub status: String,
    /// A sentence for a person; empty on success.
    pub msg: String,
    /// The tokens; the key is missing when the login is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Tokens>,
}

/// The tokens of one login, all opaque, all printed as redacted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// For calls in the user's name.
    #[serde(serialize_with = "crate::secret::expose")]
    pub access_token: SecretString,
    /// For fresh tokens without the password.
    #[serde(serialize_with = "crate::secret::expose")]
    pub refresh_token: SecretString,
    /// Goes raw, without `Bearer`, into the `Authorization` header of a search.
    #[serde(serialize_with = "crate::secret::expose")]
    pub id_token: SecretString,
    /// The character set the facility chose for its files: OQSCD005, `0` UTF-8 or `1` Shift_JIS.
    pub link_sys_char_cd: String,
}
