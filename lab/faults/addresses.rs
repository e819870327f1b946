//! The terminal, its cable, its addresses and the router that gives them.

use std::time::Duration;

use anyhow::Result;
use lab::patience::until;

use crate::ward::{FAULT, Fault, Ward, family, usual};

const SOON: Duration = Duration::from_secs(60);

/// The terminal's addresses have come again.
pub(crate) fn addresses_return(ward: &Ward<'_>) -> Result<()> {
    ward.terminal.addresses_within(&ward.clinic.prefix())?;
    Ok(())
}

/// The terminal's addresses of the network are gone.
fn addresses_go(ward: &Ward<'_>) -> Result<()> {
    until("the end of the addresses", SOON, || Ok(ward.terminal.addresses()?.lasting.is_empty().then_some(())))
}

/// The adapter is switched off and on, as people do.
pub(crate) fn adapter_again(ward: &Ward<'_>) -> Result<()> {
    let machine = ward.terminal.machine();
    machine.ip("link set eth0 down\nlink set eth0 up")?;
    addresses_return(ward)
}

/// An address of a line that is not this one.
const STRANGE: &str = "2408:210:ffff:100::10";

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "IPv6 is switched off at the adapter",
        cause: "ipv6-off",
        comes: |ward| ward.terminal.machine().settings(&[("ipv6/conf/eth0/disable_ipv6", "1")]),
        goes: |ward| {
            ward.terminal.machine().settings(&[("ipv6/conf/eth0/disable_ipv6", "0")])?;
            adapter_again(ward)
        },
        ..FAULT
    },
    Fault {
        name: "the adapter is switched off",
        cause: "no-cable",
        comes: |ward| ward.terminal.machine().ip("link set eth0 down"),
        goes: adapter_again,
        ..FAULT
    },
    Fault {
        name: "the terminal's cable is pulled at the router",
        cause: "no-cable",
        comes: |ward| ward.clinic.router().ip("link set port0 down"),
        goes: |ward| {
            ward.clinic.router().ip("link set port0 up")?;
            adapter_again(ward)
        },
        ..FAULT
    },
    Fault {
        name: "the router is switched off and a hub keeps the cable's light on",
        cause: "no-router",
        comes: |ward| {
            ward.clinic.router_is_switched_off()?;
            ward.terminal.machine().ip("link set eth0 down\nlink set eth0 up")
        },
        goes: |ward| {
            ward.clinic.router_is_switched_on()?;
            adapter_again(ward)
        },
        ..FAULT
    },
    Fault {
        name: "the router hands out IPv4 only: IPv6 is not passed on",
        cause: "router-passes-nothing",
        comes: |ward| {
            ward.clinic.joins_the_internet(&ward.terminal)?;
            ward.clinic.router().filters(&["output icmpv6 type nd-router-advert drop", "input udp dport 53 meta nfproto ipv6 drop"])?;
            ward.terminal.machine().ip("link set eth0 down\nlink set eth0 up")?;
            ward.terminal.machine().ip("address replace 192.168.220.11/24 dev eth0\nroute replace default via 192.168.220.1")
        },
        goes: |ward| {
            ward.clinic.router().passes_all()?;
            ward.terminal.machine().ip("address flush dev eth0")?;
            adapter_again(ward)
        },
        ..FAULT
    },
    Fault {
        name: "an address set by hand belongs to no line of ours",
        cause: "prefix-by-hand",
        comes: |ward| {
            let machine = ward.terminal.machine();
            machine.settings(&[("ipv6/conf/eth0/accept_ra", "0")])?;
            machine.ip("link set eth0 down\nlink set eth0 up")?;
            machine.ip(&format!("address replace {STRANGE}/64 dev eth0\nroute replace default via fe80::1 dev eth0"))
        },
        goes: |ward| {
            let machine = ward.terminal.machine();
            machine.ip(&format!("address del {STRANGE}/64 dev eth0"))?;
            machine.settings(&[("ipv6/conf/eth0/accept_ra", "1")])?;
            adapter_again(ward)
        },
        ..FAULT
    },
    Fault {
        name: "another way out is preferred, and it leads nowhere",
        cause: "wrong-way-out",
        comes: |ward| {
            ward.terminal.machine().ip("link add name eth1 type veth peer name eth2\nlink set eth1 up\nlink set eth2 up\naddress add 2001:db8:77::10/64 dev eth1\nroute add default via fe80::77 dev eth1 metric 1")
        },
        goes: |ward| ward.terminal.machine().ip("link del eth1"),
        ..FAULT
    },
    Fault {
        name: "advertisements are ignored: the address is not obtained automatically",
        cause: "no-address-taken",
        comes: |ward| {
            ward.terminal.machine().settings(&[("ipv6/conf/eth0/accept_ra", "0")])?;
            ward.terminal.machine().ip("link set eth0 down\nlink set eth0 up")?;
            addresses_go(ward)
        },
        goes: |ward| {
            ward.terminal.machine().settings(&[("ipv6/conf/eth0/accept_ra", "1")])?;
            adapter_again(ward)
        },
        ..FAULT
    },
];

/// Rows: NW-05, NW-07, NW-12, TA-01, TA-02, SU-06, SU-07
#[test]
fn is_diagnosed() -> Result<()> {
    family("addresses", &usual(), FAULTS)
}
