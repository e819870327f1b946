//! A registry with one facility, its line, its terminal and its program, as most stories begin.

use chassis::serve::Caller;
use chassis::testing::Place;
use chassis::tls::PeerCertificate;
use jiff::{SignedDuration, Timestamp};
use registry::applications::{FacilityApplication, LineApplication};
use registry::{Config, Registry, Terminal};
use secrecy::SecretString;
use wire::number::FacilityCode;

pub(crate) const CODE: &str = "1310099999";
pub(crate) const LINE: &str = "CAF0123456789";
pub(crate) const SERIAL: &str = "4a11";
pub(crate) const PREFIX: &str = "2408:210:aaaa:bb00::/64";

/// A moment in July 2026.
pub(crate) fn now() -> Timestamp {
    "2026-07-15T00:00:00Z".parse().unwrap()
}

pub(crate) async fn empty(place: &Place) -> Registry {
    Registry::open(place.database().await, Config { login_failures: 3, ..Config::default() }).await.unwrap()
}

pub(crate) fn facility(code: &str) -> FacilityApplication {
    FacilityApplication {
        facility_code: code.to_owned(),
        name: "架空クリニック".to_owned(),
        valid_from: jiff::civil::date(2020, 4, 1),
        valid_until: None,
    }
}

pub(crate) fn line(code: &str, line_id: &str) -> LineApplication {
    LineApplication { facility_code: code.to_owned(), line_id: line_id.to_owned(), line_type: "next-family".to_owned() }
}

/// Everything a clinic needs, and the program's account.
pub(crate) async fn settled(place: &Place) -> (Registry, String, SecretString) {
    let registry = empty(place).await;
    let application = registry.apply_for_facility(&facility(CODE), now()).await.unwrap();
    registry.approve(&application, now()).await.unwrap();
    let application = registry.apply_for_line(&line(CODE, LINE), now()).await.unwrap();
    registry.approve(&application, now()).await.unwrap();
    registry.admit(LINE, PREFIX, now()).await.unwrap();
    let terminal = Terminal {
        serial: SERIAL.to_owned(),
        facility_code: CODE.to_owned(),
        name: "受付".to_owned(),
        not_after: now() + SignedDuration::from_hours(24),
        blocked: false,
    };
    registry.enrol_terminal(&terminal, now()).await.unwrap();
    let (account, password) = registry.create_account(&FacilityCode::parse(CODE).unwrap(), "0", now()).await.unwrap();
    (registry, account, password)
}

/// A caller from the admitted line with the terminal's certificate.
pub(crate) fn caller() -> Caller {
    Caller {
        address: "2408:210:aaaa:bb00::1234".parse().unwrap(),
        host: "host".into(),
        certificate: PeerCertificate::Trusted { serial: SERIAL.into() },
    }
}
