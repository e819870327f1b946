//! Takes applications for facilities and lines, and lets an operator approve them.

use chassis::random;
use jiff::Timestamp;
use jiff::civil::Date;
use manuals::domains::Service;
use manuals::line_id;
use serde::{Deserialize, Serialize};
use wire::number::FacilityCode;

use crate::error::{Error, Refusal};
use crate::letters::Letters;
use crate::rules::effects::{self, Begin, Effects, NewFacility, NewLine};
use crate::rules::form::Mistake;
use crate::rules::known::{self, Known, Use};
use crate::rules::wish::Wish;
use crate::store::ApplicationRow;
use crate::{Registry, rules, token_hash};

/// An application to take part as a facility.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacilityApplication {
    /// Ten digits.
    pub facility_code: String,
    /// The facility's name.
    pub name: String,
    /// The first day on which it takes part.
    pub valid_from: Date,
    /// The first day on which it no longer does, if that is known.
    #[serde(default)]
    pub valid_until: Option<Date>,
}

/// An application for a line (ID-01…ID-07).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineApplication {
    /// Whose line it is to be.
    pub facility_code: String,
    /// The line id (お客さまID), as printed on the letter.
    pub line_id: String,
    /// The key of the line's type in `manuals`.
    pub line_type: String,
}

/// An application and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Application {
    /// Its number.
    pub application_id: String,
    /// `facility` or `line` where an operator entered it, else the key of its notification.
    pub kind: String,
    /// Whose it is.
    pub facility_code: String,
    /// What it is about, in a word: the name, or the line id.
    pub subject: String,
    /// `waiting`, `approved` or `refused`.
    pub state: String,
    /// When it came.
    pub applied_at: Timestamp,
    /// `claims` or `eligibility`, where it came through the portal.
    pub service: Option<String>,
    /// From when its line works, once it is approved.
    pub works_from: Option<Timestamp>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// Characters of application numbers and secrets: none is mistaken for another on paper.
const PRINTED: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// The length of a form's id.
const FORM_ID: usize = 24;

impl Registry {
    /// Takes an application of a facility. The answer is its number.
    ///
    /// # Errors
    /// [`Refusal`] names the mistake before anything is kept.
    pub async fn apply_for_facility(&self, application: &FacilityApplication, now: Timestamp) -> Result<String, Error> {
        let code = facility_code(&application.facility_code)?;
        let name = application.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Refusal::Wrong { field: "name", problem: "名称を 100 文字以内で書いてください。".into() }.into());
        }
        if application.valid_until.is_some_and(|until| until <= application.valid_from) {
            return Err(Refusal::Wrong {
                field: "valid_until", problem: "終了日は開始日より後の日にしてください。".into()
            }
            .into());
        }
        if self.facility(&code).await?.is_some() {
            return Err(Refusal::Taken("この医療機関コード").into());
        }
        self.keep("facility", code.as_str(), name, application, now).await
    }

    /// Takes an application for a line of a registered facility. Several facilities may share one line (NW-13).
    ///
    /// # Errors
    /// [`Refusal`] names the mistake before anything is kept: a line id that cannot be one in that region, a type that is not eligible.
    pub async fn apply_for_line(&self, application: &LineApplication, now: Timestamp) -> Result<String, Error> {
        let code = facility_code(&application.facility_code)?;
        if self.facility(&code).await?.is_none() {
            return Err(Refusal::Unknown("この医療機関コード").into());
        }
        let region = rules::region_of(&code);
        let line = line_id::parse(&application.line_id, region)
            .map_err(|mistake| Refusal::Wrong { field: "line_id", problem: mistake.to_string() })?;
        let eligible = manuals::line_type::by_key(&application.line_type).is_some_and(|kind| kind.is_eligible_in(region));
        if !eligible {
            let problem = "この地域で利用できる回線の種類ではありません。回線の契約書類で種類を確かめてください。".to_owned();
            return Err(Refusal::Wrong { field: "line_type", problem }.into());
        }
        self.keep("line", code.as_str(), line.as_str(), application, now).await
    }

    async fn keep(
        &self,
        kind: &'static str,
        facility_code: &str,
        subject: &str,
        content: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, Error> {
        let application = new_application(kind, facility_code, subject, now)?;
        let application_id = application.application_id.clone();
        let content = serde_json::to_string(content).unwrap_or_default();
        let row = ApplicationRow { application, content, mail: None, secret_hash: None, form_id: None };
        self.store.add_application(&row, None).await?;
        Ok(application_id)
    }

    /// An id for a form about to be sent, by which it is known when it is sent twice.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn form_id(&self) -> Result<String, Error> {
        Ok(random::text(FORM_ID, PRINTED)?)
    }

    /// What is wrong with a wish beside what is registered: nothing, if it may be sent.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn judge(&self, wish: &Wish, now: Timestamp) -> Result<Vec<Mistake>, Error> {
        let facility = self.store.known_facility(&wish.facility_code, now).await?;
        let former = match wish.former() {
            Some(former) if wish.renames() => self.store.known_facility(former, now).await?,
            _ => None,
        };
        let uses = self.store.uses_of_line(&wish.line_id, now).await?;
        let uses = uses.into_iter().map(|line| Use {
            facility_code: line.facility_code,
            service: line.service,
            line_type: line.line_type,
            region: line.region,
        });
        let subject = (wish.facility_code.as_str(), wish.service, wish.line_id.as_str());
        let (waiting, mails) = self.store.waiting(subject, &wish.mail, now).await?;
        let known = Known { facility, former, uses: uses.collect(), waiting, mails };
        Ok(known::compare(wish, &known, chassis::clock::japan_date(now)))
    }

    /// Takes an application that came through the portal, and promises the automatic reply with it (ID-10). The answer is its number; the same
    /// form sent twice gets the same number and one mail.
    ///
    /// # Errors
    /// If the database could not keep it. Mistakes are an answer.
    pub async fn apply(&self, wish: &Wish, form_id: &str, now: Timestamp) -> Result<Result<String, Vec<Mistake>>, Error> {
        if let Some(before) = self.store.application_of_form(form_id).await? {
            return Ok(Ok(before));
        }
        let mistakes = self.judge(wish, now).await?;
        if !mistakes.is_empty() {
            // Of two clicks the second meets what the first has just sent.
            let before = self.store.application_of_form(form_id).await?;
            return Ok(before.ok_or(mistakes));
        }
        let secret = random::text(20, PRINTED)?;
        let mut application = new_application(wish.notification.key(), &wish.facility_code, &wish.line_id, now)?;
        application.service = Some(wish.service.key().to_owned());
        let application_id = application.application_id.clone();
        let row = ApplicationRow {
            application,
            content: serde_json::to_string(wish).unwrap_or_default(),
            mail: Some(wish.mail.clone()),
            secret_hash: Some(token_hash(&secret)),
            form_id: Some(form_id.to_owned()),
        };
        let mail = self.letters(wish, &application_id).received(&secret);
        match self.store.add_application(&row, mail.as_ref().map(|mail| (&self.outbox, mail))).await {
            Ok(()) => Ok(Ok(application_id)),
            // Two clicks at the same moment.
            Err(error) => match self.store.application_of_form(form_id).await? {
                Some(before) => Ok(Ok(before)),
                None => Err(error),
            },
        }
    }

    fn letters<'a>(&'a self, wish: &'a Wish, application_id: &'a str) -> Letters<'a> {
        Letters { wish, application_id, portal: self.config.portal.trim_end_matches('/') }
    }

    /// An application as its applicant sees it, who knows its number and its secret.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn application_by_secret(&self, application_id: &str, secret: &str) -> Result<Option<(Application, Wish)>, Error> {
        let Some(row) = self.store.application(application_id).await? else { return Ok(None) };
        let hash = row.secret_hash.as_deref().unwrap_or_default();
        let fits = aws_lc_rs::constant_time::verify_slices_are_equal(hash.as_bytes(), token_hash(secret).as_bytes()).is_ok();
        Ok(wish_of(&row).filter(|_| fits).map(|wish| (row.application, wish)))
    }

    /// An application as operators see it, with its content if it came through the portal.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is none of this number.
    pub async fn application(&self, application_id: &str) -> Result<(Application, Option<Wish>), Error> {
        let row = self.store.application(application_id).await?.ok_or(Refusal::Unknown("この申請番号"))?;
        let wish = wish_of(&row);
        Ok((row.application, wish))
    }

    /// Approves an application: what was applied for takes effect after the usual time, which is at once for what an operator entered.
    ///
    /// # Errors
    /// As [`approve_from`](Self::approve_from).
    pub async fn approve(&self, application_id: &str, now: Timestamp) -> Result<Timestamp, Error> {
        self.approve_from(application_id, Begin::Usual, now).await
    }

    /// Approves an application, and says from when: the answer is the moment from which its line works.
    ///
    /// # Errors
    /// [`Refusal::Decided`] if somebody decided it before, [`Refusal::Taken`] if it was registered meanwhile.
    pub async fn approve_from(&self, application_id: &str, begin: Begin, now: Timestamp) -> Result<Timestamp, Error> {
        let row = self.undecided(application_id).await?;
        let unreadable = || Refusal::Wrong {
            field: "application_id", problem: "申請の内容を読めません。申請し直してください。".into()
        };
        let (effects, mail) = match row.application.kind.as_str() {
            "facility" => (facility_effects(serde_json::from_str(&row.content).map_err(|_| unreadable())?, now)?, None),
            "line" => (line_effects(serde_json::from_str(&row.content).map_err(|_| unreadable())?, now)?, None),
            _ => {
                let wish = wish_of(&row).ok_or_else(unreadable)?;
                let works_from = effects::works_from(begin, wish.service, &self.config, now);
                (effects::of(&wish, works_from), self.letters(&wish, application_id).approved(works_from))
            }
        };
        self.store.approve(application_id, &effects, mail.as_ref().map(|mail| (&self.outbox, mail)), now).await?;
        Ok(effects.works_from)
    }

    /// Refuses an application with a reason, which its applicant is told by mail.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] without a reason, [`Refusal::Decided`] if somebody decided it before.
    pub async fn refuse(&self, application_id: &str, reason: &str, now: Timestamp) -> Result<(), Error> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 1000 {
            let problem = "申請した方に伝える理由を 1000 文字以内で書いてください。".to_owned();
            return Err(Refusal::Wrong { field: "reason", problem }.into());
        }
        let row = self.undecided(application_id).await?;
        let mail = wish_of(&row).and_then(|wish| self.letters(&wish, application_id).refused(reason));
        self.store.refuse(application_id, reason, mail.as_ref().map(|mail| (&self.outbox, mail)), now).await
    }

    async fn undecided(&self, application_id: &str) -> Result<ApplicationRow, Error> {
        let row = self.store.application(application_id).await?.ok_or(Refusal::Unknown("この申請番号"))?;
        if row.application.state == "waiting" { Ok(row) } else { Err(Refusal::Decided(row.application.state).into()) }
    }

    /// The applications, newest first, at most 1000.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn applications(&self) -> Result<Vec<Application>, Error> {
        Ok(self.store.applications().await?)
    }
}

/// What an operator's own application of a facility carries out.
fn facility_effects(wanted: FacilityApplication, now: Timestamp) -> Result<Effects, Refusal> {
    let facility = NewFacility {
        facility_code: facility_code(&wanted.facility_code)?.as_str().to_owned(),
        name: wanted.name.trim().to_owned(),
        valid_from: wanted.valid_from,
        valid_until: wanted.valid_until,
    };
    Ok(Effects { facility: Some((facility, false)), line: None, ends: None, retires: None, works_from: now })
}

/// What an operator's own application of a line carries out: it works for the eligibility service.
fn line_effects(wanted: LineApplication, now: Timestamp) -> Result<Effects, Refusal> {
    let code = facility_code(&wanted.facility_code)?;
    let line = NewLine {
        facility_code: code.as_str().to_owned(),
        service: Service::Eligibility,
        line_id: wanted.line_id,
        line_type: wanted.line_type,
        region: rules::region_of(&code),
    };
    Ok(Effects { facility: None, line: Some(line), ends: None, retires: None, works_from: now })
}

fn wish_of(row: &ApplicationRow) -> Option<Wish> {
    row.application.service.as_ref()?;
    serde_json::from_str(&row.content).ok()
}

fn new_application(kind: &str, facility_code: &str, subject: &str, now: Timestamp) -> Result<Application, Error> {
    Ok(Application {
        application_id: random::text(12, PRINTED)?,
        kind: kind.to_owned(),
        facility_code: facility_code.to_owned(),
        subject: subject.to_owned(),
        state: "waiting".to_owned(),
        applied_at: now,
        service: None,
        works_from: None,
        reason: None,
        decided_at: None,
    })
}

fn facility_code(text: &str) -> Result<FacilityCode, Refusal> {
    FacilityCode::parse(text).map_err(|_| Refusal::Wrong {
        field: "facility_code",
        problem: "医療機関コードは半角数字 10 桁（都道府県 2 桁、点数表 1 桁、医療機関 7 桁）で書いてください。".into(),
    })
}
