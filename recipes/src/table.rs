//! The per-domain table of a site: which name servers are asked for which domain (NW-10, DN-01 to DN-07).

use std::net::Ipv6Addr;

use manuals::{Region, addresses};

use crate::site::Services;

/// A domain and its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The domain, with everything below it.
    pub domain: &'static str,
    /// Its servers, in this order.
    pub servers: Vec<Ipv6Addr>,
}

/// The table of the manuals for a region: the carrier's own zone, then the domains of the services.
#[must_use]
pub fn forwards(region: Region, services: Services) -> Vec<Forward> {
    let (carrier, platform) = (addresses::carrier_servers(region), addresses::platform_servers(region));
    let own = carrier.zone.map(|zone| Forward { domain: zone, servers: vec![carrier.primary, carrier.secondary] });
    let others = services.domains().into_iter().map(|domain| Forward { domain, servers: vec![platform.primary, platform.secondary] });
    own.into_iter().chain(others).collect()
}

/// Domains whose names the closed network alone knows: under top-level labels that the internet does not have, so that a validator holds a signed proof that
/// they do not exist.
#[must_use]
pub fn unknown_to_the_internet(forwards: &[Forward]) -> Vec<&'static str> {
    let mut tops: Vec<&'static str> = Vec::new();
    for forward in forwards {
        let top = forward.domain.rsplit('.').next().unwrap_or(forward.domain);
        if !is_public(top) && !tops.contains(&top) {
            tops.push(top);
        }
    }
    tops
}

/// Whether the internet has a top-level label of the manuals' domains too.
pub(crate) fn is_public(top: &str) -> bool {
    PUBLIC_TOPS.contains(&top)
}

/// The top-level labels of the manuals' domains that the internet has too.
const PUBLIC_TOPS: [&str; 3] = ["jp", "org", "net"];

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: DN-01, DN-02, DN-03, DN-04, NW-10
    #[test]
    fn every_domain_has_two_servers_of_its_region() {
        for region in Region::ALL {
            for services in Services::ALL {
                let table = forwards(region, services);
                assert_eq!(table.len(), services.domains().len() + 1, "the carrier's own zone, and the services' domains");
                assert!(table.iter().all(|forward| forward.servers.len() == 2 && forward.servers[0] != forward.servers[1]));
                assert!(table[0].domain.contains(region.key()));
            }
        }
        assert_ne!(forwards(Region::East, Services::Both), forwards(Region::West, Services::Both));
    }

    #[test]
    fn two_top_level_labels_exist_in_the_closed_network_only() {
        assert_eq!(unknown_to_the_internet(&forwards(Region::East, Services::Both)), ["mnw", "rece"]);
    }
}
