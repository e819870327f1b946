//! A clinic in the west copied the eastern servers into its router: nothing of the closed network is found, the internet is, and the table of
//! its own region mends it.

use anyhow::ensure;
use lab::{SOMEWHERE, Way, routers};
use manuals::{Region, hosts};

use crate::steps;

/// Rows: DN-01, DN-02, DN-03, DN-04, LN-16
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("wrong-region", |world| {
        let plan = steps::usual(Region::West);
        let portal = hosts::line_portal().name;
        let lost = world.clinic(&plan.clone().called("lost").with_table(routers::forwards(Region::East)))?.terminal("reception")?;
        ensure!(lost.dig(portal, "AAAA", Way::Udp).unwrap_or_default().is_empty(), "the eastern servers answered the west");
        ensure!(!lost.dig(SOMEWHERE.0, "A", Way::Udp)?.is_empty(), "the internet is not lost");
        let mended = world.clinic(&plan.called("mended"))?.terminal("reception")?;
        mended.finds(portal, Way::Udp)
    })
}
