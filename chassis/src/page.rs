//! The frame of every page for people: Japanese first, one style, headers that let nothing foreign in, forms that only our own pages may send.

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::style::STYLE;

/// The style's address holds its content's hash, so that browsers may keep it for ever.
static STYLE_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    let name: String = data_encoding::HEXLOWER.encode(digest.as_ref()).chars().take(16).collect();
    format!("/assets/{name}.css")
});

/// The language of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 日本語, unless the reader asks for English and for no Japanese before it.
    #[default]
    Japanese,
    /// English.
    English,
}

impl Language {
    /// What `Accept-Language` asks for: the first of Japanese and English in the order of its weights, Japanese if neither is named.
    #[must_use]
    pub fn asked(headers: &HeaderMap) -> Self {
        let text = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut wishes: Vec<(u16, Self)> = text.split(',').take(32).filter_map(wish).collect();
        // The sort is stable: of equal weights the first named wins.
        wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        wishes.first().map(|(_, language)| *language).unwrap_or_default()
    }

    /// The value of the page's `lang`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }

    /// One of two texts.
    #[must_use]
    pub fn choose<T>(self, japanese: T, english: T) -> T {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
    }
}

/// One entry of `Accept-Language` with its weight in thousandths; nothing for other languages and for weight zero.
fn wish(entry: &str) -> Option<(u16, Language)> {
    let (range, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
    let weight: f32 = weight.trim().strip_prefix("q=").and_then(|number| number.parse().ok()).unwrap_or(0.0);
    let language = match range.trim().split('-').next().unwrap_or_default() {
        "ja" => Language::Japanese,
        "en" => Language::English,
        _ => return None,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000")]
    let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    (weight > 0).then_some((weight, language))
}

/// What stands around a page's content.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The page's language.
    pub language: Language,
    /// The service, at the top of each of its pages.
    pub service: &'a str,
    /// The page's name, first in the browser's tab.
    pub title: &'a str,
    /// Other origins (`https://…`) that this page's forms lead to, directly or by redirection.
    pub form_targets: &'a [&'a str],
}

#[derive(Template)]
#[template(path = "page.html")]
struct Whole<'a> {
    lang: &'a str,
    service: &'a str,
    title: &'a str,
    style: &'a str,
    skip: &'a str,
    content: &'a str,
}

/// The page: `content` (a template of the room: what stands inside `<main>`) in its frame.
///
/// A template that cannot be rendered becomes an empty answer 500; its cause goes to the log.
#[must_use]
pub fn show(status: StatusCode, frame: &Frame<'_>, content: &impl Template) -> Response {
    let rendered = content.render().and_then(|content| {
        let skip = frame.language.choose("本文へ", "Skip to content");
        let whole = Whole {
            lang: frame.language.tag(),
            service: frame.service,
            title: frame.title,
            style: STYLE_PATH.as_str(),
            skip,
            content: &content,
        };
        whole.render()
    });
    match rendered {
        Ok(html) => (status, headers(frame), html).into_response(),
        Err(error) => {
            tracing::error!(%error, title = frame.title, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn headers(frame: &Frame<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let targets = frame.form_targets.iter().fold("'self'".to_owned(), |all, target| format!("{all} {target}"));
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    );
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(frame.language.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

/// The style that every page names: to be merged into each host's routes that has pages.
pub fn style<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(STYLE_PATH.as_str(), get(serve_style))
}

async fn serve_style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, STYLE).into_response()
}

/// A layer that refuses what changes something and was sent by a page of another origin (the browser says which in `Origin`, or in
/// `Sec-Fetch-Site`; programs that are no browser say neither).
pub async fn own_forms_only(request: Request<Body>, next: Next) -> Response {
    // Over HTTP/2 a request names its host in its address and has no `Host`.
    let asked = request.uri().authority().map(http::uri::Authority::as_str);
    let host = asked.or_else(|| request.headers().get(header::HOST)?.to_str().ok());
    if from_elsewhere(request.method(), request.headers(), host) {
        return (StatusCode::FORBIDDEN, "この画面の外から送られた申込みは受け付けません。もう一度、最初の画面から操作してください。")
            .into_response();
    }
    next.run(request).await
}

fn from_elsewhere(method: &Method, headers: &HeaderMap, host: Option<&str>) -> bool {
    if method.is_safe() {
        return false;
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), host) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, named)| !named.eq_ignore_ascii_case(host)),
        (Some(_), None) => true,
        (None, _) => text(http::HeaderName::from_static("sec-fetch-site")).is_some_and(|site| site == "cross-site"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn pages_are_japanese_unless_english_is_asked_for_first() {
        let asked = |text: &str| Language::asked(&with(header::ACCEPT_LANGUAGE, text));
        assert_eq!(Language::asked(&HeaderMap::new()), Language::Japanese);
        assert_eq!(asked("ja,en-US;q=0.8"), Language::Japanese);
        assert_eq!(asked("en-US,en;q=0.9,ja;q=0.8"), Language::English);
        assert_eq!(asked("fr, de;q=0.9"), Language::Japanese);
        assert_eq!(asked("en;q=0.1, ja;q=0.2"), Language::Japanese);
        assert_eq!(asked("en;q=0"), Language::Japanese);
        assert_eq!(asked(";;;,,,q=q"), Language::Japanese);
    }

    #[test]
    fn a_form_of_another_origin_is_refused_and_a_program_without_origin_is_not() {
        let own = Some("www.lineauth.mnw:8443");
        let mut headers = HeaderMap::new();
        assert!(!from_elsewhere(&Method::POST, &headers, own));
        headers.insert(header::ORIGIN, "https://www.lineauth.mnw:8443".parse().unwrap());
        assert!(!from_elsewhere(&Method::POST, &headers, own));
        assert!(from_elsewhere(&Method::POST, &headers, None));
        headers.insert(header::ORIGIN, "https://evil.example".parse().unwrap());
        assert!(from_elsewhere(&Method::POST, &headers, own));
        assert!(!from_elsewhere(&Method::GET, &headers, own));
        headers.insert(header::ORIGIN, "null".parse().unwrap());
        assert!(from_elsewhere(&Method::POST, &headers, own));
        assert!(from_elsewhere(&Method::POST, &with(http::HeaderName::from_static("sec-fetch-site"), "cross-site"), own));
    }

    /// A browser sends forms over HTTP/2, where the host stands in the address only.
    #[tokio::test]
    async fn a_form_of_our_own_is_taken_over_either_http() {
        let door = || Router::<()>::new().route("/", axum::routing::post(async || "in")).layer(axum::middleware::from_fn(own_forms_only));
        for (address, host, origin, wanted) in [
            ("/", Some("desk.example:8443"), "https://desk.example:8443", StatusCode::OK),
            ("https://desk.example:8443/", None, "https://desk.example:8443", StatusCode::OK),
            ("https://desk.example:8443/", None, "https://evil.example", StatusCode::FORBIDDEN),
        ] {
            let mut request = Request::post(address).header(header::ORIGIN, origin);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            let response = tower::ServiceExt::oneshot(door(), request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), wanted, "{address} {origin}");
        }
    }
}
