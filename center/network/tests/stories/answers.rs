//! Every name that the manuals look up is answered with the addresses they print, in both regions, over UDP and TCP.

use std::collections::BTreeSet;
use std::net::IpAddr;

use manuals::{Region, addresses, prefectures, zones};
use network::dns::{Service, ViewSettings};

use super::names::{Names, addresses as parsed, dig, settings};

fn expected(name: &str, region: Region) -> Vec<IpAddr> {
    let printed = addresses::expected(name, region).unwrap_or_else(|| panic!("{name} is printed"));
    let mut all: Vec<IpAddr> = printed.aaaa.iter().copied().map(IpAddr::V6).chain(printed.a.iter().copied().map(IpAddr::V4)).collect();
    all.sort();
    all
}

/// Both families, as nslookup asks for them.
fn both(names: &Names, name: &str, more: &[&str]) -> Vec<IpAddr> {
    let mut lines = names.short(&[&[name, "AAAA"], more].concat());
    lines.extend(names.short(&[&[name, "A"], more].concat()));
    parsed(&lines)
}

/// Rows: DN-08, DN-09, DN-11, DN-12, DN-13, DN-14, DN-15, DN-16, DN-17, DN-18, DN-20, DN-21, DN-22
#[test]
fn every_name_of_both_guides_is_answered_as_printed_over_udp_and_tcp() {
    for (region, prefecture) in [(Region::East, "tokyo"), (Region::West, "osaka")] {
        let names = Names::of(region);
        let prefecture = manuals::prefecture_by_romaji(prefecture).unwrap();
        let own = addresses::prefecture_host(prefecture);
        let mut asked: BTreeSet<String> = addresses::claims_lookups(prefecture).into_iter().collect();
        asked.extend(addresses::eligibility_lookups(region));
        assert_eq!(asked.len(), 11);
        for name in asked.iter().filter(|name| **name != own) {
            assert_eq!(both(&names, name, &[]), expected(name, region), "{name} {region:?}");
            assert_eq!(both(&names, name, &["+tcp"]), expected(name, region), "{name} {region:?} over TCP");
        }
    }
}

/// Rows: DN-10, DN-19
#[test]
fn all_forty_seven_prefectures_are_answered_in_both_regions() {
    for region in Region::ALL {
        let names = Names::of(region);
        let asked: Vec<String> = prefectures().iter().map(addresses::prefecture_host).collect();
        let mut arguments = Vec::new();
        for name in &asked {
            arguments.extend([name.as_str(), "AAAA"]);
        }
        let said = names.dig(&[&["+short"], arguments.as_slice()].concat());
        let answered: Vec<&str> = said.lines().collect();
        assert_eq!(answered.len(), 47);
        for (prefecture, line) in prefectures().iter().zip(answered) {
            assert_eq!(line.parse().ok(), addresses::prefecture_address_in(prefecture, region), "{}: {line}", prefecture.romaji);
        }
        assert_eq!(names.short(&["edo.kokuho.kenshin.rece", "AAAA"]), [""; 0]);
    }
}

/// Rows: DN-13, DN-20, DN-21, DN-22
#[test]
fn where_the_screens_say_non_authoritative_an_alias_answers_without_the_mark() {
    let names = Names::of(Region::East);
    for served in zones::served(Region::East, jiff::civil::Date::MAX) {
        let said = names.dig(&[&served.name, "AAAA", "+tcp"]);
        let flags = said.lines().find(|line| line.starts_with(";; flags:")).unwrap_or_else(|| panic!("{said}"));
        assert_eq!(flags.contains(" aa"), served.authoritative, "{}: {flags}", served.name);
        assert_eq!(said.contains("CNAME"), served.alias.is_some(), "{}", served.name);
    }
}

/// Rows: DN-23
#[test]
fn the_bases_answer_needs_tcp_where_edns_is_not_spoken_and_is_whole_there() {
    for region in Region::ALL {
        let names = Names::of(region);
        for name in ["pweb.base.oqs-pdl.org", "ntp.base.oqs-pdl.org"] {
            let plain = names.dig(&[name, "AAAA", "+noedns", "+ignore"]);
            assert!(plain.contains(" tc") && plain.contains("ANSWER: 1,"), "the alias alone has room: {plain}");
            let small = names.dig(&[name, "AAAA", "+bufsize=512", "+ignore"]);
            assert!(small.contains(" tc"), "{small}");
            let edns = names.dig(&[name, "AAAA", "+bufsize=1232", "+ignore"]);
            assert!(!edns.contains(" tc") && !edns.contains("ANSWER: 1,"), "{edns}");
            let count = zones::addresses_of(name, region).iter().filter(|address| address.is_ipv6()).count();
            assert_eq!(parsed(&names.short(&[name, "AAAA", "+noedns"])).len(), count, "dig comes again over TCP by itself");
            let size = edns.lines().find_map(|line| line.strip_prefix(";; MSG SIZE  rcvd: ")).unwrap();
            assert!(size.parse::<u16>().unwrap() > 512 + 11, "{size}");
        }
    }
}

/// Rows: DN-30
#[test]
fn several_addresses_take_turns_at_the_first_place() {
    let names = Names::of(Region::West);
    for name in ["ntp.base.oqs-pdl.org", "proxy.base.oqs-pdl.org"] {
        let count = zones::addresses_of(name, Region::West).len();
        let again: Vec<&str> = std::iter::repeat_n([name, "AAAA"], count).flatten().collect();
        // One connection, one after the other.
        let said = names.dig(&[&["+short", "+tcp", "+keepopen"], again.as_slice()].concat());
        let lines: Vec<IpAddr> = said.lines().filter_map(|line| line.parse().ok()).collect();
        let first: BTreeSet<IpAddr> = lines.chunks(count).map(|answer| answer[0]).collect();
        assert_eq!((lines.len(), first.len()), (count * count, count), "{name}: each is first once");
        assert!(lines.chunks(count).all(|answer| answer.iter().collect::<BTreeSet<_>>().len() == count), "and none is missing");
    }
}

#[test]
fn no_such_name_and_no_such_type_are_told_apart_and_may_be_kept_for_a_minute() {
    let names = Names::of(Region::East);
    let nobody = names.dig(&["nobody.send.rece", "AAAA"]);
    assert!(nobody.contains("status: NXDOMAIN") && nobody.contains(" aa"), "{nobody}");
    assert!(nobody.contains("send.rece.\t\t60\tIN\tSOA\tns1.send.rece. hostmaster.send.rece. "), "{nobody}");
    let no_a = names.dig(&["www.kikin.send.rece", "A"]);
    assert!(no_a.contains("status: NOERROR") && no_a.contains("ANSWER: 0, AUTHORITY: 1"), "{no_a}");
    let between = names.dig(&["kikin.send.rece", "AAAA"]);
    assert!(between.contains("status: NOERROR") && between.contains("ANSWER: 0, AUTHORITY: 1"), "a name above another exists: {between}");
    let servers = names.dig(&["send.rece", "NS"]);
    assert!(servers.contains("ANSWER: 2,") && servers.contains("2404:1a8:f583:d00::53:1"), "{servers}");
    let alias_without = names.dig(&["pweb.base.oqs-pdl.org", "MX"]);
    assert!(alias_without.contains("ANSWER: 1, AUTHORITY: 1"), "{alias_without}");
    let any = names.dig(&["pweb.base.oqs-pdl.org", "ANY", "+notcp"]);
    assert!(any.contains("ANSWER: 1,"), "{any}");
}

#[test]
fn the_letter_case_of_the_question_comes_back() {
    let names = Names::of(Region::East);
    let said = names.dig(&["wWw.LINEauth.mNw", "AAAA"]);
    assert!(said.contains(";wWw.LINEauth.mNw.") && said.contains("\nwWw.LINEauth.mNw.\t300\tIN\tAAAA\t2404:1a8:f583:af0::1"), "{said}");
    let nobody = names.dig(&["NoBody.LINEauth.mnw", "AAAA"]);
    assert!(nobody.contains(";NoBody.LINEauth.mnw."), "{nobody}");
}

/// The screens of the guides: names with one address, and 権限のない回答 with many of both families, over TCP by itself.
///
/// Rows: DN-08, DN-09
#[test]
fn nslookup_shows_what_the_guides_screens_show() {
    let names = Names::of(Region::West);
    let nslookup = |name: &str| {
        let port = format!("-port={}", names.at(0).port());
        let output = std::process::Command::new("nslookup").args([&port, name, "127.0.0.1"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let portal = nslookup("www.lineauth.mnw");
    assert!(
        portal.contains("Name:\twww.lineauth.mnw\nAddress: 2001:a7ff:f014:af0::1") && !portal.contains("Non-authoritative"),
        "{portal}"
    );
    let base = nslookup("pweb.base.oqs-pdl.org");
    assert!(base.contains("Non-authoritative answer:"), "{base}");
    // The first address is the server's own.
    let shown: BTreeSet<IpAddr> = base.lines().filter_map(|line| line.strip_prefix("Address: ")?.parse().ok()).collect();
    assert_eq!(shown, expected("pweb.base.oqs-pdl.org", Region::West).into_iter().collect());
}

/// Rows: DN-31
#[test]
fn what_is_not_ours_is_refused_with_the_reason() {
    let names = Names::of(Region::East);
    for name in ["www.example.com", "com", "example.org", "assv.asc.flets-west.jp", "1.0.0.127.in-addr.arpa"] {
        let said = names.dig(&[name, "AAAA"]);
        assert!(said.contains("status: REFUSED"), "{name}: {said}");
        assert!(said.contains("EDE: 20 (Not Authoritative): (not a domain of this network"), "{name}: {said}");
    }
    for kind in ["AXFR", "IXFR=1"] {
        let said = names.dig(&["send.rece", kind]);
        assert!(!said.contains("ns1.send.rece") && (said.contains("REFUSED") || said.contains("failed")), "{kind}: {said}");
    }
}

/// Rows: DN-01, DN-02, DN-03, DN-04
#[test]
fn the_view_follows_the_address_asked_and_the_askers_prefix() {
    let view = |name: &str, region, services: &[Service], servers: &[&str], askers: &[&str]| ViewSettings {
        name: name.to_owned(),
        region,
        services: services.to_vec(),
        servers: servers.iter().map(|text| text.parse().unwrap()).collect(),
        askers: askers.iter().map(|text| text.parse().unwrap()).collect(),
    };
    let platform = [Service::Claims, Service::Eligibility];
    let views = vec![
        view("east", Region::East, &platform, &["127.0.0.11"], &[]),
        view("east claims", Region::East, &platform[..1], &["127.0.0.11"], &["127.0.8.0/24"]),
        view("west", Region::West, &platform, &["127.0.0.12"], &[]),
        view("carrier east", Region::East, &[Service::Carrier], &["127.0.0.13"], &[]),
        view("by prefix", Region::West, &platform[1..], &[], &["127.0.9.0/24"]),
    ];
    let names = Names::begin(settings(&["127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"], views));
    let ask = |place: usize, from: &str, name: &str| dig(names.at(place), &["-b", from, "+short", name, "AAAA"]).trim().to_owned();
    let about = |place: usize, from: &str| dig(names.at(place), &["-b", from, "+short", "view.onshi", "CH", "TXT"]).trim().to_owned();
    assert_eq!(ask(0, "127.0.0.1", "www.lineauth.mnw"), "2404:1a8:f583:af0::1");
    assert_eq!(ask(1, "127.0.0.1", "www.lineauth.mnw"), "2001:a7ff:f014:af0::1");
    assert_eq!(
        ask(0, "127.0.0.1", "hweb-api.oqs.onshikaku.org"),
        zones::addresses_of("hweb-api.oqs.onshikaku.org", Region::East)[0].to_string()
    );
    assert_eq!(ask(0, "127.0.8.1", "hweb-api.oqs.onshikaku.org"), "", "a claims site is not told eligibility's names");
    assert_eq!(ask(0, "127.0.8.1", "www.kikin.send.rece"), "2404:1a8:f583:5a10:19:250:abe:fa01");
    assert_eq!(ask(2, "127.0.0.1", "assv.asc.flets-east.jp"), "2404:1a8:ff43:1612::f");
    assert_eq!(ask(2, "127.0.0.1", "www.lineauth.mnw"), "", "the carrier's servers know the carrier's zone only");
    assert_eq!(ask(0, "127.0.0.1", "assv.asc.flets-east.jp"), "");
    assert_eq!(ask(3, "127.0.9.1", "www.lineauth.mnw"), "2001:a7ff:f014:af0::1");
    assert_eq!(ask(3, "127.0.0.1", "www.lineauth.mnw"), "");
    let list = "\"list=manuals 2024-02-01\"";
    assert_eq!(about(0, "127.0.0.1"), format!("\"view=east\" {list} \"because=the server address asked\""));
    assert_eq!(
        about(0, "127.0.8.1"),
        format!("\"view=east claims\" {list} \"because=the server address asked and the asker's prefix 127.0.8.0/24\"")
    );
    assert_eq!(about(3, "127.0.9.1"), format!("\"view=by prefix\" {list} \"because=the asker's prefix 127.0.9.0/24\""));
    assert_eq!(about(3, "127.0.0.1"), format!("\"view=none\" {list} \"because=no view is for this asker at this address\""));
}

#[test]
fn ipv6_is_served_as_well() {
    let names = Names::begin(settings(&["::1"], vec![network::dns::view_of_a_region(Region::East)]));
    assert_eq!(names.short(&["www.lineauth.mnw", "AAAA"]), ["2404:1a8:f583:af0::1"]);
    assert_eq!(names.short(&["www.lineauth.mnw", "AAAA", "+tcp"]), ["2404:1a8:f583:af0::1"]);
    names.stop();
}
