//! Asks the authority over HTTPS, showing a certificate: when to renew, for a renewal, for its own standing, for a revocation.

use std::time::Duration;

use jiff::Timestamp;
use manuals::hosts;
use secrecy::SecretString;
use serde::Deserialize;
use wire::enrolment::{IssuedCertificate, OwnCertificate, RenewalRequest, RevocationAccepted, RevocationRequest};

use super::leaf::Leaf;
use super::notes::RenewalTime;
use super::partners::{Heard, Issuer, Obstacle, Wish};
use crate::center::{self, ConnectError, Raw};
use crate::config::CenterConfig;
use crate::roots;

/// Issuing takes the authority seconds at most.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Where the authority says when to renew (RFC 9773).
const RENEWAL_INFO: &str = "/acme/renewal-info";
const OWN: &str = "/api/certificates/own";
const RENEWAL: &str = "/api/certificates/renewal";
const REVOCATION: &str = "/api/certificates/revocation";

/// The authority as this machine reaches it. Roots and proxy are read anew at each question.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    center: CenterConfig,
}

/// What RFC 9773 answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewalInfo {
    suggested_window: RenewalTime,
}

impl Door {
    pub(crate) fn of(center: &CenterConfig) -> Self {
        Self { center: center.clone() }
    }

    /// Asks for the revocation of the certificate that `identity` holds.
    pub(crate) async fn revoke(&self, identity: &SecretString, mail: &str) -> Heard<RevocationAccepted> {
        self.ask(identity, |http| http.post(url(REVOCATION)).json(&RevocationRequest { mail: mail.to_owned() })).await
    }

    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        identity: &SecretString,
        request: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Heard<T> {
        match self.raw(identity, request).await {
            Err(obstacle) => Heard { at: None, answer: Err(obstacle) },
            Ok(raw) => Heard { at: raw.at, answer: serde_json::from_slice(&raw.body).map_err(|_| raw.refusal().into()) },
        }
    }

    async fn raw(
        &self,
        identity: &SecretString,
        request: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<Raw, Obstacle> {
        let http = center::client(&self.center, Some(identity.clone()), TIMEOUT).map_err(|error| match error {
            ConnectError::Roots(error) => Obstacle::Roots(error.to_string()),
            other => Obstacle::Identity(other.to_string()),
        })?;
        center::send(request(&http)).await.map_err(Obstacle::Center)
    }
}

fn url(path: &str) -> String {
    center::url(hosts::authority(), path)
}

impl Issuer for Door {
    /// An authority without this page says nothing, and the keeper goes by its own window.
    async fn window(&self, leaf: &Leaf, identity: &SecretString) -> Heard<Option<Wish>> {
        let Some(id) = &leaf.renewal_id else { return Heard { at: None, answer: Ok(None) } };
        match self.raw(identity, |http| http.get(url(&format!("{RENEWAL_INFO}/{id}")))).await {
            Err(obstacle) => Heard { at: None, answer: Err(obstacle) },
            Ok(raw) => {
                let (at, again) = (raw.at, raw.again);
                let answer = match serde_json::from_slice::<RenewalInfo>(&raw.body) {
                    Ok(info) => Ok(Some(Wish { window: info.suggested_window, again })),
                    Err(_) if raw.status == http::StatusCode::NOT_FOUND.as_u16() => Ok(None),
                    Err(_) => Err(raw.refusal().into()),
                };
                Heard { at, answer }
            }
        }
    }

    async fn renew(&self, identity: &SecretString, csr_pem: &str) -> Heard<IssuedCertificate> {
        self.ask(identity, |http| http.post(url(RENEWAL)).json(&RenewalRequest { csr: csr_pem.to_owned() })).await
    }

    async fn prove(&self, identity: &SecretString) -> Heard<()> {
        let heard = self.ask::<OwnCertificate>(identity, |http| http.get(url(OWN))).await;
        Heard { at: heard.at, answer: heard.answer.map(|_| ()) }
    }

    fn roots_end(&self) -> Option<Timestamp> {
        let pem = std::fs::read(&self.center.roots).ok()?;
        roots::list(&pem, &self.center.root_fingerprints).into_iter().map(|root| root.until).min()
    }
}
