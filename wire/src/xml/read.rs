//! Reads an XML file into a tree of elements, with a limit on everything an attacker could make large.

use crate::MAX_MESSAGE_BYTES;
use crate::charset;
use crate::read_error::{Place, ReadError};
use crate::tree::{Element, MAX_DEPTH, MAX_ELEMENTS, is_blank, is_permitted};
use quick_xml::Reader;
use quick_xml::errors::IllFormedError;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;

/// The root element of a file.
pub(super) fn root(bytes: &[u8]) -> Result<Element, ReadError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ReadError::TooLarge);
    }
    let (text, _) = charset::decode(bytes)?;
    if let Some((offset, _)) = text.char_indices().find(|(_, c)| !is_permitted(*c)) {
        return Err(malformed(&text, offset, "使えない制御文字があります"));
    }
    Document { text: &text, open: Vec::new(), root: None, elements: 0 }.read()
}

fn malformed(text: &str, offset: usize, what: &'static str) -> ReadError {
    ReadError::Malformed { place: Place::of(text, offset), what }
}

/// A file on its way to being a tree.
struct Document<'a> {
    text: &'a str,
    /// The elements whose end has not come, outermost first.
    open: Vec<Element>,
    /// The root, once its end has come.
    root: Option<Element>,
    elements: usize,
}

impl Document<'_> {
    fn read(mut self) -> Result<Element, ReadError> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let start = offset(reader.buffer_position());
            let event = reader.read_event().map_err(|error| malformed(self.text, start, what_is_wrong(&error)))?;
            match event {
                Event::Start(tag) => self.open(&tag, start)?,
                Event::End(_) => self.close(start)?,
                Event::Empty(tag) => {
                    self.open(&tag, start)?;
                    self.close(start)?;
                }
                Event::Text(text) => self.text(&text.xml10_content(), start)?,
                Event::CData(text) => self.text(&text.xml10_content(), start)?,
                Event::GeneralRef(reference) => self.reference(&reference, start)?,
                Event::DocType(_) => return Err(ReadError::Doctype(Place::of(self.text, start))),
                Event::Decl(_) if self.elements > 0 => return Err(malformed(self.text, start, "XML宣言が途中にあります")),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return self.end(start),
            }
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, start: usize) -> Result<(), ReadError> {
        if self.root.is_some() {
            return Err(ReadError::TrailingData(Place::of(self.text, start)));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(ReadError::TooDeep(Place::of(self.text, start)));
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(ReadError::TooManyElements);
        }
        let name = tag.name().0.to_owned();
        if !name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | ':')) {
            return Err(malformed(self.text, start, "タグの名前が正しくありません"));
        }
        // Attributes mean nothing here (§2), but they must be attributes. Whether one stands twice is not asked: that takes a time that grows
        // with the square of their number.
        if tag.attributes().with_checks(false).any(|attribute| attribute.is_err()) {
            return Err(malformed(self.text, start, "属性の書き方が正しくありません"));
        }
        self.open.push(Element { name: Cow::Owned(name), ..Element::default() });
        Ok(())
    }

    fn close(&mut self, start: usize) -> Result<(), ReadError> {
        let mut element = self.open.pop().ok_or_else(|| malformed(self.text, start, "開始タグのない終了タグがあります"))?;
        element.drop_layout_blanks();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, start: usize) -> Result<(), ReadError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if is_blank(text) => {}
            None => {
                let blanks = self.text.bytes().skip(start).take_while(u8::is_ascii_whitespace).count();
                return Err(match self.root {
                    Some(_) => ReadError::TrailingData(Place::of(self.text, start + blanks)),
                    None => malformed(self.text, start + blanks, "最初のタグの前に文字があります"),
                });
            }
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>, start: usize) -> Result<(), ReadError> {
        let wrong = |text| malformed(text, start, "文字参照が正しくありません");
        if reference.is_char_ref() {
            let c = reference.resolve_char_ref().ok().flatten().filter(|c| is_permitted(*c)).ok_or_else(|| wrong(self.text))?;
            return self.text(c.encode_utf8(&mut [0; 4]), start);
        }
        let text = match &**reference {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            _ => return Err(ReadError::Entity(Place::of(self.text, start))),
        };
        self.text(text, start)
    }

    fn end(self, start: usize) -> Result<Element, ReadError> {
        if !self.open.is_empty() {
            return Err(malformed(self.text, start, "終了タグが足りません。途中で切れています"));
        }
        self.root.ok_or_else(|| malformed(self.text, start, "タグがありません"))
    }
}

/// A position in a text of at most 4 MiB.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// What quick-xml says, without the names and values that its own texts repeat.
fn what_is_wrong(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::Syntax(_) => "タグが閉じていません",
        quick_xml::Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::MissingEndTag(_)) => {
            "開始タグと終了タグの名前が合いません"
        }
        quick_xml::Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => "開始タグのない終了タグがあります",
        quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => "「&」の書き方が正しくありません。「&amp;」と書いてください",
        quick_xml::Error::IllFormed(IllFormedError::MissingDoctypeName) => "DOCTYPE宣言は使えません",
        _ => "XMLとして読めません",
    }
}
