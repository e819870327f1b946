//! 回線認証: the portal and the carrier's notifier of line information.
#![doc = include_str!("../README.md")]

pub mod carrier;
pub mod claims;
pub mod config;
pub mod error;
pub mod link;
pub mod notifier;
pub mod operator;
pub mod portal;
pub mod rules;
mod screen;
mod seen;
mod store;
pub mod token;

pub use carrier::{CarrierLine, Change, Lines, V6Option};
pub use config::{Config, NotifierConfig};
pub use error::Error;
pub use link::Link;
pub use notifier::Notifier;
pub use portal::Portal;
