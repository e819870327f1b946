//! Brings the people of a register that an older program wrote (the tables of the first migration) over into editions, once.

use std::collections::HashMap;
use std::time::Duration;

use chassis::db::{Row, values};
use jiff::civil::Date;
use wire::number::InsurerNumber;

use super::Store;
use crate::error::Error;
use crate::people::{Entry, Insurer};
use crate::register::{Certificates, Disease, Dossier, Elderly, Limit, Period, Person, Qualification, Ticket};

/// How many persons are read at a time.
const PAGE: i64 = 500;
/// How often it is looked whether another copy is through.
const LOOK: Duration = Duration::from_millis(200);

const PERSONS: &str =
    "SELECT person_key, person, name, name_kana, name_other, name_other_kana, sex, sex_back, birthdate, post_number, address
FROM insured WHERE person_key > $1 ORDER BY person_key LIMIT $2";

const QUALIFICATIONS: &str =
    "SELECT person_key, place, card, insurer_number, symbol, number, branch, relation, insured_name, acquired, lost,
  reason_of_loss, issued, valid_from, valid_to, ratio
FROM qualification WHERE person_key > $1 AND person_key <= $2 ORDER BY person_key, place";

const CERTIFICATES: &str = "SELECT person_key, place, kind, issued, valid_from, valid_to, class, band, long_term_date, ratio, self_pay,
  issue_number, treatment_month, facility_code, facility_name, treatment_type, single_or_combined
FROM certificate WHERE person_key > $1 AND person_key <= $2 ORDER BY person_key, place, nth";

impl Store {
    /// Brings the older program's people over, unless that was done; waits while another copy does it.
    pub(super) async fn adopt(&self) -> Result<(), Error> {
        let sql = "SELECT r.adopted, (SELECT COUNT(*) FROM (SELECT person_key FROM insured LIMIT 1) one), r.last_import_at
FROM register r WHERE r.one = 1";
        loop {
            let row = self.db().query_opt(sql, &[]).await?.ok_or(Error::Unreadable)?;
            if row.int(0)? == 1 {
                return Ok(());
            }
            if row.int(1)? == 0 {
                self.db().execute("UPDATE register SET adopted = 1 WHERE one = 1", &[]).await?;
                return Ok(());
            }
            let at = row.opt_int(2)?.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            match self.bring_over(at.unwrap_or_else(|| self.now())).await {
                Ok(()) => return Ok(()),
                Err(Error::ImportUnderWay { .. } | Error::LeaseLost) => tokio::time::sleep(LOOK).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn bring_over(&self, at: jiff::Timestamp) -> Result<(), Error> {
        let mut importing = self.begin_import(false).await?;
        let insurers = self.db().query("SELECT insurer_number, name FROM insurer", &[]).await?;
        let insurers = insurers.iter().map(|row| Ok(Insurer { number: insurer_number(row, 0)?, name: row.text(1)? }));
        importing.put(insurers.collect::<Result<_, Error>>()?, Vec::new()).await?;
        let mut after = String::new();
        loop {
            let persons = self.db().query(PERSONS, &values![&after, PAGE]).await?;
            let Some(last) = persons.last() else { break };
            let span = values![&after, last.text(0)?];
            let mut places = HashMap::new();
            let mut entries = Vec::with_capacity(persons.len());
            for row in &persons {
                places.insert(row.text(0)?, entries.len());
                entries.push(Entry { line: 0, dossier: Dossier { person: person(row)?, qualifications: Vec::new() } });
            }
            let mut shelves = HashMap::new();
            for row in &self.db().query(QUALIFICATIONS, &span).await? {
                if let Some(entry) = places.get(&row.text(0)?).and_then(|place| entries.get_mut(*place)) {
                    shelves.insert((row.text(0)?, row.int(1)?), entry.dossier.qualifications.len());
                    entry.dossier.qualifications.push(qualification(row)?);
                }
            }
            for row in &self.db().query(CERTIFICATES, &span).await? {
                let key = (row.text(0)?, row.int(1)?);
                let entry = places.get(&key.0).and_then(|place| entries.get_mut(*place));
                if let Some(held) = entry.zip(shelves.get(&key)).and_then(|(entry, shelf)| entry.dossier.qualifications.get_mut(*shelf)) {
                    certificate(row, &mut held.under)?;
                }
            }
            after = last.text(0)?;
            importing.put(Vec::new(), entries).await?;
        }
        importing.complete().await?;
        importing.count(at).await
    }
}

fn person(row: &Row) -> Result<Person, Error> {
    Ok(Person {
        known_as: row.text(1)?,
        name: row.text(2)?,
        name_kana: row.opt_text(3)?,
        name_other: row.opt_text(4)?,
        name_other_kana: row.opt_text(5)?,
        sex: row.text(6)?,
        sex_back: row.opt_text(7)?,
        birthdate: needed(day(row, 8)?)?,
        post_number: row.opt_text(9)?,
        address: row.opt_text(10)?,
    })
}

fn qualification(row: &Row) -> Result<Qualification, Error> {
    Ok(Qualification {
        card: row.text(2)?,
        insurer: insurer_number(row, 3)?,
        symbol: row.opt_text(4)?,
        number: row.text(5)?,
        branch: row.opt_text(6)?,
        relation: row.opt_text(7)?,
        insured_name: row.opt_text(8)?,
        acquired: needed(day(row, 9)?)?,
        lost: day(row, 10)?,
        reason_of_loss: row.opt_text(11)?,
        issued: day(row, 12)?,
        valid_from: day(row, 13)?,
        valid_to: day(row, 14)?,
        ratio: row.opt_text(15)?,
        under: Certificates::default(),
    })
}

fn certificate(row: &Row, under: &mut Certificates) -> Result<(), Error> {
    let valid = Period { issued: day(row, 3)?, from: needed(day(row, 4)?)?, to: day(row, 5)? };
    match row.text(2)?.as_str() {
        "limit" => under.limits.push(Limit { valid, class: row.text(6)?, band: row.text(7)?, long_term: day(row, 8)? }),
        "elderly" => under.elderly.push(Elderly { valid, ratio: row.text(9)? }),
        "disease" => under.diseases.push(Disease { valid, class: row.text(6)?, self_pay: row.opt_text(10)? }),
        "ticket" => under.tickets.push(Ticket {
            valid,
            class: row.text(6)?,
            issue_number: row.opt_text(11)?,
            treatment_month: row.opt_text(12)?,
            facility_code: row.opt_text(13)?,
            facility_name: row.opt_text(14)?,
            treatment_type: row.opt_text(15)?,
            single_or_combined: row.opt_text(16)?,
            self_pay: row.opt_text(10)?,
        }),
        _ => return Err(Error::Unreadable),
    }
    Ok(())
}

fn insurer_number(row: &Row, i: usize) -> Result<InsurerNumber, Error> {
    InsurerNumber::parse(&row.text(i)?).map_err(|_| Error::Unreadable)
}

fn day(row: &Row, i: usize) -> Result<Option<Date>, Error> {
    row.opt_text(i)?.map(|text| text.parse().map_err(|_| Error::Unreadable)).transpose()
}

fn needed(day: Option<Date>) -> Result<Date, Error> {
    day.ok_or(Error::Unreadable)
}
