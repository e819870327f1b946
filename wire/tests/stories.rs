//! Stories of the messages: what receipt computers send and read, and what happens when they are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/bad_input.rs"]
mod bad_input;
#[path = "stories/clients.rs"]
mod clients;
#[path = "stories/corpus.rs"]
mod corpus;
#[path = "stories/golden.rs"]
mod golden;
#[path = "stories/people.rs"]
mod people;
#[path = "stories/round_trip.rs"]
mod round_trip;
#[path = "stories/secrets.rs"]
mod secrets;
#[path = "stories/validation.rs"]
mod validation;
