//! The doctor looks at a site where everything is in order, and then at one where nothing answers: every question has its outcome in time.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::{LineRecord, Terminal, patience};
use manuals::{Region, addresses, hosts, proxy};
use serde_json::Value;

use crate::steps;

/// Rows: DN-23, DN-25, DN-28
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("doctor-looks", |world| {
        let site = steps::site(world, &steps::usual(Region::East), &LineRecord::new("CAF1234567890"), Region::East)?;
        let center = world.center()?;
        center.serves_proxy(proxy::sheet().own_proxy.must_reach.first().context("the manuals name a cloud")?)?;
        center.serves_time()?;
        site.terminal.installs_onshi(steps::facility(Region::East), &site.roots)?;
        let said = site.terminal.onshi(&["clinic", "line", "authenticate", "--json"])?;
        ensure!(String::from_utf8_lossy(&said.stdout).contains("line-success"), "{said:?}");

        let healthy = patience::until("a look in which the proxy knows the line", Duration::from_secs(90), || {
            let seen = looks(&site.terminal)?;
            let through = seen.outcomes("proxy-to").any(|outcome| outcome["is"] == "connected");
            Ok(through.then_some(seen))
        })?;
        ensure!(healthy.took_ms() < 3000, "{} ms", healthy.took_ms());
        for (kind, expected) in
            [("line-portal", "line"), ("line-page", "page"), ("mtu", "connected"), ("time", "offset"), ("portal", "page")]
        {
            ensure!(healthy.outcomes(kind).any(|outcome| outcome["is"] == expected), "{kind}: {:#}", healthy.0);
        }
        ensure!(healthy.outcomes("tls").all(|outcome| outcome["root_trusted"] == true && outcome["names_host"] == true), "{:#}", healthy.0);
        for name in addresses::eligibility_lookups(Region::East) {
            for way in ["system", "udp512", "udp1232", "tcp"] {
                let mut asked = healthy.probes().filter(|probe| probe["what"]["name"] == name.as_str() && probe["what"]["way"] == way);
                ensure!(asked.any(|probe| probe["outcome"]["is"] == "addresses"), "{name} by {way}: {:#}", healthy.0);
            }
        }
        let truncated: Vec<&Value> = healthy.probes().filter(|probe| probe["outcome"]["truncated"] == true).collect();
        let large = hosts::proxy_check().name;
        ensure!(truncated.iter().any(|probe| probe["what"]["name"] == large && probe["what"]["way"] == "udp512"), "{truncated:?}");

        // The router is switched off: nothing answers any more, and the look ends all the same.
        site.clinic.router().run("ip", &["link", "set", "lan", "down"])?;
        let broken = looks(&site.terminal)?;
        ensure!(broken.took_ms() < 10_000, "{} ms", broken.took_ms());
        ensure!(broken.outcomes("connect").all(|outcome| outcome["is"] != "connected"), "{:#}", broken.0);
        Ok(())
    })
}

/// A recording.
struct Seen(Value);

impl Seen {
    fn probes(&self) -> impl Iterator<Item = &Value> {
        self.0["probes"].as_array().into_iter().flatten()
    }

    fn outcomes<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.probes().filter(move |probe| probe["what"]["ask"] == kind).map(|probe| &probe["outcome"])
    }

    fn took_ms(&self) -> u64 {
        self.0["took_ms"].as_u64().unwrap_or(u64::MAX)
    }
}

fn looks(terminal: &Terminal) -> anyhow::Result<Seen> {
    let shown = terminal.onshi(&["doctor", "record", "/dev/stdout"])?;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    if let Some(keep) = std::env::var_os("ONSHI_LAB_KEEP") {
        std::fs::write(keep, &text)?;
    }
    let end = text.rfind('}').context("no recording")?;
    Ok(Seen(serde_json::from_str(&text[..=end])?))
}
