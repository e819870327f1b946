//! Counts days, birthdays and the years of certificates for invented people.

use jiff::ToSpan;
use jiff::civil::Date;

/// The same day `years` later; 28 February for a 29th that does not exist.
pub(crate) fn anniversary(day: Date, years: i32) -> Date {
    day.saturating_add(years.years())
}

/// `days` later.
pub(crate) fn days_later(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

/// The 1st of April on or before `day`, when most people change their employer.
pub(crate) fn first_april(day: Date) -> Date {
    let april = day_of(day.year(), 4, 1);
    if april <= day { april } else { day_of(day.year() - 1, 4, 1) }
}

/// The first day of the month after `day`.
pub(crate) fn next_month(day: Date) -> Date {
    day.last_of_month().saturating_add(1.day())
}

/// The certificate year around `day`: from the 1st of August to the 31st of July.
pub(crate) fn new_year_of_care(day: Date) -> (Date, Date) {
    let august = day_of(day.year(), 8, 1);
    let from = if august <= day { august } else { day_of(day.year() - 1, 8, 1) };
    (from, day_of(from.year() + 1, 7, 31))
}

/// The 31st of July of the year `years` after the certificate year around `day` ends.
pub(crate) fn end_of_july(day: Date, years: i32) -> Date {
    anniversary(new_year_of_care(day).1, years)
}

fn day_of(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn certificate_years_run_from_august_to_july() {
        let year = (date(2026, 8, 1), date(2027, 7, 31));
        for day in [date(2026, 8, 1), date(2026, 12, 31), date(2027, 7, 31)] {
            assert_eq!(new_year_of_care(day), year, "{day}");
        }
        assert_eq!(end_of_july(date(2026, 8, 1), 2), date(2029, 7, 31));
    }

    #[test]
    fn days_are_counted_over_month_and_leap_year() {
        assert_eq!(anniversary(date(1952, 2, 29), 75), date(2027, 2, 28));
        assert_eq!(days_later(date(2026, 3, 1), -1), date(2026, 2, 28));
        assert_eq!(next_month(date(2026, 12, 31)), date(2027, 1, 1));
        assert_eq!(first_april(date(2026, 3, 31)), date(2025, 4, 1));
        assert_eq!(first_april(date(2026, 4, 1)), date(2026, 4, 1));
    }
}
