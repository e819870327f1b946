//! What an operator may change about line authentication, and the default of each.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use manuals::Region;
use serde::{Deserialize, Serialize};

/// The section `[lineauth]`: the portal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Prefixes of the western carrier; every other line is asked of the eastern one.
    pub west: Vec<IpNet>,
    /// Whether a line must have the v6 option, as the eligibility service wants and the claims service does not (LN-08).
    pub require_v6_option: bool,
    /// Minutes for which a person may read the intent screen.
    pub consent_minutes: u32,
    /// The eastern notifier's public key (base64url); empty: the one beside the center's certificates.
    pub notifier_key_east: String,
    /// The western notifier's public key, as above.
    pub notifier_key_west: String,
    /// The root of the notifiers' host certificates, PEM; empty: the center's own.
    pub notifier_roots: PathBuf,
    /// Where the notifiers live (name → address and port), if not where the system's DNS says. Unused where this process serves them.
    pub notifier_addresses: BTreeMap<String, SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            west: ["2001:a000::/20"].iter().filter_map(|prefix| prefix.parse().ok()).collect(),
            require_v6_option: true,
            consent_minutes: 10,
            notifier_key_east: String::new(),
            notifier_key_west: String::new(),
            notifier_roots: PathBuf::new(),
            notifier_addresses: BTreeMap::new(),
        }
    }
}

impl Config {
    /// The configured public key of a region's notifier.
    #[must_use]
    pub fn notifier_key(&self, region: Region) -> &str {
        match region {
            Region::East => &self.notifier_key_east,
            Region::West => &self.notifier_key_west,
        }
    }

    /// Whose line an address belongs to, as far as the portal must know to ask the right carrier.
    #[must_use]
    pub fn region_of(&self, address: IpAddr) -> Region {
        if self.west.iter().any(|prefix| prefix.contains(&address)) { Region::West } else { Region::East }
    }
}

/// The section `[notifier]`: the carrier's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifierConfig {
    /// The portal's public key (base64url); empty: the one beside the center's certificates.
    pub portal_key: String,
}
