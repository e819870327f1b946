//! Chooses the view for a question by the server address that was asked and by the asker's prefix, and can say why.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use manuals::{Region, addresses};
use serde::{Deserialize, Serialize};

use super::list::Service;

/// One view as the operator defines it: what is answered, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ViewSettings {
    /// Shown by `explain` and by the figures.
    pub name: String,
    /// The region whose addresses are answered.
    pub region: Region,
    /// The services whose zones are answered.
    pub services: Vec<Service>,
    /// The server addresses for which the view is; none means every address.
    #[serde(default)]
    pub servers: Vec<IpAddr>,
    /// The prefixes of those who ask; none means everybody.
    #[serde(default)]
    pub askers: Vec<IpNet>,
}

/// The views of the manuals: a platform and a carrier in each region, each at its own two server addresses (DN-01 to DN-04). The platform's
/// servers answer for the carrier's zone too: a terminal that names them itself (NW-12) has no others, and must find the notifier.
#[must_use]
pub fn views_of_the_manuals() -> Vec<ViewSettings> {
    let view = |kind: &str, region: Region, services: &[Service], servers: &addresses::NameServers| ViewSettings {
        name: format!("{kind}-{}", region.key()),
        region,
        services: services.to_vec(),
        servers: vec![servers.primary.into(), servers.secondary.into()],
        askers: Vec::new(),
    };
    let platform = Region::ALL.map(|region| view("platform", region, &Service::ALL, addresses::platform_servers(region)));
    let carrier = Region::ALL.map(|region| view("carrier", region, &[Service::Carrier], addresses::carrier_servers(region)));
    platform.into_iter().chain(carrier).collect()
}

/// One view of everything in a region, for everybody: for trying out, and for a site that runs its own copy.
#[must_use]
pub fn view_of_a_region(region: Region) -> ViewSettings {
    let services = Service::ALL.to_vec();
    ViewSettings { name: region.key().to_owned(), region, services, servers: Vec::new(), askers: Vec::new() }
}

/// Why a view was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The address asked is the view's, and the asker is in this prefix of it.
    ServerAndPrefix(IpNet),
    /// The address asked is the view's.
    Server,
    /// The asker is in this prefix of a view that is for every server address.
    Prefix(IpNet),
    /// The view is for everybody.
    Everybody,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerAndPrefix(net) => write!(f, "the server address asked and the asker's prefix {net}"),
            Self::Server => write!(f, "the server address asked"),
            Self::Prefix(net) => write!(f, "the asker's prefix {net}"),
            Self::Everybody => write!(f, "everybody gets this view"),
        }
    }
}

impl Why {
    /// The reason in Japanese, for people.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::ServerAndPrefix(net) => format!("尋ねられたアドレスと、尋ねた側のプレフィックス {net}"),
            Self::Server => "尋ねられたアドレス".to_owned(),
            Self::Prefix(net) => format!("尋ねた側のプレフィックス {net}"),
            Self::Everybody => "誰にでもこのビュー".to_owned(),
        }
    }
}

/// The views that an address of ours can give, looked up by the asker. A view that names the address goes before one that names none; of
/// several prefixes that hold the asker the longest counts; of equals the first.
#[derive(Clone, Debug, Default)]
pub struct Door {
    named: Row,
    any: Row,
}

/// A view's place and its prefix as written, by the prefix's first address.
type Nets = HashMap<Ipv6Addr, (usize, IpNet)>;

/// Views by prefix, and the one for everybody else.
#[derive(Clone, Debug, Default)]
struct Row {
    /// Longest prefixes first; IPv4 as its mapped IPv6.
    prefixes: Vec<(u8, Nets)>,
    everybody: Option<usize>,
}

impl Door {
    /// The door of a server address.
    #[must_use]
    pub fn new(views: &[ViewSettings], server: IpAddr) -> Self {
        let mut door = Self::default();
        for (place, view) in views.iter().enumerate() {
            let row = match view.servers.as_slice() {
                [] => &mut door.any,
                servers if servers.contains(&server) => &mut door.named,
                _ => continue,
            };
            if view.askers.is_empty() {
                row.everybody.get_or_insert(place);
            }
            for asker in &view.askers {
                row.add(*asker, place);
            }
        }
        door.named.sort();
        door.any.sort();
        door
    }

    /// The place of the asker's view and why; `None` when no view is for them.
    #[must_use]
    pub fn choose(&self, asker: IpAddr) -> Option<(usize, Why)> {
        let named = || self.named.by_prefix(asker).map(|(place, net)| (place, Why::ServerAndPrefix(net)));
        let server = || self.named.everybody.map(|place| (place, Why::Server));
        let prefix = || self.any.by_prefix(asker).map(|(place, net)| (place, Why::Prefix(net)));
        let everybody = || self.any.everybody.map(|place| (place, Why::Everybody));
        named().or_else(server).or_else(prefix).or_else(everybody)
    }
}

impl Row {
    fn add(&mut self, net: IpNet, place: usize) {
        let mapped = mapped(net);
        let length = mapped.prefix_len();
        let index = match self.prefixes.iter().position(|(known, _)| *known == length) {
            Some(index) => index,
            None => {
                self.prefixes.push((length, HashMap::new()));
                self.prefixes.len() - 1
            }
        };
        if let Some((_, nets)) = self.prefixes.get_mut(index) {
            nets.entry(mapped.network()).or_insert((place, net.trunc()));
        }
    }

    fn sort(&mut self) {
        self.prefixes.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    }

    fn by_prefix(&self, asker: IpAddr) -> Option<(usize, IpNet)> {
        if self.prefixes.is_empty() {
            return None;
        }
        let asker = as_v6(asker);
        self.prefixes.iter().find_map(|(length, nets)| nets.get(&cut(asker, *length)).copied())
    }
}

/// An address of either family as IPv6.
pub(super) fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The first `length` bits of an address.
pub(super) fn cut(address: Ipv6Addr, length: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

fn mapped(net: IpNet) -> Ipv6Net {
    match net {
        IpNet::V6(net) => net,
        // At most 128.
        IpNet::V4(net) => Ipv6Net::new(net.addr().to_ipv6_mapped(), net.prefix_len() + 96).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, servers: &[&str], askers: &[&str]) -> ViewSettings {
        ViewSettings {
            name: name.to_owned(),
            region: Region::East,
            services: vec![Service::Claims],
            servers: servers.iter().map(|text| text.parse().unwrap()).collect(),
            askers: askers.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    fn chosen(views: &[ViewSettings], server: &str, asker: &str) -> String {
        let chosen = Door::new(views, server.parse().unwrap()).choose(asker.parse().unwrap());
        chosen.map_or("nobody".to_owned(), |(place, why)| format!("{}: {why}", views[place].name))
    }

    /// Rows: DN-01, DN-02, DN-03, DN-04
    #[test]
    fn each_server_address_of_the_manuals_has_the_view_of_its_region() {
        let views = views_of_the_manuals();
        for (server, name) in [
            ("2404:1a8:f583:d00::53:1", "platform-east"),
            ("2404:1a8:f583:d00::53:2", "platform-east"),
            ("2001:a7ff:f014:d00::53:1", "platform-west"),
            ("2001:a7ff:f014:d00::53:2", "platform-west"),
            ("2404:1a8:7f01:a::3", "carrier-east"),
            ("2404:1a8:7f01:b::3", "carrier-east"),
            ("2001:a7ff:5f01::a", "carrier-west"),
            ("2001:a7ff:5f01:1::a", "carrier-west"),
        ] {
            assert_eq!(chosen(&views, server, "2408:210:28e2:ca00::1"), format!("{name}: the server address asked"));
        }
        assert_eq!(chosen(&views, "::1", "::1"), "nobody");
        assert_eq!(chosen(&[view_of_a_region(Region::West)], "::1", "::1"), "west: everybody gets this view");
    }

    #[test]
    fn the_address_asked_goes_before_the_prefix_and_the_longest_prefix_before_others() {
        let views = [
            view("any", &[], &[]),
            view("site", &[], &["2001:db8:1::/48", "192.0.2.0/24"]),
            view("server", &["::53"], &[]),
            view("server and region", &["::53"], &["2001:db8::/32"]),
            view("server and site", &["::53"], &["2001:db8:1::/48"]),
            view("never", &["::53"], &["2001:db8:1::/48"]),
        ];
        assert_eq!(
            chosen(&views, "::53", "2001:db8:1::7"),
            "server and site: the server address asked and the asker's prefix 2001:db8:1::/48"
        );
        assert_eq!(
            chosen(&views, "::53", "2001:db8:2::7"),
            "server and region: the server address asked and the asker's prefix 2001:db8::/32"
        );
        assert_eq!(chosen(&views, "::53", "192.0.2.7"), "server: the server address asked");
        assert_eq!(chosen(&views, "::54", "192.0.2.7"), "site: the asker's prefix 192.0.2.0/24");
        assert_eq!(chosen(&views, "::54", "::ffff:192.0.2.7"), "site: the asker's prefix 192.0.2.0/24");
        assert_eq!(chosen(&views, "::54", "192.0.3.7"), "any: everybody gets this view");
        assert_eq!(chosen(&views[1..], "::54", "192.0.3.7"), "nobody");
        let all = [view("all", &[], &["::/0"])];
        assert_eq!(chosen(&all, "::1", "2001:db8::1"), "all: the asker's prefix ::/0");
    }
}
