//! What makes a type a whole message: a header and a body under the root `XmlMsg`.

use crate::charset::Charset;
use crate::layout::{Block, Fields, element_of, required};
use crate::read_error::ReadError;
use crate::tree::{Element, ROOT};

/// A message with one header and one body.
pub(crate) trait Message: Sized {
    /// The type of `MessageHeader`.
    type Header: Block;
    /// The type of `MessageBody`.
    type Body: Block;

    /// Puts the message together.
    fn join(header: Self::Header, body: Self::Body) -> Self;
    /// Takes it apart for writing in a character set, which some headers name.
    fn split(&self, charset: Charset) -> (Self::Header, Self::Body);

    /// Reads the message from its root element.
    fn from_root(root: &Element) -> Result<Self, ReadError> {
        if root.name != ROOT {
            return Err(ReadError::WrongRoot);
        }
        let fields = Fields::root(root)?;
        Ok(Self::join(required(&fields, "MessageHeader")?, required(&fields, "MessageBody")?))
    }

    /// The message's root element.
    fn to_root(&self, charset: Charset) -> Element {
        let (header, body) = self.split(charset);
        Element::block(ROOT, vec![element_of(&header, "MessageHeader"), element_of(&body, "MessageBody")])
    }
}
