//! A firewall lets nothing of TCP 53 pass: the base's long answer is lost to a router that knows no EDNS, and to nobody else.

use std::time::Duration;

use anyhow::ensure;
use lab::{Faults, Way};
use manuals::{Region, hosts};

use crate::steps;

/// Rows: DN-21, DN-23
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("tcp-blocked", |world| {
        let blocked = Faults { no_tcp_53: true, ..Faults::default() };
        let plan = steps::usual(Region::East).on_a_bad_line(blocked);
        let (long, short) = (hosts::proxy_check().name, hosts::line_portal().name);
        let clinic = world.clinic(&plan.clone().called("old-router").without_edns())?;
        let terminal = clinic.terminal("reception")?;
        terminal.finds(short, Way::Udp)?;
        ensure!(terminal.finds(long, Way::Udp).is_err(), "{long} came through in 512 bytes");
        clinic.line_becomes(Faults::default());
        terminal.finds(long, Way::Udp)?;
        let modern = world.clinic(&plan.called("new-router"))?.terminal("reception")?;
        modern.finds(long, Way::Udp)?;
        let far = Faults { delay: Duration::from_millis(40), ..blocked };
        let far = world.clinic(&steps::usual(Region::East).called("far").on_a_bad_line(far))?.terminal("reception")?;
        far.finds(long, Way::Udp)
    })
}
