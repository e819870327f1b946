//! Stories of the registry, told on SQLite and on PostgreSQL: a facility applies, a line is admitted, a program logs in, a terminal is blocked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/applying.rs"]
mod applying;
#[path = "stories/closing.rs"]
mod closing;
#[path = "stories/entering.rs"]
mod entering;
#[path = "stories/operating.rs"]
mod operating;
#[path = "stories/portal.rs"]
mod portal;
#[path = "stories/town.rs"]
mod town;
#[path = "stories/troubles.rs"]
mod troubles;
