//! The support desk: whether it is open at a minute, what a caller has ready, and in which order trouble is looked for.

use crate::{embedded, holidays};
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/support.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The longest the desk can stay closed, in days, with room to spare: year end and a long weekend.
const SEARCHED_DAYS: usize = 60;

/// Opening hours for some days of the month (SU-02).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Band {
    days: (i8, i8),
    #[serde(deserialize_with = "minutes")]
    opens: i64,
    #[serde(deserialize_with = "minutes")]
    closes: i64,
    days_off: bool,
}

/// Reads "HH:MM" up to "24:00" as minutes since midnight.
fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    let read = || -> Option<i64> {
        let (hours, minutes) = text.split_once(':')?;
        let total = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
        (0..=24 * 60).contains(&total).then_some(total)
    };
    read().ok_or_else(|| D::Error::custom("not a time of day"))
}

/// One question of the trouble flow "cannot reach the line authentication site" (SU-06, SU-07).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable key.
    pub key: &'static str,
    /// What is asked, Japanese.
    pub asks: &'static str,
    /// What to do when the answer is no; `None` at the end of the flow.
    pub fix: Option<&'static str>,
}

/// Everything fixed about support.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// The desk's name (SU-01).
    pub name: &'static str,
    /// Telephone number (SU-01).
    pub phone: &'static str,
    /// The portal with the chat bot, day and night (SU-03).
    pub chat_bot: &'static str,
    /// Where trouble with the distribution tool is reported (SU-05).
    #[serde(borrow)]
    pub escalation: Vec<&'static str>,
    /// What a caller has ready (SU-04).
    #[serde(borrow)]
    pub ticket_fields: Vec<&'static str>,
    /// The first guesses when a site cannot connect (SU-08).
    #[serde(borrow)]
    pub first_guesses: Vec<&'static str>,
    band: Vec<Band>,
    closed_from: (i8, i8),
    closed_until: (i8, i8),
    question: Vec<Question>,
}

/// Everything fixed about support.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The trouble flow in order; the last one is to call (SU-06).
pub fn trouble_flow() -> &'static [Question] {
    &SHEET.question
}

/// Whether someone answers the telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskState {
    /// Open until this time, Japan time; midnight is the next day's 00:00.
    Open {
        /// When it closes.
        until: DateTime,
    },
    /// Closed until this time, Japan time.
    Closed {
        /// When it opens next.
        opens: DateTime,
    },
}

/// The desk at a time, Japan time (SU-02). It is open from the opening minute up to, not including, the closing minute. Days off are
/// Saturdays, Sundays and holidays; over year end, 29 December to 3 January, it is closed whatever the day.
pub fn desk_state(at: DateTime) -> DeskState {
    if let Some((_, until)) = hours(at.date()).filter(|(opens, until)| (*opens..*until).contains(&at)) {
        return DeskState::Open { until };
    }
    let mut days = std::iter::successors(Some(at.date()), |day| day.tomorrow().ok()).take(SEARCHED_DAYS);
    let next = days.find_map(|day| hours(day).map(|(opens, _)| opens).filter(|opens| *opens > at));
    DeskState::Closed { opens: next.unwrap_or(DateTime::MAX) }
}

/// Opening and closing time of a day; `None` when the desk stays closed.
fn hours(day: Date) -> Option<(DateTime, DateTime)> {
    let month_and_day = (day.month(), day.day());
    if month_and_day >= SHEET.closed_from || month_and_day <= SHEET.closed_until {
        return None;
    }
    let band = SHEET.band.iter().find(|band| (band.days.0..=band.days.1).contains(&day.day()))?;
    if holidays::is_day_off(day) && !band.days_off {
        return None;
    }
    let midnight = day.to_datetime(Time::midnight());
    let at = |minutes: i64| midnight.checked_add(jiff::SignedDuration::from_mins(minutes)).ok();
    Some((at(band.opens)?, at(band.closes)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{Weekday, date};

    fn at(y: i16, m: i8, d: i8, hour: i8, minute: i8) -> DateTime {
        date(y, m, d).at(hour, minute, 0, 0)
    }

    fn open_until(at: DateTime) -> Option<DateTime> {
        match desk_state(at) {
            DeskState::Open { until } => Some(until),
            DeskState::Closed { .. } => None,
        }
    }

    fn opens(at: DateTime) -> Option<DateTime> {
        match desk_state(at) {
            DeskState::Open { .. } => None,
            DeskState::Closed { opens } => Some(opens),
        }
    }

    /// Rows: SU-01, SU-03, SU-04, SU-05, SU-08
    #[test]
    fn the_numbers_and_fields_are_the_printed_ones() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!((sheet().name, sheet().phone), ("ネットワークサポートデスク", "0120-220-571"));
        assert_eq!(sheet().chat_bot, "https://www.iryohokenjyoho-portalsite.jp/");
        assert_eq!(sheet().ticket_fields, ["お客さまID", "IPv6アドレス", "アクセス日時"]);
        assert_eq!(sheet().escalation, ["オンライン資格確認等コールセンター", "医療機関等ONSの障害報告登録"]);
        assert_eq!(sheet().first_guesses, ["DNSの設定の誤り", "対応していない回線"]);
    }

    #[test]
    fn trouble_is_looked_for_in_six_questions() {
        let keys: Vec<_> = trouble_flow().iter().map(|question| question.key).collect();
        assert_eq!(keys, ["address", "name", "name-servers", "ipv6", "line-type", "call"]);
        assert!(trouble_flow()[3].fix.unwrap().contains("直接指定"));
        assert_eq!(trouble_flow()[5].fix, None);
    }

    /// Rows: SU-02
    #[test]
    fn an_ordinary_working_day_is_nine_to_five_to_the_minute() {
        // Thursday 12 November 2026.
        assert_eq!(opens(at(2026, 11, 12, 8, 59)), Some(at(2026, 11, 12, 9, 0)));
        assert_eq!(open_until(at(2026, 11, 12, 9, 0)), Some(at(2026, 11, 12, 17, 0)));
        assert_eq!(open_until(at(2026, 11, 12, 16, 59)), Some(at(2026, 11, 12, 17, 0)));
        assert_eq!(opens(at(2026, 11, 12, 17, 0)), Some(at(2026, 11, 13, 9, 0)));
        // Friday evening: Saturday and Sunday are off.
        assert_eq!(opens(at(2026, 11, 13, 17, 0)), Some(at(2026, 11, 16, 9, 0)));
    }

    /// Rows: SU-02
    #[test]
    fn the_claims_days_are_long_and_know_no_days_off() {
        // Saturday 5 to Thursday 10 December 2026.
        assert_eq!(opens(at(2026, 12, 5, 7, 59)), Some(at(2026, 12, 5, 8, 0)));
        assert_eq!(open_until(at(2026, 12, 5, 8, 0)), Some(at(2026, 12, 5, 21, 0)));
        assert_eq!(open_until(at(2026, 12, 7, 20, 59)), Some(at(2026, 12, 7, 21, 0)));
        assert_eq!(opens(at(2026, 12, 7, 21, 0)), Some(at(2026, 12, 8, 8, 0)));
        assert_eq!(open_until(at(2026, 12, 8, 23, 59)), Some(at(2026, 12, 9, 0, 0)));
        assert_eq!(opens(at(2026, 12, 9, 0, 0)), Some(at(2026, 12, 9, 8, 0)));
        assert_eq!(open_until(at(2026, 12, 10, 23, 59)), Some(at(2026, 12, 11, 0, 0)));
        assert_eq!(opens(at(2026, 12, 11, 0, 0)), Some(at(2026, 12, 11, 9, 0)));
        // こどもの日 and the substitute after it.
        assert_eq!(open_until(at(2026, 5, 5, 12, 0)), Some(at(2026, 5, 5, 21, 0)));
        assert_eq!(open_until(at(2026, 5, 6, 12, 0)), Some(at(2026, 5, 6, 21, 0)));
        // みどりの日 on the fourth is a day off of the short band.
        assert_eq!(opens(at(2026, 5, 4, 12, 0)), Some(at(2026, 5, 5, 8, 0)));
    }

    /// Rows: SU-02
    #[test]
    fn the_desk_is_closed_over_year_end() {
        // Monday 28 December 2026 to Monday 4 January 2027.
        assert_eq!(open_until(at(2026, 12, 28, 16, 59)), Some(at(2026, 12, 28, 17, 0)));
        assert_eq!(opens(at(2026, 12, 28, 17, 0)), Some(at(2027, 1, 4, 9, 0)));
        for (y, m, d) in [(2026, 12, 29), (2026, 12, 30), (2026, 12, 31), (2027, 1, 1), (2027, 1, 2), (2027, 1, 3)] {
            assert_eq!(opens(at(y, m, d, 12, 0)), Some(at(2027, 1, 4, 9, 0)), "{m}/{d}");
        }
        assert_eq!(open_until(at(2027, 1, 4, 9, 0)), Some(at(2027, 1, 4, 17, 0)));
        // 4 January 2025 was a Saturday: the fifth opens first.
        assert_eq!(opens(at(2025, 1, 4, 12, 0)), Some(at(2025, 1, 5, 8, 0)));
    }

    /// Rows: SU-02
    #[test]
    fn every_minute_edge_of_every_day_from_2020_to_2035_follows_the_printed_table() {
        let mut day = date(2020, 1, 1);
        while day.year() <= 2035 {
            let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            let off = weekend || holidays::on(day).is_some();
            let year_end = (day.month() == 12 && day.day() >= 29) || (day.month() == 1 && day.day() <= 3);
            let (first, last) = match day.day() {
                _ if year_end => (0, 0),
                5..=7 => (8 * 60, 21 * 60),
                8..=10 => (8 * 60, 24 * 60),
                _ if off => (0, 0),
                _ => (9 * 60, 17 * 60),
            };
            for minute in [0, 479, 480, 481, 539, 540, 541, 1019, 1020, 1021, 1259, 1260, 1261, 1439] {
                let now = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
                assert_eq!(open_until(now).is_some(), (first..last).contains(&minute), "{now}");
            }
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn the_end_of_the_calendar_does_not_fall_over() {
        assert_eq!(desk_state(DateTime::MAX), DeskState::Closed { opens: DateTime::MAX });
    }
}
