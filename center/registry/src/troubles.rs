//! Keeps the troubles that operators announce to everybody on the closed network.

use chassis::random;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wire::status::Trouble;

use crate::Registry;
use crate::error::{Error, Refusal};
use crate::rules::status::{self, MAX_TROUBLES};

/// A trouble as an operator announces it. Times are Japan's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// What people are told.
    pub text: String,
    /// Since when, `2026-11-21 01:00`; now if it is not said.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when, if that is known.
    #[serde(default)]
    pub until: Option<String>,
    /// `east`, `west`; both if none is named.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Keys of hosts; all if none is named.
    #[serde(default)]
    pub services: Vec<String>,
    /// Who repairs it: `center`, `carrier` or `other`.
    #[serde(default = "center")]
    pub repairer: String,
}

fn center() -> String {
    "center".to_owned()
}

impl Default for Announcement {
    fn default() -> Self {
        Self { text: String::new(), from: None, until: None, regions: Vec::new(), services: Vec::new(), repairer: center() }
    }
}

impl Registry {
    /// Announces a trouble and returns it with its number.
    ///
    /// # Errors
    /// [`Refusal`] names what is wrong with it.
    pub async fn add_trouble(&self, announced: &Announcement, now: Timestamp) -> Result<Trouble, Error> {
        let trouble = status::trouble(announced, random::text(8, random::READABLE)?, now)?;
        if self.store.troubles(now).await?.len() >= MAX_TROUBLES {
            let problem = "お知らせが多すぎます。終わったものを消してください。".to_owned();
            return Err(Refusal::Wrong { field: "text", problem }.into());
        }
        self.store.add_trouble(&trouble, now).await?;
        Ok(trouble)
    }

    /// The troubles that are not over.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn troubles(&self, now: Timestamp) -> Result<Vec<Trouble>, Error> {
        Ok(self.store.troubles(now).await?)
    }

    /// Takes a trouble back: it is over.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is none of that number.
    pub async fn remove_trouble(&self, trouble_id: &str) -> Result<(), Error> {
        if self.store.remove_trouble(trouble_id).await? == 0 {
            return Err(Refusal::Unknown("この番号のお知らせ").into());
        }
        Ok(())
    }
}
