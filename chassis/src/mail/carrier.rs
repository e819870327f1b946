//! Hands one mail over: to a mail server, or into a folder.

use std::path::{Path, PathBuf};

use lettre::address::Envelope;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Config, MailError, Way};
use crate::files;

#[derive(Clone)]
pub(super) enum Carrier {
    Folder(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

/// Why a mail did not leave, and whether it may leave later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// One sentence, without the address.
    pub problem: String,
    /// Trying again is of no use.
    pub forever: bool,
}

impl Carrier {
    /// As configured; `folder` is where mail goes that goes to no server.
    pub(super) fn open(config: &Config, folder: &Path) -> Result<Self, MailError> {
        Ok(match config.way {
            Way::Folder => {
                let folder = if config.folder.as_os_str().is_empty() { folder } else { config.folder.as_path() };
                files::make_private_folder(folder)?;
                Self::Folder(folder.to_owned())
            }
            Way::Smtp => Self::Smtp(config.transport()?),
        })
    }

    /// Hands a whole mail over under its name; the same name again replaces the same file.
    pub(super) async fn hand_over(&self, name: &str, recipient: &str, from: lettre::Address, message: &[u8]) -> Result<(), Obstacle> {
        match self {
            Self::Folder(folder) => {
                let (path, message) = (file(folder, name), message.to_vec());
                // Written aside and renamed: a second try replaces the same file.
                let written = tokio::task::spawn_blocking(move || files::write_private(&path, &message)).await;
                match written {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(Obstacle { problem: error.to_string(), forever: false }),
                    Err(error) => Err(Obstacle { problem: error.to_string(), forever: false }),
                }
            }
            Self::Smtp(server) => {
                let forever = |problem: String| Obstacle { problem, forever: true };
                let to = recipient.parse().map_err(|_| forever("no address".to_owned()))?;
                let envelope = Envelope::new(Some(from), vec![to]).map_err(|error| forever(error.to_string()))?;
                match server.send_raw(&envelope, message).await {
                    Ok(_taken) => Ok(()),
                    Err(error) => Err(Obstacle { forever: error.is_permanent(), problem: told(&error) }),
                }
            }
        }
    }
}

pub(super) fn file(folder: &Path, mail_id: &str) -> PathBuf {
    folder.join(format!("{mail_id}.eml"))
}

/// What went wrong, without the address that servers like to repeat.
fn told(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the server answered {code}"),
        None if error.is_timeout() => "the server did not answer in time".to_owned(),
        None if error.is_tls() => format!("TLS: {}", cause(error)),
        None => cause(error),
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}
