//! Messages as XML files: read tolerantly where receipt computers differ, strictly where a file is broken; written in layout order.

mod read;
mod write;

use crate::charset::Charset;
use crate::check::{CheckRequest, CheckResult, Message};
use crate::read_error::ReadError;

/// How several records of one list are written: receipt computers read one or the other (interface §2.2, R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ListShape {
    /// The list element is repeated, with one record in each: as the original is thought to write.
    #[default]
    Repeated,
    /// One list element holds all records.
    Single,
}

/// How a facility wants its files (R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Style {
    /// The character set.
    pub charset: Charset,
    /// The shape of lists.
    pub lists: ListShape,
}

impl From<Charset> for Style {
    fn from(charset: Charset) -> Self {
        Self { charset, lists: ListShape::default() }
    }
}

/// Reads a question, `OQSsiquc01req`.
///
/// # Errors
/// The bytes are no XML message, or header, body or search block are absent. Values that are absent are left empty for
/// [`CheckRequest::validate`] to name, so that a refusal can still repeat the rest.
pub fn read_check_request(bytes: &[u8]) -> Result<CheckRequest, ReadError> {
    CheckRequest::from_root(&read::root(bytes)?)
}

/// Reads an answer, `OQSsiquc01res` or a face file.
///
/// # Errors
/// The bytes are no XML message, or a required element is absent.
pub fn read_check_result(bytes: &[u8]) -> Result<CheckResult, ReadError> {
    CheckResult::from_root(&read::root(bytes)?)
}

/// Writes a question.
pub fn write_check_request(request: &CheckRequest, charset: Charset) -> Vec<u8> {
    write::document(request.to_root(charset), Style::from(charset))
}

/// Writes an answer. `CharacterCodeIdentifier` and declaration always tell the character set that is written.
pub fn write_check_result(result: &CheckResult, style: impl Into<Style>) -> Vec<u8> {
    let style = style.into();
    write::document(result.to_root(style.charset), style)
}
