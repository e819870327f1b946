//! The two character sets of files, UTF-8 and Shift_JIS as Windows writes it (CP932): which one bytes are in, strictly, both ways.

use encoding_rs::SHIFT_JIS;
use std::borrow::Cow;
use thiserror::Error;

/// A character set that files may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Charset {
    /// UTF-8, OQSCD005 `0`.
    #[default]
    Utf8,
    /// Shift_JIS as Windows has it (CP932, with ①, ㈱, 髙), OQSCD005 `1`.
    ShiftJis,
}

/// Why bytes are not text. The text is Japanese; it never holds a value of the message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CharsetError {
    /// The declaration names a character set that is neither UTF-8 nor Shift_JIS.
    #[error("XML宣言の文字コードが使えません。UTF-8かShift_JISにしてください。")]
    UnknownDeclared,
    /// The bytes begin like UTF-16 or UTF-32.
    #[error("文字コードがUTF-16かUTF-32です。UTF-8かShift_JISで保存してください。")]
    WideUnicode,
    /// The declaration says Shift_JIS, the bytes are UTF-8.
    #[error("XML宣言はShift_JISですが、中身はUTF-8です。どちらかに合わせてください。")]
    Utf8DeclaredShiftJis,
    /// Some bytes are not of the character set that is declared, or of UTF-8 where none is.
    #[error("文字コードが{declared}として正しくありません（{line}行目）。XML宣言と中身の文字コードを合わせてください。")]
    WrongBytes {
        /// The name of the declared character set.
        declared: &'static str,
        /// The line, from 1, of the first wrong byte; the line of the text's end where it cannot be told.
        line: usize,
    },
}

impl Charset {
    /// The value of `CharacterCodeIdentifier` (OQSCD005).
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Utf8 => "0",
            Self::ShiftJis => "1",
        }
    }

    /// The character set of a `CharacterCodeIdentifier` (OQSCD005).
    pub fn from_identifier(identifier: &str) -> Option<Self> {
        [Self::Utf8, Self::ShiftJis].into_iter().find(|charset| charset.identifier() == identifier)
    }

    /// The name that an XML declaration carries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::ShiftJis => "Shift_JIS",
        }
    }

    /// The character set that a declaration names, in any case and with any of its usual names.
    pub fn from_name(name: &str) -> Option<Self> {
        const SHIFT_JIS_NAMES: [&str; 7] = ["shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "cp932", "ms932"];
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        if ["utf-8", "utf8"].iter().any(is) {
            return Some(Self::Utf8);
        }
        SHIFT_JIS_NAMES.iter().any(is).then_some(Self::ShiftJis)
    }
}

const UTF8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Decodes a message by its mark (BOM) or XML declaration; without either it is UTF-8. The mark is left out of the text.
///
/// # Errors
/// The declaration names another character set or does not fit the bytes, or some bytes are not of that character set.
pub fn decode(bytes: &[u8]) -> Result<(String, Charset), CharsetError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(CharsetError::WideUnicode);
    }
    let marked = bytes.starts_with(UTF8_MARK);
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let charset = match declared(bytes) {
        Some(name) => Charset::from_name(&name).ok_or(CharsetError::UnknownDeclared)?,
        None => Charset::Utf8,
    };
    if charset == Charset::ShiftJis && (marked || is_japanese_utf8(bytes)) {
        return Err(CharsetError::Utf8DeclaredShiftJis);
    }
    decode_as(bytes, charset).map(|text| (text, charset))
}

/// Decodes bytes that are known to be in a character set.
///
/// # Errors
/// Some bytes are not of that character set.
pub fn decode_as(bytes: &[u8], charset: Charset) -> Result<String, CharsetError> {
    let wrong = |line| CharsetError::WrongBytes { declared: charset.name(), line };
    match charset {
        Charset::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| wrong(lines(bytes, error.valid_up_to()))),
        Charset::ShiftJis => {
            let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned);
            text.ok_or_else(|| wrong(lines(bytes, valid_shift_jis(bytes))))
        }
    }
}

/// The line, from 1, of a byte.
fn lines(bytes: &[u8], offset: usize) -> usize {
    bytes.iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

/// How many bytes at the start are Shift_JIS.
fn valid_shift_jis(bytes: &[u8]) -> usize {
    let mut room = String::with_capacity(bytes.len().saturating_mul(3).saturating_add(16));
    SHIFT_JIS.new_decoder_without_bom_handling().decode_to_string_without_replacement(bytes, &mut room, true).1
}

/// Whether bytes that claim to be Shift_JIS are Japanese in UTF-8: Shift_JIS text hardly ever consists of such triples alone.
fn is_japanese_utf8(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(|c| c.is_ascii() || c >= '\u{2000}'))
}

/// The name after `encoding` in the XML declaration at the start of the bytes.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = bytes.trim_ascii_start().strip_prefix(b"<?xml")?;
    let declaration: String = start.iter().take(200).map(|byte| char::from(*byte)).take_while(|c| *c != '>').collect();
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.split(quote).nth(1).map(|name| name.trim().to_owned())
}

/// Encodes the text of an XML message. Nothing is lost: what Shift_JIS does not have becomes a numeric character reference `&#x…;`.
pub fn encode(text: &str, charset: Charset) -> Vec<u8> {
    match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::ShiftJis => {
            let mut bytes = Vec::with_capacity(text.len());
            for c in text.chars() {
                push_shift_jis(c, &mut bytes);
            }
            bytes
        }
    }
}

fn push_shift_jis(c: char, bytes: &mut Vec<u8>) {
    let mut room = [0; 4];
    let (encoded, _, unmappable) = SHIFT_JIS.encode(c.encode_utf8(&mut room));
    // The encoder silently turns these three into other characters: ¥ into \, ‾ into ~, − into －.
    if unmappable || matches!(c, '¥' | '‾' | '−') {
        bytes.extend_from_slice(format!("&#x{:X};", u32::from(c)).as_bytes());
    } else {
        bytes.extend_from_slice(&encoded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_read_in_any_writing() {
        for head in [
            "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>",
            "<?xml version='1.0' encoding='shift_jis' standalone='no'?>",
            "<?xml version=\"1.0\" encoding = \"windows-31j\"?>",
            "<?xml version=\"1.0\" encoding=\"CP932\"?>",
            "  <?xml version=\"1.0\" encoding=\"ms932\"?>",
        ] {
            let bytes = encode(&format!("{head}<a>髙﨑①㈱</a>"), Charset::ShiftJis);
            let (text, charset) = decode(&bytes).unwrap();
            assert_eq!(charset, Charset::ShiftJis, "{head}");
            assert!(text.ends_with("<a>髙﨑①㈱</a>"), "{head}");
        }
        assert_eq!(decode(b"<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>").unwrap().1, Charset::Utf8);
        assert_eq!(decode(b"<a/>").unwrap().1, Charset::Utf8);
        assert_eq!(decode(b"\xEF\xBB\xBF<a/>").unwrap(), ("<a/>".to_owned(), Charset::Utf8));
    }

    #[test]
    fn bytes_that_do_not_fit_the_declaration_are_refused() {
        let utf8_as_shift_jis = "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a>架空</a>";
        assert_eq!(decode(utf8_as_shift_jis.as_bytes()), Err(CharsetError::Utf8DeclaredShiftJis));
        let shift_jis_as_utf8 = encode("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>架空</a>", Charset::ShiftJis);
        assert_eq!(decode(&shift_jis_as_utf8), Err(CharsetError::WrongBytes { declared: "UTF-8", line: 2 }));
        let broken = b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>\n\n<a>\x81</a>";
        assert_eq!(decode(broken), Err(CharsetError::WrongBytes { declared: "Shift_JIS", line: 3 }));
        let marked = b"\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a/>";
        assert_eq!(decode(marked), Err(CharsetError::Utf8DeclaredShiftJis));
        assert_eq!(decode(b"<?xml version=\"1.0\" encoding=\"EUC-JP\"?><a/>"), Err(CharsetError::UnknownDeclared));
        assert_eq!(decode(&[0xFF, 0xFE, b'<', 0]), Err(CharsetError::WideUnicode));
    }

    #[test]
    fn half_width_kana_in_shift_jis_are_not_taken_for_utf8() {
        let bytes = encode("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a>ﾄｳ</a>", Charset::ShiftJis);
        assert!(std::str::from_utf8(&bytes).is_ok(), "the trap of this test");
        assert!(decode(&bytes).unwrap().0.ends_with("<a>ﾄｳ</a>"));
    }

    #[test]
    fn every_character_comes_back_from_shift_jis_or_is_a_reference() {
        for c in ('\u{0}'..=char::MAX).filter(|c| u32::from(*c) < 0x3_0000) {
            let bytes = encode(&c.to_string(), Charset::ShiftJis);
            let text = decode_as(&bytes, Charset::ShiftJis).unwrap();
            let reference = format!("&#x{:X};", u32::from(c));
            assert!(text == c.to_string() || text == reference, "U+{:04X} became {text}", u32::from(c));
        }
    }

    #[test]
    fn identifiers_and_names_go_both_ways() {
        for charset in [Charset::Utf8, Charset::ShiftJis] {
            assert_eq!(Charset::from_identifier(charset.identifier()), Some(charset));
            assert_eq!(Charset::from_name(charset.name()), Some(charset));
        }
        assert_eq!(Charset::from_identifier("2"), None);
        assert_eq!(Charset::from_name("euc-jp"), None);
    }
}
