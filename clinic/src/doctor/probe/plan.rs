//! Decides what a look asks: the names, servers and doors of the services that the site uses, and nothing else.

use std::net::{IpAddr, SocketAddr};

use manuals::domains::Service;
use manuals::hosts::{self, Host};
use manuals::proxy::Way;
use manuals::{Region, addresses, prefecture_by_romaji};

use crate::doctor::recording::{Asked, Family, Site};

/// Where name servers listen.
pub const DNS: u16 = 53;
/// So many name servers of the machine are asked at most.
const MOST_RESOLVERS: usize = 3;

/// What is known of the site and its line before anything is asked.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the site says of itself.
    pub site: Site,
    /// Whether this machine's programs use the Web API (they are set up for it).
    pub web_api: bool,
    /// The name servers of the machine, with zones.
    pub resolvers: Vec<SocketAddr>,
    /// Its default gateways.
    pub routers: Vec<SocketAddr>,
    /// Addresses of the machine itself.
    pub own: Vec<IpAddr>,
}

impl Known {
    /// The areas whose name servers are asked: the configured one and the one of the prefix; both while neither is known.
    #[must_use]
    pub fn regions(&self) -> Vec<Region> {
        let mut regions: Vec<Region> = self.site.region.into_iter().collect();
        for region in self.own.iter().filter_map(|own| region_of(*own)) {
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        if regions.is_empty() { Region::ALL.to_vec() } else { regions }
    }

    /// The way in which software comes: what the site says, else what its carrier's is, else the way of NTT's lines.
    #[must_use]
    pub fn way(&self) -> Way {
        let of_carrier = || self.site.carrier.as_deref().map(manuals::proxy::way_of);
        self.site.distribution.or_else(of_carrier).unwrap_or(Way::Base)
    }

    /// Whether software is brought to the site through the network's own proxy.
    #[must_use]
    pub fn uses_base(&self) -> bool {
        self.site.uses(Service::Eligibility) && self.way() == Way::Base
    }
}

/// The area whose own line addresses begin like this: the same first 32 bits as the carrier's hosts of the manuals. `None` for the many
/// prefixes that internet providers bring.
#[must_use]
pub fn region_of(address: IpAddr) -> Option<Region> {
    let IpAddr::V6(address) = address else { return None };
    let start = |address: std::net::Ipv6Addr| u128::from(address) >> 96;
    let of_carrier = |region: &Region| {
        let check = addresses::expected(hosts::proxy_check().name, *region);
        check.is_some_and(|answer| answer.aaaa.iter().any(|known| start(*known) == start(address)))
    };
    Region::ALL.into_iter().find(of_carrier)
}

/// A name that is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// The private IPv4 addresses beside it are looked at too: routers with rebinding protection take them out.
    pub both: bool,
    /// Its answer does not fit 512 bytes (DN-23).
    pub large: bool,
}

/// Every name that the site uses, each once.
#[must_use]
pub fn names(known: &Known) -> Vec<Name> {
    let mut names: Vec<String> = vec![hosts::line_portal().name.to_owned()];
    let mut add = |name: &str| {
        if !names.iter().any(|there| there == name) {
            names.push(name.to_owned());
        }
    };
    for region in known.regions() {
        if known.site.uses(Service::Eligibility) {
            let needed = |name: &&String| known.uses_base() || **name != hosts::proxy_check().name;
            addresses::eligibility_lookups(region).iter().filter(needed).for_each(|name| add(name));
        }
    }
    if known.site.uses(Service::Claims)
        && let Some(prefecture) = known.site.prefecture.as_deref().and_then(prefecture_by_romaji)
    {
        addresses::claims_lookups(prefecture).iter().for_each(|name| add(name));
    } else if known.site.uses(Service::Claims) {
        claims().iter().for_each(|host| add(host.name));
    }
    if known.uses_base() {
        [hosts::proxy(), hosts::ntp()].iter().for_each(|host| add(host.name));
    }
    if known.web_api {
        [hosts::web_api_login(), hosts::web_api_search()].iter().for_each(|host| add(host.name));
    }
    add(hosts::authority().name);
    let region = known.regions().first().copied().unwrap_or(Region::East);
    let printed = |name: &str| addresses::expected(name, region);
    names
        .into_iter()
        .map(|name| Name {
            both: printed(&name).is_some_and(|answer| !answer.a.is_empty()),
            large: printed(&name).is_some_and(|answer| answer.needs_tcp),
            name,
        })
        .collect()
}

/// The hosts of claims, whatever the prefecture.
#[must_use]
pub fn claims() -> [&'static Host; 5] {
    [hosts::claims_kikin(), hosts::claims_kokuho(), hosts::claims_rousai(), hosts::claims_mhlw(), hosts::examination_kikin()]
}

/// A name server and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub at: SocketAddr,
    /// Who it is.
    pub asked: Asked,
    /// Whether every name is asked in every way, or only once.
    pub thoroughly: bool,
    /// The one zone it answers for; `None`: all others.
    pub zone: Option<&'static str>,
}

impl Server {
    /// Whether it is asked for a name.
    #[must_use]
    pub fn answers_for(&self, name: &str) -> bool {
        match (&self.asked, self.zone) {
            (Asked::Region { .. }, Some(zone)) => manuals::domains::covers(&[zone], name),
            (Asked::Region { .. }, None) => {
                let carriers: Vec<&str> = Region::ALL.into_iter().filter_map(|region| addresses::carrier_servers(region).zone).collect();
                !manuals::domains::covers(&carriers, name)
            }
            _ => true,
        }
    }
}

/// The name servers that are asked: the machine's own, its router where it might be meant, and the network's of its area.
#[must_use]
pub fn servers(known: &Known) -> Vec<Server> {
    let regions = known.regions();
    let mut servers: Vec<Server> = Vec::new();
    let of_network = |address: IpAddr| Region::ALL.into_iter().find(|region| network_servers(*region).contains(&address));
    let strange: Vec<&SocketAddr> = known.resolvers.iter().filter(|at| of_network(at.ip()).is_none()).take(MOST_RESOLVERS).collect();
    for at in &strange {
        let asked = if is_router(**at, known) { Asked::Router { server: at.ip() } } else { Asked::Other { server: at.ip() } };
        servers.push(Server { at: **at, asked, thoroughly: servers.is_empty(), zone: None });
    }
    // The router is asked too where the machine goes past it to a stranger; a machine set to the network's own servers needs none.
    let strays = servers.iter().all(|server| matches!(server.asked, Asked::Other { .. }));
    let to_the_network = known.resolvers.iter().any(|at| of_network(at.ip()).is_some());
    if strays
        && !to_the_network
        && let Some(router) = known.routers.first()
    {
        servers.push(Server { at: *router, asked: Asked::Router { server: router.ip() }, thoroughly: true, zone: None });
    }
    let alone = regions.len() == 1;
    for region in regions {
        let mut add = |address: std::net::Ipv6Addr, thoroughly: bool, zone: Option<&'static str>| {
            let asked = Asked::Region { server: address.into(), region };
            servers.push(Server { at: (address, DNS).into(), asked, thoroughly, zone });
        };
        let (platform, carrier) = (addresses::platform_servers(region), addresses::carrier_servers(region));
        add(platform.primary, true, None);
        if alone {
            add(platform.secondary, false, None);
        }
        add(carrier.primary, alone, carrier.zone);
        if alone {
            add(carrier.secondary, false, carrier.zone);
        }
    }
    servers
}

fn network_servers(region: Region) -> [IpAddr; 4] {
    let (platform, carrier) = (addresses::platform_servers(region), addresses::carrier_servers(region));
    [platform.primary, platform.secondary, carrier.primary, carrier.secondary].map(IpAddr::V6)
}

/// A name server that is the router itself: the gateway, one on the link, one in the site's own prefix, or a private IPv4 address beside it.
fn is_router(server: SocketAddr, known: &Known) -> bool {
    const SITE: u32 = 56;
    if known.routers.iter().any(|router| router.ip() == server.ip()) {
        return true;
    }
    match server.ip() {
        IpAddr::V6(address) => {
            let site = |address: std::net::Ipv6Addr| u128::from(address) >> (128 - SITE);
            let of_site = |own: &IpAddr| matches!(own, IpAddr::V6(own) if site(*own) == site(address));
            // On the link there may be others; whoever is no gateway while one is known is not the router.
            let gateway = |router: &SocketAddr| matches!(router.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local());
            let on_link = address.is_unicast_link_local() && !known.routers.iter().any(gateway);
            on_link || known.own.iter().any(of_site)
        }
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
    }
}

/// In which ways one name is asked of one server, each with the family.
#[must_use]
pub fn datagrams(server: &Server, name: &Name) -> Vec<(Option<u16>, Family)> {
    let large = Some(super::names::ROOM);
    let mut ways = vec![(large, Family::V6)];
    if server.thoroughly {
        ways.push((None, Family::V6));
        if name.both {
            ways.push((large, Family::V4));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), DNS)
    }

    fn site(services: &[Service]) -> Site {
        Site { services: services.to_vec(), ..Site::default() }
    }

    fn all_names(known: &Known) -> Vec<String> {
        names(known).into_iter().map(|name| name.name).collect()
    }

    /// Rows: DN-08, DN-09
    #[test]
    fn only_names_of_the_services_in_use_are_asked() {
        let east = Site { region: Some(Region::East), ..site(&[Service::Eligibility]) };
        let eligibility = all_names(&Known { site: east.clone(), ..Known::default() });
        assert!(addresses::eligibility_lookups(Region::East).iter().all(|name| eligibility.contains(name)));
        assert!(eligibility.iter().all(|name| !name.ends_with(".rece") && !name.contains("west") && !name.contains("hweb-api")));
        let carrier = Known { site: Site { distribution: Some(Way::Carrier), ..east }, ..Known::default() };
        assert!(all_names(&carrier).iter().all(|name| !name.contains("oqs-pdl")), "another way needs neither proxy nor time");
        let tokyo = Site { prefecture: Some("tokyo".to_owned()), region: Some(Region::East), ..site(&[Service::Claims]) };
        let claims = all_names(&Known { site: tokyo, ..Known::default() });
        assert_eq!(claims.len(), 10, "nine and the authority: {claims:?}");
        assert!(claims.contains(&"tokyo.kokuho.kenshin.rece".to_owned()));
    }

    /// Rows: LN-16
    #[test]
    fn the_prefix_tells_the_area_where_it_is_the_carriers_own() {
        assert_eq!(region_of("2408:210:aaaa:bb00::1".parse().unwrap()), Some(Region::East));
        assert_eq!(region_of("2001:a250:1:200::1".parse().unwrap()), Some(Region::West));
        assert_eq!(region_of("2400:4050::1".parse().unwrap()), None);
        assert_eq!(region_of("192.168.1.1".parse().unwrap()), None);
        let own = vec!["2001:a250:1:200::1".parse().unwrap()];
        assert_eq!(Known { own: own.clone(), ..Known::default() }.regions(), [Region::West]);
        let moved = Known { own, site: Site { region: Some(Region::East), ..Site::default() }, ..Known::default() };
        assert_eq!(moved.regions(), [Region::East, Region::West], "what is written and what is seen");
        assert_eq!(Known::default().regions(), Region::ALL);
    }

    /// Rows: NW-01, NW-12
    #[test]
    fn a_terminal_set_to_the_networks_servers_asks_no_router() {
        let region = Some(Region::East);
        let platform = addresses::platform_servers(Region::East);
        let direct = Known {
            site: Site { region, ..Site::default() },
            resolvers: vec![(platform.primary, DNS).into(), (platform.secondary, DNS).into()],
            routers: vec![at("fe80::1")],
            ..Known::default()
        };
        assert!(servers(&direct).iter().all(|server| matches!(server.asked, Asked::Region { .. })));
        let by_router = Known { resolvers: vec![at("fe80::1")], ..direct.clone() };
        assert_eq!(servers(&by_router).iter().filter(|server| matches!(server.asked, Asked::Router { .. })).count(), 1);
        let stray = Known { resolvers: vec![at("203.0.113.53")], ..direct };
        let kinds: Vec<Asked> = servers(&stray).into_iter().take(2).map(|server| server.asked).collect();
        assert!(matches!(kinds.as_slice(), [Asked::Other { .. }, Asked::Router { .. }]), "{kinds:?}");
    }

    /// Rows: DN-01, DN-02
    #[test]
    fn the_carriers_servers_are_asked_for_their_own_zone_only() {
        let known = Known { site: Site { region: Some(Region::West), ..Site::default() }, ..Known::default() };
        for server in servers(&known) {
            let notifier = server.answers_for(hosts::line_notifier_west().name);
            assert_eq!(notifier, server.zone.is_some(), "{server:?}");
            assert_eq!(server.answers_for(hosts::line_portal().name), server.zone.is_none());
        }
    }
}
