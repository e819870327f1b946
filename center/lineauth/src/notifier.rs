//! The carrier's notifier: asks the person behind a line whether its identity may be told, and tells the portal which line it is.

pub mod pages;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use manuals::{Region, lineauth};

use crate::carrier::{CarrierLine, Lines};
use crate::claims::{Answer, Ask, Consent, Identity, Request, Said, number};
use crate::config::NotifierConfig;
use crate::error::Error;
use crate::rules::{self, Stop, Worth};
use crate::screen::Outcome;
use crate::seen::Seen;
use crate::token::{PeerKey, SigningKey, TokenError};

/// How long before the portal's deadline the notifier answers at the latest.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);
/// Longest time for which a question that the portal signed may be shown.
const LONGEST: SignedDuration = SignedDuration::from_mins(60);

/// The notifier of one region. Cheap to clone.
#[derive(Clone)]
pub struct Notifier {
    inner: Arc<Inner>,
}

struct Inner {
    region: Region,
    key: SigningKey,
    portal_key: PeerKey,
    lines: Lines,
    shown: Seen,
}

/// What a person who comes from the portal sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The intent screen, whose form goes to `return_to` with `consent`.
    Ask { return_to: String, consent: String },
    /// A page that ends the flow.
    Stop(Outcome),
}

impl Notifier {
    /// Opens the notifier of a region: its own key in `vault`, its public half and the portal's in `certificates`.
    ///
    /// # Errors
    /// If a key cannot be read or made.
    pub fn open(region: Region, lines: Lines, vault: &Vault, certificates: &Path, config: &NotifierConfig) -> Result<Self, Error> {
        let key = SigningKey::open(vault, key_name(region), certificates)?;
        let portal_key = PeerKey::new(&config.portal_key, certificates, crate::portal::KEY_NAME)?;
        Ok(Self::with_keys(region, lines, key, portal_key))
    }

    /// The notifier with these keys.
    #[must_use]
    pub fn with_keys(region: Region, lines: Lines, key: SigningKey, portal_key: PeerKey) -> Self {
        Self { inner: Arc::new(Inner { region, key, portal_key, lines, shown: Seen::lasting(LONGEST) }) }
    }

    /// Whose lines it knows.
    #[must_use]
    pub fn region(&self) -> Region {
        self.inner.region
    }

    /// The carrier's table.
    #[must_use]
    pub fn lines(&self) -> Lines {
        self.inner.lines.clone()
    }

    /// A person arrives with what the portal signed. Each request is shown once: the browser's back button leads to the portal (LA-07).
    pub(crate) async fn arrive(&self, request: &str, address: IpAddr, now: Timestamp) -> Result<Arrival, Error> {
        let inner = &self.inner;
        let Ok(request) = inner.portal_key.read::<Request>(request) else { return Ok(Arrival::Stop(Outcome::BackButton)) };
        let in_time = request.expires_at > now && request.expires_at.duration_since(now) <= LONGEST;
        let new = number(&request.nonce).is_some_and(|number| in_time && inner.shown.is_new(number, now));
        if !new {
            return Ok(Arrival::Stop(Outcome::BackButton));
        }
        let limit = Duration::try_from(lineauth::sheet().deadline() - MARGIN).unwrap_or_default();
        let Ok(line) = tokio::time::timeout(limit, inner.lines.store.line_at(inner.region, address)).await else {
            return Ok(Arrival::Stop(Outcome::no_answer("notifier")));
        };
        let Some(line) = line? else { return Ok(Arrival::Stop(Outcome::Ineligible)) };
        let Some(prefix) = rules::prefix_of(address, &line.prefixes) else { return Ok(Arrival::Stop(Outcome::Ineligible)) };
        // A line that never may enter is told at once (LA-14); one that may not yet, when its person has chosen (LA-15).
        if rules::may_enter(&line, request.needs_v6_option, chassis::clock::japan_date(now)) == Err(Stop::Ineligible) {
            return Ok(Arrival::Stop(Outcome::Ineligible));
        }
        let consent = Consent { nonce: request.nonce, prefix: prefix.clone(), expires_at: request.expires_at };
        Ok(Arrival::Ask { return_to: request.return_to, consent: inner.key.sign(&consent) })
    }

    /// Answers the portal, signed, before its deadline ends.
    ///
    /// # Errors
    /// [`TokenError`] if it is not the portal that asks, or an old question; then nothing is said.
    pub async fn identify(&self, ask: &str, now: Timestamp) -> Result<String, TokenError> {
        let ask: Ask = self.inner.portal_key.read(ask)?;
        let left = ask.deadline.duration_since(now);
        if !left.is_positive() || left > lineauth::sheet().deadline() {
            return Err(TokenError::Malformed);
        }
        let limit = Duration::try_from(left - MARGIN.min(left / 2)).unwrap_or_default();
        let said = tokio::time::timeout(limit, self.look(&ask, now)).await.unwrap_or(Said::Late);
        Ok(self.inner.key.sign(&Answer { nonce: ask.nonce, expires_at: ask.deadline, said }))
    }

    async fn look(&self, ask: &Ask, now: Timestamp) -> Said {
        if let Some(consent) = &ask.consent {
            let good = self
                .inner
                .key
                .public()
                .read::<Consent>(consent)
                .is_ok_and(|consent| consent.nonce == ask.nonce && rules::worth(&consent, ask.address, now) == Worth::Good);
            if !good {
                return Said::NoConsent;
            }
        }
        let line = match self.inner.lines.store.line_at(self.inner.region, ask.address).await {
            Ok(line) => line,
            Err(error) => {
                tracing::error!(%error, "the carrier's lines could not be read");
                return Said::Late;
            }
        };
        line.map_or(Said::Ineligible, |line| said_of(line, ask, now))
    }
}

fn said_of(line: CarrierLine, ask: &Ask, now: Timestamp) -> Said {
    match rules::may_enter(&line, ask.needs_v6_option, chassis::clock::japan_date(now)) {
        Err(Stop::Ineligible) => Said::Ineligible,
        Err(Stop::WorkUnfinished) => Said::WorkUnfinished,
        Ok(()) if ask.consent.is_none() => Said::MayEnter,
        Ok(()) => match rules::prefix_of(ask.address, &line.prefixes).cloned() {
            Some(prefix) => Said::Identity(Identity { line_id: line.line_id, region: line.region, prefix, held: line.prefixes }),
            None => Said::Ineligible,
        },
    }
}

/// The name of a region's key in vault and folder.
#[must_use]
pub fn key_name(region: Region) -> &'static str {
    match region {
        Region::East => "line-notifier-east",
        Region::West => "line-notifier-west",
    }
}
