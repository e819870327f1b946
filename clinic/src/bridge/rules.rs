//! Decides what a file in the request folder is, whether it is whole, and what the desk gets to read: no folder, no clock, no center.

use std::ffi::OsStr;
use std::time::Duration;

use jiff::civil::DateTime;
use manuals::situation::Situation;
use wire::ReadError;
use wire::charset::{self, Charset, CharsetError};
use wire::check::{CheckRequest, CheckResult, Echo};
use wire::filename::{Direction, Extension, FileName};
use wire::xml::{self, Style};

use crate::center::{CenterError, CheckReply};

/// No more of a request is ever read than one byte past what a message may have.
pub(crate) const READ_LIMIT: u64 = wire::MAX_MESSAGE_BYTES as u64 + 1;

/// The one message this bridge handles: 資格確認 (OQS-IF-001/002).
const CHECK: &str = "OQSsiquc01";

/// What a name in the request folder means to the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Not ours: results, temporary and foreign files stay where they are (R1).
    None,
    /// A 資格確認要求 (OQSsiquc01req).
    Check,
    /// A request of the official grammar that this bridge does not handle.
    Unsupported,
}

/// Reads a name's meaning. A name that is no text is refused, not ignored, if what can be read of it begins like a request.
pub(crate) fn interest(name: &OsStr) -> Interest {
    let parsed = FileName::parse(&name.to_string_lossy());
    let dropped =
        parsed.is_some_and(|name| name.direction() == Direction::Request && matches!(name.extension(), Extension::Xml | Extension::Zip));
    match (dropped, result_name(name)) {
        (true, Some(_)) => Interest::Check,
        (true, None) => Interest::Unsupported,
        (false, _) => Interest::None,
    }
}

/// The name of the result that answers a check request: `req` → `res` (R2). `None` for any other name.
pub(crate) fn result_name(name: &OsStr) -> Option<String> {
    let parsed = FileName::parse(name.to_str()?)?;
    let check = parsed.message().prefix == CHECK && parsed.direction() == Direction::Request && parsed.extension() == Extension::Xml;
    check.then(|| parsed.result_name())
}

/// Whether a file can be taken at once: nothing its writer could still add would change the judgement.
/// Everything else must first rest, because clients write in place.
pub(crate) fn is_whole(interest: Interest, bytes: &[u8]) -> bool {
    match interest {
        Interest::None => false,
        Interest::Check => xml::read_check_request(bytes).is_ok(),
        Interest::Unsupported => ends_with_the_root(bytes),
    }
}

/// Whether the bytes end with `</XmlMsg>`, blanks after it and before the bracket allowed.
fn ends_with_the_root(bytes: &[u8]) -> bool {
    let end = bytes.trim_ascii_end();
    end.strip_suffix(b">").is_some_and(|rest| rest.trim_ascii_end().ends_with(b"</XmlMsg"))
}

/// What is done with a taken request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The center is asked; its result gets this name.
    Ask(Box<CheckRequest>, String),
    /// The bridge itself refuses it with an `.err`.
    Refuse(Refused),
}

/// Why the bridge refuses a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What is said.
    pub(crate) situation: Situation,
    /// Where in the file, for the vendor; holds no value of the file.
    pub(crate) place: String,
}

/// Judges a taken request by its name and its bytes.
pub(crate) fn judge(name: &OsStr, bytes: &[u8]) -> Judgement {
    let refuse = |situation, place: String| Judgement::Refuse(Refused { situation, place });
    if name.to_str().is_none() {
        return refuse(Situation::UnsupportedMessage, "ファイル名に読み取れない文字があります。".to_owned());
    }
    let Some(result_name) = result_name(name) else {
        return refuse(Situation::UnsupportedMessage, "ファイル名の種別が対応外です。".to_owned());
    };
    match xml::read_check_request(bytes) {
        Ok(request) => Judgement::Ask(Box::new(request), result_name),
        Err(error) => {
            let cut_short = may_be_a_cut(&error) && !ends_with_the_root(bytes);
            let situation = if cut_short { Situation::FileNeverComplete } else { error.situation() };
            refuse(situation, error.to_string())
        }
    }
}

/// Whether a file that only stops too early can give this error: also a declaration or a Japanese character may be cut in two.
fn may_be_a_cut(error: &ReadError) -> bool {
    match error {
        ReadError::Charset(mistake) => matches!(mistake, CharsetError::UnknownDeclared | CharsetError::WrongBytes { .. }),
        other => other.situation() == Situation::MalformedMessage,
    }
}

/// The text of an `.err` file: code, desk, vendor, place, drop id. Windows line ends, because people open it there.
pub(crate) fn err_text(refused: &Refused, drop_id: &str, charset: Charset) -> Vec<u8> {
    let said = refused.situation.get();
    let text = format!(
        "コード: {}\r\n窓口の方へ: {}\r\nシステム業者の方へ: {}\r\n場所: {}\r\n受付番号: {drop_id}\r\n",
        said.code, said.desk, said.vendor, refused.place
    );
    charset::encode(&text, charset)
}

/// Whether the same question is asked again, `since_trouble` after the center first failed to take it.
/// Asking again is safe: the center answers and records one drop id once.
pub(crate) fn ask_again(error: &CenterError, since_trouble: Duration, give_up: Duration) -> bool {
    let passing = match error {
        CenterError::Unreachable { .. } => true,
        CenterError::Refused(refusal) => refusal.status == 503,
        CenterError::Unreadable { .. } | CenterError::Timeout => false,
    };
    passing && since_trouble < give_up
}

/// Whether a request that an earlier run took, written `age` ago, is not asked again: the center forgets drop ids after two days, and
/// would record it a second time. Nobody waits for its answer any more.
pub(crate) fn is_too_old(age: Duration) -> bool {
    age >= Duration::from_hours(24)
}

/// The pause before attempt number `attempt` (from 1): it doubles up to two seconds.
pub(crate) fn pause_before(attempt: u32) -> Duration {
    Duration::from_millis(125).saturating_mul(1 << attempt.min(4)).min(Duration::from_secs(2))
}

/// How a question ended, as figures and logs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The center answered, whatever it said.
    Answered,
    /// The center did not take the question, in this situation or with a code of its own.
    Failed,
    /// A laboratory's unreadable answer was passed on as one.
    PassedBroken,
}

impl Outcome {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::PassedBroken => "passed-broken",
        }
    }
}

/// What the site set about result files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) style: Style,
    pub(crate) pass_broken: bool,
}

/// The result file for however the question ended, complete header and body in every case (R7). `at` is Japan time.
pub(crate) fn result_file(
    request: &CheckRequest,
    reply: Result<CheckReply, CenterError>,
    at: DateTime,
    habits: Habits,
) -> (Vec<u8>, Outcome) {
    let say = |code: &str, desk: &str| CheckResult::refusal(at, Echo::from(request), code, desk);
    let situation = |situation: Situation| say(situation.get().code, situation.get().desk);
    let (result, outcome) = match reply {
        Ok(reply) => (reply.result, Outcome::Answered),
        Err(CenterError::Refused(refusal)) => (say(&refusal.code, &refusal.shown()), Outcome::Failed),
        Err(CenterError::Unreachable { .. }) => (situation(Situation::CenterUnreachable), Outcome::Failed),
        Err(CenterError::Timeout) => (situation(Situation::DeadlinePassed), Outcome::Failed),
        Err(CenterError::Unreadable { .. }) => {
            let outcome = if habits.pass_broken { Outcome::PassedBroken } else { Outcome::Failed };
            (situation(Situation::CenterAnswerUnreadable), outcome)
        }
    };
    let mut bytes = xml::write_check_result(&result, habits.style);
    if outcome == Outcome::PassedBroken {
        // Cut inside the message: readers must meet what they would meet if the original broke.
        bytes.truncate(bytes.len() * 2 / 3);
    }
    (bytes, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::CenterRefusal;

    const NAME: &str = "OQSsiquc01req_1.xml";
    const QUESTION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><XmlMsg><MessageHeader>\
        <QualificationConfirmationDate>20260715</QualificationConfirmationDate>\
        <MedicalInstitutionCode>1310099999</MedicalInstitutionCode></MessageHeader><MessageBody><QualificationConfirmSearchInfo>\
        <InsurerNumber>  990010</InsurerNumber><InsuredIdentificationNumber>5501</InsuredIdentificationNumber>\
        <Birthdate>19800510</Birthdate></QualificationConfirmSearchInfo></MessageBody></XmlMsg>";

    fn situation(name: &str, text: &str) -> Option<Situation> {
        match judge(OsStr::new(name), text.as_bytes()) {
            Judgement::Refuse(refused) => Some(refused.situation),
            Judgement::Ask(..) => None,
        }
    }

    #[test]
    fn only_requests_of_the_official_grammar_are_touched() {
        for (name, expected) in [
            (NAME, Interest::Check),
            ("OQSsiquc01req_患者.XML", Interest::Check),
            ("OQSsiquc01req_1.zip", Interest::Unsupported),
            ("YZKsiquc01req_1.xml", Interest::Unsupported),
            ("OQSmuquc01req_1.xml", Interest::Unsupported),
            ("OQSsiquc01res_1.xml", Interest::None),
            ("OQSsiquc01req_1.err", Interest::None),
            ("OQSsiquc01req_1.pdf", Interest::None),
            (".receptionagent-0a1b.tmp", Interest::None),
            ("onshi-00112233445566778899aabbccddeeff.tmp", Interest::None),
            ("Thumbs.db", Interest::None),
        ] {
            assert_eq!(interest(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_question_cut_anywhere_is_never_taken_for_whole() {
        for cut in 0..QUESTION.len() {
            assert!(!is_whole(Interest::Check, &QUESTION.as_bytes()[..cut]), "{cut}");
            assert_eq!(situation(NAME, &QUESTION[..cut]), Some(Situation::FileNeverComplete), "{cut}");
        }
        assert!(is_whole(Interest::Check, QUESTION.as_bytes()));
        assert!(is_whole(Interest::Unsupported, b"<XmlMsg></XmlMsg >\r\n") && !is_whole(Interest::Unsupported, b"PK\x03\x04"));
    }

    #[test]
    fn each_mistake_of_a_file_has_its_own_words() {
        for (text, expected) in [
            (QUESTION.replace("</QualificationConfirmSearchInfo>", "</Other>"), Situation::MalformedMessage),
            (QUESTION.replace("<XmlMsg>", "<!DOCTYPE x><XmlMsg>"), Situation::DtdRefused),
            (QUESTION.replace("MessageHeader", "Header"), Situation::MissingField),
            (QUESTION.replace("UTF-8", "EUC-JP"), Situation::EncodingMismatch),
            (" ".repeat(wire::MAX_MESSAGE_BYTES + 1), Situation::TooLarge),
        ] {
            assert_eq!(situation(NAME, &text), Some(expected));
        }
        assert_eq!(situation("TKKsiquc01req_1.xml", QUESTION), Some(Situation::UnsupportedMessage));
        assert_eq!(situation(NAME, QUESTION), None, "values are the center's to judge");
    }

    #[test]
    fn an_err_file_says_code_desk_vendor_place_and_drop_id() {
        let refused = Refused { situation: Situation::DtdRefused, place: "1行目".to_owned() };
        let utf8 = String::from_utf8(err_text(&refused, "abc", Charset::Utf8)).unwrap();
        assert_eq!(utf8.lines().count(), 5);
        assert!(utf8.contains(Situation::DtdRefused.get().code) && utf8.contains("1行目") && utf8.ends_with("受付番号: abc\r\n"));
        let sjis = err_text(&refused, "abc", Charset::ShiftJis);
        assert_eq!(charset::decode_as(&sjis, Charset::ShiftJis).unwrap(), utf8);
    }

    #[test]
    fn only_passing_trouble_is_asked_again_and_not_for_ever() {
        let refused = |status| CenterError::Refused(CenterRefusal { status, code: String::new(), message: String::new(), incident: None });
        let away = CenterError::Unreachable { what: String::new() };
        let (soon, limit) = (Duration::from_secs(14), Duration::from_secs(15));
        assert!(ask_again(&away, soon, limit) && ask_again(&refused(503), soon, limit));
        assert!(!ask_again(&away, limit, limit));
        for lasting in [refused(403), refused(500), CenterError::Timeout, CenterError::Unreadable { status: 200, bytes: 0 }] {
            assert!(!ask_again(&lasting, Duration::ZERO, limit), "{lasting}");
        }
        assert!(is_too_old(Duration::from_secs(86_400)) && !is_too_old(Duration::from_secs(86_399)));
        let pauses: Vec<_> = (1..6).map(|attempt| pause_before(attempt).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 2000]);
    }
}
