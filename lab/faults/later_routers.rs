//! Faults that were written after the table was frozen: behind a router with unbound, and at a terminal that asks the platform's servers itself.

use anyhow::Result;
use lab::Plan;
use lab::SOMEWHERE;
use lab::routers::{Names, Rebinding, Settings, Uplink};
use manuals::{Region, addresses, hosts};

use crate::later::LATER;
use crate::names::{PROVIDER, answered_by, router_as_before, terminal_asks, without};
use crate::ward::{Fault, Ward, family};

const UNBOUND: Fault = Fault { goes: router_as_before, ..LATER };

const BEHIND_UNBOUND: &[Fault] = &[
    Fault {
        name: "unbound takes private addresses out of answers",
        cause: "rebinding-protection",
        comes: |ward| ward.clinic.router_answers_by(&Settings { rebinding: Rebinding::Always, ..ward.clinic.settings() }, ""),
        ..UNBOUND
    },
    Fault {
        name: "unbound has no zone for distribution",
        cause: "domain-missing",
        comes: |ward| without(ward, hosts::proxy().name),
        ..UNBOUND
    },
    Fault {
        name: "unbound has no zone for the revocation lists",
        cause: "domain-missing",
        comes: |ward| without(ward, hosts::crl().name),
        ..UNBOUND
    },
    Fault {
        name: "unbound has no zones at all",
        cause: "router-asks-provider",
        comes: |ward| ward.clinic.router_answers_by(&Settings { forwards: Vec::new(), ..ward.clinic.settings() }, ""),
        ..UNBOUND
    },
    Fault {
        name: "unbound's zone of line authentication names a server that is none",
        cause: "server-mistyped",
        comes: |ward| {
            let mut digits = addresses::platform_servers(Region::East).primary.octets();
            digits[15] = 0x99;
            answered_by(ward, hosts::line_portal().name, &[digits.into()])
        },
        ..UNBOUND
    },
    Fault {
        name: "unbound refuses the LAN",
        cause: "router-names-silent",
        comes: |ward| {
            ward.clinic.router_answers_by_text(&ward.clinic.settings(), |text| {
                *text = text.replace("access-control: ::/0 allow", "access-control: ::/0 refuse");
            })
        },
        ..UNBOUND
    },
    Fault {
        name: "unbound was told an address of the portal by hand",
        cause: "name-spoofed",
        comes: |ward| {
            let host = hosts::portal().name;
            let lines = format!("server:\n  local-zone: \"{host}.\" redirect\n  local-data: \"{host}. A {}\"\n", SOMEWHERE.1);
            ward.clinic.router_answers_by(&ward.clinic.settings(), &lines)
        },
        ..UNBOUND
    },
    Fault {
        name: "unbound's zones are the other region's",
        cause: "wrong-region-names",
        comes: |ward| {
            let settings = Settings { forwards: lab::routers::forwards(Region::West), ..ward.clinic.settings() };
            ward.clinic.router_answers_by(&settings, "")
        },
        ..UNBOUND
    },
];

/// Rows: NW-10, DN-13, DN-20
#[test]
fn unbound_is_diagnosed() -> Result<()> {
    family("later-unbound", &Plan::new("clinic", Region::East, Names::Unbound, Uplink::Advertised), BEHIND_UNBOUND)
}

/// The terminal asks its own region's servers again.
fn asks_its_own(ward: &Ward<'_>) -> Result<()> {
    let servers = addresses::platform_servers(Region::West);
    terminal_asks(ward, &[&servers.primary.to_string(), &servers.secondary.to_string()])
}

const WITHOUT_A_ROUTERS_NAMES: &[Fault] = &[
    Fault {
        name: "the internet's names are lost where they are needed too",
        cause: "internet-lost",
        comes: |ward| ward.edits("clinic.toml", "phone_router = false", "phone_router = false\ninternet = true"),
        goes: |ward| ward.edits("clinic.toml", "\ninternet = true", ""),
        ..LATER
    },
    Fault {
        name: "a terminal in the west asks the east",
        cause: "wrong-region-names",
        comes: |ward| {
            let servers = addresses::platform_servers(Region::East);
            terminal_asks(ward, &[&servers.primary.to_string(), &servers.secondary.to_string()])
        },
        goes: asks_its_own,
        ..LATER
    },
    Fault {
        name: "a box lets no question for names pass",
        cause: "box-in-path",
        comes: |ward| ward.clinic.router().filters(&["forward udp dport 53 drop", "forward tcp dport 53 drop"]),
        goes: |ward| ward.clinic.router().passes_all(),
        ..LATER
    },
    Fault {
        name: "a box lets questions for names pass over UDP only",
        cause: "big-answers-lost",
        comes: |ward| ward.clinic.router().filters(&["forward tcp dport 53 drop"]),
        goes: |ward| ward.clinic.router().passes_all(),
        ..LATER
    },
    Fault {
        name: "the terminal went back to the provider's name server",
        cause: "terminal-asks-provider",
        comes: |ward| {
            ward.clinic.joins_the_internet(&ward.terminal)?;
            terminal_asks(ward, &[PROVIDER])
        },
        goes: asks_its_own,
        ..LATER
    },
];

/// Rows: DN-02, DN-04, DN-31, NW-11
#[test]
fn a_bare_terminal_is_diagnosed() -> Result<()> {
    family("later-bare", &Plan::new("clinic", Region::West, Names::Terminal, Uplink::Advertised), WITHOUT_A_ROUTERS_NAMES)
}
