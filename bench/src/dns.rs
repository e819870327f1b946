//! Names over UDP and TCP: processor time for a question with the views on, beside NSD and BIND with the same zones, asked by dnsperf.
//!
//! Needs the Debian packages dnsperf, nsd and bind9; what is missing is said and left out.

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use jiff::civil::Date;
use manuals::{Region, addresses, zones};
use network::dns::List;

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::process::{cpu_seconds, resident_megabytes};
use crate::world;

/// Turns that each server takes, one after the other, so that none has the warmer machine.
const TURNS: usize = 5;
/// The views' server address; the peers have no views and listen anywhere.
const SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// A server under measurement, ended when it is dropped.
struct Server {
    name: &'static str,
    child: Child,
    at: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let missing: Vec<&str> = ["dnsperf", "nsd", "named"].into_iter().filter(|name| program(name).is_none()).collect();
    if !missing.is_empty() {
        println!("dns: left out, {} not installed (apt-get install dnsperf nsd bind9)", missing.join(", "));
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let zones = write_zones(folder.path())?;
    let questions = write_questions(folder.path())?;
    let servers = [ours(folder.path())?, nsd(folder.path(), &zones)?, bind(folder.path(), &zones)?];
    let seconds = size.seconds.div_ceil(4).max(2);
    let mut figures = Vec::new();
    for (over, peer) in [("udp", 1), ("tcp", 2)] {
        let mut costs: Vec<Vec<f64>> = vec![Vec::new(); servers.len()];
        let mut rates = costs.clone();
        for _ in 0..TURNS {
            for ((server, costs), rates) in servers.iter().zip(&mut costs).zip(&mut rates) {
                let (cost, rate) = load(server, over, &questions, seconds)?;
                costs.push(cost);
                rates.push(rate);
            }
        }
        let median = |all: &[Vec<f64>], place: usize| all.get(place).map_or(f64::NAN, |values| quantile(&sorted(values.clone()), 0.5));
        for (place, server) in servers.iter().enumerate().skip(1) {
            let mark = if place == peer { "" } else { ".other" };
            figures.push(Figure::new(
                format!("dns.{over}.cpu{mark}"),
                median(&costs, 0),
                "µs/question",
                server.name,
                median(&costs, place),
            ));
        }
        let name = servers.get(peer).map_or("", |server| server.name);
        figures.push(Figure::new(format!("dns.{over}.rate"), median(&rates, 0), "questions/s", name, median(&rates, peer)));
    }
    let memory = |place: usize| servers.get(place).map_or(Ok(f64::NAN), |server: &Server| resident_megabytes(server.child.id()));
    figures.push(Figure::new("dns.memory", memory(0)?, "MB", "NSD", memory(1)?));
    Ok(figures)
}

fn program(name: &str) -> Option<PathBuf> {
    ["/usr/bin", "/usr/sbin"].into_iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

/// The zones of the eastern platform as files: name and file.
fn write_zones(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let list = List::of_the_manuals(Date::MAX);
    let east = list.zones.into_iter().filter(|zone| zone.regions.contains(&Region::East));
    east.map(|zone| {
        let file = folder.join(format!("{}.zone", zone.name));
        std::fs::write(&file, format!("$ORIGIN {}.\n{}", zone.name, zone.records))?;
        Ok((zone.name, file))
    })
    .collect()
}

/// The names of both guides for one site, and the address types as nslookup asks for them.
fn write_questions(folder: &Path) -> anyhow::Result<PathBuf> {
    let tokyo = manuals::prefecture_by_romaji("tokyo").context("a prefecture")?;
    let mut text = String::new();
    let names = addresses::claims_lookups(tokyo).into_iter().chain(addresses::eligibility_lookups(Region::East));
    for name in names.filter(|name| zones::addresses_of(name, Region::East).iter().any(std::net::IpAddr::is_ipv6)) {
        writeln!(text, "{name} AAAA\n{name} A")?;
    }
    let file = folder.join("questions");
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Four views, two regions by two services, chosen by address and prefix.
fn ours(folder: &Path) -> anyhow::Result<Server> {
    let mut text = format!("[dns]\nlisten = [\"{SERVER}:0\"]\n");
    for (region, prefix) in [("east", "127.0.0.0/16"), ("west", "127.1.0.0/16")] {
        write!(text, "[[dns.view]]\nname = \"{region}\"\nregion = \"{region}\"\nservices = [\"claims\", \"eligibility\", \"carrier\"]\n")?;
        write!(text, "servers = [\"{SERVER}\"]\naskers = [\"{prefix}\"]\n")?;
        let narrow = prefix.replace(".0.0/16", ".64.0/24");
        write!(text, "[[dns.view]]\nname = \"{region} claims\"\nregion = \"{region}\"\nservices = [\"claims\"]\n")?;
        write!(text, "servers = [\"{SERVER}\"]\naskers = [\"{narrow}\"]\n")?;
    }
    let file = folder.join("network.toml");
    std::fs::write(&file, text)?;
    let mut command = world::onshi(folder)?;
    command.args(["network", "dns", "serve", "--config"]).arg(&file).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let line = BufReader::new(child.stdout.take().context("its output")?).lines().next().context("it ended at once")??;
    let at = line.split_whitespace().find_map(|word| word.split('（').next()?.parse().ok());
    let mut server = Server { name: "onshi", child, at: SocketAddr::new(SERVER.into(), 0) };
    server.at = at.with_context(|| format!("no address in: {line}"))?;
    Ok(server)
}

fn nsd(folder: &Path, zones: &[(String, PathBuf)]) -> anyhow::Result<Server> {
    let port = free()?;
    let mut text = format!(
        "server:\n ip-address: 127.0.0.1@{port}\n username: \"\"\n zonesdir: \"\"\n database: \"\"\n pidfile: \"{0}/nsd.pid\"\n xfrdfile: \"{0}/xfrd\"\n \
         xfrdir: \"{0}\"\n zonelistfile: \"{0}/zones\"\n server-count: 1\n rrl-ratelimit: 0\n minimal-responses: yes\n round-robin: yes\n\
         remote-control:\n control-enable: no\n",
        folder.display()
    );
    for (name, file) in zones {
        writeln!(text, "zone:\n name: \"{name}\"\n zonefile: \"{}\"", file.display())?;
    }
    let file = folder.join("nsd.conf");
    std::fs::write(&file, text)?;
    let mut command = Command::new(program("nsd").context("nsd")?);
    command.arg("-d").arg("-c").arg(&file);
    begin("NSD", command, port)
}

fn bind(folder: &Path, zones: &[(String, PathBuf)]) -> anyhow::Result<Server> {
    let port = free()?;
    let mut text = format!(
        "options {{ directory \"{}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; minimal-responses yes; \
         pid-file none; session-keyfile none; notify no; }};\ncontrols {{ }};\nlogging {{ category default {{ null; }}; }};\n",
        folder.display()
    );
    for (name, file) in zones {
        writeln!(text, "zone \"{name}\" {{ type primary; file \"{}\"; }};", file.display())?;
    }
    let file = folder.join("named.conf");
    std::fs::write(&file, text)?;
    let mut command = Command::new(program("named").context("named")?);
    command.args(["-g", "-n", "1", "-c"]).arg(&file);
    begin("BIND", command, port)
}

/// A port that was free a moment ago.
fn free() -> anyhow::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Starts a peer and waits until it answers.
fn begin(name: &'static str, mut command: Command, port: u16) -> anyhow::Result<Server> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let server = Server { name, child, at: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(server.at)?;
    socket.set_read_timeout(Some(std::time::Duration::from_millis(100)))?;
    let question = network::dns::question(manuals::hosts::line_portal().name, network::dns::Rtype::AAAA, network::dns::Class::IN);
    let question = question.map_err(anyhow::Error::msg)?;
    for _ in 0..100 {
        // Nobody there yet is told as an error, too.
        let _asked = socket.send(&question);
        match socket.recv(&mut [0; 1500]) {
            Ok(length) if length > 0 => return Ok(server),
            _ => std::thread::park_timeout(std::time::Duration::from_millis(50)),
        }
    }
    bail!("{name} does not answer on port {port}")
}

/// Microseconds of processor time for a question, all processes of the server, and questions a second.
fn load(server: &Server, over: &str, questions: &Path, seconds: u64) -> anyhow::Result<(f64, f64)> {
    let before = cost(server)?;
    let mut dnsperf = Command::new(program("dnsperf").context("dnsperf")?);
    dnsperf.args(["-s", &server.at.ip().to_string(), "-p", &server.at.port().to_string(), "-m", over, "-l", &seconds.to_string()]);
    dnsperf.args(["-c", "8", "-T", "1", "-q", "200", "-e", "-d"]).arg(questions);
    let output = dnsperf.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let number =
        |label: &str| said.lines().find_map(|line| line.trim().strip_prefix(label)?.split_whitespace().next()?.parse::<f64>().ok());
    let (answered, rate) = (number("Queries completed:"), number("Queries per second:"));
    let (Some(answered), Some(rate)) = (answered, rate) else { bail!("dnsperf said: {said}") };
    Ok(((cost(server)? - before) * 1_000_000.0 / answered, rate))
}

/// Seconds of processor time of a server and of the processes it started.
fn cost(server: &Server) -> anyhow::Result<f64> {
    let mut all = vec![server.child.id()];
    let mut at = 0;
    while let Some(pid) = all.get(at).copied() {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        at += 1;
    }
    all.into_iter().map(cpu_seconds).sum()
}
