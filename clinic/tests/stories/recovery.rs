//! Power cuts at every step: the next start finishes the request, once, under the drop id it already had.

use clinic::bridge::{Bridge, Error, FolderError};

use crate::site::{NAME, Peer, RESULT, Says, Sight, Site, left_tray, names, question, until, within};

const ID: &str = "00112233445566778899aabbccddeeff";

fn tray_file(part: &str, name: &str) -> String {
    format!("{part}/{name}")
}

/// Starts a bridge on what was left behind and returns what was asked and what stands in `res`.
async fn restarted(site: &Site) -> (Vec<String>, Vec<String>) {
    let peer = Peer::that([Says::Valid]);
    let bridge = site.bridge(&peer);
    bridge.stop().await;
    assert!(site.left_in_work().is_empty(), "{:?}", site.left_in_work());
    (peer.drop_ids(), site.results())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_may_have_been_asked_is_asked_again_under_its_own_drop_id() {
    let site = Site::new();
    left_tray(&site, ID, &[(&tray_file("in", NAME), &question())]);
    assert_eq!(restarted(&site).await, (vec![ID.to_owned()], vec![RESULT.to_owned()]));
}

/// Lays out what a stopped bridge leaves of a request without a folder of its own.
fn left_files(site: &Site, files: &[(&str, &str, &[u8])]) {
    for (part, name, content) in files {
        std::fs::write(site.config.work.join(format!("{ID}.{part}{name}")), content).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_folder_of_its_own_is_finished_from_wherever_it_stood() {
    let asked = vec![ID.to_owned()];
    let (open, sent) = (("open.", NAME, &*question()), ("sent.", NAME, &*question()));
    let (half, whole) = (("part", "", b"<?xml".as_slice()), ("out.", RESULT, b"finished".as_slice()));
    for (files, expected, result) in [
        (vec![open], &asked, true),
        (vec![open, half], &asked, true),
        (vec![open, whole, ("out.", "OQSsiquc01res_x.xml", b"old")], &asked, true),
        (vec![sent, whole], &vec![], true),
        // Something took the request away.
        (vec![whole], &vec![], true),
        (vec![half], &vec![], false),
        // Delivered and fetched.
        (vec![sent], &vec![], false),
    ] {
        let site = Site::new();
        left_files(&site, &files);
        let results = if result { vec![RESULT.to_owned()] } else { vec![] };
        assert_eq!(restarted(&site).await, (expected.clone(), results), "{:?}", files.iter().map(|(part, ..)| part).collect::<Vec<_>>());
        if expected.is_empty() && result {
            assert_eq!(std::fs::read(site.config.res.join(RESULT)).unwrap(), b"finished");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_left_behind_for_days_is_not_asked_again_because_the_center_has_forgotten_its_drop_id() {
    let site = Site::new();
    let tray = left_tray(&site, ID, &[(&tray_file("in", NAME), &question())]);
    let long_ago = std::time::SystemTime::from("2026-07-12T00:00:00Z".parse::<jiff::Timestamp>().unwrap());
    let request = std::fs::File::options().write(true).open(tray.join("in").join(NAME)).unwrap();
    request.set_modified(long_ago).unwrap();
    // Windows removes a file only when nobody has it open.
    drop(request);
    assert_eq!(restarted(&site).await, (vec![], vec![RESULT.to_owned()]));
    let result = wire::xml::read_check_result(&std::fs::read(site.config.res.join(RESULT)).unwrap()).unwrap();
    assert_eq!(result.header.error_code.as_deref(), Some(manuals::situation::Situation::DeadlinePassed.get().code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_only_half_made_is_made_again() {
    let site = Site::new();
    left_tray(&site, ID, &[(&tray_file("in", NAME), &question()), ("part", b"<?xml"), (&tray_file("out", "OQSsiquc01res_x.xml"), b"old")]);
    assert_eq!(restarted(&site).await, (vec![ID.to_owned()], vec![RESULT.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_result_is_delivered_without_asking() {
    let site = Site::new();
    left_tray(&site, ID, &[(&tray_file("sent", NAME), &question()), (&tray_file("out", RESULT), b"finished")]);
    assert_eq!(restarted(&site).await, (vec![], vec![RESULT.to_owned()]));
    assert_eq!(std::fs::read(site.config.res.join(RESULT)).unwrap(), b"finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_result_is_announced_and_never_delivered_twice() {
    let site = Site::new();
    std::fs::write(site.config.res.join(RESULT), "delivered").unwrap();
    let tray = left_tray(&site, ID, &[(&tray_file("sent", NAME), &question())]);
    std::fs::create_dir(tray.join("out")).unwrap();
    let mut reader = site.reader();
    assert_eq!(restarted(&site).await, (vec![], vec![RESULT.to_owned()]));
    assert_eq!(reader.next().await, Sight::Changed(RESULT.to_owned()));
    assert_eq!(std::fs::read(site.config.res.join(RESULT)).unwrap(), b"delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_result_that_was_fetched_stays_away_even_if_the_tray_was_half_cleared() {
    let site = Site::new();
    left_tray(&site, ID, &[(&tray_file("sent", NAME), &question())]);
    assert_eq!(restarted(&site).await, (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_finished_with_the_copy_that_was_still_missing() {
    let site = Site::new();
    std::fs::write(site.config.res.join("OQSsiquc01req_202607150001.err"), "why").unwrap();
    left_tray(&site, ID, &[(&tray_file("sent", NAME), b"broken"), (&tray_file("out", NAME), b"broken")]);
    let (asked, results) = restarted(&site).await;
    assert_eq!((asked, results), (vec![], vec!["OQSsiquc01req_202607150001.err".to_owned(), NAME.to_owned()]));
    assert_eq!(std::fs::read(site.config.res.join(NAME)).unwrap(), b"broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_never_got_its_request_is_cleared_and_foreign_folders_stay() {
    let site = Site::new();
    let tray = left_tray(&site, ID, &[]);
    std::fs::create_dir(tray.join("in")).unwrap();
    std::fs::create_dir(site.config.work.join("notes")).unwrap();
    let peer = Peer::that([Says::Valid]);
    site.bridge(&peer).stop().await;
    assert_eq!(site.left_in_work(), ["notes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_broken_off_in_the_middle_of_a_question_answers_it_after_the_restart() {
    let site = Site::new();
    let silent = Peer::that([Says::Never]);
    let bridge = site.bridge(&silent);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    silent.was_asked().await;
    drop(bridge);
    assert!(names(&site.config.req).is_empty() && site.results().is_empty());
    let peer = Peer::that([Says::Valid]);
    let clock = chassis::clock::Clock::driven("2026-07-15T00:15:00Z".parse().unwrap());
    // What was broken off may hold the work folder for a moment longer.
    let started = within("the lock being free", async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(5));
        loop {
            tick.tick().await;
            match Bridge::start_with(&site.config, clock.clone(), peer.clone()) {
                Err(Error::Folder(FolderError::InUse { .. })) => {}
                other => return other.unwrap(),
            }
        }
    })
    .await;
    reader.result(RESULT).await;
    started.stop().await;
    assert_eq!(peer.drop_ids(), silent.drop_ids());
    assert_eq!((site.results(), site.left_in_work()), (vec![RESULT.to_owned()], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_folder_that_is_away_is_waited_for_and_a_stop_meanwhile_loses_nothing() {
    let site = Site::new();
    let peer = Peer::that([Says::Valid]);
    let bridge = site.bridge(&peer);
    std::fs::remove_dir(&site.config.res).unwrap();
    site.drop_file(NAME, &question());
    until("the result being laid out", || bridge.status().answered == 1).await;
    bridge.stop().await;
    assert_eq!(site.left_in_work().len(), 2, "the tray keeps request and result");
    assert_eq!(restarted(&site).await, (vec![], vec![RESULT.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_bridge_on_the_same_work_folder_is_refused_in_words() {
    let site = Site::new();
    let peer = Peer::that([Says::Valid]);
    let first = site.bridge(&peer);
    let refused = Bridge::start_with(&site.config, chassis::clock::Clock::system(), peer.clone()).unwrap_err();
    assert!(matches!(refused, Error::Folder(FolderError::InUse { .. })) && refused.to_string().contains("二重に起動"));
    first.stop().await;
}
