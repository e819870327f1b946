//! What a machine says of itself; `None` and empty lists mean that nobody could look, unless the field says otherwise.

use super::programs::{BridgeFact, BusinessFact, ClockFact, CredentialFact, FileFact, FolderFact, Power, ReaderFact, ShareFact, TaskFact};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Machine {
    /// Network adapters; an empty list means that they could not be read.
    pub adapters: Vec<Adapter>,
    /// The name servers in the order in which the system asks them.
    pub resolvers: Vec<IpAddr>,
    /// The router as this machine knows it: its default gateway.
    pub router: Option<IpAddr>,
    /// Routes.
    pub routes: Vec<RouteFact>,
    /// Router advertisements seen, or read from what the system keeps of them.
    pub advertisements: Vec<AdvertisementFact>,
    /// Prefixes delegated by DHCPv6, where this machine or its router tells of them.
    pub delegations: Vec<DelegationFact>,
    /// The user's proxy setting.
    pub user_proxy: Option<ProxyText>,
    /// The system's proxy setting (WinHTTP; on Linux the environment).
    pub system_proxy: Option<ProxyText>,
    /// Client certificates.
    pub certificates: Option<Vec<CertificateFact>>,
    /// Trusted roots that matter here: those of the network, whether as pinned file or in the store.
    pub roots: Option<Vec<RootFact>>,
    /// Scheduled tasks whose names begin with OQS.
    pub tasks: Option<Vec<TaskFact>>,
    /// Stored credentials whose names begin with OQS. Never a password.
    pub credentials: Option<Vec<CredentialFact>>,
    /// Network shares.
    pub shares: Option<Vec<ShareFact>>,
    /// Files of settings.
    pub files: Vec<FileFact>,
    /// The folders of the bridge.
    pub folders: Vec<FolderFact>,
    /// Sleep and start.
    pub power: Option<Power>,
    /// Display scale in percent.
    pub display_scale: Option<u32>,
    /// Name and version of the operating system.
    pub os_version: Option<String>,
    /// The language of the system, "ja", "en".
    pub language: Option<String>,
    /// Installed programs and their versions.
    pub programs: Vec<(String, String)>,
    /// The logged-on user.
    pub user: Option<String>,
    /// Whether the doctor ran with an administrator's rights.
    pub elevated: Option<bool>,
    /// How the clock is kept.
    pub clock: Option<ClockFact>,
    /// The bridge (連携アプリケーション).
    pub bridge: Option<BridgeFact>,
    /// The card reader.
    pub reader: Option<ReaderFact>,
    /// What the last eligibility check was answered. Nothing of the patient.
    pub last_answer: Option<BusinessFact>,
    /// What the system did not want to tell, Japanese: "certutil: 権限がありません".
    pub withheld: Vec<String>,
}

/// What an adapter is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// A cable.
    #[default]
    Wired,
    /// Radio.
    Wireless,
    /// A tunnel, a virtual switch, Bluetooth: never the way to the network.
    Virtual,
    /// The machine itself.
    Loopback,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

/// A network adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// Its maker's name.
    pub description: String,
    /// What it is made of.
    pub medium: Medium,
    /// Whether the cable has a signal; absent where the system did not say.
    pub connected: Option<bool>,
    /// Whether IPv6 is switched on at it; absent where the system did not say.
    pub ipv6_enabled: Option<bool>,
    /// Whether it takes addresses from the router's advertisements (`accept_ra`, RouterDiscovery); absent where the system did not say.
    pub automatic: Option<bool>,
    /// IPv6アドレス: global ones that stay, or are made from the prefix.
    pub permanent: Vec<AddressFact>,
    /// 一時IPv6アドレス.
    pub temporary: Vec<AddressFact>,
    /// リンクローカルIPv6アドレス.
    pub link_local: Vec<AddressFact>,
    /// IPv4 addresses.
    pub ipv4: Vec<AddressFact>,
    /// Default gateways, both kinds.
    pub gateways: Vec<String>,
    /// Name servers, both kinds.
    pub name_servers: Vec<String>,
    /// Its metric for IPv6: the smaller one wins.
    pub metric: Option<u32>,
    /// The largest packet in bytes.
    pub mtu: Option<u32>,
}

/// One address of an adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct AddressFact {
    /// As the system shows it, without zone and length; digits may be masked.
    pub address: String,
    /// The prefix's length.
    pub length: Option<u8>,
    /// No longer preferred: its advertisement ran out.
    pub deprecated: bool,
    /// Somebody else on the line has it too.
    pub duplicate: bool,
    /// Set by hand rather than automatic; absent where the system did not say.
    pub by_hand: Option<bool>,
    /// For how long it is preferred.
    pub preferred_seconds: Option<u64>,
    /// For how long it is valid.
    pub valid_seconds: Option<u64>,
}

impl AddressFact {
    /// The address, if no digit of it is masked.
    #[must_use]
    pub fn parsed(&self) -> Option<IpAddr> {
        self.address.split('%').next().and_then(|text| text.parse().ok())
    }
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct RouteFact {
    /// "default", "::/0" or a prefix.
    pub destination: String,
    /// The next hop; absent on the link itself.
    pub via: Option<String>,
    /// The adapter's name.
    pub adapter: String,
    /// The smaller one wins.
    pub metric: Option<u32>,
}

/// A router's advertisement (RA).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct AdvertisementFact {
    /// The adapter's name.
    pub adapter: String,
    /// Who advertises.
    pub router: Option<IpAddr>,
    /// The prefix, "2408:210:1234:5600::/64"; absent where none was advertised.
    pub prefix: Option<String>,
    /// Valid for.
    pub valid_seconds: Option<u64>,
    /// Preferred for; 0: taken back.
    pub preferred_seconds: Option<u64>,
    /// As default router for; 0: no router.
    pub router_seconds: Option<u64>,
    /// M: addresses come by DHCPv6.
    pub managed: bool,
    /// O: other things come by DHCPv6.
    pub other: bool,
    /// Name servers it announces.
    pub name_servers: Vec<IpAddr>,
}

/// A delegated prefix (DHCPv6-PD).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct DelegationFact {
    /// The prefix with its length.
    pub prefix: String,
    /// Valid for.
    pub valid_seconds: Option<u64>,
}

/// A proxy setting as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ProxyText {
    /// Switched on; `false` is 直接アクセス.
    pub enabled: bool,
    /// `host:port` as it was typed.
    pub server: String,
    /// The exceptions as they were typed.
    pub bypass: String,
    /// The address of an automatic configuration script.
    pub script: Option<String>,
}

/// A client certificate of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CertificateFact {
    /// Where it lies: "file", "CurrentUser\\My", "LocalMachine\\My".
    pub store: String,
    /// Its issuer's name.
    pub issuer: String,
    /// Whether its issuer is the network's authority (`Online Billing NW Common Root CA`), by signature where it could be checked.
    pub of_authority: bool,
    /// Serial number.
    pub serial: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
    /// First moment.
    pub not_before: Timestamp,
    /// Last moment.
    pub not_after: Timestamp,
    /// Whether its private key is there.
    pub has_key: Option<bool>,
    /// Whether its code of the facility is the site's; absent where the site has set none.
    pub facility_fits: Option<bool>,
    /// Whether this is the one that the programs are set to use.
    pub in_use: bool,
    /// Whether another terminal is known to use it too.
    pub shared: Option<bool>,
}

/// A trusted root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct RootFact {
    /// Its name.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub fingerprint: String,
    /// Where it lies: "file", "CurrentUser\\Root" …
    pub store: String,
    /// Last moment.
    pub not_after: Timestamp,
}
