//! A router below a phone router asks that for names: nothing of the closed network is found. Naming the platform's servers itself mends it.

use anyhow::ensure;
use lab::routers::{Names, Uplink};
use lab::{Plan, SOMEWHERE, Way};
use manuals::{Region, hosts};

/// Rows: NW-04, SU-07
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("phone-router", |world| {
        let plan = Plan::new("below", Region::East, Names::Dnsmasq, Uplink::Delegated);
        let portal = hosts::line_portal().name;
        let lost = world.clinic(&plan.clone().asking_the_phone_router())?.terminal("reception")?;
        ensure!(lost.dig(portal, "AAAA", Way::Udp)?.is_empty(), "the phone router found {portal}");
        ensure!(!lost.dig(SOMEWHERE.0, "A", Way::Udp)?.is_empty(), "the phone router knows the internet");
        let mended = world.clinic(&plan.called("mended"))?.terminal("reception")?;
        mended.finds(portal, Way::Udp)
    })
}
