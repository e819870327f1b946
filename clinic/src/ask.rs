//! Asks about one person from a command line, as a front desk would type the card.

use jiff::civil::Date;
use wire::check::{CheckRequest, CheckResult, FieldMistake, SearchInfo};
use wire::date;

use crate::center::{Answers, CenterError};

/// The values as typed. Never printed: they identify a patient.
#[derive(Clone, Default)]
pub struct Card {
    /// 保険者番号, padded or not.
    pub insurer: String,
    /// 記号, if the card has one.
    pub symbol: Option<String>,
    /// 番号.
    pub number: String,
    /// 枝番, if the card has one.
    pub branch: Option<String>,
    /// 生年月日: `yyyyMMdd` or `yyyy-mm-dd`.
    pub birthdate: String,
    /// 資格確認日: `yyyyMMdd` or `yyyy-mm-dd`; `None` is today in Japan.
    pub date: Option<String>,
    /// Whether the patient lets the clinic see the limit certificate.
    pub limit_consent: bool,
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").finish_non_exhaustive()
    }
}

/// Why there is no answer to a typed question.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A value must be mended first.
    #[error(transparent)]
    Mistake(#[from] FieldMistake),
    /// The center did not answer.
    #[error(transparent)]
    Center(#[from] CenterError),
}

/// The question a card makes, checked before it is sent. `today` is the day in Japan.
///
/// # Errors
/// The first value that is missing, impossible or of a wrong form.
pub fn question(card: &Card, facility_code: &str, today: Date) -> Result<CheckRequest, FieldMistake> {
    let request = CheckRequest {
        confirmation_date: card.date.as_deref().map_or_else(|| date::format_date(today), without_hyphens),
        facility_code: facility_code.to_owned(),
        file_identifier: None,
        search: SearchInfo {
            insurer_number: card.insurer.clone(),
            symbol: card.symbol.clone(),
            number: card.number.clone(),
            branch: card.branch.clone(),
            birthdate: without_hyphens(&card.birthdate),
            limit_consent: if card.limit_consent { "1" } else { "0" }.to_owned(),
            arbitrary_identifier: None,
        },
    };
    request.validate()?;
    Ok(request)
}

/// Asks the center about a card; `today` is the day in Japan.
///
/// # Errors
/// [`AskError`]: a mistyped value, or no answer.
pub async fn ask(center: &impl Answers, card: &Card, facility_code: &str, today: Date) -> Result<CheckResult, AskError> {
    let request = question(card, facility_code, today)?;
    Ok(center.check(&request, None).await?.result)
}

/// `yyyy-mm-dd` and `yyyy/mm/dd` become `yyyyMMdd`; anything else stays and is judged as it is.
fn without_hyphens(typed: &str) -> String {
    typed.trim().replace(['-', '/'], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use manuals::situation::Situation;

    fn card() -> Card {
        Card { insurer: "06990014".into(), number: "5501".into(), birthdate: "1980-05-10".into(), ..Card::default() }
    }

    #[test]
    fn a_typed_card_becomes_a_question_of_today() {
        let today = jiff::civil::date(2026, 7, 15);
        let request = question(&card(), "1310099999", today).unwrap();
        assert_eq!((request.confirmation_date.as_str(), request.search.birthdate.as_str()), ("20260715", "19800510"));
        assert_eq!(request.search.limit_consent, "0");
        let dated = Card { date: Some("2026-07-01".into()), limit_consent: true, ..card() };
        let request = question(&dated, "1310099999", today).unwrap();
        assert_eq!((request.confirmation_date.as_str(), request.search.limit_consent.as_str()), ("20260701", "1"));
    }

    #[test]
    fn a_mistyped_card_is_told_before_anything_is_sent_and_never_shown() {
        let impossible = Card { birthdate: "1980-02-30".into(), ..card() };
        let mistake = question(&impossible, "1310099999", jiff::civil::date(2026, 7, 15)).unwrap_err();
        assert_eq!((mistake.situation, mistake.element), (Situation::ImpossibleDate, "Birthdate"));
        assert!(!format!("{:?}", card()).contains("5501"));
    }
}
