//! The lab's stories: each file tells one, on a network of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod application;
mod applying;
mod asked_again;
mod bad_line;
mod center_status;
mod certificate;
mod closed_door;
mod consent_east;
mod consent_west;
mod doctor_looks;
mod doctor_watches;
mod every_prefecture;
mod every_recipe;
mod forgotten_domain;
mod names_east;
mod names_west;
mod phone_router;
mod proxy_and_time;
mod recipes_east;
mod recipes_west;
mod refused_lines;
mod silence;
mod steps;
mod tcp_blocked;
mod three_addresses;
mod wrong_region;
