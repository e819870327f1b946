//! Receipt computers that write in place, slowly, aside, locked, or change their mind (interface §1.4).

use std::io::Write;

use jiff::SignedDuration;

use crate::site::{NAME, Peer, RESULT, Says, Site, names, question, question_with, until};

/// Only wholeness may decide in these stories, not the patience with broken files.
fn patient() -> Site {
    Site::with(|config| config.settle = SignedDuration::from_secs(600))
}

/// Rows: LK-02
#[tokio::test(flavor = "multi_thread")]
async fn r1_a_dropped_question_is_taken_and_answered_under_the_same_stem() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let result = reader.result(RESULT).await;
    assert_eq!((result.header.segment_of_result.as_str(), result.body.records.len()), ("1", 1));
    assert_eq!(result.header.file_identifier.as_deref(), Some("KARTE-000123"));
    bridge.stop().await;
    assert_eq!((names(&site.config.req), site.results(), site.left_in_work()), (vec![], vec![RESULT.to_owned()], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_question_written_slowly_in_place_is_asked_once_when_it_is_whole() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    let text = question();
    let mut file = std::fs::File::create(site.config.req.join(NAME)).unwrap();
    for piece in text.chunks(text.len() / 3) {
        until("the unfinished file being seen", || bridge.status().waiting == 1).await;
        assert!(peer.drop_ids().is_empty());
        file.write_all(piece).unwrap();
        file.sync_all().unwrap();
    }
    drop(file);
    reader.result(RESULT).await;
    assert_eq!(peer.drop_ids().len(), 1);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_file_written_aside_is_left_alone_until_it_gets_its_name() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    let aside = ".receptionagent-7f1e.tmp";
    site.drop_file(aside, &question());
    site.drop_file("OQSsiquc01req_2.xml", &question());
    reader.result("OQSsiquc01res_2.xml").await;
    assert_eq!(names(&site.config.req), [aside], "a foreign name stays");
    std::fs::rename(site.config.req.join(aside), site.config.req.join(NAME)).unwrap();
    reader.result(RESULT).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_question_taken_back_by_its_writer_is_forgotten() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    site.drop_file(NAME, b"<XmlMsg>");
    until("the unfinished file being seen", || bridge.status().waiting == 1).await;
    assert!(bridge.status().oldest.is_some());
    std::fs::remove_file(site.config.req.join(NAME)).unwrap();
    until("the file being forgotten", || bridge.status().waiting == 0).await;
    bridge.stop().await;
    assert_eq!((peer.drop_ids(), site.results()), (vec![], vec![]));
}

#[cfg_attr(windows, ignore = "Wine 8 lets everyone read locked bytes; to be run on a real Windows")]
#[tokio::test(flavor = "multi_thread")]
async fn r1_a_locked_question_is_left_to_its_writer_until_the_lock_is_gone() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let held = std::fs::File::options().write(true).open(site.config.req.join(NAME)).unwrap();
    held.lock().unwrap();
    let bridge = site.bridge(&peer);
    until("the locked file being seen", || bridge.status().waiting == 1).await;
    assert!(peer.drop_ids().is_empty());
    held.unlock().unwrap();
    drop(held);
    reader.result(RESULT).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_files_are_found_without_any_notice_and_those_that_waited_before_the_start_too() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let bridge = site.bridge(&peer);
    reader.result(RESULT).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_dropped_again_is_a_new_question() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    for _ in 0..2 {
        site.drop_file(NAME, &question());
        reader.result(RESULT).await;
    }
    bridge.stop().await;
    let ids = peer.drop_ids();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_dropped_twice_at_once_is_asked_one_after_the_other() {
    let (site, peer) = (patient(), Peer::that([Says::Unreachable, Says::Unreachable, Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question_with("FIRST", "UTF-8"));
    peer.was_asked().await;
    site.drop_file(NAME, &question_with("SECOND", "UTF-8"));
    for file in ["FIRST", "SECOND"] {
        assert_eq!(reader.result(RESULT).await.header.file_identifier.as_deref(), Some(file));
    }
    bridge.stop().await;
    let ids = peer.drop_ids();
    assert!(ids.len() == 4 && ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert_eq!((names(&site.config.req), site.left_in_work()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bridges_on_one_request_folder_share_the_work_and_never_do_it_twice() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let mut second = site.config.clone();
    second.work = site.root.path().join("work2");
    let clock = chassis::clock::Clock::driven("2026-07-15T00:15:00Z".parse().unwrap());
    let one = site.bridge(&peer);
    let two = clinic::bridge::Bridge::start_with(&second, clock, peer.clone()).unwrap();
    for number in 0..40 {
        site.drop_file(&format!("OQSsiquc01req_{number}.xml"), &question());
    }
    until("all results", || site.results().len() == 40).await;
    one.stop().await;
    two.stop().await;
    let mut ids = peer.drop_ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), peer.drop_ids().len()), (40, 40));
    assert!(names(&site.config.req).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_files_at_once_have_one_result_each_and_leave_nothing_behind() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    for number in 0..300 {
        site.drop_file(&format!("OQSsiquc01req_{number}.xml"), &question());
    }
    let bridge = site.bridge(&peer);
    until("all results", || site.results().len() == 300).await;
    bridge.stop().await;
    let asked: std::collections::BTreeSet<_> = peer.drop_ids().into_iter().collect();
    assert_eq!((asked.len(), peer.drop_ids().len()), (300, 300));
    assert_eq!((names(&site.config.req), site.left_in_work()), (vec![], vec![]));
}
