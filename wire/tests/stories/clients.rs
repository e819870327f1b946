//! What known receipt computers really write and look for.

use crate::people::{hanako, hanako_asked, now};
use wire::charset::{self, Charset};
use wire::check::{CheckResult, Echo};
use wire::code::Validity;
use wire::{json, xml};

const TEMPLATE: &str = "<?xml version='1.0' encoding='UTF-8'?>
<!-- template -->
<XmlMsg >
  <MessageBody>
    <QualificationConfirmSearchInfo note=\"x\">
      <Birthdate>19800510</Birthdate >
      <InsuredBranchNumber></InsuredBranchNumber>
      <InsurerNumber >  990010</InsurerNumber>
      <Unknown><Deep>1</Deep></Unknown>
      <InsuredCardSymbol>&#65305;<![CDATA[９]]>&amp;&#x3042;</InsuredCardSymbol>
      <InsuredIdentificationNumber>5501</InsuredIdentificationNumber>
      <LimitApplicationCertificateRelatedConsFlg>0</LimitApplicationCertificateRelatedConsFlg>
    </QualificationConfirmSearchInfo>
  </MessageBody>
  <MessageHeader>
    <MedicalInstitutionCode>1310099999</MedicalInstitutionCode>
    <QualificationConfirmationDate>20260715</QualificationConfirmationDate>
    <ArbitraryFileIdentifier/>
  </MessageHeader>
</XmlMsg>
";

#[test]
fn r17_any_order_single_quotes_blanks_in_tags_and_empty_elements_are_read() {
    let request = xml::read_check_request(TEMPLATE.as_bytes()).unwrap();
    assert_eq!(request.search.insurer_number, "  990010", "verbatim, with its padding (R4)");
    assert_eq!(request.search.symbol.as_deref(), Some("９９&あ"));
    assert_eq!((request.search.branch, request.file_identifier), (None, None), "an empty element is an absent value");
    assert_eq!(request.confirmation_date, "20260715");
}

#[test]
fn every_name_of_shift_jis_is_read() {
    for name in ["Shift_JIS", "shift_jis", "SHIFT_JIS", "windows-31j", "Windows-31J", "cp932", "MS932"] {
        let text = TEMPLATE.replace("UTF-8", name);
        let request = xml::read_check_request(&charset::encode(&text, Charset::ShiftJis)).unwrap();
        assert_eq!(request.search.symbol.as_deref(), Some("９９&あ"), "{name}");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let bytes = [b"\xEF\xBB\xBF".as_slice(), TEMPLATE.as_bytes()].concat();
    assert!(xml::read_check_request(&bytes).is_ok());
    let json = [b"\xEF\xBB\xBF".as_slice(), &json::write_check_request(&hanako_asked())].concat();
    assert!(json::read_check_request(&json).unwrap() == hanako_asked());
}

#[test]
fn r4_a_client_finds_its_identifier_by_searching_the_text() {
    let request = wire::check::CheckRequest { file_identifier: Some("A&B<1>\"x'".to_owned()), ..hanako_asked() };
    let written = String::from_utf8(xml::write_check_request(&request, Charset::Utf8)).unwrap();
    let start = written.find("<ArbitraryFileIdentifier>").unwrap();
    let end = written.find("</ArbitraryFileIdentifier>").unwrap();
    let answer = CheckResult::answer(now(), Echo::from(&request), Validity::Valid, vec![hanako()]);
    let answered = String::from_utf8(xml::write_check_result(&answer, Charset::Utf8)).unwrap();
    assert!(answered.contains(&written[start..end]));
}

#[test]
fn r16_the_web_client_sends_zero_padding_and_no_symbol() {
    let body = br#"{"XmlMsg":{"MessageHeader":{"QualificationConfirmationDate":"20260715","MedicalInstitutionCode":"1310099999"},
        "MessageBody":{"QualificationConfirmSearchInfo":{"InsurerNumber":"00990010",
        "InsuredIdentificationNumber":"5501","Birthdate":"19800510","LimitApplicationCertificateRelatedConsFlg":"1"}}}}"#;
    let request = json::read_check_request(body).unwrap();
    let asked = request.validate().unwrap();
    assert_eq!(asked.key.insurer, hanako_asked().validate().unwrap().key.insurer);
    assert_eq!((asked.key.symbol, asked.key.branch, asked.limit_consent), (None, None, true));
    assert_eq!(request.search.insurer_number, "00990010");
}

#[test]
fn json_values_that_are_whole_numbers_or_null_are_tolerated() {
    let text = String::from_utf8(json::write_check_request(&hanako_asked())).unwrap();
    let text = text.replace("\"19800510\"", "19800510").replace("\"KARTE-000123\"", "null").replace("\"01\"", "null");
    let request = json::read_check_request(text.as_bytes()).unwrap();
    assert_eq!(request.search.birthdate, "19800510");
    assert_eq!((request.file_identifier, request.search.branch), (None, None));
}

/// Unknown values of code tables are kept: older and newer layouts meet.
#[test]
fn an_answer_with_unknown_codes_and_elements_is_read() {
    let mut answer = CheckResult::answer(now(), Echo::from(&hanako_asked()), Validity::Valid, vec![hanako()]);
    answer.body.validity = Some("7".to_owned());
    let text = String::from_utf8(xml::write_check_result(&answer, Charset::Utf8)).unwrap();
    let text = text.replace("<Sex1>2</Sex1>", "<Sex1>9</Sex1><New>1</New>");
    let back = xml::read_check_result(text.as_bytes()).unwrap();
    assert_eq!((back.body.validity.as_deref(), back.body.records[0].sex1.as_str()), (Some("7"), "9"));
    assert_eq!(Validity::from_code("7"), None);
}
