//! The operators' pages: applications to approve or refuse, and the mails that told of them.

use askama::Template;
use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chassis::clock::{self, Clock};
use chassis::mail::{Post, text_of};
use chassis::page::{self, Frame, Language};
use jiff::Timestamp;
use serde::Deserialize;

use crate::applications::Application;
use crate::error::{Error, Refusal};
use crate::rules::effects::{Begin, works_from};
use crate::rules::told;
use crate::rules::wish::{Notification, Wish};
use crate::{Registry, door};

/// The most bytes of a form of these pages.
const LARGEST_FORM: usize = 64 * 1024;

#[derive(Clone)]
struct Desk {
    registry: Registry,
    post: Post,
    clock: Clock,
}

/// The pages, to be put behind [`Guard::before`](crate::operator::Guard::before); their style is the host's.
pub fn routes(registry: Registry, post_office: Post, clock: Clock) -> Router {
    Router::new()
        .route("/console", get(async || Redirect::to("/console/applications")))
        .route("/console/applications", get(applications))
        .route("/console/applications/{id}", get(application))
        .route("/console/applications/{id}/approve", post(approve))
        .route("/console/applications/{id}/refuse", post(refuse))
        .route("/console/mails", get(mails))
        .route("/console/mails/{id}", get(mail))
        .with_state(Desk { registry, post: post_office, clock })
        .layer(middleware::from_fn(page::own_forms_only))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

/// A table of an operator's page: its columns, and rows that lead somewhere.
#[derive(Template)]
#[template(path = "console_list.html")]
struct List {
    title: &'static str,
    other: (&'static str, &'static str),
    empty: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
}

#[derive(Template)]
#[template(path = "console_application.html")]
struct One<'a> {
    l: Language,
    title: String,
    id: &'a str,
    mistake: Option<String>,
    state: (&'static str, String),
    reason: Option<String>,
    lines: Vec<(&'static str, String)>,
    waiting: bool,
    usual: String,
}

#[derive(Template)]
#[template(path = "console_mail.html")]
struct Letter {
    l: Language,
    title: String,
    lines: Vec<(&'static str, String)>,
    text: Option<String>,
}

fn show(language: Language, status: StatusCode, title: &str, content: &impl Template) -> Response {
    let service = language.choose("オン資 運用者の画面", "onshi: operators");
    page::show(status, &Frame { language, service, title, form_targets: &[] }, content)
}

fn failed(error: &Error) -> Response {
    let (status, message) = match error {
        Error::Refused(refusal @ Refusal::Unknown(_)) => (StatusCode::NOT_FOUND, refusal.to_string()),
        other => {
            let (status, refusal) = door::failure(other);
            (status, format!("{}（{}）", refusal.message, refusal.incident.unwrap_or_default()))
        }
    };
    (status, message).into_response()
}

fn moment(at: Timestamp) -> String {
    clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What an application is, whichever way it came.
fn kind(application: &Application, language: Language) -> String {
    let of_portal = Notification::ALL.into_iter().find(|notification| notification.key() == application.kind);
    let name = match (of_portal, application.kind.as_str()) {
        (Some(notification), _) => language.choose(notification.label(), notification.english()),
        (None, "facility") => language.choose("医療機関等（運用者による）", "Facility (entered by an operator)"),
        (None, _) => language.choose("回線（運用者による）", "Line (entered by an operator)"),
    };
    name.to_owned()
}

async fn applications(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let found = match desk.registry.applications().await {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    let now = desk.clock.now();
    let row = |application: Application| {
        let cells = vec![
            application.application_id.clone(),
            moment(application.applied_at),
            told::state(&application, l, now).0.to_owned(),
            kind(&application, l),
            application.facility_code.clone(),
            application.subject.clone(),
        ];
        (format!("/console/applications/{}", application.application_id), cells)
    };
    let list = List {
        title: l.choose("利用申請", "Applications"),
        other: ("/console/mails", l.choose("メールを見る", "Mails")),
        empty: l.choose("申請はありません。", "There is no application."),
        columns: l
            .choose(
                ["申請番号", "申請日時", "状態", "届出種別", "医療機関コード", "対象"],
                ["Number", "Received", "State", "Notification", "Facility", "Subject"],
            )
            .into(),
        rows: found.into_iter().map(row).collect(),
    };
    show(l, StatusCode::OK, list.title, &list)
}

async fn application(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    desk.one(&id, Language::asked(&headers), None).await
}

impl Desk {
    async fn one(&self, id: &str, l: Language, mistake: Option<String>) -> Response {
        let (application, wish) = match self.registry.application(id).await {
            Ok(found) => found,
            Err(error) => return failed(&error),
        };
        let now = self.clock.now();
        let title = format!("{} {}", l.choose("利用申請", "Application"), application.application_id);
        let one = One {
            l,
            title: title.clone(),
            id: &application.application_id,
            state: told::state(&application, l, now),
            reason: application.reason.clone(),
            lines: lines(&application, wish.as_ref(), l),
            waiting: application.state == "waiting",
            usual: wish
                .as_ref()
                .map(|wish| told::day_of(works_from(Begin::Usual, wish.service, self.registry.config(), now)))
                .unwrap_or_default(),
            mistake,
        };
        let status = if one.mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        show(l, status, &title, &one)
    }

    /// Back to the list, or to the application with what stood in the way.
    async fn decided(&self, id: &str, l: Language, done: Result<(), Error>) -> Response {
        match done {
            Ok(()) => Redirect::to("/console/applications").into_response(),
            Err(Error::Refused(refusal @ Refusal::Unknown(_))) => failed(&refusal.into()),
            Err(Error::Refused(refusal)) => self.one(id, l, Some(refusal.to_string())).await,
            Err(error) => failed(&error),
        }
    }
}

fn lines(application: &Application, wish: Option<&Wish>, l: Language) -> Vec<(&'static str, String)> {
    let mut lines = vec![(l.choose("申請日時", "Received"), moment(application.applied_at))];
    if let Some(at) = application.decided_at {
        lines.push((l.choose("処理日時", "Decided"), moment(at)));
    }
    if let Some(from) = application.works_from {
        lines.push((l.choose("反映日", "In effect from"), told::day_of(from)));
    }
    match wish {
        Some(wish) => lines.extend(told::content(wish, l)),
        None => {
            lines.push((l.choose("届出種別", "Notification"), kind(application, l)));
            lines.push((l.choose("医療機関コード", "Facility"), application.facility_code.clone()));
            lines.push((l.choose("対象", "Subject"), application.subject.clone()));
        }
    }
    lines
}

#[derive(Deserialize)]
struct Approval {
    /// `usual`, `now` or `day`.
    begin: String,
    #[serde(default)]
    day: String,
}

async fn approve(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Approval>, FormRejection>,
) -> Response {
    let l = Language::asked(&headers);
    let wanted = form.ok().and_then(|Form(form)| Begin::parse(if form.begin == "day" { &form.day } else { &form.begin }));
    let Some(begin) = wanted else {
        let problem = l.choose("反映日を「2026-04-01」の形で書いてください。", "Write the day as 2026-04-01.");
        return desk.one(&id, l, Some(problem.to_owned())).await;
    };
    let done = desk.registry.approve_from(&id, begin, desk.clock.now()).await.map(drop);
    desk.decided(&id, l, done).await
}

#[derive(Deserialize, Default)]
struct Reason {
    #[serde(default)]
    reason: String,
}

async fn refuse(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Reason>, FormRejection>,
) -> Response {
    let reason = form.map(|Form(form)| form).unwrap_or_default().reason;
    let done = desk.registry.refuse(&id, &reason, desk.clock.now()).await;
    desk.decided(&id, Language::asked(&headers), done).await
}

/// How a mail stands, in words.
fn mail_state(state: &str, l: Language) -> String {
    let said = match state {
        "sent" => l.choose("送信済み", "sent"),
        "given-up" => l.choose("届けられません", "given up"),
        _ => l.choose("送信待ち", "waiting"),
    };
    said.to_owned()
}

async fn mails(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let kept = match desk.post.outbox().list().await {
        Ok(kept) => kept,
        Err(error) => return failed(&error.into()),
    };
    let rows = kept.into_iter().map(|mail| {
        let cells = vec![moment(mail.made_at), mail_state(&mail.state, l), mail.to, mail.subject, mail.problem.unwrap_or_default()];
        (format!("/console/mails/{}", mail.mail_id), cells)
    });
    let list = List {
        title: l.choose("メール", "Mails"),
        other: ("/console/applications", l.choose("利用申請を見る", "Applications")),
        empty: l.choose("メールはありません。", "There is no mail."),
        columns: l.choose(["日時", "状態", "宛先", "件名", "問題"], ["Written", "State", "To", "Subject", "Problem"]).into(),
        rows: rows.collect(),
    };
    show(l, StatusCode::OK, list.title, &list)
}

async fn mail(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let found = async {
        let Some(kept) = desk.post.outbox().find(&id).await? else { return Ok(None) };
        Ok::<_, Error>(Some((desk.post.read(&kept.mail_id).await?, kept)))
    };
    match found.await {
        Ok(Some((message, kept))) => {
            let letter = Letter {
                l,
                title: kept.subject.clone(),
                lines: vec![
                    (l.choose("宛先", "To"), kept.to),
                    (l.choose("日時", "Written"), moment(kept.made_at)),
                    (l.choose("状態", "State"), mail_state(&kept.state, l)),
                    (l.choose("試した回数", "Tries"), kept.tries.to_string()),
                    (l.choose("問題", "Problem"), kept.problem.unwrap_or_default()),
                ],
                text: message.as_deref().and_then(text_of),
            };
            show(l, StatusCode::OK, &kept.subject, &letter)
        }
        Ok(None) => failed(&Refusal::Unknown("このメール").into()),
        Err(error) => failed(&error),
    }
}
