//! Codes about the question and its outcome: who asked how, whether it worked, whether the person is insured.

use super::code_table;

code_table! {
    /// 限度額適用認定証同意フラグ: may the clinic see the limit certificate?
    LimitConsent, "OQSCD001" { NotConsented = "0" "未同意", Consented = "1" "同意" }
}
code_table! {
    /// 照会区分: by what the person was asked for.
    ReferenceClassification, "OQSCD002" { MyNumberCard = "1" "マイナンバーカード", InsuredCard = "2" "被保険者証情報" }
}
code_table! {
    /// 処理結果区分 (SegmentOfResult): whether the message as a whole was processed. `2` occurs in bulk answers only (R18).
    Segment, "OQSCD003" { Normal = "1" "正常終了", Processing = "2" "処理中", Abnormal = "9" "異常終了" }
}
code_table! {
    /// 処理結果状況 (ProcessingResultStatus): whether one question was processed.
    ProcessingStatus, "OQSCD004" { Normal = "1" "正常終了", Error = "2" "エラー" }
}
code_table! {
    /// 文字コード識別 (CharacterCodeIdentifier).
    CharacterCode, "OQSCD005" { Utf8 = "0" "UTF-8", ShiftJis = "1" "Shift_JIS" }
}
code_table! {
    /// 資格有効性 (QualificationValidity): is the person insured on the day asked for?
    Validity, "OQSCD006" {
        Valid = "1" "有効",
        Invalid = "2" "無効",
        InvalidWithNewer = "3" "無効（新しい資格あり）",
        NotFound = "4" "該当資格なし",
        Several = "5" "複数該当",
        ValidUnregistered = "6" "有効（未登録）",
    }
}
code_table! {
    /// 性別.
    Sex, "OQSCD007" { Male = "1" "男", Female = "2" "女", Unset = "3" "未設定" }
}
code_table! {
    /// 資格喪失事由: why a qualification ended.
    ReasonOfLoss, "OQSCD008" {
        Death = "01" "死亡",
        WelfareStarted = "02" "生活保護受給開始",
        OtherInsurance = "03" "医療保険等の資格取得",
        Other = "99" "その他",
    }
}
