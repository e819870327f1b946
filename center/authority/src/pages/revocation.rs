//! 証明書失効申請: which certificate, where its completion is told, a last look, and from then on the terminal is refused (RN-12, RN-13, CA-23).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chassis::tls::PeerCertificate;
use manuals::certificate::{self, RevocationScreens};
use manuals::hosts;
use manuals::situation::Situation;
use registry::rules::form::Mistake;

use super::sheet::{Button, Field, Form, Kind, Part, Sheet};
use super::ticket::{Ticket, Which};
use super::{Answer, BY_LINE, Desk, Visit, answered, beside, refused, typed, words};
use crate::RevocationBy;

fn screen() -> &'static RevocationScreens {
    &certificate::sheet().screen.revocation
}

fn door() -> &'static str {
    certificate::sheet().path.revoke
}

pub(super) async fn blank(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(visit) => answered(visit.ids(&desk, StatusCode::OK, &[])),
        Err(refused) => refused,
    }
}

pub(super) async fn step(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(visit) => answered(visit.revocation(&desk).await),
        Err(refused) => refused,
    }
}

/// What somebody does at this door.
impl Visit {
    /// The serial number of the certificate that is shown, whatever it is worth elsewhere.
    fn shows(&self) -> Option<&str> {
        match &self.caller.certificate {
            PeerCertificate::Trusted { serial } => Some(serial),
            _ => None,
        }
    }

    async fn revocation(&self, desk: &Desk) -> Answer {
        match (self.pressed(), desk.ticket(self)) {
            ("next", Some(Ticket::Revocation)) => self.named(desk).await,
            ("shown", Some(Ticket::Revocation)) => match self.shows() {
                Some(serial) => self.mail(desk, Which::Shown { serial: serial.to_owned() }, StatusCode::OK, &[]),
                None => Ok(refused(Situation::NoCertificate)),
            },
            ("apply", Some(Ticket::Revoking { which })) => self.looked_at(desk, which).await,
            ("revise", Some(Ticket::Confirming { which, .. })) => self.mail(desk, which, StatusCode::OK, &[]),
            ("send", Some(Ticket::Confirming { which, mail })) => self.send(desk, which, &mail).await,
            _ => Ok(words::session_over(self.l, door())),
        }
    }

    /// The first screen: the ids, or the certificate that this terminal shows.
    fn ids(&self, desk: &Desk, status: StatusCode, mistakes: &[Mistake]) -> Answer {
        let l = self.l;
        let [request, reference, ..] = certificate::sheet().retrieval.fields.as_slice() else {
            return Ok(refused(Situation::InternalError));
        };
        let fields = vec![
            Field::new("request_id", request, Kind::Number, self.field("request_id")),
            Field::new("reference_id", reference, Kind::Code, self.field("reference_id")),
        ];
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(Ticket::Revocation, self.now)?,
            fields,
            buttons: vec![Button::new("next", screen().next)],
        };
        let mut parts = vec![
            Part::said("", ["電子証明書発行通知書に記載のリクエストIDとリファレンスIDを入力し、「次へ」をクリックします。"]),
            Part::form(form),
        ];
        if self.shows().is_some() {
            let form = Form {
                action: door().to_owned(),
                hidden: desk.hand_out(Ticket::Revocation, self.now)?,
                fields: Vec::new(),
                buttons: vec![Button::new("shown", l.choose("この端末の証明書を失効する", "Revoke this terminal's")).second()],
            };
            parts.push(Part {
                heading: Some(l.choose("通知書が手元にないとき", "Without the notice").to_owned()),
                lines: vec!["この端末は、失効する証明書を示しています。その証明書なら、通知書がなくても申請できます。".to_owned()],
                form: Some(form),
                ..Part::default()
            });
        }
        parts.push(Part::said("warning", ["申請した証明書は、その場で使えなくなります。承認されると、元に戻すことはできません。"]));
        let page = Sheet { l, title: screen().entry, mistakes, parts };
        Ok(page.show(status, hosts::authority().purpose))
    }

    async fn named(&self, desk: &Desk) -> Answer {
        let (request_id, reference_id) = match typed::ids(self.field("request_id"), self.field("reference_id")) {
            Ok(ids) => ids,
            Err(mistakes) => return self.ids(desk, StatusCode::UNPROCESSABLE_ENTITY, &mistakes),
        };
        match desk.authority.prove(&request_id, &reference_id.clone().into(), Some(self.caller.address), self.now).await? {
            Ok(_) => self.mail(desk, Which::Ids { request_id, reference_id }, StatusCode::OK, &[]),
            Err(situation) => {
                let (status, mistakes) = beside("request_id", situation);
                self.ids(desk, status, &mistakes)
            }
        }
    }

    /// The second: where to write.
    fn mail(&self, desk: &Desk, which: Which, status: StatusCode, mistakes: &[Mistake]) -> Answer {
        let [mail, again] = screen().mail_fields.as_slice() else { return Ok(refused(Situation::InternalError)) };
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(Ticket::Revoking { which }, self.now)?,
            fields: vec![
                Field::new("mail", mail, Kind::Mail, self.field("mail")),
                Field::new("mail_again", again, Kind::Mail, self.field("mail_again")),
            ],
            buttons: vec![Button::new("apply", screen().apply)],
        };
        let said = ["失効申請者のメールアドレスとメールアドレス(確認用)を入力し、「申請」をクリックします。", screen().promise];
        let parts = vec![Part::said("", said), Part::form(form)];
        let page = Sheet { l: self.l, title: screen().entry, mistakes, parts };
        Ok(page.show(status, hosts::authority().purpose))
    }

    /// The third: a last look.
    async fn looked_at(&self, desk: &Desk, which: Which) -> Answer {
        let mail = match typed::mail(self.field("mail"), self.field("mail_again")) {
            Ok(mail) => mail,
            Err(mistakes) => return self.mail(desk, which, StatusCode::UNPROCESSABLE_ENTITY, &mistakes),
        };
        let mut facts = match self.about(desk, &which).await? {
            Ok(facts) => facts,
            Err(situation) => return Ok(refused(situation)),
        };
        facts.push(("メールアドレス".to_owned(), mail.clone()));
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(Ticket::Confirming { which, mail }, self.now)?,
            fields: Vec::new(),
            buttons: vec![
                Button::new("send", screen().apply),
                Button::new("revise", self.l.choose("メールアドレスを直す", "Another address")).second(),
            ],
        };
        let parts = vec![Part::said("", ["内容を確認し、「申請」をクリックします。"]), Part::facts(None, facts), Part::form(form)];
        Ok(words::show(self.l, StatusCode::OK, screen().confirmation, parts))
    }

    /// What is to be revoked.
    async fn about(&self, desk: &Desk, which: &Which) -> Result<Result<Vec<(String, String)>, Situation>, crate::Error> {
        let fact = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        match which {
            Which::Ids { request_id, reference_id } => {
                Ok(desk.authority.prove(request_id, &reference_id.clone().into(), Some(self.caller.address), self.now).await?.map(
                    |proof| {
                        let order = proof.order();
                        vec![
                            fact("リクエストID", request_id),
                            fact("医療機関コード", &order.facility_code),
                            fact("端末名称等", &order.terminal_name),
                        ]
                    },
                ))
            }
            Which::Shown { serial } => Ok(desk.authority.holder(serial, self.now).await?.map(|holder| {
                vec![
                    fact("医療機関コード", &holder.facility_code),
                    fact("端末名称等", &holder.terminal_name),
                    fact("有効期限", &words::day(holder.not_after)),
                ]
            })),
        }
    }

    async fn send(&self, desk: &Desk, which: Which, mail: &str) -> Answer {
        let by = match which {
            Which::Ids { request_id, reference_id } => {
                desk.authority.prove(&request_id, &reference_id.into(), Some(self.caller.address), self.now).await?.map(RevocationBy::Ids)
            }
            // Whoever sends the last form must still show what it is about.
            Which::Shown { serial } if self.shows() == Some(serial.as_str()) => {
                desk.authority.holder(&serial, self.now).await?.map(RevocationBy::Possession)
            }
            Which::Shown { .. } => Err(Situation::NoCertificate),
        };
        let by = match by {
            Ok(by) => by,
            Err(situation) => return Ok(refused(situation)),
        };
        match desk.authority.ask_revocation(by, mail, self.now).await? {
            Ok(number) => {
                let parts = vec![
                    Part::said("success", ["失効申請を受け付けました。この証明書は、今から使えません。", screen().promise]),
                    Part::facts(None, vec![("受付番号".to_owned(), number)]),
                ];
                Ok(words::show(self.l, StatusCode::OK, "証明書失効申請の受付", parts))
            }
            Err(situation) => Ok(refused(situation)),
        }
    }
}
