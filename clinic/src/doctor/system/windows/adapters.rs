//! Reads adapters, their addresses and ways, from `ipconfig /all` and `netsh interface ipv6`.

use std::net::{IpAddr, Ipv6Addr};

use crate::doctor::recording::{Adapter, AddressFact, AdvertisementFact, Medium, RouteFact};
use crate::line::listing;

/// The adapters of `ipconfig /all`.
#[must_use]
pub fn adapters(listing: &str) -> Vec<Adapter> {
    listing::read(listing).into_iter().map(|adapter| fact(&adapter)).collect()
}

fn fact(seen: &listing::Adapter) -> Adapter {
    let described = seen.description.clone().unwrap_or_default();
    let unplugged = seen.others.iter().any(|(label, value)| {
        matches!(label.as_str(), "メディアの状態" | "Media State")
            && ["接続されていません", "disconnected"].iter().any(|word| value.contains(word))
    });
    let addressed = [&seen.permanent, &seen.temporary, &seen.link_local, &seen.ipv4].iter().any(|addresses| !addresses.is_empty());
    let v6 = !(seen.permanent.is_empty() && seen.temporary.is_empty() && seen.link_local.is_empty());
    let facts = |addresses: &[String]| -> Vec<AddressFact> { addresses.iter().map(|address| address_fact(seen, address)).collect() };
    Adapter {
        name: seen.name.clone(),
        medium: medium(&seen.name, &described),
        description: described,
        connected: if unplugged { Some(false) } else { addressed.then_some(true) },
        // An adapter with IPv6 has an address of its link at least.
        ipv6_enabled: if unplugged || !addressed { None } else { Some(v6) },
        automatic: None,
        permanent: facts(&seen.permanent),
        temporary: facts(&seen.temporary),
        link_local: facts(&seen.link_local),
        ipv4: facts(&seen.ipv4),
        gateways: seen.gateways.clone(),
        // Windows shows these three site-local addresses where no name server is set; nobody answers there.
        name_servers: seen.name_servers.iter().filter(|server| !server.starts_with("fec0:")).cloned().collect(),
        metric: None,
        mtu: None,
    }
}

fn address_fact(seen: &listing::Adapter, address: &str) -> AddressFact {
    let marked =
        |words: [&str; 2]| seen.marks.iter().any(|(of, mark)| of == address && words.iter().any(|word| mark.eq_ignore_ascii_case(word)));
    AddressFact {
        address: address.to_owned(),
        deprecated: marked(["非推奨", "Deprecated"]),
        duplicate: marked(["重複", "Duplicate"]),
        ..AddressFact::default()
    }
}

fn medium(heading: &str, description: &str) -> Medium {
    const VIRTUAL: [&str; 11] =
        ["Virtual", "仮想", "Hyper-V", "vEthernet", "TAP-", "VPN", "Bluetooth", "Wi-Fi Direct", "トンネル", "Tunnel", "Loopback"];
    const WIRELESS: [&str; 3] = ["Wireless", "ワイヤレス", "Wi-Fi"];
    let says = |words: &[&str]| words.iter().any(|word| heading.contains(word) || description.contains(word));
    if says(&VIRTUAL) {
        Medium::Virtual
    } else if says(&WIRELESS) {
        Medium::Wireless
    } else if heading.contains("PPP") {
        Medium::Other
    } else {
        Medium::Wired
    }
}

/// Metric, largest packet and state of each adapter, from `netsh interface ipv6 show interface`: number, metric, size, state, name.
pub fn add_interfaces(adapters: &mut [Adapter], text: &str) {
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
        let (Some(_), Some(metric), Some(mtu)) = (number(), number(), number()) else { continue };
        let (state, name) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>().join(" "));
        let Some(adapter) = adapters.iter_mut().find(|adapter| is_named(adapter, &name)) else { continue };
        adapter.metric = Some(metric);
        adapter.mtu = Some(mtu);
        adapter.ipv6_enabled = Some(true);
        adapter.connected = match state {
            "connected" => Some(true),
            "disconnected" => Some(false),
            _ => adapter.connected,
        };
    }
}

/// The heading of a listing ends with the adapter's name.
fn is_named(adapter: &Adapter, name: &str) -> bool {
    !name.is_empty() && adapter.name.ends_with(name) && {
        let before = adapter.name.len() - name.len();
        before == 0 || adapter.name.get(..before).is_some_and(|before| before.ends_with(' '))
    }
}

/// Lifetimes and kinds of addresses, from `netsh interface ipv6 show addresses`: kind, state, valid for, preferred for, address.
pub fn add_addresses(adapters: &mut [Adapter], text: &str) {
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, state, valid, preferred, address] = words.as_slice() else { continue };
        let Some(address) = address.split('%').next().and_then(|address| address.parse::<Ipv6Addr>().ok()) else { continue };
        let all = adapters
            .iter_mut()
            .flat_map(|adapter| adapter.permanent.iter_mut().chain(&mut adapter.temporary).chain(&mut adapter.link_local));
        for fact in all.filter(|fact| fact.parsed() == Some(IpAddr::V6(address))) {
            fact.valid_seconds = span(valid);
            fact.preferred_seconds = span(preferred);
            fact.by_hand = Some(matches!(*kind, "手動" | "Manual"));
            fact.deprecated |= matches!(*state, "非推奨" | "Deprecated");
            fact.duplicate |= matches!(*state, "重複" | "Duplicate");
        }
    }
}

/// `29d23h59m58s` in seconds; nothing for "infinite".
fn span(text: &str) -> Option<u64> {
    let (mut total, mut number) = (0_u64, 0_u64);
    for letter in text.chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
            continue;
        }
        let unit = match letter {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        number = 0;
    }
    text.ends_with('s').then_some(total)
}

/// The routes of `netsh interface ipv6 show route`: published, kind, metric, prefix, number, next hop or the adapter's name.
#[must_use]
pub fn routes(text: &str) -> Vec<RouteFact> {
    let mut routes = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, metric, prefix, number, rest @ ..] = words.as_slice() else { continue };
        let (Ok(metric), true, Ok(_)) = (metric.parse::<u32>(), prefix.contains('/') && prefix.contains(':'), number.parse::<u32>()) else {
            continue;
        };
        let next = rest.join(" ");
        let via = next.split('%').next().and_then(|hop| hop.parse::<Ipv6Addr>().ok()).map(|hop| hop.to_string());
        let adapter = if via.is_some() { (*number).to_owned() } else { next };
        routes.push(RouteFact { destination: (*prefix).to_owned(), via, adapter, metric: Some(metric) });
    }
    routes
}

/// What the addresses tell of the router's advertisements: a prefix for each address that lives for a time.
#[must_use]
pub fn advertisements(adapters: &[Adapter]) -> Vec<AdvertisementFact> {
    let mut told = Vec::new();
    for adapter in adapters {
        let router = adapter.gateways.iter().filter_map(|gateway| gateway.split('%').next()?.parse::<IpAddr>().ok()).find(IpAddr::is_ipv6);
        for address in adapter.permanent.iter().filter(|address| address.valid_seconds.is_some() && address.by_hand != Some(true)) {
            let Some(IpAddr::V6(own)) = address.parsed() else { continue };
            let prefix = Ipv6Addr::from(u128::from(own) & (u128::MAX << 64));
            told.push(AdvertisementFact {
                adapter: adapter.name.clone(),
                router,
                prefix: Some(format!("{prefix}/64")),
                valid_seconds: address.valid_seconds,
                preferred_seconds: address.preferred_seconds,
                ..AdvertisementFact::default()
            });
        }
    }
    told
}

/// Adapters by which something is reached, those with a way out first.
fn in_use(adapters: &[Adapter]) -> Vec<&Adapter> {
    let mut used: Vec<&Adapter> =
        adapters.iter().filter(|adapter| adapter.connected != Some(false) && adapter.medium != Medium::Virtual).collect();
    used.sort_by_key(|adapter| (adapter.gateways.is_empty(), adapter.metric.unwrap_or(u32::MAX)));
    used
}

/// The name servers in the order in which they are asked.
#[must_use]
pub fn resolvers(adapters: &[Adapter]) -> Vec<IpAddr> {
    let mut servers: Vec<IpAddr> = Vec::new();
    for server in in_use(adapters).into_iter().flat_map(|adapter| &adapter.name_servers) {
        if let Some(server) = server.split('%').next().and_then(|server| server.parse().ok())
            && !servers.contains(&server)
        {
            servers.push(server);
        }
    }
    servers
}

/// The default gateway, by IPv6 where there is one.
#[must_use]
pub fn router(adapters: &[Adapter]) -> Option<IpAddr> {
    let used = in_use(adapters);
    let gateways =
        || used.iter().flat_map(|adapter| &adapter.gateways).filter_map(|gateway| gateway.split('%').next()?.parse::<IpAddr>().ok());
    gateways().find(IpAddr::is_ipv6).or_else(|| gateways().next())
}
