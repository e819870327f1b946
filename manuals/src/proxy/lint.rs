//! Says what is wrong with the proxy setting of a terminal as it was found there: the known mistakes of the distribution guide, in Japanese.

use super::{BypassMistake, Way, address, check_bypass, sheet};
use crate::Owner;

/// What was found on a terminal; `None` where nobody looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen<'a> {
    /// The user's proxy setting, `host:port`; empty when it is switched off (PX-01).
    pub proxy: Option<&'a str>,
    /// The user's bypass list (PX-02).
    pub bypass: Option<&'a str>,
    /// What `netsh winhttp show proxy` displays, Japanese or English (PX-04).
    pub winhttp: Option<&'a str>,
    /// Whether the line has the v6 option, where it is one of NTT's (PX-12).
    pub v6_option: Option<bool>,
}

/// What the system's display says (PX-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Display {
    /// No proxy: the copy command was never run, or undone (PX-11).
    Direct,
    /// A proxy and its bypass list, as displayed.
    Proxy {
        /// `host:port`.
        server: String,
        /// Entries with `;` between them.
        bypass: String,
    },
}

/// One known mistake of a terminal's setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// The proxy is switched off (PX-01).
    Off,
    /// Another proxy, or another port (PX-01).
    OtherProxy(String),
    /// Full-width characters, or signs that only look right.
    Lookalike(char),
    /// The bypass list (PX-06).
    Bypass(BypassMistake),
    /// The setting was not copied to the system (PX-11).
    NotCopied,
    /// The system has another setting than the user: copied before it was changed (PX-11).
    CopiedBefore,
    /// The display of the system cannot be read.
    Unreadable,
    /// The line lacks the v6 option (PX-12).
    NoV6Option,
}

impl Mistake {
    /// What is wrong and what to do, Japanese.
    pub fn text(&self) -> String {
        let (host, command) = (address(), sheet().import_command);
        match self {
            Mistake::Off => format!("プロキシが設定されていません。アドレス {}、ポート {} を設定してください。", host.name, host.port),
            Mistake::OtherProxy(seen) => {
                format!("プロキシが「{seen}」になっています。アドレス {}、ポート {} に直してください。", host.name, host.port)
            }
            Mistake::Lookalike(sign) => format!("「{sign}」という文字があります。すべて半角で入力し直してください。"),
            Mistake::Bypass(BypassMistake::Missing(entry)) => {
                format!("プロキシを使わないアドレスに「{entry}」がありません。セミコロン（;）で区切って加えてください。")
            }
            Mistake::Bypass(BypassMistake::NoSemicolon(seen)) => {
                format!("「{seen}」の中で、アドレスの間のセミコロン（;）が抜けています。アドレスごとに「;」を入れてください。")
            }
            Mistake::NotCopied => {
                format!("Windows 全体にはプロキシが設定されていません。管理者のコマンドプロンプトで「{command}」を実行してください。")
            }
            Mistake::CopiedBefore => {
                format!("Windows 全体の設定が、画面の設定と違います。管理者のコマンドプロンプトで「{command}」をもう一度実行してください。")
            }
            Mistake::Unreadable => format!("「{}」の表示を読み取れません。表示の全体を貼り付けてください。", sheet().show_command),
            Mistake::NoV6Option => {
                "回線にフレッツ・v6オプションの契約がありません。回線の契約先へ申し込んでください（申し込みの後に回線認証をやり直します）。"
                    .to_owned()
            }
        }
    }

    /// Whose job it is.
    pub fn owner(&self) -> Owner {
        match self {
            Mistake::NoV6Option => Owner::Line,
            _ => Owner::Vendor,
        }
    }
}

/// Every mistake in what was seen, for a site of the given way: only [`Way::Base`] uses the network's own proxy; what others set is agreed
/// with their carrier or administrator and not judged (PX-08, PX-09).
pub fn check(way: Way, seen: &Seen<'_>) -> Vec<Mistake> {
    if way != Way::Base {
        return Vec::new();
    }
    let mut found: Vec<Mistake> = seen.proxy.and_then(check_proxy).into_iter().collect();
    if let Some(typed) = seen.bypass {
        found.extend(check_list(typed));
    }
    match seen.winhttp.map(read_display) {
        None => {}
        Some(None) => found.push(Mistake::Unreadable),
        Some(Some(Display::Direct)) => found.push(Mistake::NotCopied),
        Some(Some(Display::Proxy { server, bypass })) => {
            let differs = seen.bypass.is_some_and(|typed| entries(typed) != entries(&bypass))
                || seen.proxy.is_some_and(|typed| plain(typed) != plain(&server));
            match (differs, seen.bypass.is_some()) {
                (true, _) => found.push(Mistake::CopiedBefore),
                // The user's own list was not looked at: the system's copy is judged in its place.
                (false, false) => found.extend(check_proxy(&server).into_iter().chain(check_list(&bypass))),
                (false, true) => {}
            }
        }
    }
    if seen.v6_option == Some(false) {
        found.push(Mistake::NoV6Option);
    }
    found
}

fn check_proxy(typed: &str) -> Option<Mistake> {
    let wanted = format!("{}:{}", address().name, address().port);
    match plain(typed) {
        seen if seen.is_empty() => Some(Mistake::Off),
        seen if seen == wanted => None,
        seen => Some(lookalike(&seen).map_or(Mistake::OtherProxy(seen), Mistake::Lookalike)),
    }
}

fn check_list(typed: &str) -> Vec<Mistake> {
    match lookalike(typed) {
        Some(sign) => vec![Mistake::Lookalike(sign)],
        None => check_bypass(typed).into_iter().map(Mistake::Bypass).collect(),
    }
}

/// Names of hosts are ASCII: the first sign that is not, blanks aside.
fn lookalike(typed: &str) -> Option<char> {
    typed.chars().find(|sign| !sign.is_ascii() && !sign.is_whitespace())
}

/// `host:port` in small letters, without the scheme that some scripts write before it.
fn plain(typed: &str) -> String {
    let typed = typed.trim().trim_end_matches('/').to_lowercase();
    typed.strip_prefix("http://").unwrap_or(&typed).to_owned()
}

fn entries(typed: &str) -> Vec<String> {
    let mut entries: Vec<String> =
        typed.split(';').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).collect();
    entries.sort();
    entries
}

/// Reads what `netsh winhttp show proxy` displays, in Japanese or English, with the list on one line or broken over several as the manual
/// prints it (PX-04). `None` when it is no such display.
pub fn read_display(text: &str) -> Option<Display> {
    if ["直接アクセス", "Direct access"].iter().any(|direct| text.contains(direct)) {
        return Some(Display::Direct);
    }
    let (mut server, mut bypass) = (None, String::new());
    let mut in_list = false;
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else {
            in_list &= line.contains(';');
            if in_list {
                bypass.push_str(line.trim());
            }
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        match name {
            "プロキシ サーバー" | "Proxy Server(s)" => (server, in_list) = (Some(value.to_owned()), false),
            "バイパス一覧" | "Bypass List" => {
                in_list = true;
                bypass.push_str(value);
            }
            "" if in_list => bypass.push_str(value),
            _ => in_list = false,
        }
    }
    server.map(|server| Display::Proxy { server, bypass })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::bypass_text;

    fn right() -> (String, String) {
        (format!("{}:{}", address().name, address().port), bypass_text())
    }

    fn display(bypass: &str) -> String {
        format!("\n現在の WinHTTP プロキシ設定:\n\n    プロキシ サーバー: {}\n    バイパス一覧     : {bypass}\n", right().0)
    }

    /// Rows: PX-06, DA-17
    #[test]
    fn each_known_mistake_of_the_typed_setting_has_its_own_words() {
        let (proxy, bypass) = right();
        let judge = |proxy: &str, bypass: &str| check(Way::Base, &Seen { proxy: Some(proxy), bypass: Some(bypass), ..Seen::default() });
        assert_eq!(judge(&proxy, &bypass), []);
        assert_eq!(judge(&format!("http://{}", proxy.to_uppercase()), &bypass), []);
        assert_eq!(judge("", &bypass), [Mistake::Off]);
        assert_eq!(judge("proxy.example:3128", &bypass), [Mistake::OtherProxy("proxy.example:3128".to_owned())]);
        assert_eq!(judge(&proxy, &bypass.replace(';', "；")), [Mistake::Lookalike('；')]);
        let missing = judge(&proxy, &bypass.replace("*.rece;", ""));
        assert_eq!(missing, [Mistake::Bypass(BypassMistake::Missing("*.rece"))]);
        assert!(missing[0].text().contains("「*.rece」がありません"));
        let joined = judge(&proxy, &bypass.replace("*.rece;", "*.rece"));
        assert!(matches!(joined.as_slice(), [Mistake::Bypass(BypassMistake::NoSemicolon(_))]), "{joined:?}");
        assert!(joined[0].text().contains("セミコロン（;）が抜けています"));
    }

    /// Rows: PX-04, PX-11
    #[test]
    fn a_forgotten_copy_command_is_named_from_the_systems_display() {
        let (proxy, bypass) = right();
        let judge =
            |winhttp: &str| check(Way::Base, &Seen { proxy: Some(&proxy), bypass: Some(&bypass), winhttp: Some(winhttp), v6_option: None });
        assert_eq!(judge(&display(&bypass)), []);
        for direct in ["現在の WinHTTP プロキシ設定:\n\n    直接アクセス (プロキシ サーバーなし)。", "    Direct access (no proxy server)."]
        {
            let found = judge(direct);
            assert_eq!(found, [Mistake::NotCopied]);
            assert!(found[0].text().contains("netsh winhttp import proxy source=ie"));
        }
        assert_eq!(judge(&display("*.onshikaku.org")), [Mistake::CopiedBefore]);
        assert_eq!(judge("'netsh' は、内部コマンドとして認識されていません。"), [Mistake::Unreadable]);
        let english = format!("Current WinHTTP proxy settings:\n\n    Proxy Server(s) :  {proxy}\n    Bypass List     :  {bypass}\n");
        assert_eq!(judge(&english), []);
        // The manual's own print breaks the list over lines.
        let broken = format!(
            "プロキシ サーバー : {proxy}\nバイパス一覧      : {}",
            bypass.replace(";*.lineauth", ";\n                  : *.lineauth")
        );
        assert_eq!(judge(&broken), []);
        let alone = Seen { winhttp: Some(&display("*.rece")), ..Seen::default() };
        assert_eq!(check(Way::Base, &alone).len(), 8);
    }

    /// Rows: PX-12
    #[test]
    fn a_line_without_the_v6_option_is_the_carriers_matter() {
        let found = check(Way::Base, &Seen { v6_option: Some(false), ..Seen::default() });
        assert_eq!(found, [Mistake::NoV6Option]);
        assert_eq!(found[0].owner(), Owner::Line);
        assert!(found[0].text().contains("v6オプション"));
        assert_eq!(check(Way::Base, &Seen { v6_option: Some(true), ..Seen::default() }), []);
    }

    /// Rows: PX-08, PX-09
    #[test]
    fn other_sites_settings_are_their_own_matter() {
        let seen = Seen { proxy: Some("proxy.example:3128"), bypass: Some(""), winhttp: Some("Direct access"), v6_option: Some(false) };
        assert_eq!(check(Way::Carrier, &seen), []);
        assert_eq!(check(Way::Site, &seen), []);
    }
}
