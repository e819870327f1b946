//! What passes between the terminal and the line: ports, sizes, and boxes that open what is closed.

use anyhow::Result;

use crate::ward::{FAULT, Fault, Ward, family, usual};

fn all_pass(ward: &Ward<'_>) -> Result<()> {
    ward.clinic.router().passes_all()
}

const CLOSED: Fault = Fault { goes: all_pass, ..FAULT };

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "the site's firewall drops port 8080",
        cause: "port-8080-closed",
        comes: |ward| ward.clinic.router().filters(&["forward tcp dport 8080 drop"]),
        ..CLOSED
    },
    Fault {
        name: "the site's firewall refuses port 443",
        cause: "port-443-closed",
        comes: |ward| ward.clinic.router().filters(&["forward tcp dport 443 reject with tcp reset"]),
        ..CLOSED
    },
    Fault {
        name: "the site's firewall drops port 443",
        cause: "port-443-closed",
        comes: |ward| ward.clinic.router().filters(&["forward tcp dport 443 drop"]),
        ..CLOSED
    },
    Fault {
        name: "the site's firewall drops UDP 123",
        cause: "port-123-closed",
        comes: |ward| ward.clinic.router().filters(&["forward udp dport 123 drop"]),
        ..CLOSED
    },
    Fault {
        name: "large packets are lost on the way, and nobody says so",
        cause: "large-packets-lost",
        comes: |ward| ward.clinic.router().filters(&["forward meta length > 1340 drop"]),
        ..CLOSED
    },
    Fault {
        name: "a box in the path lets no IPv6 pass",
        cause: "box-in-path",
        comes: |ward| ward.clinic.router().filters(&["forward meta nfproto ipv6 drop"]),
        ..CLOSED
    },
];

/// Rows: NW-05, NW-09, DN-23, PX-01
#[test]
fn is_diagnosed() -> Result<()> {
    family("passage", &usual(), FAULTS)
}
