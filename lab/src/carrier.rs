//! The carrier of a region: a core router between the center and the lines, which advertises or delegates each line's prefix.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Result;
use manuals::{Region, addresses};

use crate::cable::Cable;
use crate::center::Center;
use crate::namespace::{self, Namespace};
use crate::program::Program;
use crate::relay::Faults;
use crate::routers::{BELOW, ROUTER, Uplink, phone};
use crate::world::Ground;

/// A carrier.
pub struct Carrier {
    ground: Rc<Ground>,
    region: Region,
    machine: Rc<Namespace>,
    lines: Cell<u8>,
}

impl Carrier {
    pub(crate) fn new(ground: &Rc<Ground>, center: &Center, region: Region) -> Result<Self> {
        let machine = ground.machine(region.key())?;
        machine.settings(&[("ipv6/conf/all/forwarding", "1"), ("ipv6/conf/default/addr_gen_mode", "1")])?;
        namespace::wire((&machine, "center"), (center.machine(), region.key()))?;
        machine.ip(&format!(
            "link set center up\naddress add {BELOW}/64 dev center nodad\nroute add default via {ROUTER} dev center"
        ))?;
        center.faces(region)?;
        // The two carriers' networks are separate: the other region's servers are out of reach.
        for other in [Region::East, Region::West].into_iter().filter(|other| *other != region) {
            for server in [addresses::platform_servers(other), addresses::carrier_servers(other)] {
                machine.ip(&format!("route add unreachable {}\nroute add unreachable {}", server.primary, server.secondary))?;
            }
        }
        let carrier = Self { ground: ground.clone(), region, machine, lines: Cell::new(0) };
        center.serve_carrier(&carrier)?;
        Ok(carrier)
    }

    /// Its region.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// Its machine.
    #[must_use]
    pub fn machine(&self) -> &Namespace {
        &self.machine
    }

    /// Lays a line to the interface `wan` of a machine: by a plain wire, or by a cable with faults and a largest packet.
    pub(crate) fn line(&self, site: &Namespace, uplink: Uplink, cable: Option<(Faults, u16)>) -> Result<Line> {
        let number = self.lines.get() + 1;
        self.lines.set(number);
        let port = format!("line{number}");
        let cable = match cable {
            Some((faults, largest)) => {
                let cable = self.ground.keep(Cable::plug((&self.machine, &port), (site, "wan"), faults)?);
                self.machine.ip(&format!("link set {port} mtu {largest}"))?;
                site.ip(&format!("link set wan mtu {largest}"))?;
                Some(cable)
            }
            None => {
                namespace::wire((&self.machine, &port), (site, "wan"))?;
                None
            }
        };
        self.machine.ip(&format!("link set {port} up\naddress add {ROUTER}/64 dev {port} nodad"))?;
        let folder = self.ground.folder(&format!("{}-{port}", self.region.key()))?;
        let line = Line {
            ground: self.ground.clone(),
            region: self.region,
            carrier: self.machine.clone(),
            number,
            uplink,
            folder,
            cable,
            edition: Cell::new(0),
            servers: Cell::default(),
        };
        line.gets_a_new_prefix()?;
        Ok(line)
    }
}

/// One access line: what the carrier does for it.
pub(crate) struct Line {
    ground: Rc<Ground>,
    region: Region,
    carrier: Rc<Namespace>,
    number: u8,
    uplink: Uplink,
    folder: PathBuf,
    cable: Option<Rc<Cable>>,
    edition: Cell<u8>,
    servers: Cell<Vec<Rc<Program>>>,
}

impl Line {
    /// The prefix that the carrier gives this line at the moment.
    pub(crate) fn prefix(&self) -> String {
        self.prefix_of(self.edition.get())
    }

    fn prefix_of(&self, edition: u8) -> String {
        let start = match self.region {
            Region::East => "2408:210",
            Region::West => "2001:a250",
        };
        let (kind, length) = match self.uplink {
            Uplink::Advertised => ("a1", 64),
            Uplink::Delegated => ("b1", phone::LINE),
        };
        format!("{start}:{kind}{:02x}:{edition:x}00::/{length}", self.number)
    }

    /// The cable is bad from now on.
    pub(crate) fn becomes(&self, faults: Faults) {
        if let Some(cable) = &self.cable {
            cable.becomes(faults);
        }
    }

    /// Gives the line another prefix than before, and forgets the former one.
    pub(crate) fn gets_a_new_prefix(&self) -> Result<()> {
        for server in self.servers.take() {
            server.stop()?;
        }
        let former = self.edition.get();
        self.edition.set(former + 1);
        let (port, prefix) = (format!("line{}", self.number), self.prefix());
        let way = |prefix: &str| match self.uplink {
            Uplink::Advertised => format!("{prefix} dev {port}"),
            Uplink::Delegated => format!("{prefix} via {BELOW} dev {port}"),
        };
        if former > 0 {
            self.carrier.ip(&format!("route del {}", way(&self.prefix_of(former))))?;
        }
        self.carrier.ip(&format!("route add {}", way(&prefix)))?;
        let mut servers = vec![self.advertise(&port, &prefix)?];
        if self.uplink == Uplink::Delegated {
            servers.push(self.delegate(&port, &prefix)?);
        }
        self.servers.set(servers);
        Ok(())
    }

    fn advertise(&self, port: &str, prefix: &str) -> Result<Rc<Program>> {
        let prefix = if self.uplink == Uplink::Advertised { format!("prefix {prefix} {{ }};") } else { String::new() };
        let config = format!(
            "interface {port} {{ AdvSendAdvert on; AdvOtherConfigFlag on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10; {prefix} }};\n"
        );
        std::fs::write(self.folder.join("radvd.conf"), config)?;
        let mut radvd = self.carrier.command("radvd");
        radvd.args(["--nodaemon", "--config", "radvd.conf", "--pidfile", "radvd.pid", "--logmethod", "stderr"]);
        self.ground.start("radvd", &self.folder, radvd)
    }

    fn delegate(&self, port: &str, prefix: &str) -> Result<Rc<Program>> {
        let (start, length) = prefix.split_once('/').unwrap_or((prefix, ""));
        let config = format!(
            "{{ \"Dhcp6\": {{ \"server-id\": {{ \"type\": \"LL\", \"persist\": false }}, \"interfaces-config\": {{ \"interfaces\": [\"{port}\"] }},
  \"lease-database\": {{ \"type\": \"memfile\", \"persist\": false }},
  \"subnet6\": [ {{ \"id\": 1, \"subnet\": \"{start}/64\", \"interface\": \"{port}\",
    \"pd-pools\": [ {{ \"prefix\": \"{start}\", \"prefix-len\": {length}, \"delegated-len\": {length} }} ] }} ],
  \"loggers\": [ {{ \"name\": \"kea-dhcp6\", \"severity\": \"INFO\", \"output_options\": [ {{ \"output\": \"stdout\" }} ] }} ]
}} }}\n"
        );
        std::fs::write(self.folder.join("kea.json"), config)?;
        let mut kea = self.carrier.command("kea-dhcp6");
        kea.args(["-c", "kea.json"]).env("KEA_LOCKFILE_DIR", &self.folder).env("KEA_PIDFILE_DIR", &self.folder);
        self.ground.start("kea", &self.folder, kea)
    }
}
