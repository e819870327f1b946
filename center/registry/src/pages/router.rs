//! The routers' recipes on the application portal's host: whoever sets a site up needs them before the line works.

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chassis::page::{self, Frame, Language};
use chassis::serve::Caller;
use manuals::hosts;
use recipes::page::{self as sheet, Fields, Places};

use super::Desk;
use super::views::Portal;

/// The page.
pub(super) const PAGE: &str = "/router";
/// Where a configuration is read.
pub(super) const LINT: &str = "/router/lint";
/// Longest question in bytes.
const MAX_QUESTION: usize = 4 * 1024;

const PLACES: Places<'static> = Places { page: PAGE, lint: LINT, hidden: None };

#[derive(Template)]
#[template(path = "router.html")]
struct Page {
    content: String,
}

fn shown(title: &str, content: String) -> Response {
    // The recipes are written in Japanese, as the devices' own pages are.
    let frame = Frame { language: Language::Japanese, service: hosts::application().purpose, title, form_targets: &[] };
    page::show(StatusCode::OK, &frame, &Page { content })
}

fn fields(bytes: &[u8]) -> Fields {
    form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

pub(super) async fn recipe(RawQuery(question): RawQuery) -> Response {
    let question = question.filter(|question| question.len() <= MAX_QUESTION).unwrap_or_default();
    shown("ルーターの設定", sheet::recipe(&fields(question.as_bytes()), PLACES))
}

pub(super) async fn linted(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let portal = Portal::of(&headers);
    match desk.patient(&caller, body, portal) {
        // The text is looked at and forgotten: it may hold a password that nobody meant to send.
        Ok(bytes) => shown("いまある設定を調べた結果", sheet::linted(&fields(&bytes), PLACES)),
        Err(refused) => *refused,
    }
}
