//! Shows that a tray survives a stop at any step, and that other disks are reached without a move.
use super::across::write_across;
use super::*;
use crate::config::BridgeConfig;

const NAME: &str = "OQSsiquc01req_1.xml";
/// What is carried over to another disk must be whole, or rest first.
const QUESTION: &str = "<XmlMsg><MessageHeader><QualificationConfirmationDate>20260715</QualificationConfirmationDate>\
    <MedicalInstitutionCode>1310099999</MedicalInstitutionCode></MessageHeader><MessageBody><QualificationConfirmSearchInfo>\
    <InsurerNumber>  990010</InsurerNumber><InsuredIdentificationNumber>5501</InsuredIdentificationNumber>\
    <Birthdate>19800510</Birthdate></QualificationConfirmSearchInfo></MessageBody></XmlMsg>";
const ID: &str = "00112233445566778899aabbccddeeff";

fn folders(root: &tempfile::TempDir) -> Folders {
    Folders::open(&BridgeConfig::under(root.path())).unwrap()
}

fn now() -> Instant {
    chassis::clock::instant()
}

fn tray(folders: &Folders) -> Tray {
    Tray::new(folders, ID.to_owned(), NAME.into(), true)
}

fn taken(folders: &Folders) -> Tray {
    match Tray::take(folders, OsStr::new(NAME), None, now()).unwrap() {
        Taking::Taken(tray) => tray,
        Taking::Gone => panic!("gone"),
        Taking::Unsure(_, error) => panic!("{error}"),
    }
}

/// What the next start finds.
fn found(folders: &Folders) -> Vec<(Tray, Stage)> {
    let trays = Tray::left_behind(folders).unwrap();
    trays.into_iter().filter_map(|mut tray| tray.stage(folders, now()).unwrap().map(|stage| (tray, stage))).collect()
}

fn content(tray: &Tray, folders: &Folders) -> Vec<u8> {
    tray.read_secured(folders, 9999).unwrap().unwrap().bytes
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
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = taken(&folders);
    assert!(names(&folders.req).is_empty() && tray.id.len() == 32);
    assert_eq!(tray.read_secured(&folders, 4).unwrap().unwrap().bytes, &QUESTION.as_bytes()[..4]);
    tray.lay_answer(&folders, "OQSsiquc01res_1.xml", b"answer").unwrap();
    // A disk that stuttered makes each step come twice.
    tray.lay_answer(&folders, "OQSsiquc01res_1.xml", b"another answer").unwrap();
    tray.lay_refusal(&folders, b"refused").unwrap();
    tray.deliver(&folders).unwrap();
    tray.deliver(&folders).unwrap();
    assert_eq!(std::fs::read(folders.res.join("OQSsiquc01res_1.xml")).unwrap(), b"answer");
    tray.close(&folders).unwrap();
    assert_eq!(names(&folders.res), ["OQSsiquc01res_1.xml"]);
    assert_eq!(names(&folders.work), ["bridge.lock"]);
}

#[test]
fn a_very_long_name_and_a_name_that_is_no_text_go_all_the_way_in_a_folder() {
    let all = [
        OsString::from(format!("OQSsiquc01req_{}.xml", "x".repeat(237))),
        #[cfg(target_os = "linux")]
        std::os::unix::ffi::OsStringExt::from_vec(b"OQSsiquc01req_\x95.xml".to_vec()),
    ];
    for name in all {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(&root);
        std::fs::write(folders.req.join(&name), QUESTION).unwrap();
        let Taking::Taken(tray) = Tray::take(&folders, &name, None, now()).unwrap() else { panic!("not taken") };
        assert!(names(&folders.work).contains(&tray.id), "{:?}", names(&folders.work));
        assert_eq!(content(&tray, &folders), QUESTION.as_bytes());
        let [(_, Stage::Taken)] = found(&folders).as_slice() else { panic!("it is found again") };
        tray.lay_refusal(&folders, b"why").unwrap();
        tray.deliver(&folders).unwrap();
        tray.close(&folders).unwrap();
        assert_eq!(names(&folders.work), ["bridge.lock"]);
        assert_eq!(std::fs::read(folders.res.join(&name)).unwrap(), QUESTION.as_bytes());
        assert_eq!(std::fs::read(folders.res.join(err_name(&name))).unwrap(), b"why");
    }
}

#[test]
fn a_work_folder_that_is_away_as_a_whole_is_no_virus_scanner() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = taken(&folders);
    let aside = root.path().join("aside");
    std::fs::rename(&folders.work, &aside).unwrap();
    std::fs::create_dir(&folders.work).unwrap();
    tray.read_secured(&folders, 99).map(|_| ()).unwrap_err();
    tray.lay_answer(&folders, "OQSsiquc01res_1.xml", b"answer").unwrap_err();
    std::fs::remove_dir_all(&folders.work).unwrap();
    std::fs::rename(&aside, &folders.work).unwrap();
    assert_eq!(content(&tray, &folders), QUESTION.as_bytes());
}

#[test]
fn a_request_that_is_brought_back_after_its_question_was_closed_is_not_asked_again() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = taken(&folders);
    std::fs::remove_file(tray.request()).unwrap();
    tray.lay_refusal(&folders, b"why").unwrap();
    std::fs::write(tray.request(), QUESTION).unwrap();
    let found = found(&folders);
    let [(tray, Stage::Sent)] = found.as_slice() else { panic!("{found:?}") };
    tray.deliver(&folders).unwrap();
    tray.close(&folders).unwrap();
    assert_eq!((names(&folders.res), names(&folders.work)), (vec!["OQSsiquc01req_1.err".to_owned()], vec!["bridge.lock".to_owned()]));
}

#[test]
fn whoever_comes_second_takes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    assert!(matches!(Tray::take(&folders, OsStr::new(NAME), None, now()).unwrap(), Taking::Gone));
    assert_eq!(names(&folders.work), ["bridge.lock"]);
}

#[test]
fn a_request_that_is_carried_over_from_another_disk_survives_a_stop_at_every_step() {
    for step in 0..4 {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(&root);
        let tray = tray(&folders);
        std::fs::create_dir_all(tray.places.folder().join("in")).unwrap();
        std::fs::create_dir(tray.places.folder().join("claim")).unwrap();
        std::fs::write(tray.places.folder().join("claim").join(NAME), "").unwrap();
        std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
        if step >= 1 {
            std::fs::rename(folders.req.join(NAME), tray.claimed(&folders)).unwrap();
        }
        if step >= 2 {
            std::fs::write(tray.places.unfinished(), "ques").unwrap();
        }
        if step >= 3 {
            std::fs::copy(tray.claimed(&folders), tray.request()).unwrap();
        }
        let found = found(&folders);
        if step == 0 {
            assert!(found.is_empty() && names(&folders.req) == [NAME], "nothing was taken yet");
            continue;
        }
        let [(tray, stage)] = found.as_slice() else { panic!("step {step}: {found:?}") };
        assert_eq!((tray.id.as_str(), *stage), (ID, Stage::Taken), "step {step}");
        assert_eq!(content(tray, &folders), QUESTION.as_bytes(), "step {step}");
        assert!(names(&folders.req).is_empty(), "step {step}");
    }
}

#[test]
fn a_claim_leaves_a_foreign_name_and_never_two_owners() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = tray(&folders);
    std::fs::create_dir_all(tray.places.folder().join("in")).unwrap();
    tray.claim(&folders, now()).unwrap();
    assert_eq!((names(&folders.req), content(&tray, &folders)), (vec![], QUESTION.as_bytes().to_vec()));
    let second = Tray::new(&folders, ID.replace('0', "f"), NAME.into(), true);
    std::fs::create_dir_all(second.places.folder().join("in")).unwrap();
    assert_eq!(second.claim(&folders, now()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_carrying_over_that_fails_is_gone_on_with_and_leaves_a_newer_request_alone() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let mut tray = tray(&folders);
    // Without `in` the last step of the carrying over fails.
    std::fs::create_dir_all(tray.places.folder()).unwrap();
    tray.claim(&folders, now()).unwrap_err();
    std::fs::write(folders.req.join(NAME), "newer").unwrap();
    tray.stage(&folders, now()).unwrap_err();
    std::fs::create_dir(tray.places.folder().join("in")).unwrap();
    assert_eq!(tray.stage(&folders, now()).unwrap(), Some(Stage::Taken));
    assert_eq!(content(&tray, &folders), QUESTION.as_bytes());
    assert_eq!((names(&folders.req), std::fs::read(folders.req.join(NAME)).unwrap()), (vec![NAME.to_owned()], b"newer".to_vec()));
}

#[test]
fn a_claimed_request_that_is_written_over_is_carried_over_when_it_rests() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    let mut tray = tray(&folders);
    std::fs::write(folders.req.join(NAME), "<XmlMsg>").unwrap();
    std::fs::create_dir_all(tray.places.folder().join("in")).unwrap();
    let begun = now();
    assert_eq!(tray.claim(&folders, begun).unwrap_err().kind(), ErrorKind::ResourceBusy);
    assert_eq!(tray.stage(&folders, begun).unwrap_err().kind(), ErrorKind::ResourceBusy, "it has not rested long");
    std::fs::write(tray.claimed(&folders), "<XmlMsg><").unwrap();
    let rested = begun + folders.settle;
    assert_eq!(tray.stage(&folders, rested).unwrap_err().kind(), ErrorKind::ResourceBusy, "it was written to");
    assert_eq!(tray.stage(&folders, rested + folders.settle).unwrap(), Some(Stage::Taken));
    assert_eq!(content(&tray, &folders), b"<XmlMsg><");
}

#[test]
fn a_result_is_delivered_even_if_something_took_its_request_away() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = taken(&folders);
    tray.lay_answer(&folders, "OQSsiquc01res_1.xml", b"answer").unwrap();
    std::fs::remove_file(tray.places.file(Part::Sent, OsStr::new(NAME))).unwrap();
    let found = found(&folders);
    let [(tray, Stage::Sent)] = found.as_slice() else { panic!("{found:?}") };
    tray.deliver(&folders).unwrap();
    Tray::touch(&folders, &tray.possible_names(None), SystemTime::UNIX_EPOCH);
    assert_eq!(names(&folders.res), ["OQSsiquc01res_1.xml"]);
}

#[test]
fn a_request_taken_away_by_a_virus_scanner_is_seen_and_refused_without_its_copy() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = taken(&folders);
    std::fs::remove_file(tray.request()).unwrap();
    assert!(tray.read_secured(&folders, 99).unwrap().is_none());
    tray.lay_refusal(&folders, b"why").unwrap();
    tray.deliver(&folders).unwrap();
    assert_eq!(names(&folders.res), ["OQSsiquc01req_1.err"]);
}

#[test]
fn where_no_move_is_possible_the_final_name_is_written_once() {
    let root = tempfile::tempdir().unwrap();
    let folders = folders(&root);
    let (from, to) = (folders.work.join("from"), folders.res.join("to"));
    std::fs::write(&from, "answer").unwrap();
    write_across(&folders, &from, &to).unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), b"answer");
    let written = std::fs::metadata(&to).unwrap().modified().unwrap();
    write_across(&folders, &from, &to).unwrap();
    assert_eq!(std::fs::metadata(&to).unwrap().modified().unwrap(), written, "an equal file is not written again");
    std::fs::write(&to, "ans").unwrap();
    write_across(&folders, &from, &to).unwrap();
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
    std::fs::write(folders.req.join(NAME), QUESTION).unwrap();
    let tray = taken(&folders);
    assert!(names(&folders.req).is_empty());
    tray.lay_answer(&folders, "OQSsiquc01res_1.xml", b"answer").unwrap();
    tray.deliver(&folders).unwrap();
    assert_eq!(std::fs::read(folders.res.join("OQSsiquc01res_1.xml")).unwrap(), b"answer");
}
