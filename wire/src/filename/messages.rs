//! Every message of the exchange that is known by its file name, with its official name (interface §1.3).

/// One message: a request and its result share the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageName {
    /// The file name up to `req` or `res`: system, single or bulk, function, stage.
    pub prefix: &'static str,
    /// The official name, Japanese.
    pub name: &'static str,
    /// The interface ids of request and result; empty where they are not public.
    pub interface: &'static str,
    /// Whether this software answers it. The others are recognised, so that a file is told "not supported" instead of being ignored.
    pub served: bool,
}

const fn known(prefix: &'static str, name: &'static str, interface: &'static str) -> MessageName {
    MessageName { prefix, name, interface, served: false }
}

const fn served(prefix: &'static str, name: &'static str, interface: &'static str) -> MessageName {
    MessageName { prefix, name, interface, served: true }
}

const MESSAGES: &[MessageName] = &[
    served("OQSsiquc01", "資格確認", "OQS-IF-001/002"),
    known("OQSsiimm01", "照会番号登録（単件）", "OQS-IF-003/004"),
    known("OQSmuquc01", "資格確認一括照会 受付", "OQS-IF-005/006"),
    known("OQSmuquc02", "資格確認一括照会 結果取得", "OQS-IF-007/008"),
    known("OQSmuimm01", "照会番号一括登録 受付", "OQS-IF-009/010"),
    known("OQSmuimm02", "照会番号一括登録 結果取得", "OQS-IF-011/012"),
    known("OQSmutic01", "委託先資格情報の一括取得（医療扶助） 受付", "OQS-IF-013/014"),
    known("OQSmutic02", "委託先資格情報の一括取得（医療扶助） 結果取得", "OQS-IF-015/016"),
    known("OQSmuhvq01", "同意済資格情報一括取得（訪問診療等） 受付", "OQS-IF-017/018"),
    known("OQSmuhvq02", "同意済資格情報一括取得（訪問診療等） 結果取得", "OQS-IF-019/020"),
    known("OQSmuonq01", "同意済資格情報一括取得（オンライン診療等） 受付", "OQS-IF-021/022"),
    known("OQSmuonq02", "同意済資格情報一括取得（オンライン診療等） 結果取得", "OQS-IF-023/024"),
    known("OQSsihvq01", "資格確認（訪問診療等）", "OQS-IF-025/026"),
    known("OQSsionq01", "資格確認（オンライン診療等）", "OQS-IF-027/028"),
    known("OQSsihvd01", "閲覧同意取り消し（訪問診療等）", "OQS-IF-037/038"),
    known("OQSsiurl01", "医療機関アクセスURL取得", "OQS-IF-039/040"),
    known("OQSsiinq01", "医療機関環境設定情報照会", "OQS-IF-041/042"),
    known("OQSsiupd01", "医療機関環境設定情報更新", "OQS-IF-043/044"),
    known("YZKsiquc01", "薬剤情報・診療情報取得", ""),
    known("TKKsiquc01", "特定健診情報取得", ""),
    known("EPSsiDMP01", "重複投薬等チェック事前処理", "EPS-IF-101/102"),
    known("EPSsiPIR01", "処方箋登録", "EPS-IF-201/202"),
    known("EPSsiPIR02", "処方箋取消", "EPS-IF-203/204"),
    known("EPSsiPIR03", "処方箋変更", "EPS-IF-205/206"),
    known("EPSsiPIR04", "処方箋取消UNDO", "EPS-IF-207/208"),
    known("EPSsiPIR05", "処方箋変更UNDO", "EPS-IF-209/210"),
    known("EPSsiPIR06", "処方内容（控え）取得", "EPS-IF-211/212"),
    known("PMHsimsm01", "医療費助成", ""),
];

/// Every known message.
pub fn all() -> &'static [MessageName] {
    MESSAGES
}

/// The message of a file name's part before `req` or `res`, in exactly this case.
pub fn by_prefix(prefix: &str) -> Option<&'static MessageName> {
    MESSAGES.iter().find(|message| message.prefix == prefix)
}
