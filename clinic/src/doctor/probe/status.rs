//! Reads what the center tells everybody of itself, so that a site can tell "not you, everyone" from a fault of its own.

use manuals::{Region, hosts};
use wire::status::{Health, Repairer, Status, Trouble};

use crate::doctor::recording::{Closure, Notice, Outcome, RoomHealth};

/// What a status says for lines of these areas; `None` for what is no status.
#[must_use]
pub fn read(bytes: &[u8], regions: &[Region]) -> Option<Outcome> {
    let status = Status::read(bytes).ok()?;
    let room = |service: &wire::status::ServiceStatus| RoomHealth {
        name: host(&service.service),
        healthy: service.health != Health::Troubled,
        note: String::new(),
    };
    let closure =
        |closure: &wire::snapshot::Closure| Closure { what: host(&closure.service), from: closure.begins_at, until: closure.ends_at };
    Some(Outcome::Status {
        rooms: status.services.iter().map(room).collect(),
        closures: status.closures.iter().map(closure).collect(),
        notices: status.troubles.iter().flat_map(|trouble| notices(trouble, regions)).collect(),
    })
}

/// The name of a service's host; the key itself where the manuals know none.
fn host(key: &str) -> String {
    hosts::all().into_iter().find(|(known, _)| *known == key).map_or_else(|| key.to_owned(), |(_, host)| host.name.to_owned())
}

/// One notice for each service or area that a trouble names.
fn notices(trouble: &Trouble, regions: &[Region]) -> Vec<Notice> {
    let notice = |affects: String| Notice {
        text: trouble.text.clone(),
        affects,
        owner: match trouble.repairer {
            Repairer::Center => "center",
            Repairer::Carrier => "line",
            Repairer::Other => "national",
        }
        .to_owned(),
        since: trouble.begins_at,
        until: trouble.ends_at,
    };
    if trouble.services.is_empty() {
        return match trouble.regions.as_slice() {
            [] => vec![notice("all".to_owned())],
            named => named.iter().map(|region| notice(region.key().to_owned())).collect(),
        };
    }
    // A trouble of some services in the other area alone concerns nobody here.
    let here = trouble.regions.is_empty() || trouble.regions.iter().any(|region| regions.contains(region));
    trouble.services.iter().filter(|_| here).map(|service| notice(host(service))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::status::ServiceStatus;

    #[test]
    fn a_trouble_is_told_for_what_it_names_and_where_it_is() {
        let trouble = |services: &[&str], regions: &[Region]| Trouble {
            trouble_id: "T1".to_owned(),
            begins_at: jiff::Timestamp::UNIX_EPOCH,
            ends_at: None,
            repairer: Repairer::Carrier,
            regions: regions.to_vec(),
            services: services.iter().map(|service| (*service).to_owned()).collect(),
            text: "障害".to_owned(),
        };
        let affects = |services: &[&str], regions: &[Region]| -> Vec<String> {
            notices(&trouble(services, regions), &[Region::East]).into_iter().map(|notice| notice.affects).collect()
        };
        assert_eq!(affects(&[], &[]), ["all"]);
        assert_eq!(affects(&[], &[Region::West]), ["west"]);
        assert_eq!(affects(&["proxy"], &[]), [hosts::proxy().name]);
        assert!(affects(&["proxy"], &[Region::West]).is_empty());
        let service = ServiceStatus { service: "portal".to_owned(), health: Health::Troubled, closed_until: None };
        let status = Status { schema: 1, at: jiff::Timestamp::UNIX_EPOCH, services: vec![service], closures: vec![], troubles: vec![] };
        let Some(Outcome::Status { rooms, .. }) = read(&status.write(), &[]) else { panic!("a status") };
        assert_eq!((rooms[0].name.as_str(), rooms[0].healthy), (hosts::portal().name, false));
        assert_eq!(read(b"<html>404</html>", &[]), None);
    }
}
