//! Reads what a terminal says of its own addresses (`ipconfig /all`), and judges it as the guides do.

use std::net::Ipv6Addr;

use manuals::{Region, addresses};

/// Longest listing that is read, in bytes: a terminal with a hundred adapters has a tenth of it.
pub const MAX_LISTING: usize = 256 * 1024;

/// One adapter of a listing. Addresses are kept as written, because pictures and logs mask their digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adapter {
    /// Its heading.
    pub name: String,
    /// 説明.
    pub description: Option<String>,
    /// 物理アドレス, often masked.
    pub physical: Option<String>,
    /// IPv6 アドレス.
    pub permanent: Vec<String>,
    /// 一時 IPv6 アドレス.
    pub temporary: Vec<String>,
    /// リンクローカル IPv6 アドレス.
    pub link_local: Vec<String>,
    /// IPv4 アドレス.
    pub ipv4: Vec<String>,
    /// デフォルト ゲートウェイ, with zones; a terminal of both families has two.
    pub gateways: Vec<String>,
    /// DNS サーバー, with zones.
    pub name_servers: Vec<String>,
    /// What Windows says of an address in brackets, `優先` or `Deprecated`, with the address.
    pub marks: Vec<(String, String)>,
    /// Every other line, label and value.
    pub others: Vec<(String, String)>,
}

/// What the guides would have somebody mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// TA-01
    #[error("IPv6アドレスがありません。ルータのIPv6の設定と、端末の「インターネット プロトコル バージョン 6」を確かめてください。")]
    NoPermanent,
    /// TA-01
    #[error("一時IPv6アドレスがありません。端末のIPv6の設定（一時アドレス）を確かめてください。")]
    NoTemporary,
    /// TA-01
    #[error("リンクローカルIPv6アドレスがありません。端末の「インターネット プロトコル バージョン 6」を確かめてください。")]
    NoLinkLocal,
    /// TA-02
    #[error("IPv6のデフォルトゲートウェイ（fe80:: で始まるアドレス）がありません。ルータのRA（ルータ広告）を確かめてください。")]
    NoGateway,
    /// TA-02
    #[error("DNSサーバーが、ルータのアドレスでもネットワーク基盤のDNSサーバーでもありません。DNSの設定を確かめてください。")]
    OtherNameServer,
}

/// The adapters of a listing, in Japanese or English. Whatever is not understood is kept among the others; nothing is an error.
#[must_use]
pub fn read(text: &str) -> Vec<Adapter> {
    let mut adapters: Vec<Adapter> = Vec::new();
    let mut last = Field::Other;
    for line in text.lines().map(|line| line.trim_end()) {
        let bare = line.trim();
        let Some((label, value)) = labelled(bare) else {
            if is_heading(line, bare) {
                adapters.push(Adapter { name: bare.trim_end_matches(':').trim().to_owned(), ..Adapter::default() });
                last = Field::Other;
            } else if line.starts_with(char::is_whitespace)
                && !bare.is_empty()
                && let Some(adapter) = adapters.last_mut()
            {
                // A second value of the field above stands alone on its line.
                put(adapter, last, "", bare);
            }
            continue;
        };
        let Some(adapter) = adapters.last_mut() else { continue };
        if !label.is_empty() {
            last = Field::of(&label);
        }
        put(adapter, last, &label, value);
    }
    adapters
}

/// Windows ends a heading with a colon; Wine does not.
fn is_heading(line: &str, bare: &str) -> bool {
    let named = !line.starts_with(char::is_whitespace) && ["アダプター", "adapter"].iter().any(|word| bare.contains(word));
    (bare.ends_with(':') || named) && !bare.starts_with('.')
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Description,
    Physical,
    Permanent,
    Temporary,
    LinkLocal,
    V4,
    Gateway,
    NameServer,
    Other,
}

impl Field {
    fn of(label: &str) -> Self {
        let label: String = label.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect::<String>().to_lowercase();
        match label.as_str() {
            "説明" | "description" => Self::Description,
            "物理アドレス" | "physicaladdress" => Self::Physical,
            "ipv6アドレス" | "ipv6address" => Self::Permanent,
            "一時ipv6アドレス" | "temporaryipv6address" => Self::Temporary,
            "リンクローカルipv6アドレス" | "linklocalipv6address" => Self::LinkLocal,
            "ipv4アドレス" | "ipv4address" | "自動構成ipv4アドレス" => Self::V4,
            "デフォルトゲートウェイ" | "defaultgateway" => Self::Gateway,
            "dnsサーバー" | "dnsservers" => Self::NameServer,
            _ => Self::Other,
        }
    }
}

/// `label . . . : value`, in Japanese without the last blank; the label is empty where a second value follows its field. Addresses hold colons
/// too, but neither blank nor dot before one.
fn labelled(line: &str) -> Option<(String, &str)> {
    let at = [" :", ".:"].into_iter().filter_map(|end| line.find(end)).min()?;
    let (label, value) = (line.get(..=at)?, line.get(at + 2..)?);
    let label = label.trim_end_matches(['.', ' ']).trim();
    let named = !label.is_empty() || line.starts_with('.');
    named.then(|| (label.to_owned(), value.trim()))
}

fn put(adapter: &mut Adapter, field: Field, label: &str, value: &str) {
    if field == Field::Other {
        if !(label.is_empty() && value.is_empty()) {
            adapter.others.push((label.to_owned(), value.to_owned()));
        }
        return;
    }
    let address = plain(value);
    if address.is_empty() {
        return;
    }
    if let Some((_, mark)) = value.split_once(['(', '（']) {
        adapter.marks.push((address.clone(), mark.trim_end_matches([')', '）', ' ']).to_owned()));
    }
    match field {
        Field::Description => adapter.description = Some(value.to_owned()),
        Field::Physical => adapter.physical = Some(value.to_owned()),
        Field::Permanent => adapter.permanent.push(address),
        Field::Temporary => adapter.temporary.push(address),
        Field::LinkLocal => adapter.link_local.push(address),
        Field::V4 => adapter.ipv4.push(address),
        Field::Gateway => adapter.gateways.push(with_zone(value)),
        Field::NameServer => adapter.name_servers.push(with_zone(value)),
        Field::Other => {}
    }
}

/// The address without its zone and without what Windows says of it, such as `(優先)`.
fn plain(value: &str) -> String {
    with_zone(value).split('%').next().unwrap_or_default().to_owned()
}

fn with_zone(value: &str) -> String {
    value.split(['(', '（']).next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What is wrong with an adapter that should reach the network, in the order in which one looks. `router` is the router's own address, if
/// it is known.
#[must_use]
pub fn judge(adapter: &Adapter, region: Region, router: Option<Ipv6Addr>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut expect = |good: bool, otherwise: Mistake| {
        if !good {
            mistakes.push(otherwise);
        }
    };
    expect(!adapter.permanent.is_empty(), Mistake::NoPermanent);
    expect(!adapter.temporary.is_empty(), Mistake::NoTemporary);
    expect(adapter.link_local.iter().any(|address| is_link_local(address)), Mistake::NoLinkLocal);
    expect(adapter.gateways.iter().any(|address| is_link_local(address)), Mistake::NoGateway);
    let servers = || adapter.name_servers.iter().filter(|server| server.contains(':'));
    expect(servers().next().is_some() && servers().all(|server| is_right(server, adapter, region, router)), Mistake::OtherNameServer);
    mistakes
}

fn is_link_local(address: &str) -> bool {
    address.starts_with("fe80:")
}

/// The router answers names by its link-local address or by one in the terminal's own network; the platform by its pair.
fn is_right(server: &str, adapter: &Adapter, region: Region, router: Option<Ipv6Addr>) -> bool {
    let server = plain(server);
    let Ok(address) = server.parse::<Ipv6Addr>() else {
        // Masked digits: the beginning must do.
        let beginning = |text: &str| text.split(':').take(1).collect::<String>();
        return is_link_local(&server) || adapter.permanent.iter().any(|own| beginning(own) == beginning(&server));
    };
    let platform = addresses::platform_servers(region);
    let own = adapter.permanent.iter().filter_map(|own| own.parse::<Ipv6Addr>().ok());
    is_link_local(&server)
        || router == Some(address)
        || [platform.primary, platform.secondary].contains(&address)
        || own.map(site).any(|site_of_terminal| site_of_terminal == site(address))
}

/// A router that got a /56 stands in it, in another /64 than its terminals.
fn site(address: Ipv6Addr) -> u128 {
    u128::from(address) >> (128 - 56)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EAST: &str = include_str!("../../tests/listings/guide.txt");
    const ENGLISH: &str = include_str!("../../tests/listings/english.txt");

    fn ethernet(text: &str) -> Adapter {
        read(text).into_iter().find(|adapter| !adapter.link_local.is_empty()).unwrap()
    }

    /// Rows: TA-03
    #[test]
    fn the_guides_sample_is_read_field_by_field() {
        let adapter = ethernet(EAST);
        assert_eq!(adapter.name, "イーサネット アダプター イーサネット 9");
        assert_eq!(adapter.physical.as_deref(), Some("58-27-8C-##-##-##"));
        assert_eq!(adapter.description.as_deref(), Some("ASIX AX88179 USB 3.0 to Gigabit Ethernet Adapter #5"));
        assert_eq!((adapter.permanent.len(), adapter.temporary.len(), adapter.link_local.len()), (1, 1, 1));
        assert_eq!(adapter.ipv4, ["192.168.2.254"]);
        assert_eq!(adapter.gateways, ["fe80:####:####:####:####:####", "192.168.2.254"]);
        let other = |label: &str| adapter.others.iter().find(|(name, _)| name == label).map(|(_, value)| value.as_str());
        assert_eq!(other("DHCPv6 IAID"), Some("509093772"));
        assert_eq!(other("DHCPv6 クライアント ID"), Some("00-01-00-01-22-8B-12-72-BC-92-95-D0-D1-00"));
        assert_eq!(other("NetBIOS over TCP/IP"), Some("有効"));
        assert_eq!(other("サブネット マスク"), Some("255.255.255.0"));
        // Cut anywhere, it is still read.
        for (at, _) in EAST.char_indices() {
            let _whatever_is_there = read(EAST.get(..at).unwrap());
        }
    }

    #[test]
    fn a_heading_without_its_colon_is_one_too() {
        let text = "Windows IP Configuration\r\n\r\nEthernet adapter lo\r\n\r\n    Physical address. . . . . : 00-00\r\n    IPv6 address. . : ::1\r\n";
        let adapters = read(text);
        assert_eq!((adapters.len(), adapters[0].name.as_str(), adapters[0].permanent.len()), (1, "Ethernet adapter lo", 1));
    }

    /// Rows: TA-01
    #[test]
    fn a_terminal_in_order_shows_three_addresses_and_each_missing_one_is_named() {
        for text in [EAST, ENGLISH] {
            assert_eq!(judge(&ethernet(text), Region::East, None), [], "{text}");
        }
        let missing = |label: &str| {
            let text: String = EAST.lines().filter(|line| !line.starts_with(label)).map(|line| format!("{line}\n")).collect();
            let adapter = read(&text).into_iter().next_back().unwrap();
            judge(&adapter, Region::East, None)
        };
        assert_eq!(missing("IPv6 アドレス")[0], Mistake::NoPermanent);
        assert_eq!(missing("一時 IPv6"), [Mistake::NoTemporary]);
        assert_eq!(missing("リンクローカル"), [Mistake::NoLinkLocal]);
    }

    /// Rows: TA-02
    #[test]
    fn the_gateway_is_link_local_and_the_name_server_is_the_router_or_the_platforms_pair() {
        let good = ethernet(ENGLISH);
        let with = |servers: &[&str]| Adapter { name_servers: servers.iter().map(|server| (*server).to_owned()).collect(), ..good.clone() };
        let platform = addresses::platform_servers(Region::West);
        let pair = [platform.primary.to_string(), platform.secondary.to_string()];
        let pair: Vec<&str> = pair.iter().map(String::as_str).collect();
        assert_eq!(judge(&with(&pair), Region::West, None), []);
        assert_eq!(judge(&with(&pair), Region::East, None), [Mistake::OtherNameServer], "the other region's pair");
        assert_eq!(judge(&with(&["2001:4860:4860::8888"]), Region::East, None), [Mistake::OtherNameServer]);
        assert_eq!(judge(&with(&["192.168.2.1"]), Region::East, None), [Mistake::OtherNameServer]);
        assert_eq!(judge(&with(&["fe80::1"]), Region::East, None), []);
        let elsewhere = "2408:211:1::1".parse().unwrap();
        assert_eq!(judge(&with(&["2408:211:1::1"]), Region::East, Some(elsewhere)), []);
        let lost = Adapter { gateways: vec!["192.168.2.1".to_owned()], ..good };
        assert_eq!(judge(&lost, Region::East, None), [Mistake::NoGateway]);
    }
}
