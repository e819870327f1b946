//! What kind of insurer a number names: health insurance societies, municipalities, the elderly, public assistance.

use crate::embedded;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/insurers.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The family a kind of insurer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// 被用者保険: through one's work.
    Employee,
    /// 国民健康保険: through the municipality or a trade's society.
    Municipal,
    /// 後期高齢者医療: no symbol and no branch number.
    Elderly,
    /// 医療扶助: public assistance, paid with a medical ticket.
    Assistance,
}

/// A kind of insurer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// 法別番号, two digits; empty for national health insurance, which has none.
    pub law: &'static str,
    /// Stable key.
    pub key: &'static str,
    /// Japanese name.
    pub name: &'static str,
    /// Family.
    pub family: Family,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    test_prefecture: &'static str,
    kind: Vec<Kind>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// Every kind, in the order of 法別番号.
pub fn kinds() -> &'static [Kind] {
    &SHEET.kind
}

/// The kind of an insurer number: 8 digits, or 6 for national health insurance, alone or brought to 8 characters with leading blanks
/// or zeros. `None` for another length, other characters, or an unknown 法別番号. The check digit is not looked at.
pub fn kind_of(number: &str) -> Option<&'static Kind> {
    let (law, _) = parts(number)?;
    SHEET.kind.iter().find(|kind| kind.law == law)
}

/// The two digits of the prefecture in an insurer number: "13" in "06130012", "99" in "  990010". `None` where [`kind_of`] sees no number.
pub fn prefecture_digits(number: &str) -> Option<&str> {
    let (_, rest) = parts(number)?;
    rest.get(..2)
}

/// Whether an insurer is a fictitious one for tests: prefecture 99, which exists nowhere.
pub fn is_test(number: &str) -> bool {
    prefecture_digits(number) == Some(SHEET.test_prefecture)
}

/// Splits a number into 法別番号 (empty for six digits) and the six digits after it.
fn parts(number: &str) -> Option<(&str, &str)> {
    let digits = number.trim_start_matches(' ');
    if !digits.bytes().all(|b| b.is_ascii_digit()) || number.len() > 8 {
        return None;
    }
    match digits.len() {
        6 => Some(("", digits)),
        8 => digits.split_at_checked(2).map(|(law, rest)| if law == "00" { ("", rest) } else { (law, rest) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: &str) -> Option<&'static str> {
        kind_of(number).map(|kind| kind.key)
    }

    #[test]
    fn the_first_two_digits_of_eight_name_the_kind() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let known = [
            ("01130012", "kyokai"),
            ("02130011", "seamen"),
            ("03130010", "day-labour"),
            ("04130019", "day-labour-special"),
            ("06990014", "society"),
            ("07130016", "self-defence"),
            ("12130010", "medical-assistance"),
            ("31130016", "mutual-state"),
            ("32130015", "mutual-local"),
            ("33130014", "mutual-police"),
            ("34130013", "mutual-school"),
            ("39131008", "elderly"),
            ("63130010", "society-retired"),
            ("67130016", "national-retired"),
            ("72130019", "mutual-state-retired"),
            ("73130018", "mutual-local-retired"),
            ("74130017", "mutual-police-retired"),
            ("75130016", "mutual-school-retired"),
        ];
        for (number, expected) in known {
            assert_eq!(key(number), Some(expected), "{number}");
        }
        assert_eq!(kinds().len(), known.len() + 1);
        let names: Vec<_> = kinds().iter().map(|kind| kind.name).collect();
        assert_eq!(
            names,
            [
                "国民健康保険",
                "全国健康保険協会管掌健康保険（協会けんぽ）",
                "船員保険",
                "日雇特例被保険者の保険（一般療養）",
                "日雇特例被保険者の保険（特別療養費）",
                "組合管掌健康保険",
                "防衛省職員給与法による療養の給付（自衛官等）",
                "生活保護法による医療扶助",
                "国家公務員共済組合",
                "地方公務員等共済組合",
                "警察共済組合",
                "公立学校共済組合・日本私立学校振興・共済事業団",
                "後期高齢者医療",
                "特定健康保険組合（特例退職被保険者）",
                "国民健康保険（退職被保険者）",
                "国家公務員特定共済組合（特例退職）",
                "地方公務員等特定共済組合（特例退職）",
                "警察特定共済組合（特例退職）",
                "公立学校・私立学校特定共済組合（特例退職）"
            ]
        );
        let employee = kinds().iter().filter(|kind| kind.family == Family::Employee).count();
        let municipal: Vec<_> = kinds().iter().filter(|kind| kind.family == Family::Municipal).map(|kind| kind.key).collect();
        assert_eq!((employee, municipal), (15, vec!["national", "national-retired"]));
        assert_eq!(kind_of("39131008").map(|kind| kind.family), Some(Family::Elderly));
        assert_eq!(kind_of("12130010").map(|kind| kind.family), Some(Family::Assistance));
    }

    #[test]
    fn six_digits_are_national_health_insurance_however_they_are_padded() {
        for number in ["990010", "  990010", "00990010"] {
            assert_eq!(key(number), Some("national"), "{number:?}");
            assert_eq!(kind_of(number).map(|kind| kind.family), Some(Family::Municipal));
            assert_eq!(prefecture_digits(number), Some("99"));
        }
    }

    #[test]
    fn what_is_no_number_or_no_known_kind_is_nothing() {
        for number in
            ["", " ", "99001", "9900100", "990010  ", "0699001x", "０６９９００１４", "08130012", "99990019", "  06990014", "保険者番号"]
        {
            assert_eq!(key(number), None, "{number:?}");
        }
        assert_eq!(prefecture_digits("99001"), None);
    }

    #[test]
    fn test_insurers_are_those_of_prefecture_99() {
        assert!(is_test("06990014") && is_test("  990010") && is_test("39990019"));
        assert!(!is_test("06130012") && !is_test("  130014") && !is_test("99"));
    }
}
