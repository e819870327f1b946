//! The report that the doctor draws, looked at in a browser on the terminal itself, at 100 % and at 200 %: what the desk reads first needs no word
//! of networks, and nothing of it asks another machine for anything.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::line::dismissed;
use crate::ward::{Ward, diagnosis, nothing, usual};

/// Words that nobody at a reception need know.
const OF_NETWORKS: &[&str] = &[
    "DNS",
    "IPv6",
    "IPv4",
    "TCP",
    "UDP",
    "TLS",
    "MTU",
    "NTP",
    "プレフィックス",
    "ゲートウェイ",
    "失効リスト",
    "プロキシ",
    "ポート",
    "パケット",
    "ドメイン",
];

/// A state of the world, and its picture's name.
struct State {
    picture: &'static str,
    comes: fn(&Ward<'_>) -> Result<()>,
    goes: fn(&Ward<'_>) -> Result<()>,
}

const STATES: &[State] = &[
    State { picture: "in-order", comes: nothing, goes: nothing },
    State {
        picture: "router-without-table",
        comes: |ward| {
            let mut settings = ward.clinic.settings();
            settings.forwards.clear();
            ward.clinic.router_answers_by(&settings, "")
        },
        goes: |ward| ward.clinic.router_answers_as_before(),
    },
    State { picture: "not-authenticated", comes: dismissed, goes: |ward| ward.authenticates() },
    State {
        picture: "carrier-down",
        comes: |ward| ward.carrier.machine().filters(&["forward drop", "input udp dport 53 drop", "input meta l4proto tcp drop"]),
        goes: |ward| ward.carrier.machine().passes_all(),
    },
    State {
        picture: "cable-out",
        comes: |ward| ward.terminal.machine().ip("link set eth0 down"),
        goes: |ward| {
            ward.terminal.machine().ip("link set eth0 up")?;
            crate::addresses::addresses_return(ward)
        },
    },
];

/// What the desk reads.
fn desk(said: &Value) -> String {
    ["sentence", "do", "desk"].iter().filter_map(|key| said[*key].as_str()).collect::<Vec<_>>().join("\n")
}

/// Rows: SU-06, LA-18
#[test]
fn is_looked_at() -> Result<()> {
    lab::story("faults-report", |world| {
        world.issues_certificates_for(400);
        let ward = Ward::healthy(world, &usual())?;
        let browser = ward.terminal.browser("doctor", &ward.roots)?;
        for state in STATES {
            (state.comes)(&ward)?;
            let file = ward.terminal.folder()?.join("report.html");
            let mut doctor = ward.doctor("onshi", &[])?;
            doctor.arg("--html").arg(&file);
            let said = diagnosis(doctor)?;
            let desk = desk(&said);
            let word = OF_NETWORKS.iter().find(|word| desk.contains(**word));
            ensure!(!desk.is_empty() && word.is_none(), "{}: the desk reads {word:?} in\n{desk}", state.picture);
            let html = std::fs::read_to_string(&file)?;
            ensure!(html.contains("<svg") && !html.contains("<script"), "{}: a drawing, and no program", state.picture);
            let asks = ["src=\"http", "href=\"http", "url(http", "@import"].iter().find(|word| html.contains(**word));
            ensure!(asks.is_none(), "{}: the report asks others: {asks:?}", state.picture);
            browser.open_page(&format!("file://{}", file.to_str().context("a path that is no text")?))?;
            let page = browser.text()?;
            let sentence = said["sentence"].as_str().context("no sentence")?;
            ensure!(page.contains(sentence), "{}: the page does not say {sentence}:\n{page}", state.picture);
            browser.picture(state.picture)?;
            (state.goes)(&ward)?;
        }
        Ok(())
    })
}
