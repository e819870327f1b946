//! The center: all of it, one door, one small server; closures that are nobody's fault.

use std::time::Duration;

use anyhow::{Context, Result};
use lab::patience::until;
use manuals::{Region, hosts, zones};

use crate::ward::{FAULT, Fault, Ward, family, usual};

/// The proxy reads a new list of closures within this time.
const LISTED: Duration = Duration::from_secs(90);

/// One host of the center no longer hears anything.
pub(crate) fn deaf(ward: &Ward<'_>, names: &[&str]) -> Result<()> {
    let mut rules = Vec::new();
    for name in names {
        let addresses = zones::addresses_of(name, Region::East);
        rules.extend(
            addresses
                .into_iter()
                .filter(std::net::IpAddr::is_ipv6)
                .map(|address| format!("input ip6 daddr {address} meta l4proto tcp drop")),
        );
    }
    ward.center.machine().filters(&rules.iter().map(String::as_str).collect::<Vec<_>>())
}

pub(crate) fn hears_again(ward: &Ward<'_>) -> Result<()> {
    ward.center.machine().passes_all()
}

const DEAF: Fault = Fault { goes: hears_again, ..FAULT };

/// A moment as the operator types it.
fn clock(ward: &Ward<'_>, when: &str) -> Result<String> {
    Ok(ward.center.machine().run("env", &["TZ=Asia/Tokyo", "date", "-d", when, "+%Y-%m-%d %H:%M"])?.trim().to_owned())
}

/// Waits until a tunnel through the proxy is answered with this status.
pub(crate) fn proxy_answers(ward: &Ward<'_>, status: &str) -> Result<()> {
    let proxy = format!("http://{}:{}", hosts::proxy().name, hosts::proxy().port);
    let cloud = manuals::proxy::sheet().own_proxy.must_reach.first().context("a cloud")?;
    until(&format!("{status} from the proxy"), LISTED, || {
        let words =
            ["--silent", "--max-time", "10", "--proxytunnel", "--proxy", &proxy, "--write-out", "%{http_connect}", "--output", "/dev/null"];
        let done = ward.terminal.machine().command("curl").args(words).arg(format!("http://{cloud}:443/")).output()?;
        Ok((String::from_utf8_lossy(&done.stdout).trim() == status).then_some(()))
    })
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "the whole center is dark", cause: "center-down", comes: |ward| ward.center.machine().filters(&["input drop"]), ..DEAF },
    Fault {
        name: "the platform's name servers are silent",
        cause: "center-names-down",
        comes: |ward| ward.center.server("names")?.signal("STOP"),
        goes: |ward| ward.center.server("names")?.signal("CONT"),
        ..FAULT
    },
    Fault {
        name: "the center's rooms hang",
        cause: "center-down",
        comes: |ward| ward.center.process()?.signal("STOP"),
        goes: |ward| ward.center.process()?.signal("CONT"),
        ..FAULT
    },
    Fault { name: "the portal is down", cause: "portal-down", comes: |ward| deaf(ward, &[hosts::portal().name]), ..DEAF },
    Fault {
        name: "the Web API is down",
        cause: "api-down",
        comes: |ward| deaf(ward, &[hosts::web_api_login().name, hosts::web_api_search().name]),
        ..DEAF
    },
    Fault { name: "the authority's site is down", cause: "authority-down", comes: |ward| deaf(ward, &[hosts::authority().name]), ..DEAF },
    Fault {
        name: "the portal of line authentication is down",
        cause: "line-portal-down",
        comes: |ward| deaf(ward, &[hosts::line_portal().name]),
        ..DEAF
    },
    Fault {
        name: "the proxy hangs",
        cause: "proxy-down",
        comes: |ward| ward.center.server("proxy")?.signal("STOP"),
        goes: |ward| ward.center.server("proxy")?.signal("CONT"),
        ..FAULT
    },
    Fault {
        name: "the time servers are silent",
        cause: "time-down",
        missed: Some(
            "a terminal cannot see whether the center's servers or the site's firewall are silent, and firewalls are the more frequent",
        ),
        comes: |ward| ward.center.server("time")?.signal("STOP"),
        goes: |ward| ward.center.server("time")?.signal("CONT"),
        ..FAULT
    },
    Fault {
        name: "the proxy is closed as announced",
        cause: "closure",
        comes: |ward| {
            let (from, until) = (clock(ward, "1 hour ago")?, clock(ward, "1 hour")?);
            ward.center.operate(&["registry", "closure", "add", "--from", &from, "--until", &until, "--reason", "定期保守"])?;
            proxy_answers(ward, "503")
        },
        goes: |ward| {
            let listed = ward.center.operate(&["registry", "closure", "list"])?;
            let number = ["closure_id", "closure", "id", "number"].iter().find_map(|key| find(&listed, key)).context(listed.to_string())?;
            ward.center.operate(&["registry", "closure", "remove", &number])?;
            proxy_answers(ward, "200")
        },
        ..FAULT
    },
];

/// The first value of a key, wherever it stands.
fn find(value: &serde_json::Value, key: &str) -> Option<String> {
    match value {
        serde_json::Value::Object(fields) => fields
            .get(key)
            .and_then(|found| found.as_str().map(str::to_owned).or_else(|| found.as_i64().map(|number| number.to_string())))
            .or_else(|| fields.values().find_map(|field| find(field, key))),
        serde_json::Value::Array(all) => all.iter().find_map(|one| find(one, key)),
        _ => None,
    }
}

/// Rows: DN-24, PX-10, LA-18, SU-05
#[test]
fn is_diagnosed() -> Result<()> {
    family("center", &usual(), FAULTS)
}
