//! The invented bodies that insure invented people: prefecture code 99, which no real insurer has, and right check digits.

use wire::number::InsurerNumber;

/// What sort of body insures, as the leading digits of its number say (法別番号).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// 全国健康保険協会 (01).
    Association,
    /// 健康保険組合 (06).
    Society,
    /// 共済組合 (31 to 34).
    Mutual,
    /// 国民健康保険, a municipality (six digits).
    Municipal,
    /// 国民健康保険組合 (six digits, from 301).
    Guild,
    /// 後期高齢者医療広域連合 (39).
    Elderly,
    /// 福祉事務所, medical assistance (12).
    Welfare,
}

impl Sort {
    /// Every sort, in the order in which their lines are written.
    pub(crate) const ALL: [Self; 7] =
        [Self::Association, Self::Society, Self::Mutual, Self::Municipal, Self::Guild, Self::Elderly, Self::Welfare];

    /// How many bodies of this sort exist, and the three digits of the first; those below 101 belong to the documented test people.
    const fn range(self) -> (u32, u32) {
        match self {
            Self::Association | Self::Elderly => (101, 47),
            Self::Society => (101, 200),
            Self::Mutual => (101, 40),
            Self::Municipal => (101, 150),
            Self::Guild => (301, 20),
            Self::Welfare => (101, 60),
        }
    }

    /// The digits before the check digit of the body with these three digits.
    fn stem(self, serial: u32) -> String {
        let law = match self {
            Self::Association => "01",
            Self::Society => "06",
            Self::Mutual => match serial % 4 {
                0 => "31",
                1 => "32",
                2 => "33",
                _ => "34",
            },
            Self::Municipal | Self::Guild => "",
            Self::Elderly => "39",
            Self::Welfare => "12",
        };
        format!("{law}99{serial:03}")
    }

    /// The name of the body number `nth`.
    fn body_name(self, nth: u32) -> String {
        match self {
            Self::Association => format!("架空健康保険協会第{nth}支部"),
            Self::Society => format!("架空第{nth}健康保険組合"),
            Self::Mutual => format!("架空第{nth}共済組合"),
            Self::Municipal => format!("架空県第{nth}市"),
            Self::Guild => format!("架空第{nth}国民健康保険組合"),
            Self::Elderly => format!("架空第{nth}後期高齢者医療広域連合"),
            Self::Welfare => format!("架空第{nth}福祉事務所"),
        }
    }
}

/// One invented body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    /// Its number with the check digit, six or eight digits.
    pub(crate) number: String,
    /// Its name.
    pub(crate) name: String,
}

/// Every invented body, by sort.
pub(crate) struct Bodies(Vec<(Sort, Vec<Body>)>);

impl Bodies {
    /// All of them; the same ones whatever the seed.
    pub(crate) fn new() -> Self {
        Self(Sort::ALL.into_iter().map(|sort| (sort, bodies(sort))).collect())
    }

    /// Those of one sort.
    pub(crate) fn of(&self, sort: Sort) -> &[Body] {
        self.0.iter().find(|(of, _)| *of == sort).map(|(_, bodies)| bodies.as_slice()).unwrap_or_default()
    }
}

/// The last digit that makes a number of these digits right.
pub(crate) fn check_digit(stem: &str) -> char {
    ('0'..='9').find(|digit| InsurerNumber::parse(&format!("{stem}{digit}")).is_ok()).unwrap_or('0')
}

fn bodies(sort: Sort) -> Vec<Body> {
    let (first, count) = sort.range();
    (1..=count)
        .map(|nth| {
            let stem = sort.stem(first + nth - 1);
            let digit = check_digit(&stem);
            Body { number: format!("{stem}{digit}"), name: sort.body_name(nth) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_has_a_right_number_of_prefecture_99_that_no_other_has() {
        let bodies = Bodies::new();
        let all: Vec<&Body> = Sort::ALL.into_iter().flat_map(|sort| bodies.of(sort)).collect();
        let mut numbers: Vec<&str> = all.iter().map(|body| body.number.as_str()).collect();
        for number in &numbers {
            assert_eq!(InsurerNumber::parse(number).unwrap().canonical(), *number);
            assert_eq!(&number[number.len() - 6..number.len() - 4], "99", "{number}");
        }
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), all.len());
    }
}
