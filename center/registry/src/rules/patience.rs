//! Decides how often a stranger may send forms: so many a minute from one prefix, whichever of its addresses is used.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

/// The prefixes remembered at most: about one megabyte.
const MOST: usize = 10_000;
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// What every prefix has sent lately.
#[derive(Debug, Default)]
pub struct Patience {
    seen: BTreeMap<IpNet, (Timestamp, u32)>,
}

impl Patience {
    /// Counts one more form from `address`, of which `limit` a minute are allowed.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(&mut self, address: IpAddr, limit: u32, now: Timestamp) -> Result<(), SignedDuration> {
        let Some(prefix) = prefix(address) else { return Ok(()) };
        let over = |begun: Timestamp| now.duration_since(begun) >= WINDOW;
        if !self.seen.contains_key(&prefix) && self.seen.len() >= MOST {
            self.seen.retain(|_, (begun, _)| !over(*begun));
            // Still full: somebody owns thousands of prefixes, and the one seen first makes room.
            let oldest = self.seen.iter().min_by_key(|(_, (begun, _))| *begun).map(|(prefix, _)| *prefix);
            if let Some(oldest) = oldest.filter(|_| self.seen.len() >= MOST) {
                self.seen.remove(&oldest);
            }
        }
        let (begun, count) = self.seen.entry(prefix).or_insert((now, 0));
        if over(*begun) {
            (*begun, *count) = (now, 0);
        }
        if *count >= limit {
            return Err(WINDOW - now.duration_since(*begun));
        }
        *count += 1;
        Ok(())
    }
}

/// What one line or one machine holds: a /56 (LA-13), or a single IPv4 address.
fn prefix(address: IpAddr) -> Option<IpNet> {
    IpNet::new(address, if address.is_ipv4() { 32 } else { 56 }).ok().map(|prefix| prefix.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

    #[test]
    fn one_prefix_waits_and_another_does_not() {
        let mut patience = Patience::default();
        let one: IpAddr = "2408:210:aaaa:bb01::1".parse().unwrap();
        let same_line: IpAddr = "2408:210:aaaa:bbff::2".parse().unwrap();
        for address in [one, same_line, one] {
            assert_eq!(patience.take(address, 3, NOW), Ok(()));
        }
        let soon = NOW + SignedDuration::from_secs(20);
        assert_eq!(patience.take(same_line, 3, soon), Err(SignedDuration::from_secs(40)));
        assert_eq!(patience.take("2408:210:aaaa:bc00::1".parse().unwrap(), 3, soon), Ok(()));
        assert_eq!(patience.take("192.0.2.1".parse().unwrap(), 3, soon), Ok(()));
        assert_eq!(patience.take(one, 3, NOW + WINDOW), Ok(()));
    }

    #[test]
    fn thousands_of_prefixes_cost_no_more_memory() {
        let mut patience = Patience::default();
        for number in 0..u128::try_from(MOST).unwrap() + 500 {
            let address = std::net::Ipv6Addr::from((0x2408_u128 << 112) | (number << 72));
            assert!(patience.take(address.into(), 1, NOW).is_ok());
        }
        assert_eq!(patience.seen.len(), MOST);
    }
}
