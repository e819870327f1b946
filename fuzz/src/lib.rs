//! What holds of any input whatever, message by message and door by door: the fuzz targets attack it, plain tests check it over the corpora.

pub mod doctor;
pub mod doors;
mod messages;
pub mod names;
pub mod pages;
pub mod proxy_and_time;
pub mod routers;
pub mod standard;

pub use messages::*;
