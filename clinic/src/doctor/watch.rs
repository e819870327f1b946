//! Watches a line for the moment in which something changes: the prefix, the certificate, the line portal's silence; with next to no memory and work.
//!
//! The own address is looked at without a packet being sent; the portal is only connected to, a minute apart.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chassis::clock::{Clock, japan_date};
use jiff::Timestamp;
use manuals::{certificate, hosts, zones};
use serde::Serialize;
use tokio::time::timeout;

use super::history;
use super::probe::{Settings, names, plan, reach};
use super::recording::Outcome;

/// How often the machine's own address and certificate are looked at.
pub const LOOK: Duration = Duration::from_secs(10);
/// How often the portal is connected to.
const KNOCK: Duration = Duration::from_secs(60);
/// How long a name and a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many failures one after the other are silence; a single one is none.
const SILENCE: u32 = 2;

/// What was noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The watch began; nothing has changed since the last look in which all was well.
    Began {
        /// The line's /64; absent without an address.
        prefix: Option<Ipv6Addr>,
        /// Until when the certificate holds; absent without one.
        until: Option<Timestamp>,
    },
    /// The line's prefix is another, or gone, or back (LA-17).
    Prefix {
        /// The one before.
        before: Option<Ipv6Addr>,
        /// The one from now on.
        after: Option<Ipv6Addr>,
    },
    /// Another certificate is in place, or none (RN-14).
    Certificate {
        /// Its serial number.
        serial: Option<String>,
        /// Its last moment.
        until: Option<Timestamp>,
    },
    /// The certificate ends in so many days: once for each day on which the manuals give notice, and every day of the last week.
    Expiring {
        /// Days.
        days: i64,
    },
    /// The line portal does not answer any more.
    Silent,
    /// It answers again.
    Heard {
        /// Seconds of silence.
        after: u64,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |prefix: &Option<Ipv6Addr>| prefix.map_or_else(|| "なし".to_owned(), |prefix| format!("{prefix}/64"));
        let day = |until: &Timestamp| japan_date(*until);
        match self {
            Event::Began { prefix, until } => {
                write!(f, "見張りを始めました（プレフィックス {}", shown(prefix))?;
                match until {
                    Some(until) => write!(f, "、電子証明書は {} まで）", day(until)),
                    None => write!(f, "、電子証明書なし）"),
                }
            }
            Event::Prefix { before, after: None } => write!(f, "IPv6のプレフィックス {} がなくなりました。", shown(before)),
            Event::Prefix { before, after } => {
                write!(f, "IPv6のプレフィックスが {} から {} に変わりました。回線認証をやり直してください。", shown(before), shown(after))
            }
            Event::Certificate { until: Some(until), .. } => write!(f, "電子証明書が替わりました（{} まで）。", day(until)),
            Event::Certificate { .. } => write!(f, "電子証明書がなくなりました。"),
            Event::Expiring { days } if *days < 0 => write!(f, "電子証明書の期限が切れています。"),
            Event::Expiring { days } => write!(f, "電子証明書の期限まで {days} 日です。更新してください。"),
            Event::Silent => write!(f, "回線認証サイトにつながらなくなりました。"),
            Event::Heard { after } => write!(f, "回線認証サイトにまたつながりました（{after} 秒ぶり）。"),
        }
    }
}

/// What one look brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The line's /64.
    pub prefix: Option<Ipv6Addr>,
    /// Serial number and last moment of the certificate.
    pub certificate: Option<(String, Timestamp)>,
    /// Whether the portal answered; absent when it was not asked this time.
    pub answered: Option<bool>,
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub struct Known {
    last: Option<Seen>,
    told_days: Option<i64>,
    failures: u32,
    silent_since: Option<Timestamp>,
}

impl Known {
    /// Compares a look with what was known, and says what is new.
    pub fn see(&mut self, seen: Seen, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        match &self.last {
            None => events.push(Event::Began { prefix: seen.prefix, until: seen.certificate.as_ref().map(|(_, until)| *until) }),
            Some(last) => {
                if last.prefix != seen.prefix {
                    events.push(Event::Prefix { before: last.prefix, after: seen.prefix });
                }
                if last.certificate != seen.certificate {
                    let (serial, until) = seen.certificate.clone().unzip();
                    events.push(Event::Certificate { serial, until });
                    self.told_days = None;
                }
            }
        }
        events.extend(self.expiring(&seen, now));
        events.extend(self.silence(seen.answered, now));
        self.last = Some(seen);
        events
    }

    /// What held when all was last well, from the history file.
    pub fn begin_with(&mut self, seen: Seen) {
        self.last = Some(seen);
    }

    fn expiring(&mut self, seen: &Seen, now: Timestamp) -> Option<Event> {
        const LAST_WEEK: i64 = 7;
        const DAY: i64 = 24 * 60 * 60;
        let (_, until) = seen.certificate.as_ref()?;
        let days = (until.as_second() - now.as_second()).div_euclid(DAY);
        // The nearest day of notice that has come.
        let notices = certificate::sheet().renewal.notice_days.iter().map(|day| i64::from(*day));
        let due = if days <= LAST_WEEK { Some(days) } else { notices.filter(|day| days <= *day).min() };
        let due = due?;
        let told = self.told_days.is_some_and(|told| told <= due);
        self.told_days = Some(self.told_days.map_or(due, |told| told.min(due)));
        (!told).then_some(Event::Expiring { days })
    }

    fn silence(&mut self, answered: Option<bool>, now: Timestamp) -> Option<Event> {
        if answered? {
            self.failures = 0;
            let since = self.silent_since.take()?;
            return Some(Event::Heard { after: u64::try_from(now.as_second() - since.as_second()).unwrap_or_default() });
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures == SILENCE {
            self.silent_since = Some(now);
            return Some(Event::Silent);
        }
        None
    }
}

/// A watch over this machine's line.
#[derive(Debug)]
pub struct Watch {
    /// Where the portal is by configuration, and else where the manuals print it, in each area.
    portal: Option<SocketAddr>,
    towards: Vec<SocketAddr>,
    certificate: Option<PathBuf>,
    memory: Option<PathBuf>,
    /// The certificate as it was read last, with the file's time.
    read: Option<(SystemTime, Option<(String, Timestamp)>)>,
    clock: Clock,
}

impl Watch {
    /// A watch with a look's settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let host = hosts::line_portal();
        let config = settings.config.as_ref();
        let regions = plan::Known { site: settings.site.clone(), ..plan::Known::default() }.regions();
        let printed = regions.iter().flat_map(|region| zones::addresses_of(host.name, *region).into_iter().take(1));
        Self {
            portal: config.and_then(|config| config.center.addresses.get(host.name).copied()),
            towards: printed.map(|address| (address, host.port).into()).collect(),
            certificate: config.map(|config| config.center.certificate.clone()),
            memory: config.map(|config| history::place(&config.bridge.work)),
            read: None,
            clock: settings.clock.clone(),
        }
    }

    /// Watches for ever.
    pub async fn run(mut self, look: Duration, mut tell: impl FnMut(Event)) {
        let mut known = Known::default();
        if let Some(before) = self.before() {
            known.begin_with(before);
        }
        let mut since_knock = KNOCK;
        loop {
            let answered = if since_knock >= KNOCK {
                since_knock = Duration::ZERO;
                Some(self.answers().await)
            } else {
                None
            };
            let seen = Seen { prefix: self.prefix(), certificate: self.certificate(), answered };
            let again = answered == Some(false);
            known.see(seen, self.clock.now()).into_iter().for_each(&mut tell);
            if again {
                since_knock = KNOCK;
            }
            tokio::time::sleep(look).await;
            since_knock += look;
        }
    }

    /// What the last look in which all was well saw, where it can be told that something is different now.
    fn before(&mut self) -> Option<Seen> {
        let before = history::read(self.memory.as_deref()?)?;
        let own = self.prefix();
        let (network, length) = before.prefix.as_deref()?.split_once('/')?;
        let (network, length): (Ipv6Addr, u32) = (network.parse().ok()?, length.parse().ok()?);
        let same = own.is_some_and(|own| shifted(own, length) == shifted(network, length));
        let certificate = self.certificate();
        let same_certificate = certificate.as_ref().map(|(serial, _)| serial) == before.certificate_serial.as_ref();
        if same && same_certificate {
            return None;
        }
        let kept = before.certificate_serial.map(|serial| (serial, before.at));
        Some(Seen {
            prefix: if same { own } else { Some(network) },
            certificate: if same_certificate { certificate } else { kept },
            answered: None,
        })
    }

    /// The /64 from which this machine would speak to the portal. No packet is sent for it.
    fn prefix(&self) -> Option<Ipv6Addr> {
        self.portal.iter().chain(&self.towards).find_map(|towards| match own_address(*towards)? {
            IpAddr::V6(own) => Some(Ipv6Addr::from(u128::from(own) & (u128::MAX << 64))),
            IpAddr::V4(_) => None,
        })
    }

    /// Reads the file only when it is another.
    fn certificate(&mut self) -> Option<(String, Timestamp)> {
        let path = self.certificate.as_ref()?;
        let Ok(at) = std::fs::metadata(path).and_then(|data| data.modified()) else {
            self.read = None;
            return None;
        };
        match &self.read {
            Some((read_at, read)) if *read_at == at => read.clone(),
            _ => {
                let leaf = std::fs::read(path).ok().and_then(|pem| crate::certificate::leaf_of(&pem));
                let read = leaf.map(|leaf| (leaf.held.serial, leaf.held.until));
                self.read = Some((at, read.clone()));
                read
            }
        }
    }

    /// Whether the portal takes a connection, where the system says that it is.
    async fn answers(&self) -> bool {
        let host = hosts::line_portal();
        let addresses = match self.portal {
            Some(portal) => vec![portal],
            None => match timeout(PATIENCE, names::by_system(host.name)).await {
                Ok(Outcome::Addresses { addresses, .. }) => {
                    addresses.into_iter().take(2).map(|address| SocketAddr::from((address, host.port))).collect()
                }
                _ => Vec::new(),
            },
        };
        reach::first(&addresses, PATIENCE).await.0.is_some()
    }
}

fn shifted(address: Ipv6Addr, length: u32) -> u128 {
    u128::from(address).checked_shr(128_u32.saturating_sub(length)).unwrap_or_default()
}

fn own_address(towards: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if towards.is_ipv4() { std::net::Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(towards).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn seen(prefix: Option<&str>, days: i64) -> Seen {
        let until = at(0) + SignedDuration::from_hours(24 * days + 1);
        Seen { prefix: prefix.map(|prefix| prefix.parse().unwrap()), certificate: Some(("5c".to_owned(), until)), answered: None }
    }

    /// Rows: LA-17
    #[test]
    fn a_change_of_the_prefix_is_noticed_once() {
        let mut known = Known::default();
        let home = Some("2408:210:aaaa:bb00::");
        assert!(matches!(known.see(seen(home, 500), at(0)).as_slice(), [Event::Began { .. }]));
        assert_eq!(known.see(seen(home, 500), at(10)), []);
        let moved = known.see(seen(Some("2408:210:ffff:100::"), 500), at(20));
        assert!(matches!(moved.as_slice(), [Event::Prefix { .. }]) && moved[0].to_string().contains("回線認証をやり直し"), "{moved:?}");
        assert_eq!(known.see(seen(Some("2408:210:ffff:100::"), 500), at(30)), []);
        let gone = known.see(seen(None, 500), at(40));
        assert!(gone[0].to_string().contains("なくなりました"), "{gone:?}");
    }

    /// Rows: RN-01
    #[test]
    fn a_certificate_that_ends_is_told_on_the_days_of_notice_and_not_more_often() {
        let mut known = Known::default();
        let mut told = Vec::new();
        for day in (-1..=200).rev() {
            for _look in 0..3 {
                told.extend(known.see(seen(None, day), at(0)).into_iter().filter_map(|event| match event {
                    Event::Expiring { days } => Some(days),
                    _ => None,
                }));
            }
            // The same certificate, a day nearer to its end: only the clock moves.
            known.last = Some(seen(None, day - 1));
        }
        let mut notices: Vec<i64> =
            certificate::sheet().renewal.notice_days.iter().map(|day| i64::from(*day)).filter(|day| *day > 7).collect();
        notices.sort_unstable_by(|a, b| b.cmp(a));
        notices.extend((-1..=7).rev());
        assert_eq!(told, notices);
    }

    #[test]
    fn one_lost_answer_is_no_silence_and_the_end_of_silence_is_told() {
        let mut known = Known::default();
        let mut look = |answered, seconds| -> Vec<Event> {
            let events = known.see(Seen { answered, ..Seen::default() }, at(seconds));
            events.into_iter().filter(|event| !matches!(event, Event::Began { .. })).collect()
        };
        assert_eq!(look(Some(true), 0), []);
        assert_eq!(look(Some(false), 60), []);
        assert_eq!(look(Some(true), 120), [], "one is none");
        assert_eq!(look(Some(false), 180), []);
        assert_eq!(look(Some(false), 190), [Event::Silent]);
        assert_eq!(look(Some(false), 200), [], "told once");
        assert_eq!(look(None, 205), []);
        assert_eq!(look(Some(true), 310), [Event::Heard { after: 120 }]);
    }
}
