//! The dated list that says which zones there are: as the manuals print it, or as an operator writes it in a file.

use std::fmt::Write;

use jiff::civil::Date;
use manuals::{Region, addresses, domains, zones};
use serde::{Deserialize, Serialize, Serializer};

/// Longest list file in bytes.
pub const LONGEST_FILE: u64 = 4 * 1024 * 1024;
/// No environment variable lies over a list.
const NO_ENVIRONMENT: &str = "ONSHI_NETWORK_LIST__";

/// Whom a zone or a view is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// オンライン請求
    Claims,
    /// オンライン資格確認
    Eligibility,
    /// The carrier's own zone, in which the line-information notifier stands.
    Carrier,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 3] = [Service::Claims, Service::Eligibility, Service::Carrier];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Eligibility => "eligibility",
            Self::Carrier => "carrier",
        }
    }
}

/// Every zone of one edition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The edition's name, shown by `explain` and by the figures.
    pub version: String,
    /// The first day (Japan) on which it holds; nothing means at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The zones.
    #[serde(rename = "zone")]
    pub zones: Vec<Zone>,
}

/// One zone as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The domain.
    pub name: String,
    /// The regions in which it is answered so.
    #[serde(serialize_with = "keys")]
    pub regions: Vec<Region>,
    /// The services whose askers are answered.
    pub services: Vec<Service>,
    /// Names that are answered without the authoritative mark: the manuals show 権限のない回答 for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_on: Vec<String>,
    /// The records in the format of zone files (RFC 1035 §5), the zone's name being the origin.
    pub records: String,
}

fn keys<S: Serializer>(regions: &[Region], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(regions.iter().map(|region| region.key()))
}

impl List {
    /// Reads a list; `origin` names the file in mistakes.
    ///
    /// # Errors
    /// What is wrong, with the line and, for a wrong key, the nearest right one.
    pub fn read(text: &str, origin: &str) -> Result<Self, chassis::config::ConfigError> {
        chassis::config::parse(text, origin, NO_ENVIRONMENT, std::iter::empty())
    }

    /// The list as the manuals print it on a day: the newest domain lists and answers not later than `on` (DN-05, DN-06, DN-11 to DN-22, DN-29).
    #[must_use]
    pub fn of_the_manuals(on: Date) -> Self {
        let lists = [(Service::Claims, domains::Service::Claims), (Service::Eligibility, domains::Service::Eligibility)];
        let editions: Vec<_> = lists.into_iter().filter_map(|(service, of)| Some((service, domains::on(of, on)?))).collect();
        let mut zones = Vec::new();
        let mut newest = editions.iter().map(|(_, edition)| edition.from).max();
        for region in Region::ALL {
            let served = zones::served(region, on);
            newest = newest.max(served.iter().map(|served| served.from).max());
            let mut names: Vec<&str> = Vec::new();
            for domain in editions.iter().flat_map(|(_, edition)| edition.domains.iter().copied()) {
                if !names.contains(&domain) {
                    names.push(domain);
                }
            }
            for name in names {
                let holds = |edition: &domains::Edition| edition.domains.contains(&name);
                let services = editions.iter().filter(|(_, edition)| holds(edition)).map(|(service, _)| *service).collect();
                zones.push((name, region, services, addresses::platform_servers(region)));
            }
            let carrier = addresses::carrier_servers(region);
            zones.extend(carrier.zone.map(|zone| (zone, region, vec![Service::Carrier], carrier)));
        }
        let day = newest.unwrap_or_else(|| zones::every_zone().from);
        let zones = zones.into_iter().map(|(name, region, services, servers)| {
            let inside: Vec<_> = zones::served(region, on).into_iter().filter(|served| domains::covers(&[name], &served.name)).collect();
            let handed_on = inside.iter().filter(|served| !served.authoritative).map(|served| format!("{}.", served.name)).collect();
            Zone { name: name.to_owned(), regions: vec![region], services, handed_on, records: records(name, day, servers, &inside) }
        });
        Self { version: format!("manuals {day}"), from: Some(day), zones: zones.collect() }
    }
}

/// The records of one zone of the manuals.
fn records(zone: &str, day: Date, servers: &addresses::NameServers, inside: &[zones::Served]) -> String {
    let every = zones::every_zone();
    let soa = every.soa;
    let serial = i32::from(day.year()) * 1_000_000 + i32::from(day.month()) * 10_000 + i32::from(day.day()) * 100;
    let first = every.name_servers.first().copied().unwrap_or("@");
    let mut text = format!(
        "$TTL {}\n@ IN SOA {first} {} {serial} {} {} {} {}\n",
        every.ttl, every.mailbox, soa.refresh, soa.retry, soa.expire, soa.negative
    );
    for (label, address) in every.name_servers.iter().zip([servers.primary, servers.secondary]) {
        line(&mut text, &format!("@ IN NS {label}"));
        line(&mut text, &format!("{label} IN AAAA {address}"));
    }
    for served in inside {
        let mut owner = relative(&served.name, zone);
        if let Some(alias) = &served.alias {
            let target = relative(alias, zone);
            line(&mut text, &format!("{owner} IN CNAME {target}"));
            owner = target;
        }
        for address in &served.aaaa {
            line(&mut text, &format!("{owner} IN AAAA {address}"));
        }
        for address in &served.a {
            line(&mut text, &format!("{owner} IN A {address}"));
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _written = writeln!(text, "{line}");
}

fn relative(name: &str, zone: &str) -> String {
    match name.strip_suffix(zone) {
        Some("") => "@".to_owned(),
        Some(first) => first.trim_end_matches('.').to_owned(),
        None => format!("{name}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_list_is_written_and_read_again() {
        let list = List::of_the_manuals(date(2026, 11, 20));
        let text = toml::to_string(&list).unwrap();
        assert_eq!(List::read(&text, "list.toml").unwrap(), list);
    }

    /// Rows: DN-29
    #[test]
    fn the_lists_editions_hold_from_their_days() {
        let zones = |on| {
            let list = List::of_the_manuals(on);
            let east = list.zones.iter().filter(|zone| zone.regions == [Region::East]);
            let named = |service: Service| east.clone().filter(move |zone| zone.services.contains(&service)).count();
            (list.version.clone(), named(Service::Claims), named(Service::Eligibility), named(Service::Carrier))
        };
        assert_eq!(zones(date(2021, 3, 24)), ("manuals 2020-08-31".to_owned(), 0, 5, 1));
        assert_eq!(zones(date(2021, 3, 25)), ("manuals 2021-03-25".to_owned(), 0, 6, 1));
        assert_eq!(zones(date(2024, 1, 31)), ("manuals 2022-07-29".to_owned(), 0, 6, 1));
        assert_eq!(zones(date(2024, 2, 1)), ("manuals 2024-02-01".to_owned(), 10, 6, 1));
        let shared = List::of_the_manuals(Date::MAX).zones.into_iter().filter(|zone| zone.services.len() == 2);
        assert_eq!(shared.count(), 8, "four domains in each region stand in both lists");
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line() {
        let mistake = List::read("version = \"1\"\n[[zone]]\nnam = \"a.test\"\n", "list.toml").unwrap_err().to_string();
        assert!(mistake.contains("list.toml") && mistake.contains("nam"), "{mistake}");
    }
}
