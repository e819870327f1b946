//! The id of a line (お客さまID): reads what a person typed, and names the mistake when it is not one.

use crate::domains::Service;
use crate::{Region, embedded, place::ByRegion};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/line_ids.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// One permitted shape of a line id (ID-01, ID-02).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The three upper-case letters.
    pub prefix: &'static str,
    /// How many digits follow.
    pub digits: usize,
    /// Where it is issued.
    pub regions: Vec<Region>,
}

/// The choices of the application form's 電気通信回線種別 (ID-06 to ID-09).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineKind {
    /// Manual and section.
    pub source: &'static str,
    /// The right choice for an optical line of either carrier, collaborating operators included.
    pub right: &'static str,
    /// The choices applicants take by mistake.
    #[serde(borrow)]
    pub mistakes: Vec<&'static str>,
    /// The other usual mistakes of the application.
    #[serde(borrow)]
    pub other_mistakes: Vec<&'static str>,
}

/// The choices for announcing a changed line id, 届出種別 (ID-10, ID-13).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Manual and section.
    pub source: &'static str,
    /// The facility keeps its code.
    pub without_new_code: &'static str,
    /// The facility gets a new code.
    pub with_new_code: &'static str,
    /// Days until an eligibility application is reflected, about (ID-10).
    pub days_until_reflected: u16,
    /// The page that explains the succession (ID-14).
    pub succession_page: &'static str,
    /// The heading of that page that applies (ID-14).
    pub succession_topic: &'static str,
}

/// Who needs no further application (ID-15).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// Manual and section.
    pub source: &'static str,
    /// The note, word for word.
    pub text: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    shape: Vec<Shape>,
    line_kind_of_claims: LineKind,
    line_kind_of_eligibility: LineKind,
    change: Change,
    exemption: Exemption,
    where_to_look: ByRegion<Vec<&'static str>>,
    explained_at: ByRegion<&'static str>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// A line id of a permitted shape, in upper case without separators.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId(String);

impl LineId {
    /// The id as printed, "CAF1234567890".
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LineId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a typed line id. The text is Japanese, for the applicant, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineIdMistake {
    /// Nothing was typed.
    #[error("お客さまIDが入力されていません。「開通のご案内」などにある、CAFで始まる番号を入力してください。")]
    Empty,
    /// Full-width letters or digits (ID-03).
    #[error("お客さまIDに全角の文字があります。すべて半角で入力してください。")]
    FullWidth,
    /// A blank or a hyphen, whatever its glyph.
    #[error("お客さまIDに空白またはハイフンがあります。英字3文字と数字だけを続けて入力してください。")]
    Separator,
    /// Small letters (ID-03).
    #[error("お客さまIDの英字が小文字です。大文字で入力してください。")]
    LowerCase,
    /// The `L…` 回線ID that the west's letter shows beside the line id (ID-05).
    #[error("「L」で始まる番号は回線IDで、お客さまIDではありません。同じ書面にある「CAF」で始まるお客さまIDを入力してください。")]
    OtherIdOfTheLetter,
    /// `COP` exists in the east only (ID-02).
    #[error("「COP」で始まるお客さまIDは東日本だけのものです。西日本の回線は「CAF」で始まるお客さまIDを入力してください。")]
    CopInWest,
    /// Other letters in front.
    #[error("お客さまIDは、英字3文字の「CAF」（東日本は「COP」も）で始まります。書面の番号を確かめてください。")]
    UnknownPrefix,
    /// A letter or sign where a digit belongs.
    #[error("「{prefix}」の後に数字でない文字があります。数字の0（ゼロ）と英字のO（オー）、1と英字のIやlを確かめてください。")]
    NotADigit {
        /// The three letters.
        prefix: &'static str,
    },
    /// Digits are missing.
    #[error("数字が足りません。「{prefix}」の後の数字は{wanted}桁ですが、{found}桁しかありません。")]
    TooFewDigits {
        /// The three letters.
        prefix: &'static str,
        /// How many digits belong there.
        wanted: usize,
        /// How many were typed.
        found: usize,
    },
    /// Too many digits.
    #[error("数字が多すぎます。「{prefix}」の後の数字は{wanted}桁ですが、{found}桁あります。")]
    TooManyDigits {
        /// The three letters.
        prefix: &'static str,
        /// How many digits belong there.
        wanted: usize,
        /// How many were typed.
        found: usize,
    },
}

/// Reads a line id as a person typed it for a line of `region`. Nothing is corrected: the id is compared with the carrier's, so the
/// person must see the mistake (ID-01 to ID-05; X-01: the text's digit counts win over the drawings).
pub fn parse(typed: &str, region: Region) -> Result<LineId, LineIdMistake> {
    if typed.is_empty() {
        return Err(LineIdMistake::Empty);
    }
    if typed.chars().any(is_separator) {
        return Err(LineIdMistake::Separator);
    }
    if typed.chars().any(is_full_width) {
        return Err(LineIdMistake::FullWidth);
    }
    let split = typed.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(typed.len());
    let (letters, rest) = typed.split_at(split);
    if letters == "L" {
        return Err(LineIdMistake::OtherIdOfTheLetter);
    }
    if letters.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(LineIdMistake::LowerCase);
    }
    let Some(shape) = SHEET.shape.iter().find(|shape| letters.starts_with(shape.prefix)) else {
        return Err(LineIdMistake::UnknownPrefix);
    };
    if !shape.regions.contains(&region) {
        return Err(LineIdMistake::CopInWest);
    }
    let (prefix, wanted, found) = (shape.prefix, shape.digits, rest.len());
    if letters != prefix || rest.bytes().any(|b| !b.is_ascii_digit()) {
        return Err(LineIdMistake::NotADigit { prefix });
    }
    match found.cmp(&wanted) {
        std::cmp::Ordering::Less => Err(LineIdMistake::TooFewDigits { prefix, wanted, found }),
        std::cmp::Ordering::Greater => Err(LineIdMistake::TooManyDigits { prefix, wanted, found }),
        std::cmp::Ordering::Equal => Ok(LineId(typed.to_owned())),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '－' | 'ー' | 'ｰ' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | '/')
}

fn is_full_width(c: char) -> bool {
    matches!(c, '\u{ff01}'..='\u{ff5e}')
}

/// The permitted shapes.
pub fn shapes() -> &'static [Shape] {
    &SHEET.shape
}

/// The application form's line kind for a service (ID-06, ID-07).
pub fn line_kind(service: Service) -> &'static LineKind {
    match service {
        Service::Claims => line_kind_of_claims(),
        Service::Eligibility => line_kind_of_eligibility(),
    }
}

/// The application form's line kind for claims (ID-06, ID-08).
pub fn line_kind_of_claims() -> &'static LineKind {
    &SHEET.line_kind_of_claims
}

/// The application form's line kind for eligibility (ID-07, ID-09).
pub fn line_kind_of_eligibility() -> &'static LineKind {
    &SHEET.line_kind_of_eligibility
}

/// How a changed line id is announced (ID-10, ID-13).
pub fn change() -> &'static Change {
    &SHEET.change
}

/// Who needs no further application (ID-15).
pub fn exemption() -> &'static Exemption {
    &SHEET.exemption
}

/// Where an applicant finds the id, in the order to look (ID-04).
pub fn where_to_look(region: Region) -> &'static [&'static str] {
    SHEET.where_to_look.get(region)
}

/// The carrier's page that explains the id (ID-04).
pub fn explained_at(region: Region) -> &'static str {
    SHEET.explained_at.get(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mistake(typed: &str, region: Region) -> LineIdMistake {
        parse(typed, region).unwrap_err()
    }

    /// Rows: ID-01, ID-02
    #[test]
    fn the_east_has_two_shapes_and_the_west_one() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!(parse("CAF1234567890", Region::East).unwrap().as_str(), "CAF1234567890");
        assert_eq!(parse("CAF1234567890", Region::West).unwrap().to_string(), "CAF1234567890");
        assert_eq!(parse("COP12345678", Region::East).unwrap().as_str(), "COP12345678");
        assert_eq!(mistake("COP12345678", Region::West), LineIdMistake::CopInWest);
        assert!(mistake("COP12345678", Region::West).to_string().contains("東日本だけ"));
    }

    /// Rows: ID-03
    #[test]
    fn letters_must_be_half_width_and_upper_case() {
        assert_eq!(mistake("caf1234567890", Region::East), LineIdMistake::LowerCase);
        assert_eq!(mistake("Caf1234567890", Region::East), LineIdMistake::LowerCase);
        assert_eq!(mistake("ＣＡＦ1234567890", Region::East), LineIdMistake::FullWidth);
        assert_eq!(mistake("CAF１２３４５６７８９０", Region::West), LineIdMistake::FullWidth);
        assert!(LineIdMistake::LowerCase.to_string().contains("大文字"));
    }

    /// Rows: X-01
    #[test]
    fn the_digit_counts_of_the_text_win_over_the_drawings() {
        let few = mistake("CAF123456789", Region::East);
        assert_eq!(few, LineIdMistake::TooFewDigits { prefix: "CAF", wanted: 10, found: 9 });
        assert_eq!(few.to_string(), "数字が足りません。「CAF」の後の数字は10桁ですが、9桁しかありません。");
        assert_eq!(mistake("CAF123456789012", Region::West), LineIdMistake::TooManyDigits { prefix: "CAF", wanted: 10, found: 12 });
        assert_eq!(mistake("COP123456789", Region::East), LineIdMistake::TooManyDigits { prefix: "COP", wanted: 8, found: 9 });
        assert_eq!(mistake("CAF", Region::East), LineIdMistake::TooFewDigits { prefix: "CAF", wanted: 10, found: 0 });
    }

    /// Rows: ID-05
    #[test]
    fn the_other_id_of_the_wests_letter_is_named() {
        assert_eq!(mistake("L12345678", Region::West), LineIdMistake::OtherIdOfTheLetter);
        assert!(LineIdMistake::OtherIdOfTheLetter.to_string().contains("CAF"));
    }

    #[test]
    fn blanks_and_hyphens_of_any_glyph_are_named() {
        for typed in ["CAF-1234567890", "CAF 1234567890", "CAF－1234567890", "CAF\u{2212}1234567890", " CAF1234567890", "CAF　1234567890"]
        {
            assert_eq!(mistake(typed, Region::East), LineIdMistake::Separator, "{typed}");
        }
    }

    #[test]
    fn other_mistakes_are_told_apart() {
        assert_eq!(mistake("", Region::East), LineIdMistake::Empty);
        assert_eq!(mistake("ABC1234567890", Region::East), LineIdMistake::UnknownPrefix);
        assert_eq!(mistake("1234567890", Region::East), LineIdMistake::UnknownPrefix);
        assert_eq!(mistake("CAF123456789O", Region::East), LineIdMistake::NotADigit { prefix: "CAF" });
        assert_eq!(mistake("CAFO234567890", Region::East), LineIdMistake::NotADigit { prefix: "CAF" });
        assert_eq!(mistake("CAF12345６7890x", Region::East), LineIdMistake::FullWidth);
    }

    /// Rows: ID-04, ID-06, ID-07, ID-08, ID-09, ID-15
    #[test]
    fn the_application_forms_choices_are_word_for_word() {
        assert_eq!(line_kind_of_claims().right, "1:IP-VPN(提供会社:NTT)");
        assert_eq!(line_kind_of_claims().mistakes, ["2:IP-VPN(提供会社:NTT以外)", "3:IPsec"]);
        assert_eq!(line_kind_of_eligibility().right, "1：IP-VPN回線事業者（NTTなど。ただし、CTC・QTnetを除く）");
        assert_eq!(line_kind_of_eligibility().mistakes, ["2：IP-VPN回線事業者（CTC・QTnetに限る）", "3：インターネット接続（IPsec+IKE）"]);
        for kind in [line_kind_of_claims(), line_kind_of_eligibility()] {
            assert_eq!(kind.other_mistakes, ["実際に接続する回線と異なる回線のお客さまID", "お客さまIDの投入誤り"]);
        }
        assert_eq!(change().without_new_code, "2:登録内容変更（医療機関コードの変更なし）");
        assert_eq!(change().with_new_code, "3:登録内容変更（医療機関コードの変更を含む）");
        assert_eq!(change().days_until_reflected, 7);
        assert_eq!(change().succession_topic, "1.財産処分の事例(種類)");
        assert!(exemption().text.contains("追加申請は不要です。"));
        assert_eq!(line_kind(Service::Claims), line_kind_of_claims());
        assert_eq!(line_kind(Service::Eligibility), line_kind_of_eligibility());
        assert_eq!(where_to_look(Region::East)[0], "「開通のご案内」");
        assert_eq!(where_to_look(Region::West).len(), 3);
        assert_eq!(explained_at(Region::East), "https://flets.com/key/");
        assert_eq!(explained_at(Region::West), "https://flets-w.com/user/about_id/");
        assert_eq!(shapes().len(), 2);
    }

    proptest! {
        #[test]
        fn nothing_typed_makes_it_fall_over(typed in "\\PC*", west: bool) {
            let region = if west { Region::West } else { Region::East };
            let good_caf = typed.len() == 13 && typed.starts_with("CAF") && typed.bytes().skip(3).all(|b| b.is_ascii_digit());
            let good_cop = !west && typed.len() == 11 && typed.starts_with("COP") && typed.bytes().skip(3).all(|b| b.is_ascii_digit());
            prop_assert_eq!(parse(&typed, region).is_ok(), good_caf || good_cop);
        }

        /// Rows: ID-01, ID-02
        #[test]
        fn every_id_of_a_permitted_shape_is_accepted(caf in "CAF[0-9]{10}", cop in "COP[0-9]{8}") {
            let (caf_east, caf_west) = (parse(&caf, Region::East).unwrap(), parse(&caf, Region::West).unwrap());
            prop_assert_eq!(caf_east.as_str(), caf.as_str());
            prop_assert_eq!(caf_west.as_str(), caf.as_str());
            let cop_east = parse(&cop, Region::East).unwrap();
            prop_assert_eq!(cop_east.as_str(), cop.as_str());
        }

        #[test]
        fn near_misses_are_never_accepted(typed in "[CcＣ]A[FP][-0-9０]{6,14}", west: bool) {
            let region = if west { Region::West } else { Region::East };
            let good = typed.len() == 13 && typed.starts_with("CAF") && typed.bytes().skip(3).all(|b| b.is_ascii_digit());
            prop_assert_eq!(parse(&typed, region).is_ok(), good);
        }
    }
}
