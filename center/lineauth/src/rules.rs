//! Decides which line may enter and what a token is worth: plain functions of what is known and the time.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use manuals::line_type;
use registry::Refusal;

use crate::carrier::{CarrierLine, V6Option};
use crate::claims::{Answer, Consent, Identity, Said};

/// Why a line's identity is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its type may not enter, or it has no v6 option (LA-14).
    Ineligible,
    /// The end of its works is not registered (LA-15).
    WorkUnfinished,
}

/// Whether a line may enter on `today`. Who resells it does not matter (LN-06).
///
/// # Errors
/// Why it may not; that it never may comes before that it may not yet.
pub fn may_enter(line: &CarrierLine, needs_v6_option: bool, today: Date) -> Result<(), Stop> {
    let kind = line_type::by_key(&line.line_type).filter(|kind| kind.is_eligible_in(line.region)).ok_or(Stop::Ineligible)?;
    let has_v6_option = match line.v6_option {
        V6Option::On => true,
        V6Option::Off => kind.is_cross(),
        V6Option::Default => line_type::v6_option(line.region, kind, line.applied_on) == line_type::V6Option::DefaultOn,
    };
    if needs_v6_option && !has_v6_option {
        return Err(Stop::Ineligible);
    }
    if line.work_completed.is_some_and(|day| day <= today) { Ok(()) } else { Err(Stop::WorkUnfinished) }
}

/// Reads a prefix that a line may hold: native IPv6 (LN-14), of the size that its router gets; IPv4 only for the loopback of a demonstration.
///
/// # Errors
/// [`Refusal::Wrong`] says what is possible.
pub fn carrier_prefix(text: &str) -> Result<IpNet, Refusal> {
    let prefix = registry::rules::admission_prefix(text)?;
    let single = prefix.prefix_len() == prefix.max_prefix_len();
    let loopback = prefix.addr().is_loopback() && single;
    if loopback || (prefix.addr().is_ipv6() && !single) {
        return Ok(prefix);
    }
    let problem = "回線のプレフィックスは IPv6 の /64・/60・/56・/48 のどれかです（IPv6 IPoE 接続）。".to_owned();
    Err(Refusal::Wrong { field: "prefix", problem })
}

/// The prefix among those that a line holds that an address lies in; the longest, if there are several.
#[must_use]
pub fn prefix_of(address: IpAddr, held: &[String]) -> Option<&String> {
    held.iter().filter(|prefix| holds(prefix, address)).max_by_key(|prefix| length(prefix))
}

/// Of the lines that could be behind an address the one that holds the longest prefix: a part of a network may be another line's.
#[must_use]
pub fn line_of(address: IpAddr, lines: Vec<CarrierLine>) -> Option<CarrierLine> {
    lines.into_iter().max_by_key(|line| prefix_of(address, &line.prefixes).map(|prefix| length(prefix)))
}

fn length(prefix: &str) -> u8 {
    prefix.parse::<IpNet>().map_or(0, |prefix| prefix.prefix_len())
}

fn holds(prefix: &str, address: IpAddr) -> bool {
    prefix.parse::<IpNet>().is_ok_and(|prefix| prefix.contains(&address))
}

/// What a consent is worth at a server that sees `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It was given behind this terminal's prefix, and in time.
    Good,
    /// Its time is over.
    Expired,
    /// It was given behind another prefix.
    Elsewhere,
}

/// Judges a consent.
#[must_use]
pub fn worth(consent: &Consent, address: IpAddr, now: Timestamp) -> Worth {
    if consent.expires_at <= now {
        Worth::Expired
    } else if holds(&consent.prefix, address) {
        Worth::Good
    } else {
        Worth::Elsewhere
    }
}

/// What a carrier's answer says to the flow `nonce` of the terminal at `address`; `None` if it is the answer to something else, or too old.
#[must_use]
pub fn said_to<'a>(answer: &'a Answer, nonce: &str, address: IpAddr, now: Timestamp) -> Option<&'a Said> {
    if answer.nonce != nonce || answer.expires_at <= now {
        return None;
    }
    match &answer.said {
        Said::Identity(identity) => is_of(identity, address).then_some(&answer.said),
        other => Some(other),
    }
}

/// An identity names the prefix it was found by among those the line holds, and the terminal lies in it.
fn is_of(identity: &Identity, address: IpAddr) -> bool {
    identity.held.contains(&identity.prefix) && holds(&identity.prefix, address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use manuals::Region;

    const TODAY: Date = date(2026, 7, 15);

    fn line(region: Region, line_type: &str, applied_on: Date) -> CarrierLine {
        CarrierLine {
            line_id: "CAF0123456789".to_owned(),
            region,
            line_type: line_type.to_owned(),
            reseller: String::new(),
            v6_option: V6Option::Default,
            applied_on,
            work_completed: Some(TODAY),
            prefixes: vec!["2408:210:aaaa:bb00::/64".to_owned()],
        }
    }

    /// Rows: LA-14, LN-03, LN-04, LN-05
    #[test]
    fn a_line_enters_by_its_type_in_its_region() {
        let new = date(2026, 1, 1);
        for region in Region::ALL {
            for kind in line_type::all() {
                let may = may_enter(&line(region, kind.key, new), true, TODAY).is_ok();
                assert_eq!(may, kind.is_eligible_in(region), "{} {}", kind.key, region.key());
            }
        }
        assert_eq!(may_enter(&line(Region::East, "B フレッツ", new), true, TODAY), Err(Stop::Ineligible));
    }

    /// Rows: LN-08, LN-09, LN-10, LN-11
    #[test]
    fn a_line_without_the_v6_option_enters_only_where_nobody_needs_it() {
        let old = date(2012, 5, 28);
        let mut family = line(Region::East, "next-family", old);
        assert_eq!(may_enter(&family, true, TODAY), Err(Stop::Ineligible));
        assert_eq!(may_enter(&family, false, TODAY), Ok(()), "the claims service does not ask for it");
        family.v6_option = V6Option::On;
        assert_eq!(may_enter(&family, true, TODAY), Ok(()));
        assert_eq!(may_enter(&line(Region::East, "next-family", date(2012, 5, 29)), true, TODAY), Ok(()));
        assert_eq!(may_enter(&line(Region::West, "next-family", date(2021, 5, 10)), true, TODAY), Err(Stop::Ineligible));
        assert_eq!(may_enter(&line(Region::West, "next-family", date(2021, 5, 11)), true, TODAY), Ok(()));
        let mut cross = line(Region::West, "cross", old);
        cross.v6_option = V6Option::Off;
        assert_eq!(may_enter(&cross, true, TODAY), Ok(()), "on a cross line it is always on");
    }

    /// Rows: LN-06
    #[test]
    fn a_resold_line_enters_as_its_type_does() {
        let mut resold = line(Region::West, "next-family-super-hayabusa", date(2022, 1, 1));
        resold.reseller = "架空ひかり".to_owned();
        assert_eq!(may_enter(&resold, true, TODAY), Ok(()));
        resold.region = Region::East;
        assert_eq!(may_enter(&resold, true, TODAY), Err(Stop::Ineligible));
    }

    /// Rows: LA-15
    #[test]
    fn a_line_enters_from_the_day_its_works_are_registered_as_finished() {
        let mut fresh = line(Region::East, "next-family", date(2026, 7, 1));
        fresh.work_completed = None;
        assert_eq!(may_enter(&fresh, true, TODAY), Err(Stop::WorkUnfinished));
        fresh.work_completed = Some(date(2026, 7, 16));
        assert_eq!(may_enter(&fresh, true, TODAY), Err(Stop::WorkUnfinished));
        fresh.work_completed = Some(TODAY);
        assert_eq!(may_enter(&fresh, true, TODAY), Ok(()));
        fresh.line_type = "ISDN".to_owned();
        fresh.work_completed = None;
        assert_eq!(may_enter(&fresh, true, TODAY), Err(Stop::Ineligible), "never comes before not yet");
    }

    /// Rows: LN-14
    #[test]
    fn a_line_holds_native_ipv6_of_its_routers_size() {
        for good in ["2408:210:aaaa:bb00::/64", "2408:210:aaaa:bb00::/56", "2408:210:aaaa::/48", "127.0.0.1/32", "::1/128"] {
            assert!(carrier_prefix(good).is_ok(), "{good}");
        }
        for wrong in ["192.0.2.1/32", "198.51.100.0/24", "2408:210:aaaa:bb00::1/128", "2408::/32", "127.0.0.0/8"] {
            assert!(carrier_prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longest_prefix_says_whose_an_address_is() {
        let whole = CarrierLine { prefixes: vec!["2408:210:aaaa:bb00::/56".into()], ..line(Region::East, "cross", TODAY) };
        let part = CarrierLine { prefixes: vec!["2408:210:aaaa:bb07::/64".into()], line_id: "COP12345678".into(), ..whole.clone() };
        let found = |address: &str| line_of(address.parse().unwrap(), vec![whole.clone(), part.clone()]).unwrap().line_id;
        assert_eq!(found("2408:210:aaaa:bb07::1"), "COP12345678");
        assert_eq!(found("2408:210:aaaa:bb08::1"), whole.line_id);
    }

    #[test]
    fn an_answer_is_worth_something_only_to_its_own_flow_behind_its_own_prefix_and_in_time() {
        let now = Timestamp::UNIX_EPOCH;
        let (here, elsewhere): (IpAddr, IpAddr) = ("2408:210:aaaa:bb00::1".parse().unwrap(), "2408:210:aaaa:bc00::1".parse().unwrap());
        let prefix = "2408:210:aaaa:bb00::/64".to_owned();
        let identity = Identity { line_id: "CAF0123456789".into(), region: Region::East, prefix: prefix.clone(), held: vec![prefix] };
        let later = now + jiff::SignedDuration::from_secs(1);
        let answer = Answer { nonce: "n".into(), expires_at: later, said: Said::Identity(identity.clone()) };
        assert!(said_to(&answer, "n", here, now).is_some());
        assert!(said_to(&answer, "m", here, now).is_none());
        assert!(said_to(&answer, "n", elsewhere, now).is_none());
        assert!(said_to(&answer, "n", here, later).is_none());
        let unheld = Answer { said: Said::Identity(Identity { held: vec![], ..identity }), ..answer };
        assert!(said_to(&unheld, "n", here, now).is_none());
    }
}
