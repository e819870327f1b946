//! Reads the commands that make rules of Windows' name resolution policy table.

use super::{Line, Sheet, is_closed, shown};

pub(super) fn read(lines: &[Line<'_>], sheet: &mut Sheet) {
    for line in lines {
        if !line.text.to_ascii_lowercase().contains("add-dnsclientnrptrule") {
            continue;
        }
        let (names, servers) = (list(line.text, "-namespace"), list(line.text, "-nameservers"));
        if list(line.text, "-gponame").is_empty() && names.is_empty() {
            sheet.mistake(line.number, "no-namespace", "-Namespace がありません。", "-Namespace にドメインを書きます。");
        }
        for name in &names {
            let below = names.iter().any(|other| other.strip_prefix('.') == Some(name.trim_start_matches('.')));
            if !below && is_closed(name) {
                let name = shown(name);
                sheet.mistake(
                    line.number,
                    "only-the-name-itself",
                    format!("「.」で始まらない規則は、{name} という名前だけに効き、その下の名前には効きません。"),
                    format!("「.{name}」と書きます。"),
                );
            }
            if servers.is_empty() && is_closed(name) {
                sheet.mistake(
                    line.number,
                    "no-server",
                    format!("{} にDNSサーバーがありません。", shown(name)),
                    "-NameServers にサーバーを二つ書きます。",
                );
            }
        }
        if let Some(first) = names.first() {
            sheet.entry(line.number, first, servers.clone());
        }
        for other in names
            .iter()
            .skip(1)
            .filter(|other| Some(other.trim_start_matches('.')) != names.first().map(|first| first.trim_start_matches('.')))
        {
            sheet.entry(line.number, other, servers.clone());
        }
        if line.text.to_ascii_lowercase().contains("-dnssecvalidationrequired") || line.text.to_ascii_lowercase().contains("-dnssecenable")
        {
            sheet.mistake(
                line.number,
                "validates",
                "閉域網の名前に署名はありません。検証すると引けなくなります。",
                "-DnsSecEnable と -DnsSecValidationRequired を外します。",
            );
        }
    }
}

/// The words of an argument: quoted or not, between commas.
fn list(text: &str, argument: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let Some(after) = lower.find(&format!("{argument} ")).and_then(|place| text.get(place + argument.len()..)) else { return Vec::new() };
    let mut words = Vec::new();
    let mut rest = after.trim_start().trim_start_matches("@(");
    loop {
        let (word, tail) = match rest.chars().next() {
            Some(mark @ ('\'' | '"')) => rest.get(1..).and_then(|inner| inner.split_once(mark)).unwrap_or((rest, "")),
            _ => rest.split_at(rest.find([',', ' ', ')']).unwrap_or(rest.len())),
        };
        if !word.is_empty() {
            words.push(word.trim().to_owned());
        }
        match tail.trim_start().strip_prefix(',') {
            Some(more) if words.len() < 200 => rest = more.trim_start(),
            _ => return words,
        }
    }
}
