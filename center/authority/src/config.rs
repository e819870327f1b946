//! What an operator may change about the authority, and the default of each.

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
    /// Wrong reference ids in a row after which a notice rests.
    pub guesses: u32,
    /// Minutes for which it then rests.
    pub rest_minutes: u32,
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
        }
    }
}
