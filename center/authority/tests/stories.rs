//! Stories of the authority, told on both databases and shown to other people's programs: OpenSSL, Java's keytool, NSS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/clients.rs"]
mod clients;
#[path = "stories/clocks.rs"]
mod clocks;
#[path = "stories/counter.rs"]
mod counter;
#[path = "stories/fetching.rs"]
mod fetching;
#[path = "stories/hall.rs"]
mod hall;
#[path = "stories/ordering.rs"]
mod ordering;
#[path = "stories/peers.rs"]
mod peers;
#[path = "stories/refusals.rs"]
mod refusals;
#[path = "stories/revoking.rs"]
mod revoking;
#[path = "stories/seal.rs"]
mod seal;
#[path = "stories/town.rs"]
mod town;
