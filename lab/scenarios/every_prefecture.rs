//! All 47 prefectures' names are looked up in both regions, and each has an address of its own.

use std::collections::BTreeSet;

use anyhow::ensure;
use lab::Way;
use manuals::{Region, addresses, prefectures, zones};

use crate::steps;

/// Rows: DN-10, DN-19
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("every-prefecture", |world| {
        for region in [Region::East, Region::West] {
            let terminal = world.clinic(&steps::usual(region).called(region.key()))?.terminal("reception")?;
            let mut seen = BTreeSet::new();
            for prefecture in prefectures() {
                let name = addresses::prefecture_host(prefecture);
                let found = terminal.dig(&name, "AAAA", Way::Udp)?;
                ensure!(found == zones::addresses_of(&name, region), "{name} has {found:?}");
                seen.extend(found);
            }
            ensure!(seen.len() == 47, "{} addresses", seen.len());
        }
        Ok(())
    })
}
