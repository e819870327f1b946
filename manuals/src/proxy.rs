//! The network's forward proxy as a terminal is set to it, and the check of a bypass list someone typed.

use crate::embedded;
use crate::hosts::{self, Host};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/proxy.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// Which way software is brought to a site (LN-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
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
    /// What a site's own proxy must do (PX-05).
    pub own_proxy: OwnProxy,
    /// Ports that must be open (LS-12).
    pub open_port: Vec<Port>,
    /// Carriers and their ways (PX-07, PX-08).
    pub carrier: Vec<Carrier>,
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
