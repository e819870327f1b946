//! Reads JSON into a tree of elements, noticing what a map would hide: keys that stand twice, nesting, things after the end.

use crate::MAX_MESSAGE_BYTES;
use crate::charset::{self, Charset};
use crate::read_error::{Place, ReadError};
use crate::tree::{Element, MAX_DEPTH, MAX_ELEMENTS, ROOT};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// Longest key, in bytes, that is kept: no layout has a longer one, and an array repeats its key for each of its values.
const MAX_KEY_BYTES: usize = 100;

/// The root element of a message.
pub(super) fn root(bytes: &[u8]) -> Result<Element, ReadError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ReadError::TooLarge);
    }
    let text = charset::decode_as(bytes, Charset::Utf8)?;
    let text = text.trim_start_matches('\u{FEFF}');
    let limits = Limits::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Node { depth: 0, limits: &limits }.deserialize(&mut deserializer).map_err(|error| limits.explain(&error))?;
    deserializer.end().map_err(|error| ReadError::TrailingData(place(&error)))?;
    let Value::Block(top) = read else { return Err(ReadError::WrongRoot) };
    let mut roots = top.into_iter().filter(|element| element.name == ROOT);
    match (roots.next(), roots.next()) {
        (Some(root), None) => Ok(root),
        (Some(_), Some(_)) => Err(ReadError::Duplicated { path: ROOT.to_owned() }),
        (None, _) => Err(ReadError::WrongRoot),
    }
}

fn place(error: &serde_json::Error) -> Place {
    Place { line: error.line(), column: error.column() }
}

/// What has been met so far, and the limit that stopped the reading, if one did.
#[derive(Default)]
struct Limits {
    elements: Cell<usize>,
    too_deep: Cell<bool>,
}

impl Limits {
    /// The reason for an error of serde, whose own text may repeat values.
    fn explain(&self, error: &serde_json::Error) -> ReadError {
        let place = place(error);
        if self.too_deep.get() {
            return ReadError::TooDeep(place);
        }
        if self.elements.get() > MAX_ELEMENTS {
            return ReadError::TooManyElements;
        }
        let what = match error.classify() {
            Category::Eof => "途中で切れています",
            Category::Data => "値は文字列にしてください",
            Category::Syntax | Category::Io => "JSONとして読めません",
        };
        ReadError::Malformed { place, what }
    }
}

/// A value on its way to being elements.
enum Value {
    /// `null`: as if the key were not there.
    Nothing,
    Text(String),
    Block(Vec<Element>),
    Array(Vec<Value>),
}

impl Value {
    /// The elements of a key with this value: an array is a repeated element.
    fn into_elements(self, name: String, into: &mut Vec<Element>) {
        match self {
            Self::Nothing => {}
            Self::Text(text) => into.push(Element { name: Cow::Owned(name), text, ..Element::default() }),
            Self::Block(children) => into.push(Element { name: Cow::Owned(name), children, ..Element::default() }),
            Self::Array(values) => values.into_iter().for_each(|value| value.into_elements(name.clone(), into)),
        }
    }
}

/// Reads one value at a depth.
#[derive(Clone, Copy)]
struct Node<'a> {
    depth: usize,
    limits: &'a Limits,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.limits.elements.set(self.limits.elements.get() + 1);
        if self.limits.elements.get() > MAX_ELEMENTS {
            return Err(D::Error::custom("too many elements"));
        }
        deserializer.deserialize_any(self)
    }
}

impl Node<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            self.limits.too_deep.set(true);
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, an object or an array")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut children = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inside)?;
            if name.len() <= MAX_KEY_BYTES {
                value.into_elements(name, &mut children);
            }
        }
        Ok(Value::Block(children))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
}
