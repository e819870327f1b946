//! Centers in trouble: away, late, refusing, unreadable. Every question still gets its one result file (R7, R14).

use jiff::SignedDuration;
use manuals::situation::Situation;

use crate::site::{NAME, Peer, RESULT, Says, Site, question, until};

/// Drops one question before a center that says `says`, and returns the result's code and sentence after checking its shape.
async fn told(site: &Site, says: Says) -> (String, String) {
    let peer = Peer::that([says]);
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let result = reader.result(RESULT).await;
    bridge.stop().await;
    assert_eq!((result.header.segment_of_result.as_str(), result.body.status.as_str()), ("9", "2"));
    assert_eq!(result.header.process_execution_time, "20260715091500");
    assert_eq!((result.header.confirmation_date.as_str(), result.header.facility_code.as_str()), ("20260715", "1310099999"));
    assert_eq!((result.header.reference_classification.as_str(), result.header.character_code.as_str()), ("2", "0"));
    assert_eq!(result.header.file_identifier.as_deref(), Some("KARTE-000123"));
    assert_eq!(result.body.search, Some(peer.questions()[0].search.clone()));
    assert_eq!(site.results(), [RESULT]);
    (result.header.error_code.unwrap(), result.header.error_message.unwrap())
}

fn words(situation: Situation) -> (String, String) {
    (situation.get().code.to_owned(), situation.get().desk.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_an_unreachable_center_is_given_up_in_time_and_the_desk_is_told() {
    let site = Site::with(|config| config.give_up_unreachable = SignedDuration::from_millis(400));
    assert_eq!(told(&site, Says::Unreachable).await, words(Situation::CenterUnreachable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_comes_back_in_time_is_asked_again_under_the_same_drop_id() {
    let site = Site::new();
    let peer = Peer::that([Says::Unreachable, Says::Refuses(503), Says::Valid]);
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    assert_eq!(reader.result(RESULT).await.header.segment_of_result, "1");
    bridge.stop().await;
    let ids = peer.drop_ids();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_a_silent_center_is_answered_for_when_the_deadline_passes() {
    let site = Site::with(|config| config.deadline = SignedDuration::from_millis(400));
    assert_eq!(told(&site, Says::Never).await, words(Situation::DeadlinePassed));
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_waiting_for_a_free_lane_counts_too() {
    let deadline = SignedDuration::from_millis(1500);
    let site = Site::with(|config| (config.deadline, config.lanes) = (deadline, 1));
    let peer = Peer::that([Says::Never]);
    let bridge = site.bridge(&peer);
    let begun = chassis::clock::instant();
    for number in 0..3 {
        site.drop_file(&format!("OQSsiquc01req_{number}.xml"), &question());
    }
    until("all results", || site.results().len() == 3).await;
    // One after the other they would have taken three deadlines.
    assert!(begun.elapsed() < deadline.unsigned_abs() * 2, "{:?}", begun.elapsed());
    assert_eq!(bridge.status().failed, 3);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_passed_on_in_the_centers_words_with_its_incident_number() {
    let (code, message) = told(&Site::new(), Says::Refuses(403)).await;
    assert_eq!(code, "OQSA1009E");
    assert_eq!(message, "この端末は使えません。（受付番号 K7TQ-2MPA-9C）");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_center_is_asked_again_before_its_refusal_is_passed_on() {
    let site = Site::with(|config| config.give_up_unreachable = SignedDuration::from_millis(100));
    let (code, _) = told(&site, Says::Refuses(503)).await;
    assert_eq!(code, "OQSA1009E");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_answer_becomes_a_readable_result() {
    assert_eq!(told(&Site::new(), Says::Unreadable).await, words(Situation::CenterAnswerUnreadable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laboratory_passes_an_unreadable_answer_on_as_a_broken_file() {
    let site = Site::with(|config| config.pass_broken_answers = true);
    let peer = Peer::that([Says::Unreadable]);
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let broken = reader.created(RESULT).await;
    bridge.stop().await;
    assert!(broken.starts_with(b"<?xml") && wire::xml::read_check_result(&broken).is_err());
}
