//! Reads a NEC UNIVERGE IX's configuration.

use super::{Expected, Line, Sheet, is_closed, shown};

pub(super) fn read(lines: &[Line<'_>], expected: Expected, sheet: &mut Sheet) {
    let mut lists: Vec<(usize, &str, &str)> = Vec::new();
    let mut plain = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        match words.as_slice() {
            ["url-list", name, "permit", domain, ..] => lists.push((line.number, name, domain.trim_start_matches("*."))),
            ["url-list", name, domain] => lists.push((line.number, name, domain.trim_start_matches("*."))),
            ["proxy-dns", "server", server, "url-list", list, ..] => plain.push((line.number, *server, Some(*list))),
            ["proxy-dns", "server", server, ..] => plain.push((line.number, *server, None)),
            _ => {}
        }
    }
    for (line, name, domain) in &lists {
        let servers: Vec<(usize, &str)> =
            plain.iter().filter(|(_, _, list)| *list == Some(*name)).map(|(line, server, _)| (*line, *server)).collect();
        if servers.is_empty() && is_closed(domain) {
            sheet.mistake(
                *line,
                "unused-list",
                format!("一覧 {} を使う proxy-dns server がありません。", shown(name)),
                "proxy-dns server アドレス url-list 一覧 を二つ加えます。",
            );
        }
        sheet.entry(*line, domain, []);
        servers.into_iter().for_each(|(line, server)| sheet.entry(line, domain, [server.to_owned()]));
    }
    for (line, server, list) in &plain {
        if let Some(list) = list.filter(|list| !lists.iter().any(|(_, name, _)| name == list)) {
            sheet.mistake(
                *line,
                "unknown-list",
                format!("一覧 {} がありません（{}）。", shown(list), shown(server)),
                "url-list でドメインを並べます。",
            );
        }
    }
    switches(lines, sheet);
    prefix(lines, expected, sheet);
}

fn switches(lines: &[Line<'_>], sheet: &mut Sheet) {
    let has = |text: &str| lines.iter().any(|line| line.text == text);
    if !has("proxy-dns ipv6 enable") {
        sheet.mistake(0, "names-off", "端末からの IPv6 の問い合わせを中継しません。", "proxy-dns ipv6 enable を加えます。");
    }
    let learned = |line: &&Line<'_>| line.text.starts_with("proxy-dns interface ") && !line.text.ends_with(" ignore");
    for line in lines.iter().filter(learned) {
        let priority = line.text.split_whitespace().skip_while(|word| *word != "priority").nth(1).and_then(|word| word.parse::<u32>().ok());
        if priority.is_some_and(|priority| priority >= 200) {
            sheet.doubt(
                line.number,
                "learned-first",
                "回線から知らされたDNSサーバーのプライオリティが高く、閉域網の名前もそこに聞くことがあります。",
                "プライオリティを 100 以下にします。",
            );
        }
    }
    for line in lines.iter().filter(|line| line.text.contains("icmp-echo") && line.text.contains(':')) {
        sheet.doubt(
            line.number,
            "pings-the-center",
            "センターは ping に答えません。この監視は、いつも「断」になります。",
            "監視の相手を変えるか、監視をやめます。",
        );
    }
}

fn prefix(lines: &[Line<'_>], expected: Expected, sheet: &mut Sheet) {
    let with = |part: &str| lines.iter().find(|line| line.text.contains(part));
    let (ra, pd) = (with("ipv6 nd proxy"), with("ia-pd"));
    match (ra, pd, expected.phone) {
        (Some(line), _, Some(true)) => sheet.mistake(
            line.number,
            "ra-with-phone",
            "ひかり電話のある回線で、RA を中継しています（NDプロキシ）。数分で通信が切れます。",
            "ia-pd subscriber でプレフィックスを受け取ります。",
        ),
        (_, Some(line), Some(false)) => sheet.mistake(
            line.number,
            "pd-without-phone",
            "ひかり電話のない回線で、DHCPv6-PD のプレフィックスを待っています。アドレスが付きません。",
            "information-request にし、LAN側に ipv6 nd proxy を加えます。",
        ),
        (None, None, _) => sheet.mistake(
            0,
            "no-prefix",
            "IPv6 のプレフィックスを受け取る設定がありません。",
            "ipv6 nd proxy または ia-pd subscriber を加えます。",
        ),
        _ => {}
    }
    if with("ipv6 nd ra enable").is_none() {
        sheet.mistake(
            0,
            "no-advertisement",
            "LAN にルーター広告を送る設定がありません。",
            "LAN のインターフェースに ipv6 nd ra enable を加えます。",
        );
    } else if with("ipv6 nd ra other-config-flag").is_none() {
        sheet.mistake(
            0,
            "no-o-flag",
            "ルーター広告に other-config-flag がありません。端末がDNSサーバーを知りません。",
            "ipv6 nd ra other-config-flag を加えます。",
        );
    }
    if with("ipv6 dhcp server ").is_none() {
        sheet.mistake(
            0,
            "no-dhcpv6-server",
            "LAN に DHCPv6 でDNSサーバーを知らせる設定がありません。",
            "ipv6 dhcp server を LAN のインターフェースに加えます。",
        );
    }
}
