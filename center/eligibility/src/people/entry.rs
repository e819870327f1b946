//! Puts the lines of a people CSV together to persons, each with its qualifications and certificates, and finds what cannot be right.

use std::collections::HashSet;

use jiff::civil::Date;
use wire::number::{Branch, CardNumber, CardSymbol, FacilityCode, InsurerNumber, NumberMistake};

use super::cells::{self, Fault, Header, Line};
use super::csv::{Column, Kind};
use crate::register::{Certificates, Disease, Dossier, Elderly, Limit, Person, Qualification, Ticket};

/// One person of a file with everything that stands under it.
pub(crate) struct Entry {
    /// The number of the person's line.
    pub(crate) line: u64,
    pub(crate) dossier: Dossier,
}

/// A body that insures (保険者).
pub(crate) struct Insurer {
    pub(crate) number: InsurerNumber,
    pub(crate) name: String,
}

/// What one line brought.
pub(crate) struct Step {
    /// The person that ended before this line, unless something of it was refused.
    pub(crate) ended: Option<Box<Entry>>,
    /// An insurer, if the line is one, or what is wrong with the line; the person it belongs to is then left out.
    pub(crate) taken: Result<Option<Insurer>, Fault>,
}

/// Takes lines in order and gives complete persons.
pub(crate) struct Assembly {
    header: Header,
    /// No one is born after it.
    today: Date,
    /// The insurers that qualifications may name, by canonical number.
    insurers: HashSet<String>,
    /// The person that the next lines may belong to.
    open: Option<Box<Entry>>,
    /// What the file calls that person, also when it is left out.
    name_in_file: String,
    /// How many persons were left out for a refused line.
    left_out: u64,
    spoilt: bool,
}

impl Assembly {
    /// Starts after the header row. `insurers` are those that are known already.
    pub(crate) fn new(header: Header, today: Date, insurers: HashSet<String>) -> Self {
        Self { header, today, insurers, open: None, name_in_file: String::new(), left_out: 0, spoilt: false }
    }

    /// Takes line number `number`.
    pub(crate) fn take(&mut self, number: u64, cells: &[&str]) -> Step {
        let line = match Line::new(&self.header, cells) {
            Ok(line) => line,
            Err(fault) => return Step { ended: None, taken: Err(self.spoil(fault)) },
        };
        // Such a line ends the person before it, whatever else is wrong with it.
        let begins = matches!(Kind::named(line.raw(Column::Record)), Some(Kind::Person | Kind::Insurer));
        let ended = if begins { self.finish() } else { None };
        if begins {
            self.name_in_file = line.raw(Column::Person).to_owned();
        }
        let taken = line.kind().and_then(|kind| self.take_kind(kind, number, &line)).map_err(|fault| self.spoil(fault));
        Step { ended, taken }
    }

    /// Leaves out the person that is open, because of a line that cannot even be taken apart or for `fault`.
    pub(crate) fn spoil(&mut self, fault: Fault) -> Fault {
        if !self.spoilt && !self.name_in_file.is_empty() {
            self.left_out += 1;
            self.spoilt = true;
        }
        self.open = None;
        fault
    }

    /// How many persons were left out for a refused line.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The person that is open: no line follows.
    pub(crate) fn finish(&mut self) -> Option<Box<Entry>> {
        self.spoilt = false;
        self.name_in_file.clear();
        self.open.take()
    }

    fn take_kind(&mut self, kind: Kind, number: u64, line: &Line<'_>) -> Result<Option<Insurer>, Fault> {
        match kind {
            Kind::Insurer => {
                let insurer = Insurer { number: insurer_number(line)?, name: line.needed(Column::InsurerName)? };
                self.insurers.insert(insurer.number.canonical().to_owned());
                return Ok(Some(insurer));
            }
            Kind::Person => {
                let person = person(line, self.today)?;
                self.open = Some(Box::new(Entry { line: number, dossier: Dossier { person, qualifications: Vec::new() } }));
                return Ok(None);
            }
            _ if line.raw(Column::Person) != self.name_in_file => {
                return Err(Fault::of(
                    Column::Person,
                    "直前のpersonの行と違う人です。一人の行は続けて書き、personの行を先頭にしてください。",
                ));
            }
            _ => {}
        }
        if kind == Kind::Qualification {
            let birthdate = self.open.as_ref().map(|entry| entry.dossier.person.birthdate);
            let held = qualification(line, birthdate, &self.insurers)?;
            if let Some(entry) = &mut self.open {
                entry.dossier.qualifications.push(held);
            }
            return Ok(None);
        }
        match self.open.as_mut().map(|entry| entry.dossier.qualifications.last_mut()) {
            Some(Some(held)) => certificate(kind, line, held.is_assistance(), &mut held.under)?,
            Some(None) => {
                return Err(Fault::of(Column::Record, "この行の上にqualificationの行がありません。資格の行の下に書いてください。"));
            }
            None => certificate(kind, line, kind == Kind::Ticket, &mut Certificates::default())?,
        }
        Ok(None)
    }
}

fn number<T>(column: Column, parsed: Result<T, NumberMistake>) -> Result<T, Fault> {
    parsed.map_err(|mistake| Fault::of(column, format!("値{mistake}")))
}

fn insurer_number(line: &Line<'_>) -> Result<InsurerNumber, Fault> {
    number(Column::InsurerNumber, InsurerNumber::parse(line.raw(Column::InsurerNumber)))
}

fn person(line: &Line<'_>, today: Date) -> Result<Person, Fault> {
    let known_as = line.needed(Column::Person)?;
    let birthdate = line.needed_day(Column::Birthdate)?;
    if birthdate > today {
        return Err(Fault::of(Column::Birthdate, "生年月日が今日より後です。日付を確かめてください。"));
    }
    Ok(Person {
        known_as,
        name: line.needed(Column::Name)?,
        name_kana: line.text(Column::NameKana)?,
        name_other: line.text(Column::NameOther)?,
        name_other_kana: line.text(Column::NameOtherKana)?,
        sex: line.needed_code(Column::Sex, &cells::SEX)?,
        sex_back: line.code(Column::SexBack, &cells::SEX)?,
        birthdate,
        post_number: line.text(Column::PostNumber)?,
        address: line.text(Column::Address)?,
    })
}

/// The laws (法別番号) under which medical assistance is given: 生活保護 and 中国残留邦人等支援.
const ASSISTANCE_LAWS: [&str; 2] = ["12", "25"];

fn qualification(line: &Line<'_>, birthdate: Option<Date>, insurers: &HashSet<String>) -> Result<Qualification, Fault> {
    let insurer = insurer_number(line)?;
    if !insurers.contains(insurer.canonical()) {
        return Err(Fault::of(Column::InsurerNumber, "この保険者が登録されていません。先にinsurerの行を書いてください。"));
    }
    let symbol = line.text(Column::Symbol)?;
    if let Some(symbol) = &symbol {
        number(Column::Symbol, CardSymbol::parse(symbol))?;
    }
    number(Column::Number, CardNumber::parse(line.raw(Column::Number)))?;
    let branch = match line.raw(Column::Branch) {
        "" => None,
        branch => Some(number(Column::Branch, Branch::parse(branch))?.to_string()),
    };
    let (acquired, lost) = (line.needed_day(Column::QualificationDate)?, line.day(Column::DisqualificationDate)?);
    let (valid_from, valid_to) = (line.day(Column::ValidFrom)?, line.day(Column::ValidTo)?);
    if birthdate.is_some_and(|birthdate| acquired < birthdate) {
        return Err(Fault::of(Column::QualificationDate, "資格取得日が生年月日より前です。日付を確かめてください。"));
    }
    if lost.is_some_and(|lost| lost < acquired) {
        return Err(Fault::of(Column::DisqualificationDate, "資格喪失日が資格取得日より前です。日付を確かめてください。"));
    }
    super::cells::in_order(valid_from, valid_to)?;
    let reason_of_loss = line.code(Column::ReasonOfLoss, &cells::REASON_OF_LOSS)?;
    if reason_of_loss.is_some() && lost.is_none() {
        return Err(Fault::of(Column::ReasonOfLoss, "資格喪失日がないのに喪失事由があります。どちらかを直してください。"));
    }
    let held = Qualification {
        card: line.needed_code(Column::Card, &cells::CARD)?,
        symbol,
        number: line.needed(Column::Number)?,
        branch,
        relation: line.code(Column::Relation, &cells::RELATION)?,
        insured_name: line.text(Column::InsuredName)?,
        acquired,
        lost,
        reason_of_loss,
        issued: line.day(Column::Issued)?,
        valid_from,
        valid_to,
        ratio: line.ratio()?,
        insurer,
        under: Certificates::default(),
    };
    if held.is_assistance() != held.insurer.law().is_some_and(|law| ASSISTANCE_LAWS.contains(&law)) {
        return Err(Fault::of(Column::Card, "A1（医療扶助）は法別番号12か25の番号だけに使います。区分か番号を直してください。"));
    }
    Ok(held)
}

/// Reads a certificate or ticket and puts it under its qualification.
fn certificate(kind: Kind, line: &Line<'_>, assistance: bool, under: &mut Certificates) -> Result<(), Fault> {
    if assistance != (kind == Kind::Ticket) {
        return Err(Fault::of(
            Column::Record,
            "ticketの行は医療扶助（A1）の資格の下だけに、ほかの証の行は医療保険の資格の下だけに書けます。",
        ));
    }
    let valid = line.period()?;
    match kind {
        Kind::Limit => under.limits.push(Limit {
            valid,
            class: line.needed_code(Column::Class, &cells::LIMIT_CLASS)?,
            band: line.needed_code(Column::Band, &cells::LIMIT_BAND)?,
            long_term: line.day(Column::LongTermDate)?,
        }),
        Kind::Elderly => {
            let ratio = line.ratio()?.ok_or_else(|| Fault::of(Column::Ratio, "値がありません。入れてください。"))?;
            under.elderly.push(Elderly { valid, ratio });
        }
        Kind::Disease => under.diseases.push(Disease {
            valid,
            class: line.needed_code(Column::Class, &cells::DISEASE)?,
            self_pay: line.digits(Column::SelfPay)?,
        }),
        Kind::Ticket | Kind::Insurer | Kind::Person | Kind::Qualification => under.tickets.push(ticket(line, valid)?),
    }
    Ok(())
}

fn ticket(line: &Line<'_>, valid: crate::register::Period) -> Result<Ticket, Fault> {
    let treatment_month = line.digits(Column::TreatmentMonth)?;
    if let Some(month) = &treatment_month {
        wire::date::parse_month(month).map_err(|mistake| Fault::of(Column::TreatmentMonth, format!("値{mistake}")))?;
    }
    let facility_code = line.digits(Column::FacilityCode)?;
    if let Some(code) = &facility_code {
        number(Column::FacilityCode, FacilityCode::parse(code))?;
    }
    Ok(Ticket {
        valid,
        class: line.needed_code(Column::Class, &cells::TICKET)?,
        issue_number: line.digits(Column::IssueNumber)?,
        treatment_month,
        facility_code,
        facility_name: line.text(Column::FacilityName)?,
        treatment_type: line.code(Column::TreatmentType, &cells::TREATMENT)?,
        single_or_combined: line.code(Column::SingleOrCombined, &cells::USE)?,
        self_pay: line.digits(Column::SelfPay)?,
    })
}
