//! Decides what becomes of a request to the forward proxy: plain functions of the request, the list, the snapshot and the time.

use std::net::IpAddr;

use http::{Method, Uri};
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use manuals::situation::Situation;

use super::config::Config;
use super::target::Target;
use crate::snapshot::View;

/// The hosts that are reached.
#[derive(Clone, Debug)]
pub struct AllowList {
    entries: Vec<Allowed>,
    own_host: &'static str,
    own_port: u16,
}

#[derive(Clone, Debug)]
struct Allowed {
    pattern: String,
    ports: Vec<u16>,
    private: bool,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A page of the proxy's own is asked for.
    Own,
    /// The host is reached by a tunnel. `private`: its name may lead into an inner network.
    Tunnel {
        /// The host.
        target: Target,
        /// Whether inner networks are allowed.
        private: bool,
    },
    /// A page is fetched from the host.
    Fetch {
        /// The host.
        target: Target,
        /// Whether inner networks are allowed.
        private: bool,
    },
    /// The caller is refused.
    Refuse(Refusal),
}

/// Why a caller is refused, with what the page about it has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// One that needs nothing more.
    Plain(Situation),
    /// The proxy is closed until then (PX-10).
    Closed(Timestamp),
    /// The terminal's bypass list lacks this entry (PX-06).
    NotBypassed(&'static str),
}

impl Refusal {
    /// The situation under which it is told and counted.
    #[must_use]
    pub fn situation(&self) -> Situation {
        match self {
            Self::Plain(situation) => *situation,
            Self::Closed(_) => Situation::ProxyClosed,
            Self::NotBypassed(_) => Situation::ProxyBypassMissing,
        }
    }
}

impl AllowList {
    /// The manuals' list and the operator's own hosts.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let known = manuals::proxy::sheet().destination.iter();
        let known = known.map(|known| Allowed { pattern: known.host.to_owned(), ports: known.ports.clone(), private: false });
        let further = config.further.iter();
        let further = further.map(|own| Allowed { pattern: own.host.to_ascii_lowercase(), ports: own.ports.clone(), private: own.private });
        let own = manuals::proxy::address();
        Self { entries: further.chain(known).collect(), own_host: own.name, own_port: own.port }
    }

    /// Whether a host and port are reached, and if so whether it may lie in an inner network.
    fn reaches(&self, target: &Target) -> Option<bool> {
        if target.host == self.own_host {
            return None;
        }
        let mut fitting = self.entries.iter().filter(|entry| manuals::proxy::fits(&entry.pattern, &target.host));
        fitting.find(|entry| entry.ports.contains(&target.port)).map(|entry| entry.private)
    }

    fn is_own(&self, target: &Target) -> bool {
        target.host == self.own_host && target.port == self.own_port
    }
}

/// What is known when a request comes.
pub struct Situated<'a> {
    /// The hosts that are reached.
    pub list: &'a AllowList,
    /// What registry said last.
    pub view: Option<&'a View>,
    /// The caller's address.
    pub caller: IpAddr,
    /// Whether the caller's connection is one too many.
    pub crowded: bool,
    /// The time.
    pub now: Timestamp,
}

/// What becomes of a request: its shape first; then whether the caller takes part; then the host, which stays refused at any hour; then
/// whether the proxy is open at this one.
#[must_use]
pub fn decide(method: &Method, uri: &Uri, known: &Situated<'_>) -> Decision {
    let refuse = |situation| Decision::Refuse(Refusal::Plain(situation));
    let target = match (method, uri.scheme(), uri.authority()) {
        (&Method::CONNECT, _, _) => Target::of_tunnel(uri),
        (_, None, None) if uri.path().starts_with('/') => return own(method),
        _ => Target::of_page(uri),
    };
    let Ok(target) = target else { return refuse(Situation::MalformedMessage) };
    if *method != Method::CONNECT && known.list.is_own(&target) {
        return own(method);
    }
    if ![Method::CONNECT, Method::GET, Method::HEAD].contains(method) {
        return refuse(Situation::MethodNotAllowed);
    }
    let Some(view) = known.view.filter(|view| !view.is_stale(known.now)) else { return refuse(Situation::ProxyListStale) };
    if view.line_of(known.caller).is_none() {
        return refuse(Situation::UnadmittedLine);
    }
    let Some(private) = known.list.reaches(&target) else {
        return match manuals::proxy::bypassed_by(&target.host) {
            Some(entry) => Decision::Refuse(Refusal::NotBypassed(entry)),
            None => refuse(Situation::ProxyHostRefused),
        };
    };
    if let Some(entry) = manuals::proxy::bypassed_by(&target.host) {
        return Decision::Refuse(Refusal::NotBypassed(entry));
    }
    if let Some(until) = view.closed_until(SERVICE, known.now) {
        return Decision::Refuse(Refusal::Closed(until));
    }
    if known.crowded {
        return refuse(Situation::ProxyBusy);
    }
    if *method == Method::CONNECT { Decision::Tunnel { target, private } } else { Decision::Fetch { target, private } }
}

/// The key of this service among the hosts of the manuals, by which closures name it.
pub const SERVICE: &str = "proxy";

fn own(method: &Method) -> Decision {
    match *method {
        Method::GET | Method::HEAD => Decision::Own,
        _ => Decision::Refuse(Refusal::Plain(Situation::MethodNotAllowed)),
    }
}

/// Whom a caller's connections are counted for: the admitted line, or else the smallest network that one subscriber holds.
#[must_use]
pub fn counted_for(view: Option<&View>, address: IpAddr) -> IpNet {
    let address = address.to_canonical();
    if let Some(line) = view.and_then(|view| view.line_of(address)) {
        return line;
    }
    let length = if address.is_ipv4() { 32 } else { 64 };
    IpNet::new(address, length).map_or(IpNet::from(address), |prefix| prefix.trunc())
}

/// An instant of Japan as people say it: 2026年11月21日（土）5時00分.
#[must_use]
pub fn said(at: DateTime) -> String {
    let day = match at.weekday() {
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
        Weekday::Sunday => '日',
    };
    format!("{}年{}月{}日（{day}）{}時{:02}分", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use wire::snapshot::{Closure, Snapshot};

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

    fn view(closed: bool) -> View {
        let closure = Closure {
            closure_id: "c".into(),
            service: SERVICE.into(),
            begins_at: NOW - SignedDuration::from_hours(1),
            ends_at: NOW + SignedDuration::from_hours(2),
            reason: String::new(),
        };
        View::new(Snapshot {
            number: 1,
            made_at: NOW,
            valid_until: NOW + SignedDuration::from_hours(24),
            closures: if closed { vec![closure] } else { Vec::new() },
            admitted: vec!["2408:210:aaaa:bb00::/64".parse().unwrap()],
        })
    }

    fn decided(method: &str, uri: &str, caller: &str, view: Option<&View>) -> Decision {
        let further = vec![crate::proxy::config::Further { host: "Inner.example".into(), ports: vec![8443], private: true }];
        let list = AllowList::new(&Config { further, ..Config::default() });
        let known = Situated { list: &list, view, caller: caller.parse().unwrap(), crowded: false, now: NOW };
        decide(&method.parse().unwrap(), &uri.parse().unwrap(), &known)
    }

    fn refused(decision: Decision) -> Situation {
        match decision {
            Decision::Refuse(refusal) => refusal.situation(),
            other => panic!("{other:?}"),
        }
    }

    const CALLER: &str = "2408:210:aaaa:bb00::9";

    /// Rows: PX-05, PX-07, PX-10
    #[test]
    fn the_hosts_of_the_list_are_reached_on_their_ports_and_nothing_else_is() {
        let open = view(false);
        let asked = |method: &str, uri: &str| decided(method, uri, CALLER, Some(&open));
        assert!(matches!(asked("CONNECT", "d2vhvuj0j7c8bh.cloudfront.net:443"), Decision::Tunnel { private: false, .. }));
        assert!(matches!(asked("GET", "http://au.download.windowsupdate.com/a.cab"), Decision::Fetch { .. }));
        assert!(matches!(asked("CONNECT", "inner.EXAMPLE:8443"), Decision::Tunnel { private: true, .. }));
        for foreign in [
            "www.example.com:443",
            "d2vhvuj0j7c8bh.cloudfront.net:22",
            "127.0.0.1:443",
            "[::1]:443",
            "169.254.169.254:80",
            "localhost:8080",
        ] {
            assert_eq!(refused(asked("CONNECT", foreign)), Situation::ProxyHostRefused, "{foreign}");
        }
        // Never itself: a ring of requests.
        assert_eq!(refused(asked("CONNECT", "proxy.base.oqs-pdl.org:8080")), Situation::ProxyHostRefused);
        assert_eq!(refused(asked("CONNECT", "proxy.base.oqs-pdl.org:443")), Situation::ProxyHostRefused);
        assert_eq!(refused(asked("POST", "http://download.windowsupdate.com/")), Situation::MethodNotAllowed);
        assert_eq!(refused(asked("GET", "https://download.windowsupdate.com/")), Situation::MalformedMessage);
        assert_eq!(asked("GET", "/proxy.pac"), Decision::Own);
        assert_eq!(asked("GET", "http://proxy.base.oqs-pdl.org:8080/proxy.pac"), Decision::Own);
    }

    /// Rows: PX-06
    #[test]
    fn a_host_that_goes_past_the_proxy_shows_which_entry_the_terminal_lacks() {
        let open = view(false);
        let asked = |uri: &str| decided("CONNECT", uri, CALLER, Some(&open));
        assert_eq!(asked("hweb.oqs.onshikaku.org:443"), Decision::Refuse(Refusal::NotBypassed("*.onshikaku.org")));
        // On the list by its domain, and yet past the proxy.
        assert_eq!(asked("pweb.base.oqs-pdl.org:443"), Decision::Refuse(Refusal::NotBypassed("pweb.base.oqs-pdl.org")));
    }

    /// Rows: PX-10, LA-13
    #[test]
    fn a_stale_list_a_foreign_line_and_a_closure_are_told_apart() {
        let (open, closed) = (view(false), view(true));
        let host = "d2vhvuj0j7c8bh.cloudfront.net:443";
        assert_eq!(refused(decided("CONNECT", host, CALLER, None)), Situation::ProxyListStale);
        assert_eq!(refused(decided("CONNECT", host, "2408:210:aaaa:cc00::9", Some(&open))), Situation::UnadmittedLine);
        let until = NOW + SignedDuration::from_hours(2);
        assert_eq!(decided("CONNECT", host, CALLER, Some(&closed)), Decision::Refuse(Refusal::Closed(until)));
        // What is refused at any hour is refused as that.
        assert_eq!(refused(decided("CONNECT", "www.example.com:443", CALLER, Some(&closed))), Situation::ProxyHostRefused);
        assert_eq!(decided("GET", "/proxy.pac", "2408:210:aaaa:cc00::9", Some(&closed)), Decision::Own);
    }

    #[test]
    fn a_caller_is_counted_for_its_line_or_its_smallest_network() {
        let open = view(false);
        let counted = |address: &str| counted_for(Some(&open), address.parse().unwrap()).to_string();
        assert_eq!(counted(CALLER), "2408:210:aaaa:bb00::/64");
        assert_eq!(counted("2408:210:dddd:ee01::9"), "2408:210:dddd:ee01::/64");
        assert_eq!(counted("::ffff:192.0.2.9"), "192.0.2.9/32");
    }

    /// Rows: PX-10
    #[test]
    fn a_time_is_said_as_people_say_it() {
        assert_eq!(said(jiff::civil::date(2026, 11, 21).at(5, 0, 0, 0)), "2026年11月21日（土）5時00分");
    }
}
