//! Reads a Cisco IOS router's configuration.

use super::{Line, Sheet, is_closed, shown};

#[derive(Default)]
struct View<'a> {
    name: &'a str,
    forwards: bool,
    servers: Vec<(usize, String)>,
}

#[derive(Default)]
struct Member<'a> {
    line: usize,
    view: &'a str,
    order: u32,
    group: Option<&'a str>,
}

pub(super) fn read(lines: &[Line<'_>], sheet: &mut Sheet) {
    let mut lists: Vec<(usize, &str, &str)> = Vec::new();
    let mut views: Vec<View<'_>> = Vec::new();
    let mut members: Vec<Member<'_>> = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        match words.as_slice() {
            ["ip", "dns", "name-list", number, "permit", pattern, ..] => lists.push((line.number, number, pattern)),
            ["ip", "dns", "view", name, ..] => views.push(View { name, forwards: true, ..View::default() }),
            ["no", "dns", "forwarding"] => {
                if let Some(view) = views.last_mut() {
                    view.forwards = false;
                }
            }
            ["dns", "forwarder", server, ..] => {
                if let Some(view) = views.last_mut() {
                    view.servers.push((line.number, (*server).to_owned()));
                }
            }
            ["view", view, order, ..] => members.push(Member { line: line.number, view, order: order.parse().unwrap_or(0), group: None }),
            ["restrict", "name-group", number] => {
                if let Some(member) = members.last_mut() {
                    member.group = Some(number);
                }
            }
            _ => {}
        }
    }
    let everyone = members.iter().filter(|member| member.group.is_none()).map(|member| member.order).min();
    for (line, number, pattern) in lists {
        list(line, number, pattern, &views, &members, everyone, sheet);
    }
    switches(lines, sheet);
}

fn list(line: usize, number: &str, pattern: &str, views: &[View<'_>], members: &[Member<'_>], everyone: Option<u32>, sheet: &mut Sheet) {
    let domain = domain_of(pattern);
    if !is_closed(&domain) {
        sheet.entry(line, &domain, []);
        return;
    }
    let unescaped = pattern.trim_start_matches("(.*\\.)?").trim_start_matches(".*").trim_start_matches("\\.").replace("\\.", "");
    if unescaped.contains('.') {
        sheet.doubt(line, "unescaped-dot", format!("「{}」の「.」は、どの文字にも合います。", shown(pattern)), "「\\.」と書きます。");
    }
    if pattern.chars().any(|letter| letter.is_ascii_lowercase()) {
        sheet.mistake(
            line,
            "lower-case-list",
            format!("「{}」は、小文字なので合いません。", shown(pattern)),
            "ドメインを大文字で書きます。",
        );
    }
    let Some(member) = members.iter().find(|member| member.group == Some(number)) else {
        sheet.mistake(
            line,
            "unused-list",
            format!("一覧 {} を使う view がありません。", shown(number)),
            "view-list に restrict name-group で加えます。",
        );
        sheet.entry(line, &domain, []);
        return;
    };
    if everyone.is_some_and(|first| first < member.order) {
        sheet.mistake(
            member.line,
            "shadowed-domain",
            format!("view {} は使われません。先に、すべての名前に合う view があります。", shown(member.view)),
            "番号を小さくします。",
        );
    }
    match views.iter().find(|view| view.name == member.view) {
        Some(view) => {
            if !view.forwards {
                sheet.mistake(
                    member.line,
                    "names-off",
                    format!("view {} は中継しません。", shown(view.name)),
                    "dns forwarding を加えます。",
                );
            }
            if view.servers.is_empty() {
                sheet.mistake(
                    member.line,
                    "no-server",
                    format!("view {} にDNSサーバーがありません。", shown(view.name)),
                    "dns forwarder を二つ加えます。",
                );
            }
            sheet.entry(line, &domain, []);
            for (line, server) in &view.servers {
                sheet.entry(*line, &domain, [server.clone()]);
            }
        }
        None => {
            sheet.mistake(member.line, "unknown-view", format!("view {} がありません。", shown(member.view)), "ip dns view で作ります。");
            sheet.entry(line, &domain, []);
        }
    }
}

/// The domain that a pattern means.
fn domain_of(pattern: &str) -> String {
    let bare = pattern.trim_end_matches('$').trim_start_matches('^').trim_start_matches("(.*\\.)?").trim_start_matches(".*");
    bare.replace("\\.", ".").trim_matches('.').to_ascii_lowercase()
}

fn switches(lines: &[Line<'_>], sheet: &mut Sheet) {
    let has = |text: &str| lines.iter().any(|line| line.text == text);
    if !has("ip dns server") {
        sheet.mistake(0, "names-off", "端末からの問い合わせを中継しません。", "ip dns server を加えます。");
    }
    if !lines.iter().any(|line| line.text.starts_with("ip dns server view-group ")) {
        sheet.mistake(0, "unused-list", "view-list が使われていません。", "ip dns server view-group を加えます。");
    }
    if !has("ipv6 unicast-routing") {
        sheet.mistake(0, "no-ipv6", "IPv6 を中継しません。", "ipv6 unicast-routing を加えます。");
    }
    if !has("ipv6 nd other-config-flag") {
        sheet.mistake(
            0,
            "no-o-flag",
            "ルーター広告に other-config-flag がありません。端末がDNSサーバーを知りません。",
            "LAN のインターフェースに ipv6 nd other-config-flag を加えます。",
        );
    }
    for line in lines.iter().filter(|line| line.text.starts_with("icmp-echo ") && line.text.contains(':')) {
        sheet.doubt(
            line.number,
            "pings-the-center",
            "センターは ping に答えません。この監視は、いつも「断」になります。",
            "監視の相手を変えるか、監視をやめます。",
        );
    }
}
