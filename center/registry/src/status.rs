//! The center's status page, open to everybody on the closed network, admitted or not: the same for programs and for people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::clock::{self, Clock};
use chassis::page::{self, Frame, Language};
use jiff::Timestamp;
use manuals::hosts;
use manuals::support::{self, DeskState};
use wire::snapshot::Closure;
use wire::status::{Health, Repairer, STATUS_PAGE, STATUS_PATH, Status, Trouble};

use crate::Registry;
use crate::rules::status::{Seen, status};

/// A status this old is made anew: however many ask, the database is asked no more often.
const LASTS: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
/// As long as the database may take to show that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a status is made of.
#[derive(Clone)]
struct Desk {
    registry: Registry,
    clock: Clock,
    served: Arc<[&'static str]>,
    last: Arc<Mutex<Option<Arc<Known>>>>,
}

/// The last status, and what it was made of: a database that is away does not make announcements forgotten.
struct Known {
    status: Status,
    closures: Vec<Closure>,
    troubles: Vec<Trouble>,
}

/// The routes, to be merged into those of the line portal's host. `served` are the keys of the hosts that this process serves.
pub fn routes(registry: Registry, clock: Clock, served: &[&'static str]) -> Router {
    let desk = Desk { registry, clock, served: served.into(), last: Arc::default() };
    Router::new().route(STATUS_PATH, get(for_programs)).route(STATUS_PAGE, get(for_people)).with_state(desk)
}

impl Desk {
    async fn known(&self) -> Arc<Known> {
        let now = self.clock.now();
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = |known: &&Arc<Known>| now.duration_since(known.status.at).abs() < LASTS;
        if let Some(known) = last.as_ref().filter(fresh) {
            return known.clone();
        }
        let asked = tokio::time::timeout(PATIENCE, async {
            Ok::<_, crate::Error>((self.registry.closures(now).await?, self.registry.troubles(now).await?))
        });
        let (ready, closures, troubles) = match asked.await {
            Ok(Ok((closures, troubles))) => (true, closures, troubles),
            Ok(Err(_)) | Err(_) => {
                tracing::error!("the database gives no answer to the status page");
                let (closures, troubles) = last.map(|known| (known.closures.clone(), known.troubles.clone())).unwrap_or_default();
                (false, closures, troubles)
            }
        };
        let seen = Seen { served: self.served.to_vec(), ready };
        let known = Arc::new(Known { status: status(now, &seen, &closures, &troubles), closures, troubles });
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        known
    }
}

async fn for_programs(State(desk): State<Desk>) -> Response {
    let known = desk.known().await;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, known.status.write()).into_response()
}

/// An announcement as it is read.
struct Shown {
    text: String,
    when: String,
    whom: String,
}

#[derive(Template)]
#[template(path = "status.html")]
struct Page {
    l: Language,
    at: String,
    class: &'static str,
    summary: &'static str,
    troubles: Vec<Shown>,
    services: Vec<(&'static str, String)>,
    closures: Vec<String>,
    desk: String,
}

async fn for_people(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let known = desk.known().await;
    let status = &known.status;
    let troubled = status.services.iter().any(|service| service.health == Health::Troubled);
    let (class, summary) = if troubled {
        (
            "error",
            l.choose(
                "センターに障害が起きています。医療機関側で直すものはありません。",
                "The center has a trouble. There is nothing to mend at your site.",
            ),
        )
    } else if !status.troubles.is_empty() {
        ("warning", l.choose("お知らせがあります。", "There is an announcement."))
    } else {
        ("success", l.choose("センターは動いています。", "The center is working."))
    };
    let page = Page {
        l,
        at: moment(status.at),
        class,
        summary,
        troubles: status.troubles.iter().map(|trouble| shown(trouble, l)).collect(),
        services: services(status, l),
        closures: status.closures.iter().map(|closure| told(closure, l)).collect(),
        desk: support_desk(status.at, l),
    };
    let title = l.choose("センターの状況", "How the center is");
    let frame = Frame { language: l, service: hosts::line_portal().purpose, title, form_targets: &[] };
    page::show(StatusCode::OK, &frame, &page)
}

fn moment(at: Timestamp) -> String {
    clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn services(status: &Status, l: Language) -> Vec<(&'static str, String)> {
    let known = hosts::all();
    let named = status.services.iter().filter(|service| service.health != Health::Unknown);
    let rows = named.filter_map(|service| {
        let (_, host) = known.iter().find(|(key, _)| *key == service.service)?;
        let state = match (service.health, service.closed_until) {
            (Health::Closed, Some(until)) => format!("{} {}", l.choose("閉塞中。再開は", "Closed. It opens again at"), moment(until)),
            (Health::Closed, None) => l.choose("閉塞中", "Closed").to_owned(),
            (Health::Troubled, _) => l.choose("障害が起きています", "Has a trouble").to_owned(),
            (Health::Working | Health::Unknown, _) => l.choose("動いています", "Works").to_owned(),
        };
        Some((host.purpose, state))
    });
    rows.collect()
}

fn shown(trouble: &Trouble, l: Language) -> Shown {
    let until = trouble.ends_at.map_or_else(|| l.choose("終わりは未定", "no end known").to_owned(), moment);
    let regions: Vec<&str> = trouble.regions.iter().map(|region| l.choose(region.label(), region.key())).collect();
    let place = if regions.is_empty() { l.choose("全国", "everywhere").to_owned() } else { regions.join("・") };
    let whom = match trouble.repairer {
        Repairer::Center => l.choose(
            "センターが直しています。医療機関側で直すものはありません。",
            "The center is mending it; there is nothing to mend at your site.",
        ),
        Repairer::Carrier => l.choose(
            "回線の会社が直しています。医療機関側で直すものはありません。",
            "The carrier is mending it; there is nothing to mend at your site.",
        ),
        Repairer::Other => l.choose("ほかの組織が直しています。", "Another organisation is mending it."),
    };
    Shown { text: trouble.text.clone(), when: format!("{}～{until}（{place}）", moment(trouble.begins_at)), whom: whom.to_owned() }
}

fn told(closure: &Closure, l: Language) -> String {
    let purpose = hosts::all().into_iter().find(|(key, _)| *key == closure.service).map_or("", |(_, host)| host.purpose);
    let colon = l.choose("：", ": ");
    format!("{purpose}{colon}{}～{} {}", moment(closure.begins_at), moment(closure.ends_at), closure.reason)
}

fn support_desk(at: Timestamp, l: Language) -> String {
    let sheet = support::sheet();
    let state = match support::desk_state(clock::japan(at)) {
        DeskState::Open { until } => format!("{} {}", l.choose("受付中。終わりは", "open until"), until.strftime("%Y-%m-%d %H:%M")),
        DeskState::Closed { opens } => {
            format!("{} {}", l.choose("受付時間外。次の受付は", "closed; opens"), opens.strftime("%Y-%m-%d %H:%M"))
        }
    };
    format!("{} {}（{state}）", sheet.name, sheet.phone)
}
