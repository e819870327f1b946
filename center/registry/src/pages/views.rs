//! Shows the portal's pages, Japanese first and in English.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::page::{self, Frame, Language};
use jiff::Timestamp;
use manuals::domains::Service;
use manuals::line_id;
use wire::enrolment::Refusal;

use super::sheet::{Kind, Section, Sheet};
use super::{language, retry_after};
use crate::applications::Application;
use crate::rules::form::{Fields, Mistake, Read};
use crate::rules::told;
use crate::rules::wish::{Notification, Wish};

/// The portal in its reader's language.
#[derive(Clone, Copy)]
pub(crate) struct Portal {
    language: Language,
}

/// What may be applied for in one service.
struct Offer {
    service: &'static str,
    notes: Vec<String>,
    links: Vec<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    title: &'static str,
    intro: &'static str,
    services: Vec<Offer>,
    after: &'static str,
    state: &'static str,
    router_title: &'static str,
    router: &'static str,
    router_text: &'static str,
}

#[derive(Template)]
#[template(path = "form.html")]
struct Form {
    title: String,
    summary: String,
    mistakes: Vec<(&'static str, &'static str, String)>,
    notes: Vec<String>,
    action: String,
    sections: Vec<Section>,
    choose: &'static str,
    check: &'static str,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    title: &'static str,
    intro: &'static str,
    repaired: &'static str,
    repairs: Vec<(&'static str, &'static str)>,
    lines: Vec<(&'static str, String)>,
    action: String,
    fields: Vec<(String, String)>,
    send: &'static str,
    revise: &'static str,
}

#[derive(Template)]
#[template(path = "words.html")]
struct Words<'a> {
    title: &'a str,
    class: &'static str,
    lines: Vec<String>,
    links: Vec<(&'static str, &'static str)>,
}

struct Found {
    class: &'static str,
    state: &'static str,
    sentence: String,
    reason: Option<String>,
    lines: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "state.html")]
struct State<'a> {
    title: &'static str,
    found: Option<Found>,
    mistake: Option<&'static str>,
    intro: &'static str,
    number: &'a str,
    number_label: &'static str,
    secret_label: &'static str,
    reason_label: &'static str,
    look: &'static str,
    another: &'static str,
}

impl Portal {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { language: language(headers) }
    }

    fn t(self, japanese: &'static str, english: &'static str) -> &'static str {
        self.language.choose(japanese, english)
    }

    fn show(self, status: StatusCode, title: &str, content: &impl Template) -> Response {
        let service = self.t("オン資 利用申請", "onshi: applications");
        page::show(status, &Frame { language: self.language, service, title, form_targets: &[] }, content)
    }

    fn name(self, notification: Notification) -> &'static str {
        self.t(notification.label(), notification.english())
    }

    fn service(self, service: Service) -> &'static str {
        match service {
            Service::Claims => self.t(Service::Claims.label(), "Online claims"),
            Service::Eligibility => self.t(Service::Eligibility.label(), "Online eligibility"),
        }
    }

    pub(crate) fn start(self) -> Response {
        let title = self.t("利用申請", "Applications");
        let links = |service: Service| {
            let of = Notification::of(service).into_iter();
            of.map(|notification| (address(service, notification), self.name(notification))).collect()
        };
        let claims = vec![
            self.t("申請は、この申請サイトまたは社会保険診療報酬支払基金へお願いします。", "Apply here or to the Social Insurance Medical Fee Payment Fund.").to_owned(),
            self.t(
                "IPv4で接続していて、IPv6での接続に変更する場合、追加で申請が必要です。移転や統廃合でお客さまIDが変わったときは、変更の申請のあとで回線認証を行ってください。",
                "Moving from IPv4 to IPv6 needs an additional application. After a changed line id, apply for the change and then authenticate the line.",
            )
            .to_owned(),
        ];
        let change = line_id::change();
        let eligibility = vec![
            self.language.choose(
                format!(
                    "移転や統廃合でお客さまIDが変わったときは、先に承継に係る申請（{} の「{}」）を行い、そのあと、変更後のお客さまIDの回線で回線認証を行ってください。",
                    change.succession_page, change.succession_topic
                ),
                "After a changed line id, first apply for the succession, then authenticate the new line.".to_owned(),
            ),
            format!("※{}", line_id::exemption().text),
        ];
        let services = vec![
            Offer { service: self.service(Service::Eligibility), notes: eligibility, links: links(Service::Eligibility) },
            Offer { service: self.service(Service::Claims), notes: claims, links: links(Service::Claims) },
        ];
        let start = Start {
            title,
            intro: self.t(
                "医療機関等と、接続に利用する回線のお客さまIDを申請します。送る前に内容を確かめ、申請後は自動返信のメールで確かめられます。",
                "Apply for a facility and its line. The content is checked before it is sent, and repeated in an automatic mail.",
            ),
            services,
            after: self.t("申請したあとで", "After applying"),
            state: self.t("申請の状態を見る", "See the state of an application"),
            router_title: self.t("工事の前に", "Before the works"),
            router: super::router::PAGE,
            router_text: self.t("ルーターの設定を書く、調べる", "Write or check a router's configuration (Japanese)"),
        };
        self.show(StatusCode::OK, title, &start)
    }

    pub(crate) fn form(
        self,
        status: StatusCode,
        service: Service,
        notification: Notification,
        typed: &Fields,
        mistakes: &[Mistake],
    ) -> Response {
        let sheet = Sheet { service, notification, language: self.language, typed, mistakes };
        let sections = sheet.sections();
        let label = |name: &str| {
            sections.iter().flat_map(|section| &section.fields).find(|field| field.name == name).map_or("", |field| field.label)
        };
        let told = mistakes.iter().map(|mistake| (mistake.field, label(mistake.field), sheet.said(mistake))).collect();
        let count = mistakes.len();
        let title = format!("{}: {}", self.service(service), self.name(notification));
        let tab = if count > 0 { format!("{} - {title}", self.t("誤りがあります", "Mistakes")) } else { title.clone() };
        let form = Form {
            title,
            summary: self.language.choose(format!("入力に誤りがあります（{count} 件）"), format!("Mistakes: {count}")),
            mistakes: told,
            notes: self.notes(service, notification),
            action: address(service, notification),
            sections,
            choose: self.t("選んでください", "Choose"),
            check: self.t("入力を確かめる", "Check"),
        };
        self.show(status, &tab, &form)
    }

    fn notes(self, service: Service, notification: Notification) -> Vec<String> {
        let mut notes = vec![
            self.t(
                "お手元に、回線の「開通のご案内」などの書面を用意してください。次の画面で内容を確かめてから送ります。",
                "Have the carrier's letter at hand. The next page shows everything once more before it is sent.",
            )
            .to_owned(),
        ];
        if service == Service::Eligibility {
            let days = line_id::change().days_until_reflected;
            notes.push(self.language.choose(
                format!(
                    "申請内容の反映までには{}かかります。誤りがあると再申請となり、その間セットアップができません。",
                    told::usual_span()
                ),
                format!("It takes about {days} days until an application takes effect. A mistake means applying again."),
            ));
        }
        if notification == Notification::Succession {
            let change = line_id::change();
            notes.push(format!("{} 「{}」", change.succession_page, change.succession_topic));
        }
        notes
    }

    pub(crate) fn confirm(self, read: &Read, typed: &Fields, form_id: String) -> Response {
        let title = self.t("申請内容の確認", "Check what you apply for");
        let sheet =
            Sheet { service: read.wish.service, notification: read.wish.notification, language: self.language, typed, mistakes: &[] };
        let fields: Vec<_> = sheet.sections().into_iter().flat_map(|section| section.fields).collect();
        let label = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.label);
        let repairs = read.repairs.iter().map(|(name, repair)| (label(name), self.t(repair.said().0, repair.said().1))).collect();
        // The fields as they were typed: what was put right is put right again.
        let mut hidden: Vec<(String, String)> =
            fields.iter().filter_map(|field| Some((field.name.to_owned(), typed.get(field.name)?.clone()))).collect();
        hidden.push(("form_id".to_owned(), form_id));
        let confirm = Confirm {
            title,
            intro: self.t(
                "まだ送っていません。お客さまIDを、書面と一文字ずつ見くらべてください。",
                "Nothing was sent yet. Compare the line id with the letter, character by character.",
            ),
            repaired: self.t("入力を次のように直して読みました。", "The input was put right:"),
            repairs,
            lines: told::content(&read.wish, self.language),
            action: address(read.wish.service, read.wish.notification),
            fields: hidden,
            send: self.t("この内容で申請する", "Apply"),
            revise: self.t("入力を直す", "Go back"),
        };
        self.show(StatusCode::OK, title, &confirm)
    }

    pub(crate) fn sent(self, application_id: &str) -> Response {
        let title = self.t("申請を受け付けました", "The application was received");
        let lines = vec![
            self.language.choose(format!("申請番号: {application_id}"), format!("Number: {application_id}")),
            self.t(
                "自動返信のメールを送ります。メールに書かれた申請内容を、必ず書面と見くらべてください。誤りがあるときは、もう一度申請してください。",
                "An automatic mail follows. Compare its content with the letter. If anything is wrong, apply again.",
            )
            .to_owned(),
            self.t(
                "申請の状態は、申請番号とメールにある確認の言葉で見られます。メールが届かないときは、メールアドレスが誤っていたかもしれません。もう一度申請してください。",
                "Number and the secret in the mail show its state. If no mail comes, the address may have been wrong: apply again.",
            )
            .to_owned(),
        ];
        let links = vec![("/state", self.t("申請の状態を見る", "See its state")), ("/", self.t("はじめの画面へ", "To the first page"))];
        self.show(StatusCode::OK, title, &Words { title, class: "success", lines, links })
    }

    pub(crate) fn ask_state(self, number: &str, mistaken: bool) -> Response {
        let mistake = self.t(
            "申請番号と確認の言葉が合いません。自動返信のメールのとおりに入力してください。",
            "Number and secret do not fit. Enter them as the mail shows them.",
        );
        let status = if mistaken { StatusCode::NOT_FOUND } else { StatusCode::OK };
        self.show_state(status, None, mistaken.then_some(mistake), number)
    }

    pub(crate) fn state(self, application: &Application, wish: &Wish, now: Timestamp) -> Response {
        let (state, sentence) = told::state(application, self.language, now);
        let class = match application.state.as_str() {
            "approved" => "success",
            "refused" => "error",
            _ => "note",
        };
        let mut lines = vec![(self.t("申請番号", "Number"), application.application_id.clone())];
        lines.push((self.t("申請した日", "Received on"), told::day_of(application.applied_at)));
        if let Some(from) = application.works_from {
            lines.push((self.t("反映日", "In effect from"), told::day_of(from)));
        }
        lines.extend(told::content(wish, self.language));
        let found = Found { class, state, sentence, reason: application.reason.clone(), lines };
        self.show_state(StatusCode::OK, Some(found), None, "")
    }

    fn show_state(self, status: StatusCode, found: Option<Found>, mistake: Option<&'static str>, number: &str) -> Response {
        let title = self.t("申請の状態", "State of an application");
        let page = State {
            title,
            found,
            mistake,
            intro: self.t(
                "申請番号と、自動返信のメールにある確認の言葉を入力してください。",
                "Enter the number and the secret of the automatic mail.",
            ),
            number,
            number_label: self.t("申請番号", "Number"),
            secret_label: self.t("確認の言葉", "Secret"),
            reason_label: self.t("理由", "Reason"),
            look: self.t("状態を見る", "Show"),
            another: self.t("別の申請を見る", "Another application"),
        };
        self.show(status, title, &page)
    }

    pub(crate) fn wait(self, seconds: i64) -> Response {
        let title = self.t("少しお待ちください", "Please wait");
        let line = self.language.choose(
            format!("短い間に多くの申請や照会がありました。{seconds} 秒ほど待って、もう一度送ってください。"),
            format!("Too many forms in a short time. Send it again in {seconds} seconds."),
        );
        (retry_after(seconds), self.message(StatusCode::TOO_MANY_REQUESTS, title, vec![line])).into_response()
    }

    pub(crate) fn unreadable(self, status: StatusCode) -> Response {
        let title = self.t("申請を読めません", "Unreadable");
        let line = self.t(
            "送られた内容が長すぎるか、壊れています。はじめの画面から入力し直してください。",
            "What was sent is too long or damaged. Begin again at the first page.",
        );
        self.message(status, title, vec![line.to_owned()])
    }

    pub(crate) fn nowhere(self) -> Response {
        let title = self.t("この画面はありません", "No such page");
        let line = self.t("はじめの画面から進んでください。", "Begin at the first page.");
        self.message(StatusCode::NOT_FOUND, title, vec![line.to_owned()])
    }

    pub(crate) fn failed(self, status: StatusCode, refusal: &Refusal) -> Response {
        let title = self.t("受け付けられませんでした", "It could not be taken");
        let incident = refusal.incident.clone().unwrap_or_default();
        let lines = vec![
            refusal.message.clone(),
            self.language
                .choose(format!("申請は保存されていません。照会番号: {incident}"), format!("Nothing was kept. Incident: {incident}")),
        ];
        self.message(status, title, lines)
    }

    fn message(self, status: StatusCode, title: &'static str, lines: Vec<String>) -> Response {
        let links = vec![("/", self.t("はじめの画面へ", "To the first page"))];
        self.show(status, title, &Words { title, class: "error", lines, links })
    }
}

fn address(service: Service, notification: Notification) -> String {
    format!("/apply/{}/{}", service.key(), notification.key())
}
