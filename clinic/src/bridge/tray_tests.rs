//! Shows that a tray survives a stop at any step, and that other disks are reached without a move.
use super::*;
use crate::config::BridgeConfig;

const NAME: &str = "OQSsiquc01req_1.xml";
const ID: &str = "00112233445566778899aabbccddeeff";

fn folders(root: &tempfile::TempDir) -> Folders {
    Folders::open(&BridgeConfig::under(root.path())).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_taken_request_goes_all_the_way_and_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), "question").unwrap();
    let tray = Tray::take(&folders, OsStr::new(NAME)).unwrap().unwrap();
    assert!(names(&folders.req).is_empty() && tray.id.len() == 32);
    tray.secure(&folders).unwrap();
    assert_eq!(tray.read(4).unwrap().unwrap(), b"ques");
    tray.lay_answer("OQSsiquc01res_1.xml", b"answer").unwrap();
    // A disk that stuttered makes each step come twice.
    tray.lay_answer("OQSsiquc01res_1.xml", b"another answer").unwrap();
    tray.lay_refusal(b"refused").unwrap();
    tray.deliver(&folders).unwrap();
    tray.deliver(&folders).unwrap();
    assert_eq!(std::fs::read(folders.res.join("OQSsiquc01res_1.xml")).unwrap(), b"answer");
    tray.close().unwrap();
    assert!(tray.read(4).unwrap().is_none(), "what is gone is no error");
    assert_eq!(names(&folders.res), ["OQSsiquc01res_1.xml"]);
    assert_eq!(names(&folders.work), ["bridge.lock"]);
}

#[test]
fn whoever_comes_second_takes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    assert!(Tray::take(&folders, OsStr::new(NAME)).unwrap().is_none());
    assert_eq!(names(&folders.work), ["bridge.lock"]);
}

#[test]
fn a_request_that_is_carried_over_from_another_disk_survives_a_stop_at_every_step() {
    for step in 0..4 {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(&root);
        let tray = Tray { id: ID.to_owned(), name: NAME.into(), folder: folders.work.join(ID) };
        std::fs::create_dir_all(tray.folder.join("in")).unwrap();
        std::fs::create_dir(tray.folder.join("claim")).unwrap();
        std::fs::write(tray.folder.join("claim").join(NAME), "").unwrap();
        std::fs::write(folders.req.join(NAME), "question").unwrap();
        if step >= 1 {
            std::fs::rename(folders.req.join(NAME), tray.claimed(&folders)).unwrap();
        }
        if step >= 2 {
            std::fs::write(tray.part(), "ques").unwrap();
        }
        if step >= 3 {
            std::fs::copy(tray.claimed(&folders), tray.request()).unwrap();
        }
        let found = Tray::left_behind(&folders).unwrap();
        if step == 0 {
            assert!(found.is_empty() && names(&folders.req) == [NAME], "nothing was taken yet");
            continue;
        }
        let [(tray, stage)] = found.as_slice() else { panic!("step {step}: {found:?}") };
        assert_eq!((tray.id.as_str(), *stage), (ID, Stage::Taken), "step {step}");
        assert_eq!(tray.read(99).unwrap().unwrap(), b"question", "step {step}");
        assert!(names(&folders.req).is_empty(), "step {step}");
    }
}

#[test]
fn a_claim_leaves_a_foreign_name_and_never_two_owners() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), "question").unwrap();
    let tray = Tray { id: ID.to_owned(), name: NAME.into(), folder: folders.work.join(ID) };
    std::fs::create_dir_all(tray.folder.join("in")).unwrap();
    tray.claim(&folders).unwrap();
    assert_eq!((names(&folders.req), tray.read(99).unwrap().unwrap()), (vec![], b"question".to_vec()));
    let second = Tray { id: ID.replace('0', "f"), name: NAME.into(), folder: folders.work.join(ID.replace('0', "f")) };
    std::fs::create_dir_all(second.folder.join("in")).unwrap();
    assert_eq!(second.claim(&folders).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_carrying_over_that_fails_gives_the_request_back_and_never_over_a_newer_one() {
    for newer in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(&root);
        std::fs::write(folders.req.join(NAME), "question").unwrap();
        let tray = Tray { id: ID.to_owned(), name: NAME.into(), folder: folders.work.join(ID) };
        // Without `in` the last step of the carrying over fails.
        std::fs::create_dir_all(&tray.folder).unwrap();
        tray.claim(&folders).unwrap_err();
        if newer {
            std::fs::write(folders.req.join(NAME), "newer").unwrap();
        }
        tray.give_back(&folders).unwrap();
        let expected = if newer { "newer" } else { "question" };
        assert_eq!(std::fs::read_to_string(folders.req.join(NAME)).unwrap(), expected);
        let found = Tray::left_behind(&folders).unwrap();
        assert_eq!(found.len(), usize::from(newer));
        if let [(kept, Stage::Taken)] = found.as_slice() {
            assert_eq!(kept.read(99).unwrap().unwrap(), b"question");
        }
    }
}

#[test]
fn where_no_move_is_possible_the_final_name_is_written_once() {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("from"), root.path().join("to"));
    std::fs::write(&from, "answer").unwrap();
    write_across(&from, &to).unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), b"answer");
    let written = std::fs::metadata(&to).unwrap().modified().unwrap();
    write_across(&from, &to).unwrap();
    assert_eq!(std::fs::metadata(&to).unwrap().modified().unwrap(), written, "an equal file is not written again");
    std::fs::write(&to, "ans").unwrap();
    write_across(&from, &to).unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), b"answer", "half of it is replaced");
}

/// Two real file systems, where the machine has them: `/dev/shm` is one of its own.
#[cfg(target_os = "linux")]
#[test]
fn req_and_res_on_another_disk_work_too() {
    use std::os::unix::fs::MetadataExt;
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
    let config = BridgeConfig { work: here.path().join("work"), ..BridgeConfig::under(there.path()) };
    let folders = Folders::open(&config).unwrap();
    assert_ne!(std::fs::metadata(&folders.work).unwrap().dev(), std::fs::metadata(&folders.req).unwrap().dev(), "two disks are needed");
    std::fs::write(folders.req.join(NAME), "question").unwrap();
    let tray = Tray::take(&folders, OsStr::new(NAME)).unwrap().unwrap();
    assert!(names(&folders.req).is_empty());
    tray.secure(&folders).unwrap();
    tray.lay_answer("OQSsiquc01res_1.xml", b"answer").unwrap();
    tray.deliver(&folders).unwrap();
    assert_eq!(std::fs::read(folders.res.join("OQSsiquc01res_1.xml")).unwrap(), b"answer");
}
