//! The network's forward proxy as a terminal is set to it, what it reaches, and the check of a setting that someone typed.

mod lint;

pub use lint::{Display, Mistake, Seen, check, read_display};

use crate::hosts::{self, Host};
use crate::{embedded, messages};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/proxy.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// Which way software is brought to a site (LN-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// 配信拠点起点: through the network's proxy (PX-07).
    Base,
    /// ネットワーク事業者起点: ask the carrier (PX-08).
    Carrier,
    /// 医療機関等起点: the site's own proxy goes to the cloud; ask the site's administrator (PX-09).
    Site,
}

impl Way {
    /// The Japanese name.
    pub fn label(self) -> &'static str {
        match self {
            Way::Base => "配信拠点起点",
            Way::Carrier => "ネットワーク事業者起点",
            Way::Site => "医療機関等起点",
        }
    }
}

/// One carrier and its way.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// Full name; X-09: "QTnet", not "Qnet".
    pub name: &'static str,
    /// "IPsec+IKE" or "IP-VPN".
    pub line: &'static str,
    /// The way.
    pub way: Way,
}

/// A port that must be open (LS-12).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Port number.
    pub number: u16,
    /// "tcp", "udp".
    #[serde(borrow)]
    pub protocols: Vec<&'static str>,
    /// What it is for.
    #[serde(rename = "use")]
    pub purpose: &'static str,
}

/// What a site's own proxy must do (PX-05).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnProxy {
    /// It can be named explicitly in the proxy settings.
    pub explicit_proxy: bool,
    /// Hosts it must let through.
    #[serde(borrow)]
    pub must_reach: Vec<&'static str>,
    /// Whether it may ask for authentication.
    pub authentication: bool,
}

/// The proxy's fixed values.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// The nine entries that go past the proxy, in the printed order (PX-02).
    #[serde(borrow)]
    pub bypass: Vec<&'static str>,
    /// Copies the setting to the system, as administrator (PX-03, PX-11).
    pub import_command: &'static str,
    /// Shows the system's setting (PX-03).
    pub show_command: &'static str,
    /// The line of that display that holds the bypass list (PX-04).
    pub display_label: &'static str,
    /// What a site's own proxy must do (PX-05).
    pub own_proxy: OwnProxy,
    /// Ports that must be open (LS-12).
    pub open_port: Vec<Port>,
    /// Carriers and their ways (PX-07, PX-08).
    pub carrier: Vec<Carrier>,
    /// What the network's proxy reaches for the sites.
    pub destination: Vec<Destination>,
}

/// One host, or a family of hosts, that the network's proxy reaches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// A host name, or `*.` and a domain for every host below it.
    pub host: &'static str,
    /// The ports that may be asked for.
    pub ports: Vec<u16>,
    /// What is there, Japanese.
    pub purpose: &'static str,
    /// Where this stands.
    pub source: &'static str,
}

/// What is wrong with a typed bypass list; each is a listed failure (PX-06).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BypassMistake {
    /// A required entry is missing altogether.
    Missing(&'static str),
    /// Two entries run together: the semicolon between them is missing.
    NoSemicolon(String),
}

/// The proxy's fixed values.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The proxy's host and port (PX-01).
pub fn address() -> &'static Host {
    hosts::proxy()
}

/// The host with which the distribution base is checked while the proxy is closed (DN-24).
pub fn check_while_closed() -> &'static Host {
    hosts::proxy_check()
}

/// The bypass list as typed into the setting: entries with `;` between them (PX-02).
pub fn bypass_text() -> String {
    SHEET.bypass.join(";")
}

/// What the system displays once the setting is copied to it, in three lines (PX-04).
pub fn winhttp_display() -> String {
    let known = messages::by_key("winhttp-proxy");
    let (heading, server) = known.map(|known| (known.heading.unwrap_or_default(), known.text)).unwrap_or_default();
    format!("{heading}\n{server}\n{} : {}", SHEET.display_label, bypass_text())
}

/// The automatic configuration script that sets a browser as the manual's setting does: what fits the bypass list goes straight, all else
/// through the proxy (PX-01, PX-02).
pub fn pac() -> String {
    let tests: Vec<String> = SHEET.bypass.iter().map(|entry| format!("shExpMatch(host, \"{entry}\")")).collect();
    format!(
        "function FindProxyForURL(url, host) {{\n  host = host.toLowerCase();\n  if ({}) {{\n    return \"DIRECT\";\n  }}\n  return \"PROXY {}:{}\";\n}}\n",
        tests.join("\n    || "),
        address().name,
        address().port
    )
}

/// The entry of the bypass list under which a host goes past the proxy, if there is one: who asks the proxy for it lacks that entry (PX-06).
pub fn bypassed_by(host: &str) -> Option<&'static str> {
    SHEET.bypass.iter().copied().find(|entry| fits(entry, host))
}

/// Whether a host is meant by a name, or by `*.` and a domain for every host below it; in any letter case, with or without a final dot.
pub fn fits(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some(domain) = pattern.strip_prefix("*.") else { return pattern.eq_ignore_ascii_case(host) };
    let Some(before) = host.len().checked_sub(domain.len() + 1) else { return false };
    before > 0
        && host.get(before + 1..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
        && host.get(before..=before).is_some_and(|dot| dot == ".")
}

/// Checks a bypass list: every required entry is there, and no two run together (PX-06). Further entries are the site's own matter.
/// Letter case, blanks and empty entries do not count. An empty list is right.
pub fn check_bypass(typed: &str) -> Vec<BypassMistake> {
    let entries: Vec<String> = typed.split(';').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).collect();
    let joined = |entry: &&String| !SHEET.bypass.contains(&entry.as_str()) && required_in(entry).count() > 1;
    let run_together: Vec<&String> = entries.iter().filter(joined).collect();
    let absent =
        |required: &&&str| !entries.iter().any(|entry| entry == **required) && !run_together.iter().any(|entry| entry.contains(**required));
    let missing = SHEET.bypass.iter().filter(absent).map(|required| BypassMistake::Missing(required));
    missing.chain(run_together.iter().map(|entry| BypassMistake::NoSemicolon((*entry).clone()))).collect()
}

fn required_in(entry: &str) -> impl Iterator<Item = &'static str> {
    SHEET.bypass.iter().copied().filter(move |required| entry.contains(required))
}

/// The way software comes for a carrier, by its full name; any other carrier or a site's own line: [`Way::Site`] (PX-07 to PX-09).
pub fn way_of(carrier: &str) -> Way {
    SHEET.carrier.iter().find(|known| known.name == carrier).map_or(Way::Site, |known| known.way)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: PX-01, PX-02, PX-03
    #[test]
    fn the_setting_is_the_printed_one() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!((address().name, address().port), ("proxy.base.oqs-pdl.org", 8080));
        assert_eq!(
            bypass_text(),
            "*.onshikaku.org;*.flets-east.jp;*.flets-west.jp;*.lineauth.mnw;*.obn.managedpki.ne.jp;*.cybertrust.ne.jp;*.secomtrust.net;*.rece;pweb.base.oqs-pdl.org"
        );
        assert_eq!(sheet().bypass.len(), 9);
        assert_eq!(sheet().import_command, "netsh winhttp import proxy source=ie");
        assert_eq!(sheet().show_command, "netsh winhttp show proxy");
    }

    /// Rows: PX-04
    #[test]
    fn the_systems_display_names_the_same_proxy() {
        let display = crate::messages::by_key("winhttp-proxy").unwrap();
        assert_eq!(display.heading, Some("現在の WinHTTP プロキシ設定"));
        assert_eq!(display.text, format!("プロキシ サーバー : {}:{}", address().name, address().port));
        let shown = winhttp_display();
        assert_eq!(shown.lines().next(), Some("現在の WinHTTP プロキシ設定"));
        assert!(shown.ends_with(&format!("バイパス一覧 : {}", bypass_text())));
        // What we print is what we read.
        let copied = Display::Proxy { server: format!("{}:{}", address().name, address().port), bypass: bypass_text() };
        assert_eq!(read_display(&shown), Some(copied));
    }

    /// Rows: PX-06
    #[test]
    fn a_missing_entry_and_a_missing_semicolon_are_told_apart() {
        assert_eq!(check_bypass(&bypass_text()), []);
        assert_eq!(check_bypass(&format!(" {} ; *.clinic.example ;", bypass_text().to_uppercase())), []);
        let without = bypass_text().replace("*.rece;", "");
        assert_eq!(check_bypass(&without), [BypassMistake::Missing("*.rece")]);
        let run_together = bypass_text().replace("*.flets-west.jp;*.lineauth.mnw", "*.flets-west.jp*.lineauth.mnw");
        assert_eq!(check_bypass(&run_together), [BypassMistake::NoSemicolon("*.flets-west.jp*.lineauth.mnw".to_owned())]);
        assert_eq!(check_bypass("").len(), 9);
    }

    /// Rows: PX-01, PX-02
    #[test]
    fn the_script_for_browsers_says_what_the_setting_says() {
        let script = pac();
        assert_eq!(script.matches("shExpMatch(host, ").count(), 9);
        for entry in &sheet().bypass {
            assert!(script.contains(&format!("\"{entry}\"")), "{entry}");
        }
        assert!(script.contains("return \"PROXY proxy.base.oqs-pdl.org:8080\";"));
    }

    /// Rows: PX-05, PX-09
    #[test]
    fn the_proxy_reaches_the_cloud_the_base_and_windows_update() {
        let reached = |host: &str| sheet().destination.iter().find(|known| fits(known.host, host)).map(|known| known.purpose);
        assert_eq!(reached("D2vhvuj0j7c8bh.cloudfront.net."), Some("配信サーバー（クラウド）"));
        assert_eq!(reached("delivery.base.oqs-pdl.org"), Some("配信サーバー（配信拠点）"));
        assert_eq!(reached("au.download.windowsupdate.com"), Some("Windows Update"));
        for foreign in
            ["cloudfront.net", "evil-windowsupdate.com", "windowsupdate.com.example", "www.onshikaku.org", ".windowsupdate.com", ""]
        {
            assert_eq!(reached(foreign), None, "{foreign}");
        }
        for own in &sheet().own_proxy.must_reach {
            assert!(reached(own).is_some(), "{own}");
        }
        assert_eq!(bypassed_by("hweb.oqs.onshikaku.org"), Some("*.onshikaku.org"));
        assert_eq!(bypassed_by("pweb.base.oqs-pdl.org"), Some("pweb.base.oqs-pdl.org"));
        assert_eq!(bypassed_by("www.example.com"), None);
    }

    /// Rows: PX-05
    #[test]
    fn a_sites_own_proxy_must_not_ask_who_calls() {
        assert!(sheet().own_proxy.explicit_proxy && !sheet().own_proxy.authentication);
        assert_eq!(sheet().own_proxy.must_reach, ["d2vhvuj0j7c8bh.cloudfront.net"]);
        assert_eq!(crate::certificate::sheet().client.proxy_authentication, ["Basic", "NTLM"]);
    }

    /// Rows: LN-17, PX-07, PX-08, PX-09, X-09
    #[test]
    fn the_carrier_decides_which_way_software_comes() {
        let of = |way: Way| -> Vec<&str> { sheet().carrier.iter().filter(|c| c.way == way).map(|c| c.name).collect() };
        assert_eq!(
            of(Way::Base),
            [
                "株式会社NTTPCコミュニケーションズ",
                "富士通株式会社",
                "NTT東日本・西日本",
                "中部テレコミュニケーション株式会社（CTC）",
                "株式会社QTnet"
            ]
        );
        assert_eq!(of(Way::Carrier), ["株式会社NTTデータ中国", "三菱電機インフォメーションネットワーク株式会社"]);
        assert_eq!(way_of("株式会社QTnet").label(), "配信拠点起点");
        assert_eq!(way_of("三菱電機インフォメーションネットワーク株式会社").label(), "ネットワーク事業者起点");
        assert_eq!(way_of("その他").label(), "医療機関等起点");
    }

    /// Rows: LS-12
    #[test]
    fn five_ports_must_be_open_and_one_name_answers_while_the_proxy_is_closed() {
        let ports: Vec<_> = sheet().open_port.iter().map(|port| (port.number, port.protocols.join("+"))).collect();
        let expected = [(53, "tcp+udp"), (80, "tcp"), (123, "udp"), (443, "tcp"), (8080, "tcp")];
        assert_eq!(ports, expected.map(|(number, protocols)| (number, protocols.to_owned())));
        assert_eq!(check_while_closed().name, "pweb.base.oqs-pdl.org");
    }
}
