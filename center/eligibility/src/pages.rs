//! The door for people on the portal's host (hweb): requires the terminal's certificate and says whose it is (AC-03, CA-24).

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use chassis::clock::{self, Clock};
use chassis::page::{self, Frame, Language};
use chassis::serve::Caller;
use http::{HeaderMap, StatusCode};
use manuals::hosts;
use manuals::situation::Situation;
use registry::{Demand, Entry, Registry, door};
use wire::number::FacilityCode;

#[derive(Clone)]
struct Desk {
    registry: Registry,
    clock: Clock,
}

/// The routes of the portal's host.
pub fn routes(registry: Registry, clock: Clock) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to(hosts::paths().portal)))
        .route(hosts::paths().portal, get(begin))
        .fallback(async || door::answer(door::refusal(Situation::NotFound)))
        .with_state(Desk { registry, clock })
}

#[derive(Template)]
#[template(path = "begin.html")]
struct Begin {
    title: &'static str,
    said: &'static str,
    facts: Vec<(&'static str, String)>,
}

/// Only a terminal with a certificate that is good at this moment sees anything here: the registry is asked at every request.
const BY_CERTIFICATE: Demand = Demand { certificate: true, session: false };

async fn begin(State(desk): State<Desk>, Extension(caller): Extension<Caller>, headers: HeaderMap, _request: Request) -> Response {
    let entered = desk.registry.enter(&caller, None, BY_CERTIFICATE, desk.clock.now()).await;
    let shown = match entered {
        Ok(Ok(entry)) => desk.about(&entry, Language::asked(&headers)).await,
        Ok(Err(situation)) => return door::answer(door::refusal(situation)),
        Err(error) => Err(error),
    };
    shown.unwrap_or_else(|error| door::answer(door::failure(&error)))
}

impl Desk {
    async fn about(&self, entry: &Entry, language: Language) -> Result<Response, registry::Error> {
        let name = match FacilityCode::parse(&entry.facility_code) {
            Ok(code) => self.registry.facility(&code).await?.map(|facility| facility.name),
            Err(_) => None,
        };
        let terminals = self.registry.terminals(Some(&entry.facility_code)).await?;
        let terminal = terminals.into_iter().find(|terminal| Some(&terminal.serial) == entry.serial.as_ref());
        let mut facts = vec![
            (language.choose("医療機関コード", "Facility code"), entry.facility_code.clone()),
            (language.choose("医療機関等の名称", "Facility"), name.unwrap_or_default()),
        ];
        if let Some(terminal) = terminal {
            let until = clock::japan_date(terminal.not_after).strftime("%Y/%m/%d").to_string();
            facts.push((language.choose("端末名称等", "Terminal"), terminal.name));
            facts.push((language.choose("電子証明書有効期限", "Certificate valid until"), until));
            facts.push((language.choose("シリアル番号", "Serial number"), terminal.serial));
        }
        let content = Begin {
            title: language.choose("オンライン資格確認", "Online eligibility"),
            said: language.choose("この端末の電子証明書を確認しました。", "This terminal's certificate is good."),
            facts,
        };
        let frame = Frame { language, service: hosts::portal().purpose, title: content.title, form_targets: &[] };
        Ok(page::show(StatusCode::OK, &frame, &content))
    }
}
