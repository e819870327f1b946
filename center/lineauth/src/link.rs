//! How the portal reaches a notifier: in this process, or over HTTPS in another. What is said is signed either way.

use std::net::SocketAddr;
use std::time::Duration;

use chassis::http::ClientConfig;
use jiff::Timestamp;
use manuals::{Region, hosts, lineauth};

use crate::config::Config;
use crate::error::Error;
use crate::notifier::Notifier;
use crate::token::MAX_TOKEN;

/// Where the notifier takes questions of the portal.
pub(crate) const IDENTITY_PATH: &str = "/identity";

/// A way to a notifier.
#[derive(Clone)]
pub enum Link {
    /// The notifier is in this process.
    Here(Notifier),
    /// The notifier is elsewhere.
    There(There),
}

/// A notifier elsewhere.
#[derive(Clone, Debug)]
pub struct There {
    http: reqwest::Client,
    url: String,
}

/// Why a notifier gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It refused the question.
    #[error("the notifier refused the question: {0}")]
    Refused(String),
    /// It could not be reached, or said nothing in time.
    #[error("the notifier cannot be reached: {0}")]
    Unreachable(reqwest::Error),
    /// It said more than an answer has.
    #[error("the notifier's answer is too long")]
    TooLong,
}

impl Link {
    /// A link over HTTPS to the notifier of a region. `roots_pem` are the roots of its host's certificate.
    ///
    /// # Errors
    /// If the roots cannot be read.
    pub fn there(region: Region, roots_pem: Vec<u8>, config: &Config) -> Result<Self, Error> {
        let resolve: Vec<(String, SocketAddr)> = config.notifier_addresses.iter().map(|(name, at)| (name.clone(), *at)).collect();
        let deadline = Duration::try_from(lineauth::sheet().deadline()).unwrap_or_default();
        let http = chassis::http::client(&ClientConfig {
            roots_pem,
            identity_pem: None,
            resolve,
            // A notifier that is slow to take a connection has all the time of the person who waits (LA-08); one that is not there is
            // noticed at once.
            connect_timeout: deadline,
            timeout: deadline,
        })?;
        Ok(Self::There(There { http, url: format!("https://{}{IDENTITY_PATH}", hosts::line_notifier(region).name) }))
    }

    /// Asks; the answer is what the notifier signed, not yet looked at.
    pub(crate) async fn ask(&self, ask: &str, now: Timestamp) -> Result<String, LinkError> {
        match self {
            Self::Here(notifier) => notifier.identify(ask, now).await.map_err(|error| LinkError::Refused(error.to_string())),
            Self::There(there) => there.ask(ask).await,
        }
    }
}

impl There {
    async fn ask(&self, ask: &str) -> Result<String, LinkError> {
        let mut answer = self.http.post(&self.url).body(ask.to_owned()).send().await.map_err(LinkError::Unreachable)?;
        if !answer.status().is_success() {
            return Err(LinkError::Refused(answer.status().to_string()));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(LinkError::Unreachable)? {
            body.extend_from_slice(&part);
            if body.len() > MAX_TOKEN {
                return Err(LinkError::TooLong);
            }
        }
        String::from_utf8(body).map_err(|_| LinkError::TooLong)
    }
}
