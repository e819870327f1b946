//! Whether a question can be asked at all: each value in its meaning, or the one mistake that must be mended first.

use super::{CheckRequest, SearchInfo};
use crate::code::LimitConsent;
use crate::date::{self, DateMistake};
use crate::number::{Branch, CardNumber, CardSymbol, FacilityCode, InsurerNumber, NumberMistake};
use jiff::civil::Date;
use manuals::situation::Situation;
use std::fmt;
use thiserror::Error;

/// Most characters of the clinic's own identifiers. The layout's limit is not public; receipt computers stay below 50.
const MAX_IDENTIFIER_CHARACTERS: usize = 100;

/// By what a person is searched. Never printed: it identifies a patient.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SearchKey {
    /// 保険者番号.
    pub insurer: InsurerNumber,
    /// 記号, if the card has one.
    pub symbol: Option<CardSymbol>,
    /// 番号.
    pub number: CardNumber,
    /// 枝番, if it was given.
    pub branch: Option<Branch>,
    /// 生年月日.
    pub birthdate: Date,
}

impl fmt::Debug for SearchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchKey").finish_non_exhaustive()
    }
}

/// A question whose values all have a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The day for which eligibility is asked.
    pub date: Date,
    /// Who asks.
    pub facility_code: FacilityCode,
    /// Whom it is about.
    pub key: SearchKey,
    /// Whether the patient lets the clinic see the limit certificate.
    pub limit_consent: bool,
}

/// One value that must be mended before the question can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FieldMistake {
    /// What to tell the front desk and the vendor.
    pub situation: Situation,
    /// The official tag of the value.
    pub element: &'static str,
    /// One Japanese sentence: which value, what is wrong, what to do. It never holds the value.
    pub message: String,
}

/// A tag and the trade's word for it.
#[derive(Clone, Copy)]
struct Named {
    element: &'static str,
    word: &'static str,
}

const DATE: Named = Named { element: "QualificationConfirmationDate", word: "資格確認日" };
const FACILITY: Named = Named { element: "MedicalInstitutionCode", word: "医療機関コード" };
const FILE: Named = Named { element: "ArbitraryFileIdentifier", word: "任意のファイル識別子" };
const INSURER: Named = Named { element: "InsurerNumber", word: "保険者番号" };
const SYMBOL: Named = Named { element: "InsuredCardSymbol", word: "記号" };
const NUMBER: Named = Named { element: "InsuredIdentificationNumber", word: "番号" };
const BRANCH: Named = Named { element: "InsuredBranchNumber", word: "枝番" };
const BIRTHDATE: Named = Named { element: "Birthdate", word: "生年月日" };
const CONSENT: Named = Named { element: "LimitApplicationCertificateRelatedConsFlg", word: "限度額適用認定証同意フラグ" };
const PERSON: Named = Named { element: "ArbitraryIdentifier", word: "任意の識別子" };

impl Named {
    fn mistake(self, situation: Situation, what: &dyn fmt::Display) -> FieldMistake {
        FieldMistake { situation, element: self.element, message: format!("{}（{}）{what}", self.word, self.element) }
    }

    fn number<T>(self, parsed: Result<T, NumberMistake>) -> Result<T, FieldMistake> {
        parsed.map_err(|mistake| self.mistake(mistake.situation(), &mistake))
    }

    fn date(self, text: &str) -> Result<Date, FieldMistake> {
        date::parse_date(text).map_err(|mistake| {
            let situation = match mistake {
                DateMistake::Missing => Situation::MissingField,
                DateMistake::Format(_) => Situation::WrongFormat,
                DateMistake::Impossible => Situation::ImpossibleDate,
            };
            self.mistake(situation, &mistake)
        })
    }

    fn identifier(self, text: Option<&str>) -> Result<(), FieldMistake> {
        if text.is_some_and(|text| text.chars().count() > MAX_IDENTIFIER_CHARACTERS) {
            return Err(
                self.mistake(Situation::WrongFormat, &format_args!("が長すぎます。{MAX_IDENTIFIER_CHARACTERS}文字以内にしてください。"))
            );
        }
        Ok(())
    }
}

/// An optional number: absent when it was not sent or holds nothing but blanks and hyphens (R16).
fn if_given<T>(parsed: Option<Result<T, NumberMistake>>) -> Option<Result<T, NumberMistake>> {
    parsed.filter(|parsed| !matches!(parsed, Err(NumberMistake::Missing)))
}

impl SearchInfo {
    fn key(&self) -> Result<SearchKey, FieldMistake> {
        Ok(SearchKey {
            insurer: INSURER.number(InsurerNumber::parse(&self.insurer_number))?,
            symbol: if_given(self.symbol.as_deref().map(CardSymbol::parse)).map(|symbol| SYMBOL.number(symbol)).transpose()?,
            number: NUMBER.number(CardNumber::parse(&self.number))?,
            branch: if_given(self.branch.as_deref().map(Branch::parse)).map(|branch| BRANCH.number(branch)).transpose()?,
            birthdate: BIRTHDATE.date(&self.birthdate)?,
        })
    }

    fn consents_to_limit(&self) -> Result<bool, FieldMistake> {
        match LimitConsent::from_code(self.limit_consent.trim()) {
            Some(consent) => Ok(consent == LimitConsent::Consented),
            None if self.limit_consent.trim().is_empty() => Err(CONSENT.mistake(Situation::MissingField, &NumberMistake::Missing)),
            None => Err(CONSENT.mistake(Situation::WrongFormat, &"は「0」（未同意）か「1」（同意）にしてください。")),
        }
    }
}

impl CheckRequest {
    /// The question with every value in its meaning.
    ///
    /// # Errors
    /// The first value, in the order of the layout, that is missing, impossible or of a wrong form.
    pub fn validate(&self) -> Result<Asked, FieldMistake> {
        let date = DATE.date(&self.confirmation_date)?;
        let facility_code = FACILITY.number(FacilityCode::parse(&self.facility_code))?;
        FILE.identifier(self.file_identifier.as_deref())?;
        let key = self.search.key()?;
        if key.birthdate > date {
            return Err(BIRTHDATE.mistake(Situation::ImpossibleDate, &"が資格確認日より後になっています。日付を確かめてください。"));
        }
        let limit_consent = self.search.consents_to_limit()?;
        PERSON.identifier(self.search.arbitrary_identifier.as_deref())?;
        Ok(Asked { date, facility_code, key, limit_consent })
    }
}
