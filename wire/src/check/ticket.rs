//! A medical ticket (医療券・調剤券) of a person on public assistance (医療扶助).

use crate::layout::{Listed, layout};

layout! {
    /// 医療券・調剤券: what a welfare office pays for at which facility in which month; every value may be absent.
    pub struct MedicalTicket, absent Refused {
        /// 医療券・調剤券別: OQSCD018.
        ticket_type: Option<String> = "TicketType",
        /// 有効開始年月日: yyyyMMdd.
        valid_date: Option<String> = "MedicalTicketValidDate",
        /// 有効終了年月日: yyyyMMdd.
        expiration_date: Option<String> = "MedicalTicketExpirationDate",
        /// 交付番号.
        issue_number: Option<String> = "IssueNumber",
        /// 診療年月: yyyyMM.
        treatment_month: Option<String> = "MedicalTreatmentMonth",
        /// 指定医療機関コード.
        designated_facility_code: Option<String> = "DesignatedMedicalInstitutionCode",
        /// 指定医療機関確認フラグ: OQSCD026.
        designated_facility_flag: Option<String> = "DesignatedMedicalInstitutionFlag",
        /// 指定医療機関名.
        designated_facility_name: Option<String> = "DesignatedMedicalInstitutionName",
        /// 処方箋発行元医療機関コード.
        prescription_issuer_code: Option<String> = "PrescriptionIssuerMedicalInstitutionCode",
        /// 処方箋発行元医療機関名.
        prescription_issuer_name: Option<String> = "PrescriptionIssuerMedicalInstitutionName",
        /// 傷病名１.
        injury_name1: Option<String> = "InjuryName1",
        /// 傷病名２.
        injury_name2: Option<String> = "InjuryName2",
        /// 傷病名３.
        injury_name3: Option<String> = "InjuryName3",
        /// 診療別: OQSCD019.
        treatment_type: Option<String> = "MedicalTreatmentType",
        /// 本人支払額 in yen.
        self_pay_amount: Option<String> = "SelfPayAmount",
        /// 地区担当員名.
        district_contact_name: Option<String> = "DistrictContactName",
        /// 取扱担当者名.
        handling_contact_name: Option<String> = "HandlingContactName",
        /// 単独・併用別: OQSCD020.
        single_or_combined: Option<String> = "SingleOrCombinedUse",
        /// 社会保険状況: OQSCD021.
        social_insurance: Option<String> = "StatusOfSocialInsurance",
        /// 社会保険状況の整合性: OQSCD022.
        consistency: Option<String> = "ConsistencyFlag",
        /// 感染症法37条の2: OQSCD023. The tag's spelling is the official one.
        infection: Option<String> = "StatusOfInfecton",
        /// 後期高齢者医療: OQSCD024.
        elderly_medical_care: Option<String> = "StatusOfElderlyMedicalCare",
        /// 都道府県費: OQSCD025.
        prefectural_expenses: Option<String> = "StatusOfPrefecturalExpenses",
        /// 備考１.
        remarks1: Option<String> = "Remarks1",
        /// 備考２.
        remarks2: Option<String> = "Remarks2",
        /// 備考３.
        remarks3: Option<String> = "Remarks3",
    }
}

impl Listed for MedicalTicket {
    const TAG: &'static str = "MedicalTicketInfo";
}
