//! What holds of any message whatever: the claims that the fuzz targets attack and that `wire`'s tests check over the corpora.

use secrecy::ExposeSecret;
use wire::charset::{Charset, CharsetError, decode, decode_as, encode};
use wire::check::{CheckRequest, CheckResult};
use wire::enrolment::{CsrRequest, IssuedCertificate, OwnCertificate, PfxRequest, Refusal, RenewalRequest, RevocationRequest};
use wire::filename::FileName;
use wire::login::{LoginReply, LoginRequest};
use wire::number::{Branch, CardNumber, CardSymbol, FacilityCode, InsurerNumber};
use wire::{ReadError, date, json, kana, xml};

/// A question that was read is written and read back unchanged, in every form; one that was not has a Japanese explanation.
pub fn check_request_xml(bytes: &[u8]) {
    match xml::read_check_request(bytes) {
        Ok(request) => request_survives(&request),
        Err(error) => is_explained(&error),
    }
}

/// An answer that was read is written and read back unchanged, in every form; one that was not has a Japanese explanation.
pub fn check_result_xml(bytes: &[u8]) {
    match xml::read_check_result(bytes) {
        Ok(result) => result_survives(result),
        Err(error) => is_explained(&error),
    }
}

/// The same of both, from JSON.
pub fn check_json(bytes: &[u8]) {
    match json::read_check_request(bytes) {
        Ok(request) => request_survives(&request),
        Err(error) => is_explained(&error),
    }
    match json::read_check_result(bytes) {
        Ok(result) => result_survives(result),
        Err(error) => is_explained(&error),
    }
}

fn is_explained(error: &ReadError) {
    assert!(error.to_string().ends_with('。'), "{error}");
    assert!(!error.situation().get().desk.is_empty());
}

/// What was read back from Shift_JIS; `None` for the rare text whose bytes could as well be UTF-8.
fn from_shift_jis<T>(read: Result<T, ReadError>) -> Option<T> {
    match read {
        Err(ReadError::Charset(CharsetError::Utf8DeclaredShiftJis)) => None,
        read => Some(read.expect("what was written can be read")),
    }
}

fn request_survives(request: &CheckRequest) {
    let _ = request.validate();
    let utf8 = xml::read_check_request(&xml::write_check_request(request, Charset::Utf8));
    assert!(utf8.as_ref() == Ok(request));
    assert!(json::read_check_request(&json::write_check_request(request)).as_ref() == Ok(request));
    let shift_jis = from_shift_jis(xml::read_check_request(&xml::write_check_request(request, Charset::ShiftJis)));
    assert!(shift_jis.is_none_or(|back| back == *request));
}

fn result_survives(mut result: CheckResult) {
    // Writing tells the character set that is really written.
    result.header.character_code = Charset::Utf8.identifier().to_owned();
    // A record of a list, or a block, in which nothing stands is not written: the second reading has what the first writing had.
    let first = xml::read_check_result(&xml::write_check_result(&result, Charset::Utf8)).expect("what was written can be read");
    let mut second = xml::read_check_result(&xml::write_check_result(&first, Charset::Utf8)).expect("what was written can be read");
    assert!(first == second);
    assert!(json::read_check_result(&json::write_check_result(&first)).as_ref() == Ok(&first));
    second.header.character_code = Charset::ShiftJis.identifier().to_owned();
    let shift_jis = from_shift_jis(xml::read_check_result(&xml::write_check_result(&first, Charset::ShiftJis)));
    assert!(shift_jis.is_none_or(|back| back == second));
}

/// A name of the exchange keeps its suffix in the result's name and leads nowhere else.
pub fn filename(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(name) = FileName::parse(text) else { return };
    for derived in [name.result_name(), name.err_name()] {
        assert!(!derived.contains(['/', '\\', '\0', ':']));
        let again = FileName::parse(&derived).expect("a derived name is a name of the exchange");
        assert_eq!((again.suffix(), again.message()), (name.suffix(), name.message()));
    }
}

/// A number that was read means the same when its normalised form is read again.
pub fn numbers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(insurer) = InsurerNumber::parse(text) {
        assert_eq!(insurer.file_form().len(), 8);
        assert_eq!(InsurerNumber::parse(&insurer.file_form()).as_ref(), Ok(&insurer));
        assert_eq!(InsurerNumber::parse(insurer.canonical()).as_ref(), Ok(&insurer));
    }
    if let Ok(facility) = FacilityCode::parse(text) {
        assert_eq!(FacilityCode::parse(facility.as_str()).as_ref(), Ok(&facility));
    }
    if let Ok(symbol) = CardSymbol::parse(text)
        && let Ok(again) = CardSymbol::parse(symbol.as_str())
    {
        assert_eq!(again.as_str(), symbol.as_str());
    }
    let _ = CardNumber::parse(text);
    if let Ok(branch) = Branch::parse(text) {
        assert_eq!(Branch::parse(&branch.to_string()), Ok(branch));
    }
    if let Ok(day) = date::parse_date(text) {
        assert_eq!(date::parse_date(&date::format_date(day)), Ok(day));
    }
    if let Ok(at) = date::parse_date_time(text) {
        assert_eq!(date::parse_date_time(&date::format_date_time(at)), Ok(at));
    }
    if let Ok(month) = date::parse_month(text) {
        assert_eq!(date::parse_month(&date::format_month(month)), Ok(month));
    }
    let half = kana::to_half_width(text);
    assert_eq!(kana::to_half_width(&half), half);
}

/// Bytes that were decoded are encoded and decoded again; UTF-8 unchanged, Shift_JIS at least readable.
pub fn charset(bytes: &[u8]) {
    let _ = decode_as(bytes, Charset::Utf8);
    let _ = decode_as(bytes, Charset::ShiftJis);
    match decode(bytes) {
        Ok((text, _)) => {
            assert_eq!(decode_as(&encode(&text, Charset::Utf8), Charset::Utf8).as_ref(), Ok(&text));
            assert!(decode_as(&encode(&text, Charset::ShiftJis), Charset::ShiftJis).is_ok());
        }
        Err(error) => assert!(error.to_string().ends_with('。')),
    }
}

/// Login and enrolment messages that were read are written and read back, and never print their secrets.
pub fn enrolment_json(bytes: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<LoginRequest>(bytes) {
        let again: LoginRequest = serde_json::from_slice(&serde_json::to_vec(&read).expect("it is JSON")).expect("it was just written");
        assert_eq!(again.password.expose_secret(), read.password.expose_secret());
        let shown = format!("{:?}", read.password);
        assert_eq!(shown, format!("{:?}", again.password));
    }
    if let Ok(read) = serde_json::from_slice::<PfxRequest>(bytes) {
        let shown = format!("{:?}", PfxRequest { request_id: String::new(), ..read.clone() });
        assert_eq!(shown, format!("PfxRequest {{ request_id: \"\", compatible: {}, .. }}", read.compatible));
    }
    if let Ok(read) = serde_json::from_slice::<CsrRequest>(bytes) {
        assert_eq!(format!("{:?}", CsrRequest { request_id: String::new(), ..read }), "CsrRequest { request_id: \"\", .. }");
    }
    if let Ok(read) = serde_json::from_slice::<RevocationRequest>(bytes) {
        assert_eq!(format!("{read:?}"), "RevocationRequest");
    }
    if let Ok(read) = serde_json::from_slice::<RenewalRequest>(bytes) {
        let again: RenewalRequest = serde_json::from_slice(&serde_json::to_vec(&read).expect("it is JSON")).expect("it was just written");
        assert_eq!(again, read);
    }
    if let Ok(read) = serde_json::from_slice::<OwnCertificate>(bytes) {
        let again: OwnCertificate = serde_json::from_slice(&serde_json::to_vec(&read).expect("it is JSON")).expect("it was just written");
        assert_eq!(again, read);
    }
    if let Ok(read) = serde_json::from_slice::<LoginReply>(bytes) {
        assert!(serde_json::to_vec(&read).is_ok());
    }
    if let Ok(read) = serde_json::from_slice::<IssuedCertificate>(bytes) {
        assert_eq!(serde_json::from_slice::<IssuedCertificate>(&serde_json::to_vec(&read).expect("it is JSON")).ok(), Some(read));
    }
    if let Ok(read) = serde_json::from_slice::<Refusal>(bytes) {
        assert_eq!(serde_json::from_slice::<Refusal>(&serde_json::to_vec(&read).expect("it is JSON")).ok(), Some(read));
    }
}
