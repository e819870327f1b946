//! Stories of the authority, told on both databases and shown to other people's programs: OpenSSL, Java's keytool, NSS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/applying.rs"]
mod applying;
#[path = "stories/clients.rs"]
mod clients;
#[path = "stories/clocks.rs"]
mod clocks;
#[path = "stories/counter.rs"]
mod counter;
#[path = "stories/crashing.rs"]
mod crashing;
#[path = "stories/deciding.rs"]
mod deciding;
#[path = "stories/fetching.rs"]
mod fetching;
#[path = "stories/guessing.rs"]
mod guessing;
#[path = "stories/hall.rs"]
mod hall;
#[path = "stories/killing.rs"]
mod killing;
#[path = "stories/linting.rs"]
mod linting;
#[path = "stories/ordering.rs"]
mod ordering;
#[path = "stories/peers.rs"]
mod peers;
#[path = "stories/publishing.rs"]
mod publishing;
#[path = "stories/recording.rs"]
mod recording;
#[path = "stories/refusals.rs"]
mod refusals;
#[path = "stories/renewing.rs"]
mod renewing;
#[path = "stories/restoring.rs"]
mod restoring;
#[path = "stories/revoking.rs"]
mod revoking;
#[path = "stories/seal.rs"]
mod seal;
#[path = "stories/town.rs"]
mod town;
#[path = "stories/visiting.rs"]
mod visiting;
#[path = "stories/visitor.rs"]
mod visitor;
