//! A clinic: its line, the router (perhaps below a phone router), and the terminals on its LAN.

mod changes;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::Result;
use manuals::{Region, addresses};

use crate::carrier::{Carrier, Line};
use crate::internet::{self, Internet};
use crate::namespace::{self, Namespace};
use crate::program::Program;
use crate::relay::Faults;
use crate::terminal::Terminal;
use crate::world::Ground;
use recipes::linux::{self as routers, ABOVE, BELOW, Names, ROUTER, Recipe, Settings, Uplink};

/// What a clinic has. Begin with [`Plan::new`] and say what is different.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) label: String,
    pub(crate) region: Region,
    pub(crate) names: Names,
    pub(crate) uplink: Uplink,
    forwards: Option<Vec<routers::Forward>>,
    asks_phone_router: bool,
    udp_size: u16,
    cable: Option<(Faults, u16)>,
}

impl Plan {
    /// A clinic of the region with the per-domain table of the manuals in this kind of router.
    #[must_use]
    pub fn new(label: &str, region: Region, names: Names, uplink: Uplink) -> Self {
        let label = label.to_owned();
        Self { label, region, names, uplink, forwards: None, asks_phone_router: false, udp_size: 1232, cable: None }
    }

    /// The region of its line.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The same, under another name.
    #[must_use]
    pub fn called(mut self, label: &str) -> Self {
        self.label = label.to_owned();
        self
    }

    /// The router has another per-domain table.
    #[must_use]
    pub fn with_table(mut self, forwards: Vec<routers::Forward>) -> Self {
        self.forwards = Some(forwards);
        self
    }

    /// The router has no table and asks the phone router above it for everything (NW-04).
    #[must_use]
    pub fn asking_the_phone_router(mut self) -> Self {
        self.asks_phone_router = true;
        self.with_table(Vec::new())
    }

    /// The router knows nothing of EDNS: it asks for answers of 512 bytes at most.
    #[must_use]
    pub fn without_edns(mut self) -> Self {
        self.udp_size = 512;
        self
    }

    /// The line is a cable that is bad in this way.
    #[must_use]
    pub fn on_a_bad_line(mut self, faults: Faults) -> Self {
        self.cable = Some((faults, self.cable.map_or(1500, |(_, largest)| largest)));
        self
    }

    /// The line takes packets up to this size.
    #[must_use]
    pub fn on_a_narrow_line(mut self, largest: u16) -> Self {
        self.cable = Some((self.cable.map_or_else(Faults::default, |(faults, _)| faults), largest));
        self
    }
}

/// A router's machine with what runs on it.
struct Box {
    machine: Rc<Namespace>,
    /// Its link-local address on the LAN.
    address: &'static str,
    recipe: RefCell<Recipe>,
    programs: Cell<Vec<Rc<Program>>>,
}

/// A clinic.
pub struct Clinic {
    ground: Rc<Ground>,
    label: String,
    region: Region,
    names: Names,
    settings: Settings,
    line: Line,
    router: Rc<Namespace>,
    /// From the line down: the phone router, if there is one, and the clinic's own.
    boxes: Vec<Box>,
    terminals: RefCell<u8>,
}

impl Clinic {
    pub(crate) fn new(ground: &Rc<Ground>, carrier: &Carrier, internet: &Internet, plan: &Plan) -> Result<Self> {
        let router = machine(ground, &plan.label, "router", ROUTER)?;
        let mut boxes = Vec::new();
        let line = match plan.uplink {
            Uplink::Advertised => carrier.line(&router, plan.uplink, plan.cable)?,
            Uplink::Delegated => {
                let phone = machine(ground, &plan.label, "phone", ABOVE)?;
                let line = carrier.line(&phone, plan.uplink, plan.cable)?;
                namespace::wire((&phone, "below"), (&router, "wan"))?;
                phone.ip("link set below master lan up")?;
                internet.join(&phone)?;
                let recipe = routers::phone::recipe(internet::RESOLVER);
                boxes.push(Box { machine: phone, address: ABOVE, recipe: recipe.into(), programs: Cell::default() });
                line
            }
        };
        internet.join(&router)?;
        let internet = if plan.asks_phone_router { format!("{ABOVE}%wan") } else { internet::RESOLVER.to_string() };
        let forwards = plan.forwards.clone().unwrap_or_else(|| routers::forwards(plan.region));
        let internet = routers::Elsewhere::Servers(vec![internet]);
        let settings = Settings { internet, udp_size: plan.udp_size, ..Settings::new(plan.names, plan.uplink, forwards) };
        let recipe = routers::recipe(&settings).into();
        boxes.push(Box { machine: router.clone(), address: ROUTER, recipe, programs: Cell::default() });
        let (label, region, names) = (plan.label.clone(), plan.region, plan.names);
        let clinic = Self { ground: ground.clone(), label, region, names, settings, line, router, boxes, terminals: RefCell::new(0) };
        clinic.boxes.iter().try_for_each(|one| clinic.switch_on(one))?;
        Ok(clinic)
    }

    fn switch_on(&self, one: &Box) -> Result<()> {
        one.machine.ip(&format!("link set wan up\naddress replace {BELOW}/64 dev wan nodad"))?;
        let folder = self.ground.folder(one.machine.label())?;
        let recipe = one.recipe.borrow();
        for file in &recipe.files {
            std::fs::write(folder.join(file.name), &file.text)?;
        }
        let mut programs = Vec::new();
        for start in &recipe.programs {
            let mut command = one.machine.command("sh");
            // wide-dhcpv6-client keeps its identity in one place for the whole machine: here each router has its own.
            command.args(["-c", "mount --bind \"$PWD\" /var/lib/dhcpv6 && exec \"$@\"", "sh", start.program]).args(start.words);
            programs.push(self.ground.start(start.program, &folder, command)?);
        }
        one.programs.set(programs);
        Ok(())
    }

    /// The clinic's router.
    #[must_use]
    pub fn router(&self) -> &Namespace {
        &self.router
    }

    /// The prefix that the carrier gives this line at the moment.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.line.prefix()
    }

    /// A new terminal on the LAN, when it has its addresses.
    ///
    /// # Errors
    /// That no address came.
    pub fn terminal(&self, name: &str) -> Result<Terminal> {
        let machine = self.ground.machine(&format!("{}-{name}", self.label))?;
        let number = self.terminals.replace_with(|number| *number + 1);
        let port = format!("port{number}");
        namespace::wire((self.router(), &port), (&machine, "eth0"))?;
        self.router().ip(&format!("link set {port} master lan up"))?;
        machine.settings(&[("ipv6/conf/eth0/use_tempaddr", "2"), ("ipv6/conf/eth0/router_solicitation_delay", "0")])?;
        machine.ip("link set eth0 up")?;
        let servers = match self.names {
            Names::Dnsmasq | Names::Unbound => vec![format!("{ROUTER}%eth0")],
            Names::Terminal => {
                let servers = addresses::platform_servers(self.region);
                vec![servers.primary.to_string(), servers.secondary.to_string()]
            }
        };
        machine.resolves_by(&servers)?;
        let terminal = Terminal::new(self.ground.clone(), machine, self.region);
        terminal.addresses_within(&self.line.prefix())?;
        Ok(terminal)
    }

    /// The line is bad in this way from now on.
    pub fn line_becomes(&self, faults: Faults) {
        self.line.becomes(faults);
    }

    /// Work on the line (LA-17): it comes back with another prefix, and the boxes are switched off and on.
    ///
    /// # Errors
    /// What kept something from coming back.
    pub fn line_is_worked_on(&self) -> Result<()> {
        for one in self.boxes.iter().rev() {
            for program in one.programs.take() {
                program.stop()?;
            }
            one.machine.ip("link set wan down\nlink set lan down")?;
        }
        self.line.gets_a_new_prefix()?;
        for one in &self.boxes {
            one.machine.ip(&format!("link set lan up\naddress replace {}/64 dev lan nodad", one.address))?;
            self.switch_on(one)?;
        }
        Ok(())
    }
}

/// A box with a LAN of its own. Its hardware address is given: a bridge without one takes another whenever a terminal is plugged in.
fn machine(ground: &Ground, clinic: &str, kind: &str, address: &str) -> Result<Rc<Namespace>> {
    let machine = ground.machine(&format!("{clinic}-{kind}"))?;
    machine.settings(&[
        ("ipv6/conf/all/forwarding", "1"),
        ("ipv6/conf/default/accept_ra", "2"),
        ("ipv6/conf/default/addr_gen_mode", "1"),
        ("ipv6/conf/default/router_solicitation_delay", "0"),
    ])?;
    machine.ip(&format!(
        "link add name lan address 02:00:00:00:00:01 type bridge forward_delay 0 mcast_snooping 0\nlink set lan up\naddress add {address}/64 dev lan nodad"
    ))?;
    machine.settings(&[("ipv6/conf/lan/accept_ra", "0")])?;
    Ok(machine)
}
