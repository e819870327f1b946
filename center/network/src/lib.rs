//! 網: names, forward proxy and time of the closed network.
#![doc = include_str!("../README.md")]

pub mod dns;
pub mod proxy;
pub mod snapshot;
pub mod time;
