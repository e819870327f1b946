//! Everything our programs can refuse or fail at: one code, one sentence for the front desk, one for the vendor, and whose job it is.

use crate::embedded;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/situations.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// Whose job it is to repair something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The facility itself, at the front desk.
    Site,
    /// The vendor of the receipt computer or the installer.
    Vendor,
    /// The carrier of the line, or the collaborating operator who sold it.
    Line,
    /// The operator of the center.
    #[default]
    Center,
    /// The insurer of the patient.
    Insurer,
}

impl Owner {
    /// The Japanese name shown to users.
    pub fn label(self) -> &'static str {
        match self {
            Owner::Site => "医療機関等",
            Owner::Vendor => "システムベンダー",
            Owner::Line => "回線の契約先",
            Owner::Center => "センター",
            Owner::Insurer => "保険者",
        }
    }
}

/// What is said in one situation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SituationText {
    /// The situation's key, "unadmitted-line".
    pub key: &'static str,
    /// Our code: a group (`OQSE` service, `OQSA` access, `OQSB` message, `OQSC` certificate, `OQSX` bridge), four digits, `E`.
    pub code: &'static str,
    /// The HTTP status with which it is answered where it is answered over HTTP.
    pub status: u16,
    /// For the front desk, Japanese: what is wrong and what to do, without a word of networks.
    pub desk: &'static str,
    /// For the vendor, Japanese, technical.
    pub vendor: &'static str,
    /// Whose job it is.
    pub owner: Owner,
}

/// The enumeration, the table's shape and the way from one to the other, written once.
macro_rules! situations {
    ($($(#[$doc:meta])* $variant:ident $field:ident $key:literal,)+) => {
        /// One situation in which a program of ours refuses or cannot answer. The texts stand in `data/situations.toml`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Situation {
            $($(#[$doc])* $variant,)+
        }

        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Sheet {
            pub(crate) source: &'static str,
            pub(crate) from: Date,
            $(#[serde(rename = $key)] $field: SituationText,)+
        }

        impl Situation {
            /// Every situation, in the order of the enumeration.
            pub const ALL: &'static [Situation] = &[$(Situation::$variant,)+];

            /// What is said in this situation.
            pub fn get(self) -> &'static SituationText {
                match self {
                    $(Situation::$variant => &SHEET.$field,)+
                }
            }

            /// The stable key, "unadmitted-line".
            pub fn key(self) -> &'static str {
                match self {
                    $(Situation::$variant => $key,)+
                }
            }
        }
    };
}

situations! {
    /// The calling line is not on the admission list.
    UnadmittedLine unadmitted_line "unadmitted-line",
    /// A client certificate is required and none was presented.
    NoCertificate no_certificate "no-certificate",
    /// The certificate was not issued by the common CA.
    ForeignCertificate foreign_certificate "foreign-certificate",
    /// The certificate's validity is over, or not begun.
    ExpiredCertificate expired_certificate "expired-certificate",
    /// The terminal was blocked, or its certificate revoked.
    BlockedTerminal blocked_terminal "blocked-terminal",
    /// A certificate of the CA whose serial no register knows.
    UnknownTerminal unknown_terminal "unknown-terminal",
    /// The certificate belongs to another facility than the one named.
    CertificateOfOtherFacility certificate_of_other_facility "certificate-of-other-facility",
    /// No facility has this code.
    UnknownFacility unknown_facility "unknown-facility",
    /// The facility's participation has ended.
    FacilityEnded facility_ended "facility-ended",
    /// Unknown account or wrong password; which of the two is not said.
    LoginRefused login_refused "login-refused",
    /// Too many wrong passwords; the account rests.
    AccountLocked account_locked "account-locked",
    /// The call carries no token.
    NoToken no_token "no-token",
    /// The token's life is over.
    ExpiredToken expired_token "expired-token",
    /// A token that this center did not issue.
    UnknownToken unknown_token "unknown-token",
    /// The token belongs to another facility than the message or certificate.
    TokenOfOtherFacility token_of_other_facility "token-of-other-facility",
    /// The message cannot be read at all.
    MalformedMessage malformed_message "malformed-message",
    /// A required element is absent or empty.
    MissingField missing_field "missing-field",
    /// A date that the calendar does not have, or outside the allowed span.
    ImpossibleDate impossible_date "impossible-date",
    /// The insurer number's check digit does not fit.
    WrongCheckDigit wrong_check_digit "wrong-check-digit",
    /// An element has characters or a length its definition does not allow.
    WrongFormat wrong_format "wrong-format",
    /// The message is larger than allowed.
    TooLarge too_large "too-large",
    /// The XML carries a document type definition; none is accepted.
    DtdRefused dtd_refused "dtd-refused",
    /// The message is nested deeper than any real one.
    TooDeep too_deep "too-deep",
    /// The bytes are not of the character set that the message declares.
    EncodingMismatch encoding_mismatch "encoding-mismatch",
    /// No such path.
    NotFound not_found "not-found",
    /// The path exists, the method is another.
    MethodNotAllowed method_not_allowed "method-not-allowed",
    /// The center is overloaded and asks to wait.
    Busy busy "busy",
    /// A fault of the center's own.
    InternalError internal_error "internal-error",
    /// A test person that stands for a processing error of the center.
    StagedProcessingError staged_processing_error "staged-processing-error",
    /// No certificate notice has this request id and reference id.
    NoticeUnknown notice_unknown "notice-unknown",
    /// The download window of 180 days has passed.
    NoticeExpired notice_expired "notice-expired",
    /// The certificate of this notice was already handed out.
    NoticeUsed notice_used "notice-used",
    /// The certificate signing request cannot be read or is not self-consistent.
    BadCsr bad_csr "bad-csr",
    /// The key is of a kind or size that is not accepted.
    WeakKey weak_key "weak-key",
    /// The same key stands in another certificate.
    KeyAlreadyUsed key_already_used "key-already-used",
    /// The password chosen for the PFX file does not meet its rule.
    BadPfxPassword bad_pfx_password "bad-pfx-password",
    /// A name in the certificate request is not valid UTF-8.
    NotUtf8Name not_utf8_name "not-utf8-name",
    /// The certificate was renewed already; the newer one counts.
    CertificateSuperseded certificate_superseded "certificate-superseded",
    /// It is too early to renew this certificate.
    RenewalNotOpen renewal_not_open "renewal-not-open",
    /// No renewal of this certificate is under way under this number.
    RenewalUnknown renewal_unknown "renewal-unknown",
    /// A mail address that no server would take.
    BadMailAddress bad_mail_address "bad-mail-address",
    /// The bridge cannot reach the center.
    CenterUnreachable center_unreachable "center-unreachable",
    /// The center did not answer in time.
    DeadlinePassed deadline_passed "deadline-passed",
    /// The center's answer cannot be read.
    CenterAnswerUnreadable center_answer_unreadable "center-answer-unreadable",
    /// A kind of request file that this bridge does not handle.
    UnsupportedMessage unsupported_message "unsupported-message",
    /// A request file that never became whole.
    FileNeverComplete file_never_complete "file-never-complete",
    /// The bridge has no certificate or account yet.
    BridgeNotEnrolled bridge_not_enrolled "bridge-not-enrolled",
    /// The forward proxy is closed (PX-10).
    ProxyClosed proxy_closed "proxy-closed",
    /// A host or port that the forward proxy does not reach.
    ProxyHostRefused proxy_host_refused "proxy-host-refused",
    /// A host that goes past the proxy: the terminal's bypass list lacks it (PX-06).
    ProxyBypassMissing proxy_bypass_missing "proxy-bypass-missing",
    /// The line, or the proxy as a whole, has all the connections it may have.
    ProxyBusy proxy_busy "proxy-busy",
    /// A host of the list that cannot be reached, or whose name leads to an address that is not allowed.
    ProxyHostUnreachable proxy_host_unreachable "proxy-host-unreachable",
    /// The forward proxy has no valid list of admitted lines and closures.
    ProxyListStale proxy_list_stale "proxy-list-stale",
}

impl Situation {
    /// The situation with this key; `None` for any other word.
    pub fn by_key(key: &str) -> Option<Situation> {
        Situation::ALL.iter().copied().find(|situation| situation.key() == key)
    }

    /// The situation with this code, "OQSA1001E"; `None` for a code that is not ours.
    pub fn by_code(code: &str) -> Option<Situation> {
        Situation::ALL.iter().copied().find(|situation| situation.get().code == code)
    }
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_and_the_enumeration_name_the_same_situations() {
        // An unknown key in the table, or a situation without text, is a parse error.
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        for situation in Situation::ALL.iter().copied() {
            assert_eq!(Situation::by_key(situation.key()), Some(situation));
            assert_eq!(Situation::by_code(situation.get().code), Some(situation));
        }
        assert_eq!(Situation::by_key("no-such-situation"), None);
        assert_eq!(Situation::by_code(""), None);
    }

    /// Codes are a promise to programs that read them: a change here is a change of the interface.
    const PROMISED: &str = "
        unadmitted-line OQSA1001E 403 site
        no-certificate OQSA1002E 403 vendor
        foreign-certificate OQSA1003E 403 vendor
        expired-certificate OQSA1004E 403 site
        blocked-terminal OQSA1005E 403 site
        unknown-terminal OQSA1006E 403 center
        certificate-of-other-facility OQSA1007E 403 vendor
        unknown-facility OQSA1008E 403 vendor
        facility-ended OQSA1009E 403 site
        login-refused OQSA1010E 401 site
        account-locked OQSA1011E 403 site
        no-token OQSA1012E 401 vendor
        expired-token OQSA1013E 401 vendor
        unknown-token OQSA1014E 401 vendor
        token-of-other-facility OQSA1015E 403 vendor
        malformed-message OQSB2001E 400 vendor
        missing-field OQSB2002E 400 site
        impossible-date OQSB2003E 400 site
        wrong-check-digit OQSB2004E 400 site
        wrong-format OQSB2005E 400 site
        too-large OQSB2006E 413 vendor
        dtd-refused OQSB2007E 400 vendor
        too-deep OQSB2008E 400 vendor
        encoding-mismatch OQSB2009E 400 vendor
        not-found OQSE3001E 404 vendor
        method-not-allowed OQSE3002E 405 vendor
        busy OQSE3003E 503 center
        internal-error OQSE3004E 500 center
        staged-processing-error OQSE3005E 200 center
        notice-unknown OQSC4001E 404 site
        notice-expired OQSC4002E 410 site
        notice-used OQSC4003E 409 site
        bad-csr OQSC4004E 400 vendor
        weak-key OQSC4005E 400 vendor
        key-already-used OQSC4006E 409 vendor
        bad-pfx-password OQSC4007E 400 site
        not-utf8-name OQSC4008E 400 vendor
        certificate-superseded OQSC4009E 409 site
        renewal-not-open OQSC4010E 409 site
        renewal-unknown OQSC4011E 404 site
        bad-mail-address OQSC4012E 400 site
        center-unreachable OQSX5001E 502 site
        deadline-passed OQSX5002E 504 center
        center-answer-unreadable OQSX5003E 502 vendor
        unsupported-message OQSX5004E 400 vendor
        file-never-complete OQSX5005E 408 vendor
        bridge-not-enrolled OQSX5006E 412 vendor
        proxy-closed OQSE3101E 503 center
        proxy-host-refused OQSA1101E 403 vendor
        proxy-bypass-missing OQSA1102E 403 vendor
        proxy-busy OQSE3102E 503 site
        proxy-host-unreachable OQSE3103E 502 center
        proxy-list-stale OQSE3104E 503 center";

    #[test]
    fn keys_codes_statuses_and_owners_are_the_promised_ones() {
        let held: Vec<String> = Situation::ALL
            .iter()
            .map(|situation| (situation, situation.get()))
            .map(|(situation, text)| {
                assert_eq!(text.key, situation.key());
                format!("{} {} {} {}", text.key, text.code, text.status, format!("{:?}", text.owner).to_lowercase())
            })
            .collect();
        let promised: Vec<&str> = PROMISED.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(held, promised);
    }

    #[test]
    fn codes_are_unique_and_have_their_groups_shape() {
        let codes: BTreeSet<_> = Situation::ALL.iter().map(|situation| situation.get().code).collect();
        assert_eq!(codes.len(), Situation::ALL.len());
        for code in codes {
            assert_eq!((code.len(), code.ends_with('E')), (9, true), "{code}");
            assert!(["OQSA1", "OQSB2", "OQSE3", "OQSC4", "OQSX5"].iter().any(|group| code.starts_with(group)), "{code}");
            assert!(code[4..8].bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }

    #[test]
    fn the_front_desk_reads_a_japanese_sentence_without_words_of_networks() {
        for text in Situation::ALL.iter().map(|situation| situation.get()) {
            assert!(text.desk.ends_with('。') && text.vendor.ends_with('。'), "{}", text.code);
            for word in ["DNS", "TLS", "IPv6", "HTTP", "XML", "JSON", "CSR", "サーバ", "プロキシ", "パケット", "ルーター", "ONU"]
            {
                assert!(!text.desk.contains(word), "{}: {word}", text.code);
            }
            assert!(text.desk.chars().count() <= 90, "{} is too long for one look", text.code);
            assert!((200..=599).contains(&text.status), "{}", text.code);
        }
    }

    #[test]
    fn owners_have_japanese_names() {
        assert_eq!(Owner::Line.label(), "回線の契約先");
        assert_eq!(Owner::Insurer.label(), "保険者");
    }
}
