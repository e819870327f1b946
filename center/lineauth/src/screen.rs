//! The pages of portal and notifier: the manuals' words for people, the same as JSON for programs.

use std::net::IpAddr;

use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::page::{self, Frame, Language};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use manuals::messages::{self, Message};
use manuals::{hosts, lineauth};
use registry::origin::Around;
use wire::line::{Next, Screen};

/// How a line authentication ended, or why it did not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// LA-05
    Success,
    /// LA-12, LA-18
    Already,
    /// LA-06
    NotWished,
    /// LA-07
    BackButton,
    /// LA-08, with the hop that was late
    NoAnswer { stage: &'static str },
    /// LA-09
    Failed,
    /// LA-10
    SystemError,
    /// LA-11
    TryLater,
    /// LA-14
    Ineligible,
    /// LA-15
    WorkUnfinished,
}

impl Outcome {
    pub(crate) fn no_answer(stage: &'static str) -> Self {
        Self::NoAnswer { stage }
    }

    /// The message's key in `manuals`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Success => "line-success",
            Self::Already => "line-already",
            Self::NotWished => "line-not-wished",
            Self::BackButton => "line-back-button",
            Self::NoAnswer { .. } => "line-no-answer",
            Self::Failed => "line-failed",
            Self::SystemError => "line-system-error",
            Self::TryLater => "line-try-later",
            Self::Ineligible => "line-ineligible",
            Self::WorkUnfinished => "line-work-unfinished",
        }
    }

    pub(crate) fn message(self) -> Option<&'static Message> {
        messages::by_key(self.key())
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Success | Self::Already => StatusCode::OK,
            Self::NotWished | Self::Failed | Self::Ineligible | Self::WorkUnfinished => StatusCode::FORBIDDEN,
            Self::BackButton => StatusCode::BAD_REQUEST,
            Self::NoAnswer { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::SystemError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TryLater => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The same in English, beside the Japanese text that support asks for.
    fn english(self) -> &'static str {
        match self {
            Self::Success => "The line has been authenticated. You may close this page.",
            Self::Already => {
                "This line is already authenticated. If something does not open, the fault lies behind the line: call support."
            }
            Self::NotWished => "You chose not to be authenticated. Open the portal again and choose 希望する (I wish).",
            Self::BackButton => "Begin at the portal of line authentication.",
            Self::NoAnswer { .. } => "There was no answer in time. Try again in a while.",
            Self::Failed => "The line could not be matched with an application.",
            Self::SystemError => "The portal has a fault.",
            Self::TryLater => "Try again in a while.",
            Self::Ineligible => "A line of this kind cannot be used.",
            Self::WorkUnfinished => "The works on this line are not registered as finished.",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Success | Self::Already => "success",
            Self::BackButton | Self::NotWished | Self::TryLater => "warning",
            _ => "error",
        }
    }
}

/// Who looks at a page, and from where.
pub(crate) struct View {
    language: Language,
    wants_json: bool,
    address: IpAddr,
    at: String,
    around: Around,
    service: &'static str,
}

impl View {
    pub(crate) fn of(request: &Request, host: &'static hosts::Host, address: IpAddr, now: Timestamp) -> Self {
        Self {
            language: Language::asked(request.headers()),
            wants_json: wants_json(request.headers()),
            address,
            at: chassis::clock::japan(now).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            around: Around::of(request, host.name),
            service: host.purpose,
        }
    }

    pub(crate) fn around(&self) -> &Around {
        &self.around
    }

    fn portal(&self) -> String {
        format!("{}/", self.around.origin(hosts::line_portal()))
    }

    /// The page on which a flow ends.
    pub(crate) fn say(&self, outcome: Outcome) -> Response {
        let Some(message) = outcome.message() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let stage = match outcome {
            Outcome::NoAnswer { stage } => Some(stage),
            _ => None,
        };
        if self.wants_json {
            return json(outcome.status(), &self.screen(message, stage, None));
        }
        let portal = self.portal();
        let content = Said {
            message,
            // One text carries its code within itself.
            code: message.code.filter(|code| !message.text.contains(code)),
            kind: outcome.kind(),
            english: self.language.choose(None, Some(outcome.english())),
            owner: message.owner.map(manuals::situation::Owner::label),
            ready: message.owner.map(|_| lineauth::sheet().ready_for_support.as_slice()).unwrap_or_default(),
            address: self.address,
            at: &self.at,
            portal: (outcome != Outcome::Success).then_some(portal.as_str()),
        };
        page::show(outcome.status(), &self.frame("回線認証の結果", &[]), &content)
    }

    /// The intent screen (通知意思確認画面, LA-04): its form goes to the portal.
    pub(crate) fn intent(&self, return_to: String, consent: String) -> Response {
        let find = |key| messages::by_key(key);
        let (Some(intent), Some(wish), Some(no_wish)) = (find("line-intent"), find("line-wish"), find("line-no-wish")) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        if self.wants_json {
            return json(StatusCode::OK, &self.screen(intent, None, Some(Next { url: return_to, consent: Some(consent) })));
        }
        let english = self.language == Language::English;
        let content =
            Intent { title: intent.text, wish: wish.text, no_wish: no_wish.text, return_to: &return_to, consent: &consent, english };
        let target = self.around.origin(hosts::line_portal());
        page::show(StatusCode::OK, &self.frame(intent.text, &[target.as_str()]), &content)
    }

    /// On to the notifier: by redirection for a browser, in words for a program.
    pub(crate) fn go_on(&self, url: String) -> Response {
        let location = HeaderValue::from_str(&url).ok();
        match (self.wants_json, location, messages::by_key("line-intent")) {
            (true, _, Some(intent)) => json(StatusCode::OK, &self.screen(intent, None, Some(Next { url, consent: None }))),
            (false, Some(location), _) => {
                let no_store = HeaderValue::from_static("no-store");
                (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, no_store)]).into_response()
            }
            _ => self.say(Outcome::SystemError),
        }
    }

    fn screen(&self, message: &Message, stage: Option<&str>, next: Option<Next>) -> Screen {
        Screen {
            key: message.key.to_owned(),
            heading: message.heading.map(str::to_owned),
            text: message.text.to_owned(),
            code: message.code.map(str::to_owned),
            todo: message.todo.map(str::to_owned),
            owner: message.owner.map(|owner| owner.label().to_owned()),
            stage: stage.map(str::to_owned),
            address: self.address.to_string(),
            at: self.at.clone(),
            next,
        }
    }

    fn frame<'a>(&self, title: &'a str, form_targets: &'a [&'a str]) -> Frame<'a> {
        Frame { language: self.language, service: self.service, title, form_targets }
    }
}

/// Whether a program asks: browsers name HTML.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("json") && !accepted.contains("text/html")
}

fn json(status: StatusCode, screen: &Screen) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store"), (header::VARY, "accept")], Json(screen)).into_response()
}

#[derive(Template)]
#[template(path = "said.html")]
struct Said<'a> {
    message: &'a Message,
    code: Option<&'a str>,
    kind: &'a str,
    english: Option<&'a str>,
    owner: Option<&'a str>,
    ready: &'a [&'a str],
    address: IpAddr,
    at: &'a str,
    portal: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "intent.html")]
struct Intent<'a> {
    title: &'a str,
    wish: &'a str,
    no_wish: &'a str,
    return_to: &'a str,
    consent: &'a str,
    english: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Outcome; 10] = [
        Outcome::Success,
        Outcome::Already,
        Outcome::NotWished,
        Outcome::BackButton,
        Outcome::NoAnswer { stage: "registry" },
        Outcome::Failed,
        Outcome::SystemError,
        Outcome::TryLater,
        Outcome::Ineligible,
        Outcome::WorkUnfinished,
    ];

    #[test]
    fn every_outcome_has_the_manuals_words() {
        for outcome in ALL {
            let message = outcome.message().unwrap();
            assert!(message.rows.iter().any(|row| row.starts_with("LA-")), "{}", message.key);
        }
        for key in ["line-intent", "line-wish", "line-no-wish"] {
            assert!(messages::by_key(key).is_some(), "{key}");
        }
    }

    #[test]
    fn a_browser_gets_pages_and_a_program_that_asks_for_json_gets_json() {
        let accept = |text: &str| wants_json(&HeaderMap::from_iter([(header::ACCEPT, text.parse().unwrap())]));
        assert!(accept("application/json"));
        assert!(!accept("text/html,application/xhtml+xml,application/json;q=0.9"));
        assert!(!accept("*/*") && !wants_json(&HeaderMap::new()));
    }
}
