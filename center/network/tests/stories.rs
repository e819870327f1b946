//! Stories of the small servers, told with real programs of others: curl through the proxy, at every hour and from every line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/corpora.rs"]
mod corpora;
#[path = "stories/proxying.rs"]
mod proxying;
#[path = "stories/sharing.rs"]
mod sharing;
#[path = "stories/telling.rs"]
mod telling;
#[path = "stories/town.rs"]
mod town;
