//! The doctor in a world of its own: a healthy site and one where nothing answers, beside a script that asks the manuals' names one after the other; and what
//! its watch costs.
//!
//! Needs root for the world's network namespaces; without it the measurement is left out, and says so.

use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::clock::instant;
use lab::routers::{Names, Uplink};
use lab::{LineRecord, Plan, Terminal, patience};
use manuals::{Region, addresses, proxy};

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::process::{cpu_seconds, resident_megabytes};

const FACILITY: &str = "1312345678";
const LINE: &str = "CAF1234567890";
const SCRIPT: &str = "nslookup of the manuals' names, one after the other";
const PROMISE: &str = "the promise";
/// Megabytes, and percent of one processor, that the watch may take.
const PROMISED: (f64, f64) = (10.0, 0.1);

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let id = std::process::Command::new("id").arg("-u").output()?;
    if id.stdout.trim_ascii() != b"0" {
        println!("doctor: left out, its world of network namespaces needs root");
        return Ok(Vec::new());
    }
    let mut figures = Vec::new();
    lab::story("bench-doctor", |world| {
        let center = world.open_center()?;
        center.approves(FACILITY, LINE, "next-family")?;
        let clinic = world.clinic(&Plan::new("clinic", Region::East, Names::Dnsmasq, Uplink::Advertised))?;
        world.carrier(Region::East)?.knows(&LineRecord::new(LINE), &clinic.prefix())?;
        let terminal = clinic.terminal("reception")?;
        center.serves_proxy(proxy::sheet().own_proxy.must_reach.first().context("the manuals name a cloud")?)?;
        center.serves_time()?;
        terminal.installs_onshi(FACILITY, &world.roots()?)?;
        let said = terminal.onshi(&["clinic", "line", "authenticate", "--json"])?;
        ensure!(said.status.success(), "{said:?}");
        patience::until("a first look", Duration::from_secs(60), || Ok((looks(&terminal)? < 10_000.0).then_some(())))?;

        let healthy = (0..size.starts).map(|_| looks(&terminal)).collect::<anyhow::Result<Vec<f64>>>()?;
        let script = (0..size.starts).map(|_| asks(&terminal)).collect::<anyhow::Result<Vec<f64>>>()?;
        figures.push(Figure::new("doctor.healthy", quantile(&sorted(healthy), 0.5), "ms", SCRIPT, quantile(&sorted(script), 0.5)));
        figures.extend(watch(&terminal, Duration::from_secs(size.seconds.max(10) * 3))?);

        // The router is switched off.
        clinic.router().run("ip", &["link", "set", "lan", "down"])?;
        figures.push(Figure::new("doctor.everything_broken", looks(&terminal)?, "ms", SCRIPT, asks(&terminal)?));
        Ok(())
    })?;
    Ok(figures)
}

/// Milliseconds of a whole diagnosis, from starting the program to its end.
fn looks(terminal: &Terminal) -> anyhow::Result<f64> {
    let begun = instant();
    let done = terminal.onshi(&["doctor", "--json"])?;
    let taken = begun.elapsed().as_secs_f64() * 1000.0;
    ensure!(done.stdout.starts_with(b"{"), "{done:?}");
    Ok(taken)
}

/// Milliseconds of the script that people run.
fn asks(terminal: &Terminal) -> anyhow::Result<f64> {
    let names = addresses::eligibility_lookups(Region::East);
    let script = format!("for name in {}; do nslookup \"$name\"; done", names.join(" "));
    let begun = instant();
    // A name that is not found is an answer too.
    let _screen = terminal.machine().command("sh").args(["-c", &script]).output()?;
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Memory and processor time of a watch that has settled.
fn watch(terminal: &Terminal, during: Duration) -> anyhow::Result<[Figure; 2]> {
    let mut command = terminal.prepared("onshi", &[])?;
    command.args(["doctor", "watch"]);
    let watch = Ended(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    // It begins with a look; what follows is measured.
    std::thread::sleep(Duration::from_secs(3));
    let (begun, before) = (instant(), cpu_seconds(watch.0.id())?);
    std::thread::sleep(during);
    let share = 100.0 * (cpu_seconds(watch.0.id())? - before) / begun.elapsed().as_secs_f64();
    let memory = resident_megabytes(watch.0.id())?;
    Ok([
        Figure::new("doctor.watch.memory", memory, "MB", PROMISE, PROMISED.0),
        Figure::new("doctor.watch.cpu", share, "% of a core", PROMISE, PROMISED.1),
    ])
}
