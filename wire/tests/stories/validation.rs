//! Which questions can be asked, and what is said of one that cannot.

use crate::people::{hanako_asked, some};
use jiff::civil::date;
use manuals::situation::Situation;
use wire::check::CheckRequest;

#[test]
fn a_good_question_has_a_meaning() {
    let asked = hanako_asked().validate().unwrap();
    assert_eq!((asked.date, asked.key.birthdate), (date(2026, 7, 15), date(1980, 5, 10)));
    assert_eq!((asked.facility_code.as_str(), asked.key.insurer.canonical()), ("1310099999", "990010"));
    assert_eq!(asked.key.symbol.unwrap().as_str(), "991");
    assert_eq!((asked.key.number.as_str(), asked.key.branch.unwrap().number()), ("5501", 1));
    assert!(!asked.limit_consent);
}

#[test]
fn r16_the_same_person_typed_differently_has_the_same_key() {
    let mut other = hanako_asked();
    other.search.insurer_number = "00990010".into();
    other.search.symbol = some("99 1");
    other.search.number = "０５５０１".into();
    other.search.branch = some("1");
    other.search.birthdate = "１９８００５１０".into();
    assert!(other.validate().unwrap().key == hanako_asked().validate().unwrap().key);
}

#[test]
fn blanks_and_hyphens_for_an_optional_value_are_no_value() {
    let mut request = hanako_asked();
    request.search.symbol = some("－");
    request.search.branch = some(" ");
    let key = request.validate().unwrap().key;
    assert!(key.symbol.is_none() && key.branch.is_none());
}

fn assert_mistake(change: impl FnOnce(&mut CheckRequest), situation: Situation, message: &str) {
    let mut request = hanako_asked();
    change(&mut request);
    let mistake = request.validate().unwrap_err();
    assert_eq!(mistake.message, message);
    assert_eq!(mistake.situation, situation);
    assert!(message.contains(mistake.element));
}

#[test]
fn a_missing_value_is_named() {
    let missing = Situation::MissingField;
    assert_mistake(
        |r| r.confirmation_date.clear(),
        missing,
        "資格確認日（QualificationConfirmationDate）がありません。値を入れてください。",
    );
    assert_mistake(|r| r.facility_code.clear(), missing, "医療機関コード（MedicalInstitutionCode）がありません。値を入れてください。");
    assert_mistake(|r| r.search.insurer_number = "　 ".into(), missing, "保険者番号（InsurerNumber）がありません。値を入れてください。");
    assert_mistake(|r| r.search.number.clear(), missing, "番号（InsuredIdentificationNumber）がありません。値を入れてください。");
    assert_mistake(|r| r.search.birthdate.clear(), missing, "生年月日（Birthdate）がありません。値を入れてください。");
    let message = "限度額適用認定証同意フラグ（LimitApplicationCertificateRelatedConsFlg）がありません。値を入れてください。";
    assert_mistake(|r| r.search.limit_consent.clear(), missing, message);
}

#[test]
fn an_impossible_date_is_named() {
    let impossible = Situation::ImpossibleDate;
    let message = "生年月日（Birthdate）が実在しない日付です。日付を確かめてください。";
    for text in ["19800230", "19801301", "19800500", "00000101", "19810229", "20260631"] {
        assert_mistake(|r| r.search.birthdate = text.into(), impossible, message);
    }
    let message = "資格確認日（QualificationConfirmationDate）が実在しない日付です。日付を確かめてください。";
    assert_mistake(|r| r.confirmation_date = "20260732".into(), impossible, message);
    let message = "生年月日（Birthdate）が資格確認日より後になっています。日付を確かめてください。";
    assert_mistake(|r| r.search.birthdate = "20260716".into(), impossible, message);
    let mut newborn = hanako_asked();
    newborn.search.birthdate = "20260715".into();
    assert!(newborn.validate().is_ok());
}

#[test]
fn a_wrong_check_digit_is_named() {
    let message = "保険者番号（InsurerNumber）の検証番号（最後の1桁）が合いません。番号の打ち間違いがないか確かめてください。";
    assert_mistake(|r| r.search.insurer_number = "  990019".into(), Situation::WrongCheckDigit, message);
}

#[test]
fn a_wrong_form_is_named() {
    let wrong = Situation::WrongFormat;
    let message = "生年月日（Birthdate）の形式が違います。西暦8桁（yyyyMMdd）の形の数字にしてください。";
    assert_mistake(|r| r.search.birthdate = "1980-05-10".into(), wrong, message);
    assert_mistake(|r| r.search.birthdate = "S550510".into(), wrong, message);
    let message = "保険者番号（InsurerNumber）に数字以外の文字があります。数字だけにしてください。";
    assert_mistake(|r| r.search.insurer_number = "99O010".into(), wrong, message);
    let message = "保険者番号（InsurerNumber）の桁数が違います。8桁（国民健康保険は6桁）にしてください。";
    assert_mistake(|r| r.search.insurer_number = "069900140".into(), wrong, message);
    let message = "医療機関コード（MedicalInstitutionCode）の桁数が違います。10桁にしてください。";
    assert_mistake(|r| r.facility_code = "0099999".into(), wrong, message);
    let message = "記号（InsuredCardSymbol）が長すぎます。20文字以内にしてください。";
    assert_mistake(|r| r.search.symbol = some(&"あ".repeat(21)), wrong, message);
    let message = "番号（InsuredIdentificationNumber）が長すぎます。20文字以内にしてください。";
    assert_mistake(|r| r.search.number = "1".repeat(21), wrong, message);
    let message = "枝番（InsuredBranchNumber）の桁数が違います。2桁にしてください。";
    assert_mistake(|r| r.search.branch = some("123"), wrong, message);
    let message = "限度額適用認定証同意フラグ（LimitApplicationCertificateRelatedConsFlg）は「0」（未同意）か「1」（同意）にしてください。";
    assert_mistake(|r| r.search.limit_consent = "2".into(), wrong, message);
    let message = "任意のファイル識別子（ArbitraryFileIdentifier）が長すぎます。100文字以内にしてください。";
    assert_mistake(|r| r.file_identifier = some(&"x".repeat(101)), wrong, message);
    let message = "任意の識別子（ArbitraryIdentifier）が長すぎます。100文字以内にしてください。";
    assert_mistake(|r| r.search.arbitrary_identifier = some(&"x".repeat(101)), wrong, message);
}
