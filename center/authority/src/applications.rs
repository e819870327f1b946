//! Applications for certificates (/p/rcr, CA-06): one for the terminals of a facility, decided by an operator.

use chassis::mail::{MailAddress, MailError};
use jiff::Timestamp;
use registry::Refusal;
use wire::number::FacilityCode;

use crate::orders::Notice;
use crate::rules::{self, Mistake};
use crate::states::Kind;
use crate::{Authority, Error, letters};

/// What somebody applies for.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Application {
    /// Ten digits.
    pub facility_code: String,
    /// The names of the terminals; each gets a notice of its own (CA-30).
    pub terminals: Vec<String>,
    /// Who applies.
    pub contact: String,
    /// Where the answers go.
    pub mail: String,
    /// Names the form that it was typed into: sent twice, it is one application.
    pub form_id: String,
}

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationState {
    /// Not decided yet.
    Waiting,
    /// Approved; its notices are written.
    Approved,
    /// Refused.
    Refused,
    /// Nobody decided in time.
    Lapsed,
}

impl ApplicationState {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Approved, Self::Refused, Self::Lapsed].into_iter().find(|state| state.key() == text)
    }
}

/// An application as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ApplicationRow {
    /// Its number.
    pub number: String,
    /// What was asked for.
    pub application: Application,
    /// Where it stands.
    pub state: ApplicationState,
    /// When it came.
    pub made_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// An operator's word.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Granted.
    Approve,
    /// Refused; the applicant reads why.
    Refuse {
        /// The reason, Japanese.
        reason: String,
    },
}

impl Authority {
    /// Takes an application and promises its receipt by mail. The answer is its number, or what is wrong with it.
    ///
    /// # Errors
    /// If the database could not keep it. Mistakes are an answer.
    pub async fn apply(&self, wanted: &Application, now: Timestamp) -> Result<Result<String, Vec<Mistake>>, Error> {
        if let Some(before) = self.store.application_of_form(&wanted.form_id).await? {
            return Ok(Ok(before.number));
        }
        let facility = match FacilityCode::parse(wanted.facility_code.trim()) {
            Ok(code) => self.registry.facility(&code).await?,
            Err(_) => None,
        };
        let mail = MailAddress::parse(wanted.mail.trim());
        let mistakes = rules::mistakes(wanted, facility.is_some(), mail.is_some());
        if !mistakes.is_empty() {
            return Ok(Err(mistakes));
        }
        let trimmed = |text: &str| text.trim().to_owned();
        let row = ApplicationRow {
            number: crate::revocation::number("A", now)?,
            application: Application {
                facility_code: trimmed(&wanted.facility_code),
                terminals: wanted.terminals.iter().map(|name| trimmed(name)).collect(),
                contact: trimmed(&wanted.contact),
                mail: trimmed(&wanted.mail),
                form_id: wanted.form_id.clone(),
            },
            state: ApplicationState::Waiting,
            made_at: now,
            decided_at: None,
            reason: None,
        };
        let letter = letters::application_received(&row);
        let mail = letter.as_ref().map(|letter| (self.registry.outbox(), letter));
        match self.store.add_application(&row, now + rules::days(self.config.decide_days), mail).await {
            Ok(()) => Ok(Ok(row.number)),
            // Two clicks at the same moment.
            Err(error) => match self.store.application_of_form(&wanted.form_id).await? {
                Some(before) => Ok(Ok(before.number)),
                None => Err(error.into()),
            },
        }
    }

    /// The applications, those that wait first.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn applications(&self) -> Result<Vec<ApplicationRow>, Error> {
        Ok(self.store.applications().await?)
    }

    /// Decides an application. Approved, it becomes a notice for each terminal, all in one transaction; approved again, those of them that
    /// were not fetched yet come again, so that an answer that was lost is no loss.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] or [`Refusal::Decided`], or if the authority could not do it.
    pub async fn decide_application(&self, number: &str, decision: &Decision, now: Timestamp) -> Result<Vec<Notice>, Error> {
        let number = number.trim();
        loop {
            let Some(row) = self.store.application(number).await? else {
                return Err(registry::Error::from(Refusal::Unknown("この発行申請")).into());
            };
            match (row.state, decision) {
                (ApplicationState::Waiting, _) => {}
                (ApplicationState::Approved, Decision::Approve) => return self.notices_of(&row).await,
                (state, _) => return Err(registry::Error::from(Refusal::Decided(state.key().to_owned())).into()),
            }
            let mut orders = Vec::new();
            let (state, reason) = match decision {
                Decision::Refuse { reason } => (ApplicationState::Refused, Some(reason.as_str())),
                Decision::Approve => {
                    for terminal in &row.application.terminals {
                        let mut new = self.new_order(Kind::Issue, (&row.application.facility_code, terminal), None, now)?;
                        new.row.application = Some(number.to_owned());
                        let deadline = new.row.order.retrieve_until;
                        orders.push((new.row, deadline));
                    }
                    (ApplicationState::Approved, None)
                }
            };
            let letter = letters::application_decided(&row, decision);
            let mail = letter.as_ref().map(|letter| (self.registry.outbox(), letter));
            match self.store.decide_application((number, state, reason), &orders, mail, now).await {
                Ok(true) => return self.notices_of(&row).await,
                // Decided by another, or a request id that is taken: looked at again.
                Ok(false) => {}
                Err(MailError::Store(error)) if error.is_unique_violation() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The notices of an application that were not fetched yet, to be printed.
    async fn notices_of(&self, row: &ApplicationRow) -> Result<Vec<Notice>, Error> {
        let mut orders = self.store.orders_of_application(&row.number).await?;
        let terminals = &row.application.terminals;
        orders.sort_by_key(|order| terminals.iter().position(|name| *name == order.order.terminal_name));
        Ok(orders.iter().filter_map(|order| self.printed_again(order)).collect())
    }

    /// Lets applications lapse that nobody decided in time, and tells the applicants.
    pub(crate) async fn lapse_applications(&self, now: Timestamp) -> Result<(), Error> {
        for row in self.store.overdue_applications(now).await? {
            let letter = letters::application_lapsed(&row);
            let mail = letter.as_ref().map(|letter| (self.registry.outbox(), letter));
            self.store.decide_application((&row.number, ApplicationState::Lapsed, None), &[], mail, now).await?;
        }
        Ok(())
    }
}
