//! Finds out why a clinic's machine does not get through: looks at everything at once, names the first cause, whose job it is, and what to do.

pub mod desk;
pub mod explain;
pub mod facts;
#[cfg(test)]
mod healthy;
pub mod history;
pub mod html;
pub mod probe;
pub mod reason;
pub mod recording;
pub mod report;
pub mod system;
pub mod table;
pub mod ticket;
pub mod watch;

pub use facts::Facts;
pub use reason::{Diagnosis, Found, State};
pub use recording::{Recording, RecordingError};
