//! The numbers on cards and of facilities, normalised so that the same number typed in two ways is one number.

mod card;
mod facility;
mod insurer;

pub use card::{Branch, CardNumber, CardSymbol};
pub use facility::{FacilityCode, FeeTable};
pub use insurer::InsurerNumber;

use crate::kana;
use manuals::situation::Situation;
use thiserror::Error;

/// What is wrong with a number. The text follows the name of the value and never holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberMistake {
    /// Nothing, or nothing but blanks and hyphens.
    #[error("がありません。値を入れてください。")]
    Missing,
    /// Something other than digits.
    #[error("に数字以外の文字があります。数字だけにしてください。")]
    NotDigits,
    /// The wrong number of digits; the field says how many are right.
    #[error("の桁数が違います。{0}にしてください。")]
    Length(&'static str),
    /// More characters than the field has.
    #[error("が長すぎます。{0}文字以内にしてください。")]
    TooLong(usize),
    /// The last digit does not follow from the others.
    #[error("の検証番号（最後の1桁）が合いません。番号の打ち間違いがないか確かめてください。")]
    CheckDigit,
    /// The first two digits are no prefecture.
    #[error("の最初の2桁が都道府県番号（01から47）ではありません。番号を確かめてください。")]
    Prefecture,
    /// The third digit is no fee table.
    #[error("の3桁目が点数表番号（1医科、3歯科、4調剤、6訪問看護）ではありません。番号を確かめてください。")]
    FeeTable,
}

impl NumberMistake {
    /// What to tell the front desk and the vendor.
    pub fn situation(self) -> Situation {
        match self {
            Self::Missing => Situation::MissingField,
            Self::CheckDigit => Situation::WrongCheckDigit,
            Self::NotDigits | Self::Length(_) | Self::TooLong(_) | Self::Prefecture | Self::FeeTable => Situation::WrongFormat,
        }
    }
}

/// The digits of a text in half width, without the blanks around them.
fn digits(text: &str) -> Result<String, NumberMistake> {
    let half = kana::to_half_width(text.trim());
    match half.trim() {
        "" => Err(NumberMistake::Missing),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(digits.to_owned()),
        _ => Err(NumberMistake::NotDigits),
    }
}
