//! Which name servers a site asks, and what each name of the network answers in each region.

use crate::{Prefecture, Region, domains::Service, embedded, place::ByRegion};
use jiff::civil::Date;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/addresses.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// Where the prefecture stands in the name of a per-prefecture host (DN-10).
const PREFECTURE_IN_NAME: &str = "XXXX";
/// Where the prefecture stands in a per-prefecture address: the sixth group, `00xx` (DN-19).
const PREFECTURE_GROUP: usize = 5;

/// A pair of name servers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameServers {
    /// The one zone they answer for; `None` for the platform's pair, which answers for the domains of [`crate::domains`].
    pub zone: Option<&'static str>,
    /// 優先DNSサーバー.
    pub primary: Ipv6Addr,
    /// 代替DNSサーバー.
    pub secondary: Ipv6Addr,
}

impl Default for NameServers {
    fn default() -> NameServers {
        NameServers { zone: None, primary: Ipv6Addr::UNSPECIFIED, secondary: Ipv6Addr::UNSPECIFIED }
    }
}

/// When an observed answer counts as right. The printed addresses are examples and may change (DN-27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// At least one printed AAAA address is among the observed ones.
    Listed,
    /// At least one observed AAAA lies in the /64 of the first printed one: no count is expected.
    Prefix,
    /// An observed AAAA equals the printed one but for its sixth group, which is below 0x100 and differs per prefecture (DN-19).
    Prefecture,
}

/// The printed answer for one name in one region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The inventory row.
    pub row: &'static str,
    /// The name; `XXXX` stands for the prefecture in romaji.
    pub name: &'static str,
    /// The region whose name servers answer so.
    pub region: Region,
    /// Manual and section.
    pub source: &'static str,
    /// The first day on which it was printed.
    pub from: Date,
    /// When an observed answer counts as right.
    pub accept: Accept,
    /// The printed AAAA addresses.
    pub aaaa: Vec<Ipv6Addr>,
    /// The printed A addresses; they are not reachable over the IPv6 line and never decide.
    #[serde(default)]
    pub a: Vec<Ipv4Addr>,
    /// `false` where the screen says 権限のない回答.
    #[serde(default = "yes")]
    pub authoritative: bool,
    /// The answer does not fit a small UDP datagram, so TCP/53 must work (DN-23).
    #[serde(default)]
    pub needs_tcp: bool,
}

fn yes() -> bool {
    true
}

impl Answer {
    /// Whether observed addresses count as the right answer.
    pub fn accepts(&self, observed: &[IpAddr]) -> bool {
        let mut observed = observed.iter().filter_map(|address| match address {
            IpAddr::V6(address) => Some(*address),
            IpAddr::V4(_) => None,
        });
        let Some(first) = self.aaaa.first().copied() else { return false };
        match self.accept {
            Accept::Listed => observed.any(|address| self.aaaa.contains(&address)),
            Accept::Prefix => observed.any(|address| upper_half(address) == upper_half(first)),
            Accept::Prefecture => observed.any(|address| {
                let group = address.segments().get(PREFECTURE_GROUP).copied().unwrap_or(u16::MAX);
                group < 0x100 && with_prefecture_group(address, 0) == with_prefecture_group(first, 0)
            }),
        }
    }
}

fn upper_half(address: Ipv6Addr) -> u128 {
    u128::from(address) >> 64
}

fn with_prefecture_group(address: Ipv6Addr, value: u16) -> Ipv6Addr {
    let mut groups = address.segments();
    if let Some(group) = groups.get_mut(PREFECTURE_GROUP) {
        *group = value;
    }
    Ipv6Addr::from(groups)
}

/// The names one edition of a guide looks up (DN-08, DN-09, DN-29).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupSet {
    /// The service.
    pub service: Service,
    /// Manual and section.
    pub source: &'static str,
    /// The first day of this edition.
    pub from: Date,
    /// Names with `{region}` for "east" or "west" and `XXXX` for the prefecture.
    #[serde(borrow)]
    pub names: Vec<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    #[serde(borrow)]
    lookup_noise: Vec<&'static str>,
    ngn: ByRegion<NameServers>,
    platform: ByRegion<NameServers>,
    lookup_set: Vec<LookupSet>,
    answer: Vec<Answer>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// The carrier's name servers for its own zone, `flets-east.jp` or `flets-west.jp` (DN-01, DN-02).
pub fn carrier_servers(region: Region) -> &'static NameServers {
    SHEET.ngn.get(region)
}

/// The network platform's name servers (DN-03, DN-04).
pub fn platform_servers(region: Region) -> &'static NameServers {
    SHEET.platform.get(region)
}

/// Every printed answer, all editions.
pub fn answers() -> &'static [Answer] {
    &SHEET.answer
}

/// The newest printed answer for a host name in a region. A per-prefecture name such as `tokyo.kokuho.kenshin.rece` finds the
/// entry of `XXXX.kokuho.kenshin.rece`. `None` for a name the manuals print no answer for.
pub fn expected(name: &str, region: Region) -> Option<&'static Answer> {
    let name = name.strip_suffix('.').unwrap_or(name);
    SHEET.answer.iter().filter(|answer| answer.region == region && names(answer.name, name)).max_by_key(|answer| answer.from)
}

fn names(pattern: &str, name: &str) -> bool {
    if pattern.eq_ignore_ascii_case(name) {
        return true;
    }
    let (Some(tail), Some((first, rest))) = (pattern.strip_prefix(PREFECTURE_IN_NAME), name.split_once('.')) else { return false };
    tail.strip_prefix('.').is_some_and(|tail| tail.eq_ignore_ascii_case(rest))
        && crate::prefecture_by_romaji(&first.to_ascii_lowercase()).is_some()
}

/// The address our own network gives a prefecture's 国保 examination host. The manual prints the sixth group as `00xx`, "differs per
/// prefecture", without saying how; ours shows the prefecture's two-digit code, so 東京 (13) has the group `0013`.
/// Observed answers are judged by [`Answer::accepts`], which takes any value there.
pub fn prefecture_address(prefecture: &Prefecture) -> Option<Ipv6Addr> {
    prefecture_address_in(prefecture, prefecture.region)
}

/// [`prefecture_address`] as the name servers of a region answer it, whichever region the prefecture belongs to.
pub fn prefecture_address_in(prefecture: &Prefecture, region: Region) -> Option<Ipv6Addr> {
    let answer = expected(&prefecture_host(prefecture), region)?;
    let shown = u16::from(prefecture.code / 10) * 0x10 + u16::from(prefecture.code % 10);
    answer.aaaa.first().map(|address| with_prefecture_group(*address, shown))
}

/// Every edition of the names to look up, oldest first within a service.
pub fn lookup_sets() -> &'static [LookupSet] {
    &SHEET.lookup_set
}

/// A prefecture's 国保 examination host, `tokyo.kokuho.kenshin.rece` (DN-10, DN-19).
pub fn prefecture_host(prefecture: &Prefecture) -> String {
    let per_prefecture = SHEET.answer.iter().find(|answer| answer.accept == Accept::Prefecture);
    per_prefecture.map(|answer| answer.name.replace(PREFECTURE_IN_NAME, prefecture.romaji)).unwrap_or_default()
}

/// The names the manual looks up to test a claims site, 9 of them (DN-08).
pub fn claims_lookups(prefecture: &Prefecture) -> Vec<String> {
    lookups(Service::Claims, prefecture.region, Date::MAX)
        .into_iter()
        .map(|name| name.replace(PREFECTURE_IN_NAME, prefecture.romaji))
        .collect()
}

/// The names the manual looks up to test an eligibility site, 5 of them in the newest edition (DN-09).
pub fn eligibility_lookups(region: Region) -> Vec<String> {
    lookups(Service::Eligibility, region, Date::MAX)
}

/// The names looked up by the edition that holds on a day, `XXXX` standing for the prefecture (DN-29).
pub fn lookups(service: Service, region: Region, on: Date) -> Vec<String> {
    let set = SHEET.lookup_set.iter().filter(|set| set.service == service && set.from <= on).max_by_key(|set| set.from);
    set.map(|set| set.names.iter().map(|name| name.replace("{region}", region.key())).collect()).unwrap_or_default()
}

/// Words on the screen of a lookup that is in order all the same (DN-25).
pub fn lookup_noise() -> &'static [&'static str] {
    &SHEET.lookup_noise
}

#[cfg(test)]
mod tests;
