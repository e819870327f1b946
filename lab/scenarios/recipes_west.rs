//! West: every kind of site on a router of dnsmasq and on one of unbound, radvd and kea finds its names, and no others.

use manuals::Region;

use crate::every_recipe;

/// Rows: DN-01, DN-02, DN-03, DN-04, DN-05, DN-06, DN-07, DN-23, NW-04, NW-07, NW-08, NW-10, TA-02
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("recipes-west", |world| every_recipe::of(world, Region::West))
}
