//! Letters that look like others: hyphens, full-width letters and spaces that were pasted from a document (DN-26).

use super::{Dialect, Sheet, shown};

/// Takes comments away and puts right what only looks right, naming each line of it.
pub(super) fn clean(text: &str, dialect: Dialect, sheet: &mut Sheet) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut clean = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let bare = without_comment(line, dialect).trim();
        let mended = mended(bare);
        if let Some(mended) = &mended {
            let (odd, right) = words(bare, mended);
            sheet.mistake(
                number + 1,
                "look-alike-letter",
                format!("半角の記号や文字に見える別の文字が入っています{odd}。"),
                format!("半角で打ち直します{right}。"),
            );
        }
        clean.push(mended.unwrap_or_else(|| bare.to_owned()));
    }
    clean
}

/// Words after which a line may hold what nobody else may see.
const SECRET: [&str; 9] = ["pass", "auth", "key", "secret", "psk", "community", "login", "user", "token"];

/// The first word that is not as it should be, and as it should be; nothing of a line that may hold a secret.
fn words(bare: &str, mended: &str) -> (String, String) {
    let lower = mended.to_ascii_lowercase();
    if SECRET.iter().any(|word| lower.contains(word)) {
        return Default::default();
    }
    let odd = bare.split_whitespace().find(|word| self::mended(word).is_some());
    let right = odd.and_then(self::mended);
    match (odd, right) {
        (Some(odd), Some(right)) => (format!("（{}）", shown(odd)), format!("（{}）", shown(&right))),
        _ => Default::default(),
    }
}

fn without_comment(line: &str, dialect: Dialect) -> &str {
    let mark = match dialect {
        Dialect::Ix | Dialect::Cisco => '!',
        _ => '#',
    };
    let quoted = |place: usize| line.get(..place).is_some_and(|before| before.matches(['"', '\'']).count() % 2 == 1);
    let begins = |place: usize| line.get(..place).is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace));
    let found = line.char_indices().find(|(place, letter)| *letter == mark && begins(*place) && !quoted(*place));
    found.and_then(|(place, _)| line.get(..place)).unwrap_or(line)
}

/// The line with the letters that were meant; nothing if they stand there already.
fn mended(line: &str) -> Option<String> {
    if line.is_ascii() {
        return None;
    }
    let letters: Vec<char> = line.chars().collect();
    let plain = |place: Option<usize>| {
        let letter = place.and_then(|place| letters.get(place));
        letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | ':' | '/' | '=' | ' ' | '-'))
    };
    let mut changed = false;
    let mended = letters.iter().enumerate().filter_map(|(place, letter)| {
        let beside =
            plain(place.checked_sub(1)) && (plain(Some(place + 1)) || place + 1 == letters.len()) || plain(Some(place + 1)) && place == 0;
        match meant(*letter).filter(|_| beside || is_wide(*letter) || *letter == '\u{3000}') {
            Some(meant) => {
                changed = true;
                meant
            }
            None => Some(*letter),
        }
    });
    let mended: String = mended.collect();
    changed.then_some(mended)
}

fn is_wide(letter: char) -> bool {
    letter.is_alphanumeric() && ('\u{ff01}'..='\u{ff5e}').contains(&letter)
}

/// The ASCII letter that one looks like; a letter that nobody sees is like none.
fn meant(letter: char) -> Option<Option<char>> {
    Some(match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{30fc}' | '\u{fe63}' | '\u{2043}' => Some('-'),
        '\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => Some(' '),
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => None,
        '\u{3002}' => Some('.'),
        '\u{ff01}'..='\u{ff5e}' => Some(char::from_u32(u32::from(letter) - 0xfee0)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_repeated() {
        let mut sheet = Sheet::default();
        clean("pp auth myname clinic pass\u{ff0d}word\nserver=/oqs\u{2010}pdl.org/::1", Dialect::Yamaha, &mut sheet);
        let said: Vec<String> = sheet.findings.iter().map(|finding| format!("{}{}", finding.what, finding.fix)).collect();
        assert_eq!(said.len(), 2);
        assert!(!said[0].contains("word") && !said[0].contains("clinic"), "{said:?}");
        assert!(said[1].contains("oqs-pdl.org"), "{said:?}");
    }

    /// Rows: DN-26
    #[test]
    fn what_only_looks_right_is_put_right_and_japanese_words_stay() {
        assert_eq!(mended("server=/oqs\u{2010}pdl.org/::1").as_deref(), Some("server=/oqs-pdl.org/::1"));
        assert_eq!(mended("dns server select 1 ２００１::1 any ｒｅｃｅ").as_deref(), Some("dns server select 1 2001::1 any rece"));
        assert_eq!(mended("dns\u{a0}host lan1").as_deref(), Some("dns host lan1"));
        assert_eq!(mended("base.oqs\u{30fc}pdl.org").as_deref(), Some("base.oqs-pdl.org"));
        assert_eq!(mended("line\u{200b}auth.mnw").as_deref(), Some("lineauth.mnw"));
        assert_eq!(mended("description 診察室のルーター"), None);
        assert_eq!(mended("description ルーター"), None);
        assert_eq!(without_comment("dns host lan1 # 説明ー", Dialect::Yamaha).trim(), "dns host lan1");
        assert_eq!(without_comment("! all", Dialect::Cisco), "");
        assert_eq!(without_comment("uci set a.b='x # y' # z", Dialect::Openwrt), "uci set a.b='x # y' ");
    }
}
