//! How a Rust type lies in a message: each field's tag in the order of the official layout, read and written by one description.

use crate::read_error::ReadError;
use crate::tree::{Element, is_blank, is_permitted};

/// What a block does when a required value is absent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It becomes an empty text, so that validation can name it and the rest can still be echoed; an empty text is not written.
    Empty,
    /// Reading fails; an empty text is written as an empty element.
    Refused,
}

/// The elements of one block, with the path that leads to it.
pub(crate) struct Fields<'a> {
    element: &'a Element,
    path: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of the root.
    pub(crate) fn root(element: &'a Element) -> Result<Self, ReadError> {
        Self::inside(element, Vec::new())
    }

    fn inside(element: &'a Element, path: Vec<&'static str>) -> Result<Self, ReadError> {
        if is_blank(&element.text) { Ok(Self { element, path }) } else { Err(ReadError::StrayText { path: shown(&path) }) }
    }

    /// The path of a tag in this block.
    fn path_of(&self, tag: &'static str) -> Vec<&'static str> {
        self.path.iter().copied().chain([tag]).collect()
    }

    /// Every element with a tag.
    fn all(&self, tag: &'static str) -> impl Iterator<Item = &'a Element> {
        self.element.children.iter().filter(move |child| child.name == tag)
    }

    /// The one element with a tag, if any (R5: never two).
    fn single(&self, tag: &'static str) -> Result<Option<&'a Element>, ReadError> {
        let mut all = self.all(tag);
        let first = all.next();
        match all.next() {
            Some(_) => Err(ReadError::Duplicated { path: shown(&self.path_of(tag)) }),
            None => Ok(first),
        }
    }

    /// The value of a tag, verbatim.
    fn text(&self, tag: &'static str) -> Result<Option<&'a str>, ReadError> {
        let Some(element) = self.single(tag)? else { return Ok(None) };
        if !element.children.is_empty() {
            return Err(ReadError::NotAValue { path: shown(&self.path_of(tag)) });
        }
        if !element.text.chars().all(is_permitted) {
            return Err(ReadError::ForbiddenCharacter { path: shown(&self.path_of(tag)) });
        }
        Ok(Some(&element.text))
    }

    fn missing(&self, tag: &'static str) -> ReadError {
        ReadError::Missing { path: shown(&self.path_of(tag)) }
    }
}

/// A path as a person reads it.
fn shown(path: &[&str]) -> String {
    if path.is_empty() { crate::tree::ROOT.to_owned() } else { path.join("/") }
}

/// A type that is a block of elements.
pub(crate) trait Block: Sized {
    /// Reads the block's fields; elements that the layout does not know are passed over (R17: in any order).
    fn read(fields: &Fields<'_>) -> Result<Self, ReadError>;
    /// The block's elements in layout order.
    fn write(&self, into: &mut Vec<Element>);
}

/// A block that stands in a list, inside its own list element.
pub(crate) trait Listed: Block {
    /// The tag of one record.
    const TAG: &'static str;
}

/// Something that stands under a tag of a block.
pub(crate) trait Field: Sized {
    /// Takes it from the block.
    fn take(fields: &Fields<'_>, tag: &'static str, absent: Absent) -> Result<Self, ReadError>;
    /// Puts it after what is already there.
    fn put(&self, tag: &'static str, absent: Absent, into: &mut Vec<Element>);
}

impl Field for String {
    fn take(fields: &Fields<'_>, tag: &'static str, absent: Absent) -> Result<Self, ReadError> {
        match (fields.text(tag)?, absent) {
            (Some(text), _) => Ok(text.to_owned()),
            (None, Absent::Empty) => Ok(Self::new()),
            (None, Absent::Refused) => Err(fields.missing(tag)),
        }
    }

    fn put(&self, tag: &'static str, absent: Absent, into: &mut Vec<Element>) {
        if absent == Absent::Refused || !self.is_empty() {
            into.push(Element::value(tag, self));
        }
    }
}

impl Field for Option<String> {
    fn take(fields: &Fields<'_>, tag: &'static str, _: Absent) -> Result<Self, ReadError> {
        Ok(fields.text(tag)?.filter(|text| !text.is_empty()).map(str::to_owned))
    }

    fn put(&self, tag: &'static str, _: Absent, into: &mut Vec<Element>) {
        // R8: an absent or empty optional value has no element at all.
        if let Some(text) = self.as_deref().filter(|text| !text.is_empty()) {
            into.push(Element::value(tag, text));
        }
    }
}

/// A block that must be there.
pub(crate) fn required<B: Block>(fields: &Fields<'_>, tag: &'static str) -> Result<B, ReadError> {
    let element = fields.single(tag)?.ok_or_else(|| fields.missing(tag))?;
    B::read(&Fields::inside(element, fields.path_of(tag))?)
}

/// The elements of a block as an element.
pub(crate) fn element_of<B: Block>(block: &B, tag: &'static str) -> Element {
    let mut children = Vec::new();
    block.write(&mut children);
    Element::block(tag, children)
}

impl<B: Block> Field for Option<B> {
    fn take(fields: &Fields<'_>, tag: &'static str, _: Absent) -> Result<Self, ReadError> {
        match fields.single(tag)? {
            Some(element) if !(element.children.is_empty() && is_blank(&element.text)) => {
                B::read(&Fields::inside(element, fields.path_of(tag))?).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn put(&self, tag: &'static str, _: Absent, into: &mut Vec<Element>) {
        into.extend(self.as_ref().map(|block| element_of(block, tag)).filter(|element| !element.children.is_empty()));
    }
}

impl<B: Listed> Field for Vec<B> {
    // One list element with all records, or one list element for each record: both are read (R11, §2.2).
    fn take(fields: &Fields<'_>, tag: &'static str, _: Absent) -> Result<Self, ReadError> {
        let mut records = Vec::new();
        for list in fields.all(tag) {
            let list = Fields::inside(list, fields.path_of(tag))?;
            for item in list.all(B::TAG) {
                records.push(B::read(&Fields::inside(item, list.path_of(B::TAG))?)?);
            }
        }
        Ok(records)
    }

    fn put(&self, tag: &'static str, _: Absent, into: &mut Vec<Element>) {
        let items = self.iter().map(|record| element_of(record, B::TAG)).filter(|item| !item.children.is_empty());
        into.extend(items.map(|item| Element::listed(tag, item)));
    }
}

/// Declares a block: a struct whose fields carry their tags. Debug shows no field, because most of them identify a patient.
macro_rules! layout {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident, absent $absent:ident {
        $( $(#[$field_meta:meta])* $field:ident : $type:ty = $tag:literal ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Default)]
        $visibility struct $name {
            $( $(#[$field_meta])* $visibility $field: $type, )*
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $crate::layout::Block for $name {
            fn read(fields: &$crate::layout::Fields<'_>) -> Result<Self, $crate::ReadError> {
                Ok(Self { $(
                    $field: $crate::layout::Field::take(fields, $tag, $crate::layout::Absent::$absent)?,
                )* })
            }

            fn write(&self, into: &mut Vec<$crate::tree::Element>) {
                $( $crate::layout::Field::put(&self.$field, $tag, $crate::layout::Absent::$absent, into); )*
            }
        }
    };
}
pub(crate) use layout;
