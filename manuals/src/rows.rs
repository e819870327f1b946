//! The inventory of what the manuals describe: one row for each thing, whether it asks for software, is a fact kept here, or explains.

use crate::embedded;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/rows.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// What a row asks of this project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Behaviour our software must show; a test names the row.
    Software,
    /// A fact kept as data in this crate; a test names the row.
    Data,
    /// Nothing to build: it explains, or belongs to someone else's program or hardware.
    Context,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The stable id, "LN-09".
    pub id: &'static str,
    /// What it asks of this project.
    pub kind: Kind,
    /// What it says, one English sentence.
    pub what: &'static str,
}

impl Row {
    /// The two or one letters before the hyphen, "LN".
    pub fn section(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(section, _)| section)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    row: Vec<Row>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// Every row: 271 of the inventory, then the 12 contradictions (X).
pub fn all() -> &'static [Row] {
    &SHEET.row
}

/// The row with this id; `None` for any other word.
pub fn by_id(id: &str) -> Option<&'static Row> {
    all().iter().find(|row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SECTIONS: [(&str, usize); 19] = [
        ("LN", 18),
        ("ID", 15),
        ("NW", 13),
        ("DN", 31),
        ("TA", 4),
        ("LA", 20),
        ("AC", 9),
        ("CA", 32),
        ("RN", 16),
        ("MP", 7),
        ("LS", 14),
        ("PX", 12),
        ("TM", 4),
        ("PA", 13),
        ("LK", 21),
        ("DA", 28),
        ("CR", 6),
        ("SU", 8),
        ("X", 12),
    ];

    #[test]
    fn every_row_of_every_section_stands_once_and_in_order() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let expected: Vec<String> =
            SECTIONS.iter().flat_map(|(section, count)| (1..=*count).map(move |number| format!("{section}-{number:02}"))).collect();
        let ids: Vec<&str> = all().iter().map(|row| row.id).collect();
        assert_eq!(ids, expected);
        assert_eq!(all().iter().filter(|row| row.section() != "X").count(), 271);
    }

    #[test]
    fn every_row_is_a_sentence_of_its_own() {
        let sentences: BTreeSet<_> = all().iter().map(|row| row.what).collect();
        assert_eq!(sentences.len(), 283);
        for row in all() {
            assert!(row.what.ends_with('.') && row.what.len() > 20, "{}", row.id);
        }
        assert_eq!(by_id("LN-09").map(|row| (row.kind, row.section())), Some((Kind::Data, "LN")));
        assert_eq!(by_id("LN-19"), None);
    }
}
