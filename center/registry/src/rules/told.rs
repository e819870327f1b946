//! An application in words: the same lines on the page of confirmation, in the mails, on the page of its state and before operators (ID-10).

use chassis::page::Language;
use jiff::Timestamp;
use jiff::civil::Date;
use manuals::line_type;

use super::wish::Wish;
use crate::applications::Application;

/// Every line of an application: what, and how it was read.
#[must_use]
pub fn content(wish: &Wish, language: Language) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut say = |japanese, english, value: String| {
        if !value.is_empty() {
            lines.push((language.choose(japanese, english), value));
        }
    };
    let day = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let pick = |(japanese, english): (&'static str, &'static str)| language.choose(japanese, english).to_owned();
    say("サービス", "Service", wish.service.label().to_owned());
    say("届出種別", "Notification", wish.notification.label().to_owned());
    say("医療機関コード", "Facility code", wish.facility_code.clone());
    say("医療機関等の名称", "Name of the facility", wish.name.clone());
    say("利用を始める日", "First day", day(wish.valid_from));
    say("変更前の医療機関コード", "Former facility code", wish.former_code.clone().unwrap_or_default());
    say("変更前のお客さまID", "Former line id", wish.former_line_id.clone().unwrap_or_default());
    say("回線の契約先", "Contracted with", pick(wish.provider.label()));
    say("電気通信回線種別", "Line kind", wish.line_kind().to_owned());
    say("お客さまID", "Line id", wish.line_id.clone());
    let line_type = line_type::by_key(&wish.line_type).map_or("", |line_type| line_type.name);
    say("回線タイプ", "Line type", format!("{line_type}（{}）", wish.region().label()));
    say("回線を申し込んだ日", "Line applied for on", day(wish.line_since));
    say(line_type::v6_option_facts().name, "v6 option", wish.option6.map(|answer| pick(answer.label())).unwrap_or_default());
    say("回線を共用する医療機関コード", "Line shared with", wish.shared_with.clone().unwrap_or_default());
    say("申請する方", "Applicant", wish.applicant.clone());
    say("メールアドレス", "Mail address", wish.mail.clone());
    lines
}

/// How an application stands, in a word and in a sentence.
#[must_use]
pub fn state(application: &Application, language: Language, now: Timestamp) -> (&'static str, String) {
    let works = application.works_from.filter(|_| application.state == "approved");
    match (application.state.as_str(), works) {
        ("approved", Some(from)) if from > now => (
            language.choose("承認済み（反映待ち）", "Approved, not yet in effect"),
            language.choose(
                format!("承認されました。{} から利用できます。その日になったら、この回線の端末で回線認証を行ってください。", day_of(from)),
                format!("It was approved and takes effect on {}. From that day authenticate the line at a terminal of it.", day_of(from)),
            ),
        ),
        ("approved", _) => (
            language.choose("反映済み", "In effect"),
            language.choose(
                "承認され、反映されています。まだのときは、この回線の端末で回線認証を行ってください。".to_owned(),
                "It was approved and is in effect. If not yet done, authenticate the line at a terminal of it.".to_owned(),
            ),
        ),
        ("refused", _) => (
            language.choose("お受けできません（再申請が必要）", "Refused: apply again"),
            language.choose(
                "次の理由でお受けできませんでした。内容を直して、もう一度申請してください。".to_owned(),
                "It was refused for the reason below. Mend it and apply again.".to_owned(),
            ),
        ),
        _ => (
            language.choose("受付済み（確認中）", "Received, being checked"),
            language.choose(
                "申請を受け付け、内容を確かめています。結果はメールでもお知らせします。".to_owned(),
                "The application was received and is being checked. The result is mailed too.".to_owned(),
            ),
        ),
    }
}

/// How long an eligibility application takes until it is reflected, as the manual puts it (ID-10).
#[must_use]
pub fn usual_span() -> String {
    let days = manuals::line_id::change().days_until_reflected;
    if days.is_multiple_of(7) { format!("{}週間程度", days / 7) } else { format!("{days}日程度") }
}

/// The day of a moment in Japan.
#[must_use]
pub fn day_of(at: Timestamp) -> String {
    chassis::clock::japan_date(at).to_string()
}
