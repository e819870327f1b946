//! Days, moments and months as messages write them: `yyyyMMdd`, `yyyyMMddHHmmss`, `yyyyMM`, always Japan time.

use crate::kana;
use jiff::civil::{Date, DateTime, Time};
use thiserror::Error;

/// What is wrong with a written day, moment or month. The text follows the name of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DateMistake {
    /// Nothing was written.
    #[error("がありません。値を入れてください。")]
    Missing,
    /// Not the right number of digits; the field is how it must look.
    #[error("の形式が違います。{0}の形の数字にしてください。")]
    Format(&'static str),
    /// A day or time that does not exist, for example the 30th of February.
    #[error("が実在しない日付です。日付を確かめてください。")]
    Impossible,
}

/// The digits of a text as numbers of the given widths.
fn parts<const N: usize>(text: &str, widths: [usize; N], form: &'static str) -> Result<[i16; N], DateMistake> {
    let digits = kana::to_half_width(text.trim());
    if digits.is_empty() {
        return Err(DateMistake::Missing);
    }
    if digits.len() != widths.iter().sum::<usize>() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DateMistake::Format(form));
    }
    let mut rest = digits.bytes();
    Ok(widths.map(|width| rest.by_ref().take(width).fold(0, |number, digit| number * 10 + i16::from(digit - b'0'))))
}

/// A part that jiff takes as one byte; two digits always fit.
fn small(number: i16) -> i8 {
    i8::try_from(number).unwrap_or(i8::MAX)
}

fn day(year: i16, month: i16, day: i16) -> Result<Date, DateMistake> {
    if year == 0 {
        return Err(DateMistake::Impossible);
    }
    Date::new(year, small(month), small(day)).map_err(|_| DateMistake::Impossible)
}

/// The day that `yyyyMMdd` writes; full-width digits are read too.
///
/// # Errors
/// Nothing written, not eight digits, or a day that does not exist.
pub fn parse_date(text: &str) -> Result<Date, DateMistake> {
    let [year, month, of_month] = parts(text, [4, 2, 2], "西暦8桁（yyyyMMdd）")?;
    day(year, month, of_month)
}

/// The moment, Japan time, that `yyyyMMddHHmmss` writes.
///
/// # Errors
/// Nothing written, not fourteen digits, or a moment that does not exist.
pub fn parse_date_time(text: &str) -> Result<DateTime, DateMistake> {
    let [year, month, of_month, hour, minute, second] = parts(text, [4, 2, 2, 2, 2, 2], "西暦14桁（yyyyMMddHHmmss）")?;
    let time = Time::new(small(hour), small(minute), small(second), 0).map_err(|_| DateMistake::Impossible)?;
    Ok(day(year, month, of_month)?.to_datetime(time))
}

/// The first day of the month that `yyyyMM` writes.
///
/// # Errors
/// Nothing written, not six digits, or a month that does not exist.
pub fn parse_month(text: &str) -> Result<Date, DateMistake> {
    let [year, month] = parts(text, [4, 2], "西暦6桁（yyyyMM）")?;
    day(year, month, 1)
}

/// A day as `yyyyMMdd`.
pub fn format_date(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// A moment of Japan time as `yyyyMMddHHmmss`.
pub fn format_date_time(at: DateTime) -> String {
    format!("{}{:02}{:02}{:02}", format_date(at.date()), at.hour(), at.minute(), at.second())
}

/// The month of a day as `yyyyMM`.
pub fn format_month(date: Date) -> String {
    format!("{:04}{:02}", date.year(), date.month())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};

    #[test]
    fn days_moments_and_months_go_both_ways() {
        assert_eq!(parse_date("20240229"), Ok(date(2024, 2, 29)));
        assert_eq!(parse_date(" ２０２４０２２９ "), Ok(date(2024, 2, 29)));
        assert_eq!(format_date(date(2024, 2, 29)), "20240229");
        let at = datetime(2026, 7, 15, 9, 15, 2, 0);
        assert_eq!((parse_date_time("20260715091502"), format_date_time(at).as_str()), (Ok(at), "20260715091502"));
        assert_eq!((parse_month("202607"), format_month(at.date()).as_str()), (Ok(date(2026, 7, 1)), "202607"));
    }

    #[test]
    fn each_mistake_is_named() {
        assert_eq!(parse_date(" "), Err(DateMistake::Missing));
        for text in ["2026071", "202607155", "2026-7-1", "令和080715", "+2026071"] {
            assert!(matches!(parse_date(text), Err(DateMistake::Format(_))), "{text}");
        }
        for text in ["20260229", "20261301", "20260001", "20260100", "00000101"] {
            assert_eq!(parse_date(text), Err(DateMistake::Impossible), "{text}");
        }
        assert_eq!(parse_date_time("20260715240000"), Err(DateMistake::Impossible));
        assert_eq!(parse_date_time("20260715096000"), Err(DateMistake::Impossible));
        assert_eq!(parse_month("202613"), Err(DateMistake::Impossible));
    }
}
