//! Whoever is silent, the person sees the page of P32031 when 25 seconds are over.

use std::time::Duration;

use chassis::testing::Place;
use http::StatusCode;
use lineauth::{Config, Link};

use crate::town::*;

/// Rows: LA-08
#[tokio::test(start_paused = true)]
async fn a_silent_registry_yields_the_page_of_p32031_after_25_seconds() {
    let place = Place::sqlite();
    let town = Town::settled(&place).await;
    let browser = town.browser(TERMINAL);
    let intent = browser.open().await;
    // The one writer is busy and stays so.
    let held = town.db.begin().await.unwrap();
    let mut pressed = std::pin::pin!(browser.press(&intent, "wish"));
    assert!(tokio::time::timeout(Duration::from_secs(24), &mut pressed).await.is_err(), "nobody gives up before");
    let page = tokio::time::timeout(Duration::from_secs(2), pressed).await.expect("and nobody waits longer");
    assert_eq!(page.status, StatusCode::GATEWAY_TIMEOUT);
    page.says("line-no-answer");
    drop(held);
    browser.open_and_choose("wish").await;
    assert!(town.admitted(TERMINAL).await, "and later it goes on");
}

/// Rows: LA-08
#[tokio::test]
async fn a_silent_notifier_yields_the_page_of_p32031() {
    // It takes connections and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let place = Place::sqlite();
    let root = some_root();
    let town = Town::linked(&place, |notifier| {
        let name = manuals::hosts::line_notifier(notifier.region()).name.to_owned();
        let config = Config { notifier_addresses: [(name, address)].into(), ..Config::default() };
        Link::there(notifier.region(), root.clone(), &config).unwrap()
    })
    .await;
    let mut browser = town.browser(TERMINAL);
    browser.accept = "application/json";
    let intent: wire::line::Screen = serde_json::from_str(&browser.open().await.text).unwrap();
    let next = browser.ask(&intent.next.unwrap().url, None).await;
    let next: wire::line::Screen = serde_json::from_str(&next.text).unwrap();
    let next = next.next.unwrap();
    let form = format!("choice=wish&consent={}", next.consent.unwrap());
    tokio::time::pause();
    let page = tokio::time::timeout(Duration::from_secs(26), browser.ask(&next.url, Some(form))).await.expect("in time");
    let said: wire::line::Screen = serde_json::from_str(&page.text).unwrap();
    assert_eq!((said.key.as_str(), said.code.as_deref(), said.stage.as_deref()), ("line-no-answer", Some("P32031"), Some("notifier")));
    assert!(!town.admitted(TERMINAL).await);
    drop(silent);
}

/// Any root: nobody ever shows a certificate of it.
fn some_root() -> Vec<u8> {
    include_bytes!("root.pem").to_vec()
}
