//! Finds out why a clinic's machine does not get through: looks at everything at once, names the first cause, whose job it is, and what to do.

pub mod recording;

pub use recording::{Recording, RecordingError};
