//! Healthy sites of chance with one or two things made ill: the first is named first, and the second is not hidden behind it.

use super::healthy;
use crate::doctor::Diagnosis;
use crate::doctor::recording::{BridgeFact, CertificateFact, Outcome, Platform, Power, Probe, ProxyText, ReaderFact, Recording, What};
use jiff::SignedDuration;
use manuals::domains::Service;
use manuals::proxy;

struct Illness {
    cause: &'static str,
    makes: fn(&mut Recording),
    /// What lies behind it can no longer be seen: every answer of the network is lost.
    blinds: bool,
}

fn all_silent(recording: &mut Recording) {
    for probe in &mut recording.probes {
        if !matches!(probe.outcome, Outcome::NotAsked { .. }) {
            probe.outcome = Outcome::TimedOut;
        }
    }
}

fn say(recording: &mut Recording, what: &What, outcome: &Outcome) {
    recording.probes.retain(|probe| probe.what != *what);
    recording.probes.push(Probe { what: what.clone(), outcome: outcome.clone(), ms: 1 });
}

fn page(status: u16, message: &str) -> Outcome {
    Outcome::Page { status, message: Some(message.to_owned()), text: String::new() }
}

fn line(recording: &mut Recording, message: &str) {
    recording.probes.retain(|probe| !matches!(probe.what, What::LinePortal));
    say(recording, &What::LinePage, &page(200, message));
}

fn own(recording: &mut Recording) -> &mut CertificateFact {
    let (not_before, not_after) = (
        recording.taken_at.checked_sub(SignedDuration::from_hours(24 * 60)).unwrap(),
        recording.taken_at.checked_add(SignedDuration::from_hours(24 * 400)).unwrap(),
    );
    let whole =
        CertificateFact { of_authority: true, in_use: true, has_key: Some(true), not_before, not_after, ..CertificateFact::default() };
    let all = recording.machine.certificates.get_or_insert_with(|| vec![whole]);
    &mut all[0]
}

const ILLNESSES: &[Illness] = &[
    Illness {
        cause: "machine.no-link",
        makes: |recording| {
            all_silent(recording);
            for adapter in &mut recording.machine.adapters {
                adapter.connected = Some(false);
            }
        },
        blinds: true,
    },
    Illness { cause: "machine.disk-full", makes: |recording| recording.machine.folders[0].free_bytes = Some(1000), blinds: false },
    Illness { cause: "line.carrier-down", makes: all_silent, blinds: true },
    Illness { cause: "line.unauthenticated", makes: |recording| line(recording, "line-intent"), blinds: false },
    Illness { cause: "line.ineligible", makes: |recording| line(recording, "line-ineligible"), blinds: false },
    Illness { cause: "line.system-error", makes: |recording| line(recording, "line-system-error"), blinds: false },
    Illness {
        cause: "certificate.expired",
        makes: |recording| {
            let at = recording.taken_at.checked_sub(SignedDuration::from_hours(24 * 30)).unwrap();
            own(recording).not_after = at;
        },
        blinds: false,
    },
    Illness { cause: "certificate.no-key", makes: |recording| own(recording).has_key = Some(false), blinds: false },
    Illness {
        cause: "bridge.not-running",
        makes: |recording| {
            recording.machine.bridge = Some(BridgeFact { set_up: Some(true), running: Some(false), ..BridgeFact::default() });
            recording.machine.folders[0].count = 3;
            recording.machine.folders[0].oldest_seconds = Some(7200);
        },
        blinds: false,
    },
    Illness { cause: "bridge.share-read-only", makes: |recording| recording.machine.folders[1].writable = Some(false), blinds: false },
    Illness {
        cause: "proxy.not-copied",
        makes: |recording| {
            let server = format!("{}:{}", proxy::address().name, proxy::address().port);
            recording.machine.user_proxy = Some(ProxyText { enabled: true, server, bypass: proxy::bypass_text(), script: None });
            recording.machine.system_proxy = Some(ProxyText::default());
        },
        blinds: false,
    },
    Illness {
        cause: "reader.disconnected",
        makes: |recording| recording.machine.reader = Some(ReaderFact { connected: Some(false), ..ReaderFact::default() }),
        blinds: false,
    },
    Illness {
        cause: "machine.sleeps",
        makes: |recording| recording.machine.power = Some(Power { sleep_seconds: Some(900), fast_startup: None }),
        blinds: false,
    },
    Illness {
        cause: "time.clock-off",
        makes: |recording| {
            let ahead = SignedDuration::from_hours(72);
            recording.taken_at = recording.taken_at.checked_add(ahead).unwrap();
            let ntp = What::Time { host: manuals::hosts::ntp().name.to_owned() };
            say(recording, &ntp, &Outcome::Offset { ms: 72 * 3_600_000 });
        },
        blinds: false,
    },
];

/// Sites on which all of the illnesses can be seen: Windows, eligibility, the network's own proxy.
fn sites() -> impl Iterator<Item = Recording> {
    let fits = |site: &Recording| {
        let known = site.site.distribution == Some(proxy::Way::Base) && site.site.uses(Service::Eligibility);
        known && site.platform == Platform::Windows && site.before.is_some()
    };
    (0..400).map(healthy).filter(fits).map(unannounced).take(12)
}

/// Without the center's announcements, which explain what they are about.
fn unannounced(mut site: Recording) -> Recording {
    site.probes.retain(|probe| probe.what != What::CenterStatus);
    site
}

fn keys(recording: &Recording) -> Vec<&'static str> {
    Diagnosis::of(recording).found.iter().map(|found| found.cause.key).collect()
}

#[test]
fn one_illness_is_named_first_on_whatever_site() {
    for site in sites() {
        for illness in ILLNESSES {
            let mut ill = site.clone();
            (illness.makes)(&mut ill);
            assert_eq!(keys(&ill).first(), Some(&illness.cause), "{:?}", keys(&ill));
        }
    }
}

#[test]
fn of_two_illnesses_one_is_first_and_the_other_is_not_hidden() {
    let mut wrong = Vec::new();
    for site in sites().take(4) {
        for (at, one) in ILLNESSES.iter().enumerate() {
            // The page of the line says one thing at a time, a full disk cannot be written either, and one cut hides the other.
            let alike = |other: &&Illness| {
                let both = |start: &str| one.cause.starts_with(start) && other.cause.starts_with(start);
                both("line.")
                    || (one.blinds && other.blinds)
                    || (one.cause == "machine.disk-full" && other.cause == "bridge.share-read-only")
            };
            for other in ILLNESSES.iter().skip(at + 1).filter(|other| !alike(other)) {
                let (local, blind) = if other.blinds { (one, other) } else { (other, one) };
                let mut ill = site.clone();
                (local.makes)(&mut ill);
                (blind.makes)(&mut ill);
                let seen = keys(&ill);
                // Behind a cut cable nobody sees what the network would have said.
                let unseen = blind.blinds && (local.cause.starts_with("line.") || local.cause == "time.clock-off");
                let both = seen.contains(&blind.cause) && (unseen || seen.contains(&local.cause));
                let first = seen.first().is_some_and(|first| [one.cause, other.cause].contains(first));
                if !(both && first) {
                    wrong.push(format!("{} and {}: {seen:?}", one.cause, other.cause));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
