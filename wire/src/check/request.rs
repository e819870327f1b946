//! The question: whom a clinic asks about, as its receipt computer wrote it (`OQSsiquc01req`).

use super::Message;
use crate::charset::Charset;
use crate::layout::{Block, Fields, layout, required};
use crate::read_error::ReadError;
use crate::tree::Element;
use std::fmt;

layout! {
    /// The insured person that is asked about, every value verbatim as it was sent, because it is echoed (R4).
    /// A required value that was not sent is an empty text: [`CheckRequest::validate`] names it.
    pub struct SearchInfo, absent Empty {
        /// 保険者番号: 8 characters, or 6 digits padded on the left with blanks or zeros (R16).
        insurer_number: String = "InsurerNumber",
        /// 記号: up to 20 characters.
        symbol: Option<String> = "InsuredCardSymbol",
        /// 番号: up to 20 characters.
        number: String = "InsuredIdentificationNumber",
        /// 枝番: two digits.
        branch: Option<String> = "InsuredBranchNumber",
        /// 生年月日: yyyyMMdd.
        birthdate: String = "Birthdate",
        /// 限度額情報の提供同意: OQSCD001 (R9: always in the echo).
        limit_consent: String = "LimitApplicationCertificateRelatedConsFlg",
        /// An identifier of the clinic's own for this person.
        arbitrary_identifier: Option<String> = "ArbitraryIdentifier",
    }
}

layout! {
    /// The header of the question.
    pub(crate) struct RequestHeader, absent Empty {
        /// 資格確認日.
        confirmation_date: String = "QualificationConfirmationDate",
        /// 医療機関コード.
        facility_code: String = "MedicalInstitutionCode",
        /// The file's own identifier.
        file_identifier: Option<String> = "ArbitraryFileIdentifier",
    }
}

/// The body of the question.
pub(crate) struct RequestBody(SearchInfo);

impl Block for RequestBody {
    fn read(fields: &Fields<'_>) -> Result<Self, ReadError> {
        required(fields, "QualificationConfirmSearchInfo").map(Self)
    }

    fn write(&self, into: &mut Vec<Element>) {
        into.push(crate::layout::element_of(&self.0, "QualificationConfirmSearchInfo"));
    }
}

/// 資格確認要求 (OQS-IF-001): one question about one person, every value verbatim as it was sent (R4).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CheckRequest {
    /// 資格確認日: the day for which eligibility is asked, yyyyMMdd.
    pub confirmation_date: String,
    /// 医療機関コード: 10 digits.
    pub facility_code: String,
    /// The clinic's own identifier of this file, echoed in the result.
    pub file_identifier: Option<String>,
    /// Whom it is about.
    pub search: SearchInfo,
}

impl fmt::Debug for CheckRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckRequest").finish_non_exhaustive()
    }
}

impl Message for CheckRequest {
    type Header = RequestHeader;
    type Body = RequestBody;

    fn join(header: RequestHeader, body: RequestBody) -> Self {
        let RequestHeader { confirmation_date, facility_code, file_identifier } = header;
        Self { confirmation_date, facility_code, file_identifier, search: body.0 }
    }

    fn split(&self, _: Charset) -> (RequestHeader, RequestBody) {
        let Self { confirmation_date, facility_code, file_identifier, search } = self.clone();
        (RequestHeader { confirmation_date, facility_code, file_identifier }, RequestBody(search))
    }
}
