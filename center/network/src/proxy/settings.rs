//! Says how a terminal is set to the proxy: as pages, as the automatic configuration script, and as data for programs (PX-01 to PX-04).

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::clock::{self, Clock};
use chassis::page::{self, Frame, Language};
use http::{StatusCode, header};
use jiff::Timestamp;
use manuals::proxy::Destination;
use serde_json::{Value, json};

use super::rules::{SERVICE, said};
use crate::snapshot::{Latest, View};

/// The service's name at the top of its pages.
pub(crate) const TITLE: &str = "配信拠点のプロキシサーバー";

/// Everything a terminal is set to, for programs: the manuals' fixed values.
#[must_use]
pub fn fixed() -> Value {
    let (host, sheet) = (manuals::proxy::address(), manuals::proxy::sheet());
    json!({
        "proxy": { "host": host.name, "port": host.port },
        "bypass": sheet.bypass,
        "bypass_text": manuals::proxy::bypass_text(),
        "winhttp": {
            "import_command": sheet.import_command,
            "show_command": sheet.show_command,
            "display": manuals::proxy::winhttp_display(),
        },
        "pac": format!("http://{}:{}/proxy.pac", host.name, host.port),
        "check_while_closed": manuals::proxy::check_while_closed().name,
    })
}

#[derive(Clone)]
struct Desk {
    latest: Latest,
    clock: Clock,
}

/// The proxy's own pages.
pub(crate) fn routes(latest: Latest, clock: Clock) -> Router {
    Router::new()
        .route("/", get(shown))
        .route("/settings.json", get(data))
        .route("/proxy.pac", get(script))
        .route("/wpad.dat", get(script))
        .route("/bypass.txt", get(async || plain(manuals::proxy::bypass_text())))
        .route("/winhttp.txt", get(async || plain(manuals::proxy::winhttp_display())))
        .with_state(Desk { latest, clock })
        .merge(page::style())
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{text}\n")).into_response()
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "application/x-ns-proxy-autoconfig"), (header::CACHE_CONTROL, "max-age=3600")], manuals::proxy::pac())
        .into_response()
}

fn view(desk: &Desk) -> (Option<Arc<View>>, Timestamp) {
    (desk.latest.borrow().clone(), desk.clock.now())
}

async fn data(State(desk): State<Desk>) -> Response {
    let (view, now) = view(&desk);
    let mut settings = fixed();
    if let (Some(view), Some(object)) = (view, settings.as_object_mut()) {
        let closures = view.closures(SERVICE, now);
        let closures = closures.map(|closure| json!({ "from": closure.begins_at, "until": closure.ends_at, "reason": closure.reason }));
        object.insert("closures".to_owned(), closures.collect());
        object.insert("closed_until".to_owned(), json!(view.closed_until(SERVICE, now)));
    }
    axum::Json(settings).into_response()
}

/// A closure as people read it.
struct Night {
    from: String,
    until: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings<'a> {
    host: &'a str,
    port: u16,
    bypass: String,
    import: &'a str,
    show: &'a str,
    display: String,
    reopens: Option<String>,
    closures: Vec<Night>,
    destinations: &'a [Destination],
}

async fn shown(State(desk): State<Desk>) -> Response {
    let (view, now) = view(&desk);
    let (host, sheet) = (manuals::proxy::address(), manuals::proxy::sheet());
    let japan = |at: Timestamp| said(clock::japan(at));
    let nights = view.iter().flat_map(|view| {
        view.closures(SERVICE, now).map(|closure| Night {
            from: japan(closure.begins_at),
            until: japan(closure.ends_at),
            reason: closure.reason.clone(),
        })
    });
    let settings = Settings {
        host: host.name,
        port: host.port,
        bypass: manuals::proxy::bypass_text(),
        import: sheet.import_command,
        show: sheet.show_command,
        display: manuals::proxy::winhttp_display(),
        reopens: view.as_ref().and_then(|view| view.closed_until(SERVICE, now)).map(japan),
        closures: nights.collect(),
        destinations: &sheet.destination,
    };
    let frame = Frame { language: Language::Japanese, service: TITLE, title: "プロキシの設定", form_targets: &[] };
    page::show(StatusCode::OK, &frame, &settings)
}
