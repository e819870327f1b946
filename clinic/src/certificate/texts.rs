//! The words with which people are told that a certificate ends, and warned of what stands in the way of its renewal.

use jiff::Timestamp;

use super::leaf::Leaf;
use super::notes::Hindrance;

/// A subject and a text.
pub(crate) type Words = (String, String);

/// A notice (証明書に関するお知らせ): the certificate ends in so many days.
pub(crate) fn notice(leaf: &Leaf, days: i32, renews: bool) -> Words {
    let until = day(leaf.held.until);
    let what = match days {
        ..=-1 => format!("電子証明書の有効期限（{until}）が過ぎています。"),
        0 => "電子証明書の有効期限は本日です。".to_owned(),
        _ => format!("電子証明書の有効期限（{until}）まで、あと {days} 日です。"),
    };
    let next = match (days, renews) {
        (..=-1, _) => {
            "この証明書では更新できません。発行申請を行い、届いた発行通知書の番号で onshi clinic certificate get を実行してください。"
        }
        (_, true) => {
            "更新は自動で行います。操作は要りません。残り日数が減り続けるときは、onshi clinic certificate list で理由を確かめてください。"
        }
        (_, false) => "onshi clinic certificate renew で更新してください。期限を過ぎると、資格確認とオンライン請求ができなくなります。",
    };
    (format!("証明書に関するお知らせ: {what}"), format!("{what}\n{next}\n\n{}", about(leaf)))
}

/// A warning: something stands in the way.
pub(crate) fn warning(leaf: Option<&Leaf>, kind: Hindrance, said: &str) -> Words {
    let what = match kind {
        Hindrance::Line => "認証局につながらない状態が続いています。",
        Hindrance::Refusal => "認証局が証明書の手続きを断りました。",
        Hindrance::Clock => "この端末の時計とセンターの時計が合っていません。",
        Hindrance::Replaced => "この証明書は、別の証明書に更新済みか、失効しています。",
        Hindrance::Roots => "センターのルート証明書を確かめてください。",
        Hindrance::Strange => "認証局から届いた証明書を使えません。",
    };
    let next = match kind {
        Hindrance::Line => "回線と、資格確認端末の接続を確かめてください。つながりしだい、自動で続けます。",
        Hindrance::Refusal | Hindrance::Strange => "続くときは、下の番号とともにセンターへ連絡してください。自動でも試し続けます。",
        Hindrance::Clock => "日付と時刻を合わせてください。",
        Hindrance::Replaced => {
            "新しい証明書を控え（onshi clinic certificate restore）から戻すか、発行申請を行ってください。自動の更新は止めています。"
        }
        Hindrance::Roots => "センターから新しいルート証明書と指紋を受け取り、onshi clinic certificate trust で入れ替えてください。",
    };
    let about = leaf.map(about).unwrap_or_default();
    (format!("証明書の注意: {what}"), format!("{what}\n{said}\n{next}\n\n{about}"))
}

/// A clock that is wrong, by so many seconds.
pub(crate) fn clocks(offset: i64) -> String {
    let minutes = offset.unsigned_abs() / 60;
    let which = if offset > 0 { "遅れて" } else { "進んで" };
    format!("この端末の時計は、センターの時計より約 {minutes} 分{which}います。")
}

/// A root that ends.
pub(crate) fn roots(end: Timestamp) -> String {
    format!("ルート証明書の有効期限は {} です。", day(end))
}

fn about(leaf: &Leaf) -> String {
    format!("番号: {}\n発行者: {}\n有効期限: {}\n", leaf.held.serial, leaf.issuer, day(leaf.held.until))
}

fn day(at: Timestamp) -> String {
    chassis::clock::japan(at).strftime("%Y/%m/%d").to_string()
}
