//! How an answer is begun: what is repeated from the question, and the answers that say "this could not be processed".

use super::{CheckRequest, CheckResult, QualificationRecord, ResultBody, ResultHeader, SearchInfo};
use crate::charset::Charset;
use crate::code::{ProcessingStatus, ReferenceClassification, Segment, Validity};
use crate::date;
use jiff::civil::DateTime;
use std::fmt;

/// What an answer repeats from its question, verbatim (R4).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Echo {
    /// 資格確認日; when empty, the day of the answer is written, because the header must be complete (R7).
    pub confirmation_date: String,
    /// 医療機関コード; the asking facility's own where the question could not be read.
    pub facility_code: String,
    /// The file's identifier.
    pub file_identifier: Option<String>,
    /// Whom it was about; `None` for a face file and where the question could not be read.
    pub search: Option<SearchInfo>,
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").finish_non_exhaustive()
    }
}

impl From<&CheckRequest> for Echo {
    fn from(request: &CheckRequest) -> Self {
        let CheckRequest { confirmation_date, facility_code, file_identifier, search } = request.clone();
        Self { confirmation_date, facility_code, file_identifier, search: Some(search) }
    }
}

impl Echo {
    /// The echo of a question that could not be read: only the facility is known.
    pub fn unread(facility_code: &str) -> Self {
        Self { facility_code: facility_code.to_owned(), ..Self::default() }
    }

    /// The complete header (R7) of an answer made at `at`, Japan time.
    fn header(&self, at: DateTime, reference: ReferenceClassification, segment: Segment) -> ResultHeader {
        let asked = self.confirmation_date.clone();
        ResultHeader {
            process_execution_time: date::format_date_time(at),
            confirmation_date: if asked.is_empty() { date::format_date(at.date()) } else { asked },
            facility_code: self.facility_code.clone(),
            file_identifier: self.file_identifier.clone(),
            reference_classification: reference.code().to_owned(),
            segment_of_result: segment.code().to_owned(),
            error_code: None,
            error_message: None,
            character_code: Charset::Utf8.identifier().to_owned(),
        }
    }

    fn body(self, status: ProcessingStatus) -> ResultBody {
        ResultBody { search: self.search, status: status.code().to_owned(), ..ResultBody::default() }
    }
}

impl CheckResult {
    /// An answer to a question by the insured's numbers, made at `at`, Japan time.
    pub fn answer(at: DateTime, echo: Echo, validity: Validity, records: Vec<QualificationRecord>) -> Self {
        let header = echo.header(at, ReferenceClassification::InsuredCard, Segment::Normal);
        let body = ResultBody { validity: Some(validity.code().to_owned()), records, ..echo.body(ProcessingStatus::Normal) };
        Self { header, body }
    }

    /// What a card reader hands over after a face check at `at`, Japan time: no question is echoed. Needs a record (R10).
    pub fn face(at: DateTime, echo: Echo, validity: Validity, records: Vec<QualificationRecord>) -> Self {
        let echo = Echo { search: None, ..echo };
        let header = echo.header(at, ReferenceClassification::MyNumberCard, Segment::Normal);
        let body = ResultBody { validity: Some(validity.code().to_owned()), records, ..echo.body(ProcessingStatus::Normal) };
        Self { header, body }
    }

    /// A question that could not be answered: segment 9 with a code and a sentence, and still a complete header and a body (R7).
    pub fn refusal(at: DateTime, echo: Echo, code: &str, message: &str) -> Self {
        let mut header = echo.header(at, ReferenceClassification::InsuredCard, Segment::Abnormal);
        header.error_code = Some(code.to_owned());
        header.error_message = Some(message.to_owned());
        Self { header, body: echo.body(ProcessingStatus::Error) }
    }

    /// A question that was received in order but whose processing failed: segment 1, and the code and sentence stand in the body.
    pub fn processing_error(at: DateTime, echo: Echo, code: &str, message: &str) -> Self {
        let header = echo.header(at, ReferenceClassification::InsuredCard, Segment::Normal);
        let body = echo.body(ProcessingStatus::Error);
        Self { header, body: ResultBody { code: Some(code.to_owned()), message: Some(message.to_owned()), ..body } }
    }
}
