//! Writes the mails to those who applied for a certificate or for a revocation.

use chassis::mail::{Mail, MailAddress};

use crate::applications::{ApplicationRow, Decision};
use crate::revocation::RevocationRequest;

/// The receipt of an application.
pub(crate) fn application_received(row: &ApplicationRow) -> Option<Mail> {
    let text = format!(
        "電子証明書の発行申請を受け付けました。このメールは自動で送っています。\n審査のうえ、電子証明書発行通知書をお届けします。\n\n{}",
        content(row)
    );
    to_applicant(row, "発行申請を受け付けました", &text)
}

/// What was decided on an application.
pub(crate) fn application_decided(row: &ApplicationRow, decision: &Decision) -> Option<Mail> {
    match decision {
        Decision::Approve => {
            let text = format!(
                "電子証明書の発行申請を承認しました。電子証明書発行通知書を、端末ごとに 1 枚ずつお届けします。\n\
                 通知書は厳重に保管し、届いてから {} 日以内に電子証明書を取得してください。\n\n{}",
                manuals::certificate::sheet().download_days,
                content(row)
            );
            to_applicant(row, "発行申請を承認しました", &text)
        }
        Decision::Refuse { reason } => {
            let text = format!("申し訳ありませんが、発行申請をお受けできませんでした。\n\n■ 理由\n{reason}\n\n{}", content(row));
            to_applicant(row, "発行申請をお受けできませんでした", &text)
        }
    }
}

/// An application that nobody decided in time.
pub(crate) fn application_lapsed(row: &ApplicationRow) -> Option<Mail> {
    let text = format!(
        "審査が期限までに終わらなかったため、発行申請は取り下げとなりました。お手数ですが、もう一度申請してください。\n\n{}",
        content(row)
    );
    to_applicant(row, "発行申請の期限が過ぎました", &text)
}

/// The notice of completion of a revocation (RN-13), or its refusal.
pub(crate) fn revocation_decided(request: &RevocationRequest, decision: &Decision) -> Option<Mail> {
    let about = format!(
        "■ 失効申請番号: {}\n■ 医療機関コード: {}\n■ 端末の名称: {}\n■ 証明書のシリアル番号: {}\n",
        request.number, request.facility_code, request.terminal_name, request.serial
    );
    let (subject, text) = match decision {
        Decision::Approve => (
            "電子証明書の失効が完了しました",
            format!(
                "電子証明書の失効が完了しました。この電子証明書は、もう使えません。\n端末を使い続けるときは、新しく発行申請をしてください。\n\n{about}"
            ),
        ),
        Decision::Refuse { reason } => (
            "電子証明書の失効申請をお受けできませんでした",
            format!("失効申請をお受けできませんでした。止めていた端末は、また使えるようになりました。\n\n■ 理由\n{reason}\n\n{about}"),
        ),
    };
    let to = MailAddress::parse(&request.mail)?;
    Some(Mail { to, subject: format!("【共通認証局】{subject}（申請番号 {}）", request.number), text })
}

fn to_applicant(row: &ApplicationRow, about: &str, text: &str) -> Option<Mail> {
    let to = MailAddress::parse(&row.application.mail)?;
    let subject = format!("【共通認証局】電子証明書の{about}（申請番号 {}）", row.number);
    Some(Mail { to, subject, text: format!("{} 様\n\n{text}", row.application.contact) })
}

fn content(row: &ApplicationRow) -> String {
    let terminals: String = row.application.terminals.iter().map(|name| format!("端末の名称: {name}\n")).collect();
    format!("■ 申請内容（申請番号 {}）\n医療機関コード: {}\n{terminals}", row.number, row.application.facility_code)
}
