//! Decides whether a request to the console may come in: by the name it was asked under, and by the page that sent it.

use http::{HeaderMap, HeaderName, Method, header};

/// The names under which the console is asked.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Whether it changes nothing.
    safe: bool,
    /// Whether it was asked under our own name and port: a name of another site that leads here (DNS rebinding) is not ours.
    ours: bool,
    /// Whether the page that sent it is ours, as far as the browser says.
    own_page: bool,
}

impl Asked {
    pub(super) fn of(method: &Method, headers: &HeaderMap, port: u16) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let names: Vec<String> = NAMES.iter().map(|name| format!("{name}:{port}")).collect();
        let host = text(header::HOST).unwrap_or_default();
        let ours = names.iter().any(|name| name.eq_ignore_ascii_case(host));
        let origin =
            text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://").is_some_and(|named| named.eq_ignore_ascii_case(host)));
        let site = text(HeaderName::from_static("sec-fetch-site")).is_none_or(|site| matches!(site, "same-origin" | "none"));
        Self { safe: method.is_safe(), ours, own_page: origin && site }
    }

    /// Whether it is answered at all.
    pub(super) fn may_come_in(&self) -> bool {
        self.ours && (self.safe || self.own_page)
    }

    /// Whether a form may change something: sent by our own page, which alone knows the token.
    pub(super) fn may_change(&self, token: &str, right: &str) -> bool {
        self.may_come_in() && aws_lc_rs::constant_time::verify_slices_are_equal(token.as_bytes(), right.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &Method, pairs: &[(&str, &str)]) -> Asked {
        let headers = pairs.iter().map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap())).collect();
        Asked::of(method, &headers, 8480)
    }

    #[test]
    fn only_our_own_names_and_our_own_pages_come_in() {
        let own = ("host", "127.0.0.1:8480");
        assert!(asked(&Method::GET, &[own]).may_come_in());
        assert!(asked(&Method::GET, &[("host", "LOCALHOST:8480")]).may_come_in());
        // A page of another site may lead here, but not send a form.
        assert!(asked(&Method::GET, &[own, ("sec-fetch-site", "cross-site")]).may_come_in());
        for foreign in [
            [("host", "evil.example:8480"), ("accept", "*/*")],
            [("host", "127.0.0.1:9999"), ("accept", "*/*")],
            [("host", ""), ("accept", "*/*")],
        ] {
            assert!(!asked(&Method::GET, &foreign).may_come_in(), "{foreign:?}");
        }
        assert!(!asked(&Method::GET, &[]).may_come_in(), "no name at all");
        assert!(asked(&Method::POST, &[own, ("origin", "http://127.0.0.1:8480"), ("sec-fetch-site", "same-origin")]).may_come_in());
        for foreign in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "https://127.0.0.1:8480"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(!asked(&Method::POST, &[own, foreign]).may_come_in(), "{foreign:?}");
        }
    }

    #[test]
    fn a_form_without_the_token_changes_nothing() {
        let own = asked(&Method::POST, &[("host", "127.0.0.1:8480")]);
        assert!(own.may_change("right", "right") && !own.may_change("wrong", "right") && !own.may_change("", "right"));
        assert!(!asked(&Method::POST, &[("host", "evil.example:8480")]).may_change("right", "right"));
    }
}
