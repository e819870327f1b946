//! What the five manuals of the network fix, as dated tables with typed access.
#![doc = include_str!("../README.md")]

pub mod account;
pub mod addresses;
pub mod bridge;
pub mod card_reader;
pub mod certificate;
pub mod distribution;
pub mod domains;
mod embedded;
pub mod faq;
pub mod holidays;
pub mod hosts;
pub mod insurer;
pub mod line_id;
pub mod line_type;
pub mod lineauth;
pub mod messages;
mod place;
pub mod provenance;
pub mod proxy;
pub mod rows;
pub mod situation;
pub mod support;
pub mod time;
pub mod zones;

pub use place::{Prefecture, Region, prefecture_by_code, prefecture_by_romaji, prefectures};
pub use situation::{Owner, Situation};
