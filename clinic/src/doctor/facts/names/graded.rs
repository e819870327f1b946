//! What came of one name, asked in all ways: right, another region's, none, or silence.

use super::is_answer;
use crate::doctor::facts::View;
use crate::doctor::facts::view::is_silence;
use crate::doctor::recording::{Asked, Family, NameWay, Outcome, What};
use manuals::{Region, addresses, domains};
use std::net::IpAddr;

/// What an answer is worth; the best of several counts, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Right,
    OtherRegion,
    Other,
    OnlyV4,
    Empty,
    NoName,
    Refused,
    Cut,
    Silent,
    NotAsked,
}

impl Verdict {
    pub(super) fn is_right(self) -> bool {
        self == Verdict::Right
    }

    fn words(self) -> &'static str {
        match self {
            Verdict::Right => "正しい",
            Verdict::OtherRegion => "もう一方の地域の答え",
            Verdict::Other => "別のアドレス",
            Verdict::OnlyV4 => "IPv4 のアドレスだけ",
            Verdict::Empty => "アドレスなし",
            Verdict::NoName => "そのような名前はない",
            Verdict::Refused => "拒否",
            Verdict::Cut => "途中で切れた答え",
            Verdict::Silent => "無応答",
            Verdict::NotAsked => "未確認",
        }
    }
}

pub(super) struct Graded {
    pub(super) name: String,
    /// Its answer does not fit a small datagram.
    pub(super) big: bool,
    pub(super) truncated: bool,
    /// Beside the right addresses the system, or the router, gives an IPv4 address that is none of the network's.
    pub(super) foreign_v4: bool,
    /// Of the carrier's own zone.
    pub(super) of_carrier: bool,
    /// The domain of the lists under which routers are told of it.
    pub(super) domain: Option<&'static str>,
    pub(super) system: Verdict,
    pub(super) router: Verdict,
    pub(super) router_small: Option<Verdict>,
    pub(super) router_edns: Option<Verdict>,
    pub(super) region: Verdict,
}

impl Graded {
    /// The system was told that there is no such thing; a long answer that gets lost on the way is another matter.
    pub(super) fn told_missing(&self) -> bool {
        match self.system {
            Verdict::NoName | Verdict::Empty | Verdict::Other | Verdict::OnlyV4 => true,
            Verdict::Refused | Verdict::Silent => !self.big,
            _ => false,
        }
    }

    pub(super) fn told(&self) -> String {
        let mut told = format!("{}: システム＝{}", self.name, self.system.words());
        if self.router != Verdict::NotAsked {
            told += &format!("、ルーター＝{}", self.router.words());
        }
        if self.region != Verdict::NotAsked {
            told += &format!("、網の名前サーバー＝{}", self.region.words());
        }
        told
    }
}

/// Every name that the site uses, once.
pub(super) fn all(view: &View<'_>) -> Vec<Graded> {
    let mut names: Vec<&str> = view
        .recording
        .probes
        .iter()
        .filter_map(|probe| match &probe.what {
            What::Name { name, .. } if view.counts(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| grade(view, name)).collect()
}

fn grade(view: &View<'_>, name: &str) -> Graded {
    let known: Vec<IpAddr> = region_answers(view, name);
    let best = |wanted: &dyn Fn(&Asked, NameWay) -> bool| {
        let of_name = |what: &What| match what {
            What::Name { name: of, asked, way, family } => of == name && *family != Family::V4 && wanted(asked, *way),
            _ => false,
        };
        let graded = view.outcomes(of_name).map(|(_, outcome)| verdict(view, name, outcome, &known));
        graded.min().unwrap_or(Verdict::NotAsked)
    };
    let own = |asked: &Asked| matches!(asked, Asked::Region { region, .. } if view.region.is_none_or(|own| own == *region));
    let router = |asked: &Asked| matches!(asked, Asked::Router { .. });
    let some = |verdict: Verdict| (verdict != Verdict::NotAsked).then_some(verdict);
    let truncated =
        view.outcomes(|what| matches!(what, What::Name { name: of, way: NameWay::Udp512, asked, .. } if of == name && own(asked)));
    let truncated = truncated.into_iter().any(|(_, outcome)| matches!(outcome, Outcome::Addresses { truncated: true, .. }));
    let region = view.region.unwrap_or(Region::East);
    Graded {
        name: name.to_owned(),
        big: truncated || addresses::expected(name, region).is_some_and(|answer| answer.needs_tcp),
        truncated,
        foreign_v4: foreign_v4(view, name, &known),
        of_carrier: Region::ALL
            .into_iter()
            .filter_map(|region| addresses::carrier_servers(region).zone)
            .any(|zone| domains::covers(&[zone], name)),
        domain: domain_of(name),
        system: best(&|asked, _| *asked == Asked::System),
        router: best(&|asked, _| router(asked)),
        router_small: some(best(&|asked, way| router(asked) && way == NameWay::Udp512)),
        router_edns: some(best(&|asked, way| router(asked) && way == NameWay::Udp1232)),
        region: best(&|asked, _| own(asked)),
    }
}

/// What the site's own region answers now: the printed addresses are examples and may change (DN-27).
fn region_answers(view: &View<'_>, name: &str) -> Vec<IpAddr> {
    let own = |what: &What| match what {
        What::Name { name: of, asked: Asked::Region { region, .. }, .. } => of == name && view.region.is_none_or(|own| own == *region),
        _ => false,
    };
    let lists = view.outcomes(own).filter_map(|(_, outcome)| match outcome {
        Outcome::Addresses { addresses, .. } => Some(addresses),
        _ => None,
    });
    lists.flatten().copied().collect()
}

fn verdict(view: &View<'_>, name: &str, outcome: &Outcome, known: &[IpAddr]) -> Verdict {
    match outcome {
        Outcome::Addresses { rcode: Some(_), .. } | Outcome::Refused { .. } => Verdict::Refused,
        Outcome::Addresses { addresses, truncated, .. } => found(view, name, addresses, *truncated, known),
        Outcome::NoSuchName => Verdict::NoName,
        Outcome::NotAsked { .. } | Outcome::Unfinished | Outcome::Unknown => Verdict::NotAsked,
        outcome if is_silence(outcome) => Verdict::Silent,
        Outcome::Failed { .. } => Verdict::Refused,
        outcome if is_answer(outcome) => Verdict::Other,
        _ => Verdict::NotAsked,
    }
}

fn found(view: &View<'_>, name: &str, found: &[IpAddr], truncated: bool, known: &[IpAddr]) -> Verdict {
    let printed = |region: Region| addresses::expected(name, region);
    let fits = |region: Region| printed(region).is_some_and(|answer| answer.accepts(found));
    let any_v6 = found.iter().any(IpAddr::is_ipv6);
    if truncated && !any_v6 {
        return Verdict::Cut;
    }
    let right = view.region.is_some_and(fits) || found.iter().any(|address| address.is_ipv6() && known.contains(address));
    if right {
        return Verdict::Right;
    }
    if !any_v6 {
        return without_v6(view, name, found, known);
    }
    match view.region {
        Some(_) if Region::ALL.into_iter().any(fits) => Verdict::OtherRegion,
        None if Region::ALL.into_iter().any(fits) => Verdict::Right,
        // Nobody of the network answered, and the manuals print nothing for this name: what was found is as good as can be known.
        Some(region) if !known.iter().any(IpAddr::is_ipv6) && printed(region).is_none() => Verdict::Right,
        None if !known.iter().any(IpAddr::is_ipv6) => Verdict::Right,
        _ => Verdict::Other,
    }
}

fn foreign_v4(view: &View<'_>, name: &str, known: &[IpAddr]) -> bool {
    let own = |what: &What| match what {
        What::Name { name: of, asked, .. } => of == name && matches!(asked, Asked::System | Asked::Router { .. }),
        _ => false,
    };
    let mut v4 = view.outcomes(own).filter_map(|(_, outcome)| match outcome {
        Outcome::Addresses { addresses, .. } => Some(addresses.iter().filter(|address| address.is_ipv4())),
        _ => None,
    });
    v4.any(|mut addresses| addresses.any(|address| !of_network(view, name, address, known)))
}

/// Whether an IPv4 address is one that the network gives this name: the printed ones, those it answers now, or any private one.
fn of_network(view: &View<'_>, name: &str, address: &IpAddr, known: &[IpAddr]) -> bool {
    let printed = view.region.and_then(|region| addresses::expected(name, region)).map(|answer| answer.a.as_slice()).unwrap_or_default();
    match address {
        IpAddr::V4(v4) => v4.is_private() || printed.contains(v4) || known.contains(address),
        IpAddr::V6(_) => false,
    }
}

/// IPv4 alone: the network's own, of which the other half is missing, or somebody else's.
fn without_v6(view: &View<'_>, name: &str, found: &[IpAddr], known: &[IpAddr]) -> Verdict {
    match found {
        [] => Verdict::Empty,
        found if found.iter().any(|address| of_network(view, name, address, known)) => Verdict::OnlyV4,
        _ => Verdict::Other,
    }
}

/// The domain of the routers' tables that covers a name; the carriers' own zones count too.
fn domain_of(name: &str) -> Option<&'static str> {
    let zones = Region::ALL.into_iter().filter_map(|region| addresses::carrier_servers(region).zone);
    let domains = domains::union().into_iter().chain(zones);
    domains.filter(|domain| domains::covers(&[domain], name)).max_by_key(|domain| domain.len())
}
