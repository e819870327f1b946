//! Two carriers with their lines, a registry with one clinic in each region, the portal between them, and a browser.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::serve::Caller;
use chassis::testing::Place;
use chassis::tls::PeerCertificate;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::civil::{Date, date};
use lineauth::portal::Carrier;
use lineauth::token::{PeerKey, PublicKey, SigningKey};
use lineauth::{CarrierLine, Config, Lines, Link, Notifier, Portal, V6Option, notifier, portal};
use manuals::{Region, hosts, messages};
use registry::Registry;
use registry::applications::{FacilityApplication, LineApplication};
use tower::ServiceExt;

/// A registered line of the east and a terminal behind it.
pub(crate) const LINE: &str = "CAF0123456789";
pub(crate) const PREFIX: &str = "2408:210:aaaa:bb00::/64";
pub(crate) const TERMINAL: &str = "2408:210:aaaa:bb00::1234";
/// Another terminal behind it.
pub(crate) const OTHER_TERMINAL: &str = "2408:210:aaaa:bb00:ffff::2";
/// A registered line of the west, by delegation, and a terminal behind it.
pub(crate) const WEST_LINE: &str = "CAF9876543210";
pub(crate) const WEST_PREFIX: &str = "2001:a250:10:1100::/56";
pub(crate) const WEST_TERMINAL: &str = "2001:a250:10:1142::7";
/// A line that the carrier has and nobody has applied for.
pub(crate) const STRANGERS_LINE: &str = "CAF5555555555";
pub(crate) const STRANGER: &str = "2408:210:cccc:1::1";

pub(crate) fn today() -> Date {
    date(2026, 7, 15)
}

pub(crate) fn line(region: Region, line_id: &str, prefix: &str) -> CarrierLine {
    CarrierLine {
        line_id: line_id.to_owned(),
        region,
        line_type: "next-family".to_owned(),
        reseller: String::new(),
        v6_option: V6Option::Default,
        applied_on: date(2024, 4, 1),
        work_completed: Some(date(2024, 5, 1)),
        prefixes: vec![prefix.to_owned()],
    }
}

/// Everything that takes part.
pub(crate) struct Town {
    pub(crate) db: Database,
    pub(crate) registry: Registry,
    pub(crate) lines: Lines,
    pub(crate) clock: Clock,
    pub(crate) portal: Router,
    notifiers: HashMap<&'static str, Router>,
}

/// The keys of a town, by a number each.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn known(key: PublicKey) -> PeerKey {
    PeerKey::new(&key.text(), std::path::Path::new("nowhere"), "none").unwrap()
}

pub(crate) const PORTAL_SEED: u8 = 1;
pub(crate) fn seed_of(region: Region) -> u8 {
    match region {
        Region::East => 2,
        Region::West => 3,
    }
}

async fn apply(registry: &Registry, clock: &Clock, code: &str, line_id: &str) {
    let facility = FacilityApplication {
        facility_code: code.to_owned(),
        name: "架空クリニック".to_owned(),
        valid_from: date(2020, 4, 1),
        valid_until: None,
    };
    let application = registry.apply_for_facility(&facility, clock.now()).await.unwrap();
    registry.approve(&application, clock.now()).await.unwrap();
    apply_for_line(registry, clock, code, line_id).await;
}

pub(crate) async fn apply_for_line(registry: &Registry, clock: &Clock, code: &str, line_id: &str) {
    let line = LineApplication { facility_code: code.to_owned(), line_id: line_id.to_owned(), line_type: "next-family".to_owned() };
    let application = registry.apply_for_line(&line, clock.now()).await.unwrap();
    registry.approve(&application, clock.now()).await.unwrap();
}

impl Town {
    pub(crate) async fn settled(place: &Place) -> Self {
        Self::linked(place, Link::Here).await
    }

    /// With another way from the portal to the notifiers.
    pub(crate) async fn linked(place: &Place, link: impl Fn(Notifier) -> Link) -> Self {
        let db = place.database().await;
        let clock = Clock::driven("2026-07-15T01:00:00Z".parse().unwrap());
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap();
        apply(&registry, &clock, "1310099999", LINE).await;
        apply(&registry, &clock, "2710099999", WEST_LINE).await;
        let lines = Lines::open(db.clone()).await.unwrap();
        let all = vec![
            line(Region::East, LINE, PREFIX),
            line(Region::West, WEST_LINE, WEST_PREFIX),
            line(Region::East, STRANGERS_LINE, "2408:210:cccc:1::/64"),
        ];
        lines.put(all).await.unwrap();
        let (mut carriers, mut notifiers) = (HashMap::new(), HashMap::new());
        for region in Region::ALL {
            let portal_key = known(key(PORTAL_SEED).public());
            let notifier = Notifier::with_keys(region, lines.clone(), key(seed_of(region)), portal_key);
            let carrier = Carrier { key: known(key(seed_of(region)).public()), link: link(notifier.clone()) };
            carriers.insert(region, carrier);
            notifiers.insert(hosts::line_notifier(region).name, notifier::pages::routes(notifier, clock.clone()));
        }
        let portal = Portal::with_keys(registry.clone(), key(PORTAL_SEED), carriers, Config::default(), clock.clone());
        Self { db, registry, lines, clock, portal: portal::pages::routes(portal), notifiers }
    }

    pub(crate) fn browser<'a>(&'a self, address: &str) -> Browser<'a> {
        Browser { town: self, address: address.parse().unwrap(), accept: "text/html" }
    }

    pub(crate) async fn admitted(&self, address: &str) -> bool {
        self.registry.is_admitted(address.parse().unwrap()).await.unwrap()
    }
}

/// Somebody behind a line.
pub(crate) struct Browser<'a> {
    town: &'a Town,
    pub(crate) address: IpAddr,
    pub(crate) accept: &'static str,
}

/// A page as it came.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Browser<'_> {
    pub(crate) async fn ask(&self, url: &str, form: Option<String>) -> Page {
        let (host, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
        let routes = if host == hosts::line_portal().name { &self.town.portal } else { &self.town.notifiers[host] };
        let mut request = Request::builder().uri(format!("/{path}")).header(header::HOST, host).header(header::ACCEPT, self.accept);
        if form.is_some() {
            request = request.method("POST").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(form.map_or_else(Body::empty, Body::from)).unwrap();
        let certificate = PeerCertificate::Absent;
        request.extensions_mut().insert(Caller { address: self.address, host: host.into(), certificate });
        let answer = routes.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Page { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Types the portal's address; follows it to the notifier.
    pub(crate) async fn open(&self) -> Page {
        let page = self.ask(&format!("{}/", manuals::lineauth::url()), None).await;
        match page.headers.get(header::LOCATION) {
            Some(location) => self.ask(location.to_str().unwrap(), None).await,
            None => page,
        }
    }

    /// Opens the portal and presses a button on the intent screen.
    pub(crate) async fn open_and_choose(&self, choice: &str) -> Page {
        let intent = self.open().await;
        self.press(&intent, choice).await
    }

    pub(crate) async fn press(&self, intent: &Page, choice: &str) -> Page {
        let form = format!("consent={}&choice={choice}", intent.consent());
        self.ask(&intent.between("action=\"", "\""), Some(form)).await
    }
}

impl Page {
    pub(crate) fn between(&self, start: &str, end: &str) -> String {
        let (_, rest) = self.text.split_once(start).unwrap_or_else(|| panic!("no {start} in {}", self.text));
        rest.split_once(end).unwrap().0.to_owned()
    }

    pub(crate) fn consent(&self) -> String {
        self.between("name=\"consent\" value=\"", "\"")
    }

    /// The page shows this message, whole, and no other one.
    pub(crate) fn says(&self, key: &str) {
        let message = messages::by_key(key).unwrap();
        for part in [Some(message.text), message.heading].into_iter().flatten() {
            assert!(self.text.contains(part), "expected {part:?} of {key} in {}", self.text);
        }
        if let Some(code) = message.code {
            assert!(self.text.contains(&format!("エラーコード：{code}")), "{}", self.text);
        }
        assert_eq!(messages::recognise(&self.text).map(|seen| seen.key), Some(key));
    }
}
