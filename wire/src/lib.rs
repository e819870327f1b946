//! What crosses between a clinic and a center: messages, file names, code tables, character sets; no file, socket or clock.
//!
#![doc = include_str!("../README.md")]

pub mod charset;
pub mod check;
pub mod code;
pub mod date;
pub mod enrolment;
pub mod filename;
pub mod header;
pub mod json;
pub mod kana;
mod layout;
pub mod line;
pub mod login;
pub mod number;
mod read_error;
mod secret;
pub mod snapshot;
pub mod status;
mod tree;
pub mod xml;

pub use read_error::{Place, ReadError};

/// Largest message, in bytes, that is read at all (4 MiB, the limit that receipt computers themselves set: interface §2).
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
