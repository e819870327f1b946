//! Reads what people copy from the notice or choose themselves, and names each mistake with what to do: plain functions.

use chassis::mail::MailAddress;
use manuals::certificate;
use registry::rules::form::Mistake;
use registry::rules::typed;

fn mistake(field: &'static str, japanese: &str, english: &str) -> Mistake {
    Mistake { field, japanese: japanese.to_owned(), english: english.to_owned() }
}

/// The two ids of a notice as they are meant: wide letters made narrow, blanks at the ends taken away.
pub(crate) fn ids(request_id: &str, reference_id: &str) -> Result<(String, String), Vec<Mistake>> {
    let (request_id, reference_id) = (typed::address(request_id), typed::address(reference_id));
    let mut mistakes = Vec::new();
    if !certificate::is_request_id(&request_id) {
        mistakes.push(mistake(
            "request_id",
            "リクエストIDは、電子証明書発行通知書にある15桁の数字です。はじめの8桁は日付です。通知書のとおりに入力してください。",
            "The request id is the 15 digits of the notice; it begins with a date.",
        ));
    }
    if !certificate::is_reference_id(&reference_id) {
        mistakes.push(mistake(
            "reference_id",
            "リファレンスIDは、電子証明書発行通知書にある10文字の英数字です。大文字と小文字を区別して、通知書のとおりに入力してください。",
            "The reference id is the ten letters and digits of the notice; small and capital letters differ.",
        ));
    }
    if mistakes.is_empty() { Ok((request_id, reference_id)) } else { Err(mistakes) }
}

/// Why a password is none (CA-15).
pub(crate) fn password(typed: &str) -> Mistake {
    let wide = !typed.is_ascii() && typed::address(typed).bytes().all(|byte| byte.is_ascii_digit());
    if wide {
        let japanese = "全角の数字は使えません。証明書パスワードは、半角数字4桁で入力してください。";
        return mistake("password", japanese, "Full-width digits cannot be used: four half-width digits, please.");
    }
    mistake("password", "証明書パスワードは、任意の4桁の半角数字を入力してください。", "The password is any four half-width digits.")
}

/// Two fields that must say the same do not.
pub(crate) fn not_the_same(field: &'static str) -> Mistake {
    mistake(field, "確認用に入力したものと違います。もう一度入力してください。", "The two entries differ. Type them again.")
}

/// An address typed twice.
pub(crate) fn mail(first: &str, again: &str) -> Result<String, Vec<Mistake>> {
    let address = typed::address(first);
    if MailAddress::parse(&address).is_none() {
        let japanese = "メールアドレスとして読めません。半角の「名前@ドメイン」の形で入力してください。";
        return Err(vec![mistake("mail", japanese, "This cannot be read as a mail address.")]);
    }
    if typed::address(again) != address {
        return Err(vec![not_the_same("mail_again")]);
    }
    Ok(address)
}

/// The names of terminals, a line each, without empty lines.
pub(crate) fn terminals(typed: &str) -> Vec<String> {
    typed.lines().map(typed::words).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: CA-04, CA-05, CA-14
    #[test]
    fn ids_are_taken_as_they_stand_on_the_notice_and_a_slip_is_named_beside_its_field() {
        let right = Ok(("202012100001000".to_owned(), "FPwNiG5g4r".to_owned()));
        assert_eq!(ids(" 202012100001000 ", "FPwNiG5g4r\n"), right);
        assert_eq!(ids("２０２０１２１００００１０００", "ＦＰｗＮｉＧ５ｇ４ｒ"), right);
        let fields =
            |request: &str, reference: &str| ids(request, reference).unwrap_err().iter().map(|mistake| mistake.field).collect::<Vec<_>>();
        assert_eq!(fields("20201210000100", "FPwNiG5g4r"), ["request_id"]);
        assert_eq!(fields("202012100001000", "FPwNiG5g4"), ["reference_id"]);
        assert_eq!(fields("", ""), ["request_id", "reference_id"]);
    }

    /// Rows: CA-15
    #[test]
    fn full_width_digits_are_told_from_other_mistakes() {
        assert!(password("４０７１").japanese.starts_with("全角"));
        assert!(password("407").japanese.contains("4桁"));
        assert!(password("あいうえ").japanese.contains("4桁"));
    }

    /// Rows: RN-12
    #[test]
    fn an_address_is_typed_twice() {
        assert_eq!(mail("taro@example.jp", "taro@example.jp"), Ok("taro@example.jp".to_owned()));
        assert_eq!(mail("ｔａｒｏ@example.jp ", "taro@example.jp"), Ok("taro@example.jp".to_owned()));
        assert_eq!(mail("taro", "taro").unwrap_err()[0].field, "mail");
        assert_eq!(mail("taro@example.jp", "tarou@example.jp").unwrap_err()[0].field, "mail_again");
        assert_eq!(terminals("受付\n\n 会計 \r\n"), ["受付", "会計"]);
    }
}
