//! The forwarders of a clinic's router between terminal and server: what they do with our answers, and the exceptions they need.
//! What a router must be told stands in `docs/dns.md`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use manuals::{Region, domains, zones};

use super::names::{Names, dig};

const PWEB: &str = "pweb.base.oqs-pdl.org";

/// A forwarder of another make until it is dropped.
struct Forwarder {
    child: Child,
    at: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn free() -> u16 {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Forwarder {
    fn begin(command: &mut Command, folder: tempfile::TempDir, port: u16, ready: &str) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a forwarder of Debian");
        let mut forwarder = Self { child, at: SocketAddr::from(([127, 0, 0, 1], port)), _folder: folder };
        let mut lines = BufReader::new(forwarder.child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.by_ref().any(|line| line.contains(ready)), "it ended before it was ready");
        // Its later words are read and forgotten, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        forwarder
    }

    /// dnsmasq with the per-domain table of a router.
    fn dnsmasq(names: &Names, more: &[String]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free());
        let mut command = Command::new("/usr/sbin/dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--no-resolv",
            "--no-hosts",
            "--conf-file=/dev/null",
            "--log-facility=-",
            "--bind-interfaces",
        ]);
        command.args(["--listen-address=127.0.0.1", "--user=root", &format!("--port={port}"), "--pid-file="]);
        for domain in domains::union() {
            command.arg(format!("--server=/{domain}/{}#{}", names.at(0).ip(), names.at(0).port()));
        }
        command.args(more);
        Self::begin(&mut command, folder, port, "started")
    }

    /// unbound with a forward zone for each domain.
    fn unbound(names: &Names, more: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free());
        let mut text = format!(
            "server:\n interface: 127.0.0.1@{port}\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n use-syslog: no\n logfile: \"\"\n \
             do-not-query-localhost: no\n verbosity: 1\n directory: \"{}\"\n num-threads: 1\n{more}remote-control:\n control-enable: no\n",
            folder.path().display()
        );
        for domain in domains::union() {
            text.push_str(&format!(
                "forward-zone:\n name: \"{domain}\"\n forward-addr: {}@{}\n forward-first: no\n",
                names.at(0).ip(),
                names.at(0).port()
            ));
        }
        let file = folder.path().join("unbound.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("/usr/sbin/unbound");
        command.arg("-d").arg("-c").arg(&file);
        Self::begin(&mut command, folder, port, "start of service")
    }

    fn count(&self, name: &str, rtype: &str) -> usize {
        let said = dig(self.at, &["+short", "+recurse", name, rtype]);
        said.lines().filter(|line| line.parse::<std::net::IpAddr>().is_ok()).count()
    }
}

/// Rows: DN-23
#[test]
fn routers_of_two_makes_pass_every_name_on_and_the_long_ones_over_tcp() {
    let names = Names::of(Region::East);
    for router in [Forwarder::dnsmasq(&names, &[]), Forwarder::unbound(&names, "")] {
        for served in zones::served(Region::East, jiff::civil::Date::MAX) {
            if domains::covers(&domains::union(), &served.name) && !served.name.contains(".kokuho.") {
                assert_eq!(router.count(&served.name, "AAAA"), served.aaaa.len(), "{}", served.name);
                assert_eq!(router.count(&served.name, "A"), served.a.len(), "{}", served.name);
            }
        }
        let plain = dig(router.at, &["+recurse", "+noedns", "+ignore", PWEB, "AAAA"]);
        assert!(plain.contains(" tc"), "a terminal without EDNS is told to come over TCP: {plain}");
        let missing = dig(router.at, &["+recurse", "nobody.base.oqs-pdl.org", "AAAA"]);
        assert!(missing.contains("NXDOMAIN"), "{missing}");
    }
}

#[test]
fn protection_against_rebinding_takes_the_private_addresses_away_until_the_domains_are_excepted() {
    let names = Names::of(Region::East);
    let strict = Forwarder::dnsmasq(&names, &["--stop-dns-rebind".to_owned()]);
    assert_eq!((strict.count(PWEB, "A"), strict.count(PWEB, "AAAA")), (0, 14));
    let excepted = format!("--rebind-domain-ok=/{}/", domains::union().join("/"));
    let mended = Forwarder::dnsmasq(&names, &["--stop-dns-rebind".to_owned(), excepted]);
    assert_eq!((mended.count(PWEB, "A"), mended.count(PWEB, "AAAA")), (15, 14));
    let private = " private-address: 10.0.0.0/8\n".to_owned();
    let strict = Forwarder::unbound(&names, &private);
    assert_eq!((strict.count(PWEB, "A"), strict.count(PWEB, "AAAA")), (0, 14));
    let excepted: String = domains::union().iter().map(|domain| format!(" private-domain: \"{domain}\"\n")).collect();
    let mended = Forwarder::unbound(&names, &(private + &excepted));
    assert_eq!((mended.count(PWEB, "A"), mended.count(PWEB, "AAAA")), (15, 14));
}

/// A validating router is sure that the closed top-level domains do not exist: the root is signed and does not name them.
#[test]
fn a_validating_router_needs_the_closed_domains_named_insecure() {
    let names = Names::of(Region::East);
    // A root key whose root answers nobody here: the chain of trust cannot be followed, as on a line without the Internet.
    let key = " trust-anchor: \". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\"\n module-config: \"validator iterator\"\n";
    let root = format!("{key} root-hints: \"/dev/null\"\n");
    let strict = Forwarder::unbound(&names, &root);
    assert_eq!(strict.count("www.lineauth.mnw", "AAAA"), 0);
    let insecure: String = domains::union().iter().map(|domain| format!(" domain-insecure: \"{domain}\"\n")).collect();
    let mended = Forwarder::unbound(&names, &(root + &insecure));
    assert_eq!(mended.count("www.lineauth.mnw", "AAAA"), 1);
    assert_eq!(mended.count(PWEB, "AAAA"), 14);
    let asked = dig(mended.at, &["+recurse", "+dnssec", "www.lineauth.mnw", "AAAA"]);
    assert!(asked.contains("NOERROR") && !asked.contains(" ad"), "not signed, and not said to be: {asked}");
}
