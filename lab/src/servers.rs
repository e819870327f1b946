//! The small servers of the network in a world: forward proxy and time, as processes at the manuals' addresses.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use manuals::{Region, hosts, zones};

use crate::namespace::Namespace;
use crate::onshi;
use crate::program::Program;
use crate::world::Ground;

/// Where the lab's distribution cloud is: on the center's own machine.
const CLOUD: &str = "[::1]:8444";

/// Every address of a host in both regions, with its port.
fn places(host: &hosts::Host) -> Vec<SocketAddr> {
    let both = [Region::East, Region::West].into_iter().flat_map(|region| zones::addresses_of(host.name, region));
    both.filter(IpAddr::is_ipv6).map(|address| SocketAddr::new(address, host.port)).collect()
}

/// Starts the forward proxy with the registry's signed snapshot from `snapshots`, and a cloud behind it that answers for `cloud`.
pub(crate) fn proxy(ground: &Ground, machine: &Rc<Namespace>, snapshots: &Path, cloud: &str) -> Result<Rc<Program>> {
    let folder = ground.folder("proxy")?;
    std::fs::create_dir_all(folder.join("cloud"))?;
    std::fs::write(folder.join("cloud/index.html"), "the distribution cloud\n")?;
    let mut web = machine.command("python3");
    web.args(["-u", "-m", "http.server", "8444", "--bind", "::1", "--directory"]).arg(folder.join("cloud"));
    ground.start("cloud", &folder, web)?.said("Serving HTTP")?;
    std::fs::write(folder.join("network.toml"), format!("[proxy.hosts]\n\"{cloud}\" = [\"{CLOUD}\"]\n"))?;
    let mut serve = onshi::command(machine)?;
    serve.args(["network", "proxy", "serve", "--config", "network.toml", "--snapshot"]).arg(snapshots.join("registry.signed"));
    serve.arg("--snapshot-key").arg(snapshots.join("registry-key.txt"));
    for place in places(hosts::proxy()) {
        serve.args(["--listen", &place.to_string()]);
    }
    let program = ground.start("proxy", &folder, serve)?;
    program.said("プロキシが動いています")?;
    Ok(program)
}

/// Starts the time server at all of its addresses.
pub(crate) fn time(ground: &Ground, machine: &Rc<Namespace>) -> Result<Rc<Program>> {
    let mut serve = onshi::command(machine)?;
    serve.args(["network", "time", "serve"]);
    for place in places(hosts::ntp()) {
        serve.args(["--listen", &place.to_string()]);
    }
    let program = ground.start("time", &ground.folder("time")?, serve)?;
    program.said("]:123")?;
    Ok(program)
}
