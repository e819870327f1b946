//! Which manual each table was read from, and the day from which it holds.

use jiff::civil::Date;

/// Where a table comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance {
    /// The table's name: its file in `data/` without the ending.
    pub table: &'static str,
    /// The manuals and sections, by their short names 000 to 004; "own" for this project's own texts, the name of the law for holidays.
    pub source: &'static str,
    /// The first day on which the table holds. An entry that differs carries a day of its own.
    pub from: Date,
}

macro_rules! tables {
    ($($module:ident $table:literal,)+) => {
        /// Every table of this crate with its source and its first day.
        pub fn all() -> Vec<Provenance> {
            vec![$(Provenance { table: $table, source: crate::$module::sheet().source, from: crate::$module::sheet().from },)+]
        }
    };
}

tables! {
    place "prefectures",
    hosts "hosts",
    situation "situations",
    line_type "line_types",
    line_id "line_ids",
    domains "domains",
    addresses "addresses",
    messages "messages",
    lineauth "lineauth",
    certificate "certificate",
    proxy "proxy",
    time "time",
    account "account",
    bridge "bridge",
    distribution "distribution",
    card_reader "card_readers",
    support "support",
    faq "faq",
    holidays "holidays",
    insurer "insurers",
    zones "zones",
    rows "rows",
}

/// The manuals by their short names: titles, without edition.
const TITLES: [(&str, &str); 5] = [
    ("000", "オンライン請求 接続ガイド"),
    ("001", "オンライン資格確認 接続ガイド"),
    ("002", "共通認証局 ユーザーマニュアル"),
    ("003", "連携アプリ搭載サーバーのセットアップ"),
    ("004", "配信アプリケーションの確認について"),
];

/// A source such as "000 §2-1; 001 §2-1" as people look it up: with the manuals' titles in place of their short names.
pub fn in_words(source: &str) -> String {
    let part = |part: &str| {
        let part = part.trim();
        let known = TITLES.iter().find_map(|(short, title)| part.strip_prefix(short).map(|rest| (title, rest)));
        known.map_or_else(|| part.to_owned(), |(title, rest)| format!("「{title}」{rest}"))
    };
    source.split(';').map(part).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_says_where_it_was_read_and_from_which_day_it_holds() {
        let tables = all();
        for table in &tables {
            assert!(!table.source.is_empty(), "{} has no source", table.table);
            assert!(table.from >= jiff::civil::date(1948, 7, 20), "{} has no day", table.table);
        }
        let named: BTreeSet<String> = tables.iter().map(|table| format!("{}.toml", table.table)).collect();
        let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(named, files, "a table without provenance, or a name without table");
    }

    #[test]
    fn a_source_is_told_by_the_manuals_titles() {
        assert_eq!(in_words("000 §2-1; 001 FAQ Q9"), "「オンライン請求 接続ガイド」 §2-1、「オンライン資格確認 接続ガイド」 FAQ Q9");
        assert_eq!(in_words("own"), "own");
        assert_eq!(in_words(""), "");
    }
}
