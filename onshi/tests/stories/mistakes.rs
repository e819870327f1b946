//! Each kind of bad question gets an answer that names the mistake, and none is lost.

use manuals::situation::Situation;
use serde_json::Value;

use crate::world::{SEARCH, World, question, question_xml};

struct Mistake {
    what: &'static str,
    body: String,
    situation: Situation,
}

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut right = question("06990014", Some("1"), "1001", Some("00"), "19800101");
    change(&mut right);
    right.to_string()
}

fn mistakes() -> Vec<Mistake> {
    let search = |name: &'static str, value: &'static str| {
        changed(|question| question["XmlMsg"]["MessageBody"]["QualificationConfirmSearchInfo"][name] = value.into())
    };
    let missing = changed(|question| {
        question["XmlMsg"]["MessageBody"]["QualificationConfirmSearchInfo"].as_object_mut().unwrap().remove("Birthdate");
    });
    let other = changed(|question| question["XmlMsg"]["MessageHeader"]["MedicalInstitutionCode"] = "1310099998".into());
    let deep = format!("{}{}", "{\"a\":".repeat(200), "1");
    vec![
        Mistake { what: "not JSON", body: "{ this is no JSON".into(), situation: Situation::MalformedMessage },
        Mistake { what: "missing field", body: missing, situation: Situation::MissingField },
        Mistake { what: "impossible date", body: search("Birthdate", "19800231"), situation: Situation::ImpossibleDate },
        Mistake { what: "check digit", body: search("InsurerNumber", "06990015"), situation: Situation::WrongCheckDigit },
        Mistake { what: "format", body: search("InsuredBranchNumber", "ABC"), situation: Situation::WrongFormat },
        Mistake { what: "another facility", body: other, situation: Situation::TokenOfOtherFacility },
        Mistake { what: "too deep", body: deep, situation: Situation::TooDeep },
        Mistake { what: "too large", body: format!("\"{}\"", "x".repeat(5 << 20)), situation: Situation::TooLarge },
    ]
}

#[test]
fn each_bad_question_to_the_web_api_is_named_and_no_value_is_repeated() {
    let world = World::begin();
    let token = format!("Authorization: {}", world.token());
    for mistake in mistakes() {
        let (status, body) = world.curl(SEARCH.0, SEARCH.1, &mistake.body, &["--header", &token]);
        assert_eq!(status, mistake.situation.get().status.to_string(), "{}: {body}", mistake.what);
        let answer: Value = serde_json::from_str(&body).unwrap();
        let header = &answer["XmlMsg"]["MessageHeader"];
        assert_eq!(header["ErrorCode"], mistake.situation.get().code, "{}: {body}", mistake.what);
        let message = header["ErrorMessage"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains("19800231") && !message.contains("06990015"), "{message}");
    }
}

#[test]
fn each_bad_file_gets_exactly_one_result_that_names_the_mistake() {
    let world = World::begin();
    let right = question_xml("06990014", Some("1"), "1001", Some("00"), "19800101");
    let answered = [
        ("check digit", right.replace("06990014", "06990015"), Situation::WrongCheckDigit),
        ("impossible date", right.replace("19800101", "19801301"), Situation::ImpossibleDate),
        ("missing field", right.replace("<Birthdate>19800101</Birthdate>", ""), Situation::MissingField),
        ("another facility", right.replace("1310099999", "1310099998"), Situation::TokenOfOtherFacility),
    ];
    for (place, (what, xml, situation)) in answered.iter().enumerate() {
        let bytes = world.drop_file(&format!("OQSsiquc01req_bad{place:04}"), xml.as_bytes(), "xml");
        let result = wire::xml::read_check_result(&bytes).unwrap();
        assert_eq!(result.header.segment_of_result, "9", "{what}");
        assert_eq!(result.header.error_code.as_deref(), Some(situation.get().code), "{what}");
        assert_eq!(result.header.file_identifier.as_deref(), Some("STORY"), "{what}");
    }
    let refused: Vec<(&str, Vec<u8>, Situation)> = vec![
        ("malformed", right.replace("</XmlMsg>", "").into_bytes(), Situation::FileNeverComplete),
        ("DTD", right.replace("<XmlMsg>", "<!DOCTYPE XmlMsg [<!ENTITY a \"b\">]><XmlMsg>").into_bytes(), Situation::DtdRefused),
        ("wrong encoding", right.replace("STORY", "試験").replace("UTF-8", "Shift_JIS").into_bytes(), Situation::EncodingMismatch),
        ("too large", right.replace("STORY", &"x".repeat(5 << 20)).into_bytes(), Situation::TooLarge),
    ];
    for (place, (what, bytes, situation)) in refused.iter().enumerate() {
        let stem = format!("OQSsiquc01req_refused{place:04}");
        let text = String::from_utf8(world.drop_file(&stem, bytes, "err")).unwrap();
        assert!(text.contains(situation.get().code), "{what}: {text}");
        let copy = world.path("clinic/res").join(format!("{stem}.xml"));
        let returned = crate::world::until(std::time::Duration::from_secs(10), || std::fs::read(&copy).ok());
        assert!(returned == *bytes, "{what}: the refused file comes back as it was");
    }
    let left: Vec<_> = std::fs::read_dir(world.path("clinic/req")).unwrap().collect();
    assert!(left.is_empty(), "nothing stays in req: {left:?}");
}
