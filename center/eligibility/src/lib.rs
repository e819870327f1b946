//! 資格確認: is this person insured on this day? The register of the insured and the rules by which it is asked.
#![doc = include_str!("../README.md")]

pub mod api;
mod check;
pub mod config;
pub mod error;
pub mod operator;
pub mod pages;
pub mod people;
mod register;
mod rules;
pub mod staged;
mod steps;
mod store;

use std::fmt;

use chassis::clock::japan;
use chassis::db::Database;
use jiff::Timestamp;
use tokio::io::AsyncRead;
use wire::check::{Asked, QualificationRecord, SearchKey};
use wire::code::Validity;

pub use config::Config;
pub use error::Error;
pub use store::Counts;

use people::{ImportOptions, ImportReport};
use register::PersonKey;
use rules::{Consent, Finding};
use staged::Staged;
use store::Store;

/// How often an answer is begun anew because an import was made to count meanwhile.
const ATTEMPTS: usize = 3;

/// The desk that answers who is insured. Cloning is cheap.
#[derive(Clone)]
pub struct Eligibility {
    store: Store,
    config: Config,
}

/// What the center answers about one person on one day.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// 資格有効性 (OQSCD006).
    pub validity: Validity,
    /// What the clinic may see: the insurance first, medical assistance after it; empty when nobody or several people could be meant.
    pub records: Vec<QualificationRecord>,
    /// Whom the audit log speaks of.
    pub subject: Subject,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("validity", &self.validity).field("records", &self.records.len()).finish_non_exhaustive()
    }
}

/// Whom a question was about, for the pseudonym of the audit log. Never shown, never logged as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject(Vec<u8>);

impl Subject {
    /// The bytes to make a pseudonym of: the register's key of the person who was found, else what was asked.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whom `asked` is about as long as nobody was found.
    #[must_use]
    pub fn of_question(asked: &SearchKey) -> Self {
        let symbol = asked.symbol.as_ref().map(|symbol| symbol.as_str()).unwrap_or_default();
        let branch = asked.branch.map(|branch| branch.to_string()).unwrap_or_default();
        let (insurer, number) = (asked.insurer.canonical(), asked.number.as_str());
        Self(format!("question\0{insurer}\0{symbol}\0{number}\0{branch}\0{}", asked.birthdate).into_bytes())
    }

    fn of_person(key: PersonKey) -> Self {
        Self(format!("person\0{}", key.short()).into_bytes())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

impl Eligibility {
    /// Opens the register in `db`, bringing its tables up to date.
    ///
    /// # Errors
    /// When the database cannot be used, or its tables were made by a newer program.
    pub async fn open(db: Database, config: Config) -> Result<Self, Error> {
        Ok(Self { store: Store::open(db).await?, config })
    }

    /// The room's settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Answers whether the person asked about is insured on the asked day, by the rules in the room's `README.md`. `now` is the time of the
    /// patient's consent.
    ///
    /// # Errors
    /// When the database cannot be used. That nobody is found is an answer.
    pub async fn answer(&self, asked: &Asked, now: Timestamp) -> Result<Answer, Error> {
        for _ in 0..ATTEMPTS {
            if let Some(answer) = self.attempt(asked, now).await? {
                return Ok(answer);
            }
        }
        Err(Error::Replaced)
    }

    /// One attempt; none when an import was made to count while the answer was put together.
    async fn attempt(&self, asked: &Asked, now: Timestamp) -> Result<Option<Answer>, Error> {
        let Some((dossiers, insurers)) = self.store.dossiers(&asked.key).await? else { return Ok(None) };
        let nothing = |validity| Answer { validity, records: Vec::new(), subject: Subject::of_question(&asked.key) };
        let found = match rules::decide(&asked.key, asked.date, &dossiers) {
            Finding::Nobody => return Ok(Some(nothing(Validity::NotFound))),
            Finding::Several => return Ok(Some(nothing(Validity::Several))),
            Finding::One(found) => found,
        };
        let consent = if asked.limit_consent { Consent::Given(japan(now)) } else { Consent::Refused };
        let mut records = Vec::with_capacity(2);
        for held in std::iter::once(found.qualification).chain(found.assistance) {
            let insurer_name = insurers.name(held.insurer.canonical())?;
            records.push(rules::record(&found, held, insurer_name, asked.date, consent));
        }
        Ok(Some(Answer { validity: found.validity, records, subject: Subject::of_person(PersonKey::of(&found.person.known_as)) }))
    }

    /// How the answer to `asked` is to be spoilt on purpose: only for the documented test people, and only where the settings allow them.
    #[must_use]
    pub fn staged(&self, asked: &Asked) -> Option<Staged> {
        if self.config.test_people { staged::staged(asked) } else { None }
    }

    /// Brings a people CSV (`docs/people-csv.md`) into the register: everybody asked about sees all of it or nothing; `progress` is told the
    /// number of lines read so far. Refused lines are not an error but part of the report, which also says whether anything was changed.
    ///
    /// # Errors
    /// [`Error::ImportUnderWay`] when another import is not over yet. When the database or `csv` fails; nothing is changed then.
    pub async fn import<R>(
        &self,
        csv: R,
        options: ImportOptions,
        now: Timestamp,
        progress: impl FnMut(u64) + Send,
    ) -> Result<ImportReport, Error>
    where
        R: AsyncRead + Unpin + Send,
    {
        people::import(&self.store, csv, options, now, progress).await
    }

    /// Brings the documented test people into the register, or back to what the document says of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seed_test_people(&self, now: Timestamp) -> Result<ImportReport, Error> {
        self.import(staged::REGISTER.as_bytes(), ImportOptions::default(), now, |_| ()).await
    }

    /// Waits until everything that imports left behind is tidied up, which otherwise happens in the background.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tidied(&self) -> Result<(), Error> {
        self.store.tidied().await
    }

    /// How much the register holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(&self) -> Result<Counts, Error> {
        self.store.counts().await
    }
}
