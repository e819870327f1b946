//! The insurer number (保険者番号): who pays, in eight digits, or in six for municipal national health insurance (国保).

use super::{NumberMistake, digits};
use std::fmt;

/// An insurer number whose check digit is right: eight digits, or six where the two digits of the law (法別番号) are absent (国保).
///
/// Two numbers are equal when they name the same insurer, however they were padded (R16).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InsurerNumber(String);

impl InsurerNumber {
    /// Reads a number padded with blanks or zeros, or not at all, in half or full width.
    ///
    /// Zeros on the left are padding wherever a number can lose them: up to six significant digits are a 国保 number of six
    /// (`  990010`, `00990010`, `990010`), seven or eight are a number of eight (`06990014`, ` 6990014`).
    ///
    /// # Errors
    /// Nothing, something other than digits, too many or too few digits, or a wrong check digit.
    pub fn parse(text: &str) -> Result<Self, NumberMistake> {
        const LENGTH: NumberMistake = NumberMistake::Length("8桁（国民健康保険は6桁）");
        let digits = digits(text)?;
        let significant = digits.trim_start_matches('0');
        // A prefecture's number keeps at least one digit, so a 国保 number keeps five.
        let number = match significant.len() {
            _ if digits.len() > 8 => return Err(LENGTH),
            0..=4 => return Err(LENGTH),
            5 | 6 => format!("{significant:0>6}"),
            _ => format!("{significant:0>8}"),
        };
        if check_digit_is_right(&number) { Ok(Self(number)) } else { Err(NumberMistake::CheckDigit) }
    }

    /// The digits alone, six or eight: the form for keys and comparisons.
    pub fn canonical(&self) -> &str {
        &self.0
    }

    /// The eight characters of files, six digits padded with blanks on the left (interface §6.7).
    pub fn file_form(&self) -> String {
        format!("{:>8}", self.0)
    }

    /// The two digits that say under which law the insurer stands (法別番号); `None` for 国保.
    pub fn law(&self) -> Option<&str> {
        if self.0.len() == 8 { self.0.get(..2) } else { None }
    }
}

impl fmt::Display for InsurerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the last digit follows from the others: weights 2, 1, 2, 1 … from its left neighbour on, digit sums of the products added up.
fn check_digit_is_right(number: &str) -> bool {
    let mut from_right = number.bytes().rev().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let Some(check) = from_right.next() else { return false };
    let products = from_right.zip([2, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight);
    let sum: u32 = products.map(|product| product / 10 + product % 10).sum();
    check == (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_every_padding_of_a_municipal_number_is_the_same_number() {
        let bare = InsurerNumber::parse("990010").unwrap();
        for typed in ["  990010", "00990010", "0990010", " 990010 ", "９９００１０", "　　９９００１０", "００９９００１０"]
        {
            assert_eq!(InsurerNumber::parse(typed).as_ref(), Ok(&bare), "{typed}");
        }
        assert_eq!(bare.canonical(), "990010");
        assert_eq!(bare.file_form(), "  990010");
        assert_eq!(bare.law(), None);
    }

    #[test]
    fn a_number_of_eight_keeps_its_leading_zero() {
        for typed in ["06990014", " 6990014", "6990014"] {
            let number = InsurerNumber::parse(typed).unwrap();
            assert_eq!((number.canonical(), number.file_form().as_str(), number.law()), ("06990014", "06990014", Some("06")));
        }
        assert_eq!(InsurerNumber::parse("01130012").unwrap().canonical(), "01130012");
        assert_eq!(InsurerNumber::parse("39990015").unwrap().law(), Some("39"));
    }

    #[test]
    fn a_municipal_number_of_the_first_prefectures_keeps_its_zero() {
        assert_eq!(InsurerNumber::parse("   10017").unwrap().canonical(), "010017");
        assert_eq!(InsurerNumber::parse("00010017").unwrap().file_form(), "  010017");
    }

    #[test]
    fn any_single_wrong_digit_is_noticed() {
        let right = "01130012";
        for place in 0..right.len() {
            for digit in '0'..='9' {
                let mut typed: Vec<char> = right.chars().collect();
                if typed[place] == digit {
                    continue;
                }
                typed[place] = digit;
                let typed: String = typed.into_iter().collect();
                assert!(InsurerNumber::parse(&typed).is_err(), "{typed}");
            }
        }
        assert_eq!(InsurerNumber::parse("06990016"), Err(NumberMistake::CheckDigit));
    }

    #[test]
    fn other_mistakes_are_named() {
        assert_eq!(InsurerNumber::parse(" 　 "), Err(NumberMistake::Missing));
        assert_eq!(InsurerNumber::parse("0699001X"), Err(NumberMistake::NotDigits));
        assert!(matches!(InsurerNumber::parse("006990014"), Err(NumberMistake::Length(_))));
        assert!(matches!(InsurerNumber::parse("0000"), Err(NumberMistake::Length(_))));
    }
}
