//! The five card readers and where each shows the versions of its software.

use crate::embedded;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/card_readers.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// One vendor's reader.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// The inventory row.
    pub row: &'static str,
    /// The vendor's full name.
    pub vendor: &'static str,
    /// Product name, where the manual gives one.
    pub product: Option<&'static str>,
    /// How the screen with the versions is reached.
    pub opened_from: &'static str,
    /// The state the reader must show first.
    pub state: Option<&'static str>,
    /// The versions shown, in the screen's order.
    #[serde(borrow)]
    pub versions: Vec<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    reader: Vec<Reader>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// The five readers (CR-06: five screens, no common interface).
pub fn all() -> &'static [Reader] {
    &SHEET.reader
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: CR-01, CR-02, CR-03, CR-04, CR-05
    #[test]
    fn five_readers_show_their_versions_on_five_screens() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let shown: Vec<_> = all().iter().map(|reader| (reader.row, reader.product, reader.state, reader.versions.len())).collect();
        assert_eq!(
            shown,
            [
                ("CR-01", Some("Caora"), None, 4),
                ("CR-02", None, None, 1),
                ("CR-03", Some("マイナタッチ"), None, 3),
                ("CR-04", None, Some("接続中"), 4),
                ("CR-05", Some("EXC-9000"), Some("受付可能"), 2),
            ]
        );
        let versions: Vec<_> = all().iter().map(|reader| reader.versions.join("、")).collect();
        assert_eq!(
            versions,
            [
                "本人認証用カードリーダーソフトバージョン、資源バージョン、Caoraソフトバージョン、Caoraファームバージョン",
                "App Ver.",
                "管理コンソール、アップデート管理ツール、カードリーダー本体",
                "顔認証付きカードリーダー管理アプリケーション、ログ収集コマンドアプリケーション、顔認証付きカードリーダーアプリケーション、顔認証付きカードリーダーOSソフトウェア",
                "顔認証付きカードリーダーEXC-9000管理ツール、EXC-9000アプリケーション",
            ]
        );
        let vendors: Vec<_> = all().iter().map(|reader| reader.vendor).collect();
        assert_eq!(
            vendors,
            [
                "富士通Japan株式会社",
                "パナソニックコネクト株式会社",
                "株式会社アルメックス",
                "キヤノンマーケティングジャパン株式会社",
                "アトラス情報サービス株式会社"
            ]
        );
        assert!(all()[2].opened_from.contains("マイナタッチ管理コンソール"));
    }
}
