//! Facts about names: what the system finds, and what router and region answer in four ways, so that the hop that errs can be named.

mod graded;

use super::view::{is_answer, is_silence};
use super::{Facts, View};
use crate::doctor::recording::{Asked, Family, NameWay, Outcome, What};
use graded::{Graded, Verdict};
use manuals::{Region, addresses};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Ends that stand in no public list.
const CLOSED_ENDS: [&str; 2] = ["mnw", "rece"];

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    let graded = graded::all(view);
    system(&graded, facts);
    router(&graded, facts);
    regions(view, &graded, facts);
    resolvers(view, facts);
    private_addresses(view, &graded, facts);
    internet(view, facts);
}

fn system(graded: &[Graded], facts: &mut Facts) {
    let seen: Vec<&Graded> = graded.iter().filter(|name| name.system != Verdict::NotAsked).collect();
    let bad: Vec<&&Graded> = seen.iter().filter(|name| !name.system.is_right()).collect();
    for name in seen.iter().filter(|name| name.foreign_v4) {
        facts.note_with("n.system-foreign-v4", format!("{}: 網にない IPv4 アドレスも返る", name.name), "name", name.name.clone());
    }
    if seen.is_empty() {
        return;
    }
    if bad.is_empty() {
        facts.note("n.system-fine", format!("{} 個の名前がすべて正しく見つかる", seen.len()));
        return;
    }
    for name in &bad {
        facts.note_with("n.system-some-fail", name.told(), "name", name.name.clone());
        match name.system {
            Verdict::OtherRegion => facts.note("n.system-other-region", name.told()),
            Verdict::Other if !name.region.is_right() => facts.note_with("n.system-unexpected", name.told(), "name", name.name.clone()),
            Verdict::Other => facts.note_with("n.system-wrong-address", name.told(), "name", name.name.clone()),
            Verdict::OnlyV4 => facts.note("n.only-v4", name.told()),
            Verdict::NoName | Verdict::Empty => facts.note("n.system-no-name", name.told()),
            Verdict::Silent => facts.note("n.system-silent", name.told()),
            Verdict::Refused => facts.note("n.system-refused", name.told()),
            _ => {}
        }
        if name.region.is_right() {
            facts.note("n.region-knows-better", name.told());
        }
    }
    closed_ends(&seen, facts);
    if bad.len() == seen.len() && seen.len() > 1 {
        facts.note("n.system-all-fail", format!("{} 個の名前が一つも見つからない", seen.len()));
        if bad.iter().all(|name| name.system == Verdict::Silent) {
            facts.note("n.system-all-silent", "名前の問い合わせに誰も答えない");
        }
    }
    // The carrier's own zone is found by phone routers and by tables that lack the platform's domains.
    let platform: Vec<&&Graded> = seen.iter().filter(|name| !name.of_carrier).collect();
    if platform.len() > 1 && platform.iter().all(|name| !name.system.is_right()) {
        facts.note("n.system-platform-fail", format!("網の領域の {} 個の名前が一つも見つからない", platform.len()));
        if platform.iter().all(|name| matches!(name.system, Verdict::Silent | Verdict::Refused)) {
            facts.note("n.system-platform-silent", "網の領域の名前には答えが返らない");
            for name in seen.iter().filter(|name| name.of_carrier && name.system == Verdict::NoName) {
                facts.note("n.carrier-zone-unknown", name.told());
            }
        }
        return;
    }
    if bad.iter().all(|name| name.big && !name.told_missing()) {
        facts.note("n.system-only-big-fail", bad.iter().map(|name| name.told()).collect::<Vec<_>>().join("、"));
    }
    for (silent, fact) in [(false, "n.system-domains-fail"), (true, "n.system-domains-silent")] {
        let domains = domains_that_fail(&seen, silent);
        if !domains.is_empty() {
            let list = domains.join("、");
            facts.note_with(fact, format!("この領域の名前だけが見つからない: {list}"), "domains", list);
        }
    }
}

/// Names below ends that the public tree does not have are refused where signatures are checked, and all others are found.
fn closed_ends(seen: &[&Graded], facts: &mut Facts) {
    let closed = |name: &Graded| CLOSED_ENDS.iter().any(|end| name.name.strip_suffix(end).is_some_and(|left| left.ends_with('.')));
    let refused = |name: &Graded| name.system == Verdict::Refused || name.router == Verdict::Refused;
    let (within, without): (Vec<&&Graded>, Vec<&&Graded>) = seen.iter().partition(|name| closed(name));
    if !within.is_empty()
        && within.iter().all(|name| refused(name))
        && !without.is_empty()
        && without.iter().all(|name| !refused(name) && name.system.is_right())
    {
        facts.note("n.closed-ends-refused", within.iter().map(|name| name.told()).collect::<Vec<_>>().join("、"));
    }
}

/// Domains of which every name that was asked fails, while names of others are found: told not to exist, or never answered.
fn domains_that_fail(seen: &[&Graded], silent: bool) -> Vec<String> {
    let mut domains: Vec<&str> = seen.iter().filter_map(|name| name.domain).collect();
    domains.sort_unstable();
    domains.dedup();
    let fails = |domain: &&str| {
        let of_it: Vec<&&Graded> = seen.iter().filter(|name| name.domain == Some(*domain)).collect();
        // Whoever gives another address knows the name: that is no missing domain.
        if of_it.iter().any(|name| name.system == Verdict::Other) {
            return false;
        }
        let quiet = of_it.iter().all(|name| matches!(name.system, Verdict::Silent | Verdict::Refused));
        of_it.iter().all(|name| name.told_missing()) && quiet == silent
    };
    domains.into_iter().filter(fails).map(str::to_owned).collect()
}

fn router(graded: &[Graded], facts: &mut Facts) {
    let seen: Vec<&Graded> = graded.iter().filter(|name| name.router != Verdict::NotAsked).collect();
    if seen.is_empty() {
        return;
    }
    let bad: Vec<&&Graded> = seen.iter().filter(|name| !name.router.is_right()).collect();
    if bad.is_empty() {
        facts.note("n.router-fine", "ルーターはすべての名前に正しく答える");
    } else if seen.iter().all(|name| matches!(name.router, Verdict::Silent | Verdict::Refused)) {
        facts.note("n.router-silent", "ルーターは名前の問い合わせに答えない");
    } else if bad.len() == seen.len() {
        facts.note("n.router-all-fail", format!("ルーターは {} 個の名前を一つも知らない", seen.len()));
    }
    for name in &seen {
        if name.router_small.is_some_and(Verdict::is_right) && name.router_edns == Some(Verdict::Silent) {
            facts.note("n.router-drops-edns", format!("{}: ルーターは EDNS 付きの問い合わせに答えない", name.name));
        }
    }
    for name in seen.iter().filter(|name| name.big && !name.router.is_right()) {
        facts.note("n.router-cannot-large", name.told());
    }
}

fn regions(view: &View<'_>, graded: &[Graded], facts: &mut Facts) {
    let asked = |region: Option<Region>, same: bool, way: Option<NameWay>, carrier: Option<bool>| -> Vec<&Outcome> {
        let wanted = move |what: &What| match what {
            What::Name { asked: Asked::Region { server, region: of }, way: by, .. } => {
                let of_carrier = is_carriers(*server);
                region.is_none_or(|region| (region == *of) == same)
                    && way.is_none_or(|way| way == *by)
                    && carrier.is_none_or(|carrier| carrier == of_carrier)
            }
            _ => false,
        };
        view.outcomes(wanted)
            .map(|(_, outcome)| outcome)
            .filter(|outcome| !matches!(outcome, Outcome::NotAsked { .. } | Outcome::Unfinished | Outcome::Unknown))
            .collect()
    };
    let own = |way, carrier| asked(view.region, true, way, carrier);
    let grade = |facts: &mut Facts, seen: &[&Outcome], answers: &'static str, silent: &'static str, who: &str| {
        if seen.iter().any(|outcome| is_answer(outcome)) {
            facts.note(answers, format!("{who}の名前サーバーは答える"));
        } else if seen.len() > 1 && seen.iter().all(|outcome| is_silence(outcome) || matches!(outcome, Outcome::Refused { .. })) {
            facts.note(silent, format!("{who}の名前サーバーは {} 回の問い合わせに一度も答えない", seen.len()));
        }
    };
    grade(facts, &own(None, Some(false)), "n.platform-answers", "n.platform-silent", "網");
    grade(facts, &own(None, Some(true)), "n.carrier-answers", "n.carrier-silent", "回線事業者");
    if view.region.is_some() && asked(view.region, false, None, None).into_iter().any(is_answer) {
        facts.note("n.other-region-answers", "もう一方の地域の名前サーバーが答える");
    }
    let udp: Vec<&Outcome> = own(Some(NameWay::Udp512), None).into_iter().chain(own(Some(NameWay::Udp1232), None)).collect();
    let tcp = own(Some(NameWay::Tcp), None);
    if udp.iter().any(|outcome| is_answer(outcome)) && !tcp.is_empty() && !tcp.iter().any(|outcome| is_answer(outcome)) {
        facts.note("n.tcp-lost", "網の名前サーバーは UDP では答え、TCP/53 では答えない");
    }
    if tcp.iter().any(|outcome| is_answer(outcome)) {
        facts.note("n.tcp-fine", "網の名前サーバーは TCP/53 でも答える");
    }
    let (small, edns) = (own(Some(NameWay::Udp512), None), own(Some(NameWay::Udp1232), None));
    if small.iter().any(|outcome| is_answer(outcome)) && !edns.is_empty() && edns.iter().all(|outcome| is_silence(outcome)) {
        facts.note("n.edns-lost", "網の名前サーバーへの EDNS 付きの問い合わせだけが返らない");
    }
    losses(view, facts);
    for name in graded.iter().filter(|name| name.truncated) {
        facts.note("n.answer-cut", format!("{}: 512 バイトに収まらない（TC）", name.name));
    }
}

/// Servers that answer some small questions and are silent at others: something is lost on the way. A few may always be, and a server that rests
/// is silent altogether.
fn losses(view: &View<'_>, facts: &mut Facts) {
    const LEAST: usize = 4;
    let small = |what: &What| match what {
        What::Name { asked: Asked::Region { server, .. }, way: NameWay::Udp512 | NameWay::Udp1232, .. } => Some(*server),
        _ => None,
    };
    let mut servers: BTreeMap<IpAddr, (usize, usize)> = BTreeMap::new();
    for (what, outcome) in view.outcomes(|what| small(what).is_some()) {
        let counted = servers.entry(small(what).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))).or_default();
        counted.0 += usize::from(is_silence(outcome));
        counted.1 += usize::from(is_answer(outcome));
    }
    let awake = servers.values().filter(|(_, back)| *back > 0);
    let (lost, back) = awake.fold((0, 0), |sum, (lost, back)| (sum.0 + lost, sum.1 + back));
    if lost >= LEAST && lost * 5 >= lost + back {
        facts.note("n.some-lost", format!("網の名前サーバーへの {} 回のうち {lost} 回、答えが返らない", lost + back));
    }
}

/// Whether a name server is one of the carrier's own, which know its own zone only.
fn is_carriers(server: IpAddr) -> bool {
    Region::ALL.into_iter().any(|region| is_of(server, addresses::carrier_servers(region)))
}

fn is_of(server: IpAddr, pair: &addresses::NameServers) -> bool {
    server == IpAddr::V6(pair.primary) || server == IpAddr::V6(pair.secondary)
}

/// Whom the machine asks for names.
fn resolvers(view: &View<'_>, facts: &mut Facts) {
    let machine = &view.recording.machine;
    let texts =
        view.connected().flat_map(|adapter| &adapter.name_servers).filter_map(|text| text.split('%').next()?.parse::<IpAddr>().ok());
    let all: Vec<IpAddr> = if machine.resolvers.is_empty() { texts.collect() } else { machine.resolvers.clone() };
    if all.is_empty() {
        if !machine.adapters.is_empty() && view.connected().next().is_some() {
            facts.note("n.no-resolver", "名前サーバーが一つも設定されていない");
        }
        return;
    }
    let gateways: Vec<IpAddr> =
        view.connected().flat_map(|adapter| &adapter.gateways).filter_map(|text| text.split('%').next()?.parse().ok()).collect();
    let mut first_foreign = None;
    for (at, server) in all.into_iter().enumerate() {
        let of = |region: Region| is_of(server, addresses::platform_servers(region)) || is_of(server, addresses::carrier_servers(region));
        let same_site = |own: IpAddr| match (own, server) {
            (IpAddr::V6(own), IpAddr::V6(server)) => u128::from(own) >> 72 == u128::from(server) >> 72,
            _ => false,
        };
        let near = machine.router == Some(server)
            || gateways.contains(&server)
            || matches!(server, IpAddr::V6(v6) if v6.is_unicast_link_local())
            || view.globals().iter().any(|(own, _)| same_site(IpAddr::V6(*own)))
            || server.is_loopback();
        if is_nobody(view, server, &gateways) {
            facts.note_with(
                "n.resolver-nobody",
                format!("{server} には誰もいない（ルーターは別のアドレス）"),
                "server",
                server.to_string(),
            );
        } else if view.region.is_some_and(of) {
            facts.note("n.resolver-platform", format!("{server} は網の名前サーバー"));
        } else if Region::ALL.into_iter().any(of) {
            facts.note_with("n.resolver-other-region", format!("{server} はもう一方の地域の名前サーバー"), "server", server.to_string());
        } else if near {
            facts.note("n.resolver-router", format!("{server} はルーター"));
        } else {
            // A server of the clinic's own that forwards rightly is nobody's mistake.
            let public = match server {
                IpAddr::V4(v4) => !v4.is_private() && !v4.is_link_local(),
                IpAddr::V6(v6) => !v6.is_unique_local(),
            };
            first_foreign = first_foreign.or((at == 0 && public).then_some(server));
            facts.note_with("n.resolver-foreign", format!("{server} はルーターでも網の名前サーバーでもない"), "server", server.to_string());
        }
    }
    // A second adapter has servers of its own; it is the one that is asked first that matters.
    let others = facts.has("n.resolver-router") || facts.has("n.resolver-platform");
    if let Some(server) = first_foreign {
        let name = if others { "n.foreign-first" } else { "n.only-foreign" };
        facts.note_with(name, format!("{server} が先頭にある"), "server", server.to_string());
    }
}

/// A name server on the link that is not the router, and that never says anything.
fn is_nobody(view: &View<'_>, server: IpAddr, gateways: &[IpAddr]) -> bool {
    let on_link = |ip: &IpAddr| matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let routers = || gateways.iter().copied().chain(view.recording.machine.router);
    if !on_link(&server) || !routers().any(|ip| on_link(&ip)) || routers().any(|ip| ip == server) {
        return false;
    }
    let of_it = |what: &What| match what {
        What::Name { asked: Asked::Router { server: of } | Asked::Other { server: of }, .. } => *of == server,
        _ => false,
    };
    let heard: Vec<&Outcome> = view.outcomes(of_it).map(|(_, outcome)| outcome).collect();
    heard.iter().any(|outcome| is_silence(outcome)) && !heard.iter().any(|outcome| is_answer(outcome))
}

/// A router that strikes private IPv4 addresses out of answers (protection against rebinding).
fn private_addresses(view: &View<'_>, graded: &[Graded], facts: &mut Facts) {
    let v4 = |outcome: &Outcome| match outcome {
        Outcome::Addresses { addresses, .. } => Some(addresses.iter().any(|address| matches!(address, IpAddr::V4(v4) if v4.is_private()))),
        Outcome::NoSuchName | Outcome::Refused { .. } => Some(false),
        _ => None,
    };
    let asked = |name: &str, router: bool| -> Vec<bool> {
        let wanted = |what: &What| match what {
            What::Name { name: of, asked, family: Family::V4, .. } => {
                of == name && if router { matches!(asked, Asked::Router { .. }) } else { matches!(asked, Asked::Region { .. }) }
            }
            _ => false,
        };
        view.outcomes(wanted).filter_map(|(_, outcome)| v4(outcome)).collect()
    };
    // Only of names that the router knows: of others it says nothing at all.
    for name in graded.iter().filter(|name| name.router.is_right() || name.router == Verdict::Empty).filter(|name| !name.foreign_v4) {
        let name = name.name.as_str();
        let (router, region) = (asked(name, true), asked(name, false));
        if region.contains(&true) && !router.is_empty() && !router.contains(&true) {
            facts.note("n.private-struck-out", format!("{name}: 網は 10. で始まるアドレスも答えるが、ルーターの答えからは消えている"));
        }
    }
}

fn internet(view: &View<'_>, facts: &mut Facts) {
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Internet { .. })) {
        let What::Internet { name } = what else { continue };
        let found = matches!(outcome, Outcome::Addresses { addresses, .. } if !addresses.is_empty());
        if found || matches!(outcome, Outcome::Connected | Outcome::Page { .. }) {
            facts.note("n.internet-found", format!("インターネットの名前 {name} は見つかる"));
        } else if !matches!(outcome, Outcome::NotAsked { .. } | Outcome::Unfinished | Outcome::Unknown) {
            facts.note("n.internet-lost", format!("インターネットの名前 {name} が見つからない"));
        }
    }
}
