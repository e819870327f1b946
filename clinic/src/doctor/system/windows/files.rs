//! The files of the distribution and linkage applications: whether they are there, and what they set as far as that is no secret.

use std::path::Path;

use crate::doctor::recording::FileFact;

/// The files of this machine.
#[must_use]
pub fn here() -> Vec<FileFact> {
    Vec::new()
}

/// The versions.
#[must_use]
pub fn versions() -> Vec<(String, String)> {
    Vec::new()
}

/// Saved.
#[must_use]
pub fn saved(_folder: &Path) -> Vec<FileFact> {
    Vec::new()
}
