//! What an operator may change about the authority, and the default of each.

use std::path::PathBuf;

/// The section `[authority]` of the center's configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Days for which a terminal's certificate is valid; the field's certificates last three years and three months.
    pub certificate_days: u32,
    /// Days within which a certificate must be fetched after its notice (CA-03).
    pub retrieve_days: u32,
    /// Days for which the certificates of the center's own hosts are valid; they are made anew at each start.
    pub server_days: u32,
    /// Hours until the next certificate revocation list is promised.
    pub crl_hours: u32,
    /// Marks the roots 試験用, so that nobody takes them for the real network's.
    pub demonstration: bool,
    /// Wrong reference ids in a row after which a caller's line rests; the notice stays good for everybody else.
    pub guesses: u32,
    /// Minutes for which the caller then rests.
    pub rest_minutes: u32,
    /// Days before its end from which a certificate may be renewed.
    pub renew_days: u32,
    /// RSA keys that are kept ready, so that nobody waits for one; each is used once.
    pub pool_keys: u32,
    /// Days within which an application, or a request for revocation, must be decided; then the first lapses and the second is granted.
    pub decide_days: u32,
    /// Days without a sign of life after which a terminal's keeper counts as silent.
    pub silent_days: u32,
    /// Minutes for which a page may lie open before its session is over (CA-29).
    pub page_minutes: u32,
    /// The folder of programs that the page for client programs offers (CA-08); empty means none.
    pub client_folder: PathBuf,
    /// The folder of the revocation journal, best on another disk than the database; empty means beside the keys.
    pub journal: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            certificate_days: 1186,
            retrieve_days: u32::try_from(manuals::certificate::sheet().download_days).unwrap_or(180),
            server_days: 398,
            crl_hours: 24,
            demonstration: false,
            guesses: 10,
            rest_minutes: 15,
            renew_days: 90,
            pool_keys: 16,
            decide_days: 60,
            silent_days: 14,
            page_minutes: 15,
            client_folder: PathBuf::new(),
            journal: PathBuf::new(),
        }
    }
}
