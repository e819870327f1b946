//! Invents one household: who lives in it, which bodies insured it one after another, and which certificates it holds.

use jiff::civil::Date;

use super::calendar::{anniversary, days_later, first_april, new_year_of_care, next_month};
use super::draw::Draw;
use super::insurers::Sort;
use super::names::{Name, RARE_SURNAMES, SURNAMES, given_names};

/// The first day of medical care for the elderly aged 75 and over (後期高齢者医療制度).
const ELDERLY_CARE_BEGAN: Date = jiff::civil::date(2008, 4, 1);

/// One person of a household.
pub(crate) struct Member {
    pub(crate) surname: Name,
    pub(crate) given: Name,
    pub(crate) male: bool,
    pub(crate) birth: Date,
    /// The head of the household, the insured person himself (本人).
    pub(crate) head: bool,
}

/// A stretch of time in which one body insured the household.
pub(crate) struct Era {
    pub(crate) sort: Sort,
    /// Which body of that sort, as a draw that is reduced to their number.
    pub(crate) body: u32,
    pub(crate) symbol: String,
    pub(crate) number: String,
    pub(crate) from: Date,
    /// The first day without it.
    pub(crate) until: Option<Date>,
    /// OQSCD008, when it ended.
    pub(crate) reason: &'static str,
}

/// One household and its past.
pub(crate) struct Household {
    pub(crate) members: Vec<Member>,
    /// From the oldest to the newest.
    pub(crate) eras: Vec<Era>,
    /// The day from which medical assistance (医療扶助) is given.
    pub(crate) assisted_from: Option<Date>,
    pub(crate) town: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Living {
    Employed,
    Independent,
    Old,
    Assisted,
}

impl Household {
    /// Invents household number `serial` as it stands on `today`.
    pub(crate) fn invent(draw: &mut Draw, serial: u64, today: Date) -> Self {
        let living = match draw.below(100) {
            0..60 => Living::Employed,
            60..82 => Living::Independent,
            82..97 => Living::Old,
            _ => Living::Assisted,
        };
        let members = members(draw, living, today);
        let mut eras = eras(draw, living, serial, today);
        let assisted_from = (living == Living::Assisted).then(|| assist(draw, &mut eras, today));
        Self { members, eras, assisted_from, town: draw.below(u32::MAX) }
    }
}

fn birth(draw: &mut Draw, age: i32, today: Date) -> Date {
    let last = anniversary(today, -age);
    days_later(last, -draw.between(0, 364))
}

fn member(draw: &mut Draw, surname: Name, male: bool, birth: Date, head: bool) -> Member {
    let given = draw.pick(given_names(male, birth.year()));
    Member { surname, given, male, birth, head }
}

fn members(draw: &mut Draw, living: Living, today: Date) -> Vec<Member> {
    let surname = if draw.chance(6) { draw.pick(RARE_SURNAMES) } else { draw.pick(SURNAMES) };
    let (low, high) = match living {
        Living::Employed => (22, 66),
        Living::Independent => (20, 74),
        Living::Old => (75, 99),
        Living::Assisted => (30, 88),
    };
    let age = draw.between(low, high);
    let male = draw.chance(650);
    let head_birth = birth(draw, age, today);
    let mut members = vec![member(draw, surname, male, head_birth, true)];
    if draw.chance(if living == Living::Assisted { 200 } else { 600 }) {
        let spouse_age = (age + draw.between(-6, 6)).max(18);
        let spouse_birth = birth(draw, spouse_age, today);
        members.push(member(draw, surname, !male, spouse_birth, false));
        for _ in 0..draw.below(4) {
            children(draw, surname, age, today, &mut members);
        }
    }
    if matches!(living, Living::Employed | Living::Independent) && draw.chance(50) {
        let parent_age = (age + draw.between(22, 34)).clamp(55, 97);
        let parent_birth = birth(draw, parent_age, today);
        let parent_male = draw.chance(300);
        members.push(member(draw, surname, parent_male, parent_birth, false));
    }
    members
}

/// A birth, now and then of twins, when the parents' age allows for a child who still lives with them.
fn children(draw: &mut Draw, surname: Name, parent_age: i32, today: Date, members: &mut Vec<Member>) {
    let age = parent_age - draw.between(22, 42);
    if !(0..=22).contains(&age) {
        return;
    }
    let born = birth(draw, age, today);
    for _ in 0..if draw.chance(12) { 2 } else { 1 } {
        let male = draw.chance(512);
        let mut child = member(draw, surname, male, born, false);
        // Two of one household never have the same name.
        while members.iter().any(|other| other.given == child.given) {
            child = member(draw, surname, male, born, false);
        }
        members.push(child);
    }
}

fn eras(draw: &mut Draw, living: Living, serial: u64, today: Date) -> Vec<Era> {
    let count = match draw.below(100) {
        0..55 => 1,
        55..83 => 2,
        83..95 => 3,
        _ => 4,
    };
    let mut starts = Vec::with_capacity(4);
    let mut start = days_later(today, -draw.between(30, 4000));
    for _ in 0..count {
        let day = if draw.chance(600) { first_april(start) } else { start };
        starts.push(day);
        start = days_later(day, -draw.between(300, 3500));
    }
    starts.reverse();
    let mut eras: Vec<Era> = Vec::with_capacity(5);
    for (nth, from) in starts.iter().copied().enumerate() {
        let newest = nth + 1 == starts.len();
        let sort = sort(draw, living, newest);
        let (until, reason) = match starts.get(nth + 1).copied() {
            Some(next) => boundary(draw, from, next),
            None => ending(draw, from, today),
        };
        let number = number(draw, serial, nth);
        let symbol = symbol(draw, sort);
        eras.push(Era { sort, body: draw.below(u32::MAX), symbol, number, from, until, reason });
    }
    eras
}

fn sort(draw: &mut Draw, living: Living, newest: bool) -> Sort {
    let employed = match (newest, living) {
        (true, Living::Employed) => true,
        (true, Living::Assisted) => draw.chance(150),
        (true, _) => false,
        (false, _) => draw.chance(600),
    };
    match (employed, draw.below(100)) {
        (true, 0..45) => Sort::Association,
        (true, 45..88) => Sort::Society,
        (true, _) => Sort::Mutual,
        (false, 0..93) => Sort::Municipal,
        (false, _) => Sort::Guild,
    }
}

/// How one body's time ends when the next one's begins: mostly on the day, now and then with a gap, an overlap, or unreported.
fn boundary(draw: &mut Draw, from: Date, next: Date) -> (Option<Date>, &'static str) {
    match draw.below(100) {
        0..90 => (Some(next), "03"),
        90..95 => (Some(days_later(next, -draw.between(1, 90)).max(days_later(from, 1))), "99"),
        95..98 => (Some(days_later(next, draw.between(1, 30))), "03"),
        _ => (None, ""),
    }
}

/// How the newest one stands: mostly open, now and then lost without a successor or known to end soon.
fn ending(draw: &mut Draw, from: Date, today: Date) -> (Option<Date>, &'static str) {
    match draw.below(100) {
        0..96 => (None, ""),
        96 => (Some(days_later(today, -draw.between(0, 400)).max(days_later(from, 1))), "01"),
        97..99 => (Some(days_later(today, -draw.between(0, 400)).max(days_later(from, 1))), "99"),
        _ => (Some(days_later(today, draw.between(1, 60))), "99"),
    }
}

fn number(draw: &mut Draw, serial: u64, nth: usize) -> String {
    let number = serial * 4 + u64::try_from(nth).unwrap_or_default() + 1;
    if draw.chance(300) { format!("{number:07}") } else { number.to_string() }
}

fn symbol(draw: &mut Draw, sort: Sort) -> String {
    match sort {
        Sort::Association => format!("{:08}", 10_000_000 + draw.below(80_000_000)),
        Sort::Society => match draw.below(10) {
            0..7 => (1 + draw.below(9999)).to_string(),
            7 => format!("架空{}", full_width(1 + draw.below(99))),
            _ => format!("{}-{}", 1 + draw.below(99), 1 + draw.below(99)),
        },
        Sort::Mutual => format!("公立架空{}", draw.pick(&["", "学", "警", "市"])),
        Sort::Municipal | Sort::Guild => match draw.below(10) {
            0..5 => format!("架空{}", full_width(1 + draw.below(50))),
            5..8 => format!("{}－{}", full_width(1 + draw.below(99)), full_width(1 + draw.below(99))),
            _ => (1 + draw.below(999)).to_string(),
        },
        Sort::Elderly | Sort::Welfare => String::new(),
    }
}

fn full_width(number: u32) -> String {
    number.to_string().chars().map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0xff10).unwrap_or(digit)).collect()
}

/// Gives medical assistance from some day of the newest era: mostly in place of the insurance, else beside it.
fn assist(draw: &mut Draw, eras: &mut [Era], today: Date) -> Date {
    let from = next_month(days_later(today, -draw.between(40, 1500)));
    if let Some(newest) = eras.last_mut()
        && matches!(newest.sort, Sort::Municipal | Sort::Guild)
        && newest.from < from
    {
        newest.until = Some(from);
        newest.reason = "02";
    }
    from
}

/// The day from which care for the elderly insures a person born on `birth`, if that has come by `today`.
pub(crate) fn elderly_from(birth: Date, today: Date) -> Option<Date> {
    let from = anniversary(birth, 75).max(ELDERLY_CARE_BEGAN);
    (from <= today).then_some(from)
}

/// The days in which an elderly-recipient certificate is valid for a person born on `birth`, if `today` is one of them.
pub(crate) fn elderly_recipient(birth: Date, today: Date) -> Option<(Date, Date)> {
    let from = next_month(days_later(anniversary(birth, 70), -1));
    let until = days_later(anniversary(birth, 75), -1);
    let (year_from, year_to) = new_year_of_care(today);
    (from <= today && today <= until).then(|| (from.max(year_from), until.min(year_to)))
}
