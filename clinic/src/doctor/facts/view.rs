//! A recording as the facts look at it: which region, which services, which names count, and how probes answered.

use crate::doctor::recording::{Adapter, Medium, Outcome, Recording, What};
use jiff::Timestamp;
use manuals::{Region, addresses, domains::Service, hosts, proxy::Way};
use std::net::{IpAddr, Ipv6Addr};

/// Addresses whose first bits are the same belong to the same carrier's part of the network.
const CARRIER_BITS: u32 = 28;

pub(crate) struct View<'a> {
    pub(crate) recording: &'a Recording,
    /// The site's region: as it says, else as its prefix or the answering name servers show.
    pub(crate) region: Option<Region>,
    /// The time at which it was looked, by the network's clock where that was told.
    pub(crate) now: Timestamp,
}

impl<'a> View<'a> {
    pub(crate) fn of(recording: &'a Recording) -> Self {
        let region = recording.site.region.or_else(|| region_of_prefix(recording)).or_else(|| region_that_answers(recording));
        Self { recording, region, now: right_time(recording) }
    }

    pub(crate) fn outcomes(&self, wanted: impl Fn(&What) -> bool) -> impl Iterator<Item = (&'a What, &'a Outcome)> {
        self.recording.probes.iter().filter(move |probe| wanted(&probe.what)).map(|probe| (&probe.what, &probe.outcome))
    }

    pub(crate) fn outcome(&self, what: &What) -> Option<&'a Outcome> {
        self.recording.probes.iter().find(|probe| probe.what == *what).map(|probe| &probe.outcome)
    }

    /// How software reaches the site: as it says, else by its carrier, else as most do.
    pub(crate) fn way(&self) -> Way {
        let site = &self.recording.site;
        site.distribution.or_else(|| site.carrier.as_deref().map(manuals::proxy::way_of)).unwrap_or(Way::Base)
    }

    /// Whether a host belongs to what the site uses: nothing else is ever held against it.
    pub(crate) fn counts(&self, host: &str) -> bool {
        let site = &self.recording.site;
        if let Some(known) = hosts::by_name(host) {
            if known.ours {
                return false;
            }
            return match known.service {
                hosts::Service::Eligibility => site.uses(Service::Eligibility) && known.name != hosts::portal_verification().name,
                hosts::Service::Claims => site.uses(Service::Claims),
                hosts::Service::Network => site.uses(Service::Eligibility) && self.way() == Way::Base,
                hosts::Service::Lineauth => {
                    let other = self.region.map(|region| if region == Region::East { Region::West } else { Region::East });
                    other.is_none_or(|other| known.name != hosts::line_notifier(other).name)
                }
                hosts::Service::Authority => true,
                hosts::Service::Operator | hosts::Service::Application => false,
            };
        }
        let listed = |service: Service| {
            site.uses(service)
                && manuals::domains::on(service, jiff::civil::Date::MAX).is_some_and(|list| manuals::domains::covers(&list.domains, host))
        };
        Service::ALL.into_iter().any(listed)
    }

    /// Adapters through which the network could be reached.
    pub(crate) fn adapters(&self) -> impl Iterator<Item = &'a Adapter> {
        self.recording.machine.adapters.iter().filter(|adapter| !matches!(adapter.medium, Medium::Loopback | Medium::Virtual))
    }

    /// Those whose cable has a signal, as far as is known.
    pub(crate) fn connected(&self) -> impl Iterator<Item = &'a Adapter> {
        self.adapters().filter(|adapter| adapter.connected != Some(false))
    }

    /// Global addresses of this machine that are still preferred or not.
    pub(crate) fn globals(&self) -> Vec<(Ipv6Addr, bool)> {
        let facts = self.connected().flat_map(|adapter| adapter.permanent.iter().chain(&adapter.temporary));
        let parsed = facts.filter_map(|fact| match fact.parsed() {
            Some(IpAddr::V6(address)) if is_global(address) => Some((address, fact.deprecated || fact.preferred_seconds == Some(0))),
            _ => None,
        });
        parsed.collect()
    }

    /// Whether a global address is shown at all, even one with masked digits.
    pub(crate) fn shows_global(&self) -> bool {
        let shown = |text: &str| match text.parse::<Ipv6Addr>() {
            Ok(address) => is_global(address),
            Err(_) => text.starts_with('2'),
        };
        self.connected().any(|adapter| adapter.permanent.iter().chain(&adapter.temporary).any(|fact| shown(&fact.address)))
    }
}

/// Neither link-local, nor unique-local (fc00::/7), nor loopback.
pub(crate) fn is_global(address: Ipv6Addr) -> bool {
    address.segments().first().is_some_and(|group| group & 0xe000 == 0x2000)
}

/// Nobody answered: no reply, or no way. A look that ended before says nothing.
pub(crate) fn is_silence(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::TimedOut | Outcome::Unreachable { .. })
}

/// Somebody was there: whatever they said.
pub(crate) fn is_answer(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Addresses { .. }
            | Outcome::NoSuchName
            | Outcome::Connected
            | Outcome::Chain { .. }
            | Outcome::Untrusted { .. }
            | Outcome::Page { .. }
            | Outcome::Line { .. }
            | Outcome::Closed { .. }
            | Outcome::Offset { .. }
            | Outcome::Listed { .. }
            | Outcome::Status { .. }
    )
}

/// How far this machine's clock is ahead, and who says so: a time server before a page's date.
pub(super) fn clock(recording: &Recording) -> Option<(&str, i64)> {
    let offsets = recording.probes.iter().filter_map(|probe| match (&probe.what, &probe.outcome) {
        (What::Time { host }, Outcome::Offset { ms }) => Some((host.as_str(), *ms)),
        _ => None,
    });
    offsets.min_by_key(|(host, _)| hosts::by_name(host).is_none_or(|host| host.door != hosts::Door::Ntp))
}

/// This machine's clock, put right by that: or every certificate would look ill on a machine whose clock is off.
fn right_time(recording: &Recording) -> Timestamp {
    let ahead = jiff::SignedDuration::from_millis(clock(recording).map_or(0, |(_, ms)| ms));
    recording.taken_at.checked_sub(ahead).unwrap_or(recording.taken_at)
}

fn region_of_prefix(recording: &Recording) -> Option<Region> {
    let addresses = recording.machine.adapters.iter().flat_map(|adapter| &adapter.permanent).filter_map(|fact| fact.parsed());
    let mut regions = addresses.filter_map(|address| match address {
        IpAddr::V6(address) => region_of(address),
        IpAddr::V4(_) => None,
    });
    regions.next()
}

/// The region whose lines have addresses like this one: those of the distribution base lie among them.
pub(super) fn region_of(address: Ipv6Addr) -> Option<Region> {
    let start = |address: Ipv6Addr| u128::from(address) >> (128 - CARRIER_BITS);
    Region::ALL.into_iter().find(|region| {
        let base = addresses::expected(hosts::proxy_check().name, *region).and_then(|answer| answer.aaaa.first().copied());
        base.is_some_and(|base| start(address) == start(base))
    })
}

fn region_that_answers(recording: &Recording) -> Option<Region> {
    recording.probes.iter().find_map(|probe| match &probe.what {
        What::Name { asked: crate::doctor::recording::Asked::Region { region, .. }, .. } if is_answer(&probe.outcome) => Some(*region),
        _ => None,
    })
}
