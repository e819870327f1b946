//! A machine without a browser walks the pages of line authentication, and is led nowhere else.

use clinic::line::watch::{self, Event};
use clinic::line::{LineError, LinePortal};
use manuals::messages;
use serde_json::{Value, json};
use tempfile::TempDir;
use wire::line::LineState;

use crate::small_center::SmallCenter;

fn page(key: &str, next: Value) -> (u16, String) {
    let message = messages::by_key(key).unwrap();
    let mut page = json!({ "key": key, "text": message.text, "address": "::1", "at": "2026-07-15 10:00:00" });
    if let Some(owner) = message.owner {
        page["owner"] = owner.label().into();
    }
    if !next.is_null() {
        page["next"] = next;
    }
    (200, page.to_string())
}

fn to_notifier() -> (u16, String) {
    page("line-intent", json!({ "url": "https://assv.asc.flets-east.jp/notify?request=a.b" }))
}

fn state(line_state: &str) -> (u16, String) {
    let state = json!({
        "captive": line_state != "admitted", "user-portal-url": "https://www.lineauth.mnw/", "can-extend-session": false,
        "line-state": line_state, "address": "127.0.0.1",
    });
    (200, state.to_string())
}

#[tokio::test]
async fn the_choice_is_sent_with_what_the_notifier_signed() {
    let folder = TempDir::new().unwrap();
    let center = SmallCenter::new(folder.path()).await;
    let portal = LinePortal::connect(&center.config.center).unwrap();
    let intent = page("line-intent", json!({ "url": "https://www.lineauth.mnw/choice", "consent": "eyJ-_x.y" }));
    center.will_say([to_notifier(), intent, page("line-success", Value::Null)]);
    assert_eq!(portal.authenticate().await.unwrap().key, "line-success");
    let calls = center.calls();
    assert_eq!(calls.iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), ["/", "/notify", "/choice"]);
    assert_eq!(calls[2].body, b"choice=wish&consent=eyJ-_x.y");
    center.will_say([page("line-already", Value::Null)]);
    assert_eq!(portal.authenticate().await.unwrap().key, "line-already");
}

#[tokio::test]
async fn a_page_that_leads_elsewhere_is_not_followed() {
    let folder = TempDir::new().unwrap();
    let center = SmallCenter::new(folder.path()).await;
    let portal = LinePortal::connect(&center.config.center).unwrap();
    let form = |url: &str, consent: &str| page("line-intent", json!({ "url": url, "consent": consent }));
    let scripts = [
        vec![page("line-intent", json!({ "url": "https://evil.example/notify" }))],
        vec![page("line-intent", json!({ "url": "http://assv.asc.flets-east.jp/notify" }))],
        vec![to_notifier(), form("https://evil.example/choice", "a.b")],
        vec![to_notifier(), form("https://www.lineauth.mnw/choice", "a.b&choice=no-wish")],
        vec![to_notifier(), page("line-intent", json!({ "url": "https://www.lineauth.mnw/choice" }))],
        vec![(200, "<html>".to_owned())],
    ];
    for script in scripts {
        center.will_say(script.clone());
        let error = portal.authenticate().await.unwrap_err();
        assert!(matches!(error, LineError::Unreadable { .. }), "{script:?}: {error}");
    }
}

/// Rows: LA-17
#[tokio::test]
async fn a_watch_tells_the_state_and_authenticates_when_it_may() {
    let folder = TempDir::new().unwrap();
    let center = SmallCenter::new(folder.path()).await;
    let portal = LinePortal::connect(&center.config.center).unwrap();
    assert!(portal.own_address().await.unwrap().is_loopback());
    let intent = page("line-intent", json!({ "url": "https://www.lineauth.mnw/choice", "consent": "a.b" }));
    center.will_say([state("not-authenticated"), to_notifier(), intent, page("line-success", Value::Null), state("admitted")]);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn(async move {
        watch::watch(&portal, watch::LOOK, true, move |event| tell.send(event).unwrap()).await;
    });
    let Event::State { changed, state, .. } = told.recv().await.unwrap() else { panic!("no state first") };
    assert!(!changed && state.line_state == LineState::NotAuthenticated);
    let Event::Authenticated(screen) = told.recv().await.unwrap() else { panic!("not authenticated") };
    assert_eq!(screen.key, "line-success");
    watching.abort();
    assert_eq!(center.calls().len(), 4, "and then the portal is left alone");
}
