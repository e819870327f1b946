//! What operators decide about certificates: applications, which become notices on paper, and revocations, whose terminals are blocked already.

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use chassis::page::Language;
use jiff::Timestamp;
use registry::rules::form::{Fields, Mistake};
use registry::rules::typed;
use wire::number::FacilityCode;

use super::{Answer, Desk, HOME, answered, moment, service, show};
use crate::pages::sent_fields;
use crate::pages::sheet::{Button, Field, Form, Kind, Part, Sheet};
use crate::pages::ticket::Ticket;
use crate::paper::Paper;
use crate::{ApplicationRow, ApplicationState, By, Decision, Error, Notice, RequestState, RevocationRequest};

/// A table whose rows lead somewhere.
#[derive(Template)]
#[template(path = "console_table.html")]
struct Table {
    title: &'static str,
    links: Vec<(String, &'static str)>,
    empty: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
}

fn home(l: Language) -> Vec<(String, &'static str)> {
    vec![(HOME.to_owned(), l.choose("電子証明書", "Certificates"))]
}

fn sent(body: Result<Bytes, BytesRejection>) -> Fields {
    body.ok().and_then(|bytes| sent_fields(&bytes)).unwrap_or_default()
}

/// What was decided, if a button was pressed; a refusal needs its reason.
fn decision(fields: &Fields) -> Result<Decision, Mistake> {
    let field = |name: &str| fields.get(name).map(|text| typed::words(text)).unwrap_or_default();
    match (field("step").as_str(), field("reason")) {
        ("approve", _) => Ok(Decision::Approve),
        (_, reason) if reason.is_empty() => Err(Mistake {
            field: "reason",
            japanese: "申請した方に伝える理由を書いてください。".to_owned(),
            english: "Write the reason that the applicant is told.".to_owned(),
        }),
        (_, reason) => Ok(Decision::Refuse { reason }),
    }
}

fn deciding(l: Language, action: String) -> Part {
    Part::form(Form {
        action,
        hidden: Vec::new(),
        fields: vec![Field::new(
            "reason",
            l.choose("お断りする理由（申請した方に伝わります）", "Reason of a refusal, told to the applicant"),
            Kind::Area,
            "",
        )],
        buttons: vec![
            Button::new("approve", l.choose("承認する", "Approve")),
            Button::new("refuse", l.choose("お断りする", "Refuse")).second(),
        ],
    })
}

fn application_state(state: ApplicationState, l: Language) -> &'static str {
    match state {
        ApplicationState::Waiting => l.choose("承認待ち", "waiting"),
        ApplicationState::Approved => l.choose("承認済み", "approved"),
        ApplicationState::Refused => l.choose("お断り済み", "refused"),
        ApplicationState::Lapsed => l.choose("期限切れ", "lapsed"),
    }
}

fn request_state(state: RequestState, l: Language) -> &'static str {
    match state {
        RequestState::Asked => l.choose("承認待ち（停止中）", "waiting, blocked"),
        RequestState::Done => l.choose("失効済み", "revoked"),
        RequestState::Refused => l.choose("お断り済み", "refused"),
    }
}

fn proven(by: By, l: Language) -> &'static str {
    match by {
        By::Ids => l.choose("リクエストIDとリファレンスID", "by the ids"),
        By::Possession => l.choose("証明書の提示", "by the certificate"),
        By::Journal => l.choose("失効の控えから", "found in the journal"),
    }
}

pub(super) async fn applications(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let row = |row: ApplicationRow| {
        let cells = vec![
            row.number.clone(),
            moment(row.made_at),
            application_state(row.state, l).to_owned(),
            row.application.facility_code,
            row.application.terminals.len().to_string(),
        ];
        (format!("{HOME}/applications/{}", row.number), cells)
    };
    answered(desk.authority.applications().await.map(|rows| {
        let table = Table {
            title: l.choose("電子証明書の発行申請", "Applications for certificates"),
            links: home(l),
            empty: l.choose("申請はありません。", "There is no application."),
            columns: l
                .choose(
                    ["申請番号", "申請日時", "状態", "医療機関コード", "端末数"],
                    ["Number", "Received", "State", "Facility", "Terminals"],
                )
                .into(),
            rows: rows.into_iter().map(row).collect(),
        };
        show(l, StatusCode::OK, table.title, &table)
    }))
}

pub(super) async fn application(State(desk): State<Desk>, Path(number): Path<String>, headers: HeaderMap) -> Response {
    answered(desk.one_application(&number, Language::asked(&headers), StatusCode::OK, &[]).await)
}

pub(super) async fn decide_application(
    State(desk): State<Desk>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let l = Language::asked(&headers);
    let decision = match decision(&sent(body)) {
        Ok(decision) => decision,
        Err(mistake) => return answered(desk.one_application(&number, l, StatusCode::UNPROCESSABLE_ENTITY, &[mistake]).await),
    };
    let now = desk.clock.now();
    answered(match desk.authority.decide_application(&number, &decision, now).await {
        Ok(notices) if decision == Decision::Approve => desk.papers(&notices, l, now),
        Ok(_) => Ok(Redirect::to(&format!("{HOME}/applications")).into_response()),
        Err(error) => Err(error),
    })
}

pub(super) async fn revocations(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let row = |row: RevocationRequest| {
        let cells = vec![
            row.number.clone(),
            moment(row.asked_at),
            request_state(row.state, l).to_owned(),
            row.facility_code,
            row.terminal_name,
            proven(row.by, l).to_owned(),
        ];
        (format!("{HOME}/revocations/{}", row.number), cells)
    };
    answered(desk.authority.revocation_requests().await.map(|rows| {
        let columns = l.choose(
            ["受付番号", "申請日時", "状態", "医療機関コード", "端末名称等", "確認の方法"],
            ["Number", "Received", "State", "Facility", "Terminal", "Proven"],
        );
        let table = Table {
            title: l.choose("電子証明書の失効申請", "Revocations"),
            links: home(l),
            empty: l.choose("申請はありません。", "There is no request."),
            columns: columns.into(),
            rows: rows.into_iter().map(row).collect(),
        };
        show(l, StatusCode::OK, table.title, &table)
    }))
}

pub(super) async fn revocation(State(desk): State<Desk>, Path(number): Path<String>, headers: HeaderMap) -> Response {
    answered(desk.one_revocation(&number, Language::asked(&headers), StatusCode::OK, &[]).await)
}

pub(super) async fn decide_revocation(
    State(desk): State<Desk>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let l = Language::asked(&headers);
    let decision = match decision(&sent(body)) {
        Ok(decision) => decision,
        Err(mistake) => return answered(desk.one_revocation(&number, l, StatusCode::UNPROCESSABLE_ENTITY, &[mistake]).await),
    };
    let decided = desk.authority.decide_revocation(&number, &decision, desk.clock.now()).await;
    answered(decided.map(|_| Redirect::to(&format!("{HOME}/revocations")).into_response()))
}

pub(super) async fn blank(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    desk.notice_form(Language::asked(&headers), &Fields::new(), StatusCode::OK, &[])
}

/// Writes a notice for a terminal that nobody applied for on the web.
pub(super) async fn write(State(desk): State<Desk>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let (l, fields, now) = (Language::asked(&headers), sent(body), desk.clock.now());
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let Ok(code) = FacilityCode::parse(&typed::code(field("facility_code")).0) else {
        let mistake = Mistake {
            field: "facility_code",
            japanese: "医療機関コードは数字10桁です。".to_owned(),
            english: "A facility code has ten digits.".to_owned(),
        };
        return desk.notice_form(l, &fields, StatusCode::UNPROCESSABLE_ENTITY, &[mistake]);
    };
    match desk.authority.notice(&code, &typed::words(field("terminal_name")), now).await {
        Ok(notice) => answered(desk.papers(&[notice], l, now)),
        Err(Error::Registry(registry::Error::Refused(refusal))) => {
            let field = if matches!(refusal, registry::Refusal::Unknown(_)) { "facility_code" } else { "terminal_name" };
            let mistake = Mistake { field, japanese: refusal.to_string(), english: refusal.to_string() };
            desk.notice_form(l, &fields, StatusCode::UNPROCESSABLE_ENTITY, &[mistake])
        }
        Err(error) => answered(Err(error)),
    }
}

/// A notice on paper; which one travels in its ticket, so that its secret stands in no address.
pub(super) async fn pdf(State(desk): State<Desk>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let fields = sent(body);
    match fields.get("ticket").and_then(|text| desk.tickets.read(text, desk.clock.now())) {
        Some(Ticket::Paper { paper }) => {
            let name = format!("inline; filename=\"notice-{}.pdf\"", paper.request_id);
            let kind = (header::CONTENT_TYPE, "application/pdf".to_owned());
            ([kind, (header::CONTENT_DISPOSITION, name), (header::CACHE_CONTROL, "no-store".to_owned())], paper.pdf()).into_response()
        }
        _ => crate::pages::words::session_over(Language::asked(&headers), HOME),
    }
}

fn facts(pairs: Vec<(&str, String)>) -> Vec<(String, String)> {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(label, value)| (label.to_owned(), value)).collect()
}

impl Desk {
    async fn one_application(&self, number: &str, l: Language, status: StatusCode, mistakes: &[Mistake]) -> Answer {
        let found = self.authority.applications().await?.into_iter().find(|row| row.number == number);
        let Some(row) = found else { return Err(registry::Error::from(registry::Refusal::Unknown("この発行申請")).into()) };
        let title = format!("{} {}", l.choose("発行申請", "Application"), row.number);
        let mut shown = facts(vec![
            (l.choose("状態", "State"), application_state(row.state, l).to_owned()),
            (l.choose("申請日時", "Received"), moment(row.made_at)),
            (l.choose("処理日時", "Decided"), row.decided_at.map(moment).unwrap_or_default()),
            (l.choose("理由", "Reason"), row.reason.clone().unwrap_or_default()),
            (l.choose("医療機関コード", "Facility"), row.application.facility_code.clone()),
            (l.choose("ご担当者", "Contact"), row.application.contact.clone()),
            (l.choose("メールアドレス", "Mail"), row.application.mail.clone()),
        ]);
        shown.extend(row.application.terminals.iter().map(|name| (l.choose("端末の名称", "Terminal").to_owned(), name.clone())));
        let mut parts = vec![Part::facts(None, shown)];
        let action = format!("{HOME}/applications/{number}");
        match row.state {
            ApplicationState::Waiting => parts.push(deciding(l, action)),
            ApplicationState::Approved => parts.push(Part::form(Form {
                action,
                hidden: Vec::new(),
                fields: Vec::new(),
                buttons: vec![Button::new("approve", l.choose("まだ取得されていない通知書を表示する", "Show the notices not yet used"))],
            })),
            ApplicationState::Refused | ApplicationState::Lapsed => {}
        }
        parts.push(Part::links(vec![(format!("{HOME}/applications"), l.choose("一覧へ", "To the list").to_owned())]));
        Ok(Sheet { l, title: &title, mistakes, parts }.show(status, service(l)))
    }

    async fn one_revocation(&self, number: &str, l: Language, status: StatusCode, mistakes: &[Mistake]) -> Answer {
        let found = self.authority.revocation_requests().await?.into_iter().find(|row| row.number == number);
        let Some(row) = found else { return Err(registry::Error::from(registry::Refusal::Unknown("この失効申請")).into()) };
        let title = format!("{} {}", l.choose("失効申請", "Revocation"), row.number);
        let shown = facts(vec![
            (l.choose("状態", "State"), request_state(row.state, l).to_owned()),
            (l.choose("申請日時", "Received"), moment(row.asked_at)),
            (l.choose("処理日時", "Decided"), row.decided_at.map(moment).unwrap_or_default()),
            (l.choose("医療機関コード", "Facility"), row.facility_code.clone()),
            (l.choose("端末名称等", "Terminal"), row.terminal_name.clone()),
            (l.choose("シリアル番号", "Serial number"), row.serial.clone()),
            (l.choose("確認の方法", "Proven"), proven(row.by, l).to_owned()),
            (l.choose("メールアドレス", "Mail"), row.mail.clone()),
        ]);
        let mut parts = vec![Part::facts(None, shown)];
        if row.state == RequestState::Asked {
            let said = l.choose(
                "この端末は申請のときから止まっています。お断りすると、また使えるようになります。",
                "The terminal is blocked since the request. A refusal lets it in again.",
            );
            parts.insert(0, Part::said("note", [said]));
            parts.push(deciding(l, format!("{HOME}/revocations/{number}")));
        }
        parts.push(Part::links(vec![(format!("{HOME}/revocations"), l.choose("一覧へ", "To the list").to_owned())]));
        Ok(Sheet { l, title: &title, mistakes, parts }.show(status, service(l)))
    }

    fn notice_form(&self, l: Language, fields: &Fields, status: StatusCode, mistakes: &[Mistake]) -> Response {
        let field = |name| fields.get(name).map(String::as_str).unwrap_or_default();
        let form = Form {
            action: format!("{HOME}/notices"),
            hidden: Vec::new(),
            fields: vec![
                Field::new("facility_code", l.choose("医療機関コード", "Facility code"), Kind::Number, field("facility_code")),
                Field::new("terminal_name", l.choose("端末名称等", "Terminal"), Kind::Words, field("terminal_name")),
            ],
            buttons: vec![Button::new("write", l.choose("発行通知書を作る", "Write the notice"))],
        };
        let title = l.choose("電子証明書発行通知書を作る", "Write a notice");
        Sheet { l, title, mistakes, parts: vec![Part::form(form)] }.show(status, service(l))
    }

    /// The notices, each with its fields and its PDF.
    fn papers(&self, notices: &[Notice], l: Language, now: Timestamp) -> Answer {
        let mut parts = Vec::new();
        if notices.is_empty() {
            parts.push(Part::said("note", [l.choose("まだ取得されていない通知書はありません。", "Every notice has been used.")]));
        }
        for notice in notices {
            let paper = Paper::from(notice);
            let mut shown = paper.fields();
            shown.extend(paper.binding_fields());
            let ticket = self.tickets.seal(Ticket::Paper { paper: Box::new(paper) }, now)?;
            let form = Form {
                action: format!("{HOME}/notices/pdf"),
                hidden: vec![("ticket", ticket)],
                fields: Vec::new(),
                buttons: vec![Button::new("pdf", l.choose("PDFで開く", "Open as PDF"))],
            };
            parts.push(Part { heading: Some(notice.terminal_name.clone()), facts: shown, form: Some(form), ..Part::default() });
        }
        parts.push(Part::said("warning", Paper::advice()));
        parts.push(Part::links(vec![(HOME.to_owned(), l.choose("電子証明書", "Certificates").to_owned())]));
        Ok(Sheet { l, title: "電子証明書発行通知書", mistakes: &[], parts }.show(StatusCode::OK, service(l)))
    }
}
