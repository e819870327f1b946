//! Reads a Yamaha RTX's or NVR's configuration.

use super::{Expected, Line, Sheet, is_closed, shown};

/// A line of `dns server select`.
struct Select {
    line: usize,
    number: u64,
    domain: String,
}

pub(super) fn read(lines: &[Line<'_>], expected: Expected, sheet: &mut Sheet) {
    let selects: Vec<Select> = lines.iter().filter_map(|line| select(*line, sheet)).collect();
    for entry in selects.iter().filter(|entry| is_closed(&entry.domain)) {
        let before = selects.iter().find(|other| other.domain == "." && other.number < entry.number);
        if let Some(before) = before {
            sheet.mistake(
                entry.line,
                "shadowed-domain",
                format!(
                    "{} は使われません。先に合う「.」の行（{}行目、番号 {}）があります。",
                    shown(&entry.domain),
                    before.line,
                    before.number
                ),
                format!("番号を {} より小さくします。", before.number),
            );
        }
    }
    prefix(lines, expected, sheet);
    announced(lines, sheet);
    filters(lines, sheet);
    for line in lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        match words.as_slice() {
            ["dns", "service", "off", ..] => {
                sheet.mistake(line.number, "names-off", "DNSの中継が止められています。", "dns service recursive にします。");
            }
            ["ipv6", interface, ..] if is_split(lines) && second_lan(interface) => {
                sheet.mistake(
                    line.number,
                    "ipv6-beyond-vlan1",
                    format!("LANを分けると IPv6 が使えるのは vlan1 だけです（{}）。", shown(interface)),
                    "オンライン資格確認の端末を vlan1 に置き、IPv6 の設定を vlan1 に書きます。",
                );
            }
            ["ip" | "ipv6", "keepalive", _, "icmp-echo", ..] => pinged(line, sheet),
            ["ipv6", "filter", _, "reject" | "reject-log" | "reject-nolog", _, _, "icmp6", ..] => {
                sheet.doubt(line.number, "no-icmp6", "ICMPv6 を止めると、IPv6 の通信が途切れます。", "ICMPv6 は通します。");
            }
            _ => {}
        }
    }
}

/// Reads a line of `dns server select ID [SERVER [edns=on]]… [TYPE] DOMAIN`.
fn select(line: Line<'_>, sheet: &mut Sheet) -> Option<Select> {
    let mut words = line.text.strip_prefix("dns server select ")?.split_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    let mut servers: Vec<(String, bool)> = Vec::new();
    let mut domain = None;
    let mut elsewhere = false;
    while let Some(word) = words.next() {
        match word {
            "edns=on" => {
                if let Some(server) = servers.last_mut() {
                    server.1 = true;
                }
            }
            "dhcp" | "pp" | "tunnel" => {
                elsewhere = true;
                words.next();
            }
            "any" | "a" | "aaaa" | "ptr" | "mx" | "ns" | "cname" => {
                if word != "any" && word != "aaaa" && domain.is_none() && servers.iter().any(|_| true) {
                    let rest: String = words.clone().take(1).collect();
                    if is_closed(&rest) {
                        sheet.mistake(
                            line.number,
                            "record-type",
                            format!("{word} の問い合わせだけを閉域網に聞いています。"),
                            "any にします。",
                        );
                    }
                }
            }
            "restrict" => break,
            _ if word.starts_with("edns=") || word.starts_with("nat46=") => {}
            _ if word.contains(':') || word.parse::<std::net::IpAddr>().is_ok() => servers.push((word.to_owned(), false)),
            _ => domain = Some(word.to_ascii_lowercase()),
        }
    }
    let domain = domain?;
    if domain != "." && (!elsewhere || is_closed(&domain)) {
        if elsewhere && servers.is_empty() {
            sheet.mistake(
                line.number,
                "asks-the-internet",
                format!("{} を、回線から知らされたDNSサーバーに聞いています。", shown(&domain)),
                "閉域網のDNSサーバーを直接書きます。",
            );
        }
        if is_closed(&domain) {
            for (server, _) in servers.iter().filter(|(_, edns)| !edns) {
                sheet.mistake(
                    line.number,
                    "no-edns",
                    format!("{server} の後に edns=on がありません。大きな答え（配信・時刻）が届きません。"),
                    "edns=on を、サーバーごとに、その後ろに書きます。",
                );
            }
        }
        sheet.entry(line.number, &domain, servers.into_iter().map(|(server, _)| server));
    }
    Some(Select { line: line.number, number, domain: if domain == "." { domain } else { domain.trim_matches('.').to_owned() } })
}

fn is_split(lines: &[Line<'_>]) -> bool {
    lines.iter().any(|line| line.text.starts_with("lan type") && line.text.contains("divide-network"))
}

/// A part of a split LAN that IPv6 does not reach.
fn second_lan(interface: &str) -> bool {
    let number = interface.strip_prefix("vlan").or_else(|| interface.strip_prefix("lan1."));
    number.is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 1))
}

fn prefix(lines: &[Line<'_>], expected: Expected, sheet: &mut Sheet) {
    let with = |part: &str| lines.iter().find(|line| line.text.contains(part));
    let (ra, pd) = (with("ra-prefix@"), with("dhcp-prefix@"));
    match (ra, pd, expected.phone) {
        (Some(line), None, Some(true)) => sheet.mistake(
            line.number,
            "ra-with-phone",
            "ひかり電話のある回線で、RA のプレフィックスを使っています。数分で通信が切れます。",
            "dhcp-prefix@ にし、dhcp service client から ir=on を外します。",
        ),
        (None, Some(line), Some(false)) => sheet.mistake(
            line.number,
            "pd-without-phone",
            "ひかり電話のない回線で、DHCPv6-PD のプレフィックスを待っています。アドレスが付きません。",
            "ra-prefix@ にし、dhcp service client ir=on とします。",
        ),
        (None, None, _) => {
            sheet.mistake(
                0,
                "no-prefix",
                "IPv6 のプレフィックスを受け取る設定がありません。",
                "ipv6 prefix に ra-prefix@ または dhcp-prefix@ を書きます。",
            );
        }
        _ => {}
    }
    if let (Some(_), Some(client)) =
        (pd, lines.iter().find(|line| line.text.contains("dhcp service client") && line.text.contains("ir=on")))
        && ra.is_none()
    {
        sheet.mistake(
            client.number,
            "information-only",
            "ir=on ではプレフィックスを受け取れません。",
            "ipv6 … dhcp service client とだけ書きます。",
        );
    }
    if ra.or(pd).is_some() && with("ngn type").is_none() {
        sheet.doubt(
            0,
            "no-ngn-type",
            "ngn type がありません。回線のプレフィックスが変わったときに追いつけません。",
            "ngn type lan2 ntt を加えます。",
        );
    }
}

/// What terminals are told.
fn announced(lines: &[Line<'_>], sheet: &mut Sheet) {
    let sends = lines.iter().find(|line| line.text.contains("rtadv send"));
    match sends {
        Some(line) if !line.text.contains("o_flag=on") => {
            sheet.mistake(
                line.number,
                "no-o-flag",
                "rtadv send に o_flag=on がありません。端末がDNSサーバーを知りません。",
                "o_flag=on を加えます。",
            );
        }
        Some(_) => {}
        None => sheet.mistake(
            0,
            "no-advertisement",
            "LAN にルーター広告を送る設定がありません。",
            "ipv6 lan1 rtadv send 1 o_flag=on を加えます。",
        ),
    }
    if sends.is_some() && !lines.iter().any(|line| line.text.contains("dhcp service server") && line.text.starts_with("ipv6 ")) {
        sheet.mistake(
            0,
            "no-dhcpv6-server",
            "LAN に DHCPv6 でDNSサーバーを知らせる設定がありません。",
            "ipv6 lan1 dhcp service server を加えます。",
        );
    }
    let notice: Vec<&Line<'_>> = lines.iter().filter(|line| line.text.starts_with("dns notice order dhcpv6")).collect();
    let first = |line: &&Line<'_>| line.text.split_whitespace().nth(4) == Some("me");
    if let Some(line) = notice.iter().find(|line| !first(line)) {
        sheet.mistake(
            line.number,
            "tells-the-carriers-servers",
            "端末に、回線から知らされたDNSサーバーを知らせています。ドメインごとの設定が使われません。",
            "dns notice order dhcpv6 me にします。",
        );
    } else if notice.is_empty() {
        sheet.doubt(
            0,
            "no-notice-order",
            "dns notice order dhcpv6 がありません。ルーター自身でなく、回線のDNSサーバーが端末に知らされることがあります。",
            "dns notice order dhcpv6 me を加えます。",
        );
    }
}

/// The filter towards the line must let IPv6's own needs in.
fn filters(lines: &[Line<'_>], sheet: &mut Sheet) {
    let lists = lines.iter().filter(|line| line.text.starts_with("ipv6 ") && line.text.contains(" secure filter in "));
    for list in lists.filter(|line| !line.text.starts_with("ipv6 lan1 ") && !line.text.starts_with("ipv6 vlan")) {
        let numbers: Vec<&str> = list.text.split_whitespace().skip(5).take_while(|word| *word != "dynamic").collect();
        let passes = |what: fn(&[&str]) -> bool| {
            lines.iter().any(|line| {
                let words: Vec<&str> = line.text.split_whitespace().collect();
                matches!(words.as_slice(), ["ipv6", "filter", number, action, ..] if action.starts_with("pass") && numbers.contains(number))
                    && what(&words)
            })
        };
        if !passes(|words| words.get(6).is_none_or(|protocol| protocol.contains("icmp6") || *protocol == "*")) {
            sheet.mistake(
                list.number,
                "no-icmp6",
                "回線からの ICMPv6 を通していません。IPv6 の通信が途切れます。",
                "pass * * icmp6 * * のフィルターを先頭に加えます。",
            );
        }
        if !passes(|words| {
            words.get(6).is_none_or(|protocol| {
                *protocol == "*"
                    || protocol.contains("udp") && words.get(8).is_none_or(|port| *port == "*" || port.split(',').any(|port| port == "546"))
            })
        }) {
            sheet.mistake(
                list.number,
                "no-dhcpv6",
                "回線からの DHCPv6（UDP 546番）を通していません。",
                "pass * * udp * 546 のフィルターを加えます。",
            );
        }
    }
}

fn pinged(line: &Line<'_>, sheet: &mut Sheet) {
    let ours = line.text.split_whitespace().any(|word| word.contains(':') || is_closed(word) && word.contains('.'));
    if ours {
        sheet.doubt(
            line.number,
            "pings-the-center",
            "センターは ping に答えません。この監視は、いつも「断」になります。",
            "監視の相手をルーターの一つ上にするか、監視をやめます。",
        );
    }
}
