//! What servers without a database are told: which lines are admitted, which services are closed when, and until when this may be believed.
//!
//! Registry makes it, signs it and publishes it as one file; the forward proxy reads it (PX-10).

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What its signature is bound to, so that nothing else that was signed can be shown in its place.
pub const KIND: &str = "registry-snapshot";
/// Largest snapshot in bytes: room for more than a million lines.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most closures in one snapshot.
pub const MAX_CLOSURES: usize = 10_000;

/// One state of the registry as far as servers without a database need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Counts the snapshots of one registry upwards.
    pub number: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on it may not be believed any more.
    pub valid_until: Timestamp,
    /// Closures (閉塞) that are not over.
    pub closures: Vec<Closure>,
    /// The prefixes of the admitted lines.
    pub admitted: Vec<IpNet>,
}

/// A time in which a service is closed (閉塞).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Its number.
    pub closure_id: String,
    /// Which service: the key of a host of [`manuals::hosts`], such as `proxy`.
    pub service: String,
    /// The first instant.
    pub begins_at: Timestamp,
    /// The instant of reopening.
    pub ends_at: Timestamp,
    /// Why, for people; may be empty.
    pub reason: String,
}

/// Why a snapshot cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// More bytes than any registry needs.
    #[error("一覧が大きすぎます")]
    TooLarge,
    /// Not the JSON of a snapshot.
    #[error("一覧を読み取れません")]
    Unreadable,
    /// A closure or the validity ends before it begins, or a prefix admits everybody.
    #[error("一覧の中身に矛盾があります")]
    Contradictory,
}

impl Snapshot {
    /// Until when a service is closed, if it is closed at an instant: closures that overlap or touch are one (PX-10).
    #[must_use]
    pub fn closed_until(&self, service: &str, at: Timestamp) -> Option<Timestamp> {
        let mut until = at;
        let mut of_service: Vec<&Closure> = self.closures.iter().filter(|closure| closure.service == service).collect();
        of_service.sort_by_key(|closure| closure.begins_at);
        for closure in of_service {
            if closure.begins_at <= until && closure.ends_at > until {
                until = closure.ends_at;
            }
        }
        (until > at).then_some(until)
    }

    /// As bytes, to be signed.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Snapshot::write`] wrote, possibly by a newer program with more fields.
    ///
    /// # Errors
    /// [`SnapshotError`]; nothing of it may then be used.
    pub fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        if bytes.len() > MAX_BYTES {
            return Err(SnapshotError::TooLarge);
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|_| SnapshotError::Unreadable)?;
        if read.closures.len() > MAX_CLOSURES {
            return Err(SnapshotError::TooLarge);
        }
        let forward = read.valid_until > read.made_at && read.closures.iter().all(|closure| closure.ends_at > closure.begins_at);
        let narrow = read.admitted.iter().all(|prefix| canonical(*prefix).prefix_len() > 0 && prefix.trunc() == *prefix);
        if forward && narrow { Ok(read) } else { Err(SnapshotError::Contradictory) }
    }
}

/// A prefix as it is written once: one of IPv4 addresses inside IPv6 becomes that of the IPv4 addresses.
#[must_use]
pub fn canonical(prefix: IpNet) -> IpNet {
    let inner = match prefix {
        IpNet::V6(six) => six.addr().to_ipv4_mapped().zip(six.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    inner.and_then(|(address, length)| ipnet::Ipv4Net::new(address, length).ok()).map_or(prefix, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn closure(service: &str, begins: &str, ends: &str) -> Closure {
        let (begins_at, ends_at) = (at(begins), at(ends));
        Closure { closure_id: "c".to_owned(), service: service.to_owned(), begins_at, ends_at, reason: String::new() }
    }

    fn snapshot(closures: Vec<Closure>) -> Snapshot {
        Snapshot {
            number: 7,
            made_at: at("2026-07-15T00:00:00Z"),
            valid_until: at("2026-07-16T00:00:00Z"),
            closures,
            admitted: vec!["2408:210:aaaa:bb00::/64".parse().unwrap(), "127.0.0.1/32".parse().unwrap()],
        }
    }

    /// Rows: PX-10
    #[test]
    fn closures_that_touch_are_one_and_other_services_stay_open() {
        let closed = snapshot(vec![
            closure("proxy", "2026-07-15T03:00:00Z", "2026-07-15T05:00:00Z"),
            closure("proxy", "2026-07-15T01:00:00Z", "2026-07-15T03:00:00Z"),
            closure("portal", "2026-07-15T05:00:00Z", "2026-07-15T09:00:00Z"),
        ]);
        let until = |text: &str| closed.closed_until("proxy", at(text));
        assert_eq!(until("2026-07-15T00:59:59Z"), None);
        assert_eq!(until("2026-07-15T01:00:00Z"), Some(at("2026-07-15T05:00:00Z")));
        assert_eq!(until("2026-07-15T04:59:59Z"), Some(at("2026-07-15T05:00:00Z")));
        assert_eq!(until("2026-07-15T05:00:00Z"), None);
    }

    #[test]
    fn what_is_written_is_read_and_contradictions_are_refused() {
        let whole = snapshot(vec![closure("proxy", "2026-07-15T01:00:00Z", "2026-07-15T03:00:00Z")]);
        assert_eq!(Snapshot::read(&whole.write()), Ok(whole.clone()));
        let backward = snapshot(vec![closure("proxy", "2026-07-15T03:00:00Z", "2026-07-15T01:00:00Z")]);
        assert_eq!(Snapshot::read(&backward.write()), Err(SnapshotError::Contradictory));
        for wide in ["::/0", "0.0.0.0/0", "2408:210::1/64", "::ffff:0:0/96"] {
            let everybody = Snapshot { admitted: vec![wide.parse().unwrap()], ..whole.clone() };
            assert_eq!(Snapshot::read(&everybody.write()), Err(SnapshotError::Contradictory), "{wide}");
        }
        assert_eq!(Snapshot::read(b"{}"), Err(SnapshotError::Unreadable));
        assert_eq!(Snapshot::read(&vec![b' '; MAX_BYTES + 1]), Err(SnapshotError::TooLarge));
    }
}
