//! Notices that the line's prefix has changed: looks at this machine's own address often, and asks the portal only when there is a reason.

use std::net::IpAddr;
use std::time::Duration;

use wire::line::{Captive, LineState, Screen};

use super::{LineError, LinePortal};

/// How often the own address is looked at: far oftener than routers advertise a prefix (at most every 10 minutes), and nothing is sent.
pub const LOOK: Duration = Duration::from_secs(10);
/// After a failure the portal is asked again after this, and ever more seldom.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What a watch has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The state of the line, at the beginning and after a change.
    State {
        /// This machine's address.
        address: Option<IpAddr>,
        /// Whether its prefix is another than when the portal was last asked.
        changed: bool,
        /// What the portal said.
        state: Captive,
    },
    /// The line was authenticated again, or could not be.
    Authenticated(Screen),
    /// The portal could not be asked; it is asked again later.
    Failed(LineError),
}

/// When the portal is asked: at the beginning, when the own prefix changes, and after a failure.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    asked_behind: Option<Option<IpAddr>>,
    wait: Option<(Duration, Duration)>,
}

impl Pace {
    /// Whether there is a reason to ask now, `elapsed` after the last look.
    pub fn is_due(&mut self, address: Option<IpAddr>, elapsed: Duration) -> bool {
        let behind = address.map(network);
        if self.asked_behind != Some(behind) {
            return true;
        }
        match &mut self.wait {
            None => false,
            Some((left, _)) => {
                *left = left.saturating_sub(elapsed);
                left.is_zero()
            }
        }
    }

    /// The portal was asked from behind `address`: what it said was final, or it is to be asked again later. Tells whether the prefix is
    /// another than the time before.
    pub fn asked(&mut self, address: Option<IpAddr>, settled: bool) -> bool {
        let behind = address.map(network);
        let changed = self.asked_behind.is_some_and(|before| before != behind);
        self.asked_behind = Some(behind);
        self.wait = if settled {
            None
        } else {
            let next = self.wait.filter(|_| !changed).map_or(FIRST_WAIT, |(_, last)| (last * 2).min(LONGEST_WAIT));
            Some((next, next))
        };
        changed
    }
}

/// The network that a router gave a terminal: its /64, whichever addresses the terminal makes in it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
    }
}

/// Watches for ever. With `authenticate` a line that is not authenticated is, as if 希望する were pressed.
pub async fn watch(portal: &LinePortal, look: Duration, authenticate: bool, mut tell: impl FnMut(Event)) {
    let mut pace = Pace::default();
    loop {
        let address = portal.own_address().await;
        if pace.is_due(address, look) {
            match portal.status().await {
                Ok(state) => {
                    let open = state.line_state == LineState::NotAuthenticated;
                    let mut settled = state.line_state == LineState::Admitted;
                    let changed = pace.asked(address, settled);
                    tell(Event::State { address, changed, state });
                    if open && authenticate {
                        settled = again(portal, &mut tell).await;
                        pace.asked(address, settled);
                    }
                }
                Err(error) => {
                    pace.asked(address, false);
                    tell(Event::Failed(error));
                }
            }
        }
        tokio::time::sleep(look).await;
    }
}

async fn again(portal: &LinePortal, tell: &mut impl FnMut(Event)) -> bool {
    match portal.authenticate().await {
        Ok(screen) => {
            let done = screen.owner.is_none() || screen.key == "line-already";
            tell(Event::Authenticated(screen));
            done
        }
        Err(error) => {
            tell(Event::Failed(error));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: LA-17
    #[test]
    fn the_portal_is_asked_when_the_prefix_changes_and_otherwise_left_alone() {
        let at = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let mut pace = Pace::default();
        assert!(pace.is_due(at("2408:210:aaaa:bb00::1"), LOOK));
        assert!(!pace.asked(at("2408:210:aaaa:bb00::1"), true));
        for _ in 0..1000 {
            assert!(!pace.is_due(at("2408:210:aaaa:bb00:1:2:3:4"), LOOK), "a new temporary address is no new line");
        }
        assert!(pace.is_due(at("2408:210:ffff:100::1"), LOOK), "seen at the next look");
        assert!(pace.asked(at("2408:210:ffff:100::1"), true));
        assert!(pace.is_due(None, LOOK), "no address at all is a change too");
    }

    #[test]
    fn after_a_failure_it_is_asked_ever_more_seldom() {
        let (mut pace, here) = (Pace::default(), Some("::1".parse().unwrap()));
        let mut looks_until_due = || {
            pace.asked(here, false);
            (1..).find(|_| pace.is_due(here, LOOK)).unwrap()
        };
        assert_eq!([looks_until_due(), looks_until_due(), looks_until_due()], [3, 6, 12]);
        assert_eq!((0..10).map(|_| looks_until_due()).max(), Some(60));
    }
}
