//! Stories of the register of the insured: people are brought in, asked about, moved and replaced, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/desk.rs"]
mod desk;
#[path = "stories/editions.rs"]
mod editions;
#[path = "stories/import.rs"]
mod import;
#[path = "stories/oracle.rs"]
mod oracle;
#[path = "stories/test_people.rs"]
mod test_people;
