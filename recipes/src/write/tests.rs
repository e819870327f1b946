//! What must hold of every recipe, whatever the site: two servers for each domain, the prefix by the right way, and honesty.

use super::*;
use crate::site::{Internet, Site};

fn each() -> impl Iterator<Item = (Device, Site, Written)> {
    Site::all().flat_map(|site| Device::ALL.into_iter().map(move |device| (device, site, write(device, &Order::of(site)))))
}

fn whole(written: &Written) -> String {
    written.files.iter().map(|file| file.text.as_str()).collect()
}

/// Rows: DN-01, DN-02, DN-03, DN-04, DN-05, DN-06, DN-07, NW-10, NW-11
#[test]
fn every_recipe_names_every_domain_and_both_servers() {
    for (device, site, written) in each() {
        let text = whole(&written).to_ascii_lowercase().replace('\\', "");
        for forward in table::forwards(site.region, site.services) {
            assert!(text.contains(forward.domain), "{device:?} {site:?}: {}", forward.domain);
            for server in forward.servers {
                assert!(text.contains(&server.to_string()), "{device:?} {site:?}: {server}");
            }
        }
        let other = if site.region == manuals::Region::East { manuals::Region::West } else { manuals::Region::East };
        for forward in table::forwards(other, site.services) {
            assert!(
                forward.servers.iter().all(|server| !text.contains(&server.to_string())),
                "{device:?} {site:?}: a server of the other region"
            );
        }
    }
}

/// Rows: NW-07, NW-08
#[test]
fn the_prefix_comes_by_the_way_that_the_phone_asks_for() {
    for (device, site, written) in each() {
        let text = whole(&written);
        let (by_ra, by_pd): (&str, &str) = match device {
            Device::Yamaha => ("ra-prefix@lan2", "dhcp-prefix@lan2"),
            Device::Ix => ("ipv6 nd proxy", "ia-pd subscriber"),
            Device::Fortigate => ("config system nd-proxy", "dhcp6-prefix-delegation enable"),
            Device::Openwrt => ("ndp='relay'", "reqprefix='auto'"),
            Device::Dnsmasq | Device::Unbound => ("iface lan", "ia-pd 0"),
            Device::Cisco | Device::Nrpt | Device::Gateway | Device::Buffalo => continue,
        };
        assert_eq!((text.contains(by_ra), text.contains(by_pd)), (!site.phone, site.phone), "{device:?} {site:?}\n{text}");
    }
}

/// Rows: LN-15, NW-06
#[test]
fn what_stands_between_and_below_a_router_is_told_where_it_matters() {
    for (device, site, written) in each() {
        let router = device != Device::Nrpt;
        let steps = written.steps.concat();
        assert_eq!(steps.contains("STP"), router, "{device:?}");
        assert_eq!(steps.contains("PPPoE パススルー"), router && site.services == Services::Both, "{device:?} {site:?}");
    }
}

#[test]
fn every_recipe_says_what_was_not_tried_and_its_files_say_so_too() {
    for (device, site, written) in each() {
        assert!(written.untried.contains(&NO_LINE), "{device:?} {site:?}");
        let tried_here = matches!(device, Device::Dnsmasq | Device::Unbound);
        assert_eq!(written.untried.iter().any(|line| line.contains("実機")), !tried_here, "{device:?}");
        for file in &written.files {
            assert!(file.text.contains("試していないこと: "), "{device:?} {}", file.name);
        }
    }
}

/// Rows: DN-28
#[test]
fn nobody_is_told_to_ping() {
    for (device, site, written) in each() {
        let asked = written.plan.iter().flat_map(|check| &check.how).any(|how| how.starts_with("ping"));
        let keeps_alive = whole(&written).contains("icmp-echo");
        assert!(!asked && !keeps_alive, "{device:?} {site:?}");
    }
}

/// Rows: DN-08, DN-09, DN-10, DN-23, TA-01, SU-04
#[test]
fn the_plan_asks_for_the_names_of_the_services_in_use() {
    let prefecture = manuals::prefecture_by_romaji("shimane");
    for site in Site::all() {
        let written = write(Device::Yamaha, &Order { prefecture, ..Order::of(site) });
        let names = written.plan.iter().filter(|check| check.what.starts_with("名前 ")).count();
        let wanted = match site.services {
            crate::site::Services::Eligibility => 5,
            crate::site::Services::Claims => 9,
            crate::site::Services::Both => 11,
        };
        assert_eq!(names, wanted, "{site:?}");
        let all: String = written.plan.iter().flat_map(|check| check.how.clone()).collect();
        assert!(!all.contains("XXXX"), "{all}");
        assert!(written.plan.iter().enumerate().all(|(place, check)| check.number == place + 1));
        assert!(written.plan.first().is_some_and(|check| check.see.contains("一時IPv6アドレス")));
        let internet = written.plan.iter().any(|check| check.what == "インターネット");
        assert_eq!(internet, site.internet != Internet::None);
    }
}

/// Without the exceptions, a guard against rebinding throws away what the closed network answers.
#[test]
fn the_guards_against_rebinding_know_every_domain() {
    for (device, site, written) in each() {
        let text = whole(&written);
        for forward in table::forwards(site.region, site.services) {
            let exception = match device {
                Device::Openwrt => format!("rebind_domain='/{}/'", forward.domain),
                Device::Dnsmasq => format!("rebind-domain-ok=/{}/", forward.domain),
                Device::Unbound => format!("private-domain: \"{}.\"", forward.domain),
                _ => continue,
            };
            assert!(text.contains(&exception), "{device:?}: {exception}");
        }
    }
}

/// Yamaha: the first match wins, EDNS is said at each server, and IPv6 exists on vlan1 only.
#[test]
fn yamaha_traps_are_avoided_by_construction() {
    for (device, site, written) in each().filter(|(device, _, _)| *device == Device::Yamaha) {
        let text = whole(&written);
        for line in text.lines().filter(|line| line.starts_with("dns server select")) {
            let number: usize = line.split(' ').nth(3).and_then(|word| word.parse().ok()).unwrap();
            let catches_all = line.ends_with(" any .");
            assert_eq!(number >= 500_000, catches_all, "{line}");
            assert!(catches_all || line.matches("edns=on").count() == 2, "{line}");
        }
        assert_eq!(text.contains("ipv6 vlan1 address"), site.split, "{device:?}");
        assert!(!text.contains("ipv6 vlan2") && !text.contains("ipv6 lan1.2"));
        assert!(text.contains("dns notice order dhcpv6 me") && text.contains("o_flag=on") && text.contains("ngn type lan2 ntt"));
    }
}

#[test]
fn the_providers_servers_stand_where_the_device_does_not_learn_them() {
    let site = Site {
        region: manuals::Region::East,
        services: crate::site::Services::Both,
        phone: false,
        internet: Internet::Pppoe,
        split: false,
    };
    let order = Order { resolvers: vec!["203.0.113.53".parse().unwrap()], ..Order::of(site) };
    for device in [Device::Yamaha, Device::Ix, Device::Cisco, Device::Fortigate, Device::Openwrt, Device::Dnsmasq, Device::Unbound] {
        assert!(whole(&write(device, &order)).contains("203.0.113.53"), "{device:?}");
    }
}
