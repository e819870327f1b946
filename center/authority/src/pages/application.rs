//! 電子証明書発行申請: a facility applies for the certificates of its terminals; an operator decides (CA-06, CA-32).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chassis::random;
use manuals::{certificate, hosts};
use registry::rules::form::Mistake;
use registry::rules::typed as known;

use super::sheet::{Button, Field, Form, Kind, Part, Sheet};
use super::ticket::Ticket;
use super::{Answer, BY_LINE, Desk, Visit, answered, typed, words};
use crate::{Application, rules};

/// The fields that a form carries on, as they were typed.
const FIELDS: [&str; 5] = ["facility_code", "terminals", "contact", "mail", "mail_again"];

fn door() -> &'static str {
    certificate::sheet().path.apply
}

pub(super) async fn blank(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(visit) => answered(visit.form(&desk, StatusCode::OK, &[])),
        Err(refused) => refused,
    }
}

pub(super) async fn step(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(visit) => answered(visit.application(&desk).await),
        Err(refused) => refused,
    }
}

/// What somebody does at this door.
impl Visit {
    async fn application(&self, desk: &Desk) -> Answer {
        match (self.pressed(), desk.ticket(self)) {
            ("check", Some(Ticket::Application)) => self.check(desk),
            ("revise", Some(Ticket::Checked { .. })) => self.form(desk, StatusCode::OK, &[]),
            ("send", Some(Ticket::Checked { form_id })) => self.apply(desk, form_id).await,
            _ => Ok(words::session_over(self.l, door())),
        }
    }

    fn form(&self, desk: &Desk, status: StatusCode, mistakes: &[Mistake]) -> Answer {
        let l = self.l;
        let t = |japanese, english| l.choose(japanese, english);
        let [mail, again] = certificate::sheet().screen.revocation.mail_fields.as_slice() else {
            return Ok(super::refused(manuals::situation::Situation::InternalError));
        };
        let field = |name, label, kind| Field::new(name, label, kind, self.field(name));
        let fields = vec![
            field("facility_code", t("医療機関コード", "Facility code"), Kind::Number).hint(t("数字10桁", "Ten digits")),
            field("terminals", t("端末の名称", "Names of the terminals"), Kind::Area)
                .hint(t("1行に1台ずつ。電子証明書は端末ごとに必要です。", "One line each: every terminal needs a certificate of its own.")),
            field("contact", t("ご担当者のお名前", "Your name"), Kind::Words),
            field("mail", mail, Kind::Mail).hint(t("申請番号と結果を送ります。", "Number and decision are sent there.")),
            field("mail_again", again, Kind::Mail),
        ];
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(Ticket::Application, self.now)?,
            fields,
            buttons: vec![Button::new("check", t("入力を確かめる", "Check"))],
        };
        let intro = format!("くわしくは「{}」を参照してください。", certificate::sheet().handbook);
        let parts = vec![Part::said("", [intro]), Part::form(form)];
        let page = Sheet { l, title: t("電子証明書発行申請", "Application for certificates"), mistakes, parts };
        Ok(page.show(status, hosts::authority().purpose))
    }

    /// What is applied for, or every mistake that shows without asking anybody.
    fn wanted(&self, form_id: String) -> Result<Application, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let (facility_code, _) = known::code(self.field("facility_code"));
        let terminals = typed::terminals(self.field("terminals"));
        let contact = known::words(self.field("contact"));
        if facility_code.len() != 10 || !facility_code.bytes().all(|byte| byte.is_ascii_digit()) {
            mistakes.push(Mistake {
                field: "facility_code",
                japanese: "医療機関コードは数字10桁です。".to_owned(),
                english: "A facility code has ten digits.".to_owned(),
            });
        }
        if terminals.is_empty() {
            mistakes.push(Mistake {
                field: "terminals",
                japanese: "端末の名称を1行に1台ずつ書いてください。".to_owned(),
                english: "Name each terminal on a line of its own.".to_owned(),
            });
        }
        let mail = typed::mail(self.field("mail"), self.field("mail_again")).map_err(|mut wrong| mistakes.append(&mut wrong));
        match mail {
            Ok(mail) if mistakes.is_empty() => Ok(Application { form_id, facility_code, terminals, contact, mail }),
            _ => Err(mistakes),
        }
    }

    fn check(&self, desk: &Desk) -> Answer {
        let form_id = random::text(24, random::READABLE)?;
        let wanted = match self.wanted(form_id.clone()) {
            Ok(wanted) => wanted,
            Err(mistakes) => return self.form(desk, StatusCode::UNPROCESSABLE_ENTITY, &mistakes),
        };
        let mut hidden = desk.hand_out(Ticket::Checked { form_id }, self.now)?;
        hidden.extend(FIELDS.map(|name| (name, self.field(name).to_owned())));
        let t = |japanese, english| self.l.choose(japanese, english);
        let form = Form {
            action: door().to_owned(),
            hidden,
            fields: Vec::new(),
            buttons: vec![
                Button::new("send", t("この内容で申請する", "Send")),
                Button::new("revise", t("入力を直す", "Change it")).second(),
            ],
        };
        let parts = vec![
            Part::said("", [t("申請する内容を確かめてください。", "Please check.")]),
            Part::facts(None, about(&wanted)),
            Part::form(form),
        ];
        Ok(words::show(self.l, StatusCode::OK, t("申請内容の確認", "Please check"), parts))
    }

    async fn apply(&self, desk: &Desk, form_id: String) -> Answer {
        let wanted = match self.wanted(form_id) {
            Ok(wanted) => wanted,
            Err(mistakes) => return self.form(desk, StatusCode::UNPROCESSABLE_ENTITY, &mistakes),
        };
        match desk.authority.apply(&wanted, self.now).await? {
            Ok(number) => {
                let parts = vec![
                    Part::said(
                        "success",
                        ["電子証明書の発行申請を受け付けました。承認されると、端末ごとに電子証明書発行通知書をお届けします。"],
                    ),
                    Part::facts(None, vec![("申請番号".to_owned(), number)]),
                ];
                Ok(words::show(self.l, StatusCode::OK, self.l.choose("申請を受け付けました", "Received"), parts))
            }
            Err(mistakes) => {
                let said = |wrong: rules::Mistake| Mistake { field: wrong.field, english: wrong.problem.clone(), japanese: wrong.problem };
                let mistakes: Vec<Mistake> = mistakes.into_iter().map(said).collect();
                self.form(desk, StatusCode::UNPROCESSABLE_ENTITY, &mistakes)
            }
        }
    }
}

fn about(wanted: &Application) -> Vec<(String, String)> {
    let mut facts = vec![("医療機関コード".to_owned(), wanted.facility_code.clone())];
    facts.extend(wanted.terminals.iter().map(|terminal| ("端末の名称".to_owned(), terminal.clone())));
    facts.push(("ご担当者".to_owned(), wanted.contact.clone()));
    facts.push(("メールアドレス".to_owned(), wanted.mail.clone()));
    facts
}
