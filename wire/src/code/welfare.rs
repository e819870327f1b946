//! Codes of medical tickets (医療券・調剤券), which only people on public assistance have.

use super::code_table;

code_table! {
    /// 医療券・調剤券別.
    TicketType, "OQSCD018" { Medical = "01" "医療券", Dispensing = "02" "調剤券" }
}
code_table! {
    /// 診療別.
    TreatmentType, "OQSCD019" {
        Inpatient = "01" "入院",
        Outpatient = "02" "入院外",
        Dental = "03" "歯科",
        Dispensing = "04" "調剤",
        VisitingNurses = "05" "訪問看護",
    }
}
code_table! {
    /// 単独・併用別.
    SingleOrCombined, "OQSCD020" { Single = "01" "単独", Combined = "02" "併用" }
}
code_table! {
    /// 社会保険状況.
    SocialInsurance, "OQSCD021" { Present = "01" "あり", Absent = "02" "なし" }
}
code_table! {
    /// 社会保険状況の整合性.
    SocialInsuranceConsistency, "OQSCD022" { Inconsistent = "1" "不整合あり" }
}
code_table! {
    /// 感染症法37条の2の該当.
    InfectionLaw, "OQSCD023" { Applies = "01" "あり", DoesNotApply = "02" "なし" }
}
code_table! {
    /// 後期高齢者医療の該当.
    ElderlyMedicalCare, "OQSCD024" { Applies = "01" "あり", DoesNotApply = "02" "なし" }
}
code_table! {
    /// 都道府県費の該当.
    PrefecturalExpenses, "OQSCD025" { Applies = "01" "あり", DoesNotApply = "02" "なし" }
}
code_table! {
    /// 指定医療機関確認フラグ: is the asking facility the designated one?
    DesignatedFacility, "OQSCD026" { Same = "0" "一致", Other = "1" "不一致" }
}
