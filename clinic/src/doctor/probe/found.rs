//! Tells the doors where their hosts are as soon as somebody knows: the system first, else another name server, else the manuals' print.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use manuals::{Region, zones};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::doctor::recording::Outcome;

/// The system's answer is waited for so long when another is there, and so long when none is.
const FOR_THE_SYSTEM: Duration = Duration::from_millis(600);
const FOR_ANYBODY: Duration = Duration::from_millis(1500);
/// So many addresses of a host are tried.
const MOST: usize = 2;

#[derive(Clone, Debug, Default)]
struct Heard {
    /// What the system said; `None` while it is silent.
    system: Option<Vec<IpAddr>>,
    others: Vec<IpAddr>,
}

/// What was heard of each name.
#[derive(Debug)]
pub struct Found {
    heard: HashMap<String, watch::Sender<Heard>>,
    /// Names that live elsewhere by configuration.
    fixed: BTreeMap<String, SocketAddr>,
    regions: Vec<Region>,
}

impl Found {
    /// Nothing heard yet.
    #[must_use]
    pub fn of<'a>(names: impl Iterator<Item = &'a str>, fixed: BTreeMap<String, SocketAddr>, regions: Vec<Region>) -> Self {
        Self { heard: names.map(|name| (name.to_owned(), watch::Sender::new(Heard::default()))).collect(), fixed, regions }
    }

    /// Where a name lives by configuration.
    #[must_use]
    pub fn fixed(&self, name: &str) -> Option<SocketAddr> {
        self.fixed.get(name).copied()
    }

    /// Somebody answered, or could not.
    pub fn tell(&self, name: &str, by_system: bool, outcome: &Outcome) {
        let Some(heard) = self.heard.get(name) else { return };
        let addresses = match outcome {
            Outcome::Addresses { addresses, .. } => addresses.clone(),
            _ => Vec::new(),
        };
        heard.send_modify(|heard| {
            if by_system {
                heard.system = Some(addresses);
            } else if heard.others.is_empty() {
                heard.others = addresses;
            }
        });
    }

    /// The addresses to try for a host; none when nobody knows any.
    pub async fn addresses(&self, name: &str, port: u16) -> Vec<SocketAddr> {
        if let Some(fixed) = self.fixed(name) {
            return vec![fixed];
        }
        let printed = || self.regions.iter().flat_map(|region| zones::addresses_of(name, *region)).collect::<Vec<_>>();
        let Some(heard) = self.heard.get(name) else { return sockets(printed(), port) };
        let mut heard = heard.subscribe();
        let by_system = |heard: &Heard| heard.system.as_ref().is_some_and(|system| !system.is_empty());
        let somebody = |heard: &Heard| by_system(heard) || heard.system.is_some() && !heard.others.is_empty();
        if timeout(FOR_THE_SYSTEM, heard.wait_for(somebody)).await.is_err() {
            // Then whoever answers first is taken; when the time is over, the manuals' print is.
            let anybody = |heard: &Heard| by_system(heard) || !heard.others.is_empty();
            let _heard_or_not = timeout(FOR_ANYBODY.saturating_sub(FOR_THE_SYSTEM), heard.wait_for(anybody)).await.is_ok();
        }
        let heard = heard.borrow().clone();
        let known = heard.system.filter(|system| !system.is_empty()).unwrap_or(heard.others);
        sockets(if known.is_empty() { printed() } else { known }, port)
    }
}

/// IPv6 where there is any: the private IPv4 addresses beside them are not reached over the line.
fn sockets(addresses: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    let over_the_line = addresses.iter().any(IpAddr::is_ipv6);
    addresses.into_iter().filter(|address| address.is_ipv6() == over_the_line).take(MOST).map(|address| (address, port).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use manuals::hosts;

    fn answer(addresses: &[&str]) -> Outcome {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Outcome::Addresses { addresses, truncated: false, authoritative: false, rcode: None, bytes: None }
    }

    fn found(region: Region) -> Found {
        Found::of([hosts::portal().name].into_iter(), BTreeMap::new(), vec![region])
    }

    #[tokio::test(start_paused = true)]
    async fn the_systems_answer_is_preferred_and_not_waited_for_in_vain() {
        let name = hosts::portal().name;
        let known = found(Region::East);
        known.tell(name, false, &answer(&["2001:db8::2"]));
        let (addresses, ()) = tokio::join!(known.addresses(name, 443), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            known.tell(name, true, &answer(&["10.0.0.1", "2001:db8::1"]));
        });
        assert_eq!(addresses, ["[2001:db8::1]:443".parse().unwrap()]);

        let known = found(Region::East);
        known.tell(name, false, &answer(&["2001:db8::2"]));
        known.tell(name, true, &Outcome::NoSuchName);
        assert_eq!(known.addresses(name, 443).await, ["[2001:db8::2]:443".parse().unwrap()], "the system was told a lie");
    }

    #[tokio::test(start_paused = true)]
    async fn without_any_answer_the_manuals_print_is_tried() {
        let name = hosts::portal().name;
        let printed = zones::addresses_of(name, Region::West)[0];
        assert_eq!(found(Region::West).addresses(name, 443).await, [(printed, 443).into()]);
        let mut elsewhere = found(Region::West);
        elsewhere.fixed.insert(name.to_owned(), "[::1]:8443".parse().unwrap());
        assert_eq!(elsewhere.addresses(name, 443).await, ["[::1]:8443".parse().unwrap()]);
        assert!(found(Region::West).addresses("www.nowhere.test", 443).await.is_empty());
    }
}
