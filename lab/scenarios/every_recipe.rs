//! Steps of the stories of the recipes: every kind of site of a region on one router each, its names, its filter, and what terminals are told.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::routers::{self, Interfaces, Names, ROUTER, Settings, Uplink};
use lab::{Clinic, Plan, SOMEWHERE, Terminal, World, patience};
use manuals::{Region, addresses, hosts};
use recipes::site::{Internet, Order, Services, Site};

/// The routers of which every kind of site is made: who answers names, and how the prefix comes.
const ROUTERS: [(&str, Names, Uplink); 4] = [
    ("dnsmasq", Names::Dnsmasq, Uplink::Advertised),
    ("unbound", Names::Unbound, Uplink::Advertised),
    ("phone-dnsmasq", Names::Dnsmasq, Uplink::Delegated),
    ("phone-unbound", Names::Unbound, Uplink::Delegated),
];
/// Where the terminal stands in IPv4, and where the clinic's other computer.
const TERMINAL: &str = "192.168.220.11";

/// Every kind of site of a region, on both machines: 36 sites, 72 configurations.
pub(crate) fn of(world: &World, region: Region) -> Result<()> {
    let mut seen = 0;
    for (label, names, uplink) in ROUTERS {
        let clinic = world.clinic(&Plan::new(label, region, names, uplink))?;
        let terminal = clinic.terminal("reception")?;
        let office = apart(&clinic, &terminal)?;
        let _folders = Listener::new(&terminal, 445)?;
        let _pages = Listener::new(&terminal, 80)?;
        for site in Site::all().filter(|site| site.region == region && site.phone == (uplink == Uplink::Delegated)) {
            becomes(world, &clinic, names, site).with_context(|| format!("{label}: {}", site.label()))?;
            finds_its_names(&terminal, site).with_context(|| format!("{label}: {}", site.label()))?;
            if site.split {
                stands_apart(&office).with_context(|| format!("{label}: {}", site.label()))?;
            }
            seen += 1;
        }
        told_by_dhcp(world, &terminal).with_context(|| label.to_owned())?;
        let has = office.addresses()?;
        ensure!(has.lasting.is_empty() && has.temporary.is_empty(), "{label}: the other LAN has {has:?}");
        terminal.addresses_within(&clinic.prefix())?;
    }
    ensure!(seen == 72, "{seen} configurations");
    Ok(())
}

/// The router gets the recipe of a site: its files as `onshi router write` writes them, but for the lab's interfaces.
fn becomes(world: &World, clinic: &Clinic, names: Names, site: Site) -> Result<()> {
    let resolvers = if site.internet == Internet::None { Vec::new() } else { vec![lab::RESOLVER] };
    let interfaces = Interfaces {
        office: site.split.then_some("office"),
        internet: (site.internet != Internet::None).then_some("inet"),
        ..Interfaces::LAB
    };
    let settings = Settings::of(names, &Order { resolvers, ..Order::of(site) }, interfaces);
    ensure!(settings.uplink == if site.phone { Uplink::Delegated } else { Uplink::Advertised }, "the order's own uplink");
    ensure!(routers::recipe(&settings).programs.len() >= 3, "a router of several programs");
    clinic.router_answers_by(&settings, "")?;
    let rules = world.folder().join(clinic.router().label()).join("nftables.conf");
    clinic.router().run("nft", &["-f", &rules.to_string_lossy()])?;
    Ok(())
}

/// Both guides' names as far as the services need them, over UDP and TCP; the internet's names exactly where there is an internet.
fn finds_its_names(terminal: &Terminal, site: Site) -> Result<()> {
    let prefecture = manuals::prefectures().iter().find(|prefecture| prefecture.region == site.region).context("a prefecture")?;
    let mut names = Vec::new();
    if site.services != Services::Claims {
        names.extend(addresses::eligibility_lookups(site.region));
    }
    if site.services != Services::Eligibility {
        names.extend(addresses::claims_lookups(prefecture));
    }
    for way in [["+bufsize=1232", "+notcp"].as_slice(), ["+tcp"].as_slice()] {
        let asked: Vec<&str> = names.iter().map(String::as_str).chain([SOMEWHERE.0, hosts::claims_kikin().name]).collect();
        let found = ask(terminal, &asked, way)?;
        let of = |name: &str| found.get(name).cloned().unwrap_or_default();
        for name in &names {
            let expected = addresses::expected(name, site.region).with_context(|| format!("the manuals print nothing for {name}"))?;
            ensure!(expected.accepts(&of(name)), "{name} has {:?} ({way:?})", of(name));
            // The private addresses too: a guard against rebinding must leave them.
            let four = |address: &&std::net::Ipv4Addr| !of(name).contains(&IpAddr::V4(**address));
            ensure!(expected.a.iter().find(four).is_none(), "{name} has {:?}, not all of {:?} ({way:?})", of(name), expected.a);
        }
        let internet = of(SOMEWHERE.0);
        ensure!(internet.is_empty() == (site.internet == Internet::None), "{} has {internet:?}", SOMEWHERE.0);
        let claims = of(hosts::claims_kikin().name);
        ensure!(claims.is_empty() == (site.services == Services::Eligibility), "a name that the site does not use has {claims:?}");
    }
    Ok(())
}

/// Asks one `dig` for all addresses of all names.
fn ask(terminal: &Terminal, names: &[&str], way: &[&str]) -> Result<BTreeMap<String, Vec<IpAddr>>> {
    let mut words = vec!["+noall", "+answer", "+timeout=3", "+tries=2"];
    words.extend(way);
    for name in names {
        words.extend([*name, "AAAA", *name, "A"]);
    }
    let said = terminal.machine().run("dig", &words)?;
    let (mut aliases, mut known): (BTreeMap<String, String>, BTreeMap<String, Vec<IpAddr>>) = Default::default();
    for line in said.lines() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [owner, _, _, kind, value] = parts.as_slice() else { continue };
        let owner = owner.trim_end_matches('.').to_ascii_lowercase();
        match *kind {
            "CNAME" => drop(aliases.insert(owner, value.trim_end_matches('.').to_ascii_lowercase())),
            "A" | "AAAA" => known.entry(owner).or_default().push(value.parse()?),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for name in names {
        let mut at = name.to_ascii_lowercase();
        for _ in 0..5 {
            at = aliases.get(&at).cloned().unwrap_or(at);
        }
        found.insert((*name).to_owned(), known.get(&at).cloned().unwrap_or_default());
    }
    Ok(found)
}

/// Another computer of the clinic, on a LAN of its own at the same router.
fn apart(clinic: &Clinic, terminal: &Terminal) -> Result<Terminal> {
    let office = clinic.terminal("office")?;
    let router = clinic.router();
    router.settings(&[("ipv4/ip_forward", "1")])?;
    router.ip("link add name office address 02:00:00:00:00:02 type bridge forward_delay 0 mcast_snooping 0\nlink set office up")?;
    router.settings(&[("ipv6/conf/office/disable_ipv6", "1")])?;
    router.ip("link set port1 master office\naddress add 192.168.1.1/24 dev office\naddress replace 192.168.220.1/24 dev lan")?;
    office.machine().run("ip", &["-6", "address", "flush", "dev", "eth0", "scope", "global"])?;
    office.machine().ip("address add 192.168.1.50/24 dev eth0\nroute add default via 192.168.1.1")?;
    terminal.machine().ip(&format!("address add {TERMINAL}/24 dev eth0\nroute add default via 192.168.220.1"))?;
    Ok(office)
}

/// The other computer opens the terminal's folders and nothing else of it.
fn stands_apart(office: &Terminal) -> Result<()> {
    let connects = |port: u16, patience: &str| -> Result<bool> {
        let line = format!("exec 3<>/dev/tcp/{TERMINAL}/{port}");
        Ok(office.machine().command("timeout").args([patience, "bash", "-c", &line]).output()?.status.success())
    };
    ensure!(connects(445, "5")?, "the terminal's folders are out of reach");
    ensure!(!connects(80, "0.3")?, "the terminal's other doors are open");
    Ok(())
}

/// Who reads no advertisements asks by DHCPv6, and is told the router itself.
fn told_by_dhcp(world: &World, terminal: &Terminal) -> Result<()> {
    let folder = world.folder().join(format!("dhcp-{}", terminal.machine().label()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("dhcp6c.conf"), "interface eth0 { information-only; request domain-name-servers; };\n")?;
    let mut command = terminal.machine().command("sh");
    command.current_dir(&folder).args(["-c", "mount --bind . /var/lib/dhcpv6 && exec timeout 20 dhcp6c -f -i -c dhcp6c.conf -p pid eth0"]);
    let said = command.output()?;
    let heard = String::from_utf8_lossy(&said.stdout).into_owned();
    ensure!(heard.lines().any(|line| line == format!("nameserver[0] {ROUTER}")), "by DHCPv6 the terminal was told {heard:?}, {said:?}");
    Ok(())
}

/// A program that listens at a port of the terminal until it is dropped.
struct Listener(std::process::Child);

impl Listener {
    fn new(terminal: &Terminal, port: u16) -> Result<Self> {
        let program = format!("import socket\ns = socket.create_server(('0.0.0.0', {port}))\nwhile True: s.accept()[0].close()");
        let listener = Self(terminal.machine().command("python3").args(["-c", &program]).spawn()?);
        patience::until("a listener", Duration::from_secs(20), || {
            let open = terminal.machine().run("ss", &["--no-header", "--listening", "--tcp", "--numeric"])?;
            Ok(open.contains(&format!(":{port} ")).then_some(()))
        })?;
        Ok(listener)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}
