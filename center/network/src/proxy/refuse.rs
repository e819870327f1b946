//! Tells a caller why it is refused, what to do, and when to come again: as a page, as data, or as plain text.

use std::net::IpAddr;

use askama::Template;
use axum::response::{IntoResponse, Response};
use chassis::page::{self, Frame, Language};
use chassis::{clock, incident};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use manuals::situation::Situation;
use serde_json::json;

use super::reach::Unreached;
use super::rules::{Refusal, said};
use super::settings::TITLE;

/// Seconds after which it is worth coming again where nobody knows better.
const SOON: i64 = 10;

/// A caller and what it wanted.
pub(crate) struct Asked<'a> {
    /// The caller's address.
    pub(crate) caller: IpAddr,
    /// What it asked for.
    pub(crate) request: &'a Request<Incoming>,
    /// The time.
    pub(crate) now: Timestamp,
}

impl Asked<'_> {
    fn host(&self) -> Option<&str> {
        self.request.uri().authority().map(http::uri::Authority::as_str)
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    title: &'a str,
    desk: &'a str,
    vendor: &'a str,
    reopens: Option<String>,
    portal: Option<&'a str>,
    entry: Option<&'a str>,
    host: Option<&'a str>,
    caller: String,
    code: &'a str,
    incident: &'a str,
    owner: &'a str,
}

/// The answer to who is refused; the reason goes to the log under the incident number.
pub(crate) fn refused(refusal: &Refusal, asked: &Asked<'_>) -> Response {
    let proxy_status = match refusal.situation() {
        Situation::ProxyClosed | Situation::ProxyListStale => "destination_unavailable",
        Situation::ProxyBusy => "connection_limit_reached",
        Situation::MalformedMessage => "http_request_error",
        _ => "http_request_denied",
    };
    answer(refusal, proxy_status, asked)
}

/// The answer when a host of the list was not reached.
pub(crate) fn unreached(error: &Unreached, asked: &Asked<'_>) -> Response {
    tracing::warn!(host = asked.host().unwrap_or_default(), %error, "a host of the list was not reached");
    answer(&Refusal::Plain(Situation::ProxyHostUnreachable), error.proxy_status(), asked)
}

fn answer(refusal: &Refusal, proxy_status: &str, asked: &Asked<'_>) -> Response {
    let situation = refusal.situation();
    let (text, incident) = (situation.get(), incident::number());
    tracing::info!(%incident, situation = situation.key(), caller = %asked.caller, host = asked.host().unwrap_or_default(), "refused");
    metrics::counter!("onshi_refusals_total", "situation" => situation.key()).increment(1);
    let until = match refusal {
        Refusal::Closed(until) => Some(*until),
        _ => None,
    };
    let entry = match refusal {
        Refusal::NotBypassed(entry) => Some(*entry),
        _ => None,
    };
    let said = Refused {
        title: title(situation),
        desk: text.desk,
        vendor: text.vendor,
        reopens: until.map(|until| said(clock::japan(until))),
        portal: (situation == Situation::UnadmittedLine).then(|| manuals::hosts::line_portal().name),
        entry,
        host: asked.host(),
        caller: asked.caller.to_string(),
        code: text.code,
        incident: &incident,
        owner: text.owner.label(),
    };
    let status = StatusCode::from_u16(text.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = match wanted(asked.request.headers()) {
        Wanted::Page => {
            let frame = Frame { language: Language::Japanese, service: TITLE, title: said.title, form_targets: &[] };
            page::show(status, &frame, &said)
        }
        Wanted::Data => (status, axum::Json(data(&said, until))).into_response(),
        Wanted::Text => (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], plain(&said)).into_response(),
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(HeaderName::from_static(wire::header::INCIDENT), incident.clone());
    let details = format!("{}; error={proxy_status}; details=\"{}\"", manuals::proxy::address().name, text.code);
    set(HeaderName::from_static("proxy-status"), details);
    if let Some(until) = until {
        set(HeaderName::from_static(wire::header::REOPENS_AT), until.to_string());
    }
    match (until, status) {
        // At least a second: zero would mean at once.
        (Some(until), _) => set(header::RETRY_AFTER, until.duration_since(asked.now).as_secs().max(1).to_string()),
        (None, StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY) => set(header::RETRY_AFTER, SOON.to_string()),
        _ => {}
    }
    if situation == Situation::MethodNotAllowed {
        set(header::ALLOW, "CONNECT, GET, HEAD".to_owned());
    }
    response
}

fn title(situation: Situation) -> &'static str {
    match situation {
        Situation::UnadmittedLine => "この回線はまだ利用の確認が済んでいません",
        Situation::ProxyClosed => "プロキシサーバーは閉塞中です",
        Situation::ProxyHostRefused => "この宛先にはつなげません",
        Situation::ProxyBypassMissing => "端末の設定に不足があります",
        Situation::ProxyBusy => "混み合っています",
        Situation::ProxyHostUnreachable => "配信元につながりません",
        Situation::ProxyListStale => "いまは利用できません",
        _ => "この要求は受け付けられません",
    }
}

enum Wanted {
    Page,
    Data,
    Text,
}

/// Browsers name HTML, programs JSON; who names neither is shown text: it is read in a log or on a terminal.
fn wanted(headers: &HeaderMap) -> Wanted {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match (accepts.contains("text/html"), accepts.contains("application/json")) {
        (true, _) => Wanted::Page,
        (false, true) => Wanted::Data,
        (false, false) => Wanted::Text,
    }
}

fn data(said: &Refused<'_>, until: Option<Timestamp>) -> serde_json::Value {
    json!({
        "code": said.code, "message": said.desk, "vendor_message": said.vendor, "incident": said.incident, "reopens_at": until,
        "missing_bypass_entry": said.entry,
    })
}

fn plain(said: &Refused<'_>) -> String {
    let mut lines = vec![said.title.to_owned(), said.desk.to_owned()];
    lines.extend(said.reopens.as_ref().map(|reopens| format!("再開の予定: {reopens}（日本時間）")));
    lines.extend(said.portal.map(|portal| format!("回線認証の画面: https://{portal}/")));
    lines.push(format!("システムベンダーの方へ: {}", said.vendor));
    lines.extend(said.entry.map(|entry| format!("不足しているアドレス: {entry}")));
    lines.push(format!("コード: {}  インシデント番号: {}  担当: {}", said.code, said.incident, said.owner));
    lines.join("\n") + "\n"
}
