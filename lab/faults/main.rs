//! The fault lab: each file puts a family of faults into a working network, one after another, and the doctor is asked what is wrong.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod addresses;
mod aging;
mod bridge;
mod causes;
mod center;
mod later;
mod later_routers;
mod later_told;
mod line;
mod names;
mod pairs;
mod passage;
mod phone;
mod recorded;
mod report;
mod score;
mod trust;
mod ward;
mod windows;
