//! Faults that were written after the table was frozen: behind the usual router, at the center, at the terminal itself.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::Faults;
use lab::patience::until;
use manuals::{Region, hosts, zones};

use crate::addresses::{adapter_again, addresses_return};
use crate::causes::HEALTHY;
use crate::center::{deaf, hears_again};
use crate::line::{dismissed, well_again};
use crate::names::{terminal_asks, terminal_asks_the_router};
use crate::score::Written;
use crate::trust::{OPENER, keeps_both, puts_both_back, with_clock};
use crate::ward::{FAULT, Fault, Ward, family, usual};

/// A fault that was written after the freeze.
pub(crate) const LATER: Fault = Fault { written: Written::After, ..FAULT };

/// A host of the center refuses connections to a port.
fn refuses(ward: &Ward<'_>, host: &hosts::Host) -> Result<()> {
    let addresses = zones::addresses_of(host.name, Region::East).into_iter().filter(std::net::IpAddr::is_ipv6);
    let rules: Vec<String> =
        addresses.map(|address| format!("input ip6 daddr {address} tcp dport {} reject with tcp reset", host.port)).collect();
    ward.center.machine().filters(&rules.iter().map(String::as_str).collect::<Vec<_>>())
}

fn all_pass(ward: &Ward<'_>) -> Result<()> {
    ward.clinic.router().passes_all()
}

/// Another file in place of the clinic's key.
fn other_key(ward: &Ward<'_>) -> Result<()> {
    keeps_both(ward)?;
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]);
    let made = openssl.arg(ward.terminal.folder()?.join("keys/clinic.key")).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

/// The works end while the terminal is on: it keeps what it had and hears of the new prefix.
fn works_by_day(ward: &Ward<'_>) -> Result<()> {
    ward.clinic.line_is_worked_on()?;
    ward.carrier.operate(&["line", "remove", ward.line.line_id])?;
    ward.carrier.knows(&ward.line, &ward.clinic.prefix())?;
    let start = ward.clinic.prefix();
    let start = start.trim_end_matches("::/64");
    until("an address of the new prefix", Duration::from_secs(60), || {
        let own = ward.terminal.addresses()?;
        Ok(own.lasting.iter().any(|address| address.to_string().starts_with(start)).then_some(()))
    })
}

const AT_THE_CENTER: &[Fault] = &[
    Fault {
        name: "the portal's port is closed",
        cause: "portal-down",
        comes: |ward| refuses(ward, hosts::portal()),
        goes: hears_again,
        ..LATER
    },
    Fault {
        name: "the proxy's port is closed",
        cause: "proxy-down",
        comes: |ward| refuses(ward, hosts::proxy()),
        goes: hears_again,
        ..LATER
    },
    Fault {
        name: "the Web API lets people log in and its questions go nowhere",
        cause: "api-down",
        comes: |ward| deaf(ward, &[hosts::web_api_search().name]),
        goes: hears_again,
        ..LATER
    },
    Fault {
        name: "the center's names answer and nothing else of it",
        cause: "center-down",
        comes: |ward| ward.center.machine().filters(&["input tcp dport { 80, 443, 8080 } drop", "input udp dport 123 drop"]),
        goes: hears_again,
        ..LATER
    },
    Fault {
        name: "the platform's name servers are switched off",
        cause: "center-names-down",
        comes: |ward| ward.center.machine().filters(&["input udp dport 53 reject", "input tcp dport 53 reject with tcp reset"]),
        goes: hears_again,
        ..LATER
    },
    Fault {
        name: "the site's firewall closes port 80",
        cause: "port-80-closed",
        comes: |ward| ward.clinic.router().filters(&["forward tcp dport 80 drop"]),
        goes: all_pass,
        ..LATER
    },
    Fault {
        name: "the router asks nobody over TCP, and knows EDNS",
        cause: "big-answers-lost",
        comes: |ward| ward.clinic.router().filters(&["forward tcp dport 53 drop", "output tcp dport 53 drop"]),
        goes: all_pass,
        ..LATER
    },
    Fault {
        name: "one of the platform's two name servers is silent, and the other answers",
        cause: HEALTHY,
        comes: |ward| {
            let server = manuals::addresses::platform_servers(Region::East).secondary;
            ward.center.machine().filters(&[&format!("input ip6 daddr {server} drop")])
        },
        goes: hears_again,
        ..LATER
    },
];

/// Rows: DN-03, DN-23, SU-05
#[test]
fn the_center_is_diagnosed() -> Result<()> {
    family("later-center", &usual(), AT_THE_CENTER)
}

/// Those that leave the line to be authenticated again come last: the proxy hears of it a minute later.
const AT_THE_TERMINAL: &[Fault] = &[
    Fault { name: "the clock is forty minutes ahead", cause: "clock-wrong", asked: |ward| with_clock(ward, "+40m"), ..LATER },
    Fault {
        name: "a box opens the way to the portal only",
        cause: "tls-opened",
        comes: |ward| {
            let opener = ward.clinic.runs_on_the_router("python3", &["-u", "-c", OPENER])?;
            until("the box", Duration::from_secs(20), || Ok(opener.log().contains("opens").then_some(())))?;
            ward.runs(opener);
            let addresses = zones::addresses_of(hosts::portal().name, Region::East).into_iter().filter(std::net::IpAddr::is_ipv6);
            let rules: Vec<String> = addresses.map(|to| format!("arrival ip6 daddr {to} tcp dport 443 redirect to :8443")).collect();
            ward.clinic.router().filters(&rules.iter().map(String::as_str).collect::<Vec<_>>())
        },
        goes: |ward| {
            all_pass(ward)?;
            ward.stops_what_it_runs()
        },
        ..LATER
    },
    Fault {
        name: "the key in the certificate's place belongs to another one",
        cause: "certificate-key-missing",
        comes: other_key,
        goes: puts_both_back,
        ..LATER
    },
    Fault {
        name: "the file of roots is a page that somebody saved",
        cause: "root-missing",
        comes: |ward| {
            ward.keeps("keys/roots.pem")?;
            Ok(std::fs::write(ward.terminal.folder()?.join("keys/roots.pem"), "<html><body>404</body></html>")?)
        },
        goes: |ward| ward.puts_back("keys/roots.pem"),
        ..LATER
    },
    Fault {
        name: "the file of the account's password is gone",
        cause: "credential-missing",
        comes: |ward| {
            ward.keeps("keys/password")?;
            Ok(std::fs::remove_file(ward.terminal.folder()?.join("keys/password"))?)
        },
        goes: |ward| ward.puts_back("keys/password"),
        ..LATER
    },
    Fault {
        name: "the folder of requests is gone",
        cause: "bridge-folder-missing",
        comes: |ward| {
            ward.stops_the_bridge()?;
            let folder = ward.terminal.folder()?.join("oqs");
            Ok(std::fs::rename(folder.join("req"), folder.join("old"))?)
        },
        goes: |ward| {
            let folder = ward.terminal.folder()?.join("oqs");
            std::fs::rename(folder.join("old"), folder.join("req"))?;
            ward.starts_the_bridge()
        },
        ..LATER
    },
    Fault {
        name: "the region in the settings is no region",
        cause: "configuration-broken",
        comes: |ward| ward.edits("clinic.toml", "region = \"east\"", "region = \"esat\""),
        goes: |ward| ward.edits("clinic.toml", "region = \"esat\"", "region = \"east\""),
        ..LATER
    },
    Fault {
        name: "a hosts file holds an old address of line authentication",
        cause: "name-spoofed",
        asked: |ward| {
            let line = format!("2001:db8::81 {}", hosts::line_portal().name);
            let file = ward.world.folder().join("hosts");
            let file = file.display();
            ward.examined_after(&format!("cp /etc/hosts {file}; echo '{line}' >> {file}; mount --bind {file} /etc/hosts"))
        },
        ..LATER
    },
    Fault {
        name: "the name server set at the terminal is nobody's address",
        cause: "server-mistyped",
        comes: |ward| terminal_asks(ward, &["fe80::99%eth0"]),
        goes: terminal_asks_the_router,
        ..LATER
    },
    Fault {
        name: "the code on the screen was typed in wide characters",
        cause: "line-work-unfinished",
        comes: dismissed,
        goes: well_again,
        asked: |ward| ward.examined_seeing("エラーコード：Ｐ１１０１１"),
        ..LATER
    },
    Fault {
        name: "the code on the screen was typed in small letters",
        cause: "line-no-answer",
        comes: dismissed,
        goes: well_again,
        asked: |ward| ward.examined_seeing("p32031 と出ました"),
        ..LATER
    },
    Fault {
        name: "works on the line by day: the terminal has addresses of both prefixes",
        cause: "prefix-changed",
        comes: works_by_day,
        goes: |ward| {
            adapter_again(ward)?;
            well_again(ward)
        },
        ..LATER
    },
];

/// Rows: LA-08, LA-15, LA-17, DN-26
#[test]
fn the_terminal_is_diagnosed() -> Result<()> {
    family("later-terminal", &usual(), AT_THE_TERMINAL)
}

/// A line on which everything takes its time.
const SLOW: Faults = Faults { delay: Duration::from_millis(40), lost_per_thousand: 0, no_tcp_53: false };

const ON_A_SLOW_LINE: &[Fault] = &[
    Fault {
        name: "a few packets of a slow line are lost",
        cause: HEALTHY,
        comes: |ward| {
            ward.clinic.line_becomes(Faults { lost_per_thousand: 5, ..SLOW });
            Ok(())
        },
        ..LATER
    },
    Fault {
        name: "the line goes dead",
        cause: "line-down",
        comes: |ward| {
            ward.clinic.line_becomes(Faults { lost_per_thousand: 1000, ..SLOW });
            Ok(())
        },
        goes: |ward| {
            ward.clinic.line_becomes(SLOW);
            addresses_return(ward)
        },
        ..LATER
    },
    Fault {
        name: "the line's own equipment keeps TCP 53 back",
        cause: "big-answers-lost",
        comes: |ward| {
            ward.clinic.line_becomes(Faults { no_tcp_53: true, ..SLOW });
            Ok(())
        },
        goes: |ward| {
            ward.clinic.line_becomes(SLOW);
            Ok(())
        },
        ..LATER
    },
];

/// Rows: DN-23, LN-14
#[test]
fn a_slow_line_is_diagnosed() -> Result<()> {
    family("later-line", &usual().on_a_bad_line(SLOW).on_a_narrow_line(1400), ON_A_SLOW_LINE)
}
