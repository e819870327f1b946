//! Makes an invented country: as many people as asked for, in households with a past, as a people CSV that is the same for the same seed everywhere.

use std::io;

use jiff::civil::{Date, date};

use super::calendar::{anniversary, days_later, end_of_july, new_year_of_care, next_month};
use super::csv::{Column, Kind, LineWriter};
use super::draw::Draw;
use super::household::{Era, Household, Member, elderly_from, elderly_recipient};
use super::insurers::{Bodies, Body, Sort, check_digit};
use super::names::TOWNS;

/// The day as of which people are invented unless another is asked for; fixed, so that the same seed gives the same bytes for ever.
pub const INVENTED_AS_OF: Date = date(2026, 10, 1);

/// How many qualifications one person has at most, medical assistance and care for the elderly included.
const MOST_QUALIFICATIONS: usize = 4;

/// Which people to invent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many people.
    pub count: u64,
    /// The seed: the same seed gives the same people in the same order, however many are asked for.
    pub seed: u64,
    /// The day as of which ages and certificates are counted; [`INVENTED_AS_OF`] when nothing else is wished.
    pub as_of: Date,
}

impl Plan {
    /// `count` people under `seed`, as of [`INVENTED_AS_OF`].
    pub const fn new(count: u64, seed: u64) -> Self {
        Self { count, seed, as_of: INVENTED_AS_OF }
    }
}

/// Writes the planned people to `sink` as a people CSV (`docs/people-csv.md`) and returns how many households they make.
///
/// # Errors
/// When `sink` cannot be written.
pub fn generate(plan: &Plan, sink: impl io::Write) -> io::Result<u64> {
    generate_lines(plan, sink).map_err(io::Error::other)
}

fn generate_lines(plan: &Plan, sink: impl io::Write) -> Result<u64, csv::Error> {
    let bodies = Bodies::new();
    let mut lines = LineWriter::new(sink)?;
    for body in Sort::ALL.into_iter().flat_map(|sort| bodies.of(sort)) {
        lines.begin(Kind::Insurer, "").set(Column::InsurerNumber, &body.number).set(Column::InsurerName, &body.name).end()?;
    }
    let (mut written, mut serial) = (0, 0);
    while written < plan.count {
        let mut draw = Draw::of(plan.seed, serial);
        let household = Household::invent(&mut draw, serial, plan.as_of);
        for (nth, member) in household.members.iter().enumerate() {
            if written == plan.count {
                break;
            }
            let key = format!("g{}-{serial}-{}", plan.seed, nth + 1);
            let number = serial * 16 + u64::try_from(nth).unwrap_or_default();
            let (draw, lines, household) = (&mut draw, &mut lines, &household);
            Pen { lines, draw, bodies: &bodies, today: plan.as_of, household, nth, member, serial: number, key: &key }.person()?;
            written += 1;
        }
        serial += 1;
    }
    lines.finish()?;
    Ok(serial)
}

/// One qualification as it is about to be written.
struct Held<'a> {
    body: &'a Body,
    sort: Sort,
    symbol: &'a str,
    number: String,
    branch: Option<usize>,
    from: Date,
    until: Option<Date>,
    reason: &'a str,
}

/// Writes the lines of one person.
struct Pen<'a, W: io::Write> {
    lines: &'a mut LineWriter<W>,
    draw: &'a mut Draw,
    bodies: &'a Bodies,
    today: Date,
    household: &'a Household,
    /// The place in the household.
    nth: usize,
    member: &'a Member,
    /// A number no other person of the seed has.
    serial: u64,
    key: &'a str,
}

impl<'a, W: io::Write> Pen<'a, W> {
    fn person(mut self) -> Result<(), csv::Error> {
        let Member { given, male, birth, .. } = *self.member;
        let place = self.household.town;
        self.lines.begin(Kind::Person, self.key);
        self.lines.set(Column::Name, &written(self.member));
        self.lines.set(Column::NameKana, &format!("{} {}", self.member.surname.1, given.1));
        if self.draw.chance(5) {
            self.lines.set(Column::NameOther, &format!("通称　{}", given.0)).set(Column::NameOtherKana, &format!("ﾂｳｼｮｳ {}", given.1));
        }
        self.lines.set(Column::Sex, if male { "1" } else { "2" }).set_day(Column::Birthdate, Some(birth));
        if self.draw.chance(2) {
            self.lines.set(Column::SexBack, if male { "2" } else { "1" });
        }
        let town = one_of(TOWNS, place).copied().unwrap_or_default();
        self.lines.set(Column::PostNumber, &format!("999-{:04}", place % 10_000));
        self.lines.set(Column::Address, &format!("架空県{town}{}-{}", place / 64 % 9 + 1, place / 1024 % 30 + 1)).end()?;
        let held = self.held();
        for (position, qualification) in held.iter().enumerate() {
            let newest = position + 1 == held.len();
            self.qualification(qualification, newest)?;
            if newest {
                self.certificates(qualification)?;
            }
        }
        Ok(())
    }

    /// The qualifications of the person, from the oldest to the newest.
    fn held(&mut self) -> Vec<Held<'a>> {
        let Self { bodies, household, member, today, .. } = *self;
        let elderly = elderly_from(member.birth, today);
        let mut held: Vec<Held<'a>> = household.eras.iter().filter_map(|era| self.in_era(era, elderly)).collect();
        if let Some((from, body)) = elderly.zip(one_of(bodies.of(Sort::Elderly), household.town)) {
            let until = self.draw.chance(20).then(|| days_later(today, -self.draw.between(0, 300)).max(days_later(from, 1)));
            let reason = if until.is_some() { "01" } else { "" };
            let number = format!("{:08}", self.serial % 100_000_000);
            held.push(Held { body, sort: Sort::Elderly, symbol: "", number, branch: None, from, until, reason });
        }
        let assisted = household.assisted_from.map(|from| from.max(member.birth)).filter(|from| *from <= today);
        if let Some((from, body)) = assisted.zip(one_of(bodies.of(Sort::Welfare), household.town)) {
            let stem = (100_000 + self.serial % 900_000).to_string();
            let number = format!("{stem}{}", check_digit(&stem));
            held.push(Held { body, sort: Sort::Welfare, symbol: "", number, branch: None, from, until: None, reason: "" });
        }
        held.drain(..held.len().saturating_sub(MOST_QUALIFICATIONS));
        if held.is_empty() {
            // Born after the household's insurance ended: a register knows no one without any.
            held.extend(household.eras.last().and_then(|era| self.since_birth(era)));
        }
        held
    }

    fn since_birth(&self, era: &'a Era) -> Option<Held<'a>> {
        let body = one_of(self.bodies.of(era.sort), era.body)?;
        let (sort, symbol, number, from) = (era.sort, &era.symbol, era.number.clone(), self.member.birth);
        Some(Held { body, sort, symbol, number, branch: Some(self.nth), from, until: None, reason: "" })
    }

    /// What the person had of a household's era: from birth at the earliest, to the 75th birthday at the latest.
    fn in_era(&mut self, era: &'a Era, elderly: Option<Date>) -> Option<Held<'a>> {
        let from = era.from.max(self.member.birth);
        let ends_by_age = elderly.filter(|day| era.until.is_none_or(|until| *day < until));
        let until = ends_by_age.or(era.until);
        if until.is_some_and(|until| until <= from) {
            return None;
        }
        let reason = match era.reason {
            _ if ends_by_age.is_some() => "03",
            // A death ends the family's insurance too, but it is not theirs.
            "01" if !self.member.head => "99",
            reason => reason,
        };
        let body = one_of(self.bodies.of(era.sort), era.body)?;
        let first = usize::from(matches!(era.sort, Sort::Municipal | Sort::Guild));
        let branch = (!self.draw.chance(30)).then_some(first + self.nth);
        Some(Held { body, sort: era.sort, symbol: &era.symbol, number: era.number.clone(), branch, from, until, reason })
    }

    fn qualification(&mut self, held: &Held<'_>, newest: bool) -> Result<(), csv::Error> {
        let national = matches!(held.sort, Sort::Municipal | Sort::Guild);
        let card = match held.sort {
            Sort::Welfare => "A1",
            Sort::Municipal if self.draw.chance(20) => "03",
            Sort::Municipal if self.draw.chance(5) => "05",
            _ => "01",
        };
        self.lines.begin(Kind::Qualification, self.key).set(Column::InsurerNumber, &held.body.number).set(Column::Card, card);
        self.lines.set(Column::Symbol, held.symbol).set(Column::Number, &held.number);
        if let Some(branch) = held.branch {
            self.lines.set(Column::Branch, &format!("{branch:02}"));
        }
        if held.sort != Sort::Welfare {
            self.lines.set(Column::Relation, if self.member.head || held.sort == Sort::Elderly { "1" } else { "2" });
        }
        if let (false, Some(head)) = (matches!(held.sort, Sort::Elderly | Sort::Welfare), self.household.members.first()) {
            self.lines.set(Column::InsuredName, &written(head));
        }
        self.lines.set_day(Column::QualificationDate, Some(held.from)).set_day(Column::DisqualificationDate, held.until);
        self.lines.set(Column::ReasonOfLoss, held.reason);
        self.lines
            .set_day(Column::Issued, Some(days_later(held.from, self.draw.between(0, 20))))
            .set_day(Column::ValidFrom, Some(held.from));
        if national || held.sort == Sort::Elderly {
            let years = if newest && self.draw.chance(60) { -1 } else { self.draw.between(1, 4) };
            let from = if newest { self.today } else { held.until.unwrap_or(self.today) };
            let until = end_of_july(from, years);
            self.lines.set_day(Column::ValidTo, Some(if until < held.from { end_of_july(held.from, 0) } else { until }));
        }
        if held.sort == Sort::Elderly {
            self.lines.set(Column::Ratio, ratio(self.draw.below(100)));
        }
        self.lines.end()
    }

    fn certificates(&mut self, held: &Held<'_>) -> Result<(), csv::Error> {
        if held.sort == Sort::Welfare {
            return self.ticket();
        }
        let (year_from, year_to) = new_year_of_care(self.today);
        let from = year_from.max(held.from);
        if self.draw.chance(60) {
            let seventy = anniversary(self.member.birth, 70) <= self.today;
            let band = self.draw.pick(if seventy { &["B02", "B03", "B05", "B06"] } else { &["A01", "A02", "A03", "A04", "A05"] });
            let class = if matches!(band, "A05" | "B05" | "B06") { "02" } else { "01" };
            self.lines.begin(Kind::Limit, self.key).set(Column::Class, class).set(Column::Band, band);
            self.lines.set_day(Column::Issued, Some(from)).set_day(Column::ValidFrom, Some(from)).set_day(Column::ValidTo, Some(year_to));
            if class == "02" && self.draw.chance(200) {
                self.lines.set_day(Column::LongTermDate, Some(next_month(from)));
            }
            self.lines.end()?;
        }
        if let (Some((start, end)), true) = (elderly_recipient(self.member.birth, self.today), held.sort != Sort::Elderly) {
            let (start, share) = (start.max(held.from), if self.draw.chance(850) { "020" } else { "030" });
            self.lines.begin(Kind::Elderly, self.key).set(Column::Ratio, share);
            self.lines
                .set_day(Column::Issued, Some(start))
                .set_day(Column::ValidFrom, Some(start))
                .set_day(Column::ValidTo, Some(end.max(start)));
            self.lines.end()?;
        }
        if self.draw.chance(5) {
            let class = match self.draw.below(20) {
                0 => "2",
                1 => "3",
                _ => "1",
            };
            let pays = if class == "1" && self.draw.chance(300) { "20000" } else { "10000" };
            self.lines.begin(Kind::Disease, self.key).set(Column::Class, class).set(Column::SelfPay, pays);
            self.lines.set_day(Column::Issued, Some(held.from)).set_day(Column::ValidFrom, Some(held.from)).end()?;
        }
        Ok(())
    }

    /// The medical ticket of the month.
    fn ticket(&mut self) -> Result<(), csv::Error> {
        let from = self.today.first_of_month();
        self.lines.begin(Kind::Ticket, self.key).set(Column::Class, "01");
        self.lines.set_day(Column::ValidFrom, Some(from)).set_day(Column::ValidTo, Some(from.last_of_month()));
        self.lines.set(Column::IssueNumber, &format!("{:010}", self.serial)).set(Column::TreatmentType, "02");
        self.lines.set(Column::TreatmentMonth, &format!("{:04}{:02}", from.year(), from.month()));
        self.lines.set(Column::SingleOrCombined, "01").set(Column::SelfPay, "0").end()
    }
}

fn written(member: &Member) -> String {
    format!("{}　{}", member.surname.0, member.given.0)
}

/// The share a person of 75 or more pays, in percent.
const fn ratio(draw: u32) -> &'static str {
    match draw {
        0..75 => "010",
        75..93 => "020",
        _ => "030",
    }
}

fn one_of<T>(list: &[T], draw: u32) -> Option<&T> {
    usize::try_from(draw).ok().and_then(|draw| list.get(draw % list.len().max(1)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn text(count: u64, seed: u64) -> String {
        let mut bytes = Vec::new();
        generate(&Plan::new(count, seed), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn people(text: &str) -> BTreeMap<String, Vec<Vec<String>>> {
        let mut people: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for line in text.lines().skip(1).filter(|line| !line.starts_with("insurer,")) {
            let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            people.entry(cells[Column::Person as usize].clone()).or_default().push(cells);
        }
        people
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(text(500, 1), text(500, 1));
        assert_ne!(text(500, 1), text(500, 2));
    }

    #[test]
    fn the_bytes_of_a_seed_stay_the_same_on_every_platform_and_release() {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text(1000, 1).as_bytes());
        assert_eq!(data_encoding::HEXLOWER.encode(digest.as_ref()), "5ac62da946db934e52c2d589965a086dbd8be009816ad8ef3861ffa94272bacb");
    }

    #[test]
    fn a_person_is_the_same_however_many_are_made() {
        let (few, many) = (people(&text(300, 9)), people(&text(1000, 9)));
        assert_eq!((few.len(), many.len()), (300, 1000));
        for (key, lines) in few {
            assert_eq!(many[&key], lines, "{key}");
        }
    }

    #[test]
    fn the_country_has_twins_the_old_the_young_moves_gaps_and_overlaps() {
        let people = people(&text(20_000, 4));
        let mut births: BTreeMap<(String, String), u32> = BTreeMap::new();
        let mut histories = BTreeSet::new();
        let (mut elderly, mut assisted, mut gaps, mut overlaps) = (0, 0, 0, 0);
        for (key, lines) in &people {
            let household = key.rsplit_once('-').unwrap().0.to_owned();
            *births.entry((household, lines[0][Column::Birthdate as usize].clone())).or_default() += 1;
            let held: Vec<_> = lines.iter().filter(|line| line[0] == "qualification").collect();
            histories.insert(held.len());
            elderly += u32::from(held.iter().any(|line| line[Column::InsurerNumber as usize].starts_with("3999")));
            assisted += u32::from(held.iter().any(|line| line[Column::Card as usize] == "A1"));
            for pair in held.windows(2) {
                let (lost, next) = (&pair[0][Column::DisqualificationDate as usize], &pair[1][Column::QualificationDate as usize]);
                gaps += u32::from(!lost.is_empty() && lost < next);
                overlaps += u32::from(lost.is_empty() || lost > next);
            }
        }
        assert!(births.values().any(|births| *births == 2), "twins");
        assert!(histories == BTreeSet::from([1, 2, 3, 4]), "{histories:?}");
        assert!(elderly > 1000 && assisted > 100 && gaps > 100 && overlaps > 100, "{elderly} {assisted} {gaps} {overlaps}");
    }
}
