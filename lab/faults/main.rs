//! The fault lab: each file puts a family of faults into a working network, one after another, and the doctor is asked what is wrong.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod addresses;
mod aging;
mod bridge;
mod causes;
mod center;
mod line;
mod names;
mod passage;
mod phone;
mod recorded;
mod report;
mod score;
mod trust;
mod ward;
mod windows;
