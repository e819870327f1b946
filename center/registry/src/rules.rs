//! Decides who may enter and what may be registered: plain functions of what is known and the time.

pub mod effects;
pub mod form;
pub mod known;
pub mod patience;
pub mod status;
pub mod told;
pub mod typed;
pub mod wish;

use std::net::IpAddr;

use chassis::tls::PeerCertificate;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use manuals::Region;
use manuals::situation::Situation;
use wire::number::FacilityCode;
use wire::snapshot::Closure;

use crate::closures::Announcement;
use crate::config::Config;
use crate::error::Refusal;
use crate::{Entry, Facts, SessionFact, TerminalFact};

/// Longest closure in days: a longer one is a slip of the pen.
const LONGEST_CLOSURE_DAYS: i64 = 31;

/// What a door asks of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Refuse a caller who shows no certificate.
    pub certificate: bool,
    /// Refuse a caller who is not logged in.
    pub session: bool,
}

/// Whether a caller may enter: the line first, then the certificate and its terminal, then the log-in, then the facility.
///
/// # Errors
/// The [`Situation`] that the caller is told.
pub fn judge(certificate: &PeerCertificate, token_given: bool, facts: &Facts, demand: Demand, now: Timestamp) -> Result<Entry, Situation> {
    let line_id = facts.line_id.clone().ok_or(Situation::UnadmittedLine)?;
    let terminal = terminal(certificate, facts.terminal.as_ref(), demand.certificate, now)?;
    let session = session(token_given, facts.session.as_ref(), demand.session, now)?;
    if let (Some(terminal), Some(session)) = (terminal, session)
        && terminal.facility_code != session.facility_code
    {
        return Err(Situation::CertificateOfOtherFacility);
    }
    let facility_code = match (terminal, session) {
        (Some(terminal), _) => terminal.facility_code.clone(),
        (None, Some(session)) => session.facility_code.clone(),
        // A door that asks for neither admits by the line alone.
        (None, None) => String::new(),
    };
    if !facility_code.is_empty() {
        let (from, until) = facts.facility_validity.ok_or(Situation::UnknownFacility)?;
        facility_takes_part(from, until, chassis::clock::japan_date(now))?;
    }
    Ok(Entry {
        line_id,
        facility_code,
        serial: terminal.map(|terminal| terminal.serial.clone()),
        account_id: session.map(|session| session.account_id.clone()),
    })
}

fn terminal<'a>(
    certificate: &PeerCertificate,
    known: Option<&'a TerminalFact>,
    demanded: bool,
    now: Timestamp,
) -> Result<Option<&'a TerminalFact>, Situation> {
    match certificate {
        PeerCertificate::Absent if demanded => Err(Situation::NoCertificate),
        PeerCertificate::Absent => Ok(None),
        PeerCertificate::Foreign => Err(Situation::ForeignCertificate),
        PeerCertificate::OutOfTime { .. } => Err(Situation::ExpiredCertificate),
        PeerCertificate::Trusted { .. } => {
            let terminal = known.ok_or(Situation::UnknownTerminal)?;
            if terminal.blocked {
                return Err(Situation::BlockedTerminal);
            }
            // A connection may outlive the certificate it began with.
            if terminal.not_after < now {
                return Err(Situation::ExpiredCertificate);
            }
            Ok(Some(terminal))
        }
    }
}

fn session(given: bool, known: Option<&SessionFact>, demanded: bool, now: Timestamp) -> Result<Option<&SessionFact>, Situation> {
    match (known, given) {
        (Some(session), _) if session.expires_at <= now => Err(Situation::ExpiredToken),
        (Some(session), _) => Ok(Some(session)),
        (None, true) => Err(Situation::UnknownToken),
        (None, false) if demanded => Err(Situation::NoToken),
        (None, false) => Ok(None),
    }
}

/// Whether a facility that takes part from `from` until the day before `until` takes part on `day`.
///
/// # Errors
/// [`Situation::FacilityEnded`] outside these days.
pub fn facility_takes_part(from: Date, until: Option<Date>, day: Date) -> Result<(), Situation> {
    if day < from || until.is_some_and(|until| day >= until) { Err(Situation::FacilityEnded) } else { Ok(()) }
}

/// Whether a terminal that failed `failures` times in a row, last at `last`, must wait before it may try again.
#[must_use]
pub fn must_wait(failures: i64, last: Timestamp, config: &Config, now: Timestamp) -> bool {
    let wait = jiff::SignedDuration::from_mins(i64::from(config.login_wait_minutes));
    failures >= i64::from(config.login_failures) && now.duration_since(last) < wait
}

/// Whether an operator may come from `address`.
#[must_use]
pub fn operator_may_come_from(address: IpAddr, config: &Config) -> bool {
    config.operators_from.iter().any(|prefix| prefix.contains(&address))
}

/// The prefixes under which an address may stand on the admission list: the sizes that lines hold (/64 by router advertisement, /60,
/// /56 and /48 by delegation), the single address, and for the loopback of a demonstration the single IPv4 address.
#[must_use]
pub fn admission_keys(address: IpAddr) -> [String; 5] {
    let lengths: [u8; 5] = if address.is_ipv4() { [32, 24, 16, 8, 0] } else { [128, 64, 60, 56, 48] };
    lengths.map(|length| IpNet::new(address, length).map_or_else(|_| String::new(), |prefix| prefix.trunc().to_string()))
}

/// Reads a prefix for the admission list.
///
/// # Errors
/// [`Refusal::Wrong`] with the sizes that are possible.
pub fn admission_prefix(text: &str) -> Result<IpNet, Refusal> {
    let wrong = |problem: &str| Refusal::Wrong { field: "prefix", problem: problem.to_owned() };
    let prefix: IpNet =
        text.trim().parse().map_err(|_| wrong("プレフィックスは「2408:210:aaaa:bb00::/64」のような形で書いてください。"))?;
    if prefix.trunc() != prefix {
        return Err(wrong("プレフィックスより後ろのビットは 0 にしてください。"));
    }
    let key = prefix.to_string();
    if prefix.prefix_len() == 0 || !admission_keys(prefix.addr()).contains(&key) {
        return Err(wrong("プレフィックスの長さは /64・/60・/56・/48（一台だけなら /128 または IPv4 の /32）のどれかです。"));
    }
    Ok(prefix)
}

/// Reads a closure that an operator announces, under the number it is to have.
///
/// # Errors
/// [`Refusal::Wrong`] names the first mistake: an unknown service, a time that is none, an end before its beginning or in the past.
pub fn closure(announced: &Announcement, closure_id: String, known: &[&str], now: Timestamp) -> Result<Closure, Refusal> {
    let wrong = |field, problem: String| Refusal::Wrong { field, problem };
    if !known.contains(&announced.service.as_str()) {
        return Err(wrong("service", format!("閉塞するものは次のどれかです: {}", known.join("、"))));
    }
    let read = |field, text: &str| -> Result<Timestamp, Refusal> {
        let time: DateTime =
            text.trim().parse().map_err(|_| wrong(field, "日時は日本時間で「2026-11-21 01:00」のように書いてください。".to_owned()))?;
        Ok(chassis::clock::from_japan(time))
    };
    let (begins_at, ends_at) = (read("from", &announced.from)?, read("until", &announced.until)?);
    if ends_at <= begins_at {
        return Err(wrong("until", "再開の日時は、閉塞を始める日時より後にしてください。".to_owned()));
    }
    if ends_at <= now {
        return Err(wrong("until", "再開の日時は、もう過ぎています。".to_owned()));
    }
    if ends_at.duration_since(begins_at) > jiff::SignedDuration::from_hours(24 * LONGEST_CLOSURE_DAYS) {
        return Err(wrong("until", format!("一度に閉塞できるのは {LONGEST_CLOSURE_DAYS} 日までです。")));
    }
    let reason = announced.reason.trim();
    if reason.chars().count() > 200 || reason.chars().any(char::is_control) {
        return Err(wrong("reason", "理由は 200 文字以内の一行で書いてください。".to_owned()));
    }
    let (service, reason) = (announced.service.clone(), reason.to_owned());
    Ok(Closure { closure_id, service, begins_at, ends_at, reason })
}

/// Whether `address` may fetch the signed snapshot.
#[must_use]
pub fn may_read_snapshots(address: IpAddr, config: &Config) -> bool {
    config.snapshot_readers.iter().any(|prefix| prefix.contains(&address))
}

/// The region of a facility by the prefecture in its code; fictitious facilities (prefecture 99) belong to the east.
#[must_use]
pub fn region_of(code: &FacilityCode) -> Region {
    manuals::prefecture_by_code(code.prefecture()).map_or(Region::East, |prefecture| prefecture.region)
}

/// The key of the region of a facility's code as it was kept.
pub(crate) fn region_key(code: &str) -> &'static str {
    region_of_text(code).key()
}

/// The region of a facility's code as it was kept; the east if it is none.
fn region_of_text(code: &str) -> Region {
    FacilityCode::parse(code).map_or(Region::East, |code| region_of(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

    fn known() -> Facts {
        Facts {
            line_id: Some("CAF0123456789".into()),
            terminal: Some(TerminalFact {
                serial: "0a".into(),
                facility_code: "1310099999".into(),
                blocked: false,
                not_after: NOW + jiff::SignedDuration::from_hours(1),
            }),
            session: Some(SessionFact {
                account_id: "R000000001".into(),
                facility_code: "1310099999".into(),
                expires_at: NOW + jiff::SignedDuration::from_mins(1),
            }),
            facility_validity: Some((jiff::civil::date(2020, 4, 1), None)),
        }
    }
    fn ours() -> PeerCertificate {
        PeerCertificate::Trusted { serial: "a".into() }
    }
    const ALL: Demand = Demand { certificate: true, session: true };
    const SESSION: Demand = Demand { certificate: false, session: true };

    fn why(certificate: &PeerCertificate, token: bool, facts: &Facts, demand: Demand) -> Option<Situation> {
        judge(certificate, token, facts, demand, NOW).err()
    }

    #[test]
    fn who_has_everything_enters_and_each_thing_missing_is_named() {
        let facts = known();
        assert_eq!(judge(&ours(), true, &facts, ALL, NOW).unwrap().facility_code, "1310099999");
        assert_eq!(why(&ours(), true, &Facts { line_id: None, ..known() }, ALL), Some(Situation::UnadmittedLine));
        assert_eq!(why(&PeerCertificate::Absent, true, &facts, ALL), Some(Situation::NoCertificate));
        assert_eq!(why(&PeerCertificate::Foreign, true, &facts, SESSION), Some(Situation::ForeignCertificate));
        assert_eq!(why(&PeerCertificate::OutOfTime { serial: "a".into() }, true, &facts, ALL), Some(Situation::ExpiredCertificate));
        assert_eq!(why(&ours(), true, &Facts { terminal: None, ..known() }, ALL), Some(Situation::UnknownTerminal));
        assert_eq!(why(&ours(), false, &Facts { session: None, ..known() }, ALL), Some(Situation::NoToken));
        assert_eq!(why(&ours(), true, &Facts { session: None, ..known() }, ALL), Some(Situation::UnknownToken));
        assert_eq!(why(&ours(), true, &Facts { facility_validity: None, ..known() }, ALL), Some(Situation::UnknownFacility));
        let mut blocked = known();
        blocked.terminal.as_mut().unwrap().blocked = true;
        assert_eq!(why(&ours(), true, &blocked, SESSION), Some(Situation::BlockedTerminal));
        let mut ended = known();
        ended.facility_validity = Some((jiff::civil::date(2020, 4, 1), Some(jiff::civil::date(2026, 7, 15))));
        assert_eq!(why(&ours(), true, &ended, ALL), Some(Situation::FacilityEnded));
        let mut late = known();
        late.session.as_mut().unwrap().expires_at = NOW;
        assert_eq!(why(&ours(), true, &late, ALL), Some(Situation::ExpiredToken));
        let mut other = known();
        other.session.as_mut().unwrap().facility_code = "1310099998".into();
        assert_eq!(why(&ours(), true, &other, ALL), Some(Situation::CertificateOfOtherFacility));
    }

    #[test]
    fn a_door_without_demands_admits_by_the_line_alone() {
        let demand = Demand { certificate: false, session: false };
        let entry = judge(&PeerCertificate::Absent, false, &Facts { session: None, terminal: None, ..known() }, demand, NOW).unwrap();
        assert_eq!((entry.line_id.as_str(), entry.facility_code.as_str()), ("CAF0123456789", ""));
    }

    /// Rows: LA-13
    #[test]
    fn every_address_of_an_admitted_prefix_stands_on_the_list() {
        let key = admission_prefix("2408:210:aaaa:bb00::/56").unwrap().to_string();
        assert!(admission_keys("2408:210:aaaa:bb42::1".parse().unwrap()).contains(&key));
        assert!(!admission_keys("2408:210:aaaa:bc00::1".parse().unwrap()).contains(&key));
        assert!(admission_keys("127.0.0.1".parse().unwrap()).contains(&"127.0.0.1/32".to_owned()));
        assert!(!admission_keys("127.0.0.2".parse().unwrap()).contains(&"127.0.0.1/32".to_owned()));
        for wrong in ["2408::/12", "::/0", "0.0.0.0/0", "2408:210::1/64", "一台", ""] {
            assert!(admission_prefix(wrong).is_err(), "{wrong}");
        }
    }

    /// Rows: PX-10
    #[test]
    fn a_closure_is_taken_in_japans_time_and_each_mistake_is_named() {
        // 9:00 in Japan on 15 July 2026.
        let announced = |service: &str, from: &str, until: &str| {
            let announced =
                Announcement { service: service.into(), from: from.into(), until: until.into(), reason: " 定期保守 ".into() };
            closure(&announced, "c1".into(), &["proxy", "portal"], NOW)
        };
        let taken = announced("proxy", "2026-07-16 01:00", "2026-07-16T05:00").unwrap();
        assert_eq!(taken.begins_at.to_string(), "2026-07-15T16:00:00Z");
        assert_eq!((taken.ends_at.to_string().as_str(), taken.reason.as_str()), ("2026-07-15T20:00:00Z", "定期保守"));
        let field = |refused: Result<Closure, Refusal>| match refused {
            Err(Refusal::Wrong { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(announced("squid", "2026-07-16 01:00", "2026-07-16 05:00")), "service");
        assert_eq!(field(announced("proxy", "あした", "2026-07-16 05:00")), "from");
        assert_eq!(field(announced("proxy", "2026-07-16 05:00", "2026-07-16 05:00")), "until");
        assert_eq!(field(announced("proxy", "2026-07-15 01:00", "2026-07-15 09:00")), "until");
        assert_eq!(field(announced("proxy", "2026-07-16 01:00", "2026-08-17 01:00")), "until");
    }

    #[test]
    fn a_terminal_that_guesses_must_wait_and_then_may_try_again() {
        let config = Config { login_failures: 3, login_wait_minutes: 15, ..Config::default() };
        assert!(!must_wait(2, NOW, &config, NOW));
        assert!(must_wait(3, NOW, &config, NOW + jiff::SignedDuration::from_mins(14)));
        assert!(!must_wait(3, NOW, &config, NOW + jiff::SignedDuration::from_mins(15)));
    }
}
