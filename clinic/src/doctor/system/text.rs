//! Reads the bytes of the system's programs as text, whatever character set they are in, and takes out what must not leave the machine.

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// The longest text of one program that is read.
pub const LONGEST: usize = 1024 * 1024;

/// Decodes UTF-8, UTF-16 and CP932, cut anywhere; what is no letter becomes a replacement sign.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    let charset: &'static Encoding = match Encoding::for_bom(bytes) {
        Some((charset, _)) => charset,
        None => unmarked(bytes),
    };
    let (text, _, _) = charset.decode(bytes);
    text.into_owned()
}

fn unmarked(bytes: &[u8]) -> &'static Encoding {
    let noughts = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    // ASCII in UTF-16 has a nought in every second place.
    if bytes.len() >= 4 {
        let quarter = bytes.len() / 8;
        if noughts(1) > quarter {
            return UTF_16LE;
        }
        if noughts(0) > quarter {
            return UTF_16BE;
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        // Cut within a letter.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => SHIFT_JIS,
    }
}

/// Labels whose values say who and which machine it is, in small letters without blanks.
const PERSONAL: [&str; 15] = [
    "ホスト名",
    "hostname",
    "dhcpv6クライアントduid",
    "dhcpv6clientduid",
    "dhcpv6クライアントid",
    "サブジェクト",
    "subject",
    "作成者",
    "author",
    "一意のコンテナー名",
    "uniquecontainername",
    "シンプルなコンテナー名",
    "simplecontainername",
    "キーコンテナー",
    "keycontainer",
];

/// The text without names of machines and persons, and with hardware addresses of which only the maker is left.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let masked = match split(line) {
            Some((label, value)) if PERSONAL.contains(&plain(label).as_str()) && !value.trim().is_empty() => {
                let end = if line.ends_with('\n') { "\n" } else { "" };
                let front = line.len() - value.len();
                format!("{} ***{end}", line.get(..front).unwrap_or_default())
            }
            _ => line.to_owned(),
        };
        out.push_str(&without_hardware(&without_element(&masked)));
    }
    out
}

/// Elements of task files that name persons.
fn without_element(line: &str) -> String {
    for name in ["Author", "UserId"] {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        if let Some((before, rest)) = line.split_once(&open)
            && let Some((_, after)) = rest.split_once(&close)
        {
            return format!("{before}{open}***{close}{after}");
        }
    }
    line.to_owned()
}

/// Six pairs of hexadecimal digits with one sign between them: the last three pairs are taken out.
fn without_hardware(line: &str) -> String {
    const LENGTH: usize = 17;
    let bytes = line.as_bytes();
    let mut out = line.to_owned();
    let mut at = 0;
    while let Some(piece) = bytes.get(at..at + LENGTH) {
        let sign = piece.get(2).copied().unwrap_or_default();
        let is_address = matches!(sign, b'-' | b':')
            && piece.iter().enumerate().all(|(place, byte)| if place % 3 == 2 { *byte == sign } else { byte.is_ascii_hexdigit() })
            && !at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_hexdigit)
            && !bytes.get(at + LENGTH).is_some_and(u8::is_ascii_hexdigit);
        if is_address {
            let sign = char::from(sign);
            out.replace_range(at + 9..at + LENGTH, &format!("##{sign}##{sign}##"));
            at += LENGTH;
        } else {
            at += 1;
        }
    }
    out
}

/// `label : value` of a listing, with the dots and blanks between them gone from the label. The colon may be of full width; in a line of
/// Windows the first one ends the label.
#[must_use]
pub fn split(line: &str) -> Option<(&str, &str)> {
    let at = line.find([':', '：'])?;
    let (label, rest) = (line.get(..at)?, line.get(at..)?);
    let value = rest.strip_prefix(':').or_else(|| rest.strip_prefix('：'))?;
    Some((label.trim().trim_end_matches(['.', ' ', '　']), value))
}

/// A label in small letters without blanks and hyphens, so that one spelling stands for all.
#[must_use]
pub fn plain(label: &str) -> String {
    let letters = label.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '.' | '_'));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_set_of_a_windows_console_is_read_even_cut() {
        let text = "リンクローカル IPv6 アドレス. . . : fe80::1（優先）";
        let (cp932, _, _) = SHIFT_JIS.encode(text);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [&[0xff, 0xfe][..], &wide].concat();
        for bytes in [text.as_bytes(), &cp932, &marked] {
            assert_eq!(decode(bytes), text);
            for end in 0..bytes.len() {
                let _whatever_is_left = decode(&bytes[..end]);
            }
        }
        assert_eq!(
            decode(&"Windows IP Configuration".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            "Windows IP Configuration"
        );
        assert!(decode(&text.as_bytes()[..7]).starts_with("リン"));
        assert_eq!(decode(&vec![b'a'; LONGEST + 1]).len(), LONGEST);
    }

    #[test]
    fn names_and_hardware_addresses_do_not_leave() {
        let text = "   ホスト名 . . . . . : RECEPTION-1\r\n   物理アドレス. . . . : 58-27-8C-12-34-56\r\n   IPv6 アドレス . . . : 2408:210:aaaa:bb00::1\r\n";
        let shown = redacted(text);
        assert!(!shown.contains("RECEPTION") && !shown.contains("12-34-56") && shown.contains("58-27-8C-##-##-##"), "{shown}");
        assert!(shown.contains("2408:210:aaaa:bb00::1"));
        let task = redacted("<UserId>CLINIC\\山田</UserId> \"address\":\"aa:bb:cc:dd:ee:ff\" Subject: CN=山田医院, C=JP\n");
        assert!(!task.contains("山田</") && task.contains("aa:bb:cc:##:##:##"), "{task}");
        assert!(!redacted("Subject: CN=山田医院, C=JP").contains("山田"));
        for (at, _) in text.char_indices() {
            let _whatever_is_left = redacted(&text[..at]);
        }
    }
}
