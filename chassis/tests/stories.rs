//! Stories of the chassis told on real databases: what is remembered stays remembered, and no answer leaves the record unnoticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![cfg(feature = "testing")]

#[path = "stories/audit.rs"]
mod audit;
#[path = "stories/database.rs"]
mod database;
#[path = "stories/failing_over.rs"]
mod failing_over;
#[path = "stories/killed.rs"]
mod killed;
#[path = "stories/leases.rs"]
mod leases;
#[path = "stories/mailing.rs"]
mod mailing;
#[path = "stories/tampering.rs"]
mod tampering;
