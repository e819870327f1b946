//! The answer: what the center says about the person, in the parts that every answer has (`OQSsiquc01res`, face file).

use super::{Message, QualificationRecord, SearchInfo};
use crate::charset::Charset;
use crate::layout::layout;
use std::fmt;

layout! {
    /// The header of an answer. Its seven required values are there on errors too (R7).
    pub struct ResultHeader, absent Refused {
        /// When the center worked on it: yyyyMMddHHmmss, Japan time.
        process_execution_time: String = "ProcessExecutionTime",
        /// 資格確認日, as asked.
        confirmation_date: String = "QualificationConfirmationDate",
        /// 医療機関コード, as asked.
        facility_code: String = "MedicalInstitutionCode",
        /// The file's identifier, as asked (R4).
        file_identifier: Option<String> = "ArbitraryFileIdentifier",
        /// 照会区分: OQSCD002, by card or by the insured's numbers.
        reference_classification: String = "ReferenceClassification",
        /// 処理結果区分: OQSCD003; never 2 in a single answer (R18).
        segment_of_result: String = "SegmentOfResult",
        /// The error's code, only when the segment is not 1.
        error_code: Option<String> = "ErrorCode",
        /// The error's sentence, only when the segment is not 1.
        error_message: Option<String> = "ErrorMessage",
        /// 文字コード識別: OQSCD005. Writing replaces it by the character set that is really written.
        character_code: String = "CharacterCodeIdentifier",
    }
}

layout! {
    /// The body of an answer.
    pub struct ResultBody, absent Refused {
        /// The question, echoed verbatim (R4, R9); absent in face files.
        search: Option<SearchInfo> = "QualificationConfirmSearchInfo",
        /// 処方箋発行形態: OQSCD017, the patient's choice at the card reader.
        prescription_issue: Option<String> = "PrescriptionIssueSelect",
        /// 処理結果状況: OQSCD004; there on errors too (R7).
        status: String = "ProcessingResultStatus",
        /// The code of an error, or of a notice that comes with a success.
        code: Option<String> = "ProcessingResultCode",
        /// Its sentence.
        message: Option<String> = "ProcessingResultMessage",
        /// 資格有効性: OQSCD006.
        validity: Option<String> = "QualificationValidity",
        /// What is known of the person: the health insurance first, a medical aid record (`A1`) after it.
        records: Vec<QualificationRecord> = "ResultList",
    }
}

/// 資格確認結果 (OQS-IF-002), or a face file.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CheckResult {
    /// Who asked what when, and whether it worked.
    pub header: ResultHeader,
    /// What came out.
    pub body: ResultBody,
}

impl fmt::Debug for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckResult").finish_non_exhaustive()
    }
}

impl Message for CheckResult {
    type Header = ResultHeader;
    type Body = ResultBody;

    fn join(header: ResultHeader, body: ResultBody) -> Self {
        Self { header, body }
    }

    fn split(&self, charset: Charset) -> (ResultHeader, ResultBody) {
        // The identifier must agree with the bytes (R15), whatever the answer was made from.
        let header = ResultHeader { character_code: charset.identifier().to_owned(), ..self.header.clone() };
        (header, self.body.clone())
    }
}
