//! West: a person walks the line authentication in a browser: 希望しない, the back button, 希望する, and then a second terminal and a neighbour.

use manuals::Region;

use crate::steps;

/// Rows: LA-01, LA-02, LA-03, LA-04, LA-05, LA-06, LA-07, LA-12, LA-13, LA-18, NW-13, X-06
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("consent-west", |world| steps::consents(world, "consent-west", Region::West, "CAF1234567890"))
}
