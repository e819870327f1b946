//! 登録: who takes part. Facilities, their lines, terminals and programs, the admission list, and the operators who keep all this.
#![doc = include_str!("../README.md")]

pub mod admission;
pub mod applications;
pub mod closures;
pub mod config;
pub mod console;
pub mod door;
pub mod error;
mod letters;
pub mod operator;
pub mod origin;
pub mod pages;
pub mod rules;
pub mod status;
mod store;
pub mod troubles;

use std::sync::Arc;

use chassis::db::{Database, DbError, Transaction};
use chassis::mail::{self, Outbox};
use chassis::random;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use jiff::Timestamp;
use jiff::civil::Date;
use manuals::domains::Service;
use manuals::situation::Situation;
use secrecy::SecretString;
use tokio::sync::Notify;
use wire::number::FacilityCode;

pub use admission::{Admitted, LineProof};
pub use config::Config;
pub use error::{Error, Refusal};
pub use rules::Demand;

use admission::Admitter;
use store::Store;

/// A facility (医療機関等) that takes part.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Facility {
    /// Ten digits: prefecture, fee table, seven more.
    pub facility_code: String,
    /// Its name.
    pub name: String,
    /// `east` or `west`.
    pub region: String,
    /// The first day.
    pub valid_from: Date,
    /// The first day on which it no longer takes part, if that is known.
    pub valid_until: Option<Date>,
}

/// A terminal: one machine that holds one certificate (CA-30).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Terminal {
    /// The certificate's serial number, lower-case hexadecimal.
    pub serial: String,
    /// Whose it is.
    pub facility_code: String,
    /// The name given at application.
    pub name: String,
    /// When its certificate ends.
    pub not_after: Timestamp,
    /// Whether it is refused.
    pub blocked: bool,
}

/// A line as it works for one facility and service: somebody's registered line, which line authentication compares with the carrier's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RegisteredLine {
    /// Whose.
    pub facility_code: String,
    /// The line id.
    pub line_id: String,
    /// For which service.
    pub service: Service,
    /// The key of its type in `manuals`.
    pub line_type: String,
    /// `east` or `west`.
    pub region: String,
    /// From when.
    pub works_from: Timestamp,
    /// Until when, if that is known.
    pub ended_at: Option<Timestamp>,
}

impl RegisteredLine {
    /// Whether it works at `now`: approved, its day come, and not ended.
    #[must_use]
    pub fn works(&self, now: Timestamp) -> bool {
        self.works_from <= now && self.ended_at.is_none_or(|ended| ended > now)
    }
}

/// What is known about a caller, found in one question to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The line whose prefix the caller's address lies in.
    pub line_id: Option<String>,
    /// The terminal of the certificate shown.
    pub terminal: Option<TerminalFact>,
    /// The session of the token shown.
    pub session: Option<SessionFact>,
    /// From when until when the facility takes part.
    pub facility_validity: Option<(Date, Option<Date>)>,
}

/// What is known of the terminal behind a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalFact {
    /// The certificate's serial number.
    pub serial: String,
    /// Whose it is.
    pub facility_code: String,
    /// Whether it is refused.
    pub blocked: bool,
    /// When its certificate ends.
    pub not_after: Timestamp,
}

/// What is known of the session behind a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFact {
    /// The program's account.
    pub account_id: String,
    /// Whose it is.
    pub facility_code: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A caller who may enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line it came over.
    pub line_id: String,
    /// The facility it belongs to; empty where a door asks for neither certificate nor log-in.
    pub facility_code: String,
    /// The terminal's certificate, if it showed one.
    pub serial: Option<String>,
    /// The program's account, if it is logged in.
    pub account_id: Option<String>,
}

/// A program that has just logged in.
#[derive(Debug)]
pub struct Session {
    /// The token to show from now on.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The site's character set, OQSCD005.
    pub character_code: String,
}

/// The registry. Cheap to clone; other rooms call its functions and never its tables.
#[derive(Clone)]
pub struct Registry {
    store: Store,
    admitter: Admitter,
    config: Config,
    outbox: Outbox,
    /// Told whenever what a snapshot says has changed.
    change: Arc<Notify>,
}

impl Registry {
    /// Opens the registry in `db`, bringing its tables up to date.
    ///
    /// # Errors
    /// If the database cannot be used or was made by a newer program.
    pub async fn open(db: Database, config: Config) -> Result<Self, Error> {
        let outbox = Outbox::open(db.clone(), &mail::Config::default()).await?;
        let store = Store::open(db).await?;
        Ok(Self { admitter: Admitter::new(store.clone()), store, config, outbox, change: Arc::default() })
    }

    /// The same registry with the operator's outbox: its mails bear the operator's sender.
    #[must_use]
    pub fn with_outbox(self, outbox: Outbox) -> Self {
        Self { outbox, ..self }
    }

    /// The mails that the registry promised.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// What the operator configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether a caller may enter a door with `demand`, asked anew on every request so that blocking works on kept-open connections.
    ///
    /// # Errors
    /// [`Error`] if the database could not say; a refusal is an answer, not an error.
    pub async fn enter(
        &self,
        caller: &Caller,
        token: Option<&str>,
        demand: Demand,
        now: Timestamp,
    ) -> Result<Result<Entry, Situation>, Error> {
        let serial = match &caller.certificate {
            PeerCertificate::Trusted { serial } => Some(serial.as_ref()),
            _ => None,
        };
        let facts = self.store.facts(caller.address, serial, token.map(token_hash).as_deref()).await?;
        Ok(rules::judge(&caller.certificate, token.is_some(), &facts, demand, now))
    }

    /// The facility with this code, if it is registered.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn facility(&self, code: &FacilityCode) -> Result<Option<Facility>, Error> {
        Ok(self.store.facility(code.as_str()).await?)
    }

    /// Registers the terminal that a certificate was just made for.
    ///
    /// # Errors
    /// [`Refusal::Taken`] if the serial number is known already.
    pub async fn enrol_terminal(&self, terminal: &Terminal, now: Timestamp) -> Result<(), Error> {
        self.store.add_terminal(terminal, now).await.map_err(|error| Error::taken(error, "この証明書の端末"))
    }

    /// As [`enrol_terminal`](Self::enrol_terminal), as a part of another room's transaction in the same database: the terminal is
    /// registered if, and only if, that is committed.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement; a broken uniqueness if the serial number is known already.
    pub async fn enrol_terminal_in(tx: &mut Transaction, terminal: &Terminal, now: Timestamp) -> Result<(), DbError> {
        store::add_terminal_in(tx, terminal, now).await
    }

    /// Blocks a terminal from now on, or lets it in again. Blocking twice is as good as once.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if no terminal has this serial number.
    pub async fn block_terminal(&self, serial: &str, blocked: bool, now: Timestamp) -> Result<(), Error> {
        let changed = self.store.set_blocked(&serial.to_ascii_lowercase(), blocked.then_some(now)).await?;
        if changed == 0 { Err(Refusal::Unknown("この証明書の端末").into()) } else { Ok(()) }
    }

    /// Every terminal, or those of one facility.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn terminals(&self, facility_code: Option<&str>) -> Result<Vec<Terminal>, Error> {
        Ok(self.store.terminals(facility_code).await?)
    }

    /// Who uses a line, for which service and from when: works to come included, those over left out. Empty means that nobody applied for it.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn registered_lines(&self, line_id: &str, now: Timestamp) -> Result<Vec<RegisteredLine>, Error> {
        Ok(self.store.uses_of_line(line_id, now).await?)
    }

    /// Makes an account for a facility's program (PA-06, PA-07): an id beginning with R0 and a random password, shown only now.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if the facility is not registered.
    pub async fn create_account(&self, code: &FacilityCode, character_code: &str, now: Timestamp) -> Result<(String, SecretString), Error> {
        if self.facility(code).await?.is_none() {
            return Err(Refusal::Unknown("この医療機関コード").into());
        }
        let account_id = format!("R0{}", random::text(8, random::DIGITS)?);
        let password = SecretString::from(random::text(20, random::READABLE)?);
        let hash = chassis::password::hash(password.clone()).await?;
        let kind = "program";
        self.store
            .add_account(&account_id, code.as_str(), kind, &hash, character_code, now)
            .await
            .map_err(|error| Error::taken(error, "このアカウント"))?;
        Ok((account_id, password))
    }

    /// Logs a program in from a terminal of its own facility. Wrong guesses make that terminal wait, nobody else.
    ///
    /// # Errors
    /// If the database could not say; a refusal is an answer.
    pub async fn log_in(
        &self,
        account_id: &str,
        password: SecretString,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Result<Session, Situation>, Error> {
        let serial = entry.serial.as_deref().unwrap_or_default();
        if let Some((failures, last)) = self.store.failures(account_id, serial).await?
            && rules::must_wait(failures, last, &self.config, now)
        {
            return Ok(Err(Situation::AccountLocked));
        }
        let account = self.store.account(account_id).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let fits = chassis::password::fits(password, hash).await?;
        let Some(account) = account.filter(|_| fits) else {
            self.store.note_failure(account_id, serial, now).await?;
            return Ok(Err(Situation::LoginRefused));
        };
        if account.facility_code != entry.facility_code {
            return Ok(Err(Situation::CertificateOfOtherFacility));
        }
        let token = SecretString::from(data_encoding::BASE64URL_NOPAD.encode(&random::bytes::<32>()?));
        let expires_at = now + jiff::SignedDuration::from_mins(i64::from(self.config.session_minutes));
        let hash = token_hash(secrecy::ExposeSecret::expose_secret(&token));
        self.store.add_session(&hash, account_id, &account.facility_code, expires_at, serial, now).await?;
        Ok(Ok(Session { token, expires_at, character_code: account.character_code }))
    }

    /// Makes the first operator if there is none; returns its random password, which is never shown again.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn first_operator(&self, now: Timestamp) -> Result<Option<(String, SecretString)>, Error> {
        if self.store.operators().await? > 0 {
            return Ok(None);
        }
        let password = SecretString::from(random::text(20, random::READABLE)?);
        self.add_operator("admin", password.clone(), now).await?;
        Ok(Some(("admin".to_owned(), password)))
    }

    /// Registers an operator.
    ///
    /// # Errors
    /// [`Refusal::Taken`] if the name is taken.
    pub async fn add_operator(&self, operator_id: &str, password: SecretString, now: Timestamp) -> Result<(), Error> {
        let hash = chassis::password::hash(password).await?;
        self.store.add_operator(operator_id, &hash, now).await.map_err(|error| Error::taken(error, "この運用者"))
    }

    /// Whether `password` is the operator's.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn is_operator(&self, operator_id: &str, password: SecretString) -> Result<bool, Error> {
        let hash = self.store.operator_hash(operator_id).await?;
        Ok(chassis::password::fits(password, hash).await?)
    }

    /// Answers if the database does: the registry is ready.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        self.store.operators().await?;
        Ok(())
    }
}

/// Tokens are kept as hashes, so that a copy of the database opens no door.
pub(crate) fn token_hash(token: &str) -> String {
    data_encoding::HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref())
}
