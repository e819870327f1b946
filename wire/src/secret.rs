//! How a secret is written into a message that must carry it; everywhere else it prints as redacted.

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;

/// Serialises a secret as its text: for fields of messages only.
pub(crate) fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
