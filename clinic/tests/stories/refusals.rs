//! Files the bridge itself cannot take: an `.err` that says why, and the request's own bytes beside it (§1.7, R6).

use jiff::SignedDuration;
use manuals::situation::Situation;

use crate::site::{NAME, Peer, Says, Site, names, question, question_with};

/// Drops `content` as `name`, checks that it came back byte for byte, and returns the `.err`.
async fn refused(name: &str, content: &[u8]) -> String {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(name, content);
    let err_name = format!("{}.err", name.rsplit_once('.').unwrap().0);
    let text = String::from_utf8(reader.created(&err_name).await).unwrap();
    assert_eq!(reader.created(name).await, content);
    assert_eq!(bridge.status().refused, 1);
    bridge.stop().await;
    assert!(peer.drop_ids().is_empty() && names(&site.config.req).is_empty() && site.left_in_work().is_empty());
    assert!(!text.contains("5501") && !text.contains("19800510"), "{text}");
    text
}

fn says(text: &str, situation: Situation) -> bool {
    let said = situation.get();
    text.contains(said.code) && text.contains(said.desk) && text.contains(said.vendor)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_never_finished_is_refused_after_it_rested() {
    let text = refused(NAME, &question()[..200]).await;
    assert!(says(&text, Situation::FileNeverComplete), "{text}");
    let text = refused(NAME, b"").await;
    assert!(says(&text, Situation::FileNeverComplete), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_file_is_refused_with_its_place() {
    let text = refused(NAME, b"<XmlMsg>\n<MessageHeader></Other>\n</XmlMsg>").await;
    assert!(says(&text, Situation::MalformedMessage) && text.contains("2行目"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_type_a_giant_and_a_false_charset_are_refused() {
    let text = refused(NAME, b"<!DOCTYPE XmlMsg [<!ENTITY a 'b'>]><XmlMsg></XmlMsg>").await;
    assert!(says(&text, Situation::DtdRefused), "{text}");
    let text = refused(NAME, &vec![b' '; wire::MAX_MESSAGE_BYTES + 10]).await;
    assert!(says(&text, Situation::TooLarge), "{text}");
    let text = refused(NAME, &question_with("カルテ", "Shift_JIS")).await;
    assert!(says(&text, Situation::EncodingMismatch), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_header_is_refused() {
    let text = refused(NAME, b"<XmlMsg><MessageBody></MessageBody></XmlMsg>").await;
    assert!(says(&text, Situation::MissingField) && text.contains("MessageHeader"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_that_is_not_served_is_refused_in_words_instead_of_being_ignored() {
    let text = refused("YZKsiquc01req_01.xml", b"<XmlMsg><MessageHeader/></XmlMsg>").await;
    assert!(says(&text, Situation::UnsupportedMessage), "{text}");
    let text = refused("OQSsiquc01req_01.zip", b"PK\x03\x04encrypted").await;
    assert!(says(&text, Situation::UnsupportedMessage), "{text}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_name_is_no_text_is_refused_and_its_bytes_are_kept() {
    use std::os::unix::ffi::OsStrExt;
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    // Shift_JIS in a file name, as an old share writes it.
    let name = std::ffi::OsStr::from_bytes(b"OQSsiquc01req_\x8a\xb3.xml");
    std::fs::write(site.config.req.join(name), question()).unwrap();
    crate::site::until("the refusal", || site.config.res.join(name).exists()).await;
    bridge.stop().await;
    assert_eq!(std::fs::read(site.config.res.join(name)).unwrap(), question());
    let err = site.config.res.join(std::ffi::OsStr::from_bytes(b"OQSsiquc01req_\x8a\xb3.err"));
    assert!(says(&std::fs::read_to_string(err).unwrap(), Situation::UnsupportedMessage));
    assert!(peer.drop_ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_with_the_name_of_a_request_are_left_alone() {
    let site = Site::with(|config| config.settle = SignedDuration::ZERO);
    let peer = Peer::that([Says::Valid]);
    std::fs::create_dir(site.config.req.join(NAME)).unwrap();
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file("OQSsiquc01req_2.xml", &question());
    reader.result("OQSsiquc01res_2.xml").await;
    bridge.stop().await;
    assert_eq!(names(&site.config.req), [NAME]);
}
