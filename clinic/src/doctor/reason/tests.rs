//! Stories of the reasoner: what is root, what follows, what comes first, and how the whole ends.

use super::*;
use crate::doctor::recording::{Adapter, AddressFact, BusinessFact, CertificateFact, Outcome, Probe, Recording, RootFact, What};

fn with(change: impl FnOnce(&mut Recording)) -> Diagnosis {
    let mut recording = Recording { taken_at: "2026-11-20T01:00:00Z".parse().unwrap(), ..Recording::default() };
    recording.probes.push(Probe { what: What::Portal, outcome: Outcome::Page { status: 200, message: None, text: String::new() }, ms: 1 });
    change(&mut recording);
    Diagnosis::of(&recording)
}

fn keys(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.found.iter().map(|found| found.cause.key).collect()
}

#[test]
fn nothing_to_look_at_is_not_called_healthy() {
    let nothing = Diagnosis::of(&Recording::default());
    assert_eq!((nothing.state, nothing.exit_code()), (State::CouldNotLook, 4));
    let well = with(|_| {});
    assert_eq!((well.state, well.exit_code(), keys(&well)), (State::Healthy, 0, vec![]));
}

#[test]
fn a_pulled_cable_explains_all_that_is_lost_behind_it_and_nothing_else() {
    let diagnosis = with(|recording| {
        recording.machine.adapters = vec![Adapter { name: "イーサネット".to_owned(), connected: Some(false), ..Adapter::default() }];
        for what in [What::LinePage, What::Portal, What::WebApi] {
            recording.probes.push(Probe { what, outcome: Outcome::Unreachable { why: "no route".to_owned() }, ms: 1 });
        }
        recording.machine.certificates = Some(vec![]);
    });
    assert_eq!(keys(&diagnosis), ["machine.no-link", "certificate.missing"]);
    assert_eq!((diagnosis.state, diagnosis.exit_code()), (State::Broken, 1));
}

/// Rows: LA-17, LA-18
#[test]
fn a_changed_prefix_and_the_intent_page_mean_press_the_button() {
    let diagnosis = with(|recording| {
        recording.before = Some(crate::doctor::recording::Before { prefix: Some("2408:210:1:200::/56".to_owned()), ..Default::default() });
        let address = AddressFact { address: "2408:210:9:100::5".to_owned(), ..AddressFact::default() };
        recording.machine.adapters = vec![Adapter { permanent: vec![address.clone()], link_local: vec![address], ..Adapter::default() }];
        let page = Outcome::Page { status: 200, message: Some("line-intent".to_owned()), text: String::new() };
        recording.probes.push(Probe { what: What::LinePage, outcome: page, ms: 1 });
    });
    assert_eq!(keys(&diagnosis), ["line.prefix-changed"]);
    assert!(diagnosis.first().unwrap().todo.contains("「希望する」"));
    assert_eq!(diagnosis.first().unwrap().follow.iter().map(|cause| cause.key).collect::<Vec<_>>(), ["line.unauthenticated"]);
}

#[test]
fn a_business_answer_is_the_insurers_and_no_fault() {
    let diagnosis = with(|recording| {
        recording.machine.last_answer = Some(BusinessFact {
            segment: Some("1".to_owned()),
            processing: Some("1".to_owned()),
            validity: Some("3".to_owned()),
            ..BusinessFact::default()
        });
    });
    assert_eq!((diagnosis.state, diagnosis.exit_code(), keys(&diagnosis)), (State::Healthy, 0, vec!["business.not-valid"]));
    assert!(diagnosis.first().unwrap().desk.contains("無効（新しい資格あり）"));
}

#[test]
fn a_wrong_clock_comes_before_the_certificates_it_makes_look_ill() {
    let diagnosis = with(|recording| {
        recording.probes.push(Probe {
            what: What::Time { host: "ntp.base.oqs-pdl.org".to_owned() },
            outcome: Outcome::Offset { ms: 86_400_000 * 400 },
            ms: 1,
        });
        let certificate = CertificateFact {
            of_authority: true,
            in_use: true,
            not_before: "2025-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2026-06-01T00:00:00Z".parse().unwrap(),
            ..CertificateFact::default()
        };
        recording.machine.certificates = Some(vec![certificate]);
    });
    assert_eq!(keys(&diagnosis), ["time.clock-off"]);
    assert!(diagnosis.first().unwrap().engineer.contains("約400日進んで"), "{}", diagnosis.first().unwrap().engineer);
}

#[test]
fn a_box_that_opens_everything_is_told_from_a_root_that_is_missing() {
    let tls = |host: &str, root: &str, root_trusted: bool| Probe {
        what: What::Tls { host: host.to_owned() },
        outcome: Outcome::Chain {
            issuer: root.to_owned(),
            root: root.to_owned(),
            root_trusted,
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2027-01-01T00:00:00Z".parse().unwrap(),
            names_host: true,
        },
        ms: 1,
    };
    let ours = RootFact { name: "CN=Carrier Root".to_owned(), ..RootFact::default() };
    let opened = with(|recording| {
        recording.machine.roots = Some(vec![ours.clone()]);
        recording.probes.extend([tls("hweb.oqs.onshikaku.org", "CN=Box", false), tls("assv.asc.flets-east.jp", "CN=Box", false)]);
    });
    assert_eq!(keys(&opened), ["trust.intercepted"]);
    let missing = with(|recording| {
        recording.machine.roots = Some(vec![ours.clone()]);
        recording
            .probes
            .extend([tls("hweb.oqs.onshikaku.org", "CN=Center", false), tls("assv.asc.flets-east.jp", "CN=Carrier Root", true)]);
    });
    assert_eq!(keys(&missing), ["trust.root-missing"]);
    let one_of_two = with(|recording| {
        recording.machine.roots = Some(vec![ours.clone()]);
        recording
            .probes
            .extend([tls("hweb.oqs.onshikaku.org", "CN=Box", false), tls("hweb-api.oqs.onshikaku.org", "CN=Carrier Root", true)]);
    });
    assert_eq!(keys(&one_of_two), ["trust.intercepted"]);
}

#[test]
fn a_desk_that_could_not_be_asked_is_not_called_well() {
    let failed = Outcome::Failed { why: "no way to ask".to_owned() };
    let seen = with(|recording| recording.probes.push(Probe { what: What::Portal, outcome: failed.clone(), ms: 1 }));
    assert_eq!(keys(&seen), ["service.not-asked"]);
    assert_eq!(seen.exit_code(), 1);
}

#[test]
fn a_line_that_was_admitted_a_moment_ago_is_waited_for() {
    let refused = Outcome::Page { status: 403, message: Some("unadmitted-line".to_owned()), text: String::new() };
    let admitted = Outcome::Line { captive: false, state: wire::line::LineState::Admitted, code: None, message: None, address: None };
    let seen = with(|recording| {
        recording.probes.push(Probe { what: What::LinePortal, outcome: admitted.clone(), ms: 1 });
        recording.probes.push(Probe { what: What::Portal, outcome: refused.clone(), ms: 1 });
    });
    assert_eq!((keys(&seen), seen.exit_code()), (vec!["line.admitted-but-refused"], 3));
}

#[test]
fn whatever_explains_whatever_there_is_always_a_root() {
    // Every pair and every ring of the table: of what was recognised something always stands first.
    let all: Vec<(usize, &'static Cause)> = table::all().iter().enumerate().collect();
    assert!(!roots(&all).is_empty());
    for one in &all {
        for other in &all {
            let pair = roots(&[*one, *other]);
            assert!(!pair.is_empty(), "{} and {}", one.1.key, other.1.key);
        }
    }
}

#[test]
fn words_that_no_fact_knows_leave_no_bracket_behind() {
    assert_eq!(filled("a {word} b", &[]), "a 不明 b");
    assert_eq!(filled("a {word", &[]), "a {word");
    assert_eq!(filled("", &[]), "");
}
