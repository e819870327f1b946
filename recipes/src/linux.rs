//! A router made of a Linux machine and Debian's programs: their files and in which order they start. The lab runs these very files.

pub mod dnsmasq;
pub mod filter;
pub mod kea;
pub mod phone;
pub mod prefix;
pub mod unbound;

use manuals::Region;

use crate::site::{Internet, Order, Services};
use crate::table;
pub use crate::table::Forward;

/// Who answers names in a clinic's LAN (NW-10, NW-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The router, with dnsmasq: it asks per domain, and advertises prefix and itself.
    Dnsmasq,
    /// The router, with unbound; radvd advertises the prefix, and radvd and kea name the router.
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

/// Who is asked for everything that the table does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// Nobody: the line is for the closed network alone.
    Nobody,
    /// These servers.
    Servers(Vec<String>),
    /// The servers in this file, which the program of the internet connection writes.
    File(&'static str),
}

/// How the name server guards against answers with addresses of private networks (DNS rebinding). The closed network's answers hold such addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebinding {
    /// It does not.
    Open,
    /// It does, but for the domains of the table.
    ExceptTheTable,
    /// It does, for every name: what a router does that knows nothing of the closed network.
    Always,
}

/// The names of a router's interfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interfaces {
    /// Towards the line.
    pub wan: &'static str,
    /// Towards the terminal.
    pub lan: &'static str,
    /// The clinic's other LAN, when it is apart.
    pub office: Option<&'static str>,
    /// Towards the internet, when there is one.
    pub internet: Option<&'static str>,
}

impl Interfaces {
    /// Those of the lab.
    pub const LAB: Interfaces = Interfaces { wan: "wan", lan: "lan", office: None, internet: Some("inet") };
}

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
    pub internet: Elsewhere,
    /// The largest answer asked for over UDP; 512 is a router that does not know EDNS.
    pub udp_size: u16,
    /// The guard against rebinding.
    pub rebinding: Rebinding,
    /// Its interfaces.
    pub interfaces: Interfaces,
}

/// The largest UDP answer that passes every line unbroken.
pub const UDP_SIZE: u16 = 1232;

impl Settings {
    /// As the manuals ask for it, with the lab's interfaces and nobody asked for anything else.
    #[must_use]
    pub fn new(names: Names, uplink: Uplink, forwards: Vec<Forward>) -> Settings {
        let (internet, rebinding, interfaces) = (Elsewhere::Nobody, Rebinding::ExceptTheTable, Interfaces::LAB);
        Settings { names, uplink, forwards, internet, udp_size: UDP_SIZE, rebinding, interfaces }
    }

    /// For an order, on a machine with these interfaces.
    #[must_use]
    pub fn of(names: Names, order: &Order, interfaces: Interfaces) -> Settings {
        let site = order.site;
        let uplink = if site.phone { Uplink::Delegated } else { Uplink::Advertised };
        let internet = match site.internet {
            Internet::None => Elsewhere::Nobody,
            _ if !order.resolvers.is_empty() => Elsewhere::Servers(order.resolvers.iter().map(ToString::to_string).collect()),
            Internet::Pppoe => Elsewhere::File("/etc/ppp/resolv.conf"),
            Internet::Ipoe => Elsewhere::File("/etc/resolv.conf"),
        };
        Settings { internet, interfaces, ..Settings::new(names, uplink, table::forwards(site.region, site.services)) }
    }
}

/// The per-domain table of the manuals for a region and both services.
#[must_use]
pub fn forwards(region: Region) -> Vec<Forward> {
    table::forwards(region, Services::Both)
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

/// The files and programs of a clinic's router.
#[must_use]
pub fn recipe(settings: &Settings) -> Recipe {
    let mut recipe = Recipe::default();
    recipe.file("nftables.conf", filter::rules(settings));
    match settings.uplink {
        Uplink::Advertised => {
            recipe.file("ndppd.conf", prefix::neighbours(&settings.interfaces));
            recipe.start("ndppd", &["-c", "ndppd.conf"]);
        }
        Uplink::Delegated => {
            recipe.file("dhcp6c.conf", prefix::client(&settings.interfaces, phone::DELEGATED));
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
            recipe.file("kea-dhcp6.conf", kea::stateless(&settings.interfaces));
            recipe.start("env", kea::START);
        }
        Names::Terminal => {}
    }
    if settings.names != Names::Dnsmasq {
        recipe.file("radvd.conf.in", prefix::advertisement(settings));
    }
    recipe.file("follow.sh", prefix::follow(settings));
    recipe.start("sh", &["follow.sh"]);
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(names: Names, uplink: Uplink) -> Settings {
        Settings::new(names, uplink, forwards(Region::East))
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
                assert!(unbound.contains(&format!("  domain-insecure: \"{domain}.\"\n")), "{unbound}");
                assert!(unbound.contains(&format!("  private-domain: \"{domain}.\"\n")), "{unbound}");
                assert!(dnsmasq.contains(&format!("rebind-domain-ok=/{domain}/\n")), "{dnsmasq}");
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
        assert_eq!(programs(Names::Unbound, Uplink::Delegated), ["dhcp6c", "unbound", "env", "sh"]);
        assert_eq!(programs(Names::Terminal, Uplink::Advertised), ["ndppd", "sh"]);
    }

    #[test]
    fn whoever_is_asked_for_everything_else_stands_in_both_programs() {
        let with = |internet| Settings { internet, ..settings(Names::Dnsmasq, Uplink::Advertised) };
        let nobody = with(Elsewhere::Nobody);
        assert!(unbound::config(&nobody).contains("local-zone: \".\" refuse"));
        assert!(dnsmasq::config(&nobody).contains("\nno-resolv\n"));
        let somebody = with(Elsewhere::Servers(vec!["203.0.113.53".to_owned()]));
        assert!(unbound::config(&somebody).contains("forward-addr: 203.0.113.53"));
        assert!(dnsmasq::config(&somebody).contains("\nserver=203.0.113.53\n"));
        let file = with(Elsewhere::File("/etc/ppp/resolv.conf"));
        assert!(dnsmasq::config(&file).contains("\nresolv-file=/etc/ppp/resolv.conf\n"));
        assert!(unbound::config(&file).contains("local-zone: \".\" refuse"), "unbound reads no such file");
    }
}
