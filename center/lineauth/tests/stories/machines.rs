//! A machine without a browser reads its line's state, and walks the same pages as JSON.

use chassis::on_both;
use http::header;
use lineauth::Change;
use manuals::Region;
use wire::line::{CAPTIVE, Captive, LineState, Screen};

use crate::town::*;

async fn state(town: &Town, address: &str) -> Captive {
    let page = town.browser(address).ask(&format!("{}/captive", manuals::lineauth::url()), None).await;
    assert_eq!(page.headers[header::CONTENT_TYPE], CAPTIVE);
    serde_json::from_str(&page.text).unwrap()
}

on_both!(
    /// Rows: LA-17, LA-18
    the_captive_portal_state_says_what_a_person_would_see,
    async |place| {
        let town = Town::settled(place).await;
        let before = state(&town, TERMINAL).await;
        assert!(before.captive && before.line_state == LineState::NotAuthenticated && before.code.is_none());
        assert_eq!((before.user_portal_url, before.address), (format!("{}/", manuals::lineauth::url()), TERMINAL.to_owned()));
        town.browser(TERMINAL).open_and_choose("wish").await.says("line-success");
        let after = state(&town, TERMINAL).await;
        assert!(!after.captive && after.line_state == LineState::Admitted);
        assert_eq!(after.message.as_deref(), Some("回線認証済みです。"));
        let elsewhere = state(&town, "2408:210:eeee::1").await;
        assert_eq!((elsewhere.line_state, elsewhere.code.as_deref()), (LineState::Ineligible, Some("P11019")));
        let mut fresh = line(Region::East, "CAF3333333333", "2408:210:dddd:3::/64");
        fresh.work_completed = None;
        town.lines.put(vec![fresh]).await.unwrap();
        let fresh = state(&town, "2408:210:dddd:3::1").await;
        assert_eq!((fresh.line_state, fresh.code.as_deref()), (LineState::WorkUnfinished, Some("P11011")));
        let moved = Change { prefixes: Some(vec!["2408:210:ffff:100::/56".to_owned()]), ..Change::default() };
        town.lines.change(Region::East, LINE, moved).await.unwrap();
        assert_eq!(state(&town, "2408:210:ffff:100::1").await.line_state, LineState::NotAuthenticated);
    }
);

on_both!(a_program_walks_the_same_pages_as_json, async |place| {
    let town = Town::settled(place).await;
    let mut browser = town.browser(TERMINAL);
    browser.accept = "application/json";
    let read = |text: &str| serde_json::from_str::<Screen>(text).unwrap();
    let portal = format!("{}/", manuals::lineauth::url());
    let begin = read(&browser.ask(&portal, None).await.text).next.unwrap();
    assert!(begin.consent.is_none());
    let intent = read(&browser.ask(&begin.url, None).await.text);
    assert_eq!((intent.key.as_str(), intent.address.as_str()), ("line-intent", TERMINAL));
    let next = intent.next.unwrap();
    let form = format!("choice=wish&consent={}", next.consent.unwrap());
    let done = read(&browser.ask(&next.url, Some(form)).await.text);
    assert_eq!((done.key.as_str(), done.text.as_str(), done.next), ("line-success", "回線認証に成功しました。", None));
    assert_eq!(read(&browser.ask(&portal, None).await.text).key, "line-already");
});
