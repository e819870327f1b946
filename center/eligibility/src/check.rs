//! Answers one question from an admitted caller: reads it, looks into the register, records it, and gives a repeated drop its first reply.

use chassis::audit::{Appended, AuditError, Entry as Record, Reply as Kept};
use chassis::clock;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use manuals::situation::Situation;
use registry::Entry;
use registry::door::{self, Cause};
use serde_json::json;
use wire::check::{Asked, CheckRequest, CheckResult, Echo};

use crate::Subject;
use crate::api::Desk;
use crate::staged::Staged;
use crate::steps::Step;

/// A question as it stands before the register.
pub(crate) struct Question {
    pub(crate) request: CheckRequest,
    pub(crate) drop_id: Option<String>,
    pub(crate) entry: Entry,
}

/// What goes back to the caller.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    /// For a refusal: under which number it stands in the log.
    pub(crate) incident: Option<(HeaderName, HeaderValue)>,
}

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Register(#[from] crate::Error),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("a kept reply cannot be read")]
    KeptReply,
}

impl Cause for Failure {
    fn is_passing(&self) -> bool {
        match self {
            Self::Register(error) => error.is_passing(),
            Self::Audit(error) => error.is_passing(),
            Self::KeptReply => false,
        }
    }
}

/// The drop id of a bridge: 32 hexadecimal digits; other programs send none.
pub(crate) fn drop_id(header: Option<&HeaderValue>) -> Result<Option<String>, Situation> {
    let Some(header) = header else { return Ok(None) };
    let text = header.to_str().map_err(|_| Situation::WrongFormat)?;
    let right = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if right { Ok(Some(text.to_owned())) } else { Err(Situation::WrongFormat) }
}

/// What was found, before it is recorded.
struct Found {
    status: StatusCode,
    result: CheckResult,
    /// For the audit: how it ended, in a word or a code.
    outcome: &'static str,
    /// For the audit: by what the person is known.
    person: Option<String>,
    incident: Option<(HeaderName, HeaderValue)>,
    broken: bool,
}

pub(crate) async fn answer(desk: &Desk, question: &Question, now: Timestamp) -> Result<Reply, Failure> {
    let found = find(desk, question, now).await?;
    let mut body = Step::Write.of(|| wire::json::write_check_result(&found.result));
    if found.broken {
        // The documented test person whose answer is cut off in the middle.
        body.truncate(body.len() / 2);
    }
    let record = Record {
        payload: payload(question, &found, now),
        reply: question.drop_id.as_ref().map(|drop_id| Kept {
            scope: question.entry.facility_code.clone(),
            key: drop_id.clone(),
            body: [found.status.as_str().as_bytes(), &body].concat(),
        }),
    };
    metrics::counter!("onshi_checks_total", "outcome" => found.outcome).increment(1);
    match Step::Record.when(desk.audit.append(record)).await? {
        Appended::New { .. } => Ok(Reply { status: found.status, body, incident: found.incident }),
        Appended::Seen { body } => {
            let (status, body) = body.split_at_checked(3).ok_or(Failure::KeptReply)?;
            let status = StatusCode::from_bytes(status).map_err(|_| Failure::KeptReply)?;
            metrics::counter!("onshi_checks_repeated_total").increment(1);
            Ok(Reply { status, body: body.to_vec(), incident: found.incident })
        }
    }
}

async fn find(desk: &Desk, question: &Question, now: Timestamp) -> Result<Found, Failure> {
    let request = &question.request;
    if request.facility_code.trim() != question.entry.facility_code {
        let text = Situation::TokenOfOtherFacility.get();
        return Ok(refused(request, now, Situation::TokenOfOtherFacility, text.desk));
    }
    let asked = match Step::Validate.of(|| request.validate()) {
        Ok(asked) => asked,
        Err(mistake) => return Ok(refused(request, now, mistake.situation, &mistake.message)),
    };
    let staged = desk.eligibility.staged(&asked);
    if staged == Some(Staged::SlowAnswer) {
        tokio::time::sleep(desk.eligibility.config().slow_answer()).await;
    }
    if staged == Some(Staged::ProcessingError) {
        let text = Situation::StagedProcessingError.get();
        let result = CheckResult::processing_error(clock::japan(now), Echo::from(request), text.code, text.desk);
        let person = Some(desk.audit.pseudonym(Subject::of_question(&asked.key).bytes()));
        return Ok(Found { status: StatusCode::OK, result, outcome: text.code, person, incident: None, broken: false });
    }
    look_up(desk, request, &asked, staged == Some(Staged::BrokenAnswer), now).await
}

async fn look_up(desk: &Desk, request: &CheckRequest, asked: &Asked, broken: bool, now: Timestamp) -> Result<Found, Failure> {
    let answer = Step::LookUp.when(desk.eligibility.answer(asked, now)).await?;
    let person = Some(desk.audit.pseudonym(answer.subject.bytes()));
    let outcome = answer.validity.code();
    let result = CheckResult::answer(clock::japan(now), Echo::from(request), answer.validity, answer.records);
    Ok(Found { status: StatusCode::OK, result, outcome, person, incident: None, broken })
}

fn refused(request: &CheckRequest, now: Timestamp, situation: Situation, message: &str) -> Found {
    let (status, refusal) = door::refusal(situation);
    let result = CheckResult::refusal(clock::japan(now), Echo::from(request), &refusal.code, message);
    let incident = door::incident_header(&refusal);
    Found { status, result, outcome: situation.get().code, person: None, incident, broken: false }
}

/// The audit record. The person stands in it as a keyed pseudonym only.
fn payload(question: &Question, found: &Found, now: Timestamp) -> serde_json::Value {
    json!({
        "action": "check",
        "at": now.to_string(),
        "facility": question.entry.facility_code,
        "line": question.entry.line_id,
        "terminal": question.entry.serial,
        "account": question.entry.account_id,
        "drop": question.drop_id,
        "outcome": found.outcome,
        "person": found.person,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_id_is_32_small_hexadecimal_digits_or_absent() {
        assert_eq!(drop_id(None), Ok(None));
        let right = "0123456789abcdef0123456789abcdef";
        assert_eq!(drop_id(Some(&HeaderValue::from_static(right))), Ok(Some(right.to_owned())));
        for wrong in ["", "0123", "0123456789ABCDEF0123456789abcdef", "../../../../etc/passwd0000000000"] {
            assert_eq!(drop_id(Some(&HeaderValue::from_str(wrong).unwrap())), Err(Situation::WrongFormat), "{wrong}");
        }
    }
}
