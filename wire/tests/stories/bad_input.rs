//! Every kind of broken or hostile message, and what its sender is told.

use crate::people::{hanako, hanako_asked, now};
use manuals::situation::Situation;
use wire::charset::{self, Charset};
use wire::check::{CheckResult, Echo};
use wire::code::Validity;
use wire::{MAX_MESSAGE_BYTES, ReadError, json, xml};

fn good() -> String {
    String::from_utf8(xml::write_check_request(&hanako_asked(), Charset::Utf8)).unwrap()
}

fn refused(bytes: &[u8]) -> ReadError {
    xml::read_check_request(bytes).unwrap_err()
}

/// The message of a refusal is what is expected, belongs to the situation, and holds nothing of the patient.
fn assert_refused(error: &ReadError, situation: Situation, message: &str) {
    assert_eq!(error.to_string(), message);
    assert_eq!(error.situation(), situation);
    for value in ["5501", "19800510", "990010", "９９－１"] {
        assert!(!error.to_string().contains(value));
    }
}

#[test]
fn a_document_type_is_refused() {
    let text = good().replace("<XmlMsg>", "<!DOCTYPE XmlMsg [<!ENTITY a \"5501\">]>\n<XmlMsg>");
    assert_refused(&refused(text.as_bytes()), Situation::DtdRefused, "DOCTYPE宣言は使えません（2行目1文字目）。宣言を取り除いてください。");
    let lower = good().replace("<XmlMsg>", "<!doctype XmlMsg><XmlMsg>");
    assert_eq!(refused(lower.as_bytes()).situation(), Situation::DtdRefused);
    let inside = good().replace("<MessageBody>", "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><MessageBody>");
    assert_eq!(refused(inside.as_bytes()).situation(), Situation::DtdRefused);
}

#[test]
fn an_entity_is_refused() {
    let text = good().replace("5501", "&xxe;");
    let message = "定義済みの5種類（&amp; &lt; &gt; &quot; &apos;）以外の実体参照は使えません（12行目42文字目）。";
    assert_refused(&refused(text.as_bytes()), Situation::MalformedMessage, message);
}

#[test]
fn more_than_four_mebibytes_are_refused() {
    let text = format!("{}{}", good(), " ".repeat(MAX_MESSAGE_BYTES));
    assert_refused(&refused(text.as_bytes()), Situation::TooLarge, "電文が大きすぎます（上限4MiB）。");
    assert_refused(&json::read_check_request(text.as_bytes()).unwrap_err(), Situation::TooLarge, "電文が大きすぎます（上限4MiB）。");
    let fits = format!("{}{}", good(), " ".repeat(MAX_MESSAGE_BYTES - good().len()));
    assert!(xml::read_check_request(fits.as_bytes()).is_ok());
}

#[test]
fn too_many_elements_are_refused() {
    let text = good().replace("<MessageBody>", &format!("{}<MessageBody>", "<a/>".repeat(100_000)));
    assert_refused(&refused(text.as_bytes()), Situation::TooLarge, "電文の要素が多すぎます（上限100000）。");
    let list = format!("{{\"XmlMsg\":[{}\"\"]}}", "\"\",".repeat(100_000));
    let error = json::read_check_request(list.as_bytes()).unwrap_err();
    assert_refused(&error, Situation::TooLarge, "電文の要素が多すぎます（上限100000）。");
}

/// Each of these would take minutes or gigabytes if a length were multiplied by another.
#[test]
fn large_unknown_names_and_attributes_cost_no_more_than_their_bytes() {
    let attributes: String = (0..200_000).map(|number| format!(" a{number}=''")).collect();
    let text = good().replace("<MessageHeader>", &format!("<MessageHeader{attributes}>"));
    assert!(xml::read_check_request(text.as_bytes()).unwrap() == hanako_asked());
    let name = "x".repeat(2_000_000);
    let text = String::from_utf8(json::write_check_request(&hanako_asked())).unwrap();
    let text = text.replace("{\"XmlMsg\":{", &format!("{{\"XmlMsg\":{{\"{name}\":[{}\"\"],", "\"\",".repeat(90_000)));
    assert!(json::read_check_request(text.as_bytes()).unwrap() == hanako_asked());
}

#[test]
fn too_deep_nesting_is_refused() {
    let text = format!("{}{}", "<a>".repeat(33), "</a>".repeat(33));
    assert_refused(&refused(text.as_bytes()), Situation::TooDeep, "電文の要素の入れ子が深すぎます（上限32段、1行目97文字目）。");
    let bomb = "<a>".repeat(1_000_000);
    assert_eq!(refused(bomb.as_bytes()).situation(), Situation::TooDeep);
    let bomb = "[".repeat(1_000_000);
    assert_eq!(json::read_check_request(bomb.as_bytes()).unwrap_err().situation(), Situation::TooDeep);
}

#[test]
fn a_declaration_that_does_not_fit_the_bytes_is_refused() {
    let shift_jis = charset::encode(&good(), Charset::ShiftJis);
    let message = "文字コードがUTF-8として正しくありません（11行目）。XML宣言と中身の文字コードを合わせてください。";
    assert_refused(&refused(&shift_jis), Situation::EncodingMismatch, message);
    let declared = good().replace("UTF-8", "Shift_JIS");
    let message = "XML宣言はShift_JISですが、中身はUTF-8です。どちらかに合わせてください。";
    assert_refused(&refused(declared.as_bytes()), Situation::EncodingMismatch, message);
    let unknown = good().replace("UTF-8", "EUC-JP");
    let message = "XML宣言の文字コードが使えません。UTF-8かShift_JISにしてください。";
    assert_refused(&refused(unknown.as_bytes()), Situation::EncodingMismatch, message);
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(good().encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let message = "文字コードがUTF-16かUTF-32です。UTF-8かShift_JISで保存してください。";
    assert_refused(&refused(&wide), Situation::EncodingMismatch, message);
}

#[test]
fn broken_xml_is_refused_with_its_place() {
    for (broken, message) in [
        (good().replace("</XmlMsg>", ""), "電文の書式が壊れています（19行目1文字目）：終了タグが足りません。途中で切れています。"),
        (
            good().replace("</Birthdate>", "</Birthday>"),
            "電文の書式が壊れています（14行目32文字目）：開始タグと終了タグの名前が合いません。",
        ),
        (
            good().replace("5501", "A & B"),
            "電文の書式が壊れています（12行目44文字目）：「&」の書き方が正しくありません。「&amp;」と書いてください。",
        ),
        (good().replace("5501", "&#0;"), "電文の書式が壊れています（12行目42文字目）：文字参照が正しくありません。"),
        (good().replace("5501", "55\u{1}"), "電文の書式が壊れています（12行目44文字目）：使えない制御文字があります。"),
        (
            good().replace("<MessageHeader>", "<MessageHeader a=1>"),
            "電文の書式が壊れています（3行目5文字目）：属性の書き方が正しくありません。",
        ),
        (good().replace("<MessageHeader>", "< MessageHeader>"), "電文の書式が壊れています（3行目5文字目）：タグの名前が正しくありません。"),
        (good().replace("<XmlMsg>", "x<XmlMsg>"), "電文の書式が壊れています（2行目1文字目）：最初のタグの前に文字があります。"),
        (
            good().replace("<MessageHeader>", "<?xml version=\"1.0\"?><MessageHeader>"),
            "電文の書式が壊れています（3行目5文字目）：XML宣言が途中にあります。",
        ),
        (format!("{}</XmlMsg>", good()), "電文の書式が壊れています（19行目1文字目）：開始タグのない終了タグがあります。"),
        (good().replace("</XmlMsg>\n", "</XmlMsg"), "電文の書式が壊れています（18行目1文字目）：タグが閉じていません。"),
        (String::new(), "電文の書式が壊れています（1行目1文字目）：タグがありません。"),
    ] {
        assert_refused(&refused(broken.as_bytes()), Situation::MalformedMessage, message);
    }
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let whole = good();
    for cut in 0..whole.trim_end().len() {
        assert!(xml::read_check_request(&whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    let whole = json::write_check_request(&hanako_asked());
    for cut in 0..whole.len() {
        assert!(json::read_check_request(&whole[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    for (rest, message) in [
        ("5501", "電文の終わりの後に余分な文字があります（19行目1文字目）。"),
        ("<XmlMsg/>", "電文の終わりの後に余分な文字があります（19行目1文字目）。"),
    ] {
        assert_refused(&refused(format!("{}{rest}", good()).as_bytes()), Situation::MalformedMessage, message);
    }
    assert!(xml::read_check_request(format!("{}\r\n <!-- 終 --> \n", good()).as_bytes()).is_ok());
    let body = [json::write_check_request(&hanako_asked()), b"]".to_vec()].concat();
    let error = json::read_check_request(&body).unwrap_err();
    assert!(matches!(error, ReadError::TrailingData(_)), "{error}");
}

#[test]
fn the_wrong_root_is_refused() {
    let text = good().replace("XmlMsg>", "Message>");
    assert_refused(&refused(text.as_bytes()), Situation::MalformedMessage, "電文の最上位の要素がXmlMsgではありません。");
    for body in ["{}", "[]", "\"x\"", "{\"Message\":{}}", "null"] {
        assert_eq!(json::read_check_request(body.as_bytes()), Err(ReadError::WrongRoot), "{body}");
    }
    let twice = json::read_check_request(b"{\"XmlMsg\":{},\"XmlMsg\":{}}").unwrap_err();
    assert_refused(&twice, Situation::MalformedMessage, "要素XmlMsgが2回あります。1回だけにしてください。");
}

#[test]
fn r5_an_element_that_stands_twice_is_refused() {
    let text = good().replace("<Birthdate>19800510</Birthdate>", "<Birthdate>19800510</Birthdate><Birthdate/>");
    let message = "要素MessageBody/QualificationConfirmSearchInfo/Birthdateが2回あります。1回だけにしてください。";
    assert_refused(&refused(text.as_bytes()), Situation::MalformedMessage, message);
    let text = String::from_utf8(json::write_check_request(&hanako_asked())).unwrap();
    let text = text.replace("\"Birthdate\":\"19800510\"", "\"Birthdate\":\"19800510\",\"Birthdate\":\"19800511\"");
    assert_refused(&json::read_check_request(text.as_bytes()).unwrap_err(), Situation::MalformedMessage, message);
}

#[test]
fn a_missing_block_is_named() {
    let text = good().replace("MessageHeader>", "Header>");
    assert_refused(&refused(text.as_bytes()), Situation::MissingField, "必須の要素MessageHeaderがありません。");
    let text = good().replace("QualificationConfirmSearchInfo>", "SearchInfo>");
    let message = "必須の要素MessageBody/QualificationConfirmSearchInfoがありません。";
    assert_refused(&refused(text.as_bytes()), Situation::MissingField, message);
    let body = b"{\"XmlMsg\":{\"MessageHeader\":{},\"MessageBody\":null}}";
    assert_refused(&json::read_check_request(body).unwrap_err(), Situation::MissingField, "必須の要素MessageBodyがありません。");
}

#[test]
fn r7_r8_an_answer_without_a_required_value_is_refused() {
    let answer = CheckResult::answer(now(), Echo::from(&hanako_asked()), Validity::Valid, vec![hanako()]);
    let text = String::from_utf8(xml::write_check_result(&answer, Charset::Utf8)).unwrap();
    for (tag, path) in [
        ("ReferenceClassification", "MessageHeader/ReferenceClassification"),
        ("ProcessingResultStatus", "MessageBody/ProcessingResultStatus"),
        ("InsurerName", "MessageBody/ResultList/ResultOfQualificationConfirmation/InsurerName"),
    ] {
        let error = xml::read_check_result(text.replace(&format!("{tag}>"), "Other>").as_bytes()).unwrap_err();
        assert_refused(&error, Situation::MissingField, &format!("必須の要素{path}がありません。"));
    }
}

#[test]
fn blocks_and_values_are_not_confused() {
    let text = good().replace("<MessageHeader>", "<MessageHeader>5501");
    let message = "要素MessageHeaderは要素だけを持ちます。要素の外に文字があります。";
    assert_refused(&refused(text.as_bytes()), Situation::MalformedMessage, message);
    let text = good().replace(">5501<", "><b>5501</b><");
    let path = "MessageBody/QualificationConfirmSearchInfo/InsuredIdentificationNumber";
    let message = format!("要素{path}は値だけを持ちます。内側に別の要素があります。");
    assert_refused(&refused(text.as_bytes()), Situation::MalformedMessage, &message);
}

#[test]
fn broken_json_is_refused_with_its_place() {
    let good = String::from_utf8(json::write_check_request(&hanako_asked())).unwrap();
    for (broken, what) in [
        (good.replace("\"5501\"", "\"5501"), "JSONとして読めません"),
        (good.replace("\"5501\"", "true"), "値は文字列にしてください"),
        (good.replace("\"5501\"", "55.01"), "値は文字列にしてください"),
        (good.replace("}}}}", "}}"), "途中で切れています"),
        (String::new(), "途中で切れています"),
    ] {
        let error = json::read_check_request(broken.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert_refused(&error, Situation::MalformedMessage, &error.to_string());
    }
    let control = good.replace("\"5501\"", "\"55\\u0000\"");
    let path = "MessageBody/QualificationConfirmSearchInfo/InsuredIdentificationNumber";
    let error = json::read_check_request(control.as_bytes()).unwrap_err();
    assert_refused(&error, Situation::MalformedMessage, &format!("要素{path}に使えない制御文字があります。"));
    assert_eq!(json::read_check_request(b"\x81\x40").unwrap_err().situation(), Situation::EncodingMismatch);
}
