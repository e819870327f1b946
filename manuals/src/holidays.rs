//! Japan's national holidays, worked out from the law's rules for any day from 2007 to 2099.

use crate::embedded;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/holidays.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The year from which the equinox formula counts.
const EQUINOX_EPOCH: i64 = 1980;
/// The yearly drift of an equinox, in millionths of a day.
const EQUINOX_DRIFT: i64 = 242_194;

/// Why a day is a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holiday {
    /// 国民の祝日, with its name.
    National(&'static str),
    /// 振替休日: the next day that is no national holiday after one that fell on a Sunday.
    Substitute,
    /// 国民の休日: a day between two national holidays.
    Between,
}

impl Holiday {
    /// The Japanese name.
    pub fn label(self) -> &'static str {
        match self {
            Holiday::National(name) => name,
            Holiday::Substitute => "振替休日",
            Holiday::Between => "国民の休日",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    name: &'static str,
    month: i8,
    day: i8,
    since: Option<i16>,
    until: Option<i16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Monday {
    name: &'static str,
    month: i8,
    nth: i8,
    since: Option<i16>,
    until: Option<i16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Once {
    name: &'static str,
    day: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equinox {
    name: &'static str,
    month: i8,
    base: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    first_year: i16,
    last_year: i16,
    fixed: Vec<Fixed>,
    monday: Vec<Monday>,
    once: Vec<Once>,
    equinox: Vec<Equinox>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// The years for which the rules hold, both included.
pub fn years() -> std::ops::RangeInclusive<i16> {
    SHEET.first_year..=SHEET.last_year
}

/// The holiday on a day; `None` for a working day, an ordinary Saturday or Sunday, and outside [`years`].
pub fn on(day: Date) -> Option<Holiday> {
    if let Some(name) = national(day) {
        return Some(Holiday::National(name));
    }
    if follows_a_sunday_holiday(day) {
        return Some(Holiday::Substitute);
    }
    let between = before(day).and_then(national).is_some() && after(day).and_then(national).is_some();
    between.then_some(Holiday::Between)
}

/// Whether a day is off for offices: Saturday, Sunday or holiday (休日, as the support desk's calendar uses the word; SU-02).
pub fn is_day_off(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || on(day).is_some()
}

fn before(day: Date) -> Option<Date> {
    day.checked_sub(1.day()).ok()
}

fn after(day: Date) -> Option<Date> {
    day.checked_add(1.day()).ok()
}

/// Walks back over national holidays: the day is a substitute when that unbroken run contains a Sunday.
fn follows_a_sunday_holiday(day: Date) -> bool {
    let mut earlier = before(day);
    while let Some(date) = earlier.filter(|date| national(*date).is_some()) {
        if date.weekday() == Weekday::Sunday {
            return true;
        }
        earlier = before(date);
    }
    false
}

fn holds(year: i16, since: Option<i16>, until: Option<i16>) -> bool {
    since.is_none_or(|since| since <= year) && until.is_none_or(|until| year <= until)
}

/// The national holiday of the law on a day, without substitutes.
fn national(day: Date) -> Option<&'static str> {
    if !years().contains(&day.year()) {
        return None;
    }
    if let Some(once) = SHEET.once.iter().find(|once| once.day == day) {
        return Some(once.name);
    }
    let (year, month) = (day.year(), day.month());
    let fixed = SHEET.fixed.iter().filter(|rule| rule.month == month && rule.day == day.day() && holds(year, rule.since, rule.until));
    let is_monday = day.weekday() == Weekday::Monday;
    let nth = (day.day() - 1) / 7 + 1;
    let monday =
        SHEET.monday.iter().filter(|rule| is_monday && rule.month == month && rule.nth == nth && holds(year, rule.since, rule.until));
    let equinox = SHEET.equinox.iter().filter(|rule| rule.month == month && equinox_day(rule.base, year) == i64::from(day.day()));
    let mut ruled = fixed.map(|rule| rule.name).chain(monday.map(|rule| rule.name)).chain(equinox.map(|rule| rule.name));
    // A rule gives way in a year in which its day was moved.
    ruled.find(|name| !SHEET.once.iter().any(|once| once.name == *name && once.day.year() == year))
}

fn equinox_day(base: i64, year: i16) -> i64 {
    let passed = i64::from(year) - EQUINOX_EPOCH;
    (base + EQUINOX_DRIFT * passed).div_euclid(1_000_000) - passed.div_euclid(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn days_of(year: i16) -> Vec<String> {
        let mut found = Vec::new();
        let mut day = date(year, 1, 1);
        while day.year() == year {
            match on(day) {
                Some(Holiday::National(_)) => found.push(format!("{}/{}", day.month(), day.day())),
                Some(Holiday::Substitute) => found.push(format!("{}/{}s", day.month(), day.day())),
                Some(Holiday::Between) => found.push(format!("{}/{}b", day.month(), day.day())),
                None => {}
            }
            day = day.tomorrow().unwrap();
        }
        found
    }

    /// The published holidays, written out by hand: s substitute, b between two.
    const PUBLISHED: [(i16, &str); 14] = [
        (2009, "1/1 1/12 2/11 3/20 4/29 5/3 5/4 5/5 5/6s 7/20 9/21 9/22b 9/23 10/12 11/3 11/23 12/23"),
        (2015, "1/1 1/12 2/11 3/21 4/29 5/3 5/4 5/5 5/6s 7/20 9/21 9/22b 9/23 10/12 11/3 11/23 12/23"),
        (2018, "1/1 1/8 2/11 2/12s 3/21 4/29 4/30s 5/3 5/4 5/5 7/16 8/11 9/17 9/23 9/24s 10/8 11/3 11/23 12/23 12/24s"),
        (2019, "1/1 1/14 2/11 3/21 4/29 4/30b 5/1 5/2b 5/3 5/4 5/5 5/6s 7/15 8/11 8/12s 9/16 9/23 10/14 10/22 11/3 11/4s 11/23"),
        (2020, "1/1 1/13 2/11 2/23 2/24s 3/20 4/29 5/3 5/4 5/5 5/6s 7/23 7/24 8/10 9/21 9/22 11/3 11/23"),
        (2021, "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9s 9/20 9/23 11/3 11/23"),
        (2022, "1/1 1/10 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/18 8/11 9/19 9/23 10/10 11/3 11/23"),
        (2023, "1/1 1/2s 1/9 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/17 8/11 9/18 9/23 10/9 11/3 11/23"),
        (2024, "1/1 1/8 2/11 2/12s 2/23 3/20 4/29 5/3 5/4 5/5 5/6s 7/15 8/11 8/12s 9/16 9/22 9/23s 10/14 11/3 11/4s 11/23"),
        (2025, "1/1 1/13 2/11 2/23 2/24s 3/20 4/29 5/3 5/4 5/5 5/6s 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24s"),
        (2026, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6s 7/20 8/11 9/21 9/22b 9/23 10/12 11/3 11/23"),
        (2027, "1/1 1/11 2/11 2/23 3/21 3/22s 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23"),
        (2032, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/21b 9/22 10/11 11/3 11/23"),
        (2035, "1/1 1/8 2/11 2/12s 2/23 3/21 4/29 4/30s 5/3 5/4 5/5 7/16 8/11 9/17 9/23 9/24s 10/8 11/3 11/23"),
    ];

    #[test]
    fn every_day_of_fourteen_years_is_as_published() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        for (year, published) in PUBLISHED {
            assert_eq!(days_of(year).join(" "), published, "{year}");
        }
    }

    #[test]
    fn days_that_laws_moved_or_added_have_their_names() {
        let label = |y, m, d| on(date(y, m, d)).map(Holiday::label);
        assert_eq!(label(2019, 5, 1), Some("即位の日"));
        assert_eq!(label(2019, 10, 22), Some("即位礼正殿の儀"));
        assert_eq!(label(2019, 4, 30), Some("国民の休日"));
        assert_eq!((label(2019, 2, 23), label(2019, 12, 23)), (None, None));
        assert_eq!((label(2018, 12, 23), label(2020, 2, 23)), (Some("天皇誕生日"), Some("天皇誕生日")));
        assert_eq!((label(2019, 10, 14), label(2022, 10, 10)), (Some("体育の日"), Some("スポーツの日")));
        assert_eq!((label(2020, 7, 20), label(2020, 7, 23)), (None, Some("海の日")));
        assert_eq!((label(2020, 10, 12), label(2021, 7, 23)), (None, Some("スポーツの日")));
        assert_eq!((label(2021, 8, 11), label(2021, 8, 8), label(2021, 8, 9)), (None, Some("山の日"), Some("振替休日")));
        assert_eq!((label(2015, 8, 11), label(2016, 8, 11)), (None, Some("山の日")));
        assert_eq!((label(2025, 3, 20), label(2027, 3, 21)), (Some("春分の日"), Some("春分の日")));
    }

    #[test]
    fn substitutes_skip_over_the_holidays_of_may() {
        // 3 May 2020 was a Sunday; 4 and 5 May are holidays themselves.
        assert_eq!(on(date(2020, 5, 6)), Some(Holiday::Substitute));
        assert_eq!(on(date(2020, 5, 7)), None);
        assert_eq!(on(date(2026, 5, 6)), Some(Holiday::Substitute));
    }

    #[test]
    fn every_year_from_2020_to_2035_keeps_the_laws_count() {
        for year in 2020..=2035 {
            let days = days_of(year);
            let national = days.iter().filter(|day| !day.ends_with(['s', 'b'])).count();
            assert_eq!(national, 16, "{year}");
            let sundays = (1..=366)
                .filter_map(|n| date(year, 1, 1).checked_add((n - 1).days()).ok())
                .filter(|day| day.year() == year && day.weekday() == Weekday::Sunday && matches!(on(*day), Some(Holiday::National(_))))
                .count();
            let substitutes = days.iter().filter(|day| day.ends_with('s')).count();
            assert_eq!(substitutes, sundays, "{year}: one substitute for each holiday on a Sunday");
        }
    }

    #[test]
    fn weekends_are_off_and_years_outside_the_rules_have_no_holidays() {
        assert!(is_day_off(date(2026, 9, 22)) && is_day_off(date(2026, 9, 26)) && is_day_off(date(2026, 9, 27)));
        assert!(!is_day_off(date(2026, 9, 24)));
        assert_eq!(years(), 2007..=2099);
        assert_eq!((on(date(2006, 1, 1)), on(date(2100, 1, 1))), (None, None));
        assert_eq!((on(Date::MIN), on(Date::MAX)), (None, None));
    }
}
