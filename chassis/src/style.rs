//! The one style of every page for people, for whoever serves pages.

/// The style sheet.
pub const STYLE: &str = include_str!("../assets/page.css");
