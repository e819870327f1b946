//! What a machine says of itself; `None` and empty lists mean that nobody could look, unless the field says otherwise.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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

/// A scheduled task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct TaskFact {
    /// Its name without folder.
    pub name: String,
    /// Switched on.
    pub enabled: bool,
    /// When it runs: "start", "logon", "periodic", or other words of the system.
    pub trigger: String,
    /// Delay after its trigger.
    pub delay_seconds: Option<u64>,
    /// Repeated every.
    pub repeat_seconds: Option<u64>,
    /// Under which account.
    pub user: Option<String>,
    /// Whether it runs without anybody logged on (a password is stored).
    pub runs_logged_off: Option<bool>,
    /// What it ended with when it last ran; 0: well.
    pub last_result: Option<i64>,
    /// When it last ran.
    pub last_run: Option<Timestamp>,
}

/// A stored credential. Never its password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CredentialFact {
    /// Its target, "OQS_LOGIN_KEY".
    pub target: String,
    /// Its user's name.
    pub user: String,
    /// Whether it has a password; absent where that could not be seen.
    pub has_password: Option<bool>,
    /// What is wrong with its shape, Japanese; absent where nothing is, or nobody could look.
    pub mistake: Option<String>,
}

/// A network share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ShareFact {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Whether others may write.
    pub writable: Option<bool>,
    /// Whether everybody may do everything.
    pub open_to_all: Option<bool>,
}

/// A file of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FileFact {
    /// Its name without folder: "OQSDistroApp.ini", "encrypt.conf".
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// Whether it is there; absent where nobody could look.
    pub present: Option<bool>,
    /// What it sets, as far as that is no secret.
    pub values: BTreeMap<String, String>,
    /// What is wrong with its shape, Japanese.
    pub mistake: Option<String>,
}

/// A folder of the bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FolderFact {
    /// "req", "res", "face", "work".
    pub role: String,
    /// Where it lies.
    pub path: String,
    /// It is there.
    pub exists: bool,
    /// It can be read; absent where that was not tried.
    pub readable: Option<bool>,
    /// It can be written; absent where that was not tried.
    pub writable: Option<bool>,
    /// Files in it.
    pub count: u64,
    /// The age of the oldest file that waits there.
    pub oldest_seconds: Option<u64>,
    /// The age of the newest file.
    pub newest_seconds: Option<u64>,
    /// What the newest file begins with: "xml", "zip", "pdf", "err", "empty", "other".
    pub newest_kind: Option<String>,
    /// Free bytes of its disk.
    pub free_bytes: Option<u64>,
}

/// Sleep and start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Power {
    /// Sleeps after so long on mains; 0: never.
    pub sleep_seconds: Option<u64>,
    /// 高速スタートアップ.
    pub fast_startup: Option<bool>,
}

/// How the clock is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ClockFact {
    /// Whether the system says that it is kept in time.
    pub synchronised: Option<bool>,
    /// By which server.
    pub server: Option<String>,
    /// The zone's name or its distance from UTC in words of the system.
    pub zone: Option<String>,
    /// The zone's distance from UTC now.
    pub zone_offset_minutes: Option<i32>,
}

/// The bridge (連携アプリケーション).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct BridgeFact {
    /// Whether it is installed or set up here.
    pub set_up: Option<bool>,
    /// Whether it runs.
    pub running: Option<bool>,
    /// Its version.
    pub version: Option<String>,
    /// The key of the situation that it met last, "center-unreachable".
    pub last_situation: Option<String>,
    /// Whether its account's id has the shape of one (LK-06).
    pub account_fits: Option<bool>,
}

/// The card reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ReaderFact {
    /// Whether the system sees it.
    pub connected: Option<bool>,
    /// Whether its program runs.
    pub running: Option<bool>,
    /// Whether it gets through when the terminal does.
    pub reaches_network: Option<bool>,
    /// Words or code on its screen, as somebody typed them.
    pub says: Option<String>,
}

/// What the last check was answered: codes only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct BusinessFact {
    /// When.
    pub at: Option<Timestamp>,
    /// SegmentOfResult: "1" well, "2" under way, "9" abnormal.
    pub segment: Option<String>,
    /// ProcessingResultStatus: "1" well, "2" an error in the processing.
    pub processing: Option<String>,
    /// QualificationValidity: "1" to "5".
    pub validity: Option<String>,
    /// ProcessingResultCode or ErrorCode.
    pub code: Option<String>,
    /// Names of the answer in which ● stands.
    pub unknown_characters: Option<u32>,
}
