//! Which domains belong to the closed network: the lists that routers and terminals are given, by service and by day.

use crate::embedded;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/domains.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The service a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// オンライン請求.
    Claims,
    /// オンライン資格確認.
    Eligibility,
}

impl Service {
    /// Both services, claims first, which is the older.
    pub const ALL: [Service; 2] = [Service::Claims, Service::Eligibility];

    /// The key used in tables and addresses, "claims" or "eligibility".
    pub fn key(self) -> &'static str {
        match self {
            Service::Claims => "claims",
            Service::Eligibility => "eligibility",
        }
    }

    /// The service with this key; `None` for any other word.
    pub fn by_key(key: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.key() == key)
    }

    /// The Japanese name.
    pub fn label(self) -> &'static str {
        match self {
            Service::Claims => "オンライン請求",
            Service::Eligibility => "オンライン資格確認",
        }
    }
}

/// One edition of one list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The service.
    pub service: Service,
    /// Manual and section.
    pub source: &'static str,
    /// The first day of this edition.
    pub from: Date,
    /// Domains in the order printed, each once.
    #[serde(borrow)]
    pub domains: Vec<&'static str>,
}

/// A DNS suffix for which our own roots may sign.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermittedName {
    /// The suffix, without a leading dot.
    pub suffix: &'static str,
    /// Why it is permitted, Japanese.
    pub why: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    list: Vec<Edition>,
    also_permitted: Vec<PermittedName>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// Every edition of every list, as dated by the manuals (DN-29).
pub fn editions() -> &'static [Edition] {
    &SHEET.list
}

/// The list of a service that holds on a day: its newest edition not later than `on`; `None` before the first.
pub fn on(service: Service, on: Date) -> Option<&'static Edition> {
    SHEET.list.iter().filter(|edition| edition.service == service && edition.from <= on).max_by_key(|edition| edition.from)
}

/// The newest list for claims, 10 domains (DN-05).
pub fn claims() -> &'static [&'static str] {
    newest(Service::Claims)
}

/// The newest list for eligibility, 6 domains (DN-06).
pub fn eligibility() -> &'static [&'static str] {
    newest(Service::Eligibility)
}

fn newest(service: Service) -> &'static [&'static str] {
    on(service, Date::MAX).map(|edition| edition.domains.as_slice()).unwrap_or_default()
}

/// What a site that uses both services needs: eligibility's list, then what claims adds; 12 domains (DN-07).
pub fn union() -> Vec<&'static str> {
    let added = claims().iter().filter(|domain| !eligibility().contains(domain));
    eligibility().iter().chain(added).copied().collect()
}

/// The domains that stand in both lists (DN-07).
pub fn overlap() -> Vec<&'static str> {
    claims().iter().filter(|domain| eligibility().contains(domain)).copied().collect()
}

/// Whether a host name is in one of `domains`, in any letter case and with or without a final dot.
pub fn covers(domains: &[&str], host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    domains.iter().any(|domain| host.strip_suffix(domain).is_some_and(|left| left.is_empty() || left.ends_with('.')))
}

/// The DNS suffixes to which our own roots are constrained (X.509 name constraints): the network's domains, the carriers' two zones, the
/// closed `rece`, and `localhost`. A root of ours that someone trusts by mistake can therefore speak for this network only, never for another site.
pub fn permitted_name_constraints() -> Vec<&'static str> {
    union().into_iter().chain(SHEET.also_permitted.iter().map(|name| name.suffix)).collect()
}

/// The suffixes that are permitted beside the union, each with its reason.
pub fn also_permitted() -> &'static [PermittedName] {
    &SHEET.also_permitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Rows: DN-05, X-02
    #[test]
    fn claims_has_ten_distinct_domains() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!(
            claims(),
            [
                "send.rece",
                "cert.download.rece",
                "cert.view.rece",
                "lineauth.mnw",
                "managedpki.ne.jp",
                "cybertrust.ne.jp",
                "secomtrust.net",
                "kenshin.rece",
                "kikin.kenshinsorry.rece",
                "healthinsurance.mhlw.go.jp"
            ]
        );
        assert_eq!(claims().iter().filter(|domain| **domain == "lineauth.mnw").count(), 1);
    }

    /// Rows: DN-06, DN-29
    #[test]
    fn eligibility_has_six_domains_since_the_edition_of_march_2021() {
        let six = ["onshikaku.org", "lineauth.mnw", "base.oqs-pdl.org", "managedpki.ne.jp", "cybertrust.ne.jp", "secomtrust.net"];
        assert_eq!(eligibility(), six);
        let before = on(Service::Eligibility, date(2021, 3, 24)).unwrap();
        assert_eq!(before.domains.len(), 5);
        assert!(!before.domains.contains(&"base.oqs-pdl.org"));
        assert_eq!(on(Service::Eligibility, date(2021, 3, 25)).unwrap().domains, six);
        assert_eq!(on(Service::Eligibility, date(2020, 8, 30)), None);
        assert_eq!(editions().len(), 3);
    }

    /// Rows: DN-07
    #[test]
    fn a_site_that_uses_both_services_needs_twelve_domains() {
        assert_eq!(overlap(), ["lineauth.mnw", "managedpki.ne.jp", "cybertrust.ne.jp", "secomtrust.net"]);
        let union = union();
        assert_eq!(union.len(), 12);
        assert_eq!(union[..6], *eligibility());
        assert!(claims().iter().all(|domain| union.contains(domain)));
    }

    #[test]
    fn a_domain_covers_its_hosts_and_no_look_alike() {
        assert!(covers(&["onshikaku.org"], "hweb.oqs.ONSHIKAKU.org."));
        assert!(covers(&["onshikaku.org"], "onshikaku.org"));
        assert!(!covers(&["onshikaku.org"], "evilonshikaku.org"));
        assert!(!covers(&["onshikaku.org"], "onshikaku.org.example.com"));
        assert!(!covers(&[], "onshikaku.org"));
    }

    #[test]
    fn our_roots_may_sign_for_this_network_and_for_nothing_else() {
        let permitted = permitted_name_constraints();
        assert_eq!(permitted.len(), 16);
        assert_eq!(permitted[12..], ["flets-east.jp", "flets-west.jp", "rece", "localhost"]);
        assert!(also_permitted().iter().all(|name| name.why.ends_with("ため")));
        for (key, host) in crate::hosts::all() {
            assert!(covers(&permitted, host.name), "{key}");
        }
        for foreign in ["www.mhlw.go.jp", "google.com", "jp", "org", "ne.jp", "go.jp"] {
            assert!(!covers(&permitted, foreign), "{foreign}");
        }
    }
}
