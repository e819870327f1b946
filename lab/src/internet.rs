//! The internet as a clinic's router sees it: an IPv4 network with a name server of its own, which has never heard of the closed network.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use anyhow::Result;

use crate::namespace::{self, Namespace};
use crate::program::Program;
use crate::world::Ground;

/// The internet's name server (a documentation address).
pub const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 53));
/// A host of the internet, and its address: one for measurements, since guards against rebinding take those for documentation as private.
pub const SOMEWHERE: (&str, &str) = ("www.example.com", "198.18.0.80");

/// The internet.
pub struct Internet {
    machine: Rc<Namespace>,
    resolver: Rc<Program>,
    sites: Cell<u8>,
}

impl Internet {
    pub(crate) fn new(ground: &Ground) -> Result<Self> {
        let machine = ground.machine("internet")?;
        machine.ip(&format!("link add name net type bridge\nlink set net up\naddress add {RESOLVER}/24 dev net"))?;
        let mut dnsmasq = machine.command("dnsmasq");
        dnsmasq.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file="]);
        dnsmasq.args(["--log-facility=-", "--log-queries", "--bind-dynamic", "--interface=net"]);
        // A name of its own, and "no such name" for all others.
        dnsmasq.arg(format!("--address=/{}/{}", SOMEWHERE.0, SOMEWHERE.1)).arg("--address=/#/");
        let resolver = ground.start("internet-resolver", &ground.folder("internet")?, dnsmasq)?;
        resolver.said("started")?;
        Ok(Self { machine, resolver, sites: Cell::new(0) })
    }

    /// Joins a router's interface `inet`.
    pub(crate) fn join(&self, router: &Namespace) -> Result<()> {
        let number = self.sites.get() + 1;
        self.sites.set(number);
        let port = format!("site{number}");
        namespace::wire((router, "inet"), (&self.machine, &port))?;
        self.machine.ip(&format!("link set {port} master net up"))?;
        router.ip(&format!("address add 203.0.113.{}/24 dev inet\nlink set inet up", 100 + number))
    }

    /// Whether anybody has asked the internet's name server for the name or for something below it.
    #[must_use]
    pub fn was_asked_for(&self, name: &str) -> bool {
        let ends = |word: &str| word == name || word.ends_with(&format!(".{name}"));
        self.resolver.log().lines().filter(|line| line.contains("query[")).any(|line| line.split(' ').any(ends))
    }
}
