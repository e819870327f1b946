//! Stories of line authentication, told on SQLite and on PostgreSQL: consent, success, every page that ends otherwise, and every trick.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/carriers.rs"]
mod carriers;
#[path = "stories/consenting.rs"]
mod consenting;
#[path = "stories/machines.rs"]
mod machines;
#[path = "stories/silence.rs"]
mod silence;
#[path = "stories/town.rs"]
mod town;
#[path = "stories/tricks.rs"]
mod tricks;
