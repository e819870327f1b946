//! 実験室: the closed network of the manuals on one machine, in network namespaces.
#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]

mod browser;
mod cable;
mod carrier;
mod center;
mod clinic;
mod internet;
mod namespace;
mod onshi;
pub mod patience;
mod program;
mod relay;
mod run;
mod servers;
mod story;
mod terminal;
mod world;

pub use browser::Browser;
pub use carrier::{Carrier, LineRecord};
pub use center::Center;
pub use clinic::{Clinic, Plan};
pub use internet::{Internet, RESOLVER, SOMEWHERE};
pub use namespace::Namespace;
pub use program::Program;
pub use recipes::linux as routers;
pub use relay::Faults;
pub use story::story;
pub use terminal::{Addresses, Terminal, Way};
pub use world::World;
