//! The small tree of named elements that every message is read into and written from, whether it travels as XML or as JSON.

use std::borrow::Cow;

/// Deepest nesting of elements that is followed; the deepest real message has seven levels.
pub(crate) const MAX_DEPTH: usize = 32;

/// Most elements in one message: a limit on memory, since four bytes of XML make one element.
pub(crate) const MAX_ELEMENTS: usize = 100_000;

/// The root of every message.
pub(crate) const ROOT: &str = "XmlMsg";

/// One element: either a value (text) or a block (children).
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    /// The tag.
    pub(crate) name: Cow<'static, str>,
    /// The value, verbatim, of an element without children.
    pub(crate) text: String,
    /// The elements inside.
    pub(crate) children: Vec<Element>,
    /// Whether the layout knows this element as a list: JSON writes it as an array even when it stands alone.
    pub(crate) listed: bool,
}

impl Element {
    /// An element with a value.
    pub(crate) fn value(name: &'static str, text: &str) -> Self {
        Self { name: Cow::Borrowed(name), text: text.to_owned(), ..Self::default() }
    }

    /// An element with elements inside.
    pub(crate) fn block(name: &'static str, children: Vec<Element>) -> Self {
        Self { name: Cow::Borrowed(name), children, ..Self::default() }
    }

    /// An element of a list, holding one record.
    pub(crate) fn listed(name: &'static str, item: Element) -> Self {
        Self { listed: true, ..Self::block(name, vec![item]) }
    }

    /// Drops the line breaks and blanks that stand only between elements.
    pub(crate) fn drop_layout_blanks(&mut self) {
        if !self.children.is_empty() && is_blank(&self.text) {
            self.text.clear();
        }
    }
}

/// Whether a text consists of the white space of XML only.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))
}

/// Whether XML 1.0 permits a character in a document at all.
pub(crate) fn is_permitted(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
