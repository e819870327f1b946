//! Reads dnsmasq's own file.

use super::{Line, Sheet, is_closed, shown};

pub(super) fn read(lines: &[Line<'_>], sheet: &mut Sheet) {
    let mut guards = None;
    let mut excepted: Vec<String> = Vec::new();
    let mut advertises = None;
    let mut range = false;
    for line in lines {
        let (key, value) = line.text.split_once('=').map_or((line.text, ""), |(key, value)| (key.trim(), value.trim()));
        match key {
            "server" | "rev-server" => server(line.number, value, sheet),
            "local" => local(line.number, value, sheet),
            "address" => answers(line.number, value, sheet),
            "stop-dns-rebind" => guards = Some(line.number),
            "rebind-domain-ok" => excepted.extend(value.split('/').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase)),
            "dnssec" => sheet.doubt(
                line.number,
                "validates",
                "DNSSEC の検証が有効です。閉域網の名前には署名がなく、mnw と rece はインターネットに存在しないと証明されているので、引けなくなります。",
                "dnssec をやめるか、閉域網の名前を検証しない別の中継に聞かせます。",
            ),
            "filter-AAAA" | "filter-aaaa" => {
                sheet.mistake(line.number, "no-aaaa", "IPv6 のアドレスを答えから取り除いています。閉域網のすべての名前が使えません。", "この行を消します。");
            }
            "edns-packet-max" if value.parse::<u32>().is_ok_and(|size| size < 1232) => {
                let size = shown(value);
                sheet.mistake(line.number, "no-edns", format!("答えを {size} バイトまでしか受け取りません。大きな答え（配信・時刻）が届かないことがあります。"), "edns-packet-max=1232 にします。");
            }
            "enable-ra" => advertises = Some(line.number),
            "dhcp-range" if value.contains("::") => {
                range = true;
                if value.contains("ra-names") || value.contains("ra-stateless") || value.contains("slaac") || value.contains("ra-only") {
                } else {
                    sheet.mistake(line.number, "no-slaac", "端末が自分で IPv6 アドレスを作れません（三つのアドレスになりません）。", "dhcp-range=::,constructor:lan,ra-stateless とします。");
                }
            }
            "dhcp-option" => announced(line.number, value, sheet),
            "port" if value == "0" => sheet.mistake(line.number, "names-off", "DNSの中継が止められています。", "port=0 を消します。"),
            _ => {}
        }
    }
    if let (Some(line), false) = (advertises, range) {
        sheet.mistake(
            line,
            "no-range",
            "enable-ra だけでは、プレフィックスが広告されません。",
            "dhcp-range=::,constructor:lan,ra-stateless を加えます。",
        );
    }
    if let Some(line) = guards {
        rebinding(line, &excepted, sheet);
    }
}

/// The guard against rebinding throws private addresses away, of which the closed network's answers hold some.
pub(super) fn rebinding(line: usize, excepted: &[String], sheet: &mut Sheet) {
    let covers = |domain: &str| excepted.iter().any(|part| manuals::domains::covers(&[part.trim_matches(['.', '*'])], domain));
    let lost: Vec<String> =
        sheet.entries.iter().filter(|entry| is_closed(&entry.domain) && !covers(&entry.domain)).map(|entry| entry.domain.clone()).collect();
    for domain in lost {
        sheet.mistake(
            line,
            "rebinding-guard",
            format!("DNSリバインディング対策が、{} の答えの一部（10. で始まるアドレス）を捨てます。", shown(&domain)),
            format!("例外に {} を加えます（dnsmasq: rebind-domain-ok、OpenWrt: rebind_domain）。", shown(&domain)),
        );
    }
}

/// `server=/domain/domain/address` or `server=address`.
pub(super) fn server(line: usize, value: &str, sheet: &mut Sheet) {
    let Some(rest) = value.strip_prefix('/') else { return };
    let Some((domains, address)) = rest.rsplit_once('/') else { return };
    for domain in domains.split('/').filter(|domain| !domain.is_empty()).take(200) {
        match address {
            "" if is_closed(domain) => {
                sheet.mistake(
                    line,
                    "answered-here",
                    format!("{} をどこにも聞いていません（アドレスがありません）。", shown(domain)),
                    "閉域網のDNSサーバーのアドレスを最後に書きます。",
                );
                sheet.entry(line, domain, []);
            }
            "#" if is_closed(domain) => {
                sheet.mistake(
                    line,
                    "asks-the-internet",
                    format!("{} を、その他の名前と同じサーバーに聞いています。", shown(domain)),
                    "閉域網のDNSサーバーのアドレスを最後に書きます。",
                );
                sheet.entry(line, domain, []);
            }
            "" | "#" => {}
            _ => sheet.entry(line, domain, [address.split('#').next().unwrap_or(address).to_owned()]),
        }
    }
}

fn local(line: usize, value: &str, sheet: &mut Sheet) {
    for domain in value.split('/').filter(|domain| is_closed(domain) && domain.contains('.')).take(200) {
        sheet.mistake(line, "answered-here", format!("{} をどこにも聞いていません（local）。", shown(domain)), "この行から消します。");
    }
}

fn answers(line: usize, value: &str, sheet: &mut Sheet) {
    for domain in value.split('/').filter(|domain| is_closed(domain) && domain.contains('.')).take(200) {
        sheet.mistake(
            line,
            "fixed-answer",
            format!("{} のアドレスを固定しています。アドレスは変わることがあります。", shown(domain)),
            "この行を消し、閉域網のDNSサーバーに聞きます。",
        );
    }
}

fn announced(line: usize, value: &str, sheet: &mut Sheet) {
    let Some(servers) = value.strip_prefix("option6:dns-server,").or_else(|| value.strip_prefix("option6:23,")) else { return };
    for server in servers.split(',').map(str::trim) {
        let bare = server.trim_matches(['[', ']']);
        let own = matches!(bare, "::" | "fe80::" | "fd00::") || bare.starts_with("fe80:");
        if !own {
            sheet.mistake(
                line,
                "tells-the-carriers-servers",
                format!("端末に、ルーター自身でないDNSサーバー {} を知らせています。ドメインごとの設定が使われません。", shown(server)),
                "dhcp-option=option6:dns-server,[fe80::] にします。",
            );
        }
    }
}
