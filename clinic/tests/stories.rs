//! Stories of a clinic's machine: files dropped by all kinds of receipt computers, centers in all kinds of trouble, power cuts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "stories/asking.rs"]
mod asking;
#[cfg(target_os = "linux")]
#[path = "stories/disks.rs"]
mod disks;
#[path = "stories/enrolling.rs"]
mod enrolling;
#[path = "stories/keeping.rs"]
mod keeping;
#[path = "stories/readers.rs"]
mod readers;
#[path = "stories/recovery.rs"]
mod recovery;
#[path = "stories/refusals.rs"]
mod refusals;
#[path = "stories/site.rs"]
mod site;
#[path = "stories/small_center.rs"]
mod small_center;
#[path = "stories/trouble.rs"]
mod trouble;
#[path = "stories/walking.rs"]
mod walking;
#[cfg(windows)]
#[path = "stories/windows.rs"]
mod windows;
#[path = "stories/writers.rs"]
mod writers;
