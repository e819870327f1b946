//! What holds of any form that a stranger sends to the authority's pages.

use std::sync::Arc;

use authority::Authority;
use authority::pages::{self, Tickets};
use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use chassis::vault::Vault;
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use manuals::certificate;
use registry::Registry;
use registry::applications::{FacilityApplication, LineApplication};
use registry::rules::effects::Begin;
use tower::ServiceExt;

const TERMINAL: std::net::IpAddr = std::net::IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
const FACILITY: &str = "1310099999";
const LINE: &str = "CAF0123456789";

/// The pages of an authority, opened by a stranger whose line is admitted.
pub struct Pages {
    runtime: tokio::runtime::Runtime,
    authority: Authority,
    pages: Router,
    _folder: tempfile::TempDir,
}

impl Pages {
    /// Opens them.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let now = Timestamp::constant(1_784_073_600, 0);
        let (authority, pages) = runtime.block_on(async {
            let db = Database::open(&format!("sqlite:{}", folder.path().join("center.db").display())).await.expect("a database");
            let config = registry::Config { forms_per_minute: u32::MAX, ..registry::Config::default() };
            let registry = Registry::open(db.clone(), config).await.expect("a registry");
            let facility = FacilityApplication {
                facility_code: FACILITY.to_owned(),
                name: "架空医院".to_owned(),
                valid_from: jiff::civil::date(2020, 4, 1),
                valid_until: None,
            };
            let facility = registry.apply_for_facility(&facility, now).await.expect("an application");
            registry.approve(&facility, now).await.expect("an approval");
            let line =
                LineApplication { facility_code: FACILITY.to_owned(), line_id: LINE.to_owned(), line_type: "next-family".to_owned() };
            let line = registry.apply_for_line(&line, now).await.expect("an application");
            registry.approve_from(&line, Begin::Now, now).await.expect("an approval");
            registry.admit(LINE, "::1/128", now).await.expect("an admission");
            let vault = Vault::open(&folder.path().join("keys"), None).expect("a vault");
            let config = authority::Config::default();
            let tickets = Arc::new(Tickets::open(&vault, config.page_minutes).expect("a key"));
            let authority = Authority::open(db, registry.clone(), &vault, folder.path(), config, now).await.expect("an authority");
            (authority.clone(), pages::routes(authority, registry, Clock::driven(now), tickets))
        });
        Self { runtime, authority, pages, _folder: folder }
    }

    fn ask(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let mut request = request;
        let host = manuals::hosts::authority().name.into();
        request.extensions_mut().insert(Caller { address: TERMINAL, host, certificate: PeerCertificate::Absent });
        self.runtime.block_on(async {
            let answer = self.pages.clone().oneshot(request).await.expect("a door always answers");
            let status = answer.status();
            (status, axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a page has an end").to_vec())
        })
    }

    /// A form with a good ticket and anything else in it ends on a page; nothing is issued, revoked or applied for.
    pub fn certificate_form(&self, bytes: &[u8]) {
        let path = &certificate::sheet().path;
        for (door, step) in [(path.download, "fetch"), (path.revoke, "next"), (path.apply, "check"), (path.renew, "submit")] {
            let (_, page) = self.ask(Request::get(door).body(Body::empty()).expect("an address"));
            let page = String::from_utf8(page).expect("a page is text");
            let ticket =
                page.split_once("name=\"ticket\" value=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(ticket, _)| ticket);
            for raw in [bytes.to_vec(), [format!("step={step}&ticket={ticket}&").as_bytes(), bytes].concat()] {
                let request = Request::post(door).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(raw));
                let (status, _) = self.ask(request.expect("an address"));
                assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{door}");
            }
        }
        self.runtime.block_on(async {
            assert!(self.authority.certificates().await.expect("the authority can answer").is_empty());
            assert!(self.authority.revocation_requests().await.expect("the authority can answer").is_empty());
            assert!(self.authority.applications().await.expect("the authority can answer").is_empty());
        });
    }
}
