//! Writes the register: one import, everything in one transaction.

use std::collections::HashMap;

use chassis::db::{DbError, Transaction, Value, values};
use jiff::Timestamp;
use wire::number::CardNumber;

use super::{DISEASE, ELDERLY, LIMIT, Store, TICKET};
use crate::error::Error;
use crate::people::{Entry, Insurer};
use crate::register::{Certificates, Period, PersonKey, Qualification, lookup_hash};

const PERSON: &str = "INSERT INTO insured (person_key, person, import_number, name, name_kana, name_other, name_other_kana, sex, sex_back,
  birthdate, post_number, address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (person_key) DO UPDATE SET import_number = excluded.import_number, name = excluded.name, name_kana = excluded.name_kana,
  name_other = excluded.name_other, name_other_kana = excluded.name_other_kana, sex = excluded.sex, sex_back = excluded.sex_back,
  birthdate = excluded.birthdate, post_number = excluded.post_number, address = excluded.address
WHERE insured.import_number <> excluded.import_number AND insured.person = excluded.person";

const QUALIFICATION: &str =
    "INSERT INTO qualification (person_key, place, import_number, lookup_hash, has_certificates, card, insurer_number,
  symbol, number, branch, relation, insured_name, acquired, lost, reason_of_loss, issued, valid_from, valid_to, ratio)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

const CERTIFICATE: &str = "INSERT INTO certificate (person_key, place, nth, import_number, kind, issued, valid_from, valid_to, class, band,
  long_term_date, ratio, self_pay, issue_number, treatment_month, facility_code, facility_name, treatment_type, single_or_combined)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

const LOOKUP: &str = "INSERT INTO insured_lookup (lookup_hash, person_key, birthdate) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

const INSURER: &str =
    "INSERT INTO insurer (insurer_number, name) VALUES ($1, $2) ON CONFLICT (insurer_number) DO UPDATE SET name = excluded.name";

/// What goes before the new rows of a person come; the first still needs the rows of the second.
const REMOVE: [&str; 3] = [
    "DELETE FROM insured_lookup WHERE person_key = $1 AND lookup_hash IN (SELECT lookup_hash FROM qualification WHERE person_key = $1)",
    "DELETE FROM qualification WHERE person_key = $1",
    "DELETE FROM certificate WHERE person_key = $1",
];

const EMPTY: [&str; 5] =
    ["DELETE FROM insured_lookup", "DELETE FROM certificate", "DELETE FROM qualification", "DELETE FROM insured", "DELETE FROM insurer"];

/// One import under way; dropped before [`commit`](Self::commit) it leaves no trace.
pub(crate) struct Importing {
    tx: Transaction,
    number: i64,
    /// Whether the register held nobody when the import began, so that nobody needs replacing.
    fresh: bool,
    insurers: HashMap<String, String>,
}

impl Store {
    /// Begins an import; a second one waits until the first is over.
    pub(crate) async fn begin_import(&self, replace: bool, now: Timestamp) -> Result<Importing, Error> {
        let mut tx = self.db.begin().await?;
        let next = "UPDATE register_state SET imports = imports + 1, last_import_at = $1 WHERE one = 1 RETURNING imports";
        let number = tx.query_opt(next, &values![now]).await?.ok_or(Error::Unreadable)?.int(0)?;
        if replace {
            for sql in EMPTY {
                tx.execute(sql, &[]).await?;
            }
        }
        let fresh = tx.query_opt("SELECT person_key FROM insured LIMIT 1", &[]).await?.is_none();
        let rows = tx.query("SELECT insurer_number, name FROM insurer", &[]).await?;
        let insurers = rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect::<Result<_, DbError>>()?;
        Ok(Importing { tx, number, fresh, insurers })
    }
}

impl Importing {
    /// The insurers the register knew when the import began, by canonical number, with their names.
    pub(crate) const fn insurers(&self) -> &HashMap<String, String> {
        &self.insurers
    }

    pub(crate) async fn put_insurers(&mut self, insurers: &[Insurer]) -> Result<(), Error> {
        let rows: Vec<Vec<Value>> = insurers.iter().map(|insurer| values![insurer.number.canonical(), &insurer.name].to_vec()).collect();
        self.tx.execute_many(INSURER, &rows).await?;
        Ok(())
    }

    /// Adds or replaces persons. Those that this import brought before are taken out of `entries`; their line numbers are returned.
    pub(crate) async fn put_persons(&mut self, entries: &mut Vec<Entry>) -> Result<Vec<u64>, Error> {
        let rows: Vec<Vec<Value>> = entries.iter().map(|entry| person_row(entry, self.number)).collect();
        let mut taken = self.tx.execute_each(PERSON, &rows).await?.into_iter();
        let mut again = Vec::new();
        entries.retain(|entry| {
            let new = taken.next() == Some(1);
            if !new {
                again.push(entry.line);
            }
            new
        });
        if !self.fresh {
            let keys: Vec<Vec<Value>> = entries.iter().map(|entry| values![entry.person.key.as_str()].to_vec()).collect();
            for sql in REMOVE {
                self.tx.execute_many(sql, &keys).await?;
            }
        }
        let (mut lookups, mut qualifications, mut certificates) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries.iter() {
            let key = &entry.person.key;
            for ((held, under), place) in entry.held.iter().zip(0_i64..) {
                let number = CardNumber::parse(&held.number).map_err(|_| Error::Unreadable)?;
                let hash = lookup_hash(&held.insurer, &number);
                lookups.push(values![&hash, key.as_str(), entry.person.birthdate].to_vec());
                let before = certificates.len();
                certificate_rows(key, place, self.number, under, &mut certificates);
                qualifications.push(qualification_row(key, place, self.number, &hash, certificates.len() > before, held));
            }
        }
        self.tx.execute_many(LOOKUP, &lookups).await?;
        self.tx.execute_many(QUALIFICATION, &qualifications).await?;
        self.tx.execute_many(CERTIFICATE, &certificates).await?;
        Ok(again)
    }

    /// Makes the import visible, all of it at once.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        Ok(self.tx.commit().await?)
    }
}

fn person_row(entry: &Entry, import: i64) -> Vec<Value> {
    let person = &entry.person;
    values![
        person.key.as_str(),
        &entry.name_in_file,
        import,
        &person.name,
        person.name_kana.as_ref(),
        person.name_other.as_ref(),
        person.name_other_kana.as_ref(),
        &person.sex,
        person.sex_back.as_ref(),
        person.birthdate,
        person.post_number.as_ref(),
        person.address.as_ref(),
    ]
    .to_vec()
}

fn qualification_row(key: &PersonKey, place: i64, import: i64, hash: &str, certificates: bool, held: &Qualification) -> Vec<Value> {
    values![
        key.as_str(),
        place,
        import,
        hash,
        certificates,
        &held.card,
        held.insurer.canonical(),
        held.symbol.as_ref(),
        &held.number,
        held.branch.as_ref(),
        held.relation.as_ref(),
        held.insured_name.as_ref(),
        held.acquired,
        held.lost,
        held.reason_of_loss.as_ref(),
        held.issued,
        held.valid_from,
        held.valid_to,
        held.ratio.as_ref(),
    ]
    .to_vec()
}

/// How many columns a certificate has.
const COLUMNS: usize = 19;

fn certificate_rows(key: &PersonKey, place: i64, import: i64, under: &Certificates, rows: &mut Vec<Vec<Value>>) {
    let mut nth = 0_i64;
    let mut put = |kind: &str, valid: &Period, columns: Vec<Value>| {
        let mut row = values![key.as_str(), place, nth, import, kind, valid.issued, valid.from, valid.to].to_vec();
        row.extend(columns);
        row.resize(COLUMNS, Value::Null);
        rows.push(row);
        nth += 1;
    };
    for limit in &under.limits {
        put(LIMIT, &limit.valid, values![&limit.class, &limit.band, limit.long_term].to_vec());
    }
    for elderly in &under.elderly {
        put(ELDERLY, &elderly.valid, values![Value::Null, Value::Null, Value::Null, &elderly.ratio].to_vec());
    }
    for disease in &under.diseases {
        put(DISEASE, &disease.valid, values![&disease.class, Value::Null, Value::Null, Value::Null, disease.self_pay.as_ref()].to_vec());
    }
    for ticket in &under.tickets {
        let columns = values![
            &ticket.class,
            Value::Null,
            Value::Null,
            Value::Null,
            ticket.self_pay.as_ref(),
            ticket.issue_number.as_ref(),
            ticket.treatment_month.as_ref(),
            ticket.facility_code.as_ref(),
            ticket.facility_name.as_ref(),
            ticket.treatment_type.as_ref(),
            ticket.single_or_combined.as_ref(),
        ];
        put(TICKET, &ticket.valid, columns.to_vec());
    }
}
