//! Holds what registry said last of admitted lines and closures: read from a signed file or an HTTPS address, believed until it is too old.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chassis::clock::Clock;
use chassis::signed::{self, PublicKey, SignedError};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use wire::snapshot::{Closure, KIND, MAX_BYTES, Snapshot, SnapshotError, canonical};

/// A snapshot made later than this from now is from a machine with a wrong clock; taking it would shut out all that come after it.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(5);
/// How often the file is looked at.
const FILE_INTERVAL: Duration = Duration::from_millis(500);
/// How often the address is asked.
const ADDRESS_INTERVAL: Duration = Duration::from_secs(20);

/// Why a snapshot was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Its signature.
    #[error(transparent)]
    Signature(#[from] SignedError),
    /// Its content.
    #[error(transparent)]
    Content(#[from] SnapshotError),
    /// Older than the one at hand: an old list shown again.
    #[error("いま使っているものより古い一覧です")]
    Older,
    /// From the future.
    #[error("未来の時刻に作られた一覧です。この機械とセンターの時計を確かめてください")]
    Future,
    /// Its time is over.
    #[error("有効な時間の過ぎた一覧です")]
    Expired,
    /// The file or address.
    #[error("一覧を取り出せません（{0}）")]
    Unreachable(String),
}

/// A snapshot made ready for questions.
#[derive(Debug)]
pub struct View {
    snapshot: Snapshot,
    /// The prefixes by family and length.
    lines: Vec<(bool, u8, HashSet<u128>)>,
}

impl View {
    /// Makes a snapshot ready.
    #[must_use]
    pub fn new(mut snapshot: Snapshot) -> Self {
        let mut lines: Vec<(bool, u8, HashSet<u128>)> = Vec::new();
        for prefix in std::mem::take(&mut snapshot.admitted).into_iter().map(canonical) {
            let (family, length, bits) = (prefix.addr().is_ipv4(), prefix.prefix_len(), bits(prefix.network()));
            match lines.iter_mut().find(|known| (known.0, known.1) == (family, length)) {
                Some(known) => {
                    known.2.insert(bits);
                }
                None => lines.push((family, length, HashSet::from([bits]))),
            }
        }
        Self { snapshot, lines }
    }

    /// Opens a signed snapshot that may take the place of `current`.
    ///
    /// # Errors
    /// [`Refused`] says why it is not taken.
    pub fn open(envelope: &[u8], trusted: &[PublicKey], current: Option<&View>, now: Timestamp) -> Result<Self, Refused> {
        let snapshot = Snapshot::read(signed::open(envelope, KIND, trusted)?)?;
        if current.is_some_and(|current| snapshot.made_at < current.snapshot.made_at) {
            return Err(Refused::Older);
        }
        if snapshot.made_at > now + CLOCK_SLACK {
            return Err(Refused::Future);
        }
        if snapshot.valid_until <= now {
            return Err(Refused::Expired);
        }
        Ok(Self::new(snapshot))
    }

    /// The admitted line that an address belongs to.
    #[must_use]
    pub fn line_of(&self, address: IpAddr) -> Option<IpNet> {
        let address = address.to_canonical();
        let of_family = self.lines.iter().filter(|(family, _, _)| *family == address.is_ipv4());
        of_family
            .filter_map(|(_, length, known)| {
                let prefix = IpNet::new(address, *length).ok()?.trunc();
                known.contains(&bits(prefix.addr())).then_some(prefix)
            })
            .next()
    }

    /// Whether it may not be believed any more.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.snapshot.valid_until <= now
    }

    /// Until when a service is closed, if it is closed now.
    #[must_use]
    pub fn closed_until(&self, service: &str, now: Timestamp) -> Option<Timestamp> {
        // Most of the time there is nothing to look through.
        if self.snapshot.closures.is_empty() { None } else { self.snapshot.closed_until(service, now) }
    }

    /// The closures of a service that are not over, the next first.
    pub fn closures<'a>(&'a self, service: &'a str, now: Timestamp) -> impl Iterator<Item = &'a Closure> {
        self.snapshot.closures.iter().filter(move |closure| closure.service == service && closure.ends_at > now)
    }

    /// The registry's count.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.snapshot.number
    }

    /// When it was made.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        self.snapshot.made_at
    }

    /// How many lines are admitted.
    #[must_use]
    pub fn admitted(&self) -> usize {
        self.lines.iter().map(|(_, _, known)| known.len()).sum()
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The latest snapshot; `None` until there is one.
pub type Latest = watch::Receiver<Option<Arc<View>>>;

/// Where snapshots come from.
pub enum Source {
    /// A file that registry replaces.
    File(PathBuf),
    /// An address that answers with the file, and the client that asks it.
    Address(reqwest::Client, String),
}

/// Follows a source.
pub struct Follower {
    source: Source,
    trusted: Vec<PublicKey>,
    clock: Clock,
    latest: watch::Sender<Option<Arc<View>>>,
    /// The file as it was when it was last read.
    seen: Option<(SystemTime, u64)>,
}

impl Follower {
    /// Ready to follow; nothing is read yet.
    #[must_use]
    pub fn new(source: Source, trusted: Vec<PublicKey>, clock: Clock) -> (Self, Latest) {
        let (latest, receiver) = watch::channel(None);
        (Self { source, trusted, clock, latest, seen: None }, receiver)
    }

    /// Takes the newest snapshot now. `Ok(false)` when nothing is new.
    ///
    /// # Errors
    /// [`Refused`]; the one at hand stays.
    pub async fn look(&mut self) -> Result<bool, Refused> {
        let envelope = match &self.source {
            Source::File(path) => {
                let unreachable = |error: std::io::Error| Refused::Unreachable(error.to_string());
                let metadata = tokio::fs::metadata(path).await.map_err(unreachable)?;
                let mark = (metadata.modified().map_err(unreachable)?, metadata.len());
                if self.seen == Some(mark) {
                    return Ok(false);
                }
                if metadata.len() > u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) {
                    return Err(SnapshotError::TooLarge.into());
                }
                let envelope = tokio::fs::read(path).await.map_err(unreachable)?;
                self.seen = Some(mark);
                envelope
            }
            Source::Address(client, address) => fetch(client, address).await?,
        };
        let (current, trusted, now) = (self.latest.borrow().clone(), self.trusted.clone(), self.clock.now());
        let opened = tokio::task::spawn_blocking(move || View::open(&envelope, &trusted, current.as_deref(), now)).await;
        let view = opened.map_err(|error| Refused::Unreachable(error.to_string()))??;
        let new = self.latest.borrow().as_ref().is_none_or(|current| current.number() != view.number());
        if new {
            tracing::info!(number = view.number(), lines = view.admitted(), "took a snapshot of the registry");
        }
        note(&view);
        self.latest.send_replace(Some(Arc::new(view)));
        Ok(new)
    }

    /// Looks again and again, for ever.
    pub async fn follow(mut self) {
        let interval = match self.source {
            Source::File(_) => FILE_INTERVAL,
            Source::Address(..) => ADDRESS_INTERVAL,
        };
        let mut said = String::new();
        loop {
            tokio::time::sleep(interval).await;
            match self.look().await {
                Ok(_) => said.clear(),
                Err(error) => {
                    metrics::counter!("onshi_snapshot_refused_total").increment(1);
                    // Said once, not twice a second.
                    let problem = error.to_string();
                    if problem != said {
                        tracing::warn!(%problem, "no new snapshot of the registry");
                        said = problem;
                    }
                }
            }
        }
    }
}

fn note(view: &View) {
    #[allow(clippy::cast_precision_loss, reason = "seconds of this era fit a double exactly")]
    metrics::gauge!("onshi_snapshot_made_seconds").set(view.made_at().as_second() as f64);
    metrics::gauge!("onshi_snapshot_lines").set(f64::from(u32::try_from(view.admitted()).unwrap_or(u32::MAX)));
}

async fn fetch(client: &reqwest::Client, address: &str) -> Result<Vec<u8>, Refused> {
    let unreachable = |error: reqwest::Error| Refused::Unreachable(error.without_url().to_string());
    let mut response = client.get(address).send().await.and_then(reqwest::Response::error_for_status).map_err(unreachable)?;
    let mut envelope = Vec::new();
    while let Some(part) = response.chunk().await.map_err(unreachable)? {
        if envelope.len() + part.len() > MAX_BYTES {
            return Err(SnapshotError::TooLarge.into());
        }
        envelope.extend_from_slice(&part);
    }
    Ok(envelope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chassis::signed::SigningKey;
    use chassis::vault::Vault;

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

    fn snapshot(number: u64, made_at: Timestamp) -> Snapshot {
        let admitted = ["2408:210:aaaa:bb00::/64", "2408:210:cccc::/56", "192.0.2.7/32"].iter().map(|text| text.parse().unwrap()).collect();
        Snapshot { number, made_at, valid_until: made_at + SignedDuration::from_hours(24), closures: Vec::new(), admitted }
    }

    /// Rows: LA-13
    #[test]
    fn an_address_belongs_to_the_line_whose_prefix_holds_it() {
        let view = View::new(snapshot(1, NOW));
        let line = |text: &str| view.line_of(text.parse().unwrap()).map(|line| line.to_string());
        assert_eq!(line("2408:210:aaaa:bb00:1:2:3:4").as_deref(), Some("2408:210:aaaa:bb00::/64"));
        assert_eq!(line("2408:210:aaaa:bb01::1"), None);
        assert_eq!(line("2408:210:cccc:ff::1").as_deref(), Some("2408:210:cccc::/56"));
        assert_eq!(line("2408:210:cccc:100::1"), None);
        assert_eq!(line("192.0.2.7").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(line("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(line("192.0.2.8"), None);
        assert_eq!(view.admitted(), 3);
    }

    #[test]
    fn an_old_an_expired_a_future_and_a_foreign_snapshot_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), None).unwrap();
        let key = SigningKey::load_or_create(&vault, "snapshot-signing").unwrap();
        let trusted = [key.public().clone()];
        let sealed = |made_at: Timestamp| key.seal(KIND, &snapshot(2, made_at).write());
        let current = View::open(&sealed(NOW), &trusted, None, NOW).unwrap();
        let judge = |envelope: &[u8], now: Timestamp| View::open(envelope, &trusted, Some(&current), now).map(|view| view.number());
        let minute = SignedDuration::from_mins(1);
        assert_eq!(judge(&sealed(NOW + minute), NOW + minute).unwrap(), 2);
        assert!(matches!(judge(&sealed(NOW - minute), NOW), Err(Refused::Older)));
        assert!(matches!(judge(&sealed(NOW + 6 * minute), NOW), Err(Refused::Future)));
        assert!(matches!(judge(&sealed(NOW), NOW + SignedDuration::from_hours(24)), Err(Refused::Expired)));
        let other = SigningKey::load_or_create(&vault, "other").unwrap();
        let foreign = other.seal(KIND, &snapshot(2, NOW).write());
        assert!(matches!(judge(&foreign, NOW), Err(Refused::Signature(SignedError::UnknownKey(_)))));
        assert!(matches!(judge(&key.seal("other-kind", &snapshot(2, NOW).write()), NOW), Err(Refused::Signature(_))));
        assert!(!current.is_stale(NOW) && current.is_stale(NOW + SignedDuration::from_hours(24)));
    }
}
