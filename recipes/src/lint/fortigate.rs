//! Reads a FortiGate's configuration.

use super::{Line, Sheet, is_closed, shown};

#[derive(Default)]
struct Edit {
    line: usize,
    domain: String,
    servers: Vec<(usize, String)>,
    authoritative: Option<usize>,
    disabled: Option<usize>,
    /// It says nothing of authority, which is on unless it is switched off.
    silent: bool,
}

pub(super) fn read(lines: &[Line<'_>], sheet: &mut Sheet) {
    let mut section = "";
    let mut edit: Option<Edit> = None;
    let (mut recursive, mut advertises, mut other) = (false, None, false);
    for line in lines {
        let mut words = line.text.split_whitespace().map(|word| word.trim_matches('"'));
        let (first, second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (first, second) {
            ("config", "system" | "firewall") => section = line.text,
            ("edit", name) if section == "config system dns-database" => {
                finish(edit.take(), sheet);
                edit = Some(Edit { line: line.number, domain: name.to_ascii_lowercase(), silent: true, ..Edit::default() });
            }
            ("next" | "end", _) => finish(edit.take(), sheet),
            ("set", "mode") if section == "config system dns-server" => recursive |= third == "recursive",
            ("set", "ip6-send-adv") if third == "enable" => advertises = Some(line.number),
            ("set", "ip6-other-flag") => other |= third == "enable",
            ("set", _) => {
                if let Some(edit) = &mut edit {
                    set(line, second, third, edit);
                }
            }
            _ => {}
        }
    }
    finish(edit, sheet);
    if !recursive {
        sheet.mistake(
            0,
            "names-off",
            "LAN のインターフェースで、recursive の DNS が動いていません。",
            "config system dns-server で LAN を mode recursive にします。",
        );
    }
    match advertises {
        None => sheet.mistake(0, "no-advertisement", "LAN にルーター広告を送る設定がありません。", "ip6-send-adv を enable にします。"),
        Some(line) if !other => {
            sheet.mistake(
                line,
                "no-o-flag",
                "ルーター広告に other-flag がありません。端末がDNSサーバーを知りません。",
                "ip6-other-flag を enable にします。",
            );
        }
        Some(_) => {}
    }
}

fn set(line: &Line<'_>, name: &str, value: &str, edit: &mut Edit) {
    match (name, value) {
        ("domain", domain) => {
            edit.line = line.number;
            edit.domain = domain.to_ascii_lowercase();
        }
        ("authoritative", "enable") => {
            edit.authoritative = Some(line.number);
            edit.silent = false;
        }
        ("authoritative", _) => edit.silent = false,
        ("status", "disable") => edit.disabled = Some(line.number),
        ("forwarder" | "forwarder6", _) => {
            let servers = line.text.split_whitespace().skip(2).map(|word| (line.number, word.trim_matches('"').to_owned()));
            edit.servers.extend(servers.take(10));
        }
        _ => {}
    }
}

fn finish(edit: Option<Edit>, sheet: &mut Sheet) {
    let Some(edit) = edit else { return };
    let domain = shown(&edit.domain);
    if is_closed(&edit.domain) {
        if let Some(line) = edit.authoritative.or(edit.silent.then_some(edit.line)) {
            sheet.mistake(
                line,
                "answered-here",
                format!("{domain} を、どこにも聞かずに答えます（authoritative）。"),
                "set authoritative disable にします。",
            );
        }
        if let Some(line) = edit.disabled {
            sheet.mistake(line, "names-off", format!("{domain} の設定が無効です。"), "set status enable にします。");
        }
        if edit.servers.is_empty() {
            sheet.mistake(edit.line, "no-server", format!("{domain} にDNSサーバーがありません。"), "set forwarder6 を加えます。");
        }
    }
    sheet.entry(edit.line, &edit.domain, []);
    for (line, server) in edit.servers {
        sheet.entry(line, &edit.domain, [server]);
    }
}
