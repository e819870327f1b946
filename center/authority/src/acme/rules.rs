//! Decides what an ACME account may be called, may order and may ask a certificate for: plain functions of what was sent and what is known.

use data_encoding::BASE32_NOPAD;

use super::message::NewOrder;
use super::problem::{Kind, Problem};
use crate::request::Names;

/// Most addresses of an account.
const CONTACTS: usize = 5;

/// The name under which a terminal orders its certificate: it exists in no zone and leads nowhere. A terminal's own name is used where it is a
/// host's label; any other is shortened to `t-` and eight letters that stay the same for the same name.
#[must_use]
pub fn name_of(facility_code: &str, terminal_name: &str) -> String {
    let own = terminal_name.trim().to_ascii_lowercase();
    let letters = own.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let edges = own.starts_with('-') || own.ends_with('-') || own.starts_with("t-") || own.get(2..4) == Some("--");
    let label = if letters && !edges && (1..=40).contains(&own.len()) {
        own
    } else {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("{facility_code}/{}", terminal_name.trim()).as_bytes());
        let short: String = BASE32_NOPAD.encode(hash.as_ref()).to_ascii_lowercase().chars().take(8).collect();
        format!("t-{short}")
    };
    format!("{label}.{facility_code}.{}", manuals::certificate::sheet().standard.terminals)
}

/// The addresses of an account: mail only.
pub(crate) fn contacts(given: &[String]) -> Result<(), Problem> {
    if given.len() > CONTACTS {
        return Err(Problem::new(Kind::InvalidContact, "連絡先は五つまでです。"));
    }
    for contact in given {
        let Some(address) = contact.strip_prefix("mailto:") else {
            return Err(Problem::new(Kind::UnsupportedContact, "連絡先には mailto: だけを使えます。"));
        };
        let plain = !address.contains(['?', ',', '%', ';']);
        if !plain || chassis::mail::MailAddress::parse(address).is_none() {
            return Err(Problem::new(
                Kind::InvalidContact,
                "連絡先のメールアドレスを一つずつ、余分なもの（?、, など）を付けずに書いてください。",
            ));
        }
    }
    Ok(())
}

/// The names of an order, in small letters: the account's own, and beside it at most its facility's code. A client that takes the names to
/// order from the certificate that it renews finds the code there, as the common name.
pub(crate) fn order(wanted: &NewOrder, name: &str, facility_code: &str) -> Result<Vec<String>, Problem> {
    if wanted.not_before.is_some() || wanted.not_after.is_some() {
        return Err(Problem::new(Kind::Malformed, "有効期間は認証局が決めます。notBefore と notAfter は書かないでください。"));
    }
    let mut names: Vec<String> = Vec::new();
    for identifier in &wanted.identifiers {
        let value = identifier.value.to_ascii_lowercase();
        if identifier.kind != "dns" {
            return Err(Problem::new(Kind::UnsupportedIdentifier, "名前の種類は dns だけです。"));
        }
        if (value != name && value != facility_code) || names.contains(&value) {
            return Err(rejected(name));
        }
        names.push(value);
    }
    if names.iter().any(|given| given == name) { Ok(names) } else { Err(rejected(name)) }
}

fn rejected(name: &str) -> Problem {
    Problem::new(
        Kind::RejectedIdentifier,
        &format!("このアカウントが申請できる名前は {name} の一つだけです。通知書の「ACME 識別子」を確かめてください。"),
    )
}

/// Whether a certificate request names what was ordered and nothing else. A facility's code as common name is its own, too.
pub(crate) fn request(names: &Names, ordered: &[String], name: &str, facility_code: &str) -> Result<(), Problem> {
    let of_the_order = |given: &String| ordered.iter().any(|wanted| given.eq_ignore_ascii_case(wanted));
    let all = || names.dns.iter().chain(&names.common);
    let named = names.dns.iter().all(of_the_order) && names.common.iter().all(|given| of_the_order(given) || given == facility_code);
    if named && names.other == 0 && all().any(|given| given.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(Problem::new(Kind::BadCsr, &format!("証明書署名要求（CSR）の名前は、申請した {name} だけにしてください。")))
}

/// The reasons for which a holder may revoke (RFC 5280 §5.3.1): not the CA's own ones, and no hold.
pub(crate) fn reason(given: Option<i64>) -> Result<i64, Problem> {
    match given.unwrap_or(0) {
        known @ (0 | 1 | 3 | 4 | 5) => Ok(known),
        _ => Err(Problem::new(
            Kind::BadRevocationReason,
            "失効の理由は 0（指定なし）、1（鍵の危殆化）、3（所属変更）、4（取替え）、5（利用終了）のどれかにしてください。",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::acme::message::Identifier;

    const NAME: &str = "reception.0110119153.terminals.example";
    const CODE: &str = "0110119153";

    fn wanted(kind: &str, value: &str) -> NewOrder {
        let identifiers = vec![Identifier { kind: kind.into(), value: value.into() }];
        NewOrder { identifiers, not_before: None, not_after: None, replaces: None }
    }

    #[test]
    fn a_terminal_has_one_name_inside_the_roots_constraints() {
        let plain = name_of("0110119153", "Reception-1");
        assert!(plain.starts_with("reception-1.0110119153."), "{plain}");
        let japanese = name_of("0110119153", "受付端末");
        assert_eq!(japanese, name_of("0110119153", " 受付端末 "));
        assert!(japanese.starts_with("t-") && japanese.split('.').next().unwrap().len() == 10, "{japanese}");
        assert_ne!(japanese, name_of("0110119153", "診察室端末"));
        for odd in ["t-abcdefgh", "-a", "a-", "xn--a", "a.b", "a b", "", &"a".repeat(64)] {
            assert!(name_of("0110119153", odd).starts_with("t-"), "{odd}");
        }
        let permitted = manuals::domains::permitted_name_constraints();
        assert!(permitted.iter().any(|domain| plain.ends_with(&format!(".{domain}"))), "{plain}");
    }

    #[test]
    fn only_the_accounts_own_name_is_ordered() {
        assert_eq!(order(&wanted("dns", &NAME.to_uppercase()), NAME, CODE), Ok(vec![NAME.to_owned()]));
        let with_code = |code: &str| {
            let code = Identifier { kind: "dns".into(), value: code.into() };
            NewOrder { identifiers: [vec![code], wanted("dns", NAME).identifiers].concat(), ..wanted("dns", NAME) }
        };
        assert_eq!(order(&with_code(CODE), NAME, CODE).unwrap(), [CODE, NAME]);
        let kind = |wanted: &NewOrder| order(wanted, NAME, CODE).unwrap_err().kind();
        assert_eq!(kind(&with_code("1310099999")), Kind::RejectedIdentifier);
        assert_eq!(kind(&with_code(NAME)), Kind::RejectedIdentifier);
        assert_eq!(kind(&wanted("dns", CODE)), Kind::RejectedIdentifier);
        assert_eq!(kind(&wanted("ip", "10.0.0.1")), Kind::UnsupportedIdentifier);
        assert_eq!(kind(&wanted("dns", "other.0110119153.terminals.example")), Kind::RejectedIdentifier);
        assert_eq!(kind(&wanted("dns", "*.0110119153.terminals.example")), Kind::RejectedIdentifier);
        assert_eq!(kind(&NewOrder { identifiers: Vec::new(), ..wanted("dns", NAME) }), Kind::RejectedIdentifier);
        assert_eq!(kind(&NewOrder { not_after: Some("2027-01-01T00:00:00Z".into()), ..wanted("dns", NAME) }), Kind::Malformed);
    }

    #[test]
    fn a_request_names_what_was_ordered_and_may_name_its_facility() {
        let names = |common: &[&str], dns: &[&str], other| Names {
            common: common.iter().map(|name| (*name).to_owned()).collect(),
            dns: dns.iter().map(|name| (*name).to_owned()).collect(),
            other,
        };
        let ordered = [NAME.to_owned()];
        let request = |asked: &Names| request(asked, &ordered, NAME, CODE);
        for right in [names(&[], &[NAME], 0), names(&[NAME], &[NAME], 0), names(&[NAME], &[], 0), names(&[CODE], &[NAME], 0)] {
            assert_eq!(request(&right), Ok(()), "{right:?}");
        }
        for wrong in [
            names(&[], &[], 0),
            names(&[CODE], &[], 0),
            names(&["1310099999"], &[NAME], 0),
            names(&[], &[NAME, "www.example"], 0),
            names(&[], &[NAME], 1),
            names(&[], &[NAME, CODE], 0),
        ] {
            assert_eq!(request(&wrong).unwrap_err().kind(), Kind::BadCsr, "{wrong:?}");
        }
    }

    #[test]
    fn contacts_are_mail_addresses() {
        let judge =
            |given: &[&str]| contacts(&given.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).map_err(|problem| problem.kind());
        assert_eq!(judge(&["mailto:a@clinic.example"]), Ok(()));
        assert_eq!(judge(&["tel:+81"]), Err(Kind::UnsupportedContact));
        assert_eq!(judge(&["mailto:a"]), Err(Kind::InvalidContact));
        assert_eq!(judge(&["mailto:a@clinic.example,b@clinic.example"]), Err(Kind::InvalidContact));
        assert_eq!(judge(&["mailto:a@clinic.example?subject=x"]), Err(Kind::InvalidContact));
        assert_eq!(judge(&["mailto:a@clinic.example"; 6]), Err(Kind::InvalidContact));
    }
}
