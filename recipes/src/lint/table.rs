//! Judges the per-domain table, whatever language it was written in: is every domain there, with both servers, of the right region?

use std::net::{IpAddr, Ipv6Addr};

use manuals::{Region, addresses, domains};

use super::{Entry, Expected, Sheet, shown};
use crate::site::Services;
use crate::table;

/// The most letters by which a domain may differ from a known one and still be meant as it.
const SLIPS: usize = 2;
/// Domains above the closed network's that belong to the internet as well.
const TOO_BROAD: [&str; 6] = ["jp", "org", "net", "ne.jp", "go.jp", "mhlw.go.jp"];

/// Names what is wrong; gives region and services as they are told or as the table says.
pub(super) fn judge(expected: Expected, sheet: &mut Sheet) -> (Option<Region>, Option<Services>) {
    let entries = std::mem::take(&mut sheet.entries);
    let region = expected.region.or_else(|| region_of(&entries));
    let services = expected.services.or_else(|| services_of(&entries));
    let ours: Vec<&Entry> = entries.iter().filter(|entry| super::is_closed(&entry.domain)).collect();
    if ours.is_empty() && !entries.iter().any(|entry| likely(&entry.domain).is_some()) {
        sheet.mistake(
            0,
            "no-table",
            "閉域網のドメインを閉域網のDNSサーバーに聞く設定がありません。",
            "onshi router write で、地域と業務に合った設定を作って入れます。",
        );
        return (region, services);
    }
    entries.iter().for_each(|entry| one(entry, region, sheet));
    missing(&entries, region, services.unwrap_or(Services::Eligibility), sheet);
    sheet.entries = entries;
    (region, services)
}

fn all_servers() -> Vec<(Region, bool, Ipv6Addr)> {
    let of = |region| {
        let (carrier, platform) = (addresses::carrier_servers(region), addresses::platform_servers(region));
        [
            (region, true, carrier.primary),
            (region, true, carrier.secondary),
            (region, false, platform.primary),
            (region, false, platform.secondary),
        ]
    };
    Region::ALL.into_iter().flat_map(of).collect()
}

/// Whose server an address is: region, and whether it is the carrier's own.
fn known(address: IpAddr) -> Option<(Region, bool)> {
    all_servers().into_iter().find(|(_, _, server)| IpAddr::V6(*server) == address).map(|(region, own, _)| (region, own))
}

fn address_of(server: &str) -> Option<IpAddr> {
    let bare = server.trim_matches(['[', ']']);
    let bare = bare.split(['%', '@']).next().unwrap_or(bare);
    bare.parse().ok()
}

fn region_of(entries: &[Entry]) -> Option<Region> {
    let servers = entries.iter().flat_map(|entry| &entry.servers).filter_map(|(_, server)| known(address_of(server)?));
    let (mut east, mut west) = (0_usize, 0_usize);
    for (region, _) in servers {
        match region {
            Region::East => east += 1,
            Region::West => west += 1,
        }
    }
    match east.cmp(&west) {
        std::cmp::Ordering::Greater => Some(Region::East),
        std::cmp::Ordering::Less => Some(Region::West),
        std::cmp::Ordering::Equal => None,
    }
}

fn services_of(entries: &[Entry]) -> Option<Services> {
    let has = |list: &[&str], other: &[&str]| {
        let own: Vec<&&str> = list.iter().filter(|domain| !other.contains(domain)).collect();
        entries.iter().any(|entry| own.iter().any(|domain| domains::covers(&[**domain], &entry.domain)))
    };
    match (has(domains::eligibility(), domains::claims()), has(domains::claims(), domains::eligibility())) {
        (true, true) => Some(Services::Both),
        (false, true) => Some(Services::Claims),
        (true, false) => Some(Services::Eligibility),
        (false, false) => None,
    }
}

/// Every domain that a table may hold.
fn known_domains() -> Vec<&'static str> {
    let zones = Region::ALL.iter().filter_map(|region| addresses::carrier_servers(*region).zone);
    zones.chain(domains::union()).collect()
}

/// The known domain that a misspelt one means.
fn likely(domain: &str) -> Option<&'static str> {
    if domain.len() > 253 || super::is_closed(domain) {
        return None;
    }
    known_domains().into_iter().find(|known| strsim::levenshtein(known, domain) <= SLIPS)
}

fn one(entry: &Entry, region: Option<Region>, sheet: &mut Sheet) {
    if let Some(meant) = likely(&entry.domain) {
        sheet.mistake(
            entry.line,
            "misspelt-domain",
            format!("「{}」というドメインは閉域網にありません。", shown(&entry.domain)),
            format!("「{meant}」ではありませんか。"),
        );
        return;
    }
    if !super::is_closed(&entry.domain) {
        return;
    }
    let list = known_domains();
    let covered: Vec<&&str> = list.iter().filter(|known| domains::covers(&[entry.domain.as_str()], known)).collect();
    if TOO_BROAD.contains(&entry.domain.as_str()) {
        sheet.mistake(
            entry.line,
            "too-broad-domain",
            format!("「{}」全体を閉域網に聞くと、インターネットの名前が引けなくなります。", shown(&entry.domain)),
            "資料のドメインを一つずつ書きます。",
        );
    } else if covered.is_empty() {
        let parent = list.iter().find(|known| domains::covers(&[**known], &entry.domain)).copied().unwrap_or_default();
        sheet.doubt(
            entry.line,
            "too-narrow-domain",
            format!("「{}」だけでは、{parent} のほかの名前が引けません。", shown(&entry.domain)),
            format!("「{parent}」と書きます。"),
        );
    }
    servers(entry, region, sheet);
}

fn servers(entry: &Entry, region: Option<Region>, sheet: &mut Sheet) {
    let own_zone = Region::ALL
        .into_iter()
        .find(|region| addresses::carrier_servers(*region).zone.is_some_and(|zone| domains::covers(&[zone], &entry.domain)));
    let region = own_zone.or(region);
    if let (Some(of_zone), Some(line)) = (own_zone, region)
        && of_zone != line
    {
        return;
    }
    let mut different: Vec<IpAddr> = Vec::new();
    for (line, text) in &entry.servers {
        let Some(address) = address_of(text) else {
            sheet.mistake(
                *line,
                "unreadable-server",
                format!("「{}」はアドレスとして読めません。", shown(text)),
                right(region, own_zone.is_some()),
            );
            continue;
        };
        if !different.contains(&address) {
            different.push(address);
        }
        server(*line, &entry.domain, address, region, own_zone.is_some(), sheet);
    }
    if different.len() == 1 {
        sheet.doubt(
            entry.line,
            "one-server",
            format!("{} のDNSサーバーが一つだけです。止まると何も引けなくなります。", shown(&entry.domain)),
            right(region, own_zone.is_some()),
        );
    }
}

fn server(line: usize, domain: &str, address: IpAddr, region: Option<Region>, own_zone: bool, sheet: &mut Sheet) {
    let domain = shown(domain);
    let fix = right(region, own_zone);
    match known(address) {
        Some((of, _)) if region.is_some_and(|region| region != of) => {
            let label = of.label();
            sheet.mistake(
                line,
                "other-region",
                format!("{domain} を{label}のサーバー {address} に聞いています。この回線からは答えません。"),
                fix,
            );
        }
        Some((_, own)) if own != own_zone => {
            sheet.mistake(
                line,
                "swapped-servers",
                format!("{address} は {domain} を知りません（フレッツ網用と閉域網用が入れ替わっています）。"),
                fix,
            );
        }
        Some(_) => {}
        None if is_near(address) => {
            sheet.mistake(
                line,
                "asks-the-router-above",
                format!("{domain} を上のルーター {address} に聞いています。ひかり電話ルーターなどは閉域網の名前を知りません。"),
                fix,
            );
        }
        None => {
            sheet.mistake(line, "unknown-server", format!("{address} は閉域網のDNSサーバーではありません（{domain}）。"), fix);
        }
    }
}

/// An address on the site's own side.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_unique_local() || address.is_loopback(),
    }
}

fn right(region: Option<Region>, own_zone: bool) -> String {
    let Some(region) = region else {
        return "地域（東日本・西日本）に合ったサーバーを二つ書きます。".to_owned();
    };
    let servers = if own_zone { addresses::carrier_servers(region) } else { addresses::platform_servers(region) };
    format!("{}のサーバー {} と {} を書きます。", region.label(), servers.primary, servers.secondary)
}

fn missing(entries: &[Entry], region: Option<Region>, services: Services, sheet: &mut Sheet) {
    let last = entries.iter().flat_map(|entry| entry.servers.iter().map(|(line, _)| *line).chain([entry.line])).max().unwrap_or(0);
    let wanted: Vec<&'static str> = match region {
        Some(region) => table::forwards(region, services).into_iter().map(|forward| forward.domain).collect(),
        None => services.domains(),
    };
    for domain in wanted {
        let there =
            entries.iter().any(|entry| domains::covers(&[entry.domain.as_str()], domain) || domains::covers(&[domain], &entry.domain));
        let misspelt = entries.iter().any(|entry| likely(&entry.domain) == Some(domain));
        if !there && !misspelt {
            let own = region.is_some_and(|region| addresses::carrier_servers(region).zone == Some(domain));
            sheet.mistake(last, "missing-domain", format!("{domain} がありません。このドメインの名前が引けません。"), right(region, own));
        }
    }
}
