//! Writes the configuration of a clinic's router as the manuals ask for it: texts for Debian's programs, from data, without any IO.

pub mod dnsmasq;
pub mod phone;
pub mod prefix;
pub mod unbound;

use std::net::Ipv6Addr;

use manuals::{Region, addresses, domains};

/// Who answers names in a clinic's LAN (NW-10, NW-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The router, with dnsmasq: it asks per domain, and advertises prefix and itself.
    Dnsmasq,
    /// The router, with unbound; radvd advertises prefix and router.
    Unbound,
    /// Nobody: each terminal names the platform's servers itself.
    Terminal,
}

/// How the line's prefix comes to the LAN (NW-07, NW-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uplink {
    /// The carrier advertises a /64; the router passes it on and answers for the LAN's addresses (ND proxy).
    Advertised,
    /// A phone router above holds a /56 by DHCPv6 and delegates a part of it.
    Delegated,
}

/// A clinic's router on its LAN.
pub const ROUTER: &str = "fe80::1";
/// What stands above a WAN. Another address than the router's own: an ND proxy leaves alone what seems to come from itself.
pub const ABOVE: &str = "fe80::a";
/// The end of a WAN that the next machine above routes to.
pub const BELOW: &str = "fe80::2";

/// What a router is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who answers names.
    pub names: Names,
    /// How the prefix comes.
    pub uplink: Uplink,
    /// Which servers are asked for which domain, first match first.
    pub forwards: Vec<Forward>,
    /// Who is asked for everything else.
    pub internet: String,
    /// The largest answer asked for over UDP; 512 is a router that does not know EDNS.
    pub udp_size: u16,
}

/// A domain and its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The domain, with everything below it.
    pub domain: &'static str,
    /// Its servers, in this order.
    pub servers: Vec<Ipv6Addr>,
}

/// The per-domain table of the manuals for a region: the carrier's own zone, and the domains of both services (DN-01 to DN-07).
#[must_use]
pub fn forwards(region: Region) -> Vec<Forward> {
    let carrier = addresses::carrier_servers(region);
    let platform = addresses::platform_servers(region);
    let own = carrier.zone.map(|zone| Forward { domain: zone, servers: vec![carrier.primary, carrier.secondary] });
    let others = domains::union().into_iter().map(|domain| Forward { domain, servers: vec![platform.primary, platform.secondary] });
    own.into_iter().chain(others).collect()
}

/// A file of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// Its name in the router's folder.
    pub name: &'static str,
    /// What stands in it.
    pub text: String,
}

/// A program of a router, started in the folder of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Its name.
    pub program: &'static str,
    /// Its words.
    pub words: &'static [&'static str],
}

/// Everything that a router runs.
#[derive(Debug, Clone, Default)]
pub struct Recipe {
    /// Its files.
    pub files: Vec<ConfigFile>,
    /// Its programs, in this order.
    pub programs: Vec<Start>,
}

impl Recipe {
    fn file(&mut self, name: &'static str, text: String) {
        self.files.push(ConfigFile { name, text });
    }

    fn start(&mut self, program: &'static str, words: &'static [&'static str]) {
        self.programs.push(Start { program, words });
    }
}

/// The files and programs of a clinic's router. Its interfaces are `wan`, `lan` and, towards the internet, `inet`.
#[must_use]
pub fn recipe(settings: &Settings) -> Recipe {
    let mut recipe = Recipe::default();
    match settings.uplink {
        Uplink::Advertised => {
            recipe.file("ndppd.conf", prefix::NEIGHBOURS.to_owned());
            recipe.start("ndppd", &["-c", "ndppd.conf"]);
        }
        Uplink::Delegated => {
            recipe.file("dhcp6c.conf", prefix::client(phone::DELEGATED));
            recipe.start("dhcp6c", prefix::CLIENT);
        }
    }
    match settings.names {
        Names::Dnsmasq => {
            recipe.file("dnsmasq.conf", dnsmasq::config(settings));
            recipe.start("dnsmasq", dnsmasq::START);
        }
        Names::Unbound => {
            recipe.file("unbound.conf", unbound::config(settings));
            recipe.start("unbound", unbound::START);
        }
        Names::Terminal => {}
    }
    recipe.file("follow.sh", prefix::follow(settings.uplink, settings.names));
    recipe.start("sh", &["follow.sh"]);
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(names: Names, uplink: Uplink) -> Settings {
        let internet = "203.0.113.53".to_owned();
        Settings { names, uplink, forwards: forwards(Region::East), internet, udp_size: 1232 }
    }

    /// Rows: DN-01, DN-02, DN-03, DN-04, DN-05, DN-06, DN-07, NW-10
    #[test]
    fn every_domain_of_the_manuals_has_its_servers_in_both_programs() {
        for region in [Region::East, Region::West] {
            let table = forwards(region);
            assert_eq!(table.len(), 13, "the union of twelve, and the carrier's own zone");
            let settings = Settings { forwards: table.clone(), ..settings(Names::Unbound, Uplink::Advertised) };
            let (dnsmasq, unbound) = (dnsmasq::config(&settings), unbound::config(&settings));
            for Forward { domain, servers } in table {
                for server in servers {
                    assert!(dnsmasq.contains(&format!("server=/{domain}/{server}\n")), "{dnsmasq}");
                    assert!(unbound.contains(&format!("  forward-addr: {server}\n")), "{unbound}");
                }
                assert!(unbound.contains(&format!("  name: \"{domain}.\"\n")), "{unbound}");
            }
        }
    }

    #[test]
    fn each_kind_starts_what_it_needs_and_nothing_else() {
        let programs = |names, uplink| -> Vec<&str> {
            let recipe = recipe(&settings(names, uplink));
            recipe.programs.iter().map(|start| start.program).collect()
        };
        assert_eq!(programs(Names::Dnsmasq, Uplink::Advertised), ["ndppd", "dnsmasq", "sh"]);
        assert_eq!(programs(Names::Unbound, Uplink::Delegated), ["dhcp6c", "unbound", "sh"]);
        assert_eq!(programs(Names::Terminal, Uplink::Advertised), ["ndppd", "sh"]);
    }
}
