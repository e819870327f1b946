//! Whatever a message holds, it comes back: through UTF-8, through Shift_JIS, through JSON.

use proptest::option;
use proptest::prelude::*;
use wire::charset::Charset;
use wire::check::{
    CheckRequest, CheckResult, Consents, ElderlyRecipientCertificate, LimitApplicationCertificate, MedicalTicket, QualificationRecord,
    ResultBody, ResultHeader, SearchInfo, SpecificDiseasesCertificate,
};
use wire::xml::{ListShape, Style};
use wire::{ReadError, charset, json, xml};

/// Texts as they occur, and as they could: kana, kanji in and outside of CP932, markup, blanks, line breaks.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[0-9]{1,20}",
        "[ァ-ヶー　]{1,12}",
        "[ｦ-ﾟ ]{1,12}",
        "[一-龠ぁ-ん０-９－]{1,12}",
        "[ -~¥‾−〜～①㈱髙﨑𠮷é\t\r\n&<>\"']{1,12}",
        "[\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]{1,8}",
    ]
    .boxed()
}

fn maybe() -> BoxedStrategy<Option<String>> {
    option::of(text()).boxed()
}

prop_compose! {
    fn search()(
        (insurer_number, number, birthdate, limit_consent) in (text(), text(), text(), text()),
        (symbol, branch, arbitrary_identifier) in (maybe(), maybe(), maybe()),
    ) -> SearchInfo {
        SearchInfo { insurer_number, symbol, number, branch, birthdate, limit_consent, arbitrary_identifier }
    }
}

prop_compose! {
    fn request()(confirmation_date in text(), facility_code in text(), file_identifier in maybe(), search in search()) -> CheckRequest {
        CheckRequest { confirmation_date, facility_code, file_identifier, search }
    }
}

prop_compose! {
    fn record()(
        (card_classification, name, sex1, birthdate, insurer_name) in (text(), text(), text(), text(), text()),
        (insurer_number, symbol, name_kana, reference_number, branch) in (maybe(), maybe(), maybe(), maybe(), maybe()),
        diseases in prop::collection::vec((text(), maybe()), 0..3),
        tickets in prop::collection::vec((text(), maybe()), 0..3),
        (ratio, limit, checkups, operation) in (maybe(), maybe(), maybe(), maybe()),
    ) -> QualificationRecord {
        QualificationRecord {
            card_classification, name, sex1, birthdate, insurer_name, insurer_number, symbol, name_kana, reference_number, branch,
            elderly: ratio.map(|ratio| ElderlyRecipientCertificate { contribution_ratio: Some(ratio), ..Default::default() }),
            limit_certificate: limit.map(|date| LimitApplicationCertificate { long_term_date: Some(date), ..Default::default() }),
            specific_diseases: diseases.into_iter()
                .map(|(category, self_pay)| SpecificDiseasesCertificate { category: Some(category), self_pay, ..Default::default() })
                .collect(),
            medical_tickets: tickets.into_iter()
                .map(|(number, remarks3)| MedicalTicket { issue_number: Some(number), remarks3, ..Default::default() })
                .collect(),
            consents: Consents { checkups, operation_available: operation, ..Default::default() },
            ..Default::default()
        }
    }
}

prop_compose! {
    fn result()(
        (time, date, facility, reference, segment) in (text(), text(), text(), text(), text()),
        (file_identifier, error_code, error_message) in (maybe(), maybe(), maybe()),
        (search, prescription_issue, status, code, message, validity) in (option::of(search()), maybe(), text(), maybe(), maybe(), maybe()),
        records in prop::collection::vec(record(), 0..3),
    ) -> CheckResult {
        CheckResult {
            header: ResultHeader {
                process_execution_time: time,
                confirmation_date: date,
                facility_code: facility,
                file_identifier,
                reference_classification: reference,
                segment_of_result: segment,
                error_code,
                error_message,
                character_code: "0".to_owned(),
            },
            body: ResultBody { search, prescription_issue, status, code, message, validity, records },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_request_comes_back_from_xml_and_json(request in request()) {
        prop_assert!(xml::read_check_request(&xml::write_check_request(&request, Charset::Utf8)).unwrap() == request);
        prop_assert!(json::read_check_request(&json::write_check_request(&request)).unwrap() == request);
        match xml::read_check_request(&xml::write_check_request(&request, Charset::ShiftJis)) {
            Ok(back) => prop_assert!(back == request),
            Err(error) => prop_assert_eq!(error, ReadError::Charset(charset::CharsetError::Utf8DeclaredShiftJis)),
        }
    }

    #[test]
    fn a_result_comes_back_from_utf8_xml(result in result(), single in any::<bool>()) {
        let lists = if single { ListShape::Single } else { ListShape::Repeated };
        let bytes = xml::write_check_result(&result, Style { charset: Charset::Utf8, lists });
        prop_assert!(xml::read_check_result(&bytes).unwrap() == result);
    }

    #[test]
    fn r15_a_result_comes_back_from_shift_jis_xml(result in result()) {
        let mut result = result;
        // An ideographic name, as every record has one, so that the bytes cannot be taken for UTF-8.
        result.header.error_message = Some("架空　花子".to_owned());
        let back = xml::read_check_result(&xml::write_check_result(&result, Charset::ShiftJis)).unwrap();
        result.header.character_code = "1".to_owned();
        prop_assert!(back == result);
    }

    #[test]
    fn a_result_comes_back_from_json(result in result()) {
        let bytes = json::write_check_result(&result);
        prop_assert!(json::read_check_result(&bytes).unwrap() == result);
        prop_assert!(!String::from_utf8(bytes).unwrap().contains(":null"), "R8: never null");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = xml::read_check_request(&bytes);
        let _ = json::read_check_result(&bytes);
        let _ = charset::decode_as(&bytes, Charset::ShiftJis);
    }
}
