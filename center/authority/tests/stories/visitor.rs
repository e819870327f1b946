//! Somebody at the authority's pages: opens them, fills forms and presses buttons, as a browser would, and an operator at the console.

use std::collections::BTreeMap;
use std::sync::Arc;

use authority::pages::{self, Tickets};
use authority::{Authority, Config, Notice, console};
use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::lease::Leases;
use chassis::mail::{self, Outbox, Post, text_of};
use chassis::serve::Caller;
use chassis::testing::Place;
use chassis::tls::PeerCertificate;
use chassis::vault::Vault;
use http::{HeaderMap, Request, StatusCode, header};
use manuals::{certificate, hosts};
use registry::applications::{FacilityApplication, LineApplication};
use registry::{Registry, door};
use secrecy::ExposeSecret;
use tower::ServiceExt;
use wire::number::FacilityCode;

use crate::town::{CODE, now};

pub(crate) const MAIL: &str = "taro@example.jp";
const LINE: &str = "CAF0123456789";
const PREFIX: &str = "2408:210:aaaa:bb00::/56";
const AT_HOME: &str = "2408:210:aaaa:bb00::1234";

/// The pages of one center, and whoever looks at them.
pub(crate) struct Visitor {
    pub(crate) authority: Authority,
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    pages: Router,
    console: Router,
    post: Post,
    /// The caller's address.
    pub(crate) from: String,
    /// The serial number of the certificate that is shown.
    pub(crate) shows: Option<String>,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// What stands as a hidden field, in the form with this button.
    fn hidden(&self, button: &str) -> BTreeMap<String, String> {
        let text = self.text();
        let end = text.find(&format!("value=\"{button}\"")).unwrap_or_else(|| panic!("no button {button}: {text}"));
        let form = &text[text[..end].rfind("<form").unwrap()..end];
        let field = |line: &str| {
            let (_, rest) = line.split_once("<input type=\"hidden\" name=\"")?;
            let (name, rest) = rest.split_once("\" value=\"")?;
            Some((name.to_owned(), rest.split_once('"')?.0.replace("&#38;", "&").replace("&#10;", "\n")))
        };
        form.split('>').filter_map(field).collect()
    }

    /// What stands beside a label.
    pub(crate) fn fact(&self, label: &str) -> String {
        let text = self.text();
        let rest = text.split_once(&format!("<dt>{label}</dt>")).unwrap_or_else(|| panic!("no {label}: {text}")).1;
        rest.split_once("<dd>").unwrap().1.split_once("</dd>").unwrap().0.to_owned()
    }

    /// What is said to be wrong with a field.
    pub(crate) fn mistake(&self, field: &str) -> String {
        let text = self.text();
        let beside = text.split_once(&format!("id=\"{field}-about\"")).unwrap_or_else(|| panic!("nothing beside {field}: {text}")).1;
        beside.split_once("<p class=\"mistake\">").unwrap().1.split_once("</p>").unwrap().0.to_owned()
    }

    pub(crate) fn is_session_over(&self) -> bool {
        let text = self.text();
        text.contains("<h1>セッション無効</h1>") && text.contains("セッションがタイムアウトしました。最初のページに戻ってください。")
    }
}

impl Visitor {
    pub(crate) async fn begin(place: &Place) -> Self {
        Self::with(place, Config::default()).await
    }

    /// A center with one facility whose line is admitted.
    pub(crate) async fn with(place: &Place, config: Config) -> Self {
        let db = place.database().await;
        let mail = mail::Config::default();
        let outbox = Outbox::open(db.clone(), &mail).await.unwrap();
        let post = Post::open(outbox.clone(), Leases::open(db.clone()).await.unwrap(), &mail, &place.folder.path().join("mail")).unwrap();
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap().with_outbox(outbox);
        let facility = FacilityApplication {
            facility_code: CODE.to_owned(),
            name: "架空医院".to_owned(),
            valid_from: jiff::civil::date(2020, 4, 1),
            valid_until: None,
        };
        let line = LineApplication { facility_code: CODE.to_owned(), line_id: LINE.to_owned(), line_type: "next-family".to_owned() };
        let facility = registry.apply_for_facility(&facility, now()).await.unwrap();
        registry.approve(&facility, now()).await.unwrap();
        let line = registry.apply_for_line(&line, now()).await.unwrap();
        registry.approve_from(&line, registry::rules::effects::Begin::Now, now()).await.unwrap();
        registry.admit(LINE, PREFIX, now()).await.unwrap();
        let vault = Vault::open(&place.folder.path().join("keys"), None).unwrap();
        let config = Config { demonstration: true, guesses: 3, ..config };
        let tickets = Arc::new(Tickets::open(&vault, config.page_minutes).unwrap());
        let folder = place.folder.path().join("certificates");
        let authority = Authority::open(db, registry.clone(), &vault, &folder, config, now()).await.unwrap();
        let clock = Clock::driven(now());
        let pages = pages::routes(authority.clone(), registry.clone(), clock.clone(), Arc::clone(&tickets));
        let pages = door::before(registry.clone(), pages);
        let console = console::routes(authority.clone(), clock.clone(), tickets);
        Self { authority, registry, clock, pages, console, post, from: AT_HOME.to_owned(), shows: None }
    }

    pub(crate) async fn notice(&self) -> Notice {
        self.authority.notice(&FacilityCode::parse(CODE).unwrap(), "受付端末", self.clock.now()).await.unwrap()
    }

    /// A terminal with its certificate, which it shows from now on; the answer is the notice.
    pub(crate) async fn fetches(&mut self) -> Notice {
        let notice = self.notice().await;
        let asked = self.open(certificate::sheet().path.download).await;
        let file = self.send(certificate::sheet().path.download, &asked, "fetch", &fields(&notice)).await;
        assert_eq!(file.status, StatusCode::OK, "{}", file.text());
        let made = self.authority.certificates().await.unwrap();
        self.shows = made.into_iter().find(|made| made.request_id == notice.request_id).map(|made| made.serial);
        notice
    }

    async fn ask(&self, router: &Router, path: &str, body: Option<String>, accept: &str) -> Page {
        let host = hosts::authority().name;
        let mut request = Request::builder().uri(path).header(header::HOST, host).header(header::ACCEPT, accept);
        if body.is_some() {
            request = request.method("POST").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        let certificate = match &self.shows {
            Some(serial) => PeerCertificate::Trusted { serial: serial.as_str().into() },
            None => PeerCertificate::Absent,
        };
        request.extensions_mut().insert(Caller { address: self.from.parse().unwrap(), host: host.into(), certificate });
        let response = router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec();
        Page { status, headers, bytes }
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Page {
        self.ask(&self.pages, path, None, "text/html").await
    }

    /// Asks for a page as a program does.
    pub(crate) async fn asks(&self, path: &str) -> Page {
        self.ask(&self.pages, path, None, "*/*").await
    }

    /// Fills the form of a page and presses a button.
    pub(crate) async fn send(&self, path: &str, page: &Page, button: &str, fields: &[(&str, &str)]) -> Page {
        self.ask(&self.pages, path, Some(body(page.hidden(button), button, fields)), "text/html").await
    }

    /// Sends bytes that no page of ours would.
    pub(crate) async fn send_raw(&self, path: &str, raw: &str) -> Page {
        self.ask(&self.pages, path, Some(raw.to_owned()), "text/html").await
    }

    /// An operator opens a page.
    pub(crate) async fn look(&self, path: &str) -> Page {
        self.ask(&self.console, path, None, "text/html").await
    }

    /// An operator presses a button.
    pub(crate) async fn decide(&self, path: &str, page: &Page, button: &str, fields: &[(&str, &str)]) -> Page {
        self.ask(&self.console, path, Some(body(page.hidden(button), button, fields)), "text/html").await
    }

    /// The mails that have come, as text.
    pub(crate) async fn letters(&self) -> Vec<String> {
        self.post.deliver_due(&self.clock).await.unwrap();
        let mut letters = Vec::new();
        for kept in self.post.outbox().list().await.unwrap() {
            assert_eq!((kept.state.as_str(), kept.to.as_str()), ("sent", MAIL));
            letters.push(format!("{}\n{}", kept.subject, text_of(&self.post.read(&kept.mail_id).await.unwrap().unwrap()).unwrap()));
        }
        letters
    }
}

fn body(mut all: BTreeMap<String, String>, button: &str, fields: &[(&str, &str)]) -> String {
    all.insert("step".to_owned(), button.to_owned());
    all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(&all);
    text.finish()
}

/// The retrieval form, filled right.
pub(crate) fn fields(notice: &Notice) -> Vec<(&'static str, &str)> {
    vec![
        ("request_id", notice.request_id.as_str()),
        ("reference_id", notice.reference_id.expose_secret()),
        ("password", "4071"),
        ("password_again", "4071"),
    ]
}
