//! A terminal behind each kind of router has the three addresses that the manuals want to see, in the line's prefix.

use anyhow::ensure;
use lab::Plan;
use manuals::Region;

use crate::steps::KINDS;

/// Rows: TA-01, TA-02, NW-02, NW-03, NW-07, NW-08, NW-12
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("three-addresses", |world| {
        for (label, names, uplink) in KINDS {
            let clinic = world.clinic(&Plan::new(label, Region::East, names, uplink))?;
            let terminal = clinic.terminal("reception")?;
            let addresses = terminal.addresses_within(&clinic.prefix())?;
            ensure!(addresses.link_local.len() == 1, "{label}: {addresses:?}");
            let routes = terminal.machine().run("ip", &["-6", "route", "show", "default"])?;
            ensure!(routes.starts_with("default via fe80::1 dev eth0"), "{label}: {routes}");
        }
        Ok(())
    })
}
