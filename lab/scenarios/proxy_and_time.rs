//! Through the proxy an admitted line reaches the distribution cloud and nothing else; in a closure it is told when to come again. Two clients of
//! Debian read the network's time.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::{LineRecord, Terminal, patience};
use manuals::{Region, hosts, proxy};

use crate::steps;

/// Rows: PX-01, PX-05, PX-10, TM-01, TM-03, DN-30
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("proxy-and-time", |world| {
        let site = steps::site(world, &steps::usual(Region::East), &LineRecord::new("CAF1234567890"), Region::East)?;
        let center = world.center()?;
        let cloud = *proxy::sheet().own_proxy.must_reach.first().context("the manuals name a cloud")?;
        center.serves_proxy(cloud)?;
        center.serves_time()?;
        site.terminal.installs_onshi(steps::facility(Region::East), &site.roots)?;

        // A line that is not admitted is told so.
        let page = format!("http://{cloud}:443/");
        ensure!(asks(&site.terminal, &page)?.0 == "403", "{:?}", asks(&site.terminal, &page)?);
        let said = site.terminal.onshi(&["clinic", "line", "authenticate", "--json"])?;
        ensure!(String::from_utf8_lossy(&said.stdout).contains("line-success"), "{said:?}");
        patience::until("the way to the cloud", Duration::from_secs(90), || {
            let (status, _) = asks(&site.terminal, &page)?;
            Ok((status == "200").then_some(()))
        })?;
        let elsewhere = asks(&site.terminal, &format!("http://{}:443/", lab::SOMEWHERE.0))?;
        ensure!(elsewhere.0 == "403", "{elsewhere:?}");

        let clock = |when: &str| -> anyhow::Result<String> {
            Ok(center.machine().run("env", &["TZ=Asia/Tokyo", "date", "-d", when, "+%Y-%m-%d %H:%M"])?.trim().to_owned())
        };
        let (from, until) = (clock("1 hour ago")?, clock("1 hour")?);
        center.operate(&["registry", "closure", "add", "--from", &from, "--until", &until, "--reason", "定期保守"])?;
        let closed = patience::until("the closure", Duration::from_secs(90), || {
            let (status, said) = asks(&site.terminal, &page)?;
            Ok((status == "503").then_some(said))
        })?;
        ensure!(closed.to_ascii_lowercase().contains("retry-after:") && closed.contains("onshi-reopens-at"), "{closed}");

        let ntp = hosts::ntp().name;
        let chronyd = site
            .terminal
            .machine()
            .command("chronyd")
            .args(["-Q", "-u", "root", "-f", "/dev/null", "-t", "20"])
            .arg(format!("server {ntp} iburst"))
            .output()?;
        let said = [chronyd.stderr, chronyd.stdout].map(|part| String::from_utf8_lossy(&part).into_owned()).concat();
        ensure!(chronyd.status.success() && said.contains("System clock wrong by"), "chronyd says {said}");
        let read = site.terminal.machine().run("ntpdig", &["-6", ntp])?;
        ensure!(read.contains("+/-"), "ntpdig says {read}");
        Ok(())
    })
}

/// Asks for a page by curl through a tunnel of the proxy: the last status, and all headers and words.
fn asks(terminal: &Terminal, page: &str) -> anyhow::Result<(String, String)> {
    let proxy = format!("http://{}:{}", hosts::proxy().name, hosts::proxy().port);
    let words = [
        "--silent",
        "--max-time",
        "20",
        "--include",
        "--proxytunnel",
        "--proxy",
        &proxy,
        "--write-out",
        "\n%{http_connect} %{http_code}",
        page,
    ];
    // A refused tunnel is a failure of curl's, with the refusal's words all the same.
    let done = terminal.machine().command("curl").args(words).output()?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let (_, codes) = said.rsplit_once('\n').context("curl says no status")?;
    let (connect, code) = codes.split_once(' ').context("two statuses")?;
    let status = if connect == "200" { code } else { connect };
    Ok((status.to_owned(), said.clone()))
}
