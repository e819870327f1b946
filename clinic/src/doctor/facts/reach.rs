//! Facts about hosts: which were reached, which kept silent, what their pages said, and what the center says of itself.

use super::view::{is_answer, is_silence};
use super::{Facts, View, japanese};
use crate::doctor::explain;
use crate::doctor::recording::{Notice, Outcome, What};
use manuals::hosts::{self, Host};
use manuals::{Region, Situation};

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    web(view, facts);
    ports(view, facts);
    doors(view, facts);
    seen(view, facts);
    status(view, facts);
    time(view, facts);
}

/// What somebody saw on a screen, by the code or the words of a situation.
fn seen(view: &View<'_>, facts: &mut Facts) {
    for text in view.recording.texts.iter().filter(|text| text.of == super::line::SEEN) {
        let Some(key) = explain::explain(&text.text).map(|found| found.key) else { continue };
        if let Some(name) = said(key).filter(|name| *name != "l.refused-as-unadmitted" || !facts.has("l.admitted")) {
            facts.note_with(name, format!("画面に見えた言葉: {}", explain::plain_words(&text.text)), "host", "画面");
        }
    }
}

/// The host that a question goes to, if it is one of the closed network's doors.
fn host_of(what: &What) -> Option<&str> {
    match what {
        What::Connect { host, .. } | What::Tls { host } => Some(host),
        What::LinePortal | What::LinePage => Some(hosts::line_portal().name),
        What::Portal => Some(hosts::portal().name),
        What::WebApi => Some(hosts::web_api_login().name),
        What::CertificateDoor => Some(hosts::authority().name),
        What::Lists => Some(hosts::crl().name),
        _ => None,
    }
}

/// How all questions to one host went together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    Yes,
    Refused,
    Silent,
    NotAsked,
}

fn reached(view: &View<'_>, host: &str) -> Reached {
    // The highest question decides: a server that hangs still takes connections.
    let depth = |what: &What| match what {
        What::Connect { .. } => 0,
        What::Tls { .. } => 1,
        _ => 2,
    };
    let asked = view
        .outcomes(|what| host_of(what) == Some(host))
        .filter(|(_, outcome)| !matches!(outcome, Outcome::NotAsked { .. } | Outcome::Unfinished | Outcome::Unknown));
    let asked: Vec<(u8, &Outcome)> = asked.map(|(what, outcome)| (depth(what), outcome)).collect();
    let Some(deepest) = asked.iter().map(|(depth, _)| *depth).max() else { return Reached::NotAsked };
    let of_host: Vec<&Outcome> = asked.iter().filter(|(depth, _)| *depth == deepest).map(|(_, outcome)| *outcome).collect();
    if of_host.iter().any(|outcome| is_answer(outcome)) {
        return Reached::Yes;
    }
    // A page that went wrong on the way says little; whether anybody was there says more.
    let failed = of_host.iter().all(|outcome| matches!(outcome, Outcome::Failed { .. }));
    if failed && asked.iter().any(|(depth, outcome)| *depth < deepest && is_answer(outcome)) {
        return Reached::Yes;
    }
    let refused = asked.iter().any(|(_, outcome)| matches!(outcome, Outcome::Refused { .. }));
    if refused { Reached::Refused } else { Reached::Silent }
}

fn web(view: &View<'_>, facts: &mut Facts) {
    let notifier = |region: Region| hosts::line_notifier(region).name;
    let of_carrier = |host: &Host| Region::ALL.into_iter().any(|region| notifier(region) == host.name);
    let named: [(&Host, &'static str, &'static str); 7] = [
        (hosts::line_portal(), "r.line-portal-reached", "r.line-portal-lost"),
        (hosts::portal(), "r.portal-reached", "r.portal-lost"),
        (hosts::web_api_login(), "r.web-api-reached", "r.web-api-lost"),
        (hosts::web_api_search(), "r.web-api-reached", "r.web-api-lost"),
        (hosts::authority(), "r.authority-reached", "r.authority-lost"),
        (hosts::crl(), "r.lists-reached", "r.lists-lost"),
        (hosts::proxy_check(), "r.base-reached", "r.base-lost"),
    ];
    for (host, good, bad) in named.into_iter().filter(|(host, ..)| view.counts(host.name)) {
        match reached(view, host.name) {
            // This host exists for its name; whoever refuses is there.
            Reached::Refused if host.name == hosts::proxy_check().name => {
                facts.note(good, format!("{} に届く（ポートは閉じている）", host.name))
            }
            Reached::Yes => facts.note(good, format!("{} に届く", host.name)),
            Reached::Refused => facts.note_with(bad, format!("{} が接続を断る", host.name), "host", host.name),
            Reached::Silent => facts.note_with(bad, format!("{} から応答がない", host.name), "host", host.name),
            Reached::NotAsked => {}
        }
    }
    let center = hosts::all()
        .into_iter()
        .map(|(_, host)| host)
        .filter(|host| view.counts(host.name) && !of_carrier(host) && host.door != hosts::Door::Ntp);
    let grades: Vec<(&Host, Reached)> =
        center.map(|host| (host, reached(view, host.name))).filter(|(_, reached)| *reached != Reached::NotAsked).collect();
    let lost = grades.iter().filter(|(_, reached)| *reached != Reached::Yes).count();
    if grades.len() > 1 && lost == grades.len() {
        let silent = grades.iter().all(|(_, reached)| *reached == Reached::Silent);
        facts.note("r.center-all-lost", format!("センターの {lost} か所のどこにも届かない"));
        if !silent {
            facts.note("r.center-refuses", "応答する機器はあるが、接続を断られる");
        }
    } else if grades.iter().any(|(_, reached)| *reached == Reached::Yes) {
        facts.note("r.center-reached", "センターの少なくとも一か所に届く");
    }
    let desks: Vec<(&Host, Reached)> = grades.iter().copied().filter(|(host, _)| host.door == hosts::Door::Https).collect();
    if desks.len() > 2 && lost < grades.len() && desks.iter().all(|(_, reached)| *reached != Reached::Yes) {
        facts.note("r.desks-all-lost", format!("センターの {} か所の窓口がどれも答えない", desks.len()));
    }
    handshakes(view, facts);
    if let Some(region) = view.region {
        match reached(view, notifier(region)) {
            Reached::Yes => facts.note("r.notifier-reached", format!("{} に届く", notifier(region))),
            Reached::NotAsked => {}
            _ => facts.note_with("r.notifier-lost", format!("{} から応答がない", notifier(region)), "host", notifier(region)),
        }
    }
}

/// Every host takes connections, the carrier's too, and none gets as far as showing its certificates: small packets pass, large ones do not.
fn handshakes(view: &View<'_>, facts: &mut Facts) {
    let mut begun = 0;
    let mut carriers = false;
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Tls { .. })) {
        let What::Tls { host } = what else { continue };
        let connects = view
            .outcomes(|what| matches!(what, What::Connect { host: of, .. } if of == host))
            .any(|(_, outcome)| *outcome == Outcome::Connected);
        if !view.counts(host) || !connects {
            continue;
        }
        if is_answer(outcome) {
            return;
        }
        begun += 1;
        carriers |= Region::ALL.into_iter().any(|region| hosts::line_notifier(region).name == host);
    }
    if begun > 2 && carriers {
        facts.note("a.handshakes-lost", format!("{begun} か所のどこも、接続の後が続かない"));
    }
}

/// One port through which nothing passes to anybody, while others carry.
fn ports(view: &View<'_>, facts: &mut Facts) {
    for (port, name) in [(443, "r.port-443-blocked"), (80, "r.port-80-blocked"), (8080, "r.port-8080-blocked")] {
        let to = |wanted: bool| {
            let outcomes = view
                .outcomes(move |what| matches!(what, What::Connect { port: of, host, .. } if (*of == port) == wanted && view.counts(host)));
            outcomes.map(|(_, outcome)| outcome).collect::<Vec<_>>()
        };
        // The whole base silent is another matter than one port of it.
        let base = reached(view, hosts::proxy_check().name);
        if port == hosts::proxy().port && base == Reached::Silent {
            continue;
        }
        let (through, others) = (to(true), to(false));
        // One host that refuses is ill itself; who is silent, or several at once, are behind a filter.
        let lost =
            through.iter().filter(|outcome| is_silence(outcome) || (port == 443 && matches!(outcome, Outcome::Refused { .. }))).count();
        if lost > 0 && lost == through.len() && (port != 443 || lost > 1) && others.iter().any(|outcome| **outcome == Outcome::Connected) {
            facts.note_with(name, format!("TCP/{port} だけがどこへも通らない（{lost} か所）"), "port", port.to_string());
        }
    }
}

/// What pages of the center said, as the situation or message that was recognised on them.
fn doors(view: &View<'_>, facts: &mut Facts) {
    let wanted =
        |what: &What| matches!(what, What::Portal | What::WebApi | What::CertificateDoor | What::LinePage | What::LinePortal | What::Lists);
    for (what, outcome) in view.outcomes(wanted) {
        let host = host_of(what).unwrap_or_default();
        if !view.counts(host) {
            continue;
        }
        // Whoever could not ask does not know that all is well.
        if matches!(what, What::Portal | What::WebApi) && matches!(outcome, Outcome::Failed { .. }) {
            facts.note_with("r.desk-not-asked", format!("{host}: 尋ねることができなかった"), "host", host);
        }
        let Outcome::Page { status, message, .. } = outcome else { continue };
        let evidence = format!("{host}: HTTP {status} {}", message.as_deref().unwrap_or_default());
        if let Some(name) = message.as_deref().and_then(said) {
            facts.note_with(name, evidence.clone(), "host", host);
        }
        match (what, status, message) {
            (What::Portal, 200..=399, _) => facts.note("r.portal-works", evidence),
            (What::Portal | What::WebApi, 503, None) => facts.note_with("s.busy", evidence, "host", host),
            (What::Portal | What::WebApi, 500..=599, None) => facts.note_with("s.fault", evidence, "host", host),
            (What::CertificateDoor, 500..=599, None) => facts.note_with("s.authority-fault", evidence, "host", host),
            _ => {}
        }
    }
}

/// The fact of a situation or message.
pub(super) fn said(key: &str) -> Option<&'static str> {
    let situation = Situation::ALL.iter().find(|situation| situation.key() == key);
    let Some(situation) = situation else {
        return match key {
            "portal-is-verification" => Some("s.verification-portal"),
            "portal-is-viewing-terminal" => Some("s.viewing-portal"),
            "certificate-site-not-trusted" | "line-private-warning" => Some("x.browser-warns"),
            _ => None,
        };
    };
    Some(match situation {
        Situation::UnadmittedLine => "l.refused-as-unadmitted",
        Situation::NoCertificate => "c.not-presented",
        Situation::ForeignCertificate => "c.refused-as-foreign",
        Situation::ExpiredCertificate => "c.refused-as-expired",
        Situation::BlockedTerminal => "c.refused-as-blocked",
        Situation::UnknownTerminal => "c.refused-as-unknown",
        Situation::CertificateOfOtherFacility | Situation::TokenOfOtherFacility => "c.of-other-facility",
        Situation::KeyAlreadyUsed => "c.shared",
        Situation::CertificateSuperseded => "c.superseded",
        Situation::UnknownFacility => "u.facility-unknown",
        Situation::FacilityEnded => "u.facility-ended",
        Situation::LoginRefused => "u.login-refused",
        Situation::AccountLocked => "u.account-locked",
        Situation::Busy => "s.busy",
        Situation::InternalError => "s.fault",
        Situation::BridgeNotEnrolled => "b.not-set-up",
        Situation::CenterAnswerUnreadable => "s.unreadable",
        _ => return None,
    })
}

/// What the center itself announces: closures now, troubles now, desks that are ill.
fn status(view: &View<'_>, facts: &mut Facts) {
    let Some(outcome) = view.outcome(&What::CenterStatus) else { return };
    let Outcome::Status { rooms, closures, notices } = outcome else {
        if is_silence(outcome) {
            facts.note("s.status-silent", "センターの状況のページから応答がない");
        }
        return;
    };
    for room in rooms.iter().filter(|room| !room.healthy && used(view, &room.name)) {
        facts.note_with("s.room-ill", format!("センターの「{}」に障害: {}", room.name, room.note), "room", room.name.clone());
    }
    for closure in closures.iter().filter(|closure| closure.from <= view.now && view.now < closure.until) {
        let until = japanese(closure.until);
        if closure.what == hosts::proxy().name || closure.what == "proxy" {
            facts.note_with("p.closed", format!("{} は {until} まで閉塞中と告知されている", closure.what), "until", until);
        } else if view.counts(&closure.what) || used(view, &closure.what) {
            facts.note_with("s.closed", format!("{} は {until} まで閉塞中と告知されている", closure.what), "until", until);
        }
    }
    // Two clocks are never quite the same.
    let soon = view.now.checked_add(jiff::SignedDuration::from_mins(5)).unwrap_or(view.now);
    for notice in notices.iter().filter(|notice| notice.since <= soon && notice.until.is_none_or(|until| view.now < until)) {
        announced(view, notice, facts);
    }
}

fn announced(view: &View<'_>, notice: &Notice, facts: &mut Facts) {
    let elsewhere = Region::ALL.into_iter().any(|region| notice.affects == region.key() && view.region.is_some_and(|own| own != region));
    let room = !["all", ""].contains(&notice.affects.as_str()) && Region::by_key(&notice.affects).is_none();
    if elsewhere || (room && !used(view, &notice.affects)) {
        return;
    }
    let name = match notice.owner.as_str() {
        "line" | "carrier" => "s.announced-line",
        "national" => "s.announced-national",
        _ => "s.announced-center",
    };
    facts.note_with(name, format!("告知: {}", notice.text), "notice", notice.text.clone());
}

/// Whether a desk of the center is one that the site uses.
fn used(view: &View<'_>, room: &str) -> bool {
    use manuals::domains::Service;
    match room {
        "claims" | "prescription" => room == "claims" && view.recording.site.uses(Service::Claims),
        "eligibility" | "distribution" => view.recording.site.uses(Service::Eligibility),
        "operator" | "application" => false,
        _ => hosts::by_name(room).is_none_or(|host| view.counts(host.name)),
    }
}

/// The time: TLS and certificates bear some minutes, tokens and tickets fewer.
fn time(view: &View<'_>, facts: &mut Facts) {
    const MOST_MS: i64 = 120_000;
    let clock = super::view::clock(view.recording);
    if let Some((host, ms)) = clock {
        if ms.saturating_abs() > MOST_MS {
            let side = if ms > 0 { "進んで" } else { "遅れて" };
            facts.note_with(
                "t.clock-off",
                format!("この端末の時計は {host} より {} 秒{side}いる（許す差は2分）", ms.saturating_abs() / 1000),
                "side",
                side,
            );
            facts.note_with(
                "t.clock-off",
                format!("差は{}", amount(ms.saturating_abs() / 1000)),
                "amount",
                amount(ms.saturating_abs() / 1000),
            );
        } else {
            facts.note("t.clock-fine", format!("{host} との差は {ms} ミリ秒"));
        }
    }
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Time { .. })) {
        let What::Time { host } = what else { continue };
        if is_silence(outcome) && view.counts(host) && hosts::by_name(host).is_none_or(|host| host.door == hosts::Door::Ntp) {
            facts.note_with("t.server-silent", format!("{host} から時刻の応答がない"), "host", host.clone());
        }
    }
}

/// A span as people say it.
fn amount(seconds: i64) -> String {
    match seconds {
        0..=599 => format!("{}分", (seconds + 30) / 60),
        600..=7199 => format!("約{}分", seconds / 60),
        7200..=172_799 => format!("約{}時間", seconds / 3600),
        _ => format!("約{}日", seconds / 86_400),
    }
}
