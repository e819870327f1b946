//! The portal: sends a terminal to its carrier's notifier, learns which line it is, matches it with the registered one, and admits its prefix.

pub mod pages;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::clock::Clock;
use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use manuals::{Region, lineauth};
use registry::door::Cause;
use registry::{Admitted, LineProof, Registry};
use wire::line::LineState;

use crate::claims::{Answer, Ask, Consent, Request, Said, new_nonce, number};
use crate::config::Config;
use crate::error::Error;
use crate::link::Link;
use crate::notifier;
use crate::rules::{self, Worth};
use crate::screen::Outcome;
use crate::seen::Seen;
use crate::token::{PeerKey, SigningKey};

/// The name of the portal's key in vault and folder.
pub(crate) const KEY_NAME: &str = "line-portal";

/// The portal. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    key: SigningKey,
    carriers: HashMap<Region, Carrier>,
    seen: Seen,
    config: Config,
    clock: Clock,
}

/// A carrier as the portal knows it: by its key, and by a way to reach its notifier.
pub struct Carrier {
    /// The notifier's public key.
    pub key: PeerKey,
    /// How the notifier is asked.
    pub link: Link,
}

impl Portal {
    /// Opens the portal: its own key in `vault`, its public half and the notifiers' in `certificates`. `link` says how each notifier is
    /// reached.
    ///
    /// # Errors
    /// If a key cannot be read or made.
    pub fn open(
        registry: Registry,
        vault: &Vault,
        certificates: &Path,
        config: Config,
        clock: Clock,
        link: impl Fn(Region) -> Result<Link, Error>,
    ) -> Result<Self, Error> {
        let key = SigningKey::open(vault, KEY_NAME, certificates)?;
        let mut carriers = HashMap::new();
        for region in Region::ALL {
            let peer = PeerKey::new(config.notifier_key(region), certificates, notifier::key_name(region))?;
            carriers.insert(region, Carrier { key: peer, link: link(region)? });
        }
        Ok(Self::with_keys(registry, key, carriers, config, clock))
    }

    /// The portal with these keys.
    #[must_use]
    pub fn with_keys(registry: Registry, key: SigningKey, carriers: HashMap<Region, Carrier>, config: Config, clock: Clock) -> Self {
        let seen = Seen::lasting(SignedDuration::from_mins(i64::from(config.consent_minutes)));
        Self { inner: Arc::new(Inner { registry, key, carriers, seen, config, clock }) }
    }

    /// The request with which a terminal goes to the notifier; nothing if its line is authenticated already (LA-12, LA-13).
    pub(crate) async fn request(&self, address: IpAddr, return_to: String) -> Result<Option<String>, Outcome> {
        let inner = &self.inner;
        let asked = tokio::time::timeout(deadline(), inner.registry.is_admitted(address)).await;
        if asked.map_err(|_| Outcome::no_answer("registry"))?.map_err(failure)? {
            return Ok(None);
        }
        let expires_at = inner.clock.now() + SignedDuration::from_mins(i64::from(inner.config.consent_minutes));
        let nonce = new_nonce().map_err(|error| failure(error.into()))?;
        Ok(Some(inner.key.sign(&Request { nonce, return_to, needs_v6_option: inner.config.require_v6_option, expires_at })))
    }

    /// The person chose. From here on an outcome is there within the deadline of 25 seconds (LA-08), whoever is silent.
    pub(crate) async fn choose(&self, wishes: bool, consent: &str, address: IpAddr) -> Outcome {
        let at_registry = AtomicBool::new(false);
        let outcome = match tokio::time::timeout(deadline(), self.choose_within(wishes, consent, address, &at_registry)).await {
            Ok(outcome) => outcome,
            Err(_late) => Outcome::no_answer(if at_registry.load(Ordering::Relaxed) { "registry" } else { "notifier" }),
        };
        metrics::counter!("onshi_line_authentications_total", "outcome" => outcome.key()).increment(1);
        tracing::info!(outcome = outcome.key(), "a line authentication ended");
        outcome
    }

    async fn choose_within(&self, wishes: bool, token: &str, address: IpAddr, at_registry: &AtomicBool) -> Outcome {
        let (inner, now) = (&self.inner, self.inner.clock.now());
        let region = inner.config.region_of(address);
        let Some(carrier) = inner.carriers.get(&region) else { return Outcome::SystemError };
        let Ok(consent) = carrier.key.read::<Consent>(token) else { return Outcome::BackButton };
        match rules::worth(&consent, address, now) {
            Worth::Good => {}
            Worth::Expired => return Outcome::BackButton,
            Worth::Elsewhere => return Outcome::Failed,
        }
        if !number(&consent.nonce).is_some_and(|number| inner.seen.is_new(number, now)) {
            return self.used(address, at_registry).await;
        }
        if !wishes {
            return Outcome::NotWished;
        }
        let ask = Ask {
            nonce: consent.nonce,
            address,
            consent: Some(token.to_owned()),
            needs_v6_option: inner.config.require_v6_option,
            deadline: now + lineauth::sheet().deadline(),
        };
        let answer = match self.ask(carrier, &ask).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        match rules::said_to(&answer, &ask.nonce, address, inner.clock.now()) {
            Some(Said::Identity(identity)) if identity.region == region => {
                at_registry.store(true, Ordering::Relaxed);
                let proof = LineProof {
                    line_id: identity.line_id.clone(),
                    region,
                    prefixes: identity.held.clone(),
                    nonce: ask.nonce,
                    expires_at: consent.expires_at,
                };
                self.admit(proof, address, now).await
            }
            Some(Said::Ineligible) => Outcome::Ineligible,
            Some(Said::WorkUnfinished) => Outcome::WorkUnfinished,
            Some(Said::Late) => Outcome::no_answer("notifier"),
            _ => Outcome::Failed,
        }
    }

    async fn admit(&self, proof: LineProof, address: IpAddr, now: Timestamp) -> Outcome {
        match self.inner.registry.admit_line(proof, now).await {
            Ok(Admitted::Yes) => Outcome::Success,
            Ok(Admitted::UnknownLine) => Outcome::Failed,
            Ok(Admitted::Used) => self.used(address, &AtomicBool::new(true)).await,
            Err(error) => failure(error),
        }
    }

    /// A form that is sent again: pressed twice it says what is so by now, and otherwise it came by the back button (LA-07).
    async fn used(&self, address: IpAddr, at_registry: &AtomicBool) -> Outcome {
        at_registry.store(true, Ordering::Relaxed);
        match self.inner.registry.is_admitted(address).await {
            Ok(true) => Outcome::Already,
            Ok(false) => Outcome::BackButton,
            Err(error) => failure(error),
        }
    }

    async fn ask(&self, carrier: &Carrier, ask: &Ask) -> Result<Answer, Outcome> {
        let late = Outcome::no_answer("notifier");
        let said = carrier.link.ask(&self.inner.key.sign(ask), self.inner.clock.now()).await.map_err(|error| {
            tracing::warn!(%error, "the notifier gave no answer");
            late
        })?;
        carrier.key.read::<Answer>(&said).map_err(|error| {
            tracing::error!(%error, "what came from the notifier is not the notifier's");
            Outcome::SystemError
        })
    }

    /// What is known of the line behind an address, and the page that its person would see (LA-18).
    pub(crate) async fn state(&self, address: IpAddr) -> (LineState, Option<Outcome>) {
        let known = tokio::time::timeout(deadline(), self.state_within(address)).await;
        known.unwrap_or((LineState::Unknown, Some(Outcome::no_answer("notifier"))))
    }

    async fn state_within(&self, address: IpAddr) -> (LineState, Option<Outcome>) {
        let (inner, now) = (&self.inner, self.inner.clock.now());
        match inner.registry.is_admitted(address).await {
            Ok(true) => return (LineState::Admitted, Some(Outcome::Already)),
            Ok(false) => {}
            Err(error) => return (LineState::Unknown, Some(failure(error))),
        }
        let Some(carrier) = inner.carriers.get(&inner.config.region_of(address)) else { return (LineState::Unknown, None) };
        let Ok(nonce) = new_nonce() else { return (LineState::Unknown, None) };
        let needs_v6_option = inner.config.require_v6_option;
        let ask = Ask { nonce, address, consent: None, needs_v6_option, deadline: now + lineauth::sheet().deadline() };
        let answer = match self.ask(carrier, &ask).await {
            Ok(answer) => answer,
            Err(outcome) => return (LineState::Unknown, Some(outcome)),
        };
        match rules::said_to(&answer, &ask.nonce, address, inner.clock.now()) {
            Some(Said::Ineligible) => (LineState::Ineligible, Some(Outcome::Ineligible)),
            Some(Said::WorkUnfinished) => (LineState::WorkUnfinished, Some(Outcome::WorkUnfinished)),
            Some(Said::MayEnter) => (LineState::NotAuthenticated, None),
            _ => (LineState::Unknown, Some(Outcome::no_answer("notifier"))),
        }
    }
}

/// 25 seconds from the person's choice to a page (LA-08).
fn deadline() -> Duration {
    Duration::try_from(lineauth::sheet().deadline()).unwrap_or_default()
}

fn failure(error: registry::Error) -> Outcome {
    tracing::error!(%error, "the registry could not answer");
    if error.is_passing() { Outcome::TryLater } else { Outcome::SystemError }
}
