//! What the register knows of one insured person: who it is, every qualification it had, and the certificates under each.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wire::number::{CardNumber, InsurerNumber};

/// The name of a person inside the register: 128 bits that say nothing about the person and spread evenly.
/// It groups and distributes rows; no answer is ever chosen by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PersonKey([u8; 16]);

impl PersonKey {
    /// The key of the person whom the people CSV calls `person`.
    pub(crate) fn of(person: &str) -> Self {
        Self(hash(&[person.as_bytes()]))
    }

    /// The key's bytes.
    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The key's first half in hexadecimal digits: by this the audit log's pseudonyms know the person.
    pub(crate) fn short(self) -> String {
        data_encoding::HEXLOWER.encode(self.0.first_chunk::<8>().unwrap_or(&[0; 8]))
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey")
    }
}

/// The first 128 bits of the SHA-256 of `parts`, each closed by a zero byte.
fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
        context.update(&[0]);
    }
    context.finish().as_ref().first_chunk().copied().unwrap_or_default()
}

/// Under what a qualification is looked up: a hash of its insurer number, its number, however these are written, and the birth date. It spreads
/// evenly over all numbers. Different cards may share one; what counts is decided from contents.
pub(crate) fn lookup(insurer: &InsurerNumber, number: &CardNumber, birthdate: Date) -> i64 {
    let born = birthdate.year().to_be_bytes();
    let hash = hash(&[insurer.canonical().as_bytes(), number.as_str().as_bytes(), &born, &birthdate.day_of_year().to_be_bytes()]);
    i64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default())
}

/// Who the person is. Texts are as they are shown; an absent one is `None`, never empty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Person {
    /// What the people CSV calls the person.
    pub(crate) known_as: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name_kana: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name_other: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name_other_kana: Option<String>,
    /// OQSCD007.
    pub(crate) sex: String,
    /// OQSCD007, the back of the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sex_back: Option<String>,
    pub(crate) birthdate: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) post_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
}

/// One qualification (資格): that one body insures, or insured, the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Qualification {
    /// OQSCD010.
    pub(crate) card: String,
    #[serde(with = "insurer_number")]
    pub(crate) insurer: InsurerNumber,
    /// 記号 as on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) symbol: Option<String>,
    /// 番号 as on the card.
    pub(crate) number: String,
    /// 枝番 as on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<String>,
    /// OQSCD009.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) relation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) insured_name: Option<String>,
    /// 資格取得年月日.
    pub(crate) acquired: Date,
    /// 資格喪失年月日: the first day without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Option<Date>,
    /// OQSCD008.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason_of_loss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issued: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_from: Option<Date>,
    /// The last day on which the card is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_to: Option<Date>,
    /// 一部負担金割合 of care for the elderly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<String>,
    /// What stands under it.
    #[serde(default, skip_serializing_if = "Certificates::is_empty")]
    pub(crate) under: Certificates,
}

/// The days on which a certificate is valid, both ends included; an open end is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issued: Option<Date>,
    pub(crate) from: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

impl Certificates {
    fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.elderly.is_empty() && self.diseases.is_empty() && self.tickets.is_empty()
    }
}

/// What stands under one qualification.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(default)]
pub(crate) struct Certificates {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) limits: Vec<Limit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) elderly: Vec<Elderly>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) diseases: Vec<Disease>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tickets: Vec<Ticket>,
}

/// 限度額適用認定証.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Limit {
    pub(crate) valid: Period,
    /// OQSCD011.
    pub(crate) class: String,
    /// OQSCD012.
    pub(crate) band: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) long_term: Option<Date>,
}

/// 高齢受給者証.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Elderly {
    pub(crate) valid: Period,
    pub(crate) ratio: String,
}

/// 特定疾病療養受療証.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Disease {
    pub(crate) valid: Period,
    /// OQSCD013.
    pub(crate) class: String,
    /// Yen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) self_pay: Option<String>,
}

/// 医療券・調剤券.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Ticket {
    pub(crate) valid: Period,
    /// OQSCD018.
    pub(crate) class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issue_number: Option<String>,
    /// yyyyMM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) treatment_month: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) facility_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) facility_name: Option<String>,
    /// OQSCD019.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) treatment_type: Option<String>,
    /// OQSCD020.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) single_or_combined: Option<String>,
    /// Yen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) self_pay: Option<String>,
}

/// One person with all its qualifications.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Dossier {
    pub(crate) person: Person,
    pub(crate) qualifications: Vec<Qualification>,
}

impl Dossier {
    /// The person's name inside the register.
    pub(crate) fn key(&self) -> PersonKey {
        PersonKey::of(&self.person.known_as)
    }

    /// Under what the person can be looked up, in order, each once.
    pub(crate) fn lookups(&self) -> Vec<i64> {
        let numbers = self.qualifications.iter().filter_map(|held| Some((held, CardNumber::parse(&held.number).ok()?)));
        let mut lookups: Vec<i64> = numbers.map(|(held, number)| lookup(&held.insurer, &number, self.person.birthdate)).collect();
        lookups.sort_unstable();
        lookups.dedup();
        lookups
    }
}

/// An insurer number is written in its canonical form.
mod insurer_number {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use wire::number::InsurerNumber;

    pub(super) fn serialize<S: Serializer>(number: &InsurerNumber, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(number.canonical())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<InsurerNumber, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        InsurerNumber::parse(&text).map_err(|_| de::Error::custom("no insurer number"))
    }
}
