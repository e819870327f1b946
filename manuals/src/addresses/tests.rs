//! Checks the printed addresses and the judgement of observed ones, value by value.

use super::*;
use jiff::civil::date;

fn v6(text: &str) -> IpAddr {
    IpAddr::V6(text.parse().unwrap())
}

fn answer(name: &str, region: Region) -> &'static Answer {
    expected(name, region).unwrap()
}

fn both(name: &str) -> (String, String) {
    let only = |region| answer(name, region).aaaa.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    (only(Region::East), only(Region::West))
}

/// Rows: DN-01, DN-02, DN-03, DN-04
#[test]
fn each_region_has_its_own_name_servers() {
    assert_eq!(embedded::problem::<Sheet>(TEXT), None);
    let shown = |servers: &NameServers| (servers.zone, servers.primary.to_string(), servers.secondary.to_string());
    let pair = |zone, first: &str, second: &str| (zone, first.to_owned(), second.to_owned());
    assert_eq!(shown(carrier_servers(Region::East)), pair(Some("flets-east.jp"), "2404:1a8:7f01:a::3", "2404:1a8:7f01:b::3"));
    assert_eq!(shown(carrier_servers(Region::West)), pair(Some("flets-west.jp"), "2001:a7ff:5f01::a", "2001:a7ff:5f01:1::a"));
    assert_eq!(shown(platform_servers(Region::East)), pair(None, "2404:1a8:f583:d00::53:1", "2404:1a8:f583:d00::53:2"));
    assert_eq!(shown(platform_servers(Region::West)), pair(None, "2001:a7ff:f014:d00::53:1", "2001:a7ff:f014:d00::53:2"));
    assert_eq!("2404:01A8:F583:0D00::53:1".parse::<Ipv6Addr>().unwrap(), platform_servers(Region::East).primary);
}

/// Rows: DN-08, DN-10
#[test]
fn a_claims_site_is_tested_with_nine_names_one_of_them_its_prefectures() {
    let shimane = claims_lookups(crate::prefecture_by_romaji("shimane").unwrap());
    assert_eq!(
        shimane,
        [
            "www.lineauth.mnw",
            "assv.asc.flets-west.jp",
            "crldownload.obn.managedpki.ne.jp",
            "www.kikin.send.rece",
            "www.kokuho.send.rece",
            "www.rousai2.send.rece",
            "healthinsurance.mhlw.go.jp",
            "www.kikin.kenshin.rece",
            "shimane.kokuho.kenshin.rece"
        ]
    );
    for prefecture in crate::prefectures() {
        for name in claims_lookups(prefecture) {
            assert!(expected(&name, prefecture.region).is_some(), "{name}");
        }
    }
}

/// Rows: DN-09, DN-29, X-04
#[test]
fn an_eligibility_site_is_tested_with_five_names_of_production() {
    let five = [
        "www.lineauth.mnw",
        "assv.asc.flets-east.jp",
        "hweb.oqs.onshikaku.org",
        "crldownload.obn.managedpki.ne.jp",
        "pweb.base.oqs-pdl.org",
    ];
    assert_eq!(eligibility_lookups(Region::East), five);
    assert!(five.iter().all(|name| expected(name, Region::East).is_some()));
    assert_eq!(lookup_sets().iter().filter(|set| set.service == Service::Eligibility).count(), 2);
    let before = lookups(Service::Eligibility, Region::West, date(2022, 7, 28));
    assert_eq!(
        before,
        [
            "www.lineauth.mnw",
            "assv.asc.flets-west.jp",
            "hweb.oqs-st.onshikaku.org",
            "crldownload.obn.managedpki.ne.jp",
            "pweb.base.oqs-pdl.org",
            "ntp.base.oqs-pdl.org"
        ]
    );
    assert_eq!(lookups(Service::Eligibility, Region::East, date(2022, 7, 29)), five);
}

/// Rows: DN-11, DN-12, DN-14, DN-15, DN-16, DN-17, DN-18
#[test]
fn names_with_one_address_answer_it() {
    let pair = |east: &str, west: &str| (east.to_owned(), west.to_owned());
    assert_eq!(both("www.lineauth.mnw"), pair("2404:1a8:f583:af0::1", "2001:a7ff:f014:af0::1"));
    assert_eq!(answer("assv.asc.flets-east.jp", Region::East).aaaa[0].to_string(), "2404:1a8:ff43:1612::f");
    assert_eq!(answer("assv.asc.flets-west.jp", Region::West).aaaa[0].to_string(), "2001:a7ff:ff63:1::a");
    assert_eq!(expected("assv.asc.flets-west.jp", Region::East), None);
    assert_eq!(both("www.kikin.send.rece"), pair("2404:1a8:f583:5a10:19:250:abe:fa01", "2001:a7ff:f014:5a10:19:250:abe:fa01"));
    assert_eq!(both("www.kokuho.send.rece"), pair("2404:1a8:f583:5a20:19:180:abe:b401", "2001:a7ff:f014:5a20:19:180:abe:b401"));
    assert_eq!(both("www.rousai2.send.rece"), pair("2404:1a8:f583:5a30:19:250:abe:3679", "2001:a7ff:f014:5a30:19:250:abe:3679"));
    assert_eq!(both("healthinsurance.mhlw.go.jp"), pair("2404:1a8:f583:5a40:19:56:abe:3881", "2001:a7ff:f014:5a40:19:56:abe:3882"));
    assert_eq!(both("www.kikin.kenshin.rece"), pair("2404:1a8:f583:5a10:19:250:abe:fb38", "2001:a7ff:f014:5a10:19:250:abe:fb38"));
    assert!(answer("WWW.lineauth.MNW.", Region::East).accepts(&[v6("2404:1a8:f583:af0::1")]));
    assert!(!answer("www.lineauth.mnw", Region::East).accepts(&[v6("2001:a7ff:f014:af0::1")]));
    assert!(!answer("www.lineauth.mnw", Region::East).accepts(&[]));
}

/// Rows: DN-13, X-03
#[test]
fn the_revocation_list_host_has_one_answer_per_edition_in_the_west() {
    let west: Vec<_> = answers().iter().filter(|a| a.row == "DN-13" && a.region == Region::West).collect();
    let a_records = |index: usize| west[index].a.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((west[0].from, a_records(0)), (date(2022, 7, 29), vec!["10.110.10.164".to_owned(), "10.110.10.180".to_owned()]));
    assert_eq!((west[1].from, a_records(1)), (date(2024, 2, 1), vec!["10.110.10.180".to_owned(), "10.110.10.184".to_owned()]));
    assert_eq!(west[0].aaaa, west[1].aaaa);
    let (east, newest_west) = both("crldownload.obn.managedpki.ne.jp");
    assert_eq!(east, "2404:1a8:f583:4a06:a0c6:842b:cc00:fa1f 2404:1a8:f583:4a07:6905:9f85:2d17:d650");
    assert_eq!(newest_west, "2001:a7ff:f014:4a06:a0c6:842b:cc00:fa1f 2001:a7ff:f014:4a07:6905:9f85:2d17:d650");
    assert!(!answer("crldownload.obn.managedpki.ne.jp", Region::East).authoritative);
    assert_eq!(answer("crldownload.obn.managedpki.ne.jp", Region::West).from, date(2024, 2, 1));
}

/// Rows: DN-19, DN-10
#[test]
fn a_prefectures_own_host_differs_in_the_sixth_group_only() {
    let tokyo = crate::prefecture_by_code(13).unwrap();
    let okinawa = crate::prefecture_by_code(47).unwrap();
    assert_eq!(prefecture_address(tokyo).unwrap().to_string(), "2404:1a8:f583:5a21:19:13:1:102");
    assert_eq!(prefecture_address(okinawa).unwrap().to_string(), "2001:a7ff:f014:5a21:19:47:1:102");
    assert_eq!(prefecture_host(tokyo), "tokyo.kokuho.kenshin.rece");
    let tokyos = answer("tokyo.kokuho.kenshin.rece", Region::East);
    assert_eq!(tokyos.accept, Accept::Prefecture);
    assert!(tokyos.accepts(&[v6("2404:01A8:F583:5A21:0019:00ff:0001:0102")]));
    assert!(!tokyos.accepts(&[v6("2404:1a8:f583:5a21:19:100:1:102")]));
    assert!(!tokyos.accepts(&[v6("2404:1a8:f583:5a21:19:13:1:103")]));
    assert_eq!(expected("edo.kokuho.kenshin.rece", Region::East), None);
    let mut addresses: Vec<_> = crate::prefectures().iter().filter_map(prefecture_address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 47);
}

/// Rows: DN-20
#[test]
fn the_portal_answers_differently_in_each_region_and_with_the_same_three_old_addresses() {
    let (east, west) = both("hweb.oqs.onshikaku.org");
    assert_eq!(east, "2404:1a8:f583:1a10:2779:2395:6092:37fd");
    assert_eq!(west, "2001:a7ff:f014:1a20:ae27:ffe4:a8ae:c4b7");
    for region in Region::ALL {
        let a: Vec<_> = answer("hweb.oqs.onshikaku.org", region).a.iter().map(ToString::to_string).collect();
        assert_eq!(a, ["10.108.65.21", "10.108.64.217", "10.108.65.96"]);
        assert!(!answer("hweb.oqs.onshikaku.org", region).accepts(&["10.108.65.21".parse().unwrap()]));
    }
}

/// Rows: DN-21, DN-22, X-05
#[test]
fn the_distribution_base_answers_many_addresses_and_any_of_its_prefix_will_do() {
    let (east, west) = (answer("pweb.base.oqs-pdl.org", Region::East), answer("pweb.base.oqs-pdl.org", Region::West));
    assert_eq!((east.aaaa.len(), east.a.len()), (14, 15));
    assert_eq!((west.aaaa.len(), west.a.len()), (15, 15));
    let v6_list = |prefix: &str, missing: &str| -> Vec<Ipv6Addr> {
        (1..=15).map(|n| n.to_string()).filter(|n| n != missing).map(|n| format!("{prefix}::{n}").parse().unwrap()).collect()
    };
    let v4_list = |prefix: &str| -> Vec<Ipv4Addr> { (1..=15).map(|n| format!("{prefix}.{n}").parse().unwrap()).collect() };
    assert_eq!((&east.aaaa, &east.a), (&v6_list("2408:210:9c0", "14"), &v4_list("10.255.180")));
    assert_eq!((&west.aaaa, &west.a), (&v6_list("2001:a250:7c00:1f00", ""), &v4_list("10.255.181")));
    assert!(!east.aaaa.contains(&"2408:210:9c0::14".parse().unwrap()));
    assert_eq!(west.aaaa[14].to_string(), "2001:a250:7c00:1f00::15");
    assert_eq!((east.a[0].to_string(), west.a[14].to_string()), ("10.255.180.1".to_owned(), "10.255.181.15".to_owned()));
    assert!(east.needs_tcp && west.needs_tcp);
    assert!(east.accepts(&[v6("2408:210:9c0::14")]));
    assert!(east.accepts(&["10.255.180.3".parse().unwrap(), v6("2408:210:9c0::2")]));
    assert!(!east.accepts(&[v6("2001:a250:7c00:1f00::1")]));
    assert!(!east.accepts(&["10.255.180.3".parse().unwrap()]));
}

#[test]
fn noise_of_a_lookup_that_is_in_order_is_known() {
    assert_eq!(lookup_noise(), ["DNS request timed out.", "timeout was 2 seconds.", "UnKnown"]);
}
