//! Everything our own name servers answer, by region and day: the printed answers, the hosts without one, and what every zone needs.

use crate::addresses::{self, Accept};
use crate::{Prefecture, Region, embedded, hosts};
use jiff::civil::Date;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/zones.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// What every zone of ours has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// "own".
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// How long an answer may be kept, seconds.
    pub ttl: u32,
    /// The first labels of the primary's and the secondary's names in a zone.
    #[serde(borrow)]
    pub name_servers: Vec<&'static str>,
    /// The first label of the mailbox in a zone's SOA record.
    pub mailbox: &'static str,
    /// The SOA record's times.
    pub soa: Soa,
    alias: Vec<Alias>,
    host: Vec<Own>,
}

/// The times of a SOA record, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Soa {
    /// Between looks of a secondary.
    pub refresh: u32,
    /// Between looks after a failed one.
    pub retry: u32,
    /// After which a secondary stops answering.
    pub expire: u32,
    /// How long "no such name" may be kept.
    pub negative: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alias {
    host: &'static str,
    target: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    host: &'static str,
    region: Region,
    aaaa: Vec<Ipv6Addr>,
    #[serde(default = "yes")]
    authoritative: bool,
}

fn yes() -> bool {
    true
}

/// One name and what it answers in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The full name, lower case, without a final dot.
    pub name: String,
    /// The inventory row of a printed answer; empty for a host of our own table.
    pub row: &'static str,
    /// The day from which the entry holds.
    pub from: Date,
    /// The name behind which the addresses stand, where the manuals show 権限のない回答.
    pub alias: Option<String>,
    /// IPv6 addresses.
    pub aaaa: Vec<Ipv6Addr>,
    /// Private IPv4 addresses.
    pub a: Vec<Ipv4Addr>,
    /// Whether the answer carries the authoritative mark.
    pub authoritative: bool,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// What every zone of ours has.
pub fn every_zone() -> &'static Sheet {
    &SHEET
}

/// Every name that a region's name servers answer on a day: the newest printed answers of that day, the 47 per-prefecture names with the
/// region's own addresses (DN-19), and the hosts without a printed answer.
pub fn served(region: Region, on: Date) -> Vec<Served> {
    let printed = addresses::answers().iter().filter(|answer| answer.region == region && answer.from <= on);
    let newest = printed.clone().filter(|answer| {
        let later = printed.clone().any(|other| other.name == answer.name && other.from > answer.from);
        !later
    });
    let mut all = Vec::new();
    for answer in newest {
        let entry = |name: String, aaaa: Vec<Ipv6Addr>| Served {
            alias: alias(&name, region),
            name,
            row: answer.row,
            from: answer.from,
            aaaa,
            a: answer.a.clone(),
            authoritative: answer.authoritative,
        };
        if answer.accept == Accept::Prefecture {
            let each = crate::prefectures().iter();
            all.extend(each.filter_map(|prefecture| Some(entry(addresses::prefecture_host(prefecture), vec![of(prefecture, region)?]))));
        } else {
            all.push(entry(answer.name.to_owned(), answer.aaaa.clone()));
        }
    }
    let own = SHEET.host.iter().filter(|own| own.region == region && SHEET.from <= on);
    all.extend(own.filter_map(|own| {
        let name = name_of(own.host)?.to_owned();
        let alias = alias(&name, region);
        let Own { aaaa, authoritative, .. } = own.clone();
        Some(Served { name, row: "", from: SHEET.from, alias, aaaa, a: Vec::new(), authoritative })
    }));
    all
}

fn of(prefecture: &Prefecture, region: Region) -> Option<Ipv6Addr> {
    addresses::prefecture_address_in(prefecture, region)
}

/// The newest addresses of a host in a region, IPv6 first, whatever alias stands between; none for a name that nobody answers.
pub fn addresses_of(name: &str, region: Region) -> Vec<IpAddr> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let found = served(region, Date::MAX).into_iter().find(|served| served.name.eq_ignore_ascii_case(name));
    found.map(|served| served.aaaa.into_iter().map(IpAddr::V6).chain(served.a.into_iter().map(IpAddr::V4)).collect()).unwrap_or_default()
}

fn alias(name: &str, region: Region) -> Option<String> {
    let alias = SHEET.alias.iter().find(|alias| name_of(alias.host) == Some(name))?;
    Some(alias.target.replace("{region}", region.key()))
}

fn name_of(key: &str) -> Option<&'static str> {
    hosts::all().into_iter().find(|(known, _)| *known == key).map(|(_, host)| host.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains;
    use jiff::civil::date;
    use std::collections::BTreeSet;

    fn named(region: Region, on: Date) -> BTreeSet<String> {
        served(region, on).into_iter().map(|served| served.name).collect()
    }

    /// Rows: DN-27, DN-29
    #[test]
    fn what_is_served_changes_with_the_day() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let crl = |on| {
            let found = served(Region::West, on).into_iter().find(|served| served.name == "crldownload.obn.managedpki.ne.jp").unwrap();
            found.a.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(crl(date(2024, 1, 31)), ["10.110.10.164", "10.110.10.180"]);
        assert_eq!(crl(date(2024, 2, 1)), ["10.110.10.180", "10.110.10.184"]);
        assert!(!named(Region::East, date(2022, 7, 28)).contains("www.lineauth.mnw"));
        assert!(named(Region::East, date(2022, 7, 29)).contains("www.lineauth.mnw"));
    }

    #[test]
    fn every_host_and_every_prefecture_is_served_in_both_regions() {
        let permitted = domains::permitted_name_constraints();
        for region in Region::ALL {
            let all = served(region, Date::MAX);
            let names = named(region, Date::MAX);
            assert_eq!(names.len(), all.len(), "each name once");
            assert_eq!(names.iter().filter(|name| name.ends_with(".kokuho.kenshin.rece")).count(), 47);
            for (key, host) in hosts::all().into_iter().filter(|(_, host)| !host.ours) {
                let elsewhere = Region::ALL.into_iter().any(|other| other != region && hosts::line_notifier(other).name == host.name);
                assert_eq!(names.contains(host.name), !elsewhere, "{key}");
            }
            for served in all {
                assert!(!served.aaaa.is_empty() && domains::covers(&permitted, &served.name), "{}", served.name);
                assert_eq!(served.alias.is_some(), !served.authoritative, "{}: an alias where the screen says 権限のない回答", served.name);
            }
        }
    }

    /// Rows: DN-24
    #[test]
    fn the_name_for_checking_while_the_proxy_is_closed_stands_on_other_addresses() {
        for region in Region::ALL {
            let (proxy, check) = (addresses_of(hosts::proxy().name, region), addresses_of(hosts::proxy_check().name, region));
            assert!(!proxy.is_empty() && !check.is_empty() && check.iter().all(|address| !proxy.contains(address)));
        }
    }

    #[test]
    fn each_table_names_hosts_that_are_there_and_no_address_twice() {
        let keys: Vec<&str> = SHEET.alias.iter().map(|alias| alias.host).chain(SHEET.host.iter().map(|own| own.host)).collect();
        assert!(keys.iter().all(|key| name_of(key).is_some()), "{keys:?}");
        for region in Region::ALL {
            let addresses: Vec<Ipv6Addr> = served(region, Date::MAX).into_iter().flat_map(|served| served.aaaa).collect();
            assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len());
        }
        assert_eq!(addresses_of("Proxy.base.oqs-pdl.org.", Region::West).len(), 4);
        assert_eq!(addresses_of("pweb.base.oqs-pdl.org", Region::East).len(), 29);
        assert!(addresses_of("www.example.com", Region::East).is_empty());
    }
}
