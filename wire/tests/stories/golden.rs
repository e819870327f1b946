//! One file for each situation a clinic can meet, compared byte for byte.

use crate::people::{hanako, hanako_asked, now, some};
use std::path::PathBuf;
use wire::charset::Charset;
use wire::check::{
    CheckResult, Consents, Echo, ElderlyRecipientCertificate, LimitApplicationCertificate, MedicalTicket, QualificationRecord,
    SpecificDiseasesCertificate,
};
use wire::code::Validity;
use wire::xml::{ListShape, Style};
use wire::{json, xml};

/// Compares bytes with a golden file; with `ONSHI_WRITE_GOLDEN` set, writes it instead.
fn assert_golden(name: &str, bytes: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("ONSHI_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, bytes).unwrap();
    }
    let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(&golden), "{name}");
    assert!(bytes == golden, "{name} differs in bytes");
}

/// Writes an answer as XML and as JSON, compares both, and reads both back.
fn assert_answer(name: &str, answer: &CheckResult) {
    let as_xml = xml::write_check_result(answer, Charset::Utf8);
    let as_json = json::write_check_result(answer);
    assert_golden(&format!("{name}.xml"), &as_xml);
    assert_golden(&format!("{name}.json"), &as_json);
    assert!(xml::read_check_result(&as_xml).unwrap() == *answer);
    assert!(json::read_check_result(&as_json).unwrap() == *answer);
}

fn echo() -> Echo {
    Echo::from(&hanako_asked())
}

#[test]
fn the_question_itself() {
    assert_golden("request.xml", &xml::write_check_request(&hanako_asked(), Charset::Utf8));
    assert_golden("request-shift-jis.xml", &xml::write_check_request(&hanako_asked(), Charset::ShiftJis));
    assert_golden("request.json", &json::write_check_request(&hanako_asked()));
}

/// The header is complete, the question is echoed as it was sent, and empty values are left out (R4, R7, R8, R9).
#[test]
fn r4_r7_r8_r9_a_valid_qualification() {
    assert_answer("valid", &CheckResult::answer(now(), echo(), Validity::Valid, vec![hanako()]));
}

/// The file was written from the public layout, not by this code: an element that was misspelt here would be lost.
#[test]
fn every_element_of_the_layout_comes_back() {
    let complete = include_bytes!("../golden/complete.xml");
    let answer = xml::read_check_result(complete).unwrap();
    assert_eq!(String::from_utf8(xml::write_check_result(&answer, Charset::Utf8)).unwrap(), String::from_utf8_lossy(complete));
    assert!(json::read_check_result(&json::write_check_result(&answer)).unwrap() == answer);
}

#[test]
fn r10_nobody_was_found() {
    let answer = CheckResult::answer(now(), echo(), Validity::NotFound, Vec::new());
    assert_answer("not-found", &answer);
    assert!(!String::from_utf8(json::write_check_result(&answer)).unwrap().contains("ResultList"));
}

#[test]
fn several_qualifications_match() {
    assert_answer("several", &CheckResult::answer(now(), echo(), Validity::Several, Vec::new()));
}

#[test]
fn the_qualification_was_lost_and_there_is_a_newer_one() {
    let lost = QualificationRecord {
        disqualification_date: some("20260701"),
        card_expiration_date: some("20260630"),
        reason_of_loss: some("03"),
        ..hanako()
    };
    assert_answer("invalid-new", &CheckResult::answer(now(), echo(), Validity::InvalidWithNewer, vec![lost]));
}

#[test]
fn r7_the_question_was_refused() {
    let refusal = CheckResult::refusal(now(), echo(), "OQSB0003E", "保険者番号の検証番号が合いません。");
    assert_answer("refusal", &refusal);
    let unread = CheckResult::refusal(now(), Echo::unread("1310099999"), "OQSB0001E", "電文を読めません。");
    assert_answer("refusal-unread", &unread);
    assert_eq!(unread.header.confirmation_date, "20260715", "the header is complete even then");
}

#[test]
fn the_processing_failed() {
    let answer = CheckResult::processing_error(now(), echo(), "OQSE0002E", "処理に失敗しました。もう一度確認してください。");
    assert_answer("processing-error", &answer);
}

/// A certificate of 70 to 74, a limit, two diseases: every block of a record.
#[test]
fn r11_an_elderly_patient_with_a_limit_and_two_diseases() {
    let disease = |category: &str, self_pay: &str| SpecificDiseasesCertificate {
        category: some(category),
        date: some("20260401"),
        valid_start: some("20260401"),
        valid_end: some("20310331"),
        self_pay: some(self_pay),
    };
    let record = QualificationRecord {
        name_of_other: some("通称　花"),
        name_of_other_kana: some("ﾂｳｼｮｳ ﾊﾅ"),
        insured_name: some("架空　太郎"),
        sex2: some("3"),
        birthdate: "19520510".into(),
        contribution_ratio: some("020"),
        elderly: Some(ElderlyRecipientCertificate {
            date: some("20250801"),
            valid_start: some("20250801"),
            valid_end: some("20260731"),
            contribution_ratio: some("020"),
        }),
        limit_consent: some("1"),
        limit_consent_time: some("20260715091448"),
        limit_certificate: Some(LimitApplicationCertificate {
            classification: some("01"),
            classification_flag: some("B02"),
            date: some("20250801"),
            valid_start: some("20250801"),
            valid_end: some("20260731"),
            long_term_date: some("20260101"),
        }),
        specific_diseases_consent: some("1"),
        specific_diseases_consent_time: some("20260715091448"),
        specific_diseases: vec![disease("1", "10000"), disease("2", "20000")],
        ..hanako()
    };
    assert_answer("elderly-limit-disease", &CheckResult::answer(now(), echo(), Validity::Valid, vec![record]));
}

fn medical_aid() -> QualificationRecord {
    let ticket = MedicalTicket {
        ticket_type: some("01"),
        valid_date: some("20260701"),
        expiration_date: some("20260731"),
        issue_number: some("123456"),
        treatment_month: some("202607"),
        designated_facility_code: some("1310099999"),
        designated_facility_flag: some("0"),
        designated_facility_name: some("架空診療所"),
        injury_name1: some("架空病"),
        treatment_type: some("02"),
        self_pay_amount: some("0"),
        district_contact_name: some("模擬　一郎"),
        single_or_combined: some("01"),
        social_insurance: some("02"),
        infection: some("02"),
        remarks1: some("備考"),
        ..MedicalTicket::default()
    };
    QualificationRecord {
        card_classification: "A1".into(),
        insurer_number: some("12990016"),
        number: some("0000017"),
        name: "架空　花子".into(),
        sex1: "2".into(),
        birthdate: "19800510".into(),
        insurer_name: "架空福祉事務所".into(),
        medical_tickets: vec![ticket.clone(), MedicalTicket { ticket_type: some("02"), issue_number: some("123457"), ..ticket }],
        ..QualificationRecord::default()
    }
}

#[test]
fn health_insurance_and_medical_aid_a1() {
    let answer = CheckResult::answer(now(), echo(), Validity::Valid, vec![hanako(), medical_aid()]);
    assert_answer("medical-aid", &answer);
    let one_list = xml::write_check_result(&answer, Style { charset: Charset::Utf8, lists: ListShape::Single });
    assert_golden("medical-aid-single-list.xml", &one_list);
    assert!(xml::read_check_result(&one_list).unwrap() == answer, "both shapes of lists mean the same");
}

#[test]
fn r12_a_face_file_has_no_question_but_consents() {
    let record = QualificationRecord {
        limit_consent: some("0"),
        specific_diseases_consent: some("0"),
        consents: Consents {
            pharmacists: some("1"),
            pharmacists_time: some("20260715091448"),
            pharmacists_available: some("20260716091448"),
            diagnosis: some("0"),
            ..Consents::default()
        },
        ..hanako()
    };
    let mut face = CheckResult::face(now(), Echo { file_identifier: some("a1B2c3D4e5F6g7H8"), ..echo() }, Validity::Valid, vec![record]);
    face.body.prescription_issue = some("1");
    assert_answer("face", &face);
}

/// What Shift_JIS does not have is a reference, and nothing changes silently. The identifier and the declaration agree (R15).
/// Rows: LK-20
#[test]
fn r15_shift_jis_loses_nothing() {
    let record = QualificationRecord {
        name: "𠮷田　髙﨑①㈱".into(),
        name_of_other: some("José–¥‾−〜～"),
        address: some("<架空> & \"県\"\r\n２階"),
        ..hanako()
    };
    let answer = CheckResult::answer(now(), echo(), Validity::Valid, vec![record]);
    let bytes = xml::write_check_result(&answer, Charset::ShiftJis);
    assert_golden("valid-shift-jis.xml", &bytes);
    let back = xml::read_check_result(&bytes).unwrap();
    assert_eq!(back.header.character_code, "1");
    assert!(back.body == answer.body);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"Shift_JIS\" standalone=\"no\"?>"));
    assert!(text.contains("&#x20BB7;") && text.contains("&#xA5;"), "characters outside CP932 are references");
}
