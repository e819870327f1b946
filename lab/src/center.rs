//! The center of a world: real `onshi` processes at the manuals' addresses, and the operator's command line.

use std::cell::{OnceCell, RefCell};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result};
use manuals::{Region, addresses, hosts, zones};

use crate::carrier::Carrier;
use crate::namespace::{self, Namespace};
use crate::program::Program;
use crate::routers::{BELOW, ROUTER};
use crate::world::{self, Ground};

/// The center.
pub struct Center {
    ground: Rc<Ground>,
    machine: Rc<Namespace>,
    folder: PathBuf,
}

impl Center {
    /// The machine with every address of both regions, and name servers; it answers no ping (DN-28).
    pub(crate) fn new(ground: &Rc<Ground>) -> Result<Self> {
        let machine = ground.machine("center")?;
        machine.settings(&[
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv6/conf/default/addr_gen_mode", "1"),
            ("ipv6/icmp/echo_ignore_all", "1"),
            ("ipv4/icmp_echo_ignore_all", "1"),
        ])?;
        let mut lines = String::new();
        for region in [Region::East, Region::West] {
            let own = hosts::line_notifier(region).name;
            let served = zones::served(region, jiff::civil::Date::MAX);
            let hosts = served.iter().filter(|served| served.name != own).flat_map(|served| served.aaaa.iter().copied());
            let servers = addresses::platform_servers(region);
            for address in hosts.chain([servers.primary, servers.secondary]) {
                lines.push_str(&format!("address replace {address}/128 dev lo nodad\n"));
            }
        }
        machine.ip(&lines)?;
        let folder = ground.folder("center")?;
        Ok(Self { ground: ground.clone(), machine, folder })
    }

    /// Its machine.
    #[must_use]
    pub fn machine(&self) -> &Namespace {
        &self.machine
    }

    /// Takes the way to a carrier's network into use.
    pub(crate) fn faces(&self, region: Region) -> Result<()> {
        let lines = match region {
            Region::East => "2408:210::/32",
            Region::West => "2001:a250::/32",
        };
        let name = region.key();
        let mut text = format!("link set {name} up\naddress add {ROUTER}/64 dev {name} nodad\nroute add {lines} via {BELOW} dev {name}\n");
        for address in carriers_own(region) {
            text.push_str(&format!("route add {address} via {BELOW} dev {name}\n"));
        }
        self.machine.ip(&text)
    }

    /// What the carrier runs itself.
    pub(crate) fn serve_carrier(&self, carrier: &Carrier) -> Result<()> {
        let own = carriers_own(carrier.region());
        let lines: String = own.iter().map(|address| format!("address add {address}/128 dev lo nodad\n")).collect();
        carrier.machine().ip(&lines)
    }
}

/// The addresses of what a carrier runs itself: its two name servers and its notifier of line information.
fn carriers_own(region: Region) -> Vec<Ipv6Addr> {
    let servers = addresses::carrier_servers(region);
    let notifier = addresses::expected(hosts::line_notifier(region).name, region);
    let notifier = notifier.into_iter().flat_map(|answer| answer.aaaa.iter().copied());
    [servers.primary, servers.secondary].into_iter().chain(notifier).collect()
}
