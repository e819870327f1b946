//! The carrier's own table of lines: what kind each is, whether its works are finished, and which prefixes it holds.

use chassis::db::Database;
use jiff::civil::Date;
use manuals::{Region, line_id};
use registry::Refusal;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::rules;
use crate::store::Store;

/// Whether a line has the v6 option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum V6Option {
    /// As its type, region and day of application make it (LN-09 to LN-11).
    #[default]
    Default,
    /// Ordered separately.
    On,
    /// Given back.
    Off,
}

impl V6Option {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    pub(crate) fn by_key(key: &str) -> Option<Self> {
        [Self::Default, Self::On, Self::Off].into_iter().find(|option| option.key() == key)
    }
}

/// A line as its carrier knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarrierLine {
    /// The line's id (お客さまID).
    pub line_id: String,
    /// The carrier's region.
    pub region: Region,
    /// The key of its type in `manuals`, or the name of one that may not enter.
    pub line_type: String,
    /// The collaborating operator who resells it (コラボ光); empty for the carrier's own.
    #[serde(default)]
    pub reseller: String,
    /// Whether it has the v6 option.
    #[serde(default)]
    pub v6_option: V6Option,
    /// The day it was applied for.
    pub applied_on: Date,
    /// The day its works were registered as finished.
    #[serde(default)]
    pub work_completed: Option<Date>,
    /// What it holds: a /64 by router advertisement, a /56 or /48 by delegation.
    #[serde(default)]
    pub prefixes: Vec<String>,
}

/// What changes about a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The prefixes that it holds from now on, in place of the old ones.
    #[serde(default)]
    pub prefixes: Option<Vec<String>>,
    /// The day its works were registered as finished.
    #[serde(default)]
    pub work_completed: Option<Date>,
    /// The v6 option.
    #[serde(default)]
    pub v6_option: Option<V6Option>,
    /// The line's type.
    #[serde(default)]
    pub line_type: Option<String>,
}

/// The carrier's lines. Cheap to clone.
#[derive(Clone)]
pub struct Lines {
    pub(crate) store: Store,
}

impl Lines {
    /// Opens the table in `db`.
    ///
    /// # Errors
    /// If the database cannot be used.
    pub async fn open(db: Database) -> Result<Self, Error> {
        Ok(Self { store: Store::open(db).await? })
    }

    /// Adds lines, or replaces what was known of them. A prefix that another line held is that line's no more.
    ///
    /// # Errors
    /// [`Refusal`] names the first mistake; then nothing is changed.
    pub async fn put(&self, lines: Vec<CarrierLine>) -> Result<usize, Error> {
        let lines = lines.into_iter().map(checked).collect::<Result<Vec<_>, Refusal>>().map_err(registry::Error::from)?;
        self.store.put(&lines).await?;
        Ok(lines.len())
    }

    /// Changes a line.
    ///
    /// # Errors
    /// [`Refusal`] if there is no such line, or the change is none.
    pub async fn change(&self, region: Region, line_id: &str, change: Change) -> Result<CarrierLine, Error> {
        let unknown = || Error::from(registry::Error::from(Refusal::Unknown("この回線")));
        let mut line = self.store.line(region, line_id).await?.ok_or_else(unknown)?;
        line.prefixes = change.prefixes.unwrap_or(line.prefixes);
        line.work_completed = change.work_completed.or(line.work_completed);
        line.v6_option = change.v6_option.unwrap_or(line.v6_option);
        line.line_type = change.line_type.unwrap_or(line.line_type);
        self.put(vec![line.clone()]).await?;
        Ok(line)
    }

    /// Takes a line out.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is no such line.
    pub async fn remove(&self, region: Region, line_id: &str) -> Result<(), Error> {
        if self.store.remove(region, line_id).await? == 0 {
            return Err(registry::Error::from(Refusal::Unknown("この回線")).into());
        }
        Ok(())
    }

    /// Every line, or the one with this id.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn list(&self, line_id: Option<&str>) -> Result<Vec<CarrierLine>, Error> {
        Ok(self.store.lines(line_id).await?)
    }
}

fn checked(mut line: CarrierLine) -> Result<CarrierLine, Refusal> {
    line_id::parse(&line.line_id, line.region).map_err(|mistake| Refusal::Wrong { field: "line_id", problem: mistake.to_string() })?;
    for (field, text) in [("line_type", &line.line_type), ("reseller", &line.reseller)] {
        if text.chars().count() > 60 || (field == "line_type" && text.trim().is_empty()) {
            return Err(Refusal::Wrong { field, problem: "60 文字以内で書いてください。".to_owned() });
        }
    }
    line.prefixes =
        line.prefixes.iter().map(|prefix| Ok(rules::carrier_prefix(prefix)?.to_string())).collect::<Result<Vec<_>, Refusal>>()?;
    Ok(line)
}
