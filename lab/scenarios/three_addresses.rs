//! A terminal behind each kind of router has the three addresses that the manuals want to see, in the line's prefix.

use lab::routers::{Names, Uplink};
use lab::{Plan, story};
use manuals::Region;

/// Rows: TA-01, TA-02, NW-02, NW-03, NW-07, NW-12
#[test]
fn story_of_three_addresses() -> anyhow::Result<()> {
    story("three-addresses", |world| {
        for (label, names, uplink) in [
            ("dnsmasq", Names::Dnsmasq, Uplink::Advertised),
            ("unbound", Names::Unbound, Uplink::Advertised),
            ("bare", Names::Terminal, Uplink::Advertised),
            ("phone-dnsmasq", Names::Dnsmasq, Uplink::Delegated),
            ("phone-unbound", Names::Unbound, Uplink::Delegated),
        ] {
            let clinic = world.clinic(&Plan::new(label, Region::East, names, uplink))?;
            let terminal = clinic.terminal("reception")?;
            let addresses = terminal.addresses_within(&clinic.prefix())?;
            assert_eq!(addresses.link_local.len(), 1);
            let routes = terminal.machine().run("ip", &["-6", "route", "show", "default"])?;
            assert!(routes.starts_with("default via fe80::1 dev eth0"), "{label}: {routes}");
        }
        Ok(())
    })
}
