//! Codes of the messages beside the check: home and online care, viewing, facility settings, emergencies, linked systems.

use super::code_table;

code_table! {
    /// 同一個人有無フラグ.
    SamePerson, "OQSCD027" { Present = "1" "同一個人あり" }
}
code_table! {
    /// 診療区分.
    CareForm, "OQSCD028" { Outpatient = "1" "外来", HomeVisit = "2" "訪問診療等", Online = "3" "オンライン診療等", Emergency = "4" "救急時" }
}
code_table! {
    /// 医療情報種別.
    MedicalInformation, "OQSCD029" { Checkups = "TKK" "特定健診", Drugs = "YZK" "薬剤情報等" }
}
code_table! {
    /// 薬剤情報等の表示.
    DrugDisplay, "OQSCD030" { Hidden = "0" "表示しない", Shown = "1" "表示する" }
}
code_table! {
    /// 同意有効期限切れ理由.
    ConsentEndReason, "OQSCD031" {
        ByCareForm = "0" "診療形態による期限切れ",
        ByFacility = "1" "医療機関による取消",
        ByPatient = "2" "患者による取消",
        ByChangeOfPurpose = "3" "用途変更による取消",
    }
}
code_table! {
    /// 資格情報変更確認フラグ.
    QualificationChange, "OQSCD032" { Same = "0" "一致", Different = "1" "不一致" }
}
code_table! {
    /// URL取得区分.
    UrlKind, "OQSCD033" { HomeVisit = "2" "訪問診療等", Online = "3" "オンライン診療等" }
}
code_table! {
    /// URL出力形式.
    UrlOutput, "OQSCD034" { Pdf = "1" "PDF", Png = "2" "PNG" }
}
code_table! {
    /// 変更区分.
    SettingChange, "OQSCD035" { Keep = "0" "変更しない", Change = "1" "変更する" }
}
code_table! {
    /// 閲覧同意情報種別.
    ConsentInformation, "OQSCD036" {
        SpecificDiseases = "TSR" "特定疾病",
        Checkups = "TKK" "特定健診",
        Drugs = "YZK" "薬剤",
        Treatment = "SRJ" "診療",
        Surgery = "SHJ" "手術",
    }
}
code_table! {
    /// 利用設定区分.
    Usage, "OQSCD037" { Unused = "0" "利用しない", Used = "1" "利用する" }
}
code_table! {
    /// 電子処方箋利用区分.
    PrescriptionUsage, "OQSCD038" { Unused = "0" "利用しない", Electronic = "1" "電子のみ", Both = "2" "電子＋紙", Paper = "3" "紙のみ" }
}
code_table! {
    /// 発行形態選択タイミング.
    IssueSelectionTiming, "OQSCD039" { Elsewhere = "1" "資格確認時以外", AtCheck = "2" "資格確認時" }
}
code_table! {
    /// 情報要求パターン.
    InformationPattern, "OQSCD040" {
        EmergencySummary = "1" "救急用サマリー",
        EmergencyFull = "2" "救急用全量",
        PrescriptionAndEmergency = "3" "電子処方箋＋両救急",
        CurrentDrugs = "4" "現行薬剤",
        CurrentTreatmentAndDrugs = "5" "現行診療／薬剤",
        CurrentCheckups = "6" "現行特定健診",
    }
}
code_table! {
    /// 二要素認証の要素.
    Factor, "OQSCD041" { Knowledge = "1" "記憶", Biometric = "2" "生体", Possession = "3" "物理媒体" }
}
code_table! {
    /// 二要素認証の方式, where the factor is something known.
    KnowledgeMethod, "OQSCD042" { Password = "01" "ID/パスワード", Pin = "02" "PIN", SecretQuestion = "03" "秘密の質問" }
}
code_table! {
    /// 二要素認証の方式, where the factor is the body.
    BiometricMethod, "OQSCD042" { Fingerprint = "01" "指紋", Face = "02" "顔", Voice = "03" "音声", Vein = "04" "静脈", Iris = "05" "虹彩" }
}
code_table! {
    /// 二要素認証の方式, where the factor is something owned.
    PossessionMethod, "OQSCD042" { IcCard = "01" "ICカード", OneTimePassword = "02" "ワンタイムパスワード", Other = "03" "その他" }
}
code_table! {
    /// 救急時閲覧権限.
    EmergencyAccess, "OQSCD043" { Absent = "0" "なし", Present = "1" "あり" }
}
code_table! {
    /// 連携システムID. The widths differ as the source prints them.
    LinkedSystem, "OQSCD044" { MedicalSubsidy = "01" "医療費助成", MaternalHealth = "2" "母子保健", Vaccination = "4" "予防接種", CareInsurance = "8" "介護保険" }
}
