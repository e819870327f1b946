//! The names under which machines of the network are called: the real hosts, and the two doors that are ours.

use crate::{Region, embedded};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/hosts.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// What a server of this name asks of the caller's client certificate in the TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// Not asked for: the line authentication portal must be reachable before any certificate is installed (LA-03).
    #[default]
    None,
    /// Asked for, the handshake goes on without one; the page behind it decides.
    Wanted,
    /// No handshake without a certificate of the common CA.
    Required,
}

/// The service a host belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// 資格確認: portal and Web API.
    #[default]
    Eligibility,
    /// 回線認証: the portal and the carrier's line-information notifier.
    Lineauth,
    /// 共通認証局: certificates and revocation lists.
    Authority,
    /// オンライン請求: the reviewing bodies.
    Claims,
    /// 配信 and the small servers of the network: proxy, time.
    Network,
    /// The operator's own door, not part of the real network.
    Operator,
    /// 利用申請: the application portal, our own door.
    Application,
}

/// What is spoken at the host's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// Web over TLS.
    #[default]
    Https,
    /// Web in the clear: revocation lists, and the page that only proves that names resolve.
    Http,
    /// HTTP forward proxy.
    Proxy,
    /// Network time.
    Ntp,
}

/// One host name that a program or browser of ours serves or calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The full name, lower case, without a final dot.
    pub name: &'static str,
    /// What it is for, Japanese.
    pub purpose: &'static str,
    /// The client certificate demanded in the handshake.
    pub client_certificate: Demand,
    /// The service it belongs to.
    pub service: Service,
    /// What is spoken there.
    pub door: Door,
    /// The port of the real network.
    pub port: u16,
    /// `true` for a name that is ours and not of the real network.
    #[serde(default)]
    pub ours: bool,
}

/// Paths that clients ask on the hosts, printed in the manuals or spoken by receipt computers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// The eligibility portal for browsers on [`portal`] (AC-03).
    pub portal: &'static str,
    /// Log in on [`web_api_login`], POST.
    pub web_api_login: &'static str,
    /// Qualification search on [`web_api_search`], POST.
    pub web_api_search: &'static str,
}

/// One real name by a key, and the whole list, from one enumeration.
macro_rules! hosts {
    ($($(#[$doc:meta])* $key:ident,)+) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Sheet {
            pub(crate) source: &'static str,
            pub(crate) from: Date,
            path: Paths,
            $($key: Host,)+
        }

        $($(#[$doc])* pub fn $key() -> &'static Host { &SHEET.$key })+

        /// Every host with its key, in the order of this module.
        pub fn all() -> Vec<(&'static str, &'static Host)> {
            vec![$((stringify!($key), $key()),)+]
        }
    };
}

hosts! {
    /// The eligibility portal, production (AC-03).
    portal,
    /// The eligibility portal, connection-verification environment (AC-04).
    portal_verification,
    /// Web API: log in. The client certificate is required.
    web_api_login,
    /// Web API: qualification search. The client certificate is wanted; the token decides.
    web_api_search,
    /// The line authentication portal (LA-01).
    line_portal,
    /// The carrier's line-information notifier, east (LA-20).
    line_notifier_east,
    /// The carrier's line-information notifier, west (LA-20).
    line_notifier_west,
    /// The common certificate authority's site: issue, download, renew, revoke (CA-06 to CA-11).
    authority,
    /// Where revocation lists are fetched (CA-12).
    crl,
    /// The forward proxy of the distribution base (PX-01).
    proxy,
    /// The network's time server (TM-01).
    ntp,
    /// The name with which the proxy's base is checked while the proxy is closed (DN-24).
    proxy_check,
    /// Claims to 支払基金 (AC-02, DN-14).
    claims_kikin,
    /// Claims to 国保連合会 (AC-02, DN-15).
    claims_kokuho,
    /// Claims to 労災 (AC-02, DN-16).
    claims_rousai,
    /// The ministry's claims host (AC-02, DN-17).
    claims_mhlw,
    /// Health examinations, 支払基金 (AC-02, DN-18).
    examination_kikin,
    /// Our own door for the operator's console; not a name of the real network.
    operator,
    /// Our own door for applications, reached from outside the closed network too (ID-12); not a name of the real network.
    application,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// The paths clients ask on these hosts.
pub fn paths() -> &'static Paths {
    &SHEET.path
}

/// The carrier's line-information notifier of a region (LA-20).
pub fn line_notifier(region: Region) -> &'static Host {
    match region {
        Region::East => line_notifier_east(),
        Region::West => line_notifier_west(),
    }
}

/// The host of this name, in any letter case and with or without a final dot; `None` for a name that is not in the table.
pub fn by_name(name: &str) -> Option<&'static Host> {
    let name = name.strip_suffix('.').unwrap_or(name);
    all().into_iter().map(|(_, host)| host).find(|host| host.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: AC-03, LA-01, PX-01, TM-01, AC-02
    #[test]
    fn each_host_has_the_name_the_manuals_print() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let names: Vec<_> = all().into_iter().map(|(key, host)| (key, host.name)).collect();
        assert_eq!(
            names,
            [
                ("portal", "hweb.oqs.onshikaku.org"),
                ("portal_verification", "hweb.oqs-st.onshikaku.org"),
                ("web_api_login", "hweb-api.oqs.onshikaku.org"),
                ("web_api_search", "hweb-mnc.oqs.onshikaku.org"),
                ("line_portal", "www.lineauth.mnw"),
                ("line_notifier_east", "assv.asc.flets-east.jp"),
                ("line_notifier_west", "assv.asc.flets-west.jp"),
                ("authority", "cert.obn.managedpki.ne.jp"),
                ("crl", "crldownload.obn.managedpki.ne.jp"),
                ("proxy", "proxy.base.oqs-pdl.org"),
                ("ntp", "ntp.base.oqs-pdl.org"),
                ("proxy_check", "pweb.base.oqs-pdl.org"),
                ("claims_kikin", "www.kikin.send.rece"),
                ("claims_kokuho", "www.kokuho.send.rece"),
                ("claims_rousai", "www.rousai2.send.rece"),
                ("claims_mhlw", "healthinsurance.mhlw.go.jp"),
                ("examination_kikin", "www.kikin.kenshin.rece"),
                ("operator", "operator.onshi.localhost"),
                ("application", "apply.onshi.localhost"),
            ]
        );
        assert_eq!(format!("https://{}{}", portal().name, paths().portal), "https://hweb.oqs.onshikaku.org/web/");
        assert_eq!(line_notifier(Region::West).name, "assv.asc.flets-west.jp");
        assert_eq!(line_notifier(Region::East).name, "assv.asc.flets-east.jp");
        assert_eq!((proxy().port, proxy().door), (8080, Door::Proxy));
        assert_eq!((ntp().port, ntp().door), (123, Door::Ntp));
        assert_eq!((crl().port, crl().door), (80, Door::Http));
        assert_eq!(all().iter().filter(|(_, host)| host.ours).map(|(key, _)| *key).collect::<Vec<_>>(), ["operator", "application"]);
        let elsewhere = ["proxy", "ntp", "crl", "proxy_check"];
        for (key, host) in all().into_iter().filter(|(key, _)| !elsewhere.contains(key)) {
            assert_eq!((host.door, host.port), (Door::Https, 443), "{key}");
        }
        assert_eq!((proxy_check().port, proxy_check().door), (80, Door::Http));
        assert!(all().iter().all(|(_, host)| !host.purpose.is_empty()));
    }

    #[test]
    fn only_the_web_api_log_in_refuses_a_caller_without_certificate_and_the_line_portal_never_asks() {
        let demanding =
            |demand| -> Vec<&str> { all().into_iter().filter(|(_, host)| host.client_certificate == demand).map(|(key, _)| key).collect() };
        assert_eq!(demanding(Demand::Required), ["web_api_login"]);
        assert_eq!(demanding(Demand::Wanted), ["portal", "portal_verification", "web_api_search", "authority"]);
        assert_eq!(line_portal().client_certificate, Demand::None);
    }

    #[test]
    fn a_host_is_found_by_its_name_as_a_server_hears_it() {
        assert_eq!(by_name("WWW.LineAuth.mnw.").map(|host| host.service), Some(Service::Lineauth));
        assert_eq!(by_name("www.lineauth.mnw.localhost"), None);
        assert_eq!(by_name(""), None);
    }

    #[test]
    fn the_web_api_is_asked_where_receipt_computers_ask_it() {
        assert_eq!(paths().portal, "/web/");
        assert_eq!(paths().web_api_login, "/oqs-api-pro/MSA12020/ILI12020SV01/auth");
        assert_eq!(paths().web_api_search, "/oqs-api-pro/MSA01030/ILI01030SV01/search");
    }
}
