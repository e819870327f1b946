//! Reads what `reg query` shows: names, kinds and values.

/// Before a value's kind.
const KIND: &str = "    REG_";

/// A value by its name, in any letter case; absent where the key does not have it.
#[must_use]
pub fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (before, after) = line.split_once(KIND)?;
        let value = after.split_once("    ").map_or("", |(_, value)| value);
        before.trim().eq_ignore_ascii_case(name).then(|| value.trim_end())
    })
}

/// A value that is a number, `0x1`.
#[must_use]
pub fn number(text: &str, name: &str) -> Option<u64> {
    hexadecimal(value(text, name)?)
}

/// `0x1f` as a number.
#[must_use]
pub fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.trim().to_ascii_lowercase();
    u64::from_str_radix(digits.strip_prefix("0x")?, 16).ok()
}
