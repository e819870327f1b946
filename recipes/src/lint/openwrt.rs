//! Reads OpenWrt's configuration: `uci` commands, what `uci show` prints, or the files in `/etc/config`.

use super::{Expected, Line, Sheet, dnsmasq, shown};

/// One option, whichever way it was written.
struct Setting<'a> {
    line: usize,
    /// `dhcp.lan`, or the section's kind and name where the file's own form says no more.
    section: String,
    name: String,
    value: &'a str,
}

pub(super) fn read(lines: &[Line<'_>], expected: Expected, sheet: &mut Sheet) {
    let settings = settings(lines);
    let mut excepted: Vec<String> = Vec::new();
    let mut guard = Some(0);
    for setting in &settings {
        match setting.name.as_str() {
            "server" => {
                for value in setting.value.split("' '") {
                    dnsmasq::server(setting.line, value.trim_matches('\''), sheet);
                }
            }
            "rebind_domain" => {
                excepted.extend(setting.value.split(['/', '\'', ' ']).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase))
            }
            "rebind_protection" => guard = (setting.value != "0").then_some(setting.line),
            "filter_aaaa" if setting.value == "1" => {
                sheet.mistake(
                    setting.line,
                    "no-aaaa",
                    "IPv6 のアドレスを答えから取り除いています。閉域網のすべての名前が使えません。",
                    "filter_aaaa を 0 にします。",
                );
            }
            "dnssec" if setting.value == "1" => sheet.doubt(
                setting.line,
                "validates",
                "DNSSEC の検証が有効です。閉域網の名前には署名がないので、引けなくなることがあります。",
                "dnssec を 0 にします。",
            ),
            "ednspacket_max" if setting.value.parse::<u32>().is_ok_and(|size| size < 1232) => {
                let what = format!(
                    "答えを {} バイトまでしか受け取りません。大きな答え（配信・時刻）が届かないことがあります。",
                    shown(setting.value)
                );
                sheet.mistake(setting.line, "no-edns", what, "ednspacket_max を 1232 にします。");
            }
            "dns_service" if setting.value == "0" => {
                sheet.mistake(
                    setting.line,
                    "tells-nobody",
                    "端末に、このルーターをDNSサーバーとして知らせません。",
                    "dns_service を 1 にします。",
                );
            }
            "dns" if setting.section.starts_with("dhcp") && !setting.value.contains("fe80:") && setting.value.contains(':') => {
                let what = format!(
                    "端末に、ルーター自身でないDNSサーバー {} を知らせています。ドメインごとの設定が使われません。",
                    shown(setting.value)
                );
                sheet.mistake(setting.line, "tells-the-carriers-servers", what, "list dns を消します。");
            }
            _ => {}
        }
    }
    // The guard is on unless it was switched off; without a line of its own, it stands where the first server does.
    if let Some(line) = guard {
        let line = if line == 0 { sheet.entries.first().map_or(0, |entry| entry.line) } else { line };
        dnsmasq::rebinding(line, &excepted, sheet);
    }
    prefix(&settings, expected, sheet);
}

fn prefix(settings: &[Setting<'_>], expected: Expected, sheet: &mut Sheet) {
    let of = |name: &str, value: &str| settings.iter().find(|setting| setting.name == name && setting.value == value);
    let relay = of("ra", "relay");
    if let (Some(line), Some(true)) = (relay, expected.phone) {
        sheet.mistake(
            line.line,
            "ra-with-phone",
            "ひかり電話のある回線で、RA を中継しています。数分で通信が切れます。",
            "ra と dhcpv6 を server にし、wan6 の reqprefix を auto にします。",
        );
    }
    if let (Some(line), Some(false)) = (of("ra", "server").filter(|_| relay.is_none()), expected.phone) {
        sheet.mistake(
            line.line,
            "pd-without-phone",
            "ひかり電話のない回線で、DHCPv6-PD のプレフィックスを待っています。アドレスが付きません。",
            "ra・ndp・dhcpv6 を relay にし、wan6 に master 1 を加えます。",
        );
    }
    if let Some(relay) = relay {
        if of("ndp", "relay").is_none() {
            sheet.mistake(
                relay.line,
                "no-nd-proxy",
                "RA を中継していますが、NDプロキシがありません。外からの返事が端末に届きません。",
                "ndp を relay にします。",
            );
        }
        if of("master", "1").is_none() {
            sheet.mistake(
                relay.line,
                "no-master",
                "中継の元（wan6 の master）が決められていません。",
                "dhcp.wan6 に master 1 を加えます。",
            );
        }
        if of("always_rewrite_dns", "1").is_none() {
            let written = settings.iter().find(|setting| setting.name == "always_rewrite_dns").map_or(relay.line, |setting| setting.line);
            sheet.mistake(
                written,
                "tells-the-carriers-servers",
                "中継した RA は、回線のDNSサーバーを端末に知らせます。ドメインごとの設定が使われません。",
                "always_rewrite_dns を 1 にします。",
            );
        }
    }
}

fn settings<'a>(lines: &[Line<'a>]) -> Vec<Setting<'a>> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in lines {
        let mut words = line.text.splitn(3, char::is_whitespace);
        let (first, second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match first {
            "config" => section = format!("{second}.{}", unquoted(third)),
            "option" | "list" => {
                found.push(Setting { line: line.number, section: section.clone(), name: second.to_owned(), value: unquoted(third) })
            }
            "uci" => {
                let rest = line.text.strip_prefix("uci").unwrap_or_default().trim_start().trim_start_matches("-q").trim_start();
                if let Some(rest) = rest.strip_prefix("set ").or_else(|| rest.strip_prefix("add_list ")) {
                    found.extend(assigned(line.number, rest));
                }
            }
            _ => found.extend(assigned(line.number, line.text)),
        }
    }
    found
}

/// `dhcp.@dnsmasq[0].server='…'`
fn assigned(line: usize, text: &str) -> Option<Setting<'_>> {
    let (name, value) = text.trim().split_once('=')?;
    let (section, name) = name.rsplit_once('.')?;
    Some(Setting { line, section: section.to_owned(), name: name.to_owned(), value: unquoted(value) })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}
