//! Takes applications for facilities and lines, and lets an operator approve them.

use chassis::random;
use jiff::Timestamp;
use jiff::civil::Date;
use manuals::line_id;
use serde::{Deserialize, Serialize};
use wire::number::FacilityCode;

use crate::error::{Error, Refusal};
use crate::store::{ApplicationRow, FacilityRow};
use crate::{Registry, rules};

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
    /// `facility` or `line`.
    pub kind: String,
    /// Whose it is.
    pub facility_code: String,
    /// What it is about, in a word: the name, or the line id.
    pub subject: String,
    /// `waiting`, `approved` or `refused`.
    pub state: String,
    /// When it came.
    pub applied_at: Timestamp,
}

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
        let application_id = random::text(12, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789")?;
        let row = ApplicationRow {
            application: Application {
                application_id: application_id.clone(),
                kind: kind.to_owned(),
                facility_code: facility_code.to_owned(),
                subject: subject.to_owned(),
                state: "waiting".to_owned(),
                applied_at: now,
            },
            content: serde_json::to_string(content).unwrap_or_default(),
        };
        self.store.add_application(&row).await?;
        Ok(application_id)
    }

    /// Approves an application: what was applied for takes effect at once.
    ///
    /// # Errors
    /// [`Refusal::Decided`] if somebody decided it before, [`Refusal::Taken`] if it was registered meanwhile.
    pub async fn approve(&self, application_id: &str, now: Timestamp) -> Result<(), Error> {
        let row = self.store.application(application_id).await?.ok_or(Refusal::Unknown("この申請番号"))?;
        if row.application.state != "waiting" {
            return Err(Refusal::Decided(row.application.state).into());
        }
        let unreadable = |_| Refusal::Wrong {
            field: "application_id", problem: "申請の内容を読めません。申請し直してください。".into()
        };
        if row.application.kind == "facility" {
            let wanted: FacilityApplication = serde_json::from_str(&row.content).map_err(unreadable)?;
            let code = facility_code(&wanted.facility_code)?;
            let facility = FacilityRow {
                facility_code: code.as_str().to_owned(),
                name: wanted.name.trim().to_owned(),
                region: region_key(&code),
                valid_from: wanted.valid_from,
                valid_until: wanted.valid_until,
            };
            self.store.approve_facility(application_id, &facility, now).await.map_err(|error| Error::taken(error, "この医療機関コード"))
        } else {
            let wanted: LineApplication = serde_json::from_str(&row.content).map_err(unreadable)?;
            let code = facility_code(&wanted.facility_code)?;
            let line = (row.application.subject.as_str(), wanted.line_type.as_str(), region_key(&code));
            self.store
                .approve_line(application_id, code.as_str(), line, now)
                .await
                .map_err(|error| Error::taken(error, "この医療機関のお客さまID"))
        }
    }

    /// The applications, newest first.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn applications(&self) -> Result<Vec<Application>, Error> {
        Ok(self.store.applications().await?)
    }
}

fn region_key(code: &FacilityCode) -> &'static str {
    rules::region_of(code).key()
}

fn facility_code(text: &str) -> Result<FacilityCode, Refusal> {
    FacilityCode::parse(text).map_err(|_| Refusal::Wrong {
        field: "facility_code",
        problem: "医療機関コードは半角数字 10 桁（都道府県 2 桁、点数表 1 桁、医療機関 7 桁）で書いてください。".into(),
    })
}
