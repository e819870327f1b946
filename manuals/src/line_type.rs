//! Which optical lines may enter the network, and whether the v6 option must be ordered for one.

use crate::{Region, embedded, place::ByRegion};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/line_types.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// Where a line type is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// In both regions (LN-03).
    Common,
    /// In the east only (LN-04).
    East,
    /// In the west only (LN-05).
    West,
}

/// A line type that may enter. Lines of collaborating operators (コラボ光) count by the type they resell (LN-06).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineType {
    /// Stable key, "next-family".
    pub key: &'static str,
    /// Where it is sold.
    pub area: Area,
    /// Full Japanese name.
    pub name: &'static str,
    /// The spelling of the guides where it differs from the product's name.
    pub printed: Option<&'static str>,
}

/// Whether the v6 option (フレッツ・v6オプション) comes with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum V6Option {
    /// On by default, nothing to do.
    DefaultOn,
    /// Off by default: a separate contract is needed, unless the contract's form already contains it.
    SeparateContract,
}

/// How the v6 option is ordered, which decides the work fee (LN-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By telephone, for a line that already exists.
    Telephone,
    /// Together with a new line.
    WithNewLine,
    /// By the customer in the carrier's サービス情報サイト.
    SelfService,
}

/// The v6 option's facts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct V6OptionFacts {
    /// Manual and section.
    pub source: &'static str,
    /// Product name.
    pub name: &'static str,
    /// The services that need it, "eligibility" only: the claims guide does not ask for it (LN-08).
    #[serde(borrow)]
    pub needed_for: Vec<&'static str>,
    /// Yen a month.
    pub monthly_fee_yen: u32,
    work_fee_yen_by_telephone: u32,
    work_fee_yen_with_new_line: u32,
    work_fee_yen_self_service: u32,
    guide: ByRegion<&'static str>,
    self_service: ByRegion<&'static str>,
    default_on_from: ByRegion<Date>,
}

impl V6OptionFacts {
    /// Work fee in yen before tax (LN-12).
    pub fn work_fee_yen(&self, order: Order) -> u32 {
        match order {
            Order::Telephone => self.work_fee_yen_by_telephone,
            Order::WithNewLine => self.work_fee_yen_with_new_line,
            Order::SelfService => self.work_fee_yen_self_service,
        }
    }

    /// The carrier's page about the option (LN-13).
    pub fn guide(&self, region: Region) -> &'static str {
        self.guide.get(region)
    }

    /// The page for ordering it oneself with line id and access key (LN-13).
    pub fn self_service(&self, region: Region) -> &'static str {
        self.self_service.get(region)
    }
}

/// Whom to ask which type a line is (LN-07).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotline {
    /// Manual and section.
    pub source: &'static str,
    /// Telephone number.
    pub phone: &'static str,
    /// Hours, as printed.
    pub hours: &'static str,
}

/// Where a region's carrier announces works and faults (LN-18).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcements {
    /// Works and faults, page.
    pub works: &'static str,
    /// The page for mobile phones, east only.
    pub mobile: Option<&'static str>,
    /// Where mail announcements are ordered.
    pub mail: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    line_type: Vec<LineType>,
    v6_option: V6OptionFacts,
    hotline: Hotline,
    works_and_faults: ByRegion<Announcements>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// Every eligible line type: common ones first, then east, then west.
pub fn all() -> &'static [LineType] {
    &SHEET.line_type
}

/// The type with this key; `None` for any other word.
pub fn by_key(key: &str) -> Option<&'static LineType> {
    all().iter().find(|line_type| line_type.key == key)
}

/// The types that may enter from a region (LN-03 to LN-05).
pub fn eligible_in(region: Region) -> impl Iterator<Item = &'static LineType> {
    all().iter().filter(move |line_type| line_type.is_eligible_in(region))
}

impl LineType {
    /// Whether the type may enter from a region.
    pub fn is_eligible_in(&self, region: Region) -> bool {
        matches!((self.area, region), (Area::Common, _) | (Area::East, Region::East) | (Area::West, Region::West))
    }

    /// Whether this is フレッツ 光クロス, where the v6 option is always on (LN-11).
    pub fn is_cross(&self) -> bool {
        self.key == "cross"
    }
}

/// Whether a line has the v6 option by default, from the day the line was applied for (LN-09 to LN-11).
pub fn v6_option(region: Region, line_type: &LineType, applied_on: Date) -> V6Option {
    if line_type.is_cross() || applied_on >= v6_option_default_from(region) { V6Option::DefaultOn } else { V6Option::SeparateContract }
}

/// The first day on which a line that was applied for in a region has the v6 option by default (LN-09, LN-10).
pub fn v6_option_default_from(region: Region) -> Date {
    *SHEET.v6_option.default_on_from.get(region)
}

/// Fees, pages and need of the v6 option (LN-08, LN-12, LN-13).
pub fn v6_option_facts() -> &'static V6OptionFacts {
    &SHEET.v6_option
}

/// The carriers' contract hotline (LN-07).
pub fn hotline() -> &'static Hotline {
    &SHEET.hotline
}

/// Where works and faults of a region are announced; customers of collaborating operators ask those (LN-18).
pub fn announcements(region: Region) -> &'static Announcements {
    SHEET.works_and_faults.get(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn keys(region: Region) -> Vec<&'static str> {
        eligible_in(region).map(|line_type| line_type.key).collect()
    }

    fn line(key: &str) -> &'static LineType {
        by_key(key).unwrap()
    }

    /// Rows: LN-03, LN-04, LN-05
    #[test]
    fn each_region_has_its_own_types_beside_the_common_ones() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let common =
            ["next-family", "next-family-high-speed", "next-mansion", "next-mansion-high-speed", "next-business", "cross"].to_vec();
        let east = ["next-giga-family-smart", "next-giga-mansion-smart", "next-family-gigaline", "next-mansion-gigaline"].to_vec();
        let west = ["next-family-super-hayabusa", "next-mansion-super-hayabusa"].to_vec();
        assert_eq!(keys(Region::East), [common.clone(), east].concat());
        assert_eq!(keys(Region::West), [common, west].concat());
        let names: Vec<_> = all().iter().map(|line_type| line_type.name).collect();
        assert_eq!(
            names,
            [
                "フレッツ 光ネクスト ファミリータイプ",
                "フレッツ 光ネクスト ファミリーハイスピードタイプ",
                "フレッツ 光ネクスト マンションタイプ",
                "フレッツ 光ネクスト マンション・ハイスピードタイプ",
                "フレッツ 光ネクスト ビジネスタイプ",
                "フレッツ 光クロス",
                "フレッツ 光ネクスト ギガファミリー・スマートタイプ",
                "フレッツ 光ネクスト ギガマンション・スマートタイプ",
                "フレッツ 光ネクスト ファミリー・ギガラインタイプ",
                "フレッツ 光ネクスト マンション・ギガラインタイプ",
                "フレッツ 光ネクスト ファミリー・スーパーハイスピードタイプ隼",
                "フレッツ 光ネクスト マンション・スーパーハイスピードタイプ隼"
            ]
        );
        let printed = line("next-family-super-hayabusa").printed;
        assert_eq!(printed, Some("フレッツ 光ネクスト ファミリースーパーハイスピードタイプ隼"));
        assert_eq!(by_key("b-flets"), None);
    }

    /// Rows: LN-09
    #[test]
    fn an_east_line_has_the_v6_option_from_29_may_2012() {
        let family = line("next-family");
        assert_eq!(v6_option(Region::East, family, date(2012, 5, 28)), V6Option::SeparateContract);
        assert_eq!(v6_option(Region::East, family, date(2012, 5, 29)), V6Option::DefaultOn);
    }

    /// Rows: LN-10
    #[test]
    fn a_west_line_has_the_v6_option_from_11_may_2021() {
        let family = line("next-family");
        assert_eq!(v6_option(Region::West, family, date(2012, 5, 29)), V6Option::SeparateContract);
        assert_eq!(v6_option(Region::West, family, date(2021, 5, 10)), V6Option::SeparateContract);
        assert_eq!(v6_option(Region::West, family, date(2021, 5, 11)), V6Option::DefaultOn);
    }

    /// Rows: LN-11
    #[test]
    fn a_cross_line_always_has_the_v6_option() {
        for region in Region::ALL {
            assert_eq!(v6_option(region, line("cross"), date(2012, 5, 28)), V6Option::DefaultOn);
            assert_eq!(v6_option(region, line("cross"), date(2021, 5, 10)), V6Option::DefaultOn);
        }
    }

    /// Rows: LN-07, LN-08, LN-12, LN-13, LN-18, X-09
    #[test]
    fn fees_pages_and_telephone_numbers_are_the_printed_ones() {
        let option = v6_option_facts();
        assert_eq!(option.needed_for, ["eligibility"]);
        assert_eq!(option.monthly_fee_yen, 0);
        assert_eq!(option.work_fee_yen(Order::Telephone), 2000);
        assert_eq!(option.work_fee_yen(Order::WithNewLine), 0);
        assert_eq!(option.work_fee_yen(Order::SelfService), 0);
        assert_eq!(option.guide(Region::East), "https://flets.com/v6option/flow.html");
        assert_eq!(option.guide(Region::West), "https://flets-w.com/opt/v6option/");
        assert_eq!(option.self_service(Region::East), "https://flets.com/square/con_index.html");
        assert_eq!(option.self_service(Region::West), "https://flets-w.com/opt/v6option/pdf/v6option_user_manual.pdf");
        assert_eq!((hotline().phone, hotline().hours), ("0120-116-116", "午前9時～午後5時 年末年始を除く"));
        assert_eq!(announcements(Region::East).works, "https://flets.com/customer/const.html");
        assert_eq!(announcements(Region::East).mobile, Some("https://flets.com/mb/"));
        assert_eq!(announcements(Region::West).mobile, None);
        assert_eq!(announcements(Region::West).works, "http://www.info-construction.ntt-west.co.jp/");
        assert_eq!(announcements(Region::East).mail, "https://flets.com/info/");
        assert_eq!(announcements(Region::West).mail, "http://www.info-construction.ntt-west.co.jp/info-report/mu010/html/index.html");
    }
}
