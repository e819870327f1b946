//! The official code tables OQSCD001 to OQSCD044: every value with its Japanese label (interface §3).

mod insurance;
mod outcome;
mod sharing;
mod welfare;

pub use insurance::*;
pub use outcome::*;
pub use sharing::*;
pub use welfare::*;

/// Declares one code table: an enum whose values carry their official code and label.
macro_rules! code_table {
    ($(#[$meta:meta])* $name:ident, $table:literal { $( $variant:ident = $code:literal $label:literal ),* $(,)? }) => {
        $(#[$meta])*
        #[doc = concat!("\n\nCode table ", $table, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $( #[doc = concat!("`", $code, "`: ", $label, ".")] $variant, )* }

        impl $name {
            /// The official number of the table.
            pub const TABLE: &'static str = $table;
            /// Every value, in the order of the table.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),*];

            /// The value as it stands in messages.
            pub fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }

            /// What it means, in Japanese, for people.
            pub fn label(self) -> &'static str {
                match self { $( Self::$variant => $label, )* }
            }

            /// The value of a code; `None` for a code that the table does not have, whose text the caller keeps.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )* _ => None }
            }
        }
    };
}
use code_table;

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! check {
        ($($name:ident)*) => { vec![$( {
            for value in $name::ALL {
                assert_eq!($name::from_code(value.code()), Some(*value), "{}", $name::TABLE);
                assert!(!value.label().is_empty());
            }
            assert_eq!($name::from_code("?"), None);
            $name::TABLE
        } ),*] };
    }

    #[test]
    fn every_code_table_is_there_and_reads_back_its_own_codes() {
        let mut tables = check!(
            LimitConsent ReferenceClassification Segment ProcessingStatus CharacterCode Validity Sex ReasonOfLoss PersonalFamily
            CardClassification LimitCertificate LimitClassification SpecificDisease LimitChanged Preschool Consent PrescriptionIssue
            TicketType TreatmentType SingleOrCombined SocialInsurance SocialInsuranceConsistency InfectionLaw ElderlyMedicalCare
            PrefecturalExpenses DesignatedFacility SamePerson CareForm MedicalInformation DrugDisplay ConsentEndReason
            QualificationChange UrlKind UrlOutput SettingChange ConsentInformation Usage PrescriptionUsage IssueSelectionTiming
            InformationPattern Factor KnowledgeMethod BiometricMethod PossessionMethod EmergencyAccess LinkedSystem
        );
        tables.dedup();
        let expected: Vec<String> = (1..=44).map(|number| format!("OQSCD{number:03}")).collect();
        assert_eq!(tables, expected);
    }

    #[test]
    fn character_codes_agree_with_the_character_sets() {
        use crate::charset::Charset;
        assert_eq!(CharacterCode::Utf8.code(), Charset::Utf8.identifier());
        assert_eq!(CharacterCode::ShiftJis.code(), Charset::ShiftJis.identifier());
    }

    #[test]
    fn labels_are_the_official_ones() {
        assert_eq!(Validity::from_code("3").unwrap().label(), "無効（新しい資格あり）");
        assert_eq!(LimitClassification::from_code("B07").unwrap().label(), "低所得Ⅰ（老福）");
        assert_eq!(CardClassification::MedicalAid.code(), "A1");
    }
}
