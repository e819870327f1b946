//! The console's pages, for the front desk: one button, one sentence, no word of networks.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use manuals::faq;
use manuals::support::{self, DeskState};
use recipes::page::escaped;

pub(super) const STYLE: &str = "/style.css";
pub(super) const LOOK: &str = "/look";
pub(super) const PROGRESS: &str = "/progress";
pub(super) const REPORT: &str = "/report";
pub(super) const ROUTER: &str = "/router";
pub(super) const LINT: &str = "/router/lint";
pub(super) const FAQ: &str = "/faq";
/// The field that holds the token.
pub(super) const TOKEN: &str = "token";

/// The most questions on one page.
const MOST: usize = 20;

/// A page with what stands inside it.
pub(super) fn framed(title: &str, content: &str) -> String {
    whole(title, "", &format!("{content}\n<p><a href=\"/\">最初の画面に戻る</a></p>"))
}

fn whole(title: &str, head: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{head}<title>{title} - オン資</title>\n<link rel=\"stylesheet\" href=\"{STYLE}\">\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">本文へ</a>\n<header><p>オン資</p></header>\n<main id=\"main\" tabindex=\"-1\">\n{content}\n</main>\n</body>\n</html>\n"
    )
}

/// The first page: the button.
pub(super) fn start(token: &str, last: Option<DateTime>, now: DateTime) -> String {
    let last = last.map_or_else(String::new, |at| {
        format!("<p><a href=\"{REPORT}\">前に調べた結果（{}）を見る</a></p>\n", at.strftime("%-m月%-d日 %H:%M"))
    });
    let content = format!(
        "<h1>つながらないとき、おかしいとき</h1>
<form method=\"post\" action=\"{LOOK}\">
<input type=\"hidden\" name=\"{TOKEN}\" value=\"{token}\">
<button type=\"submit\" class=\"large\">調べる</button>
</form>
<p>押すと、10秒ほどで、何が悪いか、誰が直すか、何をすればよいかが出ます。患者さんの情報は見ません。</p>
{last}<h2>電話で問い合わせる</h2>
{}
<h2>よくある質問</h2>
<form method=\"get\" action=\"{FAQ}\">
<div class=\"field\"><label for=\"words\">画面に出た言葉、困っていること</label><input type=\"text\" id=\"words\" name=\"words\" maxlength=\"200\"></div>
<button type=\"submit\" class=\"second\">探す</button>
</form>
<h2>工事や設定をする方へ</h2>
<p><a href=\"{ROUTER}\">ルーターの設定を書く、調べる</a></p>",
        desk(now)
    );
    whole("最初の画面", "", &content)
}

/// The support desk, now.
fn desk(now: DateTime) -> String {
    let sheet = support::sheet();
    let (class, state) = match support::desk_state(now) {
        DeskState::Open { until } => ("success", format!("受付中です。{} まで。", moment(until, now))),
        DeskState::Closed { opens } => ("note", format!("受付時間外です。次の受付は {} から。", moment(opens, now))),
    };
    format!(
        "<div class=\"{class}\"><p><strong>{state}</strong></p><p>{} {}</p><p>用意するもの: {}</p></div>",
        sheet.name,
        sheet.phone,
        sheet.ticket_fields.join("、")
    )
}

fn moment(at: DateTime, now: DateTime) -> String {
    let form = if at.date() == now.date() { "今日 %H:%M" } else { "%-m月%-d日 %H:%M" };
    at.strftime(form).to_string()
}

/// While it looks: the page asks again by itself every second.
pub(super) fn progress(gone: SignedDuration, deadline: Duration) -> String {
    let most = deadline.as_secs().max(1);
    let gone = u64::try_from(gone.as_secs()).unwrap_or(0).min(most);
    let content = format!(
        "<h1>調べています</h1>
<p><progress max=\"{most}\" value=\"{gone}\">{gone} / {most}</progress></p>
<p>長くて{most}秒かかります。このままお待ちください。</p>
<p><a href=\"{PROGRESS}\">画面が変わらないときは、ここを押してください</a></p>"
    );
    whole("調べています", "<meta http-equiv=\"refresh\" content=\"1\">\n", &content)
}

/// The doctor's report, with a way back that is not printed.
pub(super) fn with_a_way_back(report: &str) -> String {
    const WAY: &str = "<style>@media print{.back{display:none}}</style>\n<p class=\"back\"><a href=\"/\">最初の画面に戻る</a></p>\n";
    match report.find("<main>") {
        Some(place) => {
            let (before, after) = report.split_at(place + "<main>".len());
            format!("{before}\n{WAY}{after}")
        }
        None => report.to_owned(),
    }
}

/// The manuals' questions.
pub(super) fn questions(words: &str) -> String {
    let found = faq::search(words);
    let mut content = format!(
        "<h1>よくある質問</h1>\n<form method=\"get\" action=\"{FAQ}\">\n<div class=\"field\"><label for=\"words\">言葉、困っていること</label><input type=\"text\" id=\"words\" name=\"words\" maxlength=\"200\" value=\"{}\"></div>\n<button type=\"submit\">探す</button>\n</form>\n",
        escaped(words)
    );
    if found.is_empty() {
        content.push_str("<div class=\"note\"><p>当てはまる質問がありません。言葉を変えてみてください。</p></div>\n");
    }
    for entry in found.into_iter().take(MOST) {
        content.push_str(&format!(
            "<h2>{}</h2>\n<p>{}</p>\n<p class=\"hint\">{}</p>\n",
            escaped(entry.asks),
            escaped(entry.answers),
            escaped(entry.source)
        ));
    }
    framed("よくある質問", &content)
}

/// A request that does not come from here.
pub(super) fn refused() -> String {
    framed(
        "受け付けられません",
        "<h1>受け付けられません</h1>\n<p>この画面の外から送られた操作は受け付けません。最初の画面から操作してください。</p>",
    )
}

pub(super) fn nowhere() -> String {
    framed("ありません", "<h1>このページはありません</h1>")
}

pub(super) fn could_not_look() -> String {
    framed(
        "調べられません",
        "<h1>調べられませんでした</h1>\n<p>もう一度「調べる」を押してください。続くときは、このプログラムを入れた会社に連絡してください。</p>",
    )
}
