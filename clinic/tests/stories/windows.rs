//! Receipt computers on Windows: files that are held while they are written or read, folders below `C:\OQS`, and names in CP932.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use clinic::config::BridgeConfig;
use jiff::SignedDuration;
use manuals::situation::Situation;

use crate::site::{NAME, Peer, RESULT, Says, Sight, Site, names, question, until};

/// What others may do with a file while it is open.
const NOTHING: u32 = 0;
const READ: u32 = 1;
const READ_AND_WRITE: u32 = 3;
const EVERYTHING: u32 = 7;

/// Only what holds a file may decide in these stories, not the patience with broken files.
fn patient() -> Site {
    Site::with(|config| config.settle = SignedDuration::from_secs(600))
}

fn held(path: &Path, others_may: u32) -> File {
    File::options().read(true).share_mode(others_may).open(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_left_to_a_writer_that_holds_it_for_itself_until_it_is_closed() {
    for others_may in [NOTHING, READ, READ_AND_WRITE] {
        let (site, peer) = (patient(), Peer::that([Says::Valid]));
        let bridge = site.bridge(&peer);
        let mut reader = site.reader();
        let path = site.config.req.join(NAME);
        let mut writer = File::options().write(true).create_new(true).share_mode(others_may).open(path).unwrap();
        writer.write_all(&question()).unwrap();
        writer.sync_all().unwrap();
        until("the held file being seen", || bridge.status().waiting == 1).await;
        // The held file is whole, and the bridge goes on looking: it takes another.
        site.drop_file("OQSsiquc01req_2.xml", &question());
        reader.result("OQSsiquc01res_2.xml").await;
        assert_eq!((peer.drop_ids().len(), bridge.status().taken), (1, 1), "others may {others_may}");
        drop(writer);
        reader.result(RESULT).await;
        bridge.stop().await;
        assert_eq!((peer.drop_ids().len(), site.left_in_work()), (2, vec![]), "others may {others_may}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_its_writer_lets_others_move_is_taken_when_it_is_whole() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    let _virus_scanner = held(&site.config.req.join(NAME), EVERYTHING);
    reader.result(RESULT).await;
    bridge.stop().await;
    assert_eq!(peer.drop_ids().len(), 1);
}

/// A reader that lets others delete is not waited for by a Windows of today, but by older ones, shares, and Wine.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_comes_at_the_latest_when_the_reader_of_an_older_one_of_its_name_lets_go() {
    for others_may in [NOTHING, READ, READ_AND_WRITE, EVERYTHING] {
        let (site, peer) = (patient(), Peer::that([Says::Valid]));
        std::fs::write(site.config.res.join(RESULT), b"older").unwrap();
        let mut slow_reader = held(&site.config.res.join(RESULT), others_may);
        let bridge = site.bridge(&peer);
        let mut reader = site.reader();
        site.drop_file(NAME, &question());
        until("the result being laid out", || bridge.status().answered == 1).await;
        let mut seen = Vec::new();
        slow_reader.read_to_end(&mut seen).unwrap();
        assert_eq!(seen, b"older", "nobody writes into what a reader has open");
        drop(slow_reader);
        reader.result(RESULT).await;
        bridge.stop().await;
        assert_eq!((site.results(), site.left_in_work()), (vec![RESULT.to_owned()], vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_result_is_its_readers_alone_to_open_move_and_delete() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    for turn in ["move", "delete"] {
        site.drop_file(NAME, &question());
        let path = site.config.res.join(RESULT);
        loop {
            match reader.next().await {
                Sight::Changed(name) if name == RESULT => break,
                _ => {}
            }
        }
        until("the tray being cleared", || site.left_in_work().is_empty()).await;
        // Opened with nothing shared: that fails when anyone still has the file open, in whatever way.
        let mut file = File::options().read(true).write(true).share_mode(NOTHING).open(&path).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert!(wire::xml::read_check_result(&content).is_ok());
        drop(file);
        if turn == "move" {
            std::fs::rename(&path, site.root.path().join("fetched.xml")).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!(site.results(), Vec::<String>::new(), "{turn}");
    }
    bridge.stop().await;
    assert_eq!(peer.drop_ids().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_its_reader_deletes_while_another_has_it_open_is_gone() {
    let (site, peer) = (patient(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    reader.result(RESULT).await;
    let path = site.config.res.join(RESULT);
    let other = held(&path, EVERYTHING);
    std::fs::remove_file(&path).unwrap();
    drop(other);
    bridge.stop().await;
    assert_eq!((site.results(), site.left_in_work()), (vec![], vec![]));
}

/// The second byte of 表 and ソ in CP932 is a backslash; ①, ㈱, 髙 and 﨑 are letters that only Windows' own Shift_JIS has.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_cp932_below_the_folder_of_the_field_are_taken_and_answered() {
    let (site, peer) = (on_drive_c(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    for stem in ["①㈱髙﨑", "ソ表能予", "ﾊﾝｶｸ", "患者　一覧"] {
        let mut reader = site.reader();
        site.drop_file(&format!("OQSsiquc01req_{stem}.xml"), &question());
        let result = reader.result(&format!("OQSsiquc01res_{stem}.xml")).await;
        assert_eq!(result.header.file_identifier.as_deref(), Some("KARTE-000123"), "{stem}");
    }
    bridge.stop().await;
    assert_eq!((names(&site.config.req), site.left_in_work()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_deeper_than_windows_old_limit_of_260_letters_are_used() {
    let (site, peer) = (on_drive_c(), Peer::that([Says::Valid]));
    let deep = site.root.path().join("長い名前".repeat(20)).join("深い場所".repeat(20)).join("その奥".repeat(20));
    assert!(deep.as_os_str().len() > 260);
    let config = BridgeConfig { req: deep.join("req"), res: deep.join("res"), work: deep.join("work"), ..site.config.clone() };
    let site = Site { config, root: site.root };
    let bridge = site.bridge(&peer);
    let mut reader = site.reader();
    site.drop_file(NAME, &question());
    reader.result(RESULT).await;
    bridge.stop().await;
    assert_eq!(names(&site.config.req), Vec::<String>::new());
}

#[ignore = "Wine 8 makes no file with such a name; to be run on a real Windows"]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_name_is_no_text_is_refused_and_its_bytes_are_kept() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let bridge = site.bridge(&peer);
    let name = |ending: &str| {
        let mut letters: Vec<u16> = "OQSsiquc01req_".encode_utf16().collect();
        // Half of a letter: the other half was cut off.
        letters.push(0xd842);
        letters.extend(ending.encode_utf16());
        OsString::from_wide(&letters)
    };
    std::fs::write(site.config.req.join(name(".xml")), question()).unwrap();
    until("the refusal", || site.config.res.join(name(".xml")).exists()).await;
    bridge.stop().await;
    assert_eq!(std::fs::read(site.config.res.join(name(".xml"))).unwrap(), question());
    let said = std::fs::read_to_string(site.config.res.join(name(".err"))).unwrap();
    assert!(said.contains(Situation::UnsupportedMessage.get().code), "{said}");
    assert!(peer.drop_ids().is_empty());
}

/// A clinic in a folder of its own below `C:\OQS`, where receipt computers look.
fn on_drive_c() -> Site {
    std::fs::create_dir_all(r"C:\OQS").unwrap();
    Site::below(tempfile::Builder::new().prefix("試験 ").tempdir_in(r"C:\OQS").unwrap())
}
