//! A person opens the portal, reads, chooses, and sees what the manuals say one sees.

use chassis::on_both;
use http::{StatusCode, header};
use jiff::SignedDuration;
use lineauth::Change;
use manuals::{Region, hosts, messages};

use crate::town::*;

on_both!(
    /// Rows: LA-03, LA-04, LA-05, LA-12, LA-13, LA-18, LA-20
    a_line_is_authenticated_once_for_all_its_terminals_and_everybody_on_it,
    async |place| {
        let town = Town::settled(place).await;
        for (terminal, notifier) in [(TERMINAL, hosts::line_notifier_east()), (WEST_TERMINAL, hosts::line_notifier_west())] {
            let browser = town.browser(terminal);
            assert!(!town.admitted(terminal).await);
            let begin = browser.ask(&format!("{}/", manuals::lineauth::url()), None).await;
            let location = begin.headers[header::LOCATION].to_str().unwrap();
            assert!(begin.status == StatusCode::SEE_OTHER && location.starts_with(&format!("https://{}/", notifier.name)), "{location}");
            let intent = browser.open().await;
            for key in ["line-intent", "line-wish", "line-no-wish"] {
                assert!(intent.text.contains(messages::by_key(key).unwrap().text), "{}", intent.text);
            }
            assert!(!intent.text.contains("<script"), "works without a script");
            let policy = intent.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains(&manuals::lineauth::url()), "the form may go to the portal: {policy}");
            browser.press(&intent, "wish").await.says("line-success");
            assert!(town.admitted(terminal).await);
        }
        town.browser(TERMINAL).open().await.says("line-already");
        town.browser(OTHER_TERMINAL).open().await.says("line-already");
    }
);

on_both!(
    /// Rows: LA-12
    two_facilities_share_a_line_and_the_second_is_told_that_it_is_authenticated,
    async |place| {
        let town = Town::settled(place).await;
        town.browser(TERMINAL).open_and_choose("wish").await.says("line-success");
        // The pharmacy on the same premises applied for the same line.
        apply_for_line(&town.registry, &town.clock, "1310099999", "CAF1111111111").await;
        town.browser(OTHER_TERMINAL).open().await.says("line-already");
    }
);

on_both!(
    /// Rows: LA-06, LA-07, LA-19
    the_wrong_button_and_the_back_button_are_mended_by_opening_the_portal_again,
    async |place| {
        let town = Town::settled(place).await;
        let browser = town.browser(TERMINAL);
        let begin = browser.ask(&format!("{}/", manuals::lineauth::url()), None).await;
        let location = begin.headers[header::LOCATION].to_str().unwrap().to_owned();
        let intent = browser.ask(&location, None).await;
        browser.press(&intent, "no-wish").await.says("line-not-wished");
        assert!(!town.admitted(TERMINAL).await);
        // Back: the browser asks for the intent screen again, and even its kept copy leads nowhere.
        browser.ask(&location, None).await.says("line-back-button");
        browser.press(&intent, "wish").await.says("line-back-button");
        assert!(!town.admitted(TERMINAL).await);
        // Closed in the middle, then opened anew.
        browser.open().await;
        browser.open_and_choose("wish").await.says("line-success");
        // Sent twice: it is so by now.
        let form = format!("consent={}&choice=wish", intent.consent());
        browser.ask(&format!("{}/choice", manuals::lineauth::url()), Some(form)).await.says("line-already");
        browser.ask(&format!("https://{}/", hosts::line_notifier_east().name), None).await.says("line-back-button");
        browser.ask(&format!("{}/nowhere", manuals::lineauth::url()), None).await.says("line-back-button");
    }
);

on_both!(
    /// Rows: LA-09, LA-11
    a_line_that_nobody_applied_for_fails_in_one_sentence,
    async |place| {
        let town = Town::settled(place).await;
        let page = town.browser(STRANGER).open_and_choose("wish").await;
        page.says("line-failed");
        assert!(!town.admitted(STRANGER).await);
        assert!(page.text.contains(STRANGER), "support asks for the address: {}", page.text);
        // A line of that id in the other region is another line.
        town.lines.put(vec![line(Region::West, LINE, "2001:a250:99::/48")]).await.unwrap();
        town.browser("2001:a250:99::1").open_and_choose("wish").await.says("line-failed");
        // The day it is approved, the same terminal passes.
        apply_for_line(&town.registry, &town.clock, "1310099999", STRANGERS_LINE).await;
        town.browser(STRANGER).open_and_choose("wish").await.says("line-success");
    }
);

on_both!(
    /// Rows: LA-14, LA-15, LA-16
    a_line_that_may_not_enter_is_told_at_once_and_one_with_unfinished_works_after_the_choice,
    async |place| {
        let town = Town::settled(place).await;
        let mut phone = line(Region::East, "CAF2222222222", "2408:210:dddd:2::/64");
        phone.line_type = "フレッツ・ISDN".to_owned();
        let mut fresh = line(Region::East, "CAF3333333333", "2408:210:dddd:3::/64");
        fresh.work_completed = None;
        town.lines.put(vec![phone, fresh]).await.unwrap();
        town.browser("2408:210:dddd:2::1").open().await.says("line-ineligible");
        town.browser("2408:210:eeee::1").open().await.says("line-ineligible");
        let browser = town.browser("2408:210:dddd:3::1");
        browser.open_and_choose("wish").await.says("line-work-unfinished");
        let done = Change { work_completed: Some(today()), ..Change::default() };
        town.lines.change(Region::East, "CAF3333333333", done).await.unwrap();
        browser.open_and_choose("wish").await.says("line-failed");
    }
);

on_both!(
    /// Rows: LA-17
    a_line_with_a_new_prefix_is_asked_again_and_its_old_prefix_admits_nobody_any_more,
    async |place| {
        let town = Town::settled(place).await;
        town.browser(TERMINAL).open_and_choose("wish").await.says("line-success");
        let moved = Change { prefixes: Some(vec!["2408:210:ffff:100::/56".to_owned()]), ..Change::default() };
        town.lines.change(Region::East, LINE, moved).await.unwrap();
        let browser = town.browser("2408:210:ffff:142::9");
        assert!(!town.admitted("2408:210:ffff:142::9").await);
        let intent = browser.open().await;
        assert!(intent.text.contains("希望する"), "{}", intent.text);
        browser.press(&intent, "wish").await.says("line-success");
        assert!(town.admitted("2408:210:ffff:1ff::1").await, "the whole /56");
        assert!(!town.admitted(TERMINAL).await, "the old prefix is somebody else's soon");
        assert_eq!(town.registry.prefixes_of(LINE).await.unwrap(), ["2408:210:ffff:100::/56"]);
    }
);

on_both!(an_intent_screen_that_was_left_open_too_long_leads_to_the_portal, async |place| {
    let town = Town::settled(place).await;
    let browser = town.browser(TERMINAL);
    let begin = browser.ask(&format!("{}/", manuals::lineauth::url()), None).await;
    let intent = browser.open().await;
    town.clock.advance(SignedDuration::from_mins(10));
    browser.ask(begin.headers[header::LOCATION].to_str().unwrap(), None).await.says("line-back-button");
    browser.press(&intent, "wish").await.says("line-back-button");
    assert!(!town.admitted(TERMINAL).await);
});
