//! Stories of the small servers, told with real programs of others: dig and forwarders for the names, curl through the proxy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/answers.rs"]
mod answers;
#[path = "stories/corpora.rs"]
mod corpora;
#[path = "stories/forwarders.rs"]
mod forwarders;
#[path = "stories/lists.rs"]
mod lists;
#[path = "stories/names.rs"]
mod names;
#[path = "stories/packets.rs"]
mod packets;
#[path = "stories/proxying.rs"]
mod proxying;
#[path = "stories/questions.rs"]
mod questions;
#[path = "stories/sharing.rs"]
mod sharing;
#[path = "stories/telling.rs"]
mod telling;
#[path = "stories/town.rs"]
mod town;
