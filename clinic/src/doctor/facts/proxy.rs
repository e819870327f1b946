//! Facts about the way to software distribution: the proxy setting as it was typed, the proxy itself, and what lies behind it.

use super::view::is_silence;
use super::{Facts, View, japanese};
use crate::doctor::recording::{Outcome, Platform, ProxyText, What};
use manuals::hosts;
use manuals::proxy::{self, BypassMistake, Mistake, Seen, Way};

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    settings(view, facts);
    asked(view, facts);
    origins(facts);
    tool(view, facts);
}

/// The known mistakes of the typed setting (DA-17, PX-06, PX-11). Elsewhere than on Windows a proxy is set only by who says so.
fn settings(view: &View<'_>, facts: &mut Facts) {
    let recording = view.recording;
    let stated = recording.site.distribution == Some(Way::Base);
    if !view.counts(proxy::address().name) || !(recording.platform == Platform::Windows || stated) {
        return;
    }
    let machine = &recording.machine;
    let (user, system) = (machine.user_proxy.as_ref(), machine.system_proxy.as_ref());
    if user.is_some_and(|user| user.script.is_some()) {
        facts.note("p.by-script", "ブラウザのプロキシは自動構成スクリプトによる");
    }
    let by_hand = user.filter(|user| user.script.is_none());
    let typed = by_hand.map(|user| if user.enabled { user.server.as_str() } else { "" });
    let display = system.map(shown);
    let off = typed == Some("");
    let seen = Seen {
        proxy: typed,
        bypass: by_hand.filter(|_| !off).map(|user| user.bypass.as_str()),
        winhttp: display.as_deref(),
        v6_option: None,
    };
    for mistake in proxy::check(view.way(), &seen) {
        let name = match &mistake {
            Mistake::Off => "p.off",
            Mistake::OtherProxy(_) => "p.other",
            Mistake::Lookalike(_) => "p.lookalike",
            Mistake::Bypass(BypassMistake::Missing(entry)) => {
                facts.note_with("p.entry-missing", mistake.text(), "entry", *entry);
                continue;
            }
            Mistake::Bypass(BypassMistake::NoSemicolon(_)) => "p.semicolon-missing",
            Mistake::NotCopied => "p.not-copied",
            Mistake::CopiedBefore => "p.copied-before",
            Mistake::Unreadable => "p.unreadable",
            Mistake::NoV6Option => "l.no-v6-option",
        };
        facts.note(name, mistake.text());
    }
}

/// The system's setting as its own program displays it, which is what the check reads.
fn shown(system: &ProxyText) -> String {
    if system.enabled && !system.server.is_empty() {
        format!("Proxy Server(s) : {}\nBypass List : {}\n", system.server, system.bypass)
    } else {
        "Direct access (no proxy server).".to_owned()
    }
}

/// What the proxy itself did, and hosts through it.
fn asked(view: &View<'_>, facts: &mut Facts) {
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Proxy { .. } | What::ProxyTo { .. } | What::Distribution { .. })) {
        let (host, itself) = match what {
            What::Proxy { host } => (host, true),
            What::ProxyTo { host } | What::Distribution { host } => (host, false),
            _ => continue,
        };
        let own = !view.counts(proxy::address().name);
        match outcome {
            Outcome::Closed { until } => closed(host, until.map(japanese), facts),
            Outcome::Page { status: 407, .. } => {
                facts.note_with("p.asks-login", format!("{host}: プロキシが認証を求める（407）"), "host", host.clone())
            }
            Outcome::Page { status, message: Some(key), .. } => {
                let evidence = format!("{host}: HTTP {status} {key}");
                let name = match key.as_str() {
                    "proxy-closed" => "p.closed",
                    "proxy-host-refused" => "p.host-refused",
                    "proxy-bypass-missing" => "p.bypass-refused",
                    "proxy-busy" => "p.busy",
                    "proxy-host-unreachable" => "p.origin-lost",
                    "proxy-list-stale" => "p.list-stale",
                    "unadmitted-line" => "l.refused-as-unadmitted",
                    _ => continue,
                };
                facts.note_with(name, evidence, "host", host.clone());
            }
            Outcome::Page { status: 200..=399, .. } | Outcome::Connected if itself => facts.note("p.reached", format!("{host} に届く")),
            Outcome::Page { status: 200..=399, .. } | Outcome::Connected => facts.note("p.origin-reached", format!("{host} に届く")),
            Outcome::Page { status: 500..=599, .. } if itself => {
                facts.note_with("p.fault", format!("{host}: HTTP が 5xx"), "host", host.clone())
            }
            outcome if is_silence(outcome) || matches!(outcome, Outcome::Refused { .. } | Outcome::Failed { .. }) => {
                let name = if itself || (own && matches!(what, What::ProxyTo { .. })) { "p.lost" } else { "p.origin-lost" };
                facts.note_with(name, format!("{host} から応答がない"), "host", host.clone());
            }
            _ => {}
        }
    }
    let connect = view.outcomes(|what| matches!(what, What::Connect { host, .. } if host == proxy::address().name));
    for (_, outcome) in connect {
        match outcome {
            Outcome::Connected => facts.note("p.connects", format!("{}:{} に接続できる", proxy::address().name, proxy::address().port)),
            outcome if is_silence(outcome) || matches!(outcome, Outcome::Refused { .. }) => {
                facts.note_with(
                    "p.lost",
                    format!("{}:{} に接続できない", proxy::address().name, proxy::address().port),
                    "host",
                    proxy::address().name,
                );
            }
            _ => {}
        }
    }
}

fn closed(host: &str, until: Option<String>, facts: &mut Facts) {
    let evidence = format!("{host}: 閉塞中{}", until.as_deref().map(|until| format!("（{until} まで）")).unwrap_or_default());
    match until {
        Some(until) => facts.note_with("p.closed", evidence, "until", until),
        None => facts.note("p.closed", evidence),
    }
}

/// The v6 option's own sign: the platform answers, the base in the prefix of the option does not (PX-12).
fn origins(facts: &mut Facts) {
    let lost = facts.has("r.base-lost") && facts.has("p.lost") && !facts.has("p.connects") && !facts.has("p.closed");
    if lost && facts.has("r.portal-reached") {
        facts.note("p.base-all-lost", format!("{} と {} の両方に届かない", hosts::proxy_check().name, proxy::address().name));
    }
}

/// The distribution application's own settings: its server and its file.
fn tool(view: &View<'_>, facts: &mut Facts) {
    let settings = manuals::distribution::sheet().settings_file.rsplit('\\').next().unwrap_or_default();
    for file in view.recording.machine.files.iter().filter(|file| file.name.eq_ignore_ascii_case(settings)) {
        if file.present == Some(false) {
            facts.note_with("d.settings-missing", format!("{} がない", file.path), "path", file.path.clone());
        }
        let Some(wanted) = manuals::distribution::server_for(view.way()) else { continue };
        for chosen in file.values.values().filter_map(|value| server_in(value)).filter(|chosen| *chosen != wanted.key) {
            facts.note_with(
                "d.other-server",
                format!("配信サーバーが「{chosen}」（この契約では「{}」）", wanted.name),
                "server",
                wanted.name,
            );
        }
    }
    let site = &view.recording.site;
    let known = site.carrier.as_deref().filter(|carrier| proxy::sheet().carrier.iter().any(|known| known.name == *carrier));
    if let (Some(carrier), Some(way)) = (known, site.distribution)
        && proxy::way_of(carrier) != way
    {
        let wanted = manuals::distribution::server_for(proxy::way_of(carrier)).map_or("", |server| server.name);
        facts.note_with("d.other-server", format!("{carrier} では「{wanted}」だが、設定は{}", way.label()), "server", wanted);
    }
    for key in ["distribution-no-record", "distribution-tool-broken", "distribution-not-connected"] {
        let said =
            view.recording.texts.iter().any(|text| manuals::messages::recognise(&text.text).is_some_and(|message| message.key == key));
        match key {
            _ if !said => {}
            "distribution-no-record" => facts.note("d.no-record", "配信実績管理ファイルがない"),
            "distribution-tool-broken" => facts.note("d.settings-missing", "管理ツールに異常が発生した"),
            _ => facts.note_with("p.origin-lost", "配信アプリケーションが「接続失敗」と言う", "host", "配信サーバー"),
        }
    }
}

/// The distribution server that a setting means, however it is written: by its name, its key, or a host of it.
fn server_in(value: &str) -> Option<&'static str> {
    let value = value.trim();
    let cloud = proxy::sheet().own_proxy.must_reach.iter().any(|host| value.contains(host));
    let domain = hosts::proxy_check().name.split_once('.').map_or("", |(_, domain)| domain);
    let base = value.contains(domain);
    let ways = [Way::Base, Way::Carrier, Way::Site];
    let mut servers = ways.into_iter().filter_map(manuals::distribution::server_for);
    let meant = |server: &&'static manuals::distribution::Server| {
        let hosted = if server.ways.contains(&Way::Base) { base } else { cloud };
        hosted || value.eq_ignore_ascii_case(server.key) || (!value.is_empty() && server.name.starts_with(value))
    };
    servers.find(meant).map(|server| server.key)
}
