//! The pages that several doors show: a session that is over, a form too many, and what is said around certificates.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::clock;
use chassis::page::Language;
use jiff::Timestamp;
use manuals::{hosts, messages};

use super::sheet::{Part, Sheet};

/// A page of the authority.
pub(crate) fn show(l: Language, status: StatusCode, title: &str, parts: Vec<Part>) -> Response {
    Sheet { l, title, mistakes: &[], parts }.show(status, hosts::authority().purpose)
}

/// セッション無効 (CA-29): the way back is the first page of the door.
pub(crate) fn session_over(l: Language, first_page: &str) -> Response {
    let Some(message) = messages::by_key("certificate-session-over") else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut lines = vec![message.text.to_owned()];
    if l == Language::English {
        lines.push("The session is over. Go back to the first page.".to_owned());
    }
    let parts = vec![
        Part::said("error", lines),
        Part::links(vec![(first_page.to_owned(), l.choose("最初のページへ", "To the first page").to_owned())]),
    ];
    show(l, StatusCode::FORBIDDEN, message.heading.unwrap_or_default(), parts)
}

/// Somebody sends forms faster than people do.
pub(crate) fn wait(l: Language, seconds: i64) -> Response {
    let line = l.choose(
        format!("短い間に多くの入力がありました。{seconds} 秒ほど待って、もう一度送ってください。"),
        format!("Too many forms in a short time. Send it again in {seconds} seconds."),
    );
    let title = l.choose("少しお待ちください", "Please wait");
    let page = show(l, StatusCode::TOO_MANY_REQUESTS, title, vec![Part::said("error", [line])]);
    ([(header::RETRY_AFTER, HeaderValue::from(seconds))], page).into_response()
}

/// A day as the notice writes it.
pub(crate) fn day(at: Timestamp) -> String {
    clock::japan_date(at).strftime("%Y/%m/%d").to_string()
}
