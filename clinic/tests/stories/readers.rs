//! Receipt computers that watch `res`, each in its own way (interface §1.5, §1.7).

use clinic::config::{FileCharset, ResultList};
use jiff::SignedDuration;

use crate::site::{NAME, Peer, RESULT, Says, Sight, Site, question, question_with};

/// Rows: LK-19
#[tokio::test(flavor = "multi_thread")]
async fn r3_a_result_is_created_whole_and_then_changes_once_more() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let Sight::Created(name, at_first_sight) = reader.next().await else { panic!("a change before the creation") };
    assert_eq!(name, RESULT);
    wire::xml::read_check_result(&at_first_sight).unwrap();
    reader.changed(RESULT).await;
    // Nothing holds the file: a reader may move it away.
    std::fs::rename(site.config.res.join(RESULT), site.root.path().join("archive.xml")).unwrap();
    assert_eq!(std::fs::read(site.root.path().join("archive.xml")).unwrap(), at_first_sight);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_a_reader_that_deletes_the_result_at_once_disturbs_nothing() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    reader.created(RESULT).await;
    std::fs::remove_file(site.config.res.join(RESULT)).unwrap();
    bridge.stop().await;
    assert_eq!((site.results(), site.left_in_work()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn r6_the_err_comes_before_the_requests_own_copy_which_keeps_every_byte() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    let broken = b"<XmlMsg><MessageHeader></XmlMsg>\r\n\0\xff".to_vec();
    site.drop_file(NAME, &broken);
    let Sight::Created(first, text) = reader.next().await else { panic!("a change before the creation") };
    assert_eq!(first, "OQSsiquc01req_202607150001.err");
    assert!(String::from_utf8(text).unwrap().starts_with("コード: OQS"));
    assert_eq!(reader.created(NAME).await, broken);
    bridge.stop().await;
    assert_eq!((site.left_in_work(), peer.drop_ids()), (vec![], vec![]));
}

/// Rows: LK-20
#[tokio::test(flavor = "multi_thread")]
async fn r15_a_shift_jis_site_gets_shift_jis_whatever_the_question_was_written_in() {
    let site = Site::with(|config| config.charset = FileCharset::ShiftJis);
    let peer = Peer::that([Says::Valid]);
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    for (number, encoding) in [(1, "UTF-8"), (2, "shift_jis")] {
        site.drop_file(&format!("OQSsiquc01req_{number}.xml"), &question_with("K-1", encoding));
        let bytes = reader.created(&format!("OQSsiquc01res_{number}.xml")).await;
        let (text, charset) = wire::charset::decode(&bytes).unwrap();
        assert_eq!(charset, wire::charset::Charset::ShiftJis);
        assert!(text.contains("架空　花子") && text.contains("<CharacterCodeIdentifier>1</CharacterCodeIdentifier>"), "{text}");
    }
    site.drop_file(NAME, b"<XmlMsg></Other></XmlMsg>");
    let err = reader.created("OQSsiquc01req_202607150001.err").await;
    assert!(wire::charset::decode_as(&err, wire::charset::Charset::ShiftJis).unwrap().contains("窓口の方へ"));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_and_r9_the_question_is_echoed_as_it_was_written() {
    let site = Site::with(|config| config.result_list = ResultList::Single);
    let peer = Peer::that([Says::Valid]);
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question_with("ＫＡＲＴＥ ０&amp;１", "UTF-8"));
    let text = String::from_utf8(reader.created(RESULT).await).unwrap();
    assert!(text.contains("<ArbitraryFileIdentifier>ＫＡＲＴＥ ０&amp;１</ArbitraryFileIdentifier>"), "{text}");
    assert!(text.contains("<InsurerNumber>  990010</InsurerNumber>"), "{text}");
    assert!(text.contains("<LimitApplicationCertificateRelatedConsFlg>0</LimitApplicationCertificateRelatedConsFlg>"), "{text}");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_questions_at_once_are_all_answered() {
    let site = Site::with(|config| config.scan_interval = SignedDuration::from_secs(60));
    let peer = Peer::that([Says::Valid]);
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    let numbers: Vec<_> = (0..100).map(|number| format!("OQSsiquc01res_{number}.xml")).collect();
    for number in 0..100 {
        site.drop_file(&format!("OQSsiquc01req_{number}.xml"), &question());
    }
    let mut missing = numbers.clone();
    while !missing.is_empty() {
        if let Sight::Created(name, _) = reader.next().await {
            missing.retain(|expected| *expected != name);
        }
    }
    let status = bridge.status();
    assert_eq!((status.taken, status.answered, status.waiting), (100, 100, 0));
    assert!(status.last_result.is_some());
    bridge.stop().await;
    assert!(site.left_in_work().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_files_of_this_repository_are_taken_and_asked() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut results = Vec::new();
    for name in crate::site::names(&examples).into_iter().filter(|name| name.ends_with(".xml")) {
        site.drop_file(&name, &std::fs::read(examples.join(&name)).unwrap());
        results.push(name.replace("req_", "res_"));
    }
    assert!(results.contains(&"OQSsiquc01res_example.xml".to_owned()) && results.len() > 3);
    crate::site::until("a result for each example", || site.results() == results).await;
    bridge.stop().await;
    for request in peer.questions() {
        request.validate().unwrap();
    }
}
