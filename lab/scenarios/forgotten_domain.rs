//! One domain is missing in a router's table: its names are asked of the internet, which knows nothing of them, and all others are found.

use anyhow::ensure;
use lab::{Way, routers};
use manuals::{Region, hosts};

use crate::steps;

/// Rows: DN-05, DN-06, NW-10, NW-11, DN-29
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("forgotten-domain", |world| {
        let mut table = routers::forwards(Region::East);
        let check = hosts::proxy_check().name;
        table.retain(|forward| !check.ends_with(forward.domain));
        ensure!(table.len() == routers::forwards(Region::East).len() - 1, "one domain less");
        let terminal = world.clinic(&steps::usual(Region::East).with_table(table))?.terminal("reception")?;
        ensure!(terminal.dig(check, "AAAA", Way::Udp)?.is_empty(), "somebody knows {check}");
        ensure!(world.internet()?.was_asked_for(check), "the internet was not asked for {check}");
        terminal.finds(hosts::line_portal().name, Way::Udp)?;
        terminal.finds(hosts::portal().name, Way::Udp)
    })
}
