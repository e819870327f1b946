//! How a program authenticates its line without a browser: what the portal's and the notifier's pages say as JSON, and the captive-portal state.

use serde::{Deserialize, Serialize};

/// The media type of [`Captive`] (RFC 8908).
pub const CAPTIVE: &str = "application/captive+json";
/// Where the portal answers with [`Captive`].
pub const CAPTIVE_PATH: &str = "/captive";
/// The name of the form's field that holds the choice.
pub const CHOICE: &str = "choice";
/// 希望する: the line's identity may be told.
pub const WISH: &str = "wish";
/// 希望しない.
pub const NO_WISH: &str = "no-wish";
/// The name of the form's field that holds what the notifier signed.
pub const CONSENT: &str = "consent";

/// What is known of the line that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    /// Its prefix is admitted (LA-12, LA-18).
    Admitted,
    /// It may be authenticated and was not, or its prefix has changed since (LA-17).
    NotAuthenticated,
    /// Its carrier says that a line of its kind may not enter (LA-14).
    Ineligible,
    /// Its carrier has not registered the end of the works (LA-15).
    WorkUnfinished,
    /// Its carrier did not say in time.
    Unknown,
}

/// The captive-portal state of RFC 8908, extended with the line's state and the code that its page would show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Captive {
    /// Whether the terminal must authenticate its line before anything else works.
    pub captive: bool,
    /// The page for people.
    pub user_portal_url: String,
    /// Always false: an admission has no end of its own, it holds as long as the line's prefix does.
    pub can_extend_session: bool,
    /// What is known of the line.
    pub line_state: LineState,
    /// The code of the page that a person would see, for example `P11019`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// That page's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The address that the portal sees.
    pub address: String,
}

/// A page as a program reads it (`Accept: application/json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Screen {
    /// The message's key in `manuals`, for example `line-success`; `line-intent` for the page that asks.
    pub key: String,
    /// The line above the text, where the page has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// The text, word for word.
    pub text: String,
    /// The code, for example `P32031`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
    /// Whose job it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Which hop was late, beside P32031: `notifier` or `registry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The address that the server sees: support asks for it.
    pub address: String,
    /// When, in Japan: support asks for it.
    pub at: String,
    /// Where the flow goes on; absent at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// The next step of the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
    /// The address to ask.
    pub url: String,
    /// If present, the step is a form sent by POST, with the fields [`CHOICE`] and [`CONSENT`]; if absent, a GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_captive_state_speaks_the_names_of_its_standard() {
        let state = Captive {
            captive: true,
            user_portal_url: "https://portal.test/".to_owned(),
            can_extend_session: false,
            line_state: LineState::WorkUnfinished,
            code: Some("P11011".to_owned()),
            message: None,
            address: "::1".to_owned(),
        };
        let json = serde_json::to_value(&state).unwrap();
        assert_eq!(json["captive"], true);
        assert_eq!(json["user-portal-url"], "https://portal.test/");
        assert_eq!((json["can-extend-session"].as_bool(), json["line-state"].as_str()), (Some(false), Some("work-unfinished")));
        assert!(json.get("message").is_none());
        assert_eq!(serde_json::from_value::<Captive>(json).unwrap(), state);
    }
}
