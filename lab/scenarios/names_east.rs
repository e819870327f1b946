//! East: behind every kind of router, every name of the manuals has the manuals' addresses, and internet names go elsewhere.

use manuals::Region;

use crate::steps;

/// Rows: DN-08, DN-09, DN-11, DN-12, DN-13, DN-14, DN-15, DN-16, DN-17, DN-18, DN-20, DN-21, DN-23, DN-28, NW-10, NW-12
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("names-east", |world| steps::names(world, Region::East, "tokyo"))
}
