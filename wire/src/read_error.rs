//! Why a message could not be read, in words for the person who wrote the program that sent it.

use crate::charset::CharsetError;
use manuals::situation::Situation;
use std::fmt;
use thiserror::Error;

/// A place in a text: line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset in a text; an offset beyond the end means the end.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before: Vec<u8> = text.bytes().take(offset).collect();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        // A continuation byte of UTF-8 begins no character.
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        Self { line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}行目{}文字目", self.line, self.column)
    }
}

/// Why bytes are not a message. The text is Japanese, names the place or the element, and never holds a value of the message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// More than [`crate::MAX_MESSAGE_BYTES`].
    #[error("電文が大きすぎます（上限4MiB）。")]
    TooLarge,
    /// More elements than any message has.
    #[error("電文の要素が多すぎます（上限100000）。")]
    TooManyElements,
    /// Elements nested more deeply than 32.
    #[error("電文の要素の入れ子が深すぎます（上限32段、{0}）。")]
    TooDeep(Place),
    /// A document type declaration, of any kind.
    #[error("DOCTYPE宣言は使えません（{0}）。宣言を取り除いてください。")]
    Doctype(Place),
    /// An entity other than the five that XML defines.
    #[error("定義済みの5種類（&amp; &lt; &gt; &quot; &apos;）以外の実体参照は使えません（{0}）。")]
    Entity(Place),
    /// The bytes are not in the character set that they declare.
    #[error(transparent)]
    Charset(#[from] CharsetError),
    /// Not well-formed.
    #[error("電文の書式が壊れています（{place}）：{what}。")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong, in Japanese.
        what: &'static str,
    },
    /// Something follows the end of the message.
    #[error("電文の終わりの後に余分な文字があります（{0}）。")]
    TrailingData(Place),
    /// The root is not `XmlMsg`.
    #[error("電文の最上位の要素がXmlMsgではありません。")]
    WrongRoot,
    /// An element that may stand once stands twice (R5).
    #[error("要素{path}が2回あります。1回だけにしてください。")]
    Duplicated {
        /// The element's path.
        path: String,
    },
    /// A required element is absent.
    #[error("必須の要素{path}がありません。")]
    Missing {
        /// The element's path.
        path: String,
    },
    /// Elements inside an element that holds a value.
    #[error("要素{path}は値だけを持ちます。内側に別の要素があります。")]
    NotAValue {
        /// The element's path.
        path: String,
    },
    /// Text inside an element that holds elements.
    #[error("要素{path}は要素だけを持ちます。要素の外に文字があります。")]
    StrayText {
        /// The element's path.
        path: String,
    },
    /// A value holds a character that XML does not permit.
    #[error("要素{path}に使えない制御文字があります。")]
    ForbiddenCharacter {
        /// The element's path.
        path: String,
    },
}

impl ReadError {
    /// What to tell the front desk and the vendor.
    pub fn situation(&self) -> Situation {
        match self {
            Self::TooLarge | Self::TooManyElements => Situation::TooLarge,
            Self::TooDeep(_) => Situation::TooDeep,
            Self::Doctype(_) => Situation::DtdRefused,
            Self::Charset(_) => Situation::EncodingMismatch,
            Self::Missing { .. } => Situation::MissingField,
            Self::Entity(_)
            | Self::Malformed { .. }
            | Self::TrailingData(_)
            | Self::WrongRoot
            | Self::Duplicated { .. }
            | Self::NotAValue { .. }
            | Self::StrayText { .. }
            | Self::ForbiddenCharacter { .. } => Situation::MalformedMessage,
        }
    }
}
