//! Messages as JSON, as the Web API has them: the same tree under `"XmlMsg"`, every value a string, what is absent has no key (§5).

mod read;

use crate::charset::Charset;
use crate::check::{CheckRequest, CheckResult, Message};
use crate::read_error::ReadError;
use crate::tree::Element;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Reads a question.
///
/// Written by many programs, so a value may also be a whole number, and a key whose value is `null` counts as absent.
///
/// # Errors
/// The bytes are no JSON message, or header, body or search block are absent.
pub fn read_check_request(bytes: &[u8]) -> Result<CheckRequest, ReadError> {
    CheckRequest::from_root(&read::root(bytes)?)
}

/// Reads an answer.
///
/// # Errors
/// The bytes are no JSON message, or a required key is absent.
pub fn read_check_result(bytes: &[u8]) -> Result<CheckResult, ReadError> {
    CheckResult::from_root(&read::root(bytes)?)
}

/// Writes a question.
pub fn write_check_request(request: &CheckRequest) -> Vec<u8> {
    write(&request.to_root(Charset::Utf8))
}

/// Writes an answer: strings only, never `null` (R8), lists as arrays also with one record.
pub fn write_check_result(result: &CheckResult) -> Vec<u8> {
    write(&result.to_root(Charset::Utf8))
}

fn write(root: &Element) -> Vec<u8> {
    // Strings and maps with string keys always serialise; an empty answer would be visible at once.
    serde_json::to_vec(&Block(std::slice::from_ref(root))).unwrap_or_default()
}

/// Elements as an object.
struct Block<'a>(&'a [Element]);

/// An element's content as a value.
struct Content<'a>(&'a Element);

/// List elements of one name as an array.
struct List<'a>(&'a [Element], &'a str);

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut before = None;
        for child in self.0 {
            if !child.listed {
                map.serialize_entry(&child.name, &Content(child))?;
            } else if before != Some(&child.name) {
                map.serialize_entry(&child.name, &List(self.0, &child.name))?;
            }
            before = Some(&child.name);
        }
        map.end()
    }
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter(|child| child.name == self.1).map(Content))
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.children.is_empty() { serializer.serialize_str(&self.0.text) } else { Block(&self.0.children).serialize(serializer) }
    }
}
