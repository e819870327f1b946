//! A clinic below a phone router (ひかり電話): prefixes are delegated there, and its name server knows nothing.

use std::time::Duration;

use anyhow::{Context, Result};
use lab::Plan;
use lab::patience::until;
use lab::routers::{ABOVE, Elsewhere, Names, Uplink};
use manuals::Region;

use crate::addresses::addresses_return;
use crate::ward::{FAULT, Fault, Ward, family};

/// How long advertisements take to be heard.
const SOON: Duration = Duration::from_secs(30);

/// The prefix of the terminal's lasting address.
fn own_prefix(ward: &Ward<'_>) -> Result<String> {
    let own = ward.terminal.addresses()?;
    let segments = own.lasting.first().context("no address")?.segments();
    Ok(segments.iter().take(4).map(|part| format!("{part:x}")).collect::<Vec<_>>().join(":"))
}

/// The router passes the phone router's advertisement on as if it were a line without telephone; minutes later the prefix is taken back.
fn passes_advertisements_on(ward: &Ward<'_>) -> Result<()> {
    let config = format!(
        "interface lan {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvOtherConfigFlag on; prefix {}::/64 {{ AdvPreferredLifetime 0; AdvValidLifetime 7200; }}; }};",
        own_prefix(ward)?
    );
    ward.clinic.router_answers_by_text(&ward.clinic.settings(), |text| {
        let kept: Vec<&str> =
            text.lines().filter(|line| !["enable-ra", "ra-param", "dhcp-"].iter().any(|word| line.starts_with(word))).collect();
        *text = kept.join("\n") + "\n";
    })?;
    let start = format!("echo '{config}' > taken.conf; exec radvd --nodaemon --config taken.conf --pidfile taken.pid --logmethod stderr");
    ward.runs(ward.clinic.runs_on_the_router("sh", &["-c", &start])?);
    until("the end of the prefix", SOON, || Ok(ward.terminal.addresses()?.lasting.is_empty().then_some(())))
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "advertisements are passed on where a prefix must be delegated",
        cause: "ra-where-pd",
        comes: passes_advertisements_on,
        goes: |ward| {
            ward.stops_what_it_runs()?;
            ward.clinic.router_answers_as_before()?;
            ward.terminal.machine().ip("link set eth0 down\nlink set eth0 up")?;
            addresses_return(ward)
        },
        ..FAULT
    },
    Fault {
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
    },
];

/// Rows: NW-03, NW-04, NW-08
#[test]
fn is_diagnosed() -> Result<()> {
    family("phone", &Plan::new("clinic", Region::West, Names::Dnsmasq, Uplink::Delegated), FAULTS)
}
