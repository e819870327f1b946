//! Codes about the insurance itself: card, family, limits, diseases, consents, prescriptions.

use super::code_table;

code_table! {
    /// 本人・家族区分.
    PersonalFamily, "OQSCD009" { Insured = "1" "本人", Family = "2" "家族" }
}
code_table! {
    /// 被保険者証区分.
    CardClassification, "OQSCD010" {
        General = "01" "一般",
        Retired = "02" "退職",
        ShortTermGeneral = "03" "短期（一般）",
        ShortTermRetired = "04" "短期（退職）",
        SpecialMedicalExpense = "05" "特別療養費支給対象者",
        SpecialRetired = "06" "特例退職",
        SelfDefenseForces = "07" "自衛官",
        MedicalAid = "A1" "医療扶助",
    }
}
code_table! {
    /// 限度額適用認定証区分.
    LimitCertificate, "OQSCD011" {
        Limit = "01" "限度額適用認定証",
        LimitAndStandardReduction = "02" "限度額適用・標準負担額減額認定証",
        StandardReduction = "03" "標準負担額減額認定証",
    }
}
code_table! {
    /// 限度額適用認定証適用区分: A below 70 years, B from 70.
    LimitClassification, "OQSCD012" {
        A01 = "A01" "ア",
        A02 = "A02" "イ",
        A03 = "A03" "ウ",
        A04 = "A04" "エ",
        A05 = "A05" "オ",
        A06 = "A06" "オ（境）",
        B01 = "B01" "現役並みⅢ",
        B02 = "B02" "現役並みⅡ",
        B03 = "B03" "現役並みⅠ",
        B04 = "B04" "一般",
        B05 = "B05" "低所得Ⅱ",
        B06 = "B06" "低所得Ⅰ",
        B07 = "B07" "低所得Ⅰ（老福）",
        B08 = "B08" "低所得Ⅰ（境）",
        B09 = "B09" "一般Ⅱ",
        B10 = "B10" "一般Ⅰ",
    }
}
code_table! {
    /// 特定疾病区分.
    SpecificDisease, "OQSCD013" {
        Dialysis = "1" "人工透析を要する慢性腎不全",
        ClottingFactor = "2" "先天性血液凝固因子障害",
        Hiv = "3" "血液凝固因子製剤に起因するHIV感染症",
    }
}
code_table! {
    /// 限度額情報変更有無.
    LimitChanged, "OQSCD014" { Unchanged = "0" "変更なし", ChangedOrUnknown = "1" "変更あり又は判定不能" }
}
code_table! {
    /// 未就学区分.
    Preschool, "OQSCD015" { Preschool = "1" "未就学該当" }
}
code_table! {
    /// 同意区分: may the clinic see this information?
    Consent, "OQSCD016" {
        NotConsented = "0" "同意なし",
        Consented = "1" "同意あり",
        Expired = "2" "同意有効期限切れ",
        Unobtainable = "3" "同意取得困難",
    }
}
code_table! {
    /// 処方箋発行形態.
    PrescriptionIssue, "OQSCD017" { Electronic = "1" "電子処方箋", Paper = "2" "紙の処方箋" }
}
