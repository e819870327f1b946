//! Where a facility stands: the 47 prefectures, and which of the two carriers' areas each belongs to.

use crate::embedded;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/prefectures.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The carrier's area. It decides DNS servers, the shape of a line id and the addresses of a site (LN-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// 東日本: the 17 prefectures from 北海道 to 長野県.
    East,
    /// 西日本: the 30 prefectures from 富山県 to 沖縄県.
    West,
}

impl Region {
    /// Both regions, east first.
    pub const ALL: [Region; 2] = [Region::East, Region::West];

    /// The Japanese name, "東日本" or "西日本".
    pub fn label(self) -> &'static str {
        match self {
            Region::East => "東日本",
            Region::West => "西日本",
        }
    }

    /// The key used in tables and settings, "east" or "west".
    pub fn key(self) -> &'static str {
        match self {
            Region::East => "east",
            Region::West => "west",
        }
    }

    /// The region with this key; `None` for any other word.
    pub fn by_key(key: &str) -> Option<Region> {
        Region::ALL.into_iter().find(|region| region.key() == key)
    }
}

/// One value for each region, as tables hold it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByRegion<T> {
    east: T,
    west: T,
}

impl<T> ByRegion<T> {
    pub(crate) fn get(&self, region: Region) -> &T {
        match region {
            Region::East => &self.east,
            Region::West => &self.west,
        }
    }
}

/// One prefecture (都道府県).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prefecture {
    /// JIS X 0401 code, 1 to 47.
    pub code: u8,
    /// Full Japanese name, "東京都".
    pub name: &'static str,
    /// Lower-case romaji as used in host names and certificate subjects, "tokyo" (DN-10, CA-25).
    pub romaji: &'static str,
    /// The carrier's area (LN-16).
    pub region: Region,
}

/// The table file as a whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    prefecture: Vec<Prefecture>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// All 47 prefectures in the order of their codes (LN-16).
pub fn prefectures() -> &'static [Prefecture] {
    &SHEET.prefecture
}

/// The prefecture with this JIS code; `None` outside 1 to 47.
pub fn prefecture_by_code(code: u8) -> Option<&'static Prefecture> {
    SHEET.prefecture.iter().find(|prefecture| prefecture.code == code)
}

/// The prefecture with this romaji name in lower case; `None` for any other word (DN-10).
pub fn prefecture_by_romaji(romaji: &str) -> Option<&'static Prefecture> {
    SHEET.prefecture.iter().find(|prefecture| prefecture.romaji == romaji)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(region: Region) -> Vec<&'static str> {
        prefectures().iter().filter(|prefecture| prefecture.region == region).map(|prefecture| prefecture.name).collect()
    }

    /// Rows: LN-16
    #[test]
    fn seventeen_prefectures_are_east_and_thirty_are_west() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!(
            names(Region::East),
            [
                "北海道",
                "青森県",
                "岩手県",
                "宮城県",
                "秋田県",
                "山形県",
                "福島県",
                "茨城県",
                "栃木県",
                "群馬県",
                "埼玉県",
                "千葉県",
                "東京都",
                "神奈川県",
                "新潟県",
                "山梨県",
                "長野県"
            ]
        );
        assert_eq!(names(Region::West).len(), 30);
        assert_eq!(
            names(Region::West).join("、"),
            "富山県、石川県、福井県、岐阜県、静岡県、愛知県、三重県、滋賀県、京都府、大阪府、兵庫県、奈良県、和歌山県、鳥取県、島根県、岡山県、広島県、\
             山口県、徳島県、香川県、愛媛県、高知県、福岡県、佐賀県、長崎県、熊本県、大分県、宮崎県、鹿児島県、沖縄県"
        );
        assert_eq!((Region::East.label(), Region::West.label()), ("東日本", "西日本"));
    }

    /// Rows: DN-10
    #[test]
    fn prefectures_are_found_by_code_and_by_romaji() {
        let codes: Vec<u8> = prefectures().iter().map(|prefecture| prefecture.code).collect();
        assert_eq!(codes, (1..=47).collect::<Vec<u8>>());
        for (code, romaji, name) in [(1, "hokkaido", "北海道"), (13, "tokyo", "東京都"), (27, "osaka", "大阪府"), (32, "shimane", "島根県")]
        {
            assert_eq!(prefecture_by_code(code).map(|p| (p.romaji, p.name)), Some((romaji, name)));
            assert_eq!(prefecture_by_romaji(romaji).map(|p| p.code), Some(code));
        }
        let romaji: Vec<_> = prefectures().iter().map(|prefecture| prefecture.romaji).collect();
        assert_eq!(
            romaji.join(" "),
            "hokkaido aomori iwate miyagi akita yamagata fukushima ibaraki tochigi gunma saitama chiba tokyo kanagawa niigata toyama \
             ishikawa fukui yamanashi nagano gifu shizuoka aichi mie shiga kyoto osaka hyogo nara wakayama tottori shimane okayama \
             hiroshima yamaguchi tokushima kagawa ehime kochi fukuoka saga nagasaki kumamoto oita miyazaki kagoshima okinawa"
        );
        assert_eq!(prefecture_by_code(0), None);
        assert_eq!(prefecture_by_code(48), None);
        assert_eq!(prefecture_by_romaji("Tokyo"), None);
        assert_eq!(Region::by_key("west"), Some(Region::West));
        assert_eq!(Region::by_key("north"), None);
    }
}
