//! The carrier of a region: a core router between the center and the lines, which advertises or delegates each line's prefix.

use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use manuals::{Region, addresses};

use crate::cable::Cable;
use crate::center::{self, Center};
use crate::namespace::{self, Namespace};
use crate::onshi::Office;
use crate::program::Program;
use crate::relay::Faults;
use crate::world::Ground;
use recipes::linux::{ABOVE, BELOW, ROUTER, Uplink, phone};

/// A carrier.
pub struct Carrier {
    ground: Rc<Ground>,
    region: Region,
    machine: Rc<Namespace>,
    lines: Cell<u8>,
    notifier: OnceCell<Office>,
}

/// What a carrier knows of a line. Begin with [`LineRecord::new`] and say what is different.
#[derive(Debug, Clone)]
pub struct LineRecord<'a> {
    /// お客さまID.
    pub line_id: &'a str,
    /// The type's key in `manuals`, or any other word for a type that may not enter.
    pub line_type: &'a str,
    /// フレッツ・v6オプション: `default`, `on` or `off`.
    pub v6_option: &'a str,
    /// Whether the end of its works is registered.
    pub finished: bool,
}

impl<'a> LineRecord<'a> {
    /// A line like most: フレッツ 光ネクスト ファミリータイプ, with everything done.
    #[must_use]
    pub fn new(line_id: &'a str) -> Self {
        Self { line_id, line_type: "next-family", v6_option: "default", finished: true }
    }
}

impl Carrier {
    pub(crate) fn new(ground: &Rc<Ground>, center: &Center, region: Region) -> Result<Self> {
        let machine = ground.machine(region.key())?;
        machine.settings(&[("ipv6/conf/all/forwarding", "1"), ("ipv6/conf/default/addr_gen_mode", "1")])?;
        namespace::wire((&machine, "center"), (center.machine(), region.key()))?;
        machine.ip(&format!("link set center up\naddress add {BELOW}/64 dev center nodad\nroute add default via {ROUTER} dev center"))?;
        center.faces(region)?;
        // The two carriers' networks are separate: the other region's servers are out of reach.
        for other in [Region::East, Region::West].into_iter().filter(|other| *other != region) {
            for server in [addresses::platform_servers(other), addresses::carrier_servers(other)] {
                machine.ip(&format!("route add unreachable {}\nroute add unreachable {}", server.primary, server.secondary))?;
            }
        }
        let own = center::carriers_own(region);
        machine.ip(&own.iter().map(|address| format!("address add {address}/128 dev lo nodad\n")).collect::<String>())?;
        let servers = addresses::carrier_servers(region);
        let name = format!("{}-dns", region.key());
        center::name_server(ground, &machine, &name, &[servers.primary, servers.secondary])?;
        Ok(Self { ground: ground.clone(), region, machine, lines: Cell::new(0), notifier: OnceCell::new() })
    }

    /// Starts the notifier of line information, in a process and with keys of the carrier's own.
    pub(crate) fn opens_its_notifier(&self) -> Result<()> {
        if self.notifier.get().is_none() {
            let name = format!("{}-notifier", self.region.key());
            let office = Office::open(&self.ground, &self.machine, &name, &self.ground.folder(&name)?, "[\"notifier\"]", "")?;
            self.notifier.get_or_init(|| office);
        }
        Ok(())
    }

    fn notifier(&self) -> Result<&Office> {
        self.notifier.get().context("the notifier is not open: begin the story with `world.open_center()`")
    }

    /// The root of the notifier's host.
    pub(crate) fn root(&self) -> Result<PathBuf> {
        Ok(self.notifier()?.root())
    }

    /// Gives the center the notifier's public key, and the notifier the portal's.
    pub(crate) fn exchanges_keys_with(&self, center: &Office) -> Result<()> {
        let (own, theirs) = (self.notifier()?.certificates(), center.certificates());
        let notifier = format!("line-notifier-{}.pub", self.region.key());
        for (name, from, to) in [(notifier.as_str(), &own, &theirs), ("line-portal.pub", &theirs, &own)] {
            std::fs::copy(from.join(name), to.join(name)).with_context(|| name.to_owned())?;
        }
        Ok(())
    }

    /// The notifier's process, to be silenced by a signal.
    ///
    /// # Errors
    /// If it does not run.
    pub fn notifier_process(&self) -> Result<&Program> {
        Ok(self.notifier()?.program())
    }

    /// Enters a line into the carrier's table.
    ///
    /// # Errors
    /// The refusal's words.
    pub fn knows(&self, line: &LineRecord<'_>, prefix: &str) -> Result<()> {
        let mut words = vec!["carrier", "line", "add", line.line_id, "--region", self.region.key(), "--line-type", line.line_type];
        words.extend(["--v6-option", line.v6_option, "--applied-on", "2026-01-10", "--prefix", prefix]);
        if line.finished {
            words.extend(["--work-completed", "2026-02-01"]);
        }
        self.notifier()?.operate(&words)?;
        Ok(())
    }

    /// Has a command carried out by the carrier's operator, such as `["line", "complete", …]`.
    ///
    /// # Errors
    /// The refusal's words.
    pub fn operate(&self, words: &[&str]) -> Result<serde_json::Value> {
        let all: Vec<&str> = std::iter::once("carrier").chain(words.iter().copied()).collect();
        self.notifier()?.operate(&all)
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
        self.machine.ip(&format!("link set {port} up\naddress add {ABOVE}/64 dev {port} nodad"))?;
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

    /// The one before it.
    pub(crate) fn former_prefix(&self) -> String {
        self.prefix_of(self.edition.get().saturating_sub(1))
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
            "{{ \"Dhcp6\": {{ \"server-id\": {{ \"type\": \"LL\", \"persist\": false }}, \"interfaces-config\": {{ \"interfaces\": [\"{port}\"],
    \"service-sockets-max-retries\": 1000, \"service-sockets-retry-wait-time\": 100 }},
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
