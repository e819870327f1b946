//! Stories of the whole chain, told by the program itself: real processes, real sockets, curl and Python as other people's clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/applying.rs"]
mod applying;
#[path = "stories/asking.rs"]
mod asking;
#[path = "stories/configuring.rs"]
mod configuring;
#[path = "stories/copies.rs"]
mod copies;
#[path = "stories/corpora.rs"]
mod corpora;
#[path = "stories/doctoring.rs"]
mod doctoring;
#[path = "stories/keeping.rs"]
mod keeping;
#[path = "stories/lines.rs"]
mod lines;
#[path = "stories/mistakes.rs"]
mod mistakes;
#[path = "stories/naming.rs"]
mod naming;
#[path = "stories/recording.rs"]
mod recording;
#[path = "stories/refusing.rs"]
mod refusing;
#[path = "stories/routers.rs"]
mod routers;
#[cfg(unix)]
#[path = "stories/serving.rs"]
mod serving;
#[path = "stories/standards.rs"]
mod standards;
#[path = "stories/starting.rs"]
mod starting;
#[path = "stories/trouble.rs"]
mod trouble;
#[path = "stories/watching.rs"]
mod watching;
#[path = "stories/world.rs"]
mod world;
