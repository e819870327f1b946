//! Reads unbound's own file.

use manuals::domains;

use super::{Line, Sheet, is_closed, shown};
use crate::table;

/// What the `server:` clause says, as far as it matters here.
#[derive(Default)]
struct Server {
    module: Option<(usize, String)>,
    insecure: Vec<String>,
    private: Option<usize>,
    private_domains: Vec<String>,
    allows: bool,
    listens: Option<usize>,
    refuses_all: Option<usize>,
    transparent: Vec<String>,
    anchored: Option<usize>,
}

/// A clause that names servers for a zone.
struct Zone {
    line: usize,
    name: String,
    servers: Vec<(usize, String)>,
}

pub(super) fn read(lines: &[Line<'_>], sheet: &mut Sheet) {
    let mut server = Server::default();
    let mut zone: Option<Zone> = None;
    for line in lines {
        let Some((key, value)) = line.text.split_once(':') else { continue };
        let value = value.trim().trim_matches('"');
        match key {
            "forward-zone" | "stub-zone" => {
                finish(zone.take(), sheet);
                zone = Some(Zone { line: line.number, name: String::new(), servers: Vec::new() });
            }
            "server" | "remote-control" | "auth-zone" | "view" | "python" => finish(zone.take(), sheet),
            "name" => {
                if let Some(zone) = &mut zone {
                    zone.line = line.number;
                    zone.name = value.to_ascii_lowercase();
                }
            }
            "forward-addr" | "stub-addr" => {
                if let Some(zone) = &mut zone {
                    zone.servers.push((line.number, value.to_owned()));
                }
            }
            _ => {
                if let Some(zone) = zone.as_ref().filter(|zone| is_closed(&zone.name)) {
                    of_zone(line.number, key, value, zone, sheet);
                }
                of_server(line.number, key, value, &mut server, sheet);
            }
        }
    }
    finish(zone, sheet);
    whole(&server, sheet);
}

fn finish(zone: Option<Zone>, sheet: &mut Sheet) {
    let Some(zone) = zone.filter(|zone| !zone.name.trim_matches('.').is_empty()) else { return };
    sheet.entry(zone.line, &zone.name, []);
    if zone.servers.is_empty() && is_closed(&zone.name) {
        sheet.mistake(
            zone.line,
            "no-server",
            format!("{} にDNSサーバーがありません。", shown(&zone.name)),
            "forward-addr を二つ書きます。",
        );
    }
    for (line, server) in zone.servers {
        sheet.entry(line, &zone.name, [server]);
    }
}

fn of_zone(line: usize, key: &str, value: &str, zone: &Zone, sheet: &mut Sheet) {
    match (key, value) {
        ("forward-first", "yes") => sheet.mistake(
            line,
            "asks-the-internet",
            format!("{} は、閉域網が答えないときインターネットに聞きに行き、「存在しない」と答えます。", shown(&zone.name)),
            "forward-first: no にします。",
        ),
        ("forward-tls-upstream" | "forward-ssl-upstream", "yes") => {
            sheet.mistake(line, "tls-upstream", "閉域網のDNSサーバーに TLS で聞いています。答えません。", "この行を消します。");
        }
        ("forward-host", _) => {
            sheet.doubt(
                line,
                "named-server",
                "サーバーを名前で書くと、その名前を引けないとき何も引けません。",
                "forward-addr にアドレスを書きます。",
            );
        }
        _ => {}
    }
}

fn of_server(line: usize, key: &str, value: &str, server: &mut Server, sheet: &mut Sheet) {
    match (key, value) {
        ("module-config", _) => server.module = Some((line, value.to_owned())),
        ("auto-trust-anchor-file" | "trust-anchor-file" | "trust-anchor", _) => server.anchored = Some(line),
        ("domain-insecure", _) => server.insecure.push(value.trim_matches('.').to_ascii_lowercase()),
        ("private-address", _) => server.private = server.private.or(Some(line)),
        ("private-domain", _) => server.private_domains.push(value.trim_matches('.').to_ascii_lowercase()),
        ("access-control", _) => server.allows |= value.contains("allow"),
        ("interface", _) if !matches!(value, "127.0.0.1" | "::1" | "lo") => server.listens = server.listens.or(Some(line)),
        ("do-ip6", "no") => {
            sheet.mistake(line, "no-ipv6", "IPv6 を使わない設定です。閉域網のDNSサーバーに届きません。", "do-ip6: yes にします。")
        }
        ("do-tcp", "no") => {
            sheet.mistake(line, "no-tcp", "TCP を使わない設定です。大きな答え（配信・時刻）が届きません。", "do-tcp: yes にします。")
        }
        ("edns-buffer-size", size) if size.parse::<u32>().is_ok_and(|size| size < 1232) => {
            sheet.doubt(
                line,
                "no-edns",
                "答えを小さくしか受け取りません。大きな答えが、毎回 TCP になります。",
                "edns-buffer-size: 1232 にします。",
            );
        }
        ("local-zone", _) => {
            let mut words = value.split_whitespace();
            let (zone, kind) = (words.next().unwrap_or_default().trim_matches('"'), words.next().unwrap_or_default());
            if matches!(kind, "transparent" | "nodefault" | "always_transparent" | "typetransparent") {
                server.transparent.push(zone.trim_matches('.').to_ascii_lowercase());
            } else if zone == "." {
                server.refuses_all = Some(line);
            } else if is_closed(zone) {
                sheet.mistake(
                    line,
                    "answered-here",
                    format!("{} をどこにも聞かずに答えています（local-zone）。", shown(zone)),
                    "この行を消します。",
                );
            }
        }
        ("local-data", _)
            if value.split_whitespace().next().is_some_and(|name| is_closed(name) && name.trim_matches('.').contains('.')) =>
        {
            sheet.mistake(
                line,
                "fixed-answer",
                "閉域網の名前のアドレスを固定しています。アドレスは変わることがあります。",
                "この行を消します。",
            );
        }
        _ => {}
    }
}

fn whole(server: &Server, sheet: &mut Sheet) {
    let domains: Vec<(usize, String)> =
        sheet.entries.iter().filter(|entry| is_closed(&entry.domain)).map(|entry| (entry.line, entry.domain.clone())).collect();
    let covered = |list: &[String], domain: &str| list.iter().any(|part| domains::covers(&[part.as_str()], domain));
    let validates = server.module.as_ref().is_none_or(|(_, module)| module.contains("validator"));
    for (line, domain) in domains {
        let public = domain.rsplit('.').next().is_none_or(table::is_public);
        if validates && !covered(&server.insecure, &domain) {
            let what = format!("{} に署名はありません。検証すると引けなくなります。", shown(&domain));
            let fix = format!("domain-insecure: \"{}.\" を加えます。", shown(&domain));
            // Under a label that the internet does not have, the proof of that ends everything; elsewhere it may pass.
            if public && server.anchored.is_none() {
                sheet.doubt(line, "validates", what, fix);
            } else {
                sheet.mistake(line, "validates", what, fix);
            }
        }
        if let Some(line) = server.private.filter(|_| !covered(&server.private_domains, &domain)) {
            sheet.mistake(
                line,
                "rebinding-guard",
                format!("private-address が、{} の答えの一部（10. で始まるアドレス）を捨てます。", shown(&domain)),
                format!("private-domain: \"{}.\" を加えます。", shown(&domain)),
            );
        }
        if let Some(line) = server.refuses_all.filter(|_| !covered(&server.transparent, &domain)) {
            let what = format!("local-zone \".\" が、{} も断ります。", shown(&domain));
            sheet.mistake(line, "answered-here", what, format!("local-zone: \"{}.\" transparent を加えます。", shown(&domain)));
        }
    }
    if let Some(line) = server.listens.filter(|_| !server.allows) {
        sheet.mistake(
            line,
            "refuses-the-lan",
            "端末からの問い合わせを断ります（access-control がありません）。",
            "access-control で LAN を allow にします。",
        );
    }
}
