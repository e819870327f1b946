//! One question to the network and what came of it.

use jiff::Timestamp;
use manuals::Region;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use wire::line::LineState;

/// One question and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Probe {
    /// What was asked.
    pub what: What,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub ms: u64,
}

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum What {
    /// The addresses of a name: [`Outcome::Addresses`], [`Outcome::NoSuchName`], [`Outcome::Refused`] (REFUSED, SERVFAIL …), or no answer.
    Name {
        /// The name, without a final dot.
        name: String,
        /// Who was asked.
        asked: Asked,
        /// In which way.
        way: NameWay,
        /// Which addresses.
        family: Family,
    },
    /// A TCP connection: [`Outcome::Connected`], [`Outcome::Refused`] (closed), or no answer.
    Connect {
        /// The host whose port it is; an address as text for a name server.
        host: String,
        /// The address that was tried.
        addr: Option<IpAddr>,
        /// The port.
        port: u16,
    },
    /// The server's certificates in a TLS handshake: [`Outcome::Chain`], [`Outcome::Untrusted`].
    Tls {
        /// The host.
        host: String,
    },
    /// The line's state as machines read it (RFC 8908): [`Outcome::Line`], [`Outcome::Page`].
    LinePortal,
    /// The line authentication page as people see it; nothing is pressed: [`Outcome::Page`].
    LinePage,
    /// The center's status page: [`Outcome::Status`].
    CenterStatus,
    /// The eligibility portal with this machine's certificate: [`Outcome::Page`].
    Portal,
    /// The Web API's log-in host with this machine's certificate: [`Outcome::Page`].
    WebApi,
    /// The certificate authority's site: [`Outcome::Page`].
    CertificateDoor,
    /// The revocation list: [`Outcome::Page`], [`Outcome::Listed`].
    Lists,
    /// A distribution origin in the way that the site uses: [`Outcome::Page`], [`Outcome::Connected`].
    Distribution {
        /// The host.
        host: String,
    },
    /// The proxy itself (TCP, then a CONNECT): [`Outcome::Connected`], [`Outcome::Page`], [`Outcome::Closed`].
    Proxy {
        /// The proxy that was asked.
        host: String,
    },
    /// A host through the proxy (CONNECT): [`Outcome::Connected`], [`Outcome::Page`], [`Outcome::Closed`].
    ProxyTo {
        /// The host behind it.
        host: String,
    },
    /// The time of a time server: [`Outcome::Offset`].
    Time {
        /// The server.
        host: String,
    },
    /// Whether a connection still carries much at once: [`Outcome::Connected`], or no answer where the small one got through.
    Mtu {
        /// The host.
        host: String,
        /// How many bytes were sent or expected.
        bytes: u32,
    },
    /// A name of the internet, where the site says that it uses it: [`Outcome::Addresses`] and the like.
    Internet {
        /// The name.
        name: String,
    },
    /// One that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Who was asked for a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(tag = "who", rename_all = "kebab-case")]
pub enum Asked {
    /// The system, as every program does.
    #[default]
    System,
    /// The site's router (the default gateway's name server).
    Router {
        /// Its address.
        server: IpAddr,
    },
    /// A name server that the machine is set to and that is neither the router nor one of the network.
    Other {
        /// Its address.
        server: IpAddr,
    },
    /// A name server of the network: the platform's pair, or the carrier's for its own zone.
    Region {
        /// Its address.
        server: IpAddr,
        /// Of which area.
        region: Region,
    },
}

/// In which way a name was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NameWay {
    /// The system's own call.
    #[default]
    System,
    /// UDP without EDNS: 512 bytes.
    Udp512,
    /// UDP with EDNS and 1232 bytes.
    Udp1232,
    /// TCP.
    Tcp,
}

/// Which kind of address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// AAAA.
    #[default]
    V6,
    /// A.
    V4,
    /// Both, as the system answers.
    Both,
}

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    /// A name's answer; no addresses and no code: the name exists and has none of that kind.
    Addresses {
        /// The addresses.
        #[serde(default)]
        addresses: Vec<IpAddr>,
        /// The answer did not fit (TC).
        #[serde(default)]
        truncated: bool,
        /// The server's own answer (AA).
        #[serde(default)]
        authoritative: bool,
        /// Its code where it is not 0, "SERVFAIL".
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rcode: Option<String>,
        /// Size of the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u32>,
    },
    /// The name server says that there is no such name (NXDOMAIN).
    NoSuchName,
    /// Somebody answered and refuses: a closed port, REFUSED, SERVFAIL.
    Refused {
        /// In which words.
        #[serde(default)]
        why: String,
    },
    /// Nobody answered in time.
    TimedOut,
    /// There is no way: no route, no address, ICMP unreachable.
    Unreachable {
        /// What the system said.
        #[serde(default)]
        why: String,
    },
    /// It stands.
    Connected,
    /// The server's certificates.
    Chain {
        /// Issuer of the server's certificate.
        #[serde(default)]
        issuer: String,
        /// The name of the last certificate's issuer: the root.
        #[serde(default)]
        root: String,
        /// Whether this machine trusts that root.
        #[serde(default)]
        root_trusted: bool,
        /// First moment of the server's certificate.
        #[serde(default)]
        not_before: Timestamp,
        /// Last moment of the server's certificate.
        #[serde(default)]
        not_after: Timestamp,
        /// Whether it names the host that was asked.
        #[serde(default)]
        names_host: bool,
    },
    /// No trust in the server for a reason that [`Outcome::Chain`] does not tell.
    Untrusted {
        /// Why.
        #[serde(default)]
        why: String,
        /// Its issuer, where it was seen.
        #[serde(default)]
        issuer: String,
    },
    /// A page.
    Page {
        /// HTTP status.
        #[serde(default)]
        status: u16,
        /// What it says: the key of a message of the manuals (`line-already`) or of a situation of ours (`unadmitted-line`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Its text without tags, at most 2 KiB and nothing of patients.
        #[serde(default)]
        text: String,
    },
    /// The line's state.
    Line {
        /// Whether the line must be authenticated first.
        #[serde(default)]
        captive: bool,
        /// What is known of it.
        state: LineState,
        /// The code of the page a person would see.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The key of that page's message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// This line's address as the portal sees it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// Closed as announced (閉塞).
    Closed {
        /// When it opens again, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// How far this machine's clock is ahead of the server's; negative: behind.
    Offset {
        /// Milliseconds.
        #[serde(default)]
        ms: i64,
    },
    /// What stands in the revocation list about this machine's certificate.
    Listed {
        /// Whether it was revoked.
        #[serde(default)]
        revoked: bool,
        /// Until when the list holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_update: Option<Timestamp>,
    },
    /// What the center says of itself.
    Status {
        /// Its rooms.
        #[serde(default)]
        rooms: Vec<RoomHealth>,
        /// Closures, now and to come.
        #[serde(default)]
        closures: Vec<Closure>,
        /// Announced troubles.
        #[serde(default)]
        notices: Vec<Notice>,
    },
    /// Not asked: the site does not use it, or something before it is missing.
    NotAsked {
        /// Why.
        #[serde(default)]
        why: String,
    },
    /// The deadline of the whole look came first.
    Unfinished,
    /// Something else went wrong on the way.
    Failed {
        /// What.
        #[serde(default)]
        why: String,
    },
    /// One that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// How one desk of the center is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct RoomHealth {
    /// "registry", "eligibility", "lineauth", "authority", "network" …
    pub name: String,
    /// Whether it works.
    pub healthy: bool,
    /// What is said of it, Japanese.
    pub note: String,
}

/// An announced closure (閉塞).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Closure {
    /// What is closed: a host's name, or a room's.
    pub what: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// An announced trouble: of the center, of a carrier, of the whole country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Notice {
    /// What it says, Japanese.
    pub text: String,
    /// Who is affected: "all", "east", "west", or a room's name.
    pub affects: String,
    /// Whose trouble: "center", "line", "national".
    pub owner: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
}
