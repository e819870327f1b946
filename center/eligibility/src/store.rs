//! Remembers who is insured: how the register is looked up. What writes it stands in `store/importing.rs`.

mod importing;

use chassis::db::{Database, DbError, Migration, Row, values};
use jiff::civil::Date;
use wire::check::SearchKey;
use wire::number::InsurerNumber;

use crate::error::Error;
use crate::register::{
    Certificates, Disease, Dossier, Elderly, Limit, Period, Person, PersonKey, Qualification, Shelf, Ticket, lookup_hash,
};

pub(crate) use importing::Importing;

const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "register", sql: include_str!("../migrations/0001_register.sql") }];

const LOOKUP: &str = "SELECT person_key FROM insured_lookup WHERE lookup_hash = $1 AND birthdate = $2";

const DOSSIER: &str =
    "SELECT i.name, i.name_kana, i.name_other, i.name_other_kana, i.sex, i.sex_back, i.birthdate, i.post_number, i.address,
  q.import_number, q.place, q.has_certificates, q.card, q.insurer_number, n.name, q.symbol, q.number, q.branch, q.relation,
  q.insured_name, q.acquired, q.lost, q.reason_of_loss, q.issued, q.valid_from, q.valid_to, q.ratio
FROM insured i
JOIN qualification q ON q.person_key = i.person_key
JOIN insurer n ON n.insurer_number = q.insurer_number
WHERE i.person_key = $1";

const CERTIFICATES: &str = "SELECT kind, issued, valid_from, valid_to, class, band, long_term_date, ratio, self_pay, issue_number,
  treatment_month, facility_code, facility_name, treatment_type, single_or_combined
FROM certificate WHERE person_key = $1 AND place = $2 AND import_number = $3 ORDER BY nth";

/// What kinds of row the table of certificates holds.
const LIMIT: &str = "limit";
const ELDERLY: &str = "elderly";
const DISEASE: &str = "disease";
const TICKET: &str = "ticket";

/// The room's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

/// How much the register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Bodies that insure (保険者).
    pub insurers: u64,
    /// Insured persons.
    pub persons: u64,
    /// Qualifications, past ones included.
    pub qualifications: u64,
    /// When the register was last changed.
    pub last_import_at: Option<jiff::Timestamp>,
}

impl Store {
    pub(crate) async fn open(db: Database) -> Result<Self, DbError> {
        db.migrate("eligibility", MIGRATIONS).await?;
        Ok(Self { db })
    }

    /// Everyone who could be meant, with all their qualifications.
    pub(crate) async fn dossiers(&self, asked: &SearchKey) -> Result<Vec<Dossier>, Error> {
        let hash = lookup_hash(&asked.insurer, &asked.number);
        let mut found = Vec::new();
        for row in self.db.query(LOOKUP, &values![hash, asked.birthdate]).await? {
            let key = PersonKey::stored(row.text(0)?);
            let rows = self.db.query(DOSSIER, &values![key.as_str()]).await?;
            if let Some(first) = rows.first() {
                let qualifications = rows.iter().map(read_qualification).collect::<Result<_, _>>()?;
                found.push(Dossier { person: read_person(key, first)?, qualifications });
            }
        }
        Ok(found)
    }

    /// What stands under one qualification; none when an import has replaced it since it was read.
    pub(crate) async fn certificates(&self, person: &PersonKey, shelf: Option<Shelf>) -> Result<Option<Certificates>, Error> {
        let mut under = Certificates::default();
        let Some(shelf) = shelf else { return Ok(Some(under)) };
        let rows = self.db.query(CERTIFICATES, &values![person.as_str(), shelf.place, shelf.import]).await?;
        for row in &rows {
            read_certificate(row, &mut under)?;
        }
        Ok((!rows.is_empty()).then_some(under))
    }

    pub(crate) async fn counts(&self) -> Result<Counts, Error> {
        let sql =
            "SELECT (SELECT COUNT(*) FROM insurer), (SELECT COUNT(*) FROM insured), (SELECT COUNT(*) FROM qualification), last_import_at
FROM register_state WHERE one = 1";
        let Some(row) = self.db.query_opt(sql, &[]).await? else { return Ok(Counts::default()) };
        let count = |i| row.int(i).map(|count| u64::try_from(count).unwrap_or(0));
        let last_import_at = row.opt_int(3)?.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        Ok(Counts { insurers: count(0)?, persons: count(1)?, qualifications: count(2)?, last_import_at })
    }
}

fn read_person(key: PersonKey, row: &Row) -> Result<Person, Error> {
    Ok(Person {
        key,
        name: row.text(0)?,
        name_kana: row.opt_text(1)?,
        name_other: row.opt_text(2)?,
        name_other_kana: row.opt_text(3)?,
        sex: row.text(4)?,
        sex_back: row.opt_text(5)?,
        birthdate: needed(day(row, 6)?)?,
        post_number: row.opt_text(7)?,
        address: row.opt_text(8)?,
    })
}

fn read_qualification(row: &Row) -> Result<Qualification, Error> {
    Ok(Qualification {
        shelf: if row.int(11)? == 1 { Some(Shelf { import: row.int(9)?, place: row.int(10)? }) } else { None },
        card: row.text(12)?,
        insurer: InsurerNumber::parse(&row.text(13)?).map_err(|_| Error::Unreadable)?,
        insurer_name: row.text(14)?,
        symbol: row.opt_text(15)?,
        number: row.text(16)?,
        branch: row.opt_text(17)?,
        relation: row.opt_text(18)?,
        insured_name: row.opt_text(19)?,
        acquired: needed(day(row, 20)?)?,
        lost: day(row, 21)?,
        reason_of_loss: row.opt_text(22)?,
        issued: day(row, 23)?,
        valid_from: day(row, 24)?,
        valid_to: day(row, 25)?,
        ratio: row.opt_text(26)?,
    })
}

fn read_certificate(row: &Row, under: &mut Certificates) -> Result<(), Error> {
    let valid = Period { issued: day(row, 1)?, from: needed(day(row, 2)?)?, to: day(row, 3)? };
    match row.text(0)?.as_str() {
        LIMIT => under.limits.push(Limit { valid, class: row.text(4)?, band: row.text(5)?, long_term: day(row, 6)? }),
        ELDERLY => under.elderly.push(Elderly { valid, ratio: row.text(7)? }),
        DISEASE => under.diseases.push(Disease { valid, class: row.text(4)?, self_pay: row.opt_text(8)? }),
        TICKET => under.tickets.push(Ticket {
            valid,
            class: row.text(4)?,
            issue_number: row.opt_text(9)?,
            treatment_month: row.opt_text(10)?,
            facility_code: row.opt_text(11)?,
            facility_name: row.opt_text(12)?,
            treatment_type: row.opt_text(13)?,
            single_or_combined: row.opt_text(14)?,
            self_pay: row.opt_text(8)?,
        }),
        _ => return Err(Error::Unreadable),
    }
    Ok(())
}

fn day(row: &Row, i: usize) -> Result<Option<Date>, Error> {
    row.opt_text(i)?.map(|text| text.parse().map_err(|_| Error::Unreadable)).transpose()
}

fn needed(day: Option<Date>) -> Result<Date, Error> {
    day.ok_or(Error::Unreadable)
}
