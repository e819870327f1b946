//! A clinic below a phone router (ひかり電話): prefixes are delegated there, and its name server knows nothing.

use anyhow::Result;
use lab::Plan;
use lab::routers::{ABOVE, Elsewhere, Names, Uplink};
use manuals::Region;

use crate::ward::{FAULT, Fault, family};

const FAULTS: &[Fault] = &[Fault {
    name: "the router asks the phone router for every name",
    cause: "router-asks-phone-router",
    comes: |ward| {
        let mut settings = ward.clinic.settings();
        settings.forwards.clear();
        settings.internet = Elsewhere::Servers(vec![format!("{ABOVE}%wan")]);
        ward.clinic.router_answers_by(&settings, "")
    },
    goes: |ward| ward.clinic.router_answers_as_before(),
    ..FAULT
}];

/// Rows: NW-03, NW-04, NW-08
#[test]
fn is_diagnosed() -> Result<()> {
    family("phone", &Plan::new("clinic", Region::West, Names::Dnsmasq, Uplink::Delegated), FAULTS)
}
