//! What the register knows of one insured person: who it is, every qualification it had, and the certificates under each.

use std::fmt;

use jiff::civil::Date;
use wire::number::{CardNumber, InsurerNumber};

/// The name of a person inside the register: 16 hexadecimal digits that say nothing about the person and spread evenly.
/// It groups and distributes rows; no answer is ever chosen by it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PersonKey(String);

impl PersonKey {
    /// The key of the person whom the people CSV calls `person`.
    pub(crate) fn of(person: &str) -> Self {
        Self(short_hash(&[person.as_bytes()]))
    }

    /// The key as it stands in a table.
    pub(crate) const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The key's text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey")
    }
}

/// The first 64 bits of the SHA-256 of `parts`, each closed by a zero byte, as 16 hexadecimal digits.
pub(crate) fn short_hash(parts: &[&[u8]]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
        context.update(&[0]);
    }
    let digest = context.finish();
    data_encoding::HEXLOWER.encode(digest.as_ref().get(..8).unwrap_or_default())
}

/// Under what a qualification is looked up: a short hash of its insurer number and its number, however these are written.
pub(crate) fn lookup_hash(insurer: &InsurerNumber, number: &CardNumber) -> String {
    short_hash(&[insurer.canonical().as_bytes(), number.as_str().as_bytes()])
}

/// Who the person is. Texts are as they are shown; an absent one is `None`, never empty.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Person {
    pub(crate) key: PersonKey,
    pub(crate) name: String,
    pub(crate) name_kana: Option<String>,
    pub(crate) name_other: Option<String>,
    pub(crate) name_other_kana: Option<String>,
    /// OQSCD007.
    pub(crate) sex: String,
    /// OQSCD007, the back of the card.
    pub(crate) sex_back: Option<String>,
    pub(crate) birthdate: Date,
    pub(crate) post_number: Option<String>,
    pub(crate) address: Option<String>,
}

/// One qualification (資格): that one body insures, or insured, the person.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Qualification {
    /// Where its certificates are kept, if it has any; no answer is chosen by it.
    pub(crate) shelf: Option<Shelf>,
    /// OQSCD010.
    pub(crate) card: String,
    pub(crate) insurer: InsurerNumber,
    pub(crate) insurer_name: String,
    /// 記号 as on the card.
    pub(crate) symbol: Option<String>,
    /// 番号 as on the card.
    pub(crate) number: String,
    /// 枝番 as on the card.
    pub(crate) branch: Option<String>,
    /// OQSCD009.
    pub(crate) relation: Option<String>,
    pub(crate) insured_name: Option<String>,
    /// 資格取得年月日.
    pub(crate) acquired: Date,
    /// 資格喪失年月日: the first day without it.
    pub(crate) lost: Option<Date>,
    /// OQSCD008.
    pub(crate) reason_of_loss: Option<String>,
    pub(crate) issued: Option<Date>,
    pub(crate) valid_from: Option<Date>,
    /// The last day on which the card is valid.
    pub(crate) valid_to: Option<Date>,
    /// 一部負担金割合 of care for the elderly.
    pub(crate) ratio: Option<String>,
}

/// Where the certificates of one qualification are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shelf {
    /// The import that brought them.
    pub(crate) import: i64,
    /// The qualification's place among the person's rows.
    pub(crate) place: i64,
}

/// The days on which a certificate is valid, both ends included; an open end is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) issued: Option<Date>,
    pub(crate) from: Date,
    pub(crate) to: Option<Date>,
}

impl Qualification {
    /// Whether it is medical assistance (医療扶助, `A1`) and not an insurance.
    pub(crate) fn is_assistance(&self) -> bool {
        self.card == "A1"
    }
}

impl Period {
    /// Whether `day` is one of them.
    pub(crate) fn holds(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// What stands under one qualification.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Certificates {
    pub(crate) limits: Vec<Limit>,
    pub(crate) elderly: Vec<Elderly>,
    pub(crate) diseases: Vec<Disease>,
    pub(crate) tickets: Vec<Ticket>,
}

/// 限度額適用認定証.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) valid: Period,
    /// OQSCD011.
    pub(crate) class: String,
    /// OQSCD012.
    pub(crate) band: String,
    pub(crate) long_term: Option<Date>,
}

/// 高齢受給者証.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Elderly {
    pub(crate) valid: Period,
    pub(crate) ratio: String,
}

/// 特定疾病療養受療証.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Disease {
    pub(crate) valid: Period,
    /// OQSCD013.
    pub(crate) class: String,
    /// Yen.
    pub(crate) self_pay: Option<String>,
}

/// 医療券・調剤券.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) valid: Period,
    /// OQSCD018.
    pub(crate) class: String,
    pub(crate) issue_number: Option<String>,
    /// yyyyMM.
    pub(crate) treatment_month: Option<String>,
    pub(crate) facility_code: Option<String>,
    pub(crate) facility_name: Option<String>,
    /// OQSCD019.
    pub(crate) treatment_type: Option<String>,
    /// OQSCD020.
    pub(crate) single_or_combined: Option<String>,
    /// Yen.
    pub(crate) self_pay: Option<String>,
}

/// One person with all its qualifications.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Dossier {
    pub(crate) person: Person,
    pub(crate) qualifications: Vec<Qualification>,
}
