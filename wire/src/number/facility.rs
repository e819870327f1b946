//! The code of a facility (医療機関コード): prefecture, fee table and seven digits.

use super::{NumberMistake, digits};
use serde::{Deserialize, Serialize};
use std::fmt;

/// 点数表: by which fee table a facility is paid, the third digit of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeeTable {
    /// 医科: hospitals and clinics, `1`.
    Medical,
    /// 歯科: dentists, `3`.
    Dental,
    /// 調剤: pharmacies, `4`.
    Pharmacy,
    /// 訪問看護: visiting nurses, `6`.
    VisitingNurses,
}

/// The code of a facility: ten digits. Its last digit is not checked, because the codes of tests have none that fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FacilityCode(String);

impl FacilityCode {
    /// Reads ten digits in half or full width: prefecture (01 to 47, or 99 for fictitious facilities), fee table, seven digits.
    ///
    /// # Errors
    /// Nothing, something other than digits, not ten digits, an unknown prefecture or fee table.
    pub fn parse(text: &str) -> Result<Self, NumberMistake> {
        let digits = digits(text)?;
        if digits.len() != 10 {
            return Err(NumberMistake::Length("10桁"));
        }
        if prefecture(&digits).is_none() {
            return Err(NumberMistake::Prefecture);
        }
        if fee_table(&digits).is_none() {
            return Err(NumberMistake::FeeTable);
        }
        Ok(Self(digits))
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of the prefecture, 1 to 47, or 99 for a fictitious facility.
    pub fn prefecture(&self) -> u8 {
        prefecture(&self.0).unwrap_or_default()
    }

    /// The fee table.
    pub fn fee_table(&self) -> FeeTable {
        fee_table(&self.0).unwrap_or(FeeTable::Medical)
    }
}

fn prefecture(digits: &str) -> Option<u8> {
    digits.get(..2).and_then(|two| two.parse().ok()).filter(|number| matches!(number, 1..=47 | 99))
}

fn fee_table(digits: &str) -> Option<FeeTable> {
    match digits.get(2..3) {
        Some("1") => Some(FeeTable::Medical),
        Some("3") => Some(FeeTable::Dental),
        Some("4") => Some(FeeTable::Pharmacy),
        Some("6") => Some(FeeTable::VisitingNurses),
        _ => None,
    }
}

impl fmt::Display for FacilityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FacilityCode {
    type Error = NumberMistake;

    fn try_from(text: String) -> Result<Self, NumberMistake> {
        Self::parse(&text)
    }
}

impl From<FacilityCode> for String {
    fn from(code: FacilityCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facility_code_tells_prefecture_and_fee_table() {
        let code = FacilityCode::parse("1310099999").unwrap();
        assert_eq!((code.as_str(), code.prefecture(), code.fee_table()), ("1310099999", 13, FeeTable::Medical));
        assert_eq!(FacilityCode::parse("９９４００００００１").unwrap().fee_table(), FeeTable::Pharmacy);
        assert_eq!(FacilityCode::parse("4730000001").unwrap().fee_table(), FeeTable::Dental);
        assert_eq!(FacilityCode::parse("0160000001").unwrap().fee_table(), FeeTable::VisitingNurses);
    }

    /// Rows: LK-07
    #[test]
    fn a_facility_code_that_cannot_be_is_named() {
        assert_eq!(FacilityCode::parse(""), Err(NumberMistake::Missing));
        assert_eq!(FacilityCode::parse("131009999"), Err(NumberMistake::Length("10桁")));
        assert_eq!(FacilityCode::parse("13-1009999"), Err(NumberMistake::NotDigits));
        assert_eq!(FacilityCode::parse("4810099999"), Err(NumberMistake::Prefecture));
        assert_eq!(FacilityCode::parse("0010099999"), Err(NumberMistake::Prefecture));
        assert_eq!(FacilityCode::parse("1320099999"), Err(NumberMistake::FeeTable));
    }

    #[test]
    fn a_facility_code_is_checked_where_it_comes_in_as_json() {
        assert!(serde_json::from_str::<FacilityCode>("\"1310099999\"").is_ok());
        assert!(serde_json::from_str::<FacilityCode>("\"9\"").is_err());
        assert_eq!(serde_json::to_string(&FacilityCode::parse("1310099999").unwrap()).unwrap(), "\"1310099999\"");
    }
}
