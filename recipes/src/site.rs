//! What a clinic has and wants: region, services, phone, internet on the same line, and whether its LAN is split.

use std::net::IpAddr;

use manuals::domains::{self, Service};
use manuals::{Prefecture, Region};
use serde::Serialize;

/// Which services the site uses (DN-05 to DN-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Services {
    /// オンライン資格確認 only.
    Eligibility,
    /// オンライン請求 only.
    Claims,
    /// Both.
    Both,
}

impl Services {
    /// All three.
    pub const ALL: [Services; 3] = [Services::Eligibility, Services::Claims, Services::Both];

    /// The key used in settings and addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Services::Eligibility => Service::Eligibility.key(),
            Services::Claims => Service::Claims.key(),
            Services::Both => "both",
        }
    }

    /// The services with this key; nothing for any other word.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Services> {
        Services::ALL.into_iter().find(|services| services.key() == key)
    }

    /// The Japanese name.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Services::Eligibility => Service::Eligibility.label(),
            Services::Claims => Service::Claims.label(),
            Services::Both => "オンライン資格確認とオンライン請求",
        }
    }

    /// One by one.
    #[must_use]
    pub fn each(self) -> &'static [Service] {
        match self {
            Services::Eligibility => &[Service::Eligibility],
            Services::Claims => &[Service::Claims],
            Services::Both => &[Service::Eligibility, Service::Claims],
        }
    }

    /// The domains that must be asked at the network's own name servers: 6, 10 or 12.
    #[must_use]
    pub fn domains(self) -> Vec<&'static str> {
        match self {
            Services::Eligibility => domains::eligibility().to_vec(),
            Services::Claims => domains::claims().to_vec(),
            Services::Both => domains::union(),
        }
    }
}

/// The internet on the same line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Internet {
    /// The line is for the closed network alone.
    None,
    /// By PPPoE.
    Pppoe,
    /// By IPoE.
    Ipoe,
}

impl Internet {
    /// All three.
    pub const ALL: [Internet; 3] = [Internet::None, Internet::Pppoe, Internet::Ipoe];

    /// The key used in settings and addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Internet::None => "none",
            Internet::Pppoe => "pppoe",
            Internet::Ipoe => "ipoe",
        }
    }

    /// The one with this key; nothing for any other word.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Internet> {
        Internet::ALL.into_iter().find(|internet| internet.key() == key)
    }

    /// The Japanese name.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Internet::None => "なし",
            Internet::Pppoe => "PPPoE",
            Internet::Ipoe => "IPoE",
        }
    }
}

/// One of the 72 kinds of site that a recipe is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The carrier's region (LN-16).
    pub region: Region,
    /// The services in use.
    pub services: Services,
    /// ひかり電話: the line's prefix comes by DHCPv6-PD instead of by router advertisement (NW-08).
    pub phone: bool,
    /// The internet on the same line.
    pub internet: Internet,
    /// Whether the terminal's LAN is apart from the clinic's.
    pub split: bool,
}

impl Site {
    /// Every kind of site.
    pub fn all() -> impl Iterator<Item = Site> {
        Region::ALL.into_iter().flat_map(|region| {
            Services::ALL.into_iter().flat_map(move |services| {
                Internet::ALL.into_iter().flat_map(move |internet| {
                    [(false, false), (false, true), (true, false), (true, true)].into_iter().map(move |(phone, split)| Site {
                        region,
                        services,
                        phone,
                        internet,
                        split,
                    })
                })
            })
        })
    }

    /// One line in Japanese.
    #[must_use]
    pub fn label(self) -> String {
        format!(
            "{}・{}・ひかり電話{}・同じ回線のインターネット{}・LAN分離{}",
            self.region.label(),
            self.services.label(),
            if self.phone { "あり" } else { "なし" },
            self.internet.label(),
            if self.split { "あり" } else { "なし" },
        )
    }
}

/// A recipe that somebody asks for: the site, and what only they know.
#[derive(Debug, Clone)]
pub struct Order {
    /// The site.
    pub site: Site,
    /// For the names of a prefecture in the test plan (DN-10).
    pub prefecture: Option<&'static Prefecture>,
    /// The provider's name servers, where the device cannot learn them by itself.
    pub resolvers: Vec<IpAddr>,
}

impl Order {
    /// An order for a site, with nothing else known.
    #[must_use]
    pub fn of(site: Site) -> Order {
        Order { site, prefecture: None, resolvers: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: DN-05, DN-06, DN-07
    #[test]
    fn there_are_seventy_two_kinds_of_site() {
        let all: Vec<Site> = Site::all().collect();
        assert_eq!(all.len(), 2 * 3 * 2 * 3 * 2);
        assert!(all.iter().enumerate().all(|(number, site)| !all[..number].contains(site)), "each once");
        assert_eq!(Services::ALL.map(|services| services.domains().len()), [6, 10, 12]);
        assert!(Services::ALL.into_iter().all(|services| Services::by_key(services.key()) == Some(services)));
        assert!(Internet::ALL.into_iter().all(|internet| Internet::by_key(internet.key()) == Some(internet)));
    }
}
