//! A thousand sites in which all is well, drawn by chance: whatever they have in common with an ill one, none of them may be called ill.

use super::recording::{
    Adapter, AddressFact, AdvertisementFact, Asked, Before, BridgeFact, BusinessFact, CertificateFact, ClockFact, Closure, CredentialFact,
    DelegationFact, Family, FolderFact, Medium, NameWay, Notice, Outcome, Platform, Power, Probe, ProxyText, ReaderFact, Recording,
    RoomHealth, RootFact, ShareFact, Site, TaskFact, Text, What,
};
use super::{Diagnosis, State};
use crate::simulation::dice::Dice;
use jiff::{SignedDuration, Timestamp};
use manuals::domains::Service;
use manuals::proxy::Way;
use manuals::{Region, addresses, hosts, proxy, zones};
use std::net::IpAddr;
use wire::line::LineState;

mod ill;

const SITES: u64 = 1000;

struct World {
    dice: Dice,
    region: Region,
    services: Vec<Service>,
    way: Way,
    own: String,
    router: IpAddr,
    now: Timestamp,
    /// The second server of each pair rests.
    rests: bool,
}

fn after(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

/// One site in which all is well.
fn healthy(seed: u64) -> Recording {
    let mut dice = Dice::new(seed);
    let region = dice.one_of(&Region::ALL);
    let services = match dice.below(3) {
        0 => vec![Service::Eligibility],
        1 => vec![Service::Claims],
        _ => vec![Service::Claims, Service::Eligibility],
    };
    let start = if region == Region::East { "2408:210" } else { "2001:a250" };
    let own = format!("{start}:{:x}:{:x}", dice.below(0xffff) + 1, dice.below(0xff) << 8);
    let now = after("2026-01-01T00:00:00Z".parse().unwrap(), i64::try_from(dice.below(24 * 700)).unwrap());
    let way = dice.one_of(&[Way::Base, Way::Base, Way::Carrier, Way::Site]);
    let mut world = World { dice, region, services, way, own, router: "fe80::1".parse().unwrap(), now, rests: seed.is_multiple_of(20) };
    let mut recording = Recording { taken_at: now, took_ms: 900, version: "0.1.0".to_owned(), ..Recording::default() };
    world.describes(&mut recording);
    world.wires(&mut recording);
    world.names(&mut recording);
    world.doors(&mut recording);
    world.machine(&mut recording);
    world.noise(&mut recording);
    recording
}

impl World {
    fn chance(&mut self, odds: u64) -> bool {
        self.dice.percent(odds)
    }

    fn describes(&mut self, recording: &mut Recording) {
        recording.platform = if self.chance(70) { Platform::Windows } else { Platform::Linux };
        recording.site = Site {
            region: self.chance(70).then_some(self.region),
            services: self.services.clone(),
            phone_router: self.chance(50).then(|| self.chance(50)),
            distribution: Some(self.way),
            internet: self.chance(30).then_some(true),
            v6_option: self.chance(30).then_some(true),
            configured: true,
            ..Site::default()
        };
        if self.services == [Service::Eligibility] && self.chance(50) {
            recording.site.services.clear();
        }
        if self.chance(60) {
            let prefix = Some(format!("{}::/56", self.own));
            recording.before = Some(Before { at: after(self.now, -24), prefix, ..Before::default() });
        }
    }

    fn address(&mut self) -> AddressFact {
        let address = format!(
            "{}:{:x}:{:x}:{:x}:{:x}",
            self.own,
            self.dice.below(0xffff),
            self.dice.below(0xffff),
            self.dice.below(0xffff),
            self.dice.below(0xffff) + 1
        );
        AddressFact {
            address,
            length: Some(64),
            by_hand: Some(false),
            preferred_seconds: Some(14_000),
            valid_seconds: Some(86_000),
            ..AddressFact::default()
        }
    }

    fn wires(&mut self, recording: &mut Recording) {
        let plain = |text: &str| AddressFact { address: text.to_owned(), ..AddressFact::default() };
        let mut main = Adapter {
            name: self.dice.one_of(&["イーサネット", "オン資用", "Ethernet 2", "eth0"]).to_owned(),
            connected: Some(true),
            ipv6_enabled: self.chance(80).then_some(true),
            automatic: self.chance(60).then_some(true),
            permanent: vec![self.address()],
            temporary: (0..self.dice.below(4)).map(|_| self.address()).collect(),
            link_local: vec![plain("fe80::abcd:1")],
            gateways: vec!["fe80::1".to_owned()],
            metric: Some(1),
            mtu: Some(1500),
            ..Adapter::default()
        };
        // Temporary addresses grow old, and nobody minds.
        if let Some(oldest) = main.temporary.last_mut() {
            (oldest.deprecated, oldest.preferred_seconds) = (true, Some(0));
        }
        if self.chance(60) {
            main.ipv4 = vec![plain("192.168.1.20")];
            main.gateways.push("192.168.1.1".to_owned());
        }
        let platform = addresses::platform_servers(self.region);
        let site_router: IpAddr = format!("{}::1", self.own).parse().unwrap();
        let resolvers: Vec<IpAddr> = match self.dice.below(6) {
            0 | 1 => vec![self.router],
            2 => vec![site_router],
            3 => vec![platform.primary.into(), platform.secondary.into()],
            4 => vec![platform.primary.into(), "8.8.8.8".parse().unwrap()],
            _ => vec![self.router, "192.168.1.1".parse().unwrap()],
        };
        main.name_servers = resolvers.iter().map(ToString::to_string).collect();
        let advertised = AdvertisementFact {
            adapter: main.name.clone(),
            router: Some(self.router),
            prefix: Some(format!("{}::/64", self.own)),
            valid_seconds: Some(2_592_000),
            preferred_seconds: Some(604_800),
            router_seconds: Some(1800),
            other: true,
            ..AdvertisementFact::default()
        };
        let machine = &mut recording.machine;
        (machine.resolvers, machine.router) = (resolvers, Some(self.router));
        if self.dice.percent(70) {
            // The line was renumbered weeks ago; the router takes the old prefix back still.
            let former = AdvertisementFact {
                prefix: Some("2408:210:1:1::/64".to_owned()),
                preferred_seconds: Some(0),
                valid_seconds: Some(0),
                ..advertised.clone()
            };
            machine.advertisements = if self.dice.percent(20) { vec![former, advertised] } else { vec![advertised] };
        }
        if self.dice.percent(30) {
            machine.delegations = vec![DelegationFact { prefix: format!("{}::/56", self.own), valid_seconds: Some(14_400) }];
        }
        machine.adapters.push(main);
        self.other_adapters(recording);
    }

    fn other_adapters(&mut self, recording: &mut Recording) {
        let machine = &mut recording.machine;
        if self.dice.percent(40) {
            // The kit's second adapter, towards the clinic's own network.
            machine.adapters.push(Adapter {
                name: "連携用".to_owned(),
                connected: Some(self.dice.percent(90)),
                ipv6_enabled: Some(false),
                ipv4: vec![AddressFact { address: "192.168.220.11".to_owned(), ..AddressFact::default() }],
                gateways: vec!["192.168.220.1".to_owned()],
                name_servers: vec!["8.8.8.8".to_owned(), "8.8.4.4".to_owned()],
                metric: Some(10),
                ..Adapter::default()
            });
        }
        if self.dice.percent(40) {
            machine.adapters.push(Adapter {
                name: "Wi-Fi".to_owned(),
                medium: Medium::Wireless,
                connected: Some(false),
                ..Adapter::default()
            });
        }
        if self.dice.percent(40) {
            machine.adapters.push(Adapter {
                name: "vEthernet".to_owned(),
                medium: Medium::Virtual,
                connected: Some(true),
                ..Adapter::default()
            });
        }
        machine.adapters.push(Adapter { name: "lo".to_owned(), medium: Medium::Loopback, connected: Some(true), ..Adapter::default() });
    }

    fn names(&mut self, recording: &mut Recording) {
        let mut names: Vec<String> = Vec::new();
        let prefecture = manuals::prefectures().iter().find(|prefecture| prefecture.region == self.region).unwrap();
        for service in self.services.clone() {
            names.extend(match service {
                Service::Claims => addresses::claims_lookups(prefecture),
                Service::Eligibility => addresses::eligibility_lookups(self.region),
            });
        }
        names.sort();
        names.dedup();
        let moved = self.chance(10).then(|| names[self.dice.below(names.len())].clone());
        for name in names {
            // Printed addresses are examples and may change: the network itself gives others.
            let mut answer = if moved.as_ref() == Some(&name) {
                vec!["2404:1a8:f583:9999::1".parse().unwrap()]
            } else {
                zones::addresses_of(&name, self.region)
            };
            if answer.is_empty() {
                let expected = addresses::expected(&name, self.region).map(|answer| answer.aaaa.iter().copied().map(IpAddr::V6).collect());
                answer = expected.unwrap_or_default();
            }
            self.answers(recording, &name, &answer);
        }
        // Names that the site does not use, and other resolvers' ignorance of ours.
        for other in ["hweb.oqs-st.onshikaku.org", "operator.onshi.localhost", "assv.asc.flets-nowhere.jp"] {
            let what = What::Name { name: other.to_owned(), asked: Asked::System, way: NameWay::System, family: Family::Both };
            recording.probes.push(Probe { what, outcome: Outcome::NoSuchName, ms: 4 });
        }
        let unused = if self.services.contains(&Service::Claims) { None } else { Some("www.kikin.send.rece") };
        for name in unused.into_iter().chain(
            self.chance(50).then(|| hosts::line_notifier(if self.region == Region::East { Region::West } else { Region::East }).name),
        ) {
            let what = What::Name { name: name.to_owned(), asked: Asked::System, way: NameWay::System, family: Family::Both };
            recording.probes.push(Probe { what, outcome: Outcome::NoSuchName, ms: 4 });
        }
    }

    fn answers(&mut self, recording: &mut Recording, name: &str, answer: &[IpAddr]) {
        let big = addresses::expected(name, self.region).is_some_and(|expected| expected.needs_tcp);
        let found = |addresses: Vec<IpAddr>, truncated: bool| Outcome::Addresses {
            addresses,
            truncated,
            authoritative: false,
            rcode: None,
            bytes: None,
        };
        let v6: Vec<IpAddr> = answer.iter().copied().filter(IpAddr::is_ipv6).collect();
        // Servers answer in turn, and some systems show IPv6 alone.
        let mut shown: Vec<IpAddr> = if self.chance(50) { v6.clone() } else { answer.to_vec() };
        let turn = self.dice.below(shown.len().max(1));
        shown.rotate_left(turn);
        let ask = |asked: Asked, way: NameWay| What::Name {
            name: name.to_owned(),
            asked,
            way,
            family: if way == NameWay::System { Family::Both } else { Family::V6 },
        };
        recording.probes.push(Probe { what: ask(Asked::System, NameWay::System), outcome: found(shown, false), ms: 3 });
        if recording.machine.resolvers.contains(&self.router) {
            recording.probes.push(Probe {
                what: ask(Asked::Router { server: self.router }, NameWay::Udp1232),
                outcome: found(v6.clone(), false),
                ms: 3,
            });
        }
        let carrier = name == hosts::line_notifier(self.region).name;
        let servers = if carrier { addresses::carrier_servers(self.region) } else { addresses::platform_servers(self.region) };
        for (server, quiet) in [(servers.primary, false), (servers.secondary, self.rests)] {
            let asked = Asked::Region { server: server.into(), region: self.region };
            let say = |outcome: Outcome| if quiet { Outcome::TimedOut } else { outcome };
            let small = if big { found(v6.iter().take(self.dice.below(3)).copied().collect(), true) } else { found(v6.clone(), false) };
            recording.probes.push(Probe { what: ask(asked.clone(), NameWay::Udp512), outcome: say(small), ms: 3 });
            recording.probes.push(Probe { what: ask(asked.clone(), NameWay::Udp1232), outcome: say(found(v6.clone(), false)), ms: 3 });
            recording.probes.push(Probe { what: ask(asked, NameWay::Tcp), outcome: say(found(v6.clone(), false)), ms: 5 });
        }
    }

    fn doors(&mut self, recording: &mut Recording) {
        let (mut say, page) = (Vec::new(), |status: u16, message: Option<&str>| Outcome::Page {
            status,
            message: message.map(str::to_owned),
            text: String::new(),
        });
        let host = |host: &str, port: u16| What::Connect { host: host.to_owned(), addr: None, port };
        let chain = Outcome::Chain {
            issuer: "CN=Server CA".to_owned(),
            root: "CN=Security Communication RootCA2".to_owned(),
            root_trusted: true,
            not_before: after(self.now, -1000),
            not_after: after(self.now, 2000),
            names_host: true,
        };
        let eligibility = self.services.contains(&Service::Eligibility);
        let mut reached = vec![hosts::line_portal(), hosts::line_notifier(self.region), hosts::authority()];
        if eligibility {
            reached.extend([hosts::portal(), hosts::web_api_login(), hosts::web_api_search()]);
        }
        for door in reached {
            say.push((host(door.name, 443), Outcome::Connected));
            say.push((What::Tls { host: door.name.to_owned() }, chain.clone()));
        }
        let line = Outcome::Line {
            captive: false,
            state: LineState::Admitted,
            code: None,
            message: Some("line-already".to_owned()),
            address: None,
        };
        say.push((What::LinePortal, line));
        say.push((What::LinePage, page(200, Some("line-already"))));
        say.push((What::CertificateDoor, page(200, None)));
        if eligibility {
            say.push((What::Portal, page(200, self.dice.one_of(&[None, Some("portal-start"), Some("restart-confirmed")]))));
            let words = self.dice.one_of(&[None, Some("method-not-allowed"), Some("missing-field"), Some("no-token")]);
            say.push((What::WebApi, page(405, words)));
        }
        recording.probes.extend(say.into_iter().map(|(what, outcome)| Probe { what, outcome, ms: 10 }));
        self.small_servers(recording);
    }

    fn small_servers(&mut self, recording: &mut Recording) {
        let host = |host: &str, port: u16| What::Connect { host: host.to_owned(), addr: None, port };
        let mut say = Vec::new();
        let based = self.services.contains(&Service::Eligibility) && self.way == Way::Base;
        let closed = based && self.chance(15);
        if based {
            let proxy = proxy::address().name.to_owned();
            // Closed: as announced, or already when connecting, with or without a time.
            let until = self.chance(70).then(|| after(self.now, 3));
            let outcome = if closed { Outcome::Closed { until } } else { Outcome::Connected };
            say.push((host(&proxy, 8080), Outcome::Connected));
            say.push((What::Proxy { host: proxy }, outcome.clone()));
            say.push((What::Distribution { host: "d2vhvuj0j7c8bh.cloudfront.net".to_owned() }, outcome));
            say.push((
                host(hosts::proxy_check().name, 80),
                if self.dice.percent(50) { Outcome::Connected } else { Outcome::Refused { why: String::new() } },
            ));
        }
        let offset = i64::try_from(self.dice.below(100_000)).unwrap() - 50_000;
        say.push((
            What::Time { host: hosts::ntp().name.to_owned() },
            if based { Outcome::Offset { ms: offset } } else { Outcome::NotAsked { why: "使わない".to_owned() } },
        ));
        let lists = self.dice.below(3);
        say.push((
            What::Lists,
            [
                Outcome::Listed { revoked: false, next_update: None },
                Outcome::Page { status: 200, message: None, text: String::new() },
                Outcome::NotAsked { why: String::new() },
            ][lists]
                .clone(),
        ));
        say.push((What::CenterStatus, self.status()));
        if recording.site.internet == Some(true) {
            say.push((
                What::Internet { name: "www.example.com".to_owned() },
                Outcome::Addresses {
                    addresses: vec!["203.0.113.1".parse().unwrap()],
                    truncated: false,
                    authoritative: false,
                    rcode: None,
                    bytes: None,
                },
            ));
        }
        say.push((What::Mtu { host: hosts::portal().name.to_owned(), bytes: 1400 }, Outcome::Connected));
        recording.probes.extend(say.into_iter().map(|(what, outcome)| Probe { what, outcome, ms: 10 }));
    }

    fn status(&mut self) -> Outcome {
        if self.chance(30) {
            return Outcome::NotAsked { why: "状況のページがない".to_owned() };
        }
        let notice = |affects: &str, owner: &str, hours: i64| Notice {
            text: "障害のお知らせ".to_owned(),
            affects: affects.to_owned(),
            owner: owner.to_owned(),
            since: after(self.now, hours),
            until: Some(after(self.now, hours + 5)),
        };
        let elsewhere = if self.region == Region::East { "west" } else { "east" };
        let all = [
            notice(elsewhere, "line", -1),
            notice("all", "national", -50),
            notice("all", "center", 40),
            notice("prescription", "center", -1),
            notice("all", "national", -1),
        ];
        let notices = all.into_iter().filter(|_| self.dice.percent(30)).collect();
        let over = Closure { what: proxy::address().name.to_owned(), from: after(self.now, -9), until: after(self.now, -1) };
        let to_come = Closure { what: proxy::address().name.to_owned(), from: after(self.now, 9), until: after(self.now, 11) };
        let rooms = vec![
            RoomHealth { name: "eligibility".to_owned(), healthy: true, note: String::new() },
            RoomHealth { name: "prescription".to_owned(), healthy: false, note: "停止中".to_owned() },
        ];
        Outcome::Status { rooms, closures: vec![over, to_come], notices }
    }

    fn machine(&mut self, recording: &mut Recording) {
        let windows = recording.platform == Platform::Windows;
        let now = self.now;
        let certificate = |serial: &str, from: i64, until: i64, of_authority: bool, in_use: bool| CertificateFact {
            store: "CurrentUser\\My".to_owned(),
            issuer: if of_authority { "CN=Online Billing NW Common Root CA - 01".to_owned() } else { "CN=JPKI".to_owned() },
            of_authority,
            serial: serial.to_owned(),
            fingerprint: serial.repeat(8),
            not_before: after(now, from),
            not_after: after(now, until),
            has_key: Some(true),
            facility_fits: Some(true),
            in_use,
            shared: None,
        };
        let mut certificates = vec![certificate("a1", -900, 24 * (95 + i64::try_from(self.dice.below(1000)).unwrap()), true, true)];
        if self.dice.percent(30) {
            certificates.push(certificate("b2", -9000, -100, true, false));
        }
        if self.dice.percent(30) {
            certificates.push(certificate("c3", -9000, 100, false, false));
        }
        let machine = &mut recording.machine;
        machine.certificates = self.dice.percent(80).then_some(certificates);
        machine.roots = self.dice.percent(50).then(|| {
            vec![RootFact { name: "CN=Security Communication RootCA2".to_owned(), not_after: after(now, 9000), ..RootFact::default() }]
        });
        machine.folders = ["req", "res", "face", "work"]
            .into_iter()
            .map(|role| FolderFact {
                role: role.to_owned(),
                path: format!("C:\\OQS\\{role}"),
                exists: true,
                readable: Some(true),
                writable: self.dice.percent(80).then_some(true),
                count: u64::try_from(self.dice.below(50)).unwrap(),
                oldest_seconds: Some(u64::try_from(if role == "req" { self.dice.below(100) } else { self.dice.below(1_000_000) }).unwrap()),
                newest_seconds: Some(5),
                newest_kind: Some("xml".to_owned()),
                free_bytes: Some(20_000_000_000),
            })
            .collect();
        machine.clock =
            Some(ClockFact { synchronised: Some(self.dice.percent(95)), zone_offset_minutes: Some(540), ..ClockFact::default() });
        machine.bridge = self.dice.percent(60).then(|| BridgeFact {
            set_up: Some(true),
            running: Some(true),
            account_fits: Some(true),
            ..BridgeFact::default()
        });
        machine.reader = self.dice.percent(30).then_some(ReaderFact {
            connected: Some(true),
            running: Some(true),
            reaches_network: Some(true),
            says: None,
        });
        machine.display_scale = self.dice.percent(50).then_some(100);
        machine.language = Some(self.dice.one_of(&["ja", "en"]).to_owned());
        machine.last_answer = self.dice.percent(50).then(|| BusinessFact {
            segment: Some("1".to_owned()),
            processing: Some("1".to_owned()),
            validity: Some(self.dice.one_of(&["1", "2", "3", "4", "5", "6"]).to_owned()),
            unknown_characters: Some(u32::from(self.dice.percent(20))),
            ..BusinessFact::default()
        });
        if windows {
            self.windows(recording);
        }
    }

    fn windows(&mut self, recording: &mut Recording) {
        let machine = &mut recording.machine;
        machine.user = Some(self.dice.one_of(&["OqsComApp", "reception", "受付"]).to_owned());
        machine.power = Some(Power { sleep_seconds: Some(0), fast_startup: Some(self.dice.percent(30)) });
        if self.dice.percent(60) {
            let task = |name: &str, delay: Option<u32>| TaskFact {
                name: name.to_owned(),
                enabled: true,
                trigger: if delay.is_some() { "start" } else { "periodic" }.to_owned(),
                delay_seconds: delay.map(u64::from),
                user: Some("OqsComApp".to_owned()),
                runs_logged_off: Some(true),
                last_result: Some(0),
                ..TaskFact::default()
            };
            let bridge = manuals::bridge::tasks().iter().map(|wanted| task(wanted.name, wanted.delay_seconds));
            let distribution = manuals::distribution::tasks()
                .iter()
                .filter(|task| task.delay_seconds.is_some())
                .map(|wanted| task(wanted.name, wanted.delay_seconds));
            machine.tasks = Some(bridge.chain(distribution).collect());
            let credential = |target: &str, user: &str| CredentialFact {
                target: target.to_owned(),
                user: user.to_owned(),
                has_password: Some(true),
                mistake: None,
            };
            machine.credentials =
                Some(vec![credential("OQS_LOGIN_KEY", "R100000001"), credential("OQS_MEDICAL_INSTITUTION_CODE", "OQS_Admin")]);
            machine.shares = Some(vec![ShareFact {
                name: "REQ".to_owned(),
                path: "C:\\OQS\\req".to_owned(),
                writable: Some(true),
                open_to_all: Some(false),
            }]);
            machine.programs = vec![("OQSComApp".to_owned(), "4.1.0".to_owned()), ("OQSDistroApp".to_owned(), "2.2.0".to_owned())];
        }
        let server = format!("{}:{}", proxy::address().name, proxy::address().port);
        let typed = self.dice.one_of(&["", "http://"]).to_owned() + &if self.dice.percent(30) { server.to_uppercase() } else { server };
        let bypass = proxy::bypass_text() + self.dice.one_of(&["", ";", ";<local>", "; 192.168.220.1 ;*.example.jp"]);
        let setting = ProxyText { enabled: true, server: typed, bypass, script: None };
        machine.user_proxy = self.dice.percent(80).then(|| setting.clone());
        machine.system_proxy = machine.user_proxy.clone().filter(|_| self.dice.percent(80));
        if self.way != Way::Base && self.dice.percent(60) {
            machine.user_proxy = Some(ProxyText {
                enabled: self.dice.percent(50),
                server: "proxy.hospital.example:3128".to_owned(),
                ..ProxyText::default()
            });
            machine.system_proxy = None;
        }
    }

    /// What makes screens look worse than things are (DN-25).
    fn noise(&mut self, recording: &mut Recording) {
        if self.chance(40) {
            let text = "DNS request timed out.\n    timeout was 2 seconds.\nサーバー:  UnKnown\nAddress:  fe80::1\n";
            recording.texts.push(Text { of: "nslookup".to_owned(), text: text.to_owned() });
        }
        // A datagram or two are lost on the way, or the look ends before they are back.
        for _ in 0..self.dice.below(3) {
            let at = self.dice.below(recording.probes.len());
            let probe = &mut recording.probes[at];
            if matches!(probe.what, What::Name { asked: Asked::Region { .. }, way: NameWay::Udp512 | NameWay::Udp1232, .. }) {
                probe.outcome = if self.dice.percent(50) { Outcome::TimedOut } else { Outcome::Unfinished };
            }
        }
        if self.chance(10) {
            recording.machine.withheld.push("certutil: 権限がありません".to_owned());
        }
        let length = recording.probes.len();
        let turn = self.dice.below(length);
        recording.probes.rotate_left(turn);
    }
}

fn is_alarm(diagnosis: &Diagnosis) -> bool {
    !matches!(diagnosis.state, State::Healthy | State::Waiting)
}

/// Rows: DN-24, DN-25, DN-27, PX-10, LA-12
#[test]
fn of_a_thousand_healthy_sites_at_most_one_is_called_ill() {
    let alarms: Vec<String> = (0..SITES)
        .filter_map(|seed| {
            let diagnosis = Diagnosis::of(&healthy(seed));
            let keys: Vec<&str> = diagnosis.found.iter().map(|found| found.cause.key).collect();
            is_alarm(&diagnosis).then(|| format!("{seed}: {keys:?} {:?}", diagnosis.first().map(|found| &found.evidence)))
        })
        .collect();
    assert!(alarms.len() <= 1, "{} alarms, for example {:#?}", alarms.len(), alarms.iter().take(12).collect::<Vec<_>>());
}

#[test]
fn the_same_sites_are_called_ill_as_soon_as_something_is() {
    let mut missed = Vec::new();
    for seed in 0..200 {
        let mut ill = healthy(seed);
        for adapter in &mut ill.machine.adapters {
            adapter.connected = Some(false);
        }
        if Diagnosis::of(&ill).first().map(|found| found.cause.key) != Some("machine.no-link") {
            missed.push(seed);
        }
        let mut ill = healthy(seed);
        for probe in &mut ill.probes {
            if matches!(probe.what, What::LinePage | What::LinePortal) {
                probe.outcome = Outcome::Page { status: 200, message: Some("line-intent".to_owned()), text: String::new() };
            }
        }
        if Diagnosis::of(&ill).first().map(|found| found.cause.key) != Some("line.unauthenticated") {
            missed.push(seed);
        }
    }
    assert_eq!(missed, [] as [u64; 0]);
}

#[test]
fn chance_falls_the_same_way_for_the_same_seed() {
    assert_eq!(healthy(7), healthy(7));
    assert_ne!(healthy(7), healthy(8));
}
