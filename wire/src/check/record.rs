//! One qualification (資格): everything the center knows of one insurance of one person.

use super::MedicalTicket;
use crate::layout::{Absent, Block, Field, Fields, Listed, layout};
use crate::read_error::ReadError;
use crate::tree::Element;

layout! {
    /// One qualification of the person, in the order of the official layout (R8: five values are always there).
    pub struct QualificationRecord, absent Refused {
        /// 被保険者証区分: OQSCD010; `A1` is 医療扶助.
        card_classification: String = "InsuredCardClassification",
        /// 保険者番号 / 公費負担者番号: 8 characters, padded with blanks on the left in files.
        insurer_number: Option<String> = "InsurerNumber",
        /// 記号.
        symbol: Option<String> = "InsuredCardSymbol",
        /// 番号 / 受給者番号.
        number: Option<String> = "InsuredIdentificationNumber",
        /// 枝番: two digits.
        branch: Option<String> = "InsuredBranchNumber",
        /// 本人・家族区分: OQSCD009.
        personal_family: Option<String> = "PersonalFamilyClassification",
        /// 世帯主・被保険者氏名.
        insured_name: Option<String> = "InsuredName",
        /// 氏名: full width, family and given name separated by U+3000.
        name: String = "Name",
        /// 氏名（その他）, for example a 通称.
        name_of_other: Option<String> = "NameOfOther",
        /// 氏名カナ: half width, separated by an ASCII blank.
        name_kana: Option<String> = "NameKana",
        /// 氏名（その他）カナ.
        name_of_other_kana: Option<String> = "NameOfOtherKana",
        /// 性別 on the front of the card: OQSCD007.
        sex1: String = "Sex1",
        /// 性別 on the back of the card: OQSCD007.
        sex2: Option<String> = "Sex2",
        /// 生年月日: yyyyMMdd.
        birthdate: String = "Birthdate",
        /// 住所.
        address: Option<String> = "Address",
        /// 郵便番号: `NNN-NNNN`.
        post_number: Option<String> = "PostNumber",
        /// 資格取得年月日: yyyyMMdd.
        qualification_date: Option<String> = "QualificationDate",
        /// 資格喪失年月日: yyyyMMdd.
        disqualification_date: Option<String> = "DisqualificationDate",
        /// 交付年月日: yyyyMMdd.
        issuance_date: Option<String> = "InsuredCertificateIssuanceDate",
        /// 有効開始年月日: yyyyMMdd.
        card_valid_date: Option<String> = "InsuredCardValidDate",
        /// 有効終了年月日: yyyyMMdd.
        card_expiration_date: Option<String> = "InsuredCardExpirationDate",
        /// 一部負担金割合: three digits in percent, `010` `020` `030`.
        contribution_ratio: Option<String> = "InsuredPartialContributionRatio",
        /// 未就学区分: OQSCD015.
        preschool: Option<String> = "PreschoolClassification",
        /// 資格喪失事由: OQSCD008.
        reason_of_loss: Option<String> = "ReasonOfLoss",
        /// 保険者名称 / 福祉事務所名.
        insurer_name: String = "InsurerName",
        /// 高齢受給者証.
        elderly: Option<ElderlyRecipientCertificate> = "ElderlyRecipientCertificateInfo",
        /// 限度額情報の提供同意: OQSCD001.
        limit_consent: Option<String> = "LimitApplicationCertificateRelatedConsFlg",
        /// When that consent was given: yyyyMMddHHmmss.
        limit_consent_time: Option<String> = "LimitApplicationCertificateRelatedConsTime",
        /// 限度額適用認定証.
        limit_certificate: Option<LimitApplicationCertificate> = "LimitApplicationCertificateRelatedInfo",
        /// 特定疾病情報の提供同意: OQSCD016.
        specific_diseases_consent: Option<String> = "SpecificDiseasesCertificateRelatedConsFlg",
        /// When that consent was given: yyyyMMddHHmmss.
        specific_diseases_consent_time: Option<String> = "SpecificDiseasesCertificateRelatedConsTime",
        /// 特定疾病療養受療証, each.
        specific_diseases: Vec<SpecificDiseasesCertificate> = "SpecificDiseasesCertificateList",
        /// 医療券・調剤券, each (医療扶助 only).
        medical_tickets: Vec<MedicalTicket> = "PublicExpenseResultList",
        /// 閲覧同意: what the patient lets this clinic see.
        consents: Consents = "",
        /// 照会番号: up to 50 characters, registered by this facility.
        reference_number: Option<String> = "ReferenceNumber",
        /// The clinic's own identifier of the person, echoed.
        arbitrary_identifier: Option<String> = "ArbitraryIdentifier",
    }
}

impl Listed for QualificationRecord {
    const TAG: &'static str = "ResultOfQualificationConfirmation";
}

layout! {
    /// 高齢受給者証: the certificate of a recipient of 70 to 74.
    pub struct ElderlyRecipientCertificate, absent Refused {
        /// 交付年月日: yyyyMMdd.
        date: Option<String> = "ElderlyRecipientCertificateDate",
        /// 有効開始年月日: yyyyMMdd.
        valid_start: Option<String> = "ElderlyRecipientValidStartDate",
        /// 有効終了年月日: yyyyMMdd.
        valid_end: Option<String> = "ElderlyRecipientValidEndDate",
        /// 一部負担金割合: three digits in percent.
        contribution_ratio: Option<String> = "ElderlyRecipientContributionRatio",
    }
}

layout! {
    /// 限度額適用認定証: up to which sum the patient pays.
    pub struct LimitApplicationCertificate, absent Refused {
        /// 認定証区分: OQSCD011.
        classification: Option<String> = "LimitApplicationCertificateClassification",
        /// 適用区分: OQSCD012.
        classification_flag: Option<String> = "LimitApplicationCertificateClassificationFlag",
        /// 交付年月日: yyyyMMdd.
        date: Option<String> = "LimitApplicationCertificateDate",
        /// 有効開始年月日: yyyyMMdd.
        valid_start: Option<String> = "LimitApplicationCertificateValidStartDate",
        /// 有効終了年月日: yyyyMMdd.
        valid_end: Option<String> = "LimitApplicationCertificateValidEndDate",
        /// 長期入院該当年月日: yyyyMMdd.
        long_term_date: Option<String> = "LimitApplicationCertificateLongTermDate",
    }
}

layout! {
    /// 特定疾病療養受療証: one disease with its own limit.
    pub struct SpecificDiseasesCertificate, absent Refused {
        /// 特定疾病区分: OQSCD013.
        category: Option<String> = "SpecificDiseasesDiseaseCategory",
        /// 交付年月日: yyyyMMdd.
        date: Option<String> = "SpecificDiseasesCertificateDate",
        /// 有効開始年月日: yyyyMMdd.
        valid_start: Option<String> = "SpecificDiseasesValidStartDate",
        /// 有効終了年月日: yyyyMMdd.
        valid_end: Option<String> = "SpecificDiseasesValidEndDate",
        /// 自己負担限度額 in yen.
        self_pay: Option<String> = "SpecificDiseasesSelfPay",
    }
}

impl Listed for SpecificDiseasesCertificate {
    const TAG: &'static str = "SpecificDiseasesCertificateInfo";
}

layout! {
    /// 閲覧同意: for each kind of information the consent (OQSCD016), when it was given and until when it holds (both yyyyMMddHHmmss).
    pub struct Consents, absent Refused {
        /// 特定健診情報: consent.
        checkups: Option<String> = "SpecificHealthCheckupsInfoConsFlg",
        /// 特定健診情報: when.
        checkups_time: Option<String> = "SpecificHealthCheckupsInfoConsTime",
        /// 特定健診情報: until.
        checkups_available: Option<String> = "SpecificHealthCheckupsInfoAvailableTime",
        /// 薬剤情報: consent.
        pharmacists: Option<String> = "PharmacistsInfoConsFlg",
        /// 薬剤情報: when.
        pharmacists_time: Option<String> = "PharmacistsInfoConsTime",
        /// 薬剤情報: until.
        pharmacists_available: Option<String> = "PharmacistsInfoAvailableTime",
        /// 診療情報: consent.
        diagnosis: Option<String> = "DiagnosisInfoConsFlg",
        /// 診療情報: when.
        diagnosis_time: Option<String> = "DiagnosisInfoConsTime",
        /// 診療情報: until.
        diagnosis_available: Option<String> = "DiagnosisInfoAvailableTime",
        /// 手術情報: consent.
        operation: Option<String> = "OperationInfoConsFlg",
        /// 手術情報: when.
        operation_time: Option<String> = "OperationInfoConsTime",
        /// 手術情報: until.
        operation_available: Option<String> = "OperationInfoAvailableTime",
    }
}

// The consents have no element of their own: they stand among the record's elements, so their tag is not used.
impl Field for Consents {
    fn take(fields: &Fields<'_>, _: &'static str, _: Absent) -> Result<Self, ReadError> {
        Self::read(fields)
    }

    fn put(&self, _: &'static str, _: Absent, into: &mut Vec<Element>) {
        self.write(into);
    }
}
