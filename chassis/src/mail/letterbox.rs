//! Sends one mail at once, for programs that have no database and keep what waits themselves.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use lettre::message::Mailbox;

use super::carrier::{Carrier, Obstacle};
use super::{Config, Mail, MailError, written};

/// Where mail is thrown in. Cheap to clone.
#[derive(Clone)]
pub struct Letterbox {
    carrier: Carrier,
    from: Mailbox,
}

impl fmt::Debug for Letterbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letterbox")
    }
}

impl Letterbox {
    /// As configured; `folder` is where mail goes that goes to no server.
    ///
    /// # Errors
    /// [`MailError`] says what is missing.
    pub fn open(config: &Config, folder: &Path) -> Result<Self, MailError> {
        Ok(Self { carrier: Carrier::open(config, folder)?, from: config.sender()? })
    }

    /// Sends a mail under a name of its own: the same name and moment again is the same mail, whose second copy a reader's program can tell.
    ///
    /// # Errors
    /// [`Obstacle`] says whether trying again is of use.
    pub async fn send(&self, mail: &Mail, name: &str, at: Timestamp) -> Result<(), Obstacle> {
        let id = format!("<{name}@{}>", self.from.email.domain());
        let message = written(mail, &self.from, &id, at).map_err(|error| Obstacle { problem: error.to_string(), forever: true })?;
        self.carrier.hand_over(name, mail.to.as_str(), self.from.email.clone(), &message).await
    }
}
