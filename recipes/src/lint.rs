//! Reads an existing configuration and names what is wrong in it, with line, reason and remedy.

mod cisco;
mod dnsmasq;
mod fortigate;
mod ix;
mod letters;
mod nrpt;
mod openwrt;
mod radvd;
mod table;
mod unbound;
mod yamaha;

use manuals::Region;
use serde::Serialize;

use crate::site::Services;

/// Largest text in bytes that is read.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most lines that are read.
pub const MAX_LINES: usize = 5_000;
/// Most findings that are named.
pub const MAX_FINDINGS: usize = 200;
/// Longest piece of a text that a finding repeats, in characters.
const MAX_SHOWN: usize = 80;

/// The language of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Yamaha RTX and NVR.
    Yamaha,
    /// NEC UNIVERGE IX.
    Ix,
    /// Cisco IOS.
    Cisco,
    /// FortiGate.
    Fortigate,
    /// OpenWrt: `uci` commands, `uci show`, or `/etc/config/dhcp`.
    Openwrt,
    /// dnsmasq's own file.
    Dnsmasq,
    /// unbound's own file.
    Unbound,
    /// radvd's own file.
    Radvd,
    /// Windows: rules of the name resolution policy table.
    Nrpt,
}

impl Dialect {
    /// Every language.
    pub const ALL: [Dialect; 9] = [
        Dialect::Yamaha,
        Dialect::Ix,
        Dialect::Cisco,
        Dialect::Fortigate,
        Dialect::Openwrt,
        Dialect::Dnsmasq,
        Dialect::Unbound,
        Dialect::Radvd,
        Dialect::Nrpt,
    ];

    /// The key used on the command line and in addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Dialect::Yamaha => "yamaha",
            Dialect::Ix => "ix",
            Dialect::Cisco => "cisco",
            Dialect::Fortigate => "fortigate",
            Dialect::Openwrt => "openwrt",
            Dialect::Dnsmasq => "dnsmasq",
            Dialect::Unbound => "unbound",
            Dialect::Radvd => "radvd",
            Dialect::Nrpt => "nrpt",
        }
    }

    /// The language with this key; nothing for any other word.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|dialect| dialect.key() == key)
    }

    /// The language that a text seems to be written in: the one whose own words it holds most often.
    #[must_use]
    pub fn guess(text: &str) -> Option<Dialect> {
        let marks: [(Dialect, &[&str]); 9] = [
            (
                Dialect::Yamaha,
                &["dns server select", "rtadv send", "secure filter", "ngn type", "dns notice order", "ra-prefix@", "dhcp-prefix@"],
            ),
            (Dialect::Ix, &["proxy-dns ", "url-list ", "ipv6 dhcp client-profile", "GigaEthernet"]),
            (Dialect::Cisco, &["ip dns ", "dns forwarder", "ipv6 unicast-routing", "GigabitEthernet", "ipv6 nd other-config-flag"]),
            (Dialect::Fortigate, &["config system", "set forwarder", "ip6-send-adv", "config firewall"]),
            (Dialect::Openwrt, &["uci ", "config dnsmasq", "dhcp.@dnsmasq", "list server", "config dhcp"]),
            (Dialect::Dnsmasq, &["server=/", "dhcp-range=", "enable-ra", "rebind-domain-ok", "bind-dynamic", "no-resolv"]),
            (Dialect::Unbound, &["forward-zone:", "forward-addr:", "stub-zone:", "access-control:", "module-config:"]),
            (Dialect::Radvd, &["AdvSendAdvert", "RDNSS", "MaxRtrAdvInterval", "AdvOnLink"]),
            (Dialect::Nrpt, &["DnsClientNrpt", "NameServers", "Namespace"]),
        ];
        let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
        let count = |words: &[&str]| words.iter().map(|word| text.matches(word).take(1000).count()).sum::<usize>();
        marks
            .into_iter()
            .map(|(dialect, words)| (count(words), dialect))
            .filter(|(count, _)| *count > 0)
            .max_by_key(|(count, _)| *count)
            .map(|(_, dialect)| dialect)
    }
}

/// What is known of the site; what is not is guessed from the text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// The region.
    pub region: Option<Region>,
    /// The services in use.
    pub services: Option<Services>,
    /// ひかり電話.
    pub phone: Option<bool>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something will not work.
    Mistake,
    /// It may work, or work until something fails.
    Doubt,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line, from 1; 0 for the text as a whole.
    pub line: usize,
    /// How bad it is.
    pub severity: Severity,
    /// Stable key.
    pub key: &'static str,
    /// What is wrong, Japanese.
    pub what: String,
    /// What to do, Japanese.
    pub fix: String,
}

/// What was read, and what is wrong in it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The language.
    pub dialect: Dialect,
    /// The region: as it was told, or as most servers say.
    pub region: Option<Region>,
    /// The services: as they were told, or as the domains say.
    pub services: Option<Services>,
    /// How many domains have servers.
    pub domains: usize,
    /// What is wrong, in the order of the lines.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether something in it will not work.
    #[must_use]
    pub fn has_mistakes(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Mistake)
    }
}

/// Why a text is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// More than [`MAX_BYTES`] or [`MAX_LINES`].
    TooLarge,
    /// No language was told, and none is recognised.
    Unrecognised,
}

impl Unread {
    /// A sentence in Japanese.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Unread::TooLarge => "設定が大きすぎます（256 KiB、5千行まで）。",
            Unread::Unrecognised => "どの機種の設定か分かりません。--device で指定してください。",
        }
    }
}

/// Reads a configuration.
///
/// # Errors
/// [`Unread`]
pub fn lint(text: &str, dialect: Option<Dialect>, expected: Expected) -> Result<Report, Unread> {
    if text.len() > MAX_BYTES || text.lines().count() > MAX_LINES {
        return Err(Unread::TooLarge);
    }
    let dialect = dialect.or_else(|| Dialect::guess(text)).ok_or(Unread::Unrecognised)?;
    let mut sheet = Sheet::default();
    let clean = letters::clean(text, dialect, &mut sheet);
    let lines: Vec<Line<'_>> = clean.iter().enumerate().map(|(number, text)| Line { number: number + 1, text: text.as_str() }).collect();
    match dialect {
        Dialect::Yamaha => yamaha::read(&lines, expected, &mut sheet),
        Dialect::Ix => ix::read(&lines, expected, &mut sheet),
        Dialect::Cisco => cisco::read(&lines, &mut sheet),
        Dialect::Fortigate => fortigate::read(&lines, &mut sheet),
        Dialect::Openwrt => openwrt::read(&lines, expected, &mut sheet),
        Dialect::Dnsmasq => dnsmasq::read(&lines, &mut sheet),
        Dialect::Unbound => unbound::read(&lines, &mut sheet),
        Dialect::Radvd => radvd::read(&lines, &mut sheet),
        Dialect::Nrpt => nrpt::read(&lines, &mut sheet),
    }
    let (mut region, mut services) = (expected.region, expected.services);
    if dialect != Dialect::Radvd {
        (region, services) = table::judge(expected, &mut sheet);
    }
    let Sheet { entries, mut findings } = sheet;
    findings.sort_by_key(|finding| (finding.line, finding.severity));
    // A server that several domains share is named once.
    let mut named = std::collections::BTreeSet::new();
    findings.retain(|finding| {
        named.insert((finding.line, finding.key, if SHARED.contains(&finding.key) { "" } else { &finding.what }.to_owned()))
    });
    findings.truncate(MAX_FINDINGS);
    let domains = entries.len();
    Ok(Report { dialect, region, services, domains, findings })
}

/// Findings about a server, whichever domain it is asked for.
const SHARED: [&str; 5] = ["unreadable-server", "other-region", "swapped-servers", "asks-the-router-above", "unknown-server"];

/// A line without comment and outer space.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
}

/// A domain that a configuration names servers for.
#[derive(Debug, Clone)]
struct Entry {
    line: usize,
    domain: String,
    /// Each with the line it stands in.
    servers: Vec<(usize, String)>,
}

/// What the reader of a language finds.
#[derive(Debug, Default)]
struct Sheet {
    entries: Vec<Entry>,
    findings: Vec<Finding>,
}

impl Sheet {
    /// Adds a server for a domain; a domain that is there already gets one more.
    fn entry(&mut self, line: usize, domain: &str, servers: impl IntoIterator<Item = String>) {
        let domain = domain.trim_matches('.').to_ascii_lowercase();
        let servers = servers.into_iter().map(|server| (line, server));
        match self.entries.iter_mut().find(|entry| entry.domain == domain) {
            Some(entry) => entry.servers.extend(servers),
            None => self.entries.push(Entry { line, domain, servers: servers.collect() }),
        }
    }

    fn mistake(&mut self, line: usize, key: &'static str, what: impl Into<String>, fix: impl Into<String>) {
        self.finding(line, Severity::Mistake, key, what.into(), fix.into());
    }

    fn doubt(&mut self, line: usize, key: &'static str, what: impl Into<String>, fix: impl Into<String>) {
        self.finding(line, Severity::Doubt, key, what.into(), fix.into());
    }

    fn finding(&mut self, line: usize, severity: Severity, key: &'static str, what: String, fix: String) {
        // One more than is shown, so that sorting decides which.
        if self.findings.len() < MAX_FINDINGS * 10 {
            self.findings.push(Finding { line, severity, key, what, fix });
        }
    }
}

/// A piece of the text as a finding repeats it.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().filter(|letter| !letter.is_control()).take(MAX_SHOWN).collect();
    if text.chars().count() > MAX_SHOWN {
        short.push('…');
    }
    short
}

/// Whether a domain is one of the closed network's, or below one, or above one.
fn is_closed(domain: &str) -> bool {
    let domain = domain.trim_matches('.').to_ascii_lowercase();
    let all = manuals::domains::union();
    let zones = Region::ALL.iter().filter_map(|region| manuals::addresses::carrier_servers(*region).zone);
    all.into_iter()
        .chain(zones)
        .any(|known| manuals::domains::covers(&[known], &domain) || manuals::domains::covers(&[domain.as_str()], known))
}

#[cfg(test)]
mod tests;
