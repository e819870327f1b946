//! The operators' pages of the authority: what ends when, the renewals ahead, silent keepers, and what waits for a decision; each as CSV too.

mod decide;
mod figure;
mod table;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chassis::clock::{self, Clock};
use chassis::page::{self, Frame, Language};
use jiff::Timestamp;
use registry::door;

use crate::pages::Tickets;
use crate::pages::words::day;
use crate::{Authority, Error, IssuedFact, Summary};
use figure::Figure;

/// The most bytes of a form of these pages.
const LARGEST_FORM: usize = 64 * 1024;
/// Where the pages stand.
const HOME: &str = "/console/certificates";
/// Steps of the histogram that stand out: they end within 90 days.
const URGENT: usize = 3;

#[derive(Clone)]
struct Desk {
    authority: Authority,
    clock: Clock,
    tickets: Arc<Tickets>,
}

/// The pages, to be put behind the operators' guard; their style is the host's.
pub fn routes(authority: Authority, clock: Clock, tickets: Arc<Tickets>) -> Router {
    let under = |path: &str| format!("{HOME}{path}");
    Router::new()
        .route(HOME, get(overview))
        .route(&under("/list.csv"), get(list_csv))
        .route(&under("/days.csv"), get(days_csv))
        .route(&under("/renewals.csv"), get(renewals_csv))
        .route(&under("/silent.csv"), get(silent_csv))
        .route(&under("/notices"), get(decide::blank).post(decide::write))
        .route(&under("/notices/pdf"), post(decide::pdf))
        .route(&under("/applications"), get(decide::applications))
        .route(&under("/applications/{number}"), get(decide::application).post(decide::decide_application))
        .route(&under("/revocations"), get(decide::revocations))
        .route(&under("/revocations/{number}"), get(decide::revocation).post(decide::decide_revocation))
        .with_state(Desk { authority, clock, tickets })
        .layer(middleware::from_fn(page::own_forms_only))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

type Answer = Result<Response, Error>;

fn show(l: Language, status: StatusCode, title: &str, content: &impl Template) -> Response {
    page::show(status, &Frame { language: l, service: service(l), title, form_targets: &[] }, content)
}

fn service(l: Language) -> &'static str {
    l.choose("オン資 運用者の画面", "onshi: operators")
}

/// What an operator gets when something cannot be done: its sentence, or an incident number.
fn answered(answer: Answer) -> Response {
    let error = match answer {
        Ok(response) => return response,
        Err(error) => error,
    };
    if let Error::Registry(registry::Error::Refused(refusal)) = &error {
        let status = match refusal {
            registry::Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        };
        return (status, refusal.to_string()).into_response();
    }
    let (status, refusal) = door::failure(&error);
    (status, format!("{}（{}）", refusal.message, refusal.incident.unwrap_or_default())).into_response()
}

fn moment(at: Timestamp) -> String {
    clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string()
}

#[derive(Template)]
#[template(path = "console_overview.html")]
struct Overview {
    title: &'static str,
    links: Vec<(String, &'static str)>,
    counts: Vec<(&'static str, usize)>,
    figures: Vec<Figure>,
    silent_title: &'static str,
    nobody: &'static str,
    columns: Vec<&'static str>,
    silent: Vec<Vec<String>>,
}

async fn overview(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let l = Language::asked(&headers);
    let summary = desk.authority.summary(desk.clock.now()).await;
    answered(summary.map(|summary| {
        let page = Overview {
            title: l.choose("電子証明書", "Certificates"),
            links: links(l),
            counts: counts(&summary, l),
            figures: figures(&summary, l),
            silent_title: l.choose("しばらく応答のない端末", "Terminals whose keeper is silent"),
            nobody: l.choose("ありません。", "There is none."),
            columns: silent_columns(l).into(),
            silent: silent(&summary),
        };
        show(l, StatusCode::OK, page.title, &page)
    }))
}

fn links(l: Language) -> Vec<(String, &'static str)> {
    vec![
        (format!("{HOME}/applications"), l.choose("発行申請", "Applications")),
        (format!("{HOME}/revocations"), l.choose("失効申請", "Revocations")),
        (format!("{HOME}/notices"), l.choose("発行通知書を作る", "Write a notice")),
        (format!("{HOME}/list.csv"), l.choose("証明書の一覧（CSV）", "All certificates (CSV)")),
        (format!("{HOME}/silent.csv"), l.choose("応答のない端末（CSV）", "Silent keepers (CSV)")),
        ("/console/applications".to_owned(), l.choose("利用申請", "Registry")),
    ]
}

fn counts(summary: &Summary, l: Language) -> Vec<(&'static str, usize)> {
    vec![
        (l.choose("有効", "Valid"), summary.valid),
        (l.choose("一時停止中", "Provisionally blocked"), summary.held),
        (l.choose("更新済み（古いほう）", "Replaced"), summary.superseded),
        (l.choose("失効", "Revoked"), summary.revoked),
        (l.choose("期限切れ", "Ended without renewal"), summary.expired),
        (l.choose("承認待ちの発行申請", "Applications that wait"), summary.applications),
        (l.choose("承認待ちの失効申請", "Revocations that wait"), summary.revocations),
    ]
}

fn by_days(summary: &Summary) -> Vec<(String, usize)> {
    summary.by_days_left.iter().map(|step| (step.from.to_string(), step.count)).collect()
}

fn by_weeks(summary: &Summary) -> Vec<(String, usize)> {
    summary.renewals_by_week.iter().enumerate().map(|(week, count)| (week.to_string(), *count)).collect()
}

fn figures(summary: &Summary, l: Language) -> Vec<Figure> {
    let days = (
        l.choose("残りの日数", "Days left"),
        l.choose(
            "30日ごとの有効な証明書の枚数。赤は90日以内に期限が来ます。",
            "Valid certificates in steps of 30 days; red ends within 90.",
        ),
        "/console/certificates/days.csv",
    );
    let weeks = (
        l.choose("これからの更新", "Renewals ahead"),
        l.choose("今週から先の、週ごとの更新の見込み。", "Renewals expected in each week from this one on."),
        "/console/certificates/renewals.csv",
    );
    vec![figure::columns(days, &by_days(summary), URGENT), figure::columns(weeks, &by_weeks(summary), 0)]
}

fn silent_columns(l: Language) -> [&'static str; 5] {
    l.choose(
        ["医療機関コード", "端末名称等", "シリアル番号", "最後の応答", "有効期限"],
        ["Facility", "Terminal", "Serial number", "Last heard", "Valid until"],
    )
}

fn silent(summary: &Summary) -> Vec<Vec<String>> {
    let row = |silent: &crate::summary::Silent| {
        vec![
            silent.facility_code.clone(),
            silent.terminal_name.clone(),
            silent.serial.clone(),
            moment(silent.seen_at),
            day(silent.not_after),
        ]
    };
    summary.silent.iter().map(row).collect()
}

async fn days_csv(State(desk): State<Desk>) -> Response {
    answered(desk.counted("days.csv", ["残り日数", "枚数"], by_days).await)
}

async fn renewals_csv(State(desk): State<Desk>) -> Response {
    answered(desk.counted("renewals.csv", ["週", "枚数"], by_weeks).await)
}

async fn silent_csv(State(desk): State<Desk>) -> Response {
    let summary = desk.authority.summary(desk.clock.now()).await;
    answered(summary.and_then(|summary| table::file("silent.csv", &silent_columns(Language::Japanese), silent(&summary))))
}

impl Desk {
    async fn counted(&self, name: &str, columns: [&str; 2], counts: fn(&Summary) -> Vec<(String, usize)>) -> Answer {
        let summary = self.authority.summary(self.clock.now()).await?;
        table::file(name, &columns, counts(&summary).into_iter().map(|(label, count)| vec![label, count.to_string()]))
    }
}

async fn list_csv(State(desk): State<Desk>) -> Response {
    let columns = [
        "シリアル番号",
        "リクエストID",
        "医療機関コード",
        "端末名称等",
        "鍵",
        "発行日時",
        "有効期限",
        "状態",
        "失効日時",
        "更新後のシリアル番号",
        "最後の応答",
    ];
    let now = desk.clock.now();
    let certificates = desk.authority.certificate_outlines().await;
    answered(certificates.and_then(|rows| table::file("certificates.csv", &columns, rows.into_iter().map(|row| listed(row, now)))))
}

fn listed(row: IssuedFact, now: Timestamp) -> Vec<String> {
    let state = match &row {
        IssuedFact { revoked_at: Some(_), .. } => "失効",
        IssuedFact { held_at: Some(_), .. } => "一時停止中",
        IssuedFact { superseded_by: Some(_), .. } => "更新済み",
        IssuedFact { not_after, .. } if *not_after < now => "期限切れ",
        _ => "有効",
    };
    vec![
        row.serial,
        row.request_id,
        row.facility_code,
        row.terminal_name,
        row.key_kind,
        moment(row.issued_at),
        moment(row.not_after),
        state.to_owned(),
        row.revoked_at.map(moment).unwrap_or_default(),
        row.superseded_by.unwrap_or_default(),
        row.keeper_seen_at.map(moment).unwrap_or_default(),
    ]
}
