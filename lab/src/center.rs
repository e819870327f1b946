//! The center of a world: real `onshi` processes at the manuals' addresses, and the operator's command line.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use manuals::{Region, addresses, hosts, zones};
use serde_json::Value;

use crate::browser::Browser;
use crate::carrier::Carrier;
use crate::namespace::Namespace;
use crate::onshi::{self, Office};
use crate::program::Program;
use crate::servers;
use crate::world::Ground;
use recipes::linux::{BELOW, ROUTER};

/// The center.
pub struct Center {
    ground: Rc<Ground>,
    machine: Rc<Namespace>,
    office: OnceCell<Office>,
    servers: RefCell<BTreeMap<&'static str, Rc<Program>>>,
}

impl Center {
    /// The machine with every address of both regions, and its name servers; it answers no ping (DN-28).
    pub(crate) fn new(ground: &Rc<Ground>) -> Result<Self> {
        let machine = ground.machine("center")?;
        machine.settings(&[
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv6/conf/default/addr_gen_mode", "1"),
            ("ipv6/icmp/echo_ignore_all", "1"),
            ("ipv4/icmp_echo_ignore_all", "1"),
        ])?;
        let (mut lines, mut servers) = (String::new(), Vec::new());
        for region in [Region::East, Region::West] {
            let own = hosts::line_notifier(region).name;
            let served = zones::served(region, jiff::civil::Date::MAX);
            let hosts = served.iter().filter(|served| served.name != own).flat_map(|served| served.aaaa.iter().copied());
            let pair = addresses::platform_servers(region);
            servers.extend([pair.primary, pair.secondary]);
            for address in hosts.chain([pair.primary, pair.secondary]) {
                lines.push_str(&format!("address replace {address}/128 dev lo nodad\n"));
            }
        }
        machine.ip(&lines)?;
        let names = name_server(ground, &machine, "platform-dns", &servers)?;
        let servers = BTreeMap::from([("names", names)]).into();
        Ok(Self { ground: ground.clone(), machine, office: OnceCell::new(), servers })
    }

    /// One of the small servers, to be silenced by a signal: `names`, `proxy` or `time`.
    ///
    /// # Errors
    /// If it was not started.
    pub fn server(&self, name: &str) -> Result<Rc<Program>> {
        self.servers.borrow().get(name).cloned().with_context(|| format!("the server `{name}` was not started"))
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

    /// Opens the rooms, once both carriers' notifiers run: operators exchange public keys and roots on another way.
    pub(crate) fn open(&self, carriers: &[Rc<Carrier>]) -> Result<()> {
        if self.office.get().is_some() {
            return Ok(());
        }
        let folder = self.ground.folder("center")?;
        let mut roots = String::new();
        let mut places = String::new();
        for carrier in carriers {
            roots.push_str(&std::fs::read_to_string(carrier.root()?)?);
            let host = hosts::line_notifier(carrier.region());
            let address = addresses::expected(host.name, carrier.region()).and_then(|answer| answer.aaaa.first().copied());
            let place = SocketAddr::new(address.context("a notifier without an address")?.into(), host.port);
            places.push_str(&format!("\"{}\" = \"{place}\"\n", host.name));
        }
        let roots_file = folder.join("notifier-roots.pem");
        std::fs::write(&roots_file, roots)?;
        let more = format!(
            "lists = \"[::]:80\"\n[registry]\nreflection_days = 0\n[authority]\ndemonstration = true\ncertificate_days = {}\n[eligibility]\ntest_people = true\n[lineauth]\nnotifier_roots = \"{}\"\n[lineauth.notifier_addresses]\n{places}",
            self.ground.certificate_days(),
            roots_file.display()
        );
        let rooms = "[\"registry\", \"authority\", \"eligibility\", \"lineauth\"]";
        let office = Office::open(&self.ground, &self.machine, "center", &folder, rooms, &more)?;
        for carrier in carriers {
            carrier.exchanges_keys_with(&office)?;
        }
        self.office.get_or_init(|| office);
        Ok(())
    }

    fn office(&self) -> Result<&Office> {
        self.office.get().context("the center is not open: begin the story with `world.open_center()`")
    }

    /// What the operator asks for, such as `["registry", "terminals"]`.
    ///
    /// # Errors
    /// The refusal's words.
    pub fn operate(&self, words: &[&str]) -> Result<Value> {
        self.office()?.operate(words)
    }

    /// The root of the center's hosts.
    ///
    /// # Errors
    /// If the center is not open.
    pub fn root(&self) -> Result<PathBuf> {
        Ok(self.office()?.root())
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.ground.path().join("center/data")
    }

    /// A browser on the operator's own machine.
    ///
    /// # Errors
    /// What kept it from starting.
    pub fn browser(&self, story: &str) -> Result<Browser> {
        Browser::open(&self.ground, &self.machine, story, &[self.root()?])
    }

    /// Starts the forward proxy, with a cloud behind it that answers for this host.
    ///
    /// # Errors
    /// What kept it from starting.
    pub fn serves_proxy(&self, cloud: &str) -> Result<()> {
        let proxy = servers::proxy(&self.ground, &self.machine, &self.data().join("center/snapshots"), cloud)?;
        self.servers.borrow_mut().insert("proxy", proxy);
        Ok(())
    }

    /// Starts the time server.
    ///
    /// # Errors
    /// What kept it from starting.
    pub fn serves_time(&self) -> Result<()> {
        let time = servers::time(&self.ground, &self.machine)?;
        self.servers.borrow_mut().insert("time", time);
        Ok(())
    }

    /// The running process of its rooms.
    ///
    /// # Errors
    /// If the center is not open.
    pub fn process(&self) -> Result<&Program> {
        Ok(self.office()?.program())
    }

    /// A facility with its line, applied for and approved, so that everything but the line's own authentication is done.
    ///
    /// # Errors
    /// The refusal's words.
    pub fn approves(&self, facility: &str, line_id: &str, line_type: &str) -> Result<()> {
        let approve = |applied: &Value| {
            let number = applied["application_id"].as_str().context("an application without a number")?;
            self.operate(&["registry", "application", "approve", number, "--from", "now"])
        };
        if !facility.is_empty() {
            let words = ["registry", "apply-facility", "--code", facility, "--name", "実験クリニック", "--from", "2020-04-01"];
            approve(&self.operate(&words)?)?;
        }
        let words = ["registry", "apply-line", "--code", facility, "--line-id", line_id, "--line-type", line_type];
        approve(&self.operate(&words)?)?;
        Ok(())
    }
}

/// The addresses of what a carrier runs itself: its two name servers and its notifier of line information.
pub(crate) fn carriers_own(region: Region) -> Vec<Ipv6Addr> {
    let servers = addresses::carrier_servers(region);
    let notifier = addresses::expected(hosts::line_notifier(region).name, region);
    let notifier = notifier.into_iter().flat_map(|answer| answer.aaaa.iter().copied());
    [servers.primary, servers.secondary].into_iter().chain(notifier).collect()
}

/// Starts a name server at these addresses.
pub(crate) fn name_server(ground: &Ground, machine: &Rc<Namespace>, name: &str, addresses: &[Ipv6Addr]) -> Result<Rc<Program>> {
    let mut serve = onshi::command(machine)?;
    serve.args(["network", "dns", "serve"]);
    for address in addresses {
        serve.arg("--listen").arg(SocketAddr::new((*address).into(), 53).to_string());
    }
    let program = ground.start(name, &ground.folder(name)?, serve)?;
    program.said("名前に答えています")?;
    Ok(program)
}
