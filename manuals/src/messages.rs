//! What the screens of the real network say, word for word: to show them where we stand in for it, and to recognise them where we read it.

use crate::{Owner, embedded};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/messages.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// One message, button or code of the manuals.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Stable key, "line-success".
    pub key: &'static str,
    /// Inventory rows.
    #[serde(borrow)]
    pub rows: Vec<&'static str>,
    /// The line above the text, where the screen has one.
    pub heading: Option<&'static str>,
    /// The text as the manuals print it. The first of two spellings where they differ (X-06).
    pub text: &'static str,
    /// The other spellings; a reader accepts them.
    #[serde(default, borrow)]
    pub also: Vec<&'static str>,
    /// The code printed after エラーコード：, such as "P32031".
    pub code: Option<&'static str>,
    /// When it appears, Japanese, our words.
    pub when: &'static str,
    /// What to do, Japanese, after the manuals; `None` where nothing is wrong.
    pub todo: Option<&'static str>,
    /// Whose job that is; `None` where nothing is wrong.
    pub owner: Option<Owner>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    message: Vec<Message>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// Every message.
pub fn all() -> &'static [Message] {
    &SHEET.message
}

/// The message with this key; `None` for any other word.
pub fn by_key(key: &str) -> Option<&'static Message> {
    all().iter().find(|message| message.key == key)
}

/// Recognises the message on a page that someone else served: by its code if the page shows one, else by the longest heading, text or
/// other spelling that stands in it. Blanks and line ends do not matter. `None` when nothing known is there.
pub fn recognise(page: &str) -> Option<&'static Message> {
    let page = without_blanks(page);
    if let Some(message) = all().iter().find(|message| message.code.is_some_and(|code| page.contains(code))) {
        return Some(message);
    }
    let longest = |message: &Message| {
        let spellings = message.also.iter().chain(&message.heading).chain(std::iter::once(&message.text));
        spellings.map(|spelling| without_blanks(spelling)).filter(|spelling| page.contains(spelling.as_str())).map(|s| s.len()).max()
    };
    all().iter().filter_map(|message| longest(message).map(|length| (length, message))).max_by_key(|(length, _)| *length).map(|(_, m)| m)
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &str) -> &'static str {
        by_key(key).unwrap().text
    }

    #[test]
    fn the_line_portal_speaks_word_for_word() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!(text("line-private-warning"), "接続がプライベートではありません");
        assert_eq!((text("line-wish"), text("line-no-wish")), ("希望する", "希望しない"));
        assert_eq!(text("line-success"), "回線認証に成功しました。");
        assert_eq!(text("line-not-wished"), "回線認証に失敗しました。認証を行うには通知意思確認画面にて「希望する」を選択してください");
        assert_eq!(text("line-back-button"), "回線認証ポータルサイトからアクセスしてください。");
        assert_eq!(text("line-failed"), "回線認証に失敗しました。");
        assert_eq!(text("line-system-error"), "システムエラーが発生しました。");
        assert_eq!(text("line-try-later"), "時間を置いて再度試してください");
        assert_eq!(text("line-already"), "回線認証済みです。");
    }

    /// Rows: LA-16
    #[test]
    fn the_interrupt_pages_keep_their_codes_and_the_remote_controls_button() {
        let no_answer = by_key("line-no-answer").unwrap();
        assert_eq!(no_answer.heading, Some("サービス提供者からの応答がありません"));
        assert_eq!(no_answer.code, Some("P32031"));
        assert_eq!(
            no_answer.text,
            "サービス提供者からの応答が一定時間なかったため、処理を中断しました。お手元の操作機器（リモコン等）の「戻る」ボタンを押して、この画面を閉じていただき、しばらくしてから再度お試しください。エラーが回復しない場合は、下記のエラーコードをサービス提供者にお伝えください。"
        );
        let ineligible = by_key("line-ineligible").unwrap();
        assert_eq!((ineligible.heading, ineligible.code), (Some("回線情報通知処理を中断しました"), Some("P11019")));
        assert_eq!(
            ineligible.text,
            "回線情報通知を実施中にエラーが発生したため、処理を中断しました。お手元の操作機器（リモコン等）の「戻る」ボタンを押して、この画面を閉じていただき、しばらくしてから再度お試しください。"
        );
        let unfinished = by_key("line-work-unfinished").unwrap();
        assert_eq!(unfinished.text, "回線情報通知を実施中にエラーが発生したため、処理を中断しました。（エラーコード：P11011）");
        assert_eq!((unfinished.code, unfinished.owner), (Some("P11011"), Some(Owner::Line)));
    }

    /// Rows: X-06
    #[test]
    fn a_reader_accepts_both_spellings_and_the_code_decides_first() {
        let key = |page: &str| recognise(page).map(|message| message.key);
        assert_eq!(key("<p>回線認証が成功しました。</p>"), Some("line-success"));
        assert_eq!(key("<p>回線認証に成功しました。</p>"), Some("line-success"));
        assert_eq!(key("認証済みです。"), Some("line-already"));
        assert_eq!(key("回線認証済みです。"), Some("line-already"));
        assert_eq!(
            key("回線認証に失敗しました。\n認証を行うには通知意思確認画面にて「希望する」を選択してください"),
            Some("line-not-wished")
        );
        assert_eq!(key("回線認証に失敗しました"), Some("line-failed"));
        assert_eq!(
            key("回線情報通知を実施中にエラーが発生したため、処理を中断しました。（エラーコード：P11011）"),
            Some("line-work-unfinished")
        );
        assert_eq!(key("回線情報通知を実施中にエラーが発生した エラーコード：P11019"), Some("line-ineligible"));
        assert_eq!(key("サービス提供者からの応答がありません。"), Some("line-no-answer"));
        assert_eq!(key("<title>404</title>"), None);
        assert_eq!(key(""), None);
    }

    /// Rows: TM-02
    #[test]
    fn the_screens_of_set_up_and_certificates_are_word_for_word() {
        assert_eq!(text("certificate-picker"), "認証用の証明書の選択");
        assert_eq!(text("certificate-new-key"), "新しい秘密交換キーをインポートします");
        assert_eq!(text("certificate-site-not-trusted"), "お使いの PC は Web サイトのセキュリティ証明書を信頼しません");
        let over = by_key("certificate-session-over").unwrap();
        assert_eq!((over.heading, over.text), (Some("セッション無効"), "セッションがタイムアウトしました。最初のページに戻ってください。"));
        assert_eq!(by_key("certificate-new-key").unwrap().also, ["新しい秘密交換キーをインポートします。"]);
        assert_eq!(text("certificate-imported"), "正しくインポートされました");
        assert_eq!(by_key("certificate-imported").unwrap().also, ["正しくインポートされました。"]);
        assert_eq!((text("renewal-notice"), text("restart-confirmed")), ("証明書に関するお知らせ", "確認しました"));
        assert_eq!(text("certificate-root-warning"), "セキュリティ警告");
        assert_eq!(text("renewal-exported"), "正しくエクスポートされました");
        let accepted = by_key("renewal-accepted").unwrap();
        assert_eq!((accepted.heading, accepted.text), (Some("送信完了"), "申請情報を受け付けました。証明書の発行申請はこれで完了です。"));
        assert_eq!(text("time-peer-unresolved"), "ntp.base.oqs-pdl.org と同期中にエラーが発生しました。ピアは解決されていません。");
        assert_eq!(text("portal-start"), "システムの利用を始める→");
        assert_eq!((text("portal-is-verification"), text("portal-is-viewing-terminal")), ("接続検証環境", "医療情報閲覧用端末"));
        assert_eq!(text("bridge-installer-end"), "ツールを終了します。何かキーを押してください...");
    }

    #[test]
    fn the_distribution_tools_messages_are_word_for_word() {
        assert_eq!(text("distribution-protected"), "WindowsによってPCが保護されました");
        let shown = |key: &str| by_key(key).map(|message| (message.heading, message.text));
        assert_eq!(shown("distribution-connected"), Some((Some("接続成功"), "配信サーバーへの接続に成功しました。")));
        assert_eq!(shown("distribution-not-connected"), Some((Some("接続失敗"), "配信サーバーへの接続に失敗しました。")));
        assert_eq!(text("distribution-tool-broken"), "管理ツールに異常が発生しました。管理ツールを終了します。");
        assert!(
            by_key("distribution-tool-broken").unwrap().todo.unwrap().contains(r"C:\ProgramData\OQS\OQSDistroApp\config\OQSDistroApp.ini")
        );
        assert_eq!(
            text("distribution-no-record"),
            "配信実績管理ファイルが見つかりません。オンライン資格確認システムファイル配信アプリ起動タスクを登録してください。"
        );
    }

    #[test]
    fn keys_are_unique_and_a_message_that_asks_for_work_says_whose() {
        let mut keys: Vec<_> = all().iter().map(|message| message.key).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
        for message in all() {
            assert_eq!(message.todo.is_some(), message.owner.is_some(), "{}", message.key);
            assert!(!message.rows.is_empty() && !message.when.is_empty(), "{}", message.key);
        }
        assert_eq!(by_key("no-such-message"), None);
    }
}
