//! What we write ourselves is without a finding; each trap is named, in its line.

use super::*;
use crate::site::{Order, Site};
use crate::table::forwards;
use crate::write::{Device, write};

/// The files of a recipe that a dialect reads.
fn texts(site: Site) -> Vec<(Dialect, String)> {
    let mut found = Vec::new();
    for device in Device::ALL {
        for file in write(device, &Order::of(site)).files {
            let dialect = match file.name {
                "yamaha.txt" => Dialect::Yamaha,
                "ix.txt" => Dialect::Ix,
                "cisco.txt" => Dialect::Cisco,
                "fortigate.txt" => Dialect::Fortigate,
                "openwrt.sh" => Dialect::Openwrt,
                "dnsmasq.conf" => Dialect::Dnsmasq,
                "unbound.conf" => Dialect::Unbound,
                "radvd.conf.in" => Dialect::Radvd,
                "nrpt.ps1" => Dialect::Nrpt,
                _ => continue,
            };
            found.push((dialect, file.text));
        }
    }
    found
}

fn told(site: Site) -> Expected {
    Expected { region: Some(site.region), services: Some(site.services), phone: Some(site.phone) }
}

/// Rows: DN-01, DN-02, DN-03, DN-04, DN-05, DN-06, DN-07, NW-07, NW-08, NW-10
#[test]
fn what_we_write_for_every_site_is_without_a_finding() {
    let mut read = 0;
    for site in Site::all() {
        for (dialect, text) in texts(site) {
            let report = lint(&text, Some(dialect), told(site)).unwrap();
            // FortiGate can name one server of each pair only, and says so itself.
            let findings: Vec<&Finding> =
                report.findings.iter().filter(|finding| !(dialect == Dialect::Fortigate && finding.key == "one-server")).collect();
            assert!(findings.is_empty(), "{site:?} {dialect:?}: {findings:#?}\n{text}");
            assert_eq!(Dialect::guess(&text), Some(dialect), "{site:?}");
            if dialect != Dialect::Radvd {
                assert_eq!(report.domains, forwards(site.region, site.services).len(), "{site:?} {dialect:?}");
                let unaided = lint(&text, None, Expected::default()).unwrap();
                assert_eq!((unaided.region, unaided.services), (Some(site.region), Some(site.services)), "{dialect:?}");
            }
            read += 1;
        }
    }
    assert!(read >= 72 * 9, "{read}");
}

fn site() -> Site {
    Site { region: Region::East, services: Services::Both, phone: false, internet: crate::site::Internet::Pppoe, split: true }
}

fn ours(dialect: Dialect, site: Site) -> String {
    texts(site).into_iter().find(|(found, _)| *found == dialect).unwrap().1
}

/// Changes our own configuration in one place; the finding with this key must stand in the first changed line, or for the whole.
#[track_caller]
fn breaks(dialect: Dialect, from: &str, to: &str, key: &str) {
    let right = ours(dialect, site());
    assert!(right.contains(from), "{dialect:?} does not hold {from:?}\n{right}");
    let wrong = right.replacen(from, to, 1);
    let report = lint(&wrong, Some(dialect), told(site())).unwrap();
    let line = right.get(..right.find(from).unwrap()).unwrap().matches('\n').count() + 1 + from.len() - from.trim_start_matches('\n').len();
    let found = report
        .findings
        .iter()
        .find(|finding| finding.key == key && (finding.line == line || finding.line == 0 || ELSEWHERE.contains(&key)));
    let found = found.unwrap_or_else(|| panic!("{dialect:?}: no {key} in line {line} after {to:?}: {:#?}", report.findings));
    assert!(!found.what.is_empty() && !found.fix.is_empty());
}

/// Findings that stand where the remedy belongs, not where something is missing.
const ELSEWHERE: [&str; 6] = ["missing-domain", "rebinding-guard", "shadowed-domain", "no-master", "no-range", "no-o-flag"];

/// Rows: DN-03, DN-04, DN-05, DN-06, DN-26, NW-04, SU-07, SU-08
#[test]
fn mistakes_of_the_table_are_named_in_every_language() {
    let all = [Dialect::Yamaha, Dialect::Ix, Dialect::Fortigate, Dialect::Openwrt, Dialect::Dnsmasq, Dialect::Unbound, Dialect::Nrpt];
    let east = manuals::addresses::platform_servers(Region::East).primary.to_string();
    let west = manuals::addresses::platform_servers(Region::West).primary.to_string();
    let carrier = manuals::addresses::carrier_servers(Region::East).primary.to_string();
    for dialect in all {
        breaks(dialect, &east, &west, "other-region");
        breaks(dialect, &east, "fe80::a", "asks-the-router-above");
        breaks(dialect, &east, "2001:4860:4860::8888", "unknown-server");
        breaks(dialect, &east, &carrier, "swapped-servers");
        let (from, to) = match dialect {
            Dialect::Fortigate => ("set domain \"onshikaku.org\"", "set domain \"onshikaku.or\""),
            Dialect::Unbound => ("  name: \"onshikaku.org.\"", "  name: \"onshikaku.or.\""),
            Dialect::Nrpt => ("'.onshikaku.org','onshikaku.org'", "'.onshikaku.or'"),
            _ => ("onshikaku.org", "onshikaku.or"),
        };
        breaks(dialect, from, to, "misspelt-domain");
        breaks(dialect, "base.oqs-pdl.org", "base.oqs\u{2010}pdl.org", "look-alike-letter");
    }
    breaks(Dialect::Cisco, &east, &west, "other-region");
    breaks(Dialect::Cisco, "LINEAUTH\\.MNW", "LINEAUHT\\.MNW", "misspelt-domain");
    breaks(Dialect::Unbound, "  name: \"base.oqs-pdl.org.\"", "  name: \"pweb.base.oqs-pdl.org.\"", "too-narrow-domain");
    breaks(Dialect::Dnsmasq, "server=/secomtrust.net/", "server=/net/", "too-broad-domain");
    breaks(Dialect::Dnsmasq, "server=/lineauth.mnw/", "server=/www.lineauth.mnw/", "too-narrow-domain");
}

#[test]
fn a_domain_left_out_is_named() {
    for (dialect, text) in texts(site()).into_iter().filter(|(dialect, _)| !matches!(dialect, Dialect::Radvd | Dialect::Cisco)) {
        let mut zone = false;
        let without: Vec<&str> = text
            .lines()
            .filter(|line| {
                // Whole clauses of unbound and FortiGate, lines of the others.
                zone = zone && !line.starts_with("forward-zone") && !line.contains("next") || line.contains("kenshin.rece");
                !zone
            })
            .collect();
        let report = lint(&without.join("\n"), Some(dialect), told(site())).unwrap();
        let missing = report.findings.iter().any(|finding| finding.key == "missing-domain" && finding.what.contains("kenshin.rece"));
        assert!(missing, "{dialect:?}: {:#?}", report.findings);
    }
    let nothing = lint("no-resolv\nserver=8.8.8.8\n", Some(Dialect::Dnsmasq), Expected::default()).unwrap();
    assert_eq!(nothing.findings.iter().map(|finding| finding.key).collect::<Vec<_>>(), ["no-table"]);
}

/// Rows: NW-07, NW-08
#[test]
fn yamaha_traps() {
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Yamaha, from, to, key);
    at(" edns=on any onshikaku.org", " any onshikaku.org", "no-edns");
    at("dns server select 102 ", "dns server select 500001 ", "shadowed-domain");
    at(" any lineauth.mnw", " a lineauth.mnw", "record-type");
    at("rtadv send 1 o_flag=on", "rtadv send 1", "no-o-flag");
    at("dns notice order dhcpv6 me", "dns notice order dhcpv6 server", "tells-the-carriers-servers");
    at("dns notice order dhcpv6 me", "", "no-notice-order");
    at("dns service recursive", "dns service off", "names-off");
    at("ipv6 vlan1 rtadv", "ipv6 vlan2 rtadv", "ipv6-beyond-vlan1");
    at("ngn type lan2 ntt", "", "no-ngn-type");
    at("ipv6 vlan1 dhcp service server", "", "no-dhcpv6-server");
    at("pass * * icmp6 * *", "reject * * icmp6 * *", "no-icmp6");
    at("ipv6 lan2 secure filter in 101000 101002", "ipv6 lan2 secure filter in 101000", "no-dhcpv6");
    at("ipv6 routing on", "ipv6 keepalive 1 icmp-echo 10 3 2001:db8::1", "pings-the-center");
    let text = ours(Dialect::Yamaha, site());
    let phone = lint(&text, None, Expected { phone: Some(true), ..Expected::default() }).unwrap();
    assert!(phone.findings.iter().any(|finding| finding.key == "ra-with-phone"));
    let text = ours(Dialect::Yamaha, Site { phone: true, ..site() });
    let plain = lint(&text, None, Expected { phone: Some(false), ..Expected::default() }).unwrap();
    assert!(plain.findings.iter().any(|finding| finding.key == "pd-without-phone"));
    let report = lint(&text.replace("dhcp service client", "dhcp service client ir=on"), None, Expected::default()).unwrap();
    assert!(report.findings.iter().any(|finding| finding.key == "information-only"));
}

#[test]
fn dnsmasq_and_openwrt_traps() {
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Dnsmasq, from, to, key);
    at("rebind-domain-ok=/base.oqs-pdl.org/\n", "", "rebinding-guard");
    at("edns-packet-max=1232", "edns-packet-max=512", "no-edns");
    at("[fe80::]", "[2001:db8::1]", "tells-the-carriers-servers");
    at("no-hosts", "filter-AAAA", "no-aaaa");
    at("no-hosts", "dnssec", "validates");
    at("no-hosts", "address=/www.lineauth.mnw/2001:db8::1", "fixed-answer");
    at("no-hosts", "local=/onshikaku.org/", "answered-here");
    at("ra-stateless", "static", "no-slaac");
    at("dhcp-range=", "#dhcp-range=", "no-range");
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Openwrt, from, to, key);
    at("uci add_list dhcp.@dnsmasq[0].rebind_domain='/base.oqs-pdl.org/'\n", "", "rebinding-guard");
    at("ednspacket_max='1232'", "ednspacket_max='512'", "no-edns");
    at("filter_aaaa='0'", "filter_aaaa='1'", "no-aaaa");
    at("dns_service='1'", "dns_service='0'", "tells-nobody");
    at("always_rewrite_dns='1'", "always_rewrite_dns='0'", "tells-the-carriers-servers");
    at("master='1'", "master='0'", "no-master");
    // The file's own form, as people paste it.
    let own = "config dnsmasq\n\toption rebind_protection '1'\n\tlist server '/lineauth.mnw/2404:1a8:f583:d00::53:1'\n";
    let report = lint(own, None, Expected::default()).unwrap();
    assert_eq!(report.dialect, Dialect::Openwrt);
    assert!(report.findings.iter().any(|finding| finding.key == "rebinding-guard" && finding.line == 2), "{:#?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.key == "one-server" && finding.line == 3));
}

#[test]
fn unbound_and_radvd_traps() {
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Unbound, from, to, key);
    at("forward-first: no", "forward-first: yes", "asks-the-internet");
    at("  do-tcp: yes", "  do-tcp: no", "no-tcp");
    at("  do-tcp: yes", "  do-ip6: no", "no-ipv6");
    at("  private-domain: \"base.oqs-pdl.org.\"\n", "", "rebinding-guard");
    at("  local-zone: \"kenshin.rece.\" transparent\n", "  local-zone: \"kenshin.rece.\" static\n", "answered-here");
    let text = ours(Dialect::Unbound, site());
    let without: String = text.lines().filter(|line| !line.contains("domain-insecure")).map(|line| format!("{line}\n")).collect();
    let report = lint(&without, None, told(site())).unwrap();
    let mnw = report.findings.iter().find(|finding| finding.key == "validates" && finding.what.contains("lineauth.mnw")).unwrap();
    assert_eq!((mnw.severity, without.lines().nth(mnw.line - 1)), (Severity::Mistake, Some("  name: \"lineauth.mnw.\"")));
    let iterates = lint(&without.replace("  do-tcp", "  module-config: \"iterator\"\n  do-tcp"), None, told(site())).unwrap();
    assert!(!iterates.findings.iter().any(|finding| finding.key == "validates"));
    let closed: String = text.lines().filter(|line| !line.contains("access-control")).map(|line| format!("{line}\n")).collect();
    assert!(lint(&closed, None, told(site())).unwrap().findings.iter().any(|finding| finding.key == "refuses-the-lan"));
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Radvd, from, to, key);
    at("RDNSS fe80::1", "RDNSS 2001:db8::1", "tells-the-carriers-servers");
    at("  AdvOtherConfigFlag on;", "  AdvManagedFlag on;", "managed");
    at("  AdvOtherConfigFlag on;", "  prefix 2001:db8::/56 { };", "not-a-64");
    at("  AdvOtherConfigFlag on;", "  prefix 2001:db8::/64 { AdvAutonomous off; };", "no-slaac");
    at("  AdvOtherConfigFlag on;", "  AdvDefaultLifetime 0;", "no-router");
    let silent = lint("interface eth1 {\n AdvSendAdvert off;\n};\n", Some(Dialect::Radvd), Expected::default()).unwrap();
    assert_eq!(
        silent.findings.iter().map(|finding| (finding.key, finding.line)).collect::<Vec<_>>(),
        [("no-advertisement", 1), ("tells-nobody", 1)]
    );
}

#[test]
fn ix_cisco_fortigate_and_windows_traps() {
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Ix, from, to, key);
    at("proxy-dns ipv6 enable", "", "names-off");
    at("  ipv6 nd ra other-config-flag\n", "", "no-o-flag");
    at("  ipv6 nd proxy GigaEthernet0.0\n", "", "no-prefix");
    at("url-list oqs priority 250", "url-list osq priority 250", "unknown-list");
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Cisco, from, to, key);
    at("\nip dns server\n", "\n", "names-off");
    at("permit (.*\\.)?ONSHIKAKU", "permit (.*\\.)?onshikaku", "lower-case-list");
    at("ONSHIKAKU\\.ORG", "ONSHIKAKU.ORG", "unescaped-dot");
    at(" view default 99", " view default 5", "shadowed-domain");
    at(" ipv6 nd other-config-flag\n", "", "no-o-flag");
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Fortigate, from, to, key);
    at("set authoritative disable", "set authoritative enable", "answered-here");
    at("set mode recursive", "set mode forward-only", "names-off");
    at("set ip6-other-flag enable", "set ip6-other-flag disable", "no-o-flag");
    let at = |from: &str, to: &str, key: &str| breaks(Dialect::Nrpt, from, to, key);
    at("'.onshikaku.org','onshikaku.org'", "'onshikaku.org'", "only-the-name-itself");
    at("-Comment 'onshi'\nAdd", "-DnsSecEnable\nAdd", "validates");
    let one = "Add-DnsClientNrptRule -Namespace \".rece\" -NameServers \"2001:a7ff:f014:d00::53:1\"\n";
    let report = lint(one, None, Expected::default()).unwrap();
    assert_eq!((report.dialect, report.region), (Dialect::Nrpt, Some(Region::West)));
    assert!(report.findings.iter().any(|finding| finding.key == "one-server" && finding.line == 1));
}

#[test]
fn what_is_too_large_or_of_no_language_is_not_read_and_nonsense_is_survived() {
    assert_eq!(lint(&"a".repeat(MAX_BYTES + 1), Some(Dialect::Yamaha), Expected::default()).unwrap_err(), Unread::TooLarge);
    assert_eq!(lint(&"\n".repeat(MAX_LINES + 1), Some(Dialect::Yamaha), Expected::default()).unwrap_err(), Unread::TooLarge);
    assert_eq!(lint("hello", None, Expected::default()).unwrap_err(), Unread::Unrecognised);
    for dialect in Dialect::ALL {
        for text in ["", "\u{feff}", "=\n/\n:\n{\n'\n\"", "dns server select", "server=/", "edit", "forward-zone:", "-Namespace '"] {
            lint(text, Some(dialect), Expected::default()).unwrap();
        }
        let many: String = (0..3000).map(|number| format!("server=/x{number}.lineauth.mnw/fe80::{number}\n")).collect();
        assert!(lint(&many, Some(dialect), Expected::default()).unwrap().findings.len() <= MAX_FINDINGS);
    }
}

/// Our own texts, cut, doubled, and with letters of all sorts put in, a thousand times.
#[test]
fn damaged_configurations_are_read_or_refused_and_never_fall_over() {
    let mut seed = 20_261_120_u64;
    let mut dice = |sides: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % sides.max(1)
    };
    let odd =
        ["\u{ff0d}", "'", "\"", "/", ":", "=", "\n", " ", ".", "{", "}", "#", "!", "", "\u{200b}", "あ", "::", "%", "@", "\\", "(", ","];
    let all = texts(site());
    for _ in 0..1_000 {
        let (dialect, text) = &all[dice(all.len())];
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..=dice(6) {
            let place = dice(letters.len());
            match dice(3) {
                0 => drop(letters.splice(place..(place + dice(40)).min(letters.len()), [])),
                1 => drop(letters.splice(place..place, odd[dice(odd.len())].chars().collect::<Vec<_>>())),
                _ => {
                    let piece: Vec<char> = letters.iter().skip(place).take(dice(200)).copied().collect();
                    letters.splice(place..place, piece);
                }
            }
        }
        let text: String = letters.into_iter().collect();
        let language = Dialect::ALL[dice(Dialect::ALL.len())];
        for dialect in [*dialect, language] {
            let report = lint(&text, Some(dialect), Expected::default()).unwrap();
            assert!(report.findings.iter().all(|finding| finding.line <= text.lines().count().max(1)));
        }
    }
}
