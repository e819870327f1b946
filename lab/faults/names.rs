//! Names: who answers them, from which table, and what is lost on the way.

use anyhow::{Context, Result};
use lab::SOMEWHERE;
use lab::routers::{ROUTER, Rebinding, Settings};
use manuals::{Region, addresses, hosts};

use crate::causes::HEALTHY;
use crate::ward::{FAULT, Fault, Ward, family, nothing, usual};

/// The terminal asks these servers.
pub(crate) fn terminal_asks(ward: &Ward<'_>, servers: &[&str]) -> Result<()> {
    ward.terminal.machine().resolves_by(&servers.iter().map(|server| (*server).to_owned()).collect::<Vec<_>>())
}

pub(crate) fn terminal_asks_the_router(ward: &Ward<'_>) -> Result<()> {
    terminal_asks(ward, &[&format!("{ROUTER}%eth0")])
}

/// Whether a host's name belongs to a domain.
fn belongs(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
}

/// The router has a table without this host's domain.
pub(crate) fn without(ward: &Ward<'_>, host: &str) -> Result<()> {
    let mut settings = ward.clinic.settings();
    let before = settings.forwards.len();
    settings.forwards.retain(|forward| !belongs(host, forward.domain));
    anyhow::ensure!(settings.forwards.len() < before, "no domain of {host} stands in the table");
    ward.clinic.router_answers_by(&settings, "")
}

/// The router's table names these servers for this host's domain.
pub(crate) fn answered_by(ward: &Ward<'_>, host: &str, servers: &[std::net::Ipv6Addr]) -> Result<()> {
    let mut settings = ward.clinic.settings();
    let entry = settings.forwards.iter_mut().find(|forward| belongs(host, forward.domain)).context("no such domain")?;
    entry.servers = servers.to_vec();
    ward.clinic.router_answers_by(&settings, "")
}

pub(crate) fn router_as_before(ward: &Ward<'_>) -> Result<()> {
    ward.clinic.router_answers_as_before()
}

/// The internet's name server, over the internet's protocol.
pub(crate) const PROVIDER: &str = "203.0.113.53";

const MISSING: Fault = Fault { cause: "domain-missing", goes: router_as_before, ..FAULT };

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "the terminal asks the provider's resolver",
        cause: "terminal-asks-provider",
        comes: |ward| {
            ward.clinic.joins_the_internet(&ward.terminal)?;
            terminal_asks(ward, &[PROVIDER])
        },
        goes: terminal_asks_the_router,
        ..FAULT
    },
    Fault {
        name: "the terminal asks the provider's resolver first and the router second",
        cause: "two-resolvers",
        comes: |ward| terminal_asks(ward, &[PROVIDER, &format!("{ROUTER}%eth0")]),
        goes: terminal_asks_the_router,
        ..FAULT
    },
    Fault {
        name: "no name server is set at the terminal",
        cause: "no-resolver",
        comes: |ward| terminal_asks(ward, &[]),
        goes: terminal_asks_the_router,
        ..FAULT
    },
    Fault {
        name: "the router has no table",
        cause: "router-asks-provider",
        comes: |ward| {
            let mut settings = ward.clinic.settings();
            settings.forwards.clear();
            ward.clinic.router_answers_by(&settings, "")
        },
        goes: router_as_before,
        ..FAULT
    },
    Fault { name: "the portal's domain is missing from the table", comes: |ward| without(ward, hosts::portal().name), ..MISSING },
    Fault {
        name: "line authentication's domain is missing from the table",
        comes: |ward| without(ward, hosts::line_portal().name),
        ..MISSING
    },
    Fault { name: "distribution's domain is missing from the table", comes: |ward| without(ward, hosts::proxy().name), ..MISSING },
    Fault { name: "the revocation lists' domain is missing from the table", comes: |ward| without(ward, hosts::crl().name), ..MISSING },
    Fault {
        name: "the carrier's own zone is missing from the table",
        comes: |ward| without(ward, hosts::line_notifier(Region::East).name),
        ..MISSING
    },
    Fault {
        name: "the other region's servers stand in the router's table",
        cause: "wrong-region-names",
        comes: |ward| {
            let mut settings = ward.clinic.settings();
            settings.forwards = lab::routers::forwards(Region::West);
            ward.clinic.router_answers_by(&settings, "")
        },
        goes: router_as_before,
        ..FAULT
    },
    Fault {
        name: "the other region's servers are set at the terminal",
        cause: "wrong-region-names",
        comes: |ward| {
            let west = addresses::platform_servers(Region::West);
            terminal_asks(ward, &[&west.primary.to_string(), &west.secondary.to_string()])
        },
        goes: terminal_asks_the_router,
        ..FAULT
    },
    Fault {
        name: "a digit of both servers is wrong in the table for the portal's domain",
        cause: "server-mistyped",
        comes: |ward| {
            let server = addresses::platform_servers(Region::East).primary;
            let mut digits = server.octets();
            digits[15] = 0x51;
            answered_by(ward, hosts::portal().name, &[digits.into()])
        },
        goes: router_as_before,
        ..FAULT
    },
    Fault {
        name: "TCP 53 is closed at the router and the terminal knows no EDNS",
        cause: "big-answers-lost",
        comes: |ward| {
            let mut settings = ward.clinic.settings();
            settings.udp_size = 512;
            ward.clinic.router_answers_by(&settings, "")?;
            ward.clinic.router().filters(&["forward tcp dport 53 drop", "input tcp dport 53 drop", "output tcp dport 53 drop"])
        },
        goes: |ward| {
            ward.clinic.router().passes_all()?;
            router_as_before(ward)
        },
        ..FAULT
    },
    Fault {
        name: "the router takes private addresses out of answers",
        cause: "rebinding-protection",
        comes: |ward| {
            let settings = Settings { rebinding: Rebinding::Always, ..ward.clinic.settings() };
            ward.clinic.router_answers_by(&settings, "")
        },
        goes: router_as_before,
        ..FAULT
    },
    Fault {
        name: "the router takes private addresses out of answers, but not those of the network",
        cause: HEALTHY,
        comes: |ward| {
            let settings = Settings { rebinding: Rebinding::ExceptTheTable, ..ward.clinic.settings() };
            ward.clinic.router_answers_by(&settings, "")
        },
        goes: router_as_before,
        ..FAULT
    },
    Fault {
        name: "the router takes IPv6 addresses out of answers",
        cause: "v6-answers-lost",
        comes: |ward| ward.clinic.router_answers_by(&ward.clinic.settings(), "filter-AAAA\n"),
        goes: router_as_before,
        ..FAULT
    },
    Fault {
        name: "the router's name server hears nothing",
        cause: "router-names-silent",
        comes: |ward| ward.clinic.router().filters(&["input udp dport 53 drop", "input tcp dport 53 drop"]),
        goes: |ward| ward.clinic.router().passes_all(),
        ..FAULT
    },
    Fault {
        name: "the router's name server refuses everybody",
        cause: "router-names-silent",
        comes: |ward| ward.clinic.router().filters(&["input udp dport 53 reject", "input tcp dport 53 reject with tcp reset"]),
        goes: |ward| ward.clinic.router().passes_all(),
        ..FAULT
    },
    Fault {
        name: "a filter on the router gives the portal another address",
        cause: "name-spoofed",
        comes: |ward| {
            let line = format!("address=/{}/{}\n", hosts::portal().name, SOMEWHERE.1);
            ward.clinic.router_answers_by(&ward.clinic.settings(), &line)
        },
        goes: router_as_before,
        ..FAULT
    },
    Fault {
        name: "a hosts file at the terminal holds an old address of the portal",
        cause: "name-spoofed",
        comes: nothing,
        asked: |ward| {
            let line = format!("2001:db8::80 {}", hosts::portal().name);
            let file = ward.world.folder().join("hosts");
            let file = file.display();
            ward.examined_after(&format!("cp /etc/hosts {file}; echo '{line}' >> {file}; mount --bind {file} /etc/hosts"))
        },
        ..FAULT
    },
];

/// Rows: DN-01, DN-03, DN-04, DN-05, DN-06, DN-23, NW-10, NW-12, SU-06, SU-08
#[test]
fn is_diagnosed() -> Result<()> {
    family("names", &usual(), FAULTS)
}
