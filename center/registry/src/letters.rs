//! Writes the mails to applicants: the automatic reply that repeats the application for verification, approval, and refusal (ID-10).

use chassis::mail::{Mail, MailAddress};
use chassis::page::Language;
use jiff::Timestamp;
use manuals::domains::Service;
use manuals::lineauth;

use crate::rules::told;
use crate::rules::wish::{Notification, Wish};

/// What every letter of one application repeats.
pub(crate) struct Letters<'a> {
    pub(crate) wish: &'a Wish,
    pub(crate) application_id: &'a str,
    /// Where the portal is reached.
    pub(crate) portal: &'a str,
}

impl Letters<'_> {
    /// The automatic reply: it carries the secret with which the applicant follows the state.
    pub(crate) fn received(&self, secret: &str) -> Option<Mail> {
        let span = match self.wish.service {
            Service::Eligibility => format!("（{}）", told::usual_span()),
            Service::Claims => String::new(),
        };
        let text = format!(
            "利用申請を受け付けました。このメールは自動で送っています。\n\n\
             下の申請内容が書面のとおりか、今ここで確かめてください。誤りがあると接続できません。\n\
             誤りがあるときは再申請が必要で、申請内容が反映されるまで{span}セットアップができません。\n\n\
             ■ 申請の状態を見るための番号（このメールは大切に保管してください）\n\
             申請番号: {}\n確認の言葉: {}\n申請の状態: {}/state\n\n{}",
            self.application_id,
            grouped(secret),
            self.portal,
            self.content(),
        );
        self.letter("利用申請を受け付けました", &text)
    }

    /// The approval, with the day from which the line works and what to do then.
    pub(crate) fn approved(&self, works_from: Timestamp) -> Option<Mail> {
        let first = match self.wish.notification {
            Notification::Change | Notification::ChangeOfCode | Notification::Succession => {
                "変更後の回線で、もう一度回線認証を行ってください。これまでの回線は、その日から使えなくなります。"
            }
            _ => "この回線につないだ端末で、回線認証を行ってください。",
        };
        let text = format!(
            "利用申請を承認しました。\n\n■ 反映日: {}\nこの日から利用できます。{first}\n回線認証サイト: {}\n\n{}",
            told::day_of(works_from),
            lineauth::url(),
            self.content(),
        );
        self.letter("利用申請を承認しました", &text)
    }

    /// The refusal, with its reason.
    pub(crate) fn refused(&self, reason: &str) -> Option<Mail> {
        let text = format!(
            "申し訳ありませんが、利用申請をお受けできませんでした。\n\n■ 理由\n{reason}\n\n内容を直して、もう一度申請してください。\n{}/\n\n{}",
            self.portal,
            self.content(),
        );
        self.letter("利用申請をお受けできませんでした", &text)
    }

    fn content(&self) -> String {
        let lines = told::content(self.wish, Language::Japanese);
        let lines: String = lines.iter().map(|(label, value)| format!("{label}: {value}\n")).collect();
        format!("■ 申請内容（申請番号 {}）\n{lines}", self.application_id)
    }

    fn letter(&self, about: &str, text: &str) -> Option<Mail> {
        let to = MailAddress::parse(&self.wish.mail)?;
        let subject = format!("【{}】{about}（申請番号 {}）", self.wish.service.label(), self.application_id);
        Some(Mail { to, subject, text: format!("{} 様\n\n{text}", self.wish.applicant) })
    }
}

/// A secret as one copies it from paper: in fours.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
