//! Reads what Linux says of itself: addresses and routes of `ip -j`, the resolver's file, the environment.

use std::net::IpAddr;

use serde::Deserialize;

use super::Texts;
use crate::doctor::recording::{Adapter, AddressFact, AdvertisementFact, Machine, Medium, ProxyText, RouteFact};

/// "For ever" in the kernel's seconds.
const FOR_EVER: u64 = u32::MAX as u64;
/// A resolver on the machine itself passes on: whom it asks stands in another file.
const OWN_RESOLVER: &str = "127.0.0.53";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    ifname: String,
    flags: Vec<String>,
    mtu: Option<u32>,
    link_type: String,
    addr_info: Vec<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    local: String,
    prefixlen: Option<u8>,
    scope: String,
    temporary: bool,
    deprecated: bool,
    dadfailed: bool,
    dynamic: bool,
    valid_life_time: Option<u64>,
    preferred_life_time: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Route {
    dst: String,
    gateway: Option<String>,
    dev: String,
    protocol: String,
    metric: Option<u32>,
    expires: Option<i64>,
}

/// Everything these texts tell.
#[must_use]
pub fn machine(texts: &Texts) -> Machine {
    let mut machine = Machine::default();
    let links: Vec<Link> = json(texts.get("ip-address.json"));
    let routes: Vec<Route> =
        ["ip-route6.json", "ip-route4.json"].into_iter().flat_map(|name| json::<Vec<Route>>(texts.get(name))).collect();
    let switches = texts.get("ipv6-disabled.txt").unwrap_or_default();
    let servers = resolvers(texts);
    machine.resolvers = servers.iter().filter_map(|server| server.split('%').next()?.parse().ok()).collect();
    for link in links {
        let mut adapter = adapter(&link);
        let mut switched = switches.lines().map(|line| line.split_whitespace()).find(|words| words.clone().next() == Some(&link.ifname));
        let mut next = || switched.as_mut().and_then(|words| words.next()?.parse::<u8>().ok());
        let (_name, off, accepts) = (next(), next(), next());
        adapter.ipv6_enabled = off.map(|off| off == 0);
        adapter.automatic = accepts.map(|accepts| accepts != 0);
        adapter.gateways = gateways(&routes, &link.ifname).map(str::to_owned).collect();
        if !adapter.gateways.is_empty() {
            adapter.name_servers.clone_from(&servers);
        }
        adapter.metric = routes.iter().filter(|route| is_default(route) && route.dev == link.ifname).filter_map(|route| route.metric).min();
        machine.advertisements.extend(advertisements(&routes, &link));
        machine.adapters.push(adapter);
    }
    machine.router = routes.iter().filter(|route| is_default(route)).find_map(|route| route.gateway.as_deref()?.parse().ok());
    machine.routes = routes.into_iter().filter(|route| !route.dst.is_empty()).map(fact).collect();
    machine.system_proxy = texts.get("environment.txt").and_then(proxy);
    machine.os_version = texts.get("os-release.txt").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    machine.language = variable(texts, "LANG")
        .and_then(|lang| lang.get(..2))
        .filter(|lang| lang.bytes().all(|byte| byte.is_ascii_lowercase()))
        .map(str::to_owned);
    machine
}

/// The name servers as they are written, with zones, in the order in which they are asked.
#[must_use]
pub fn resolvers(texts: &Texts) -> Vec<String> {
    let of = |name: &str| -> Vec<String> {
        let lines = texts.get(name).unwrap_or_default().lines();
        lines.filter_map(|line| Some(line.trim().strip_prefix("nameserver")?.split_whitespace().next()?.to_owned())).collect()
    };
    let servers = of("resolv.conf");
    if servers.iter().all(|server| server == OWN_RESOLVER) && !of("resolved.conf").is_empty() { of("resolved.conf") } else { servers }
}

fn json<T: Default + for<'de> Deserialize<'de>>(text: Option<&str>) -> T {
    // `ip` of a machine without IPv6 says nothing at all.
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn variable<'a>(texts: &'a Texts, name: &str) -> Option<&'a str> {
    texts.get("environment.txt")?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

fn adapter(link: &Link) -> Adapter {
    let has = |flag: &str| link.flags.iter().any(|there| there == flag);
    let mut adapter = Adapter {
        name: link.ifname.clone(),
        medium: medium(&link.ifname, &link.link_type),
        connected: Some(has("LOWER_UP")),
        mtu: link.mtu,
        ..Adapter::default()
    };
    for address in &link.addr_info {
        let fact = AddressFact {
            address: address.local.clone(),
            length: address.prefixlen,
            deprecated: address.deprecated,
            duplicate: address.dadfailed,
            by_hand: Some(!address.dynamic && !address.temporary && address.scope == "global"),
            preferred_seconds: address.preferred_life_time.filter(|seconds| *seconds < FOR_EVER),
            valid_seconds: address.valid_life_time.filter(|seconds| *seconds < FOR_EVER),
        };
        match (address.local.parse::<IpAddr>(), address.scope.as_str()) {
            (Ok(IpAddr::V4(_)), _) => adapter.ipv4.push(fact),
            (Ok(IpAddr::V6(_)), "link") => adapter.link_local.push(fact),
            (Ok(IpAddr::V6(_)), "global") if address.temporary => adapter.temporary.push(fact),
            (Ok(IpAddr::V6(_)), "global") => adapter.permanent.push(fact),
            _ => {}
        }
    }
    adapter
}

fn medium(name: &str, kind: &str) -> Medium {
    const VIRTUAL: [&str; 8] = ["docker", "br-", "virbr", "veth", "tun", "tap", "wg", "sit"];
    if kind == "loopback" || name == "lo" {
        Medium::Loopback
    } else if name.starts_with("wl") {
        Medium::Wireless
    } else if VIRTUAL.iter().any(|start| name.starts_with(start)) {
        Medium::Virtual
    } else {
        Medium::Wired
    }
}

fn is_default(route: &Route) -> bool {
    matches!(route.dst.as_str(), "default" | "::/0" | "0.0.0.0/0")
}

fn gateways<'a>(routes: &'a [Route], link: &'a str) -> impl Iterator<Item = &'a str> {
    routes.iter().filter(move |route| is_default(route) && route.dev == link).filter_map(|route| route.gateway.as_deref())
}

/// What the kernel keeps of router advertisements: the default route, and the addresses made from a prefix.
fn advertisements(routes: &[Route], link: &Link) -> Vec<AdvertisementFact> {
    let router = routes.iter().find(|route| is_default(route) && route.dev == link.ifname && route.protocol == "ra");
    let made = |address: &&Address| address.dynamic && !address.temporary && address.scope == "global" && address.prefixlen == Some(64);
    let prefixes: Vec<&Address> = link.addr_info.iter().filter(made).collect();
    let base = AdvertisementFact {
        adapter: link.ifname.clone(),
        router: router.and_then(|route| route.gateway.as_deref()?.parse().ok()),
        router_seconds: router.and_then(|route| u64::try_from(route.expires?).ok()),
        ..AdvertisementFact::default()
    };
    if prefixes.is_empty() {
        return router.map(|_| base).into_iter().collect();
    }
    let fact = |address: &Address| AdvertisementFact {
        prefix: network(&address.local),
        valid_seconds: address.valid_life_time,
        preferred_seconds: address.preferred_life_time,
        ..base.clone()
    };
    prefixes.into_iter().map(fact).collect()
}

fn network(address: &str) -> Option<String> {
    let address: std::net::Ipv6Addr = address.parse().ok()?;
    Some(format!("{}/64", std::net::Ipv6Addr::from(u128::from(address) & (u128::MAX << 64))))
}

fn fact(route: Route) -> RouteFact {
    RouteFact { destination: route.dst, via: route.gateway, adapter: route.dev, metric: route.metric }
}

/// The proxy of the environment; absent where none is set, which on Linux says nothing.
fn proxy(environment: &str) -> Option<ProxyText> {
    let variable = |names: [&str; 4]| {
        let of = |name: &str| environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
        names.into_iter().find_map(of).filter(|value| !value.is_empty())
    };
    let server = variable(["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"])?;
    let bypass = variable(["no_proxy", "NO_PROXY", "no_proxy", "NO_PROXY"]).unwrap_or_default().replace(',', ";");
    // A login in the address is nobody's business.
    let server = server.rsplit_once('@').map_or(server.clone(), |(_, host)| host.to_owned());
    Some(ProxyText { enabled: true, server, bypass, script: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: &str = r#"[{"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"link_type":"loopback","addr_info":[{"local":"::1","prefixlen":128,"scope":"host"}]},
      {"ifname":"eth0","flags":["BROADCAST","UP","LOWER_UP"],"mtu":1500,"link_type":"ether","addr_info":[
       {"local":"2408:210:aaaa:bb00:1::5","prefixlen":64,"scope":"global","temporary":true,"dynamic":true,"valid_life_time":600,"preferred_life_time":300},
       {"local":"2408:210:aaaa:bb00::7","prefixlen":64,"scope":"global","dynamic":true,"mngtmpaddr":true,"valid_life_time":600,"preferred_life_time":300},
       {"local":"2408:210:1:1::7","prefixlen":64,"scope":"global","dynamic":true,"deprecated":true,"valid_life_time":60,"preferred_life_time":0},
       {"local":"fe80::7","prefixlen":64,"scope":"link","valid_life_time":4294967295}]}]"#;
    const ROUTES: &str = r#"[{"dst":"2408:210:aaaa:bb00::/64","dev":"eth0","protocol":"kernel","metric":256},
      {"dst":"default","gateway":"fe80::1","dev":"eth0","protocol":"ra","metric":1024,"expires":1795}]"#;

    fn texts() -> Texts {
        let mut texts = Texts::default();
        texts.put("ip-address.json", ADDRESSES.to_owned());
        texts.put("ip-route6.json", ROUTES.to_owned());
        texts.put("resolv.conf", "# comment\nnameserver fe80::1%eth0\nnameserver 203.0.113.53\n".to_owned());
        texts.put(
            "environment.txt",
            "LANG=ja_JP.UTF-8\nhttps_proxy=http://somebody:secret@proxy.test:3128\nno_proxy=a.test,b.test\n".to_owned(),
        );
        texts.put("ipv6-disabled.txt", "eth0 0 1\nlo 1 0\n".to_owned());
        texts
    }

    /// Rows: TA-01, TA-02
    #[test]
    fn the_three_addresses_the_router_and_its_advertisement_are_read() {
        let machine = machine(&texts());
        let adapter = &machine.adapters[1];
        assert_eq!((adapter.permanent.len(), adapter.temporary.len(), adapter.link_local.len()), (2, 1, 1));
        assert!(adapter.permanent[1].deprecated && adapter.ipv6_enabled == Some(true) && adapter.connected == Some(true));
        assert_eq!((machine.adapters[0].medium, machine.adapters[0].ipv6_enabled), (Medium::Loopback, Some(false)));
        assert_eq!((adapter.automatic, machine.adapters[0].automatic), (Some(true), Some(false)));
        assert_eq!(machine.router, Some("fe80::1".parse().unwrap()));
        assert_eq!(machine.resolvers, ["fe80::1".parse::<IpAddr>().unwrap(), "203.0.113.53".parse().unwrap()]);
        assert_eq!(adapter.name_servers[0], "fe80::1%eth0");
        let told: Vec<_> =
            machine.advertisements.iter().map(|fact| (fact.prefix.as_deref(), fact.preferred_seconds, fact.router_seconds)).collect();
        assert_eq!(told, [(Some("2408:210:aaaa:bb00::/64"), Some(300), Some(1795)), (Some("2408:210:1:1::/64"), Some(0), Some(1795))]);
    }

    #[test]
    fn a_proxy_of_the_environment_loses_its_login() {
        let proxy = machine(&texts()).system_proxy.unwrap();
        assert_eq!((proxy.server.as_str(), proxy.bypass.as_str()), ("proxy.test:3128", "a.test;b.test"));
        assert_eq!(machine(&Texts::default()).system_proxy, None);
    }

    #[test]
    fn a_text_that_is_cut_or_missing_says_nothing_and_breaks_nothing() {
        for end in 0..ADDRESSES.len() {
            let mut texts = texts();
            texts.put("ip-address.json", ADDRESSES[..end].to_owned());
            assert!(machine(&texts).adapters.is_empty());
        }
        let mut own = texts();
        own.put("resolv.conf", "nameserver 127.0.0.53\n".to_owned());
        own.put("resolved.conf", "nameserver 2001:db8::53\n".to_owned());
        assert_eq!(machine(&own).resolvers, ["2001:db8::53".parse::<IpAddr>().unwrap()]);
    }
}
