//! Half width and full width, hiragana and katakana: the same text as different programs type it.

/// The full-width form of every half-width sign from U+FF61 to U+FF9D, in order.
const FULL: &str =
    "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";
/// The first of the half-width signs.
const FIRST_HALF: char = '\u{FF61}';
const HALF_VOICED: char = '\u{FF9E}';
const HALF_SEMI_VOICED: char = '\u{FF9F}';
/// Katakana that carry a voiced mark, each beside the sign without it.
const VOICED: &str = "ガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハビヒブフベヘボホヴウヷワヺヲ";
/// Katakana that carry a semi-voiced mark, each beside the sign without it.
const SEMI_VOICED: &str = "パハピヒプフペヘポホ";
/// Katakana without a half-width form, each beside the one that stands for it.
const STAND_INS: &str = "ヮワヰイヱエヵカヶケ";

/// The sign after `from` in a list of pairs.
fn second_of_pair(pairs: &str, from: char) -> Option<char> {
    let mut signs = pairs.chars();
    while let (Some(first), Some(second)) = (signs.next(), signs.next()) {
        if first == from {
            return Some(second);
        }
    }
    None
}

/// The sign before `to` in a list of pairs.
fn first_of_pair(pairs: &str, to: char) -> Option<char> {
    let mut signs = pairs.chars();
    while let (Some(first), Some(second)) = (signs.next(), signs.next()) {
        if second == to {
            return Some(first);
        }
    }
    None
}

/// The full-width katakana of a half-width sign.
fn full_of(half: char) -> Option<char> {
    let index = u32::from(half).checked_sub(u32::from(FIRST_HALF))?;
    FULL.chars().nth(usize::try_from(index).ok()?)
}

/// The half-width sign of a full-width one.
fn half_of(full: char) -> Option<char> {
    let index = FULL.chars().position(|sign| sign == full)?;
    char::from_u32(u32::from(FIRST_HALF) + u32::try_from(index).ok()?)
}

/// Full-width letters, digits, signs, katakana and blanks in half width, hiragana as half-width katakana; all else as it is.
pub fn to_half_width(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut half = String::with_capacity(text.len());
    for sign in text.chars().map(katakana_of) {
        match sign {
            '\u{3000}' => half.push(' '),
            '！'..='～' => half.extend(char::from_u32(u32::from(sign) - 0xFEE0)),
            '\u{309B}' | '\u{3099}' => half.push(HALF_VOICED),
            '\u{309C}' | '\u{309A}' => half.push(HALF_SEMI_VOICED),
            _ => {
                let (base, mark) = match (second_of_pair(VOICED, sign), second_of_pair(SEMI_VOICED, sign)) {
                    (Some(base), _) => (base, Some(HALF_VOICED)),
                    (None, Some(base)) => (base, Some(HALF_SEMI_VOICED)),
                    (None, None) => (second_of_pair(STAND_INS, sign).unwrap_or(sign), None),
                };
                half.push(half_of(base).unwrap_or(base));
                half.extend(mark);
            }
        }
    }
    half
}

/// ASCII letters, digits, signs and blanks and half-width katakana in full width, voiced marks joined to their sign; all else as it is.
pub fn to_full_width(text: &str) -> String {
    let mut full = String::with_capacity(text.len());
    for sign in text.chars() {
        let pairs = match sign {
            HALF_VOICED => Some((VOICED, '\u{309B}')),
            HALF_SEMI_VOICED => Some((SEMI_VOICED, '\u{309C}')),
            _ => None,
        };
        match (sign, pairs) {
            (_, Some((pairs, alone))) => match full.chars().last().and_then(|before| first_of_pair(pairs, before)) {
                Some(joined) => {
                    full.pop();
                    full.push(joined);
                }
                None => full.push(alone),
            },
            (' ', _) => full.push('\u{3000}'),
            ('!'..='~', _) => full.extend(char::from_u32(u32::from(sign) + 0xFEE0)),
            _ => full.push(full_of(sign).unwrap_or(sign)),
        }
    }
    full
}

/// The katakana of a hiragana; any other sign as it is.
fn katakana_of(sign: char) -> char {
    match sign {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(sign) + 0x60).unwrap_or(sign),
        _ => sign,
    }
}

/// Hiragana as katakana; all else as it is.
pub fn to_katakana(text: &str) -> String {
    text.chars().map(katakana_of).collect()
}

/// Small katakana (ャ) as large ones (ヤ): many cards and old programs have no small ones. All else as it is.
pub fn to_large_katakana(text: &str) -> String {
    const LARGE: &str = "ァアィイゥウェエォオャヤュユョヨッツヮワヵカヶケ";
    text.chars().map(|sign| second_of_pair(LARGE, sign).unwrap_or(sign)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_width_sign_has_its_full_width_sign() {
        assert_eq!(FULL.chars().count(), 0xFF9D - 0xFF61 + 1);
        assert_eq!(to_full_width("ｱﾝｶﾞﾊﾟｳﾞｰ｡"), "アンガパヴー。");
    }

    #[test]
    fn a_name_goes_to_half_width_and_back() {
        assert_eq!(to_half_width("カクウ　ハナコ"), "ｶｸｳ ﾊﾅｺ");
        assert_eq!(to_half_width("がぎぐ　ぱぴぷ"), "ｶﾞｷﾞｸﾞ ﾊﾟﾋﾟﾌﾟ");
        assert_eq!(to_full_width("ｶﾞｷﾞｸﾞ ﾊﾟﾋﾟﾌﾟ"), "ガギグ　パピプ");
        assert_eq!(to_half_width("ヶヵヰヱヮ"), "ｹｶｲｴﾜ");
    }

    #[test]
    fn a_voiced_mark_that_joins_nothing_stands_alone() {
        assert_eq!(to_full_width("ﾞｱﾞ"), "゛ア゛");
        assert_eq!(to_half_width("゛゜"), "ﾞﾟ");
    }

    #[test]
    fn letters_digits_and_signs_change_width() {
        assert_eq!(to_half_width("ＡＺａｚ０９－～"), "AZaz09-~");
        assert_eq!(to_full_width("AZaz09-~"), "ＡＺａｚ０９－～");
    }

    #[test]
    fn hiragana_becomes_katakana_and_small_becomes_large() {
        assert_eq!(to_katakana("きょうサイ漢字ゔゝ"), "キョウサイ漢字ヴヽ");
        assert_eq!(to_large_katakana("キョウッヶ"), "キヨウツケ");
    }
}
