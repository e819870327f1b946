//! What the approval of an application carries out, and from when: decided here, done by the store in one transaction.

use jiff::Timestamp;
use jiff::civil::Date;
use manuals::Region;
use manuals::domains::Service;

use super::wish::{Notification, Wish};
use crate::config::Config;

/// From when an approved line works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// After the usual time: for an application that came through the portal as configured for its service (ID-10), else at once.
    Usual,
    /// At once.
    Now,
    /// From the beginning of this day, Japan time.
    On(Date),
}

impl Begin {
    /// Reads `usual`, `now`, or a day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "usual" => Some(Self::Usual),
            "now" => Some(Self::Now),
            day => super::typed::day(day).map(Self::On),
        }
    }
}

/// The moment from which a line works that is approved `now`.
#[must_use]
pub fn works_from(begin: Begin, service: Service, config: &Config, now: Timestamp) -> Timestamp {
    let day = match begin {
        Begin::Now => return now,
        Begin::On(day) => day,
        Begin::Usual => {
            let days = match service {
                Service::Eligibility => config.reflection_days,
                Service::Claims => config.claims_reflection_days,
            };
            if days == 0 {
                return now;
            }
            let today = chassis::clock::japan_date(now);
            today.checked_add(jiff::Span::new().days(i64::from(days.min(366)))).unwrap_or(today)
        }
    };
    chassis::clock::from_japan(day.at(0, 0, 0, 0)).max(now)
}

/// A facility about to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFacility {
    /// Ten digits.
    pub facility_code: String,
    /// Its name.
    pub name: String,
    /// The first day.
    pub valid_from: Date,
    /// The first day on which it no longer takes part, if that is known.
    pub valid_until: Option<Date>,
}

/// A line about to work for a facility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// Whose.
    pub facility_code: String,
    /// For which service.
    pub service: Service,
    /// The line id.
    pub line_id: String,
    /// The key of its type.
    pub line_type: String,
    /// Where it is.
    pub region: Region,
}

/// What an approval carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects {
    /// A facility to register, and whether it may be there already because the other service's application came first.
    pub facility: Option<(NewFacility, bool)>,
    /// A line to register.
    pub line: Option<NewLine>,
    /// Whose use of which line for the same service ends when the new one begins; without a line id every line's.
    pub ends: Option<(String, Option<String>)>,
    /// A facility that ends with its last line, on this day.
    pub retires: Option<(String, Date)>,
    /// From when.
    pub works_from: Timestamp,
}

/// What the approval of a wish carries out.
#[must_use]
pub fn of(wish: &Wish, works_from: Timestamp) -> Effects {
    let day = chassis::clock::japan_date(works_from);
    let founds = wish.notification.may_found() && (wish.renames() || wish.notification == Notification::New);
    let facility = founds.then(|| NewFacility {
        facility_code: wish.facility_code.clone(),
        name: wish.name.clone(),
        valid_from: wish.valid_from.unwrap_or(day),
        valid_until: None,
    });
    let facility = facility.map(|facility| (facility, true));
    let ends = wish.former().map(|former| {
        let line = if wish.renames() { None } else { wish.former_line_id.clone() };
        (former.to_owned(), line)
    });
    Effects {
        facility,
        line: Some(NewLine {
            facility_code: wish.facility_code.clone(),
            service: wish.service,
            line_id: wish.line_id.clone(),
            line_type: wish.line_type.clone(),
            region: wish.region(),
        }),
        ends,
        retires: wish.former().filter(|_| wish.renames()).map(|former| (former.to_owned(), day)),
        works_from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Rows: ID-10
    #[test]
    fn an_eligibility_line_works_about_a_week_after_its_approval_unless_the_operator_says_otherwise() {
        let now: Timestamp = "2026-07-15T03:00:00Z".parse().unwrap();
        let config = Config::default();
        let from = |begin, service| works_from(begin, service, &config, now);
        assert_eq!(from(Begin::Usual, Service::Eligibility), "2026-07-22T00:00:00+09:00".parse().unwrap());
        assert_eq!(from(Begin::Usual, Service::Claims), now);
        assert_eq!(from(Begin::Now, Service::Eligibility), now);
        assert_eq!(from(Begin::On(date(2026, 8, 1)), Service::Claims), "2026-08-01T00:00:00+09:00".parse().unwrap());
        assert_eq!(from(Begin::On(date(2026, 7, 1)), Service::Claims), now, "never before it was approved");
        let three = Config { reflection_days: 3, ..Config::default() };
        assert_eq!(works_from(Begin::Usual, Service::Eligibility, &three, now), "2026-07-18T00:00:00+09:00".parse().unwrap());
    }
}
