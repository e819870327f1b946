//! Reads one table that is compiled into the program.

use serde::Deserialize;

/// Parses an embedded table. The text is fixed when the program is built and every module's test parses it strictly, so a
/// text that cannot be read never leaves the workshop; should it happen all the same, the table is empty rather than the program dead.
pub(crate) fn read<T: Deserialize<'static> + Default>(text: &'static str) -> T {
    toml::from_str(text).unwrap_or_default()
}

/// Why an embedded table cannot be read; `None` when it can. For the tests of each table.
#[cfg(test)]
pub(crate) fn problem<T: Deserialize<'static>>(text: &'static str) -> Option<String> {
    toml::from_str::<T>(text).err().map(|error| error.to_string())
}
