//! Time passes for everybody, and nobody has renewed.

use anyhow::Result;
use lab::World;

use crate::center::proxy_answers;
use crate::ward::{FAULT, Fault, Ward, family_in, usual};

/// For how many days certificates are issued where time passes.
const SPAN: u32 = 100;

/// It is so many days later than it was, for everybody, and the proxy has a list of that day.
fn later(ward: &Ward<'_>, days: u32) -> Result<()> {
    ward.world.is_days_ahead(days)?;
    ward.center.operate(&["registry", "snapshot"])?;
    proxy_answers(ward, "200")
}

/// Time does not go back: the clinic gets another certificate.
const PASSING: &[Fault] = &[Fault {
    name: "nobody renewed: the certificate ended last week",
    cause: "certificate-expired",
    comes: |ward| {
        ward.stops_the_bridge()?;
        ward.says_of_itself("[keeper]\nrenew = false\n")?;
        ward.starts_the_bridge()?;
        later(ward, SPAN + 7)
    },
    goes: |ward| ward.is_enrolled_again(),
    ..FAULT
}];

/// The world's time passes, and its certificates are short.
fn quick(world: &World) -> Result<()> {
    world.issues_certificates_for(SPAN);
    world.has_a_clock()
}

/// Rows: CA-24, RN-01
#[test]
fn is_diagnosed() -> Result<()> {
    family_in("aging", quick, &usual(), PASSING)
}
