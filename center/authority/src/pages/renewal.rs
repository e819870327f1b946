//! 証明書更新申請: from the terminal that holds the certificate, through the states to the key, and back to it after an interruption (RN-07 to RN-11).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chassis::page::Language;
use chassis::tls::PeerCertificate;
use manuals::certificate::{self, RenewalScreens};
use manuals::{hosts, messages};
use registry::Demand;
use registry::rules::form::Mistake;
use secrecy::SecretString;

use super::sheet::{Button, Field, Form, Kind, Part, Sheet};
use super::ticket::Ticket;
use super::{Answer, Desk, Visit, answered, password_mistakes, pfx_file, refused, words};
use crate::{Holder, Order, State as OrderState};
use chassis::pfx::Strength;

/// The certificate itself is shown at this door.
const BY_CERTIFICATE: Demand = Demand { certificate: true, session: false };
/// More steps than any renewal has: what needs more is left to the chores.
const STEPS: usize = 4;

fn screen() -> &'static RenewalScreens {
    &certificate::sheet().screen.renewal
}

fn door() -> &'static str {
    certificate::sheet().path.renew
}

/// Where an application is sent from.
pub(super) fn apply_path() -> String {
    format!("{}/application", door())
}

/// Where the keys of accepted renewals are fetched.
pub(super) fn keys_path() -> String {
    format!("{}/keys", door())
}

/// A visitor and the certificate it holds.
struct Held {
    visit: Visit,
    holder: Holder,
}

impl Desk {
    async fn held(&self, request: Request) -> Result<Held, Response> {
        let visit = self.visit(request, BY_CERTIFICATE).await?;
        let PeerCertificate::Trusted { serial } = &visit.caller.certificate else {
            return Err(refused(manuals::situation::Situation::NoCertificate));
        };
        match self.authority.holder(serial, visit.now).await {
            Ok(Ok(holder)) => Ok(Held { visit, holder }),
            Ok(Err(situation)) => Err(refused(situation)),
            Err(error) => Err(answered(Err(error))),
        }
    }
}

pub(super) async fn menu(State(desk): State<Desk>, request: Request) -> Response {
    let Held { visit, holder } = match desk.held(request).await {
        Ok(held) => held,
        Err(refused) => return refused,
    };
    let l = visit.l;
    let links = vec![(apply_path(), screen().apply.to_owned()), (keys_path(), screen().collect.to_owned())];
    let mut parts = vec![Part::facts(Some(l.choose("更新対象の証明書", "The certificate")), shown(&holder, l))];
    if holder.superseded {
        let line = "この証明書は更新済みです。更新後の証明書をまだ取得していないときは、「更新後証明書の取得」へ進んでください。";
        parts.push(Part::said("note", [line]));
    }
    parts.push(Part::links(links));
    parts.push(Part::said("", [hygiene()]));
    words::show(l, StatusCode::OK, l.choose("証明書の更新", "Renewal"), parts)
}

/// RN-14, RN-15.
fn hygiene() -> &'static str {
    "更新後の証明書で接続できることを確かめたら、有効期限が古い証明書を端末から削除してください。医療機関コードが変わる更新では、顔認証付きカードリーダーの再設定が必要です。"
}

fn shown(holder: &Holder, l: Language) -> Vec<(String, String)> {
    vec![
        (l.choose("発行者", "Issuer").to_owned(), certificate::sheet().issuer_on_notice.to_owned()),
        (l.choose("医療機関コード", "Facility").to_owned(), holder.facility_code.clone()),
        (l.choose("端末名称等", "Terminal").to_owned(), holder.terminal_name.clone()),
        (l.choose("有効期限", "Valid until").to_owned(), words::day(holder.not_after)),
    ]
}

pub(super) async fn apply(State(desk): State<Desk>, request: Request) -> Response {
    match desk.held(request).await {
        Ok(held) => answered(held.application(&desk)),
        Err(refused) => refused,
    }
}

pub(super) async fn keys(State(desk): State<Desk>, request: Request) -> Response {
    match desk.held(request).await {
        Ok(held) => answered(held.list(&desk).await),
        Err(refused) => refused,
    }
}

pub(super) async fn step(State(desk): State<Desk>, request: Request) -> Response {
    match desk.held(request).await {
        Ok(held) => answered(held.step(&desk).await),
        Err(refused) => refused,
    }
}

/// What the holder of a certificate does at this door.
impl Held {
    fn application(&self, desk: &Desk) -> Answer {
        let l = self.visit.l;
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(Ticket::Renewal { serial: self.holder.serial.clone() }, self.visit.now)?,
            fields: Vec::new(),
            buttons: vec![Button::new("submit", screen().submit)],
        };
        let said = l.choose("次の証明書の更新を申請します。", "This certificate is to be renewed.");
        let parts = vec![Part::said("", [said]), Part::facts(None, shown(&self.holder, l)), Part::form(form)];
        Ok(words::show(l, StatusCode::OK, screen().apply, parts))
    }

    /// 更新後証明書の取得 (RN-11).
    async fn list(&self, desk: &Desk) -> Answer {
        let l = self.visit.l;
        let orders = desk.authority.renewals_of(&self.holder, self.visit.now).await?;
        let mut parts = Vec::new();
        for order in &orders {
            let ticket = Ticket::Key { serial: self.holder.serial.clone(), request_id: order.request_id.clone() };
            let form = Form {
                action: door().to_owned(),
                hidden: desk.hand_out(ticket, self.visit.now)?,
                fields: Vec::new(),
                buttons: vec![Button::new("key", screen().download_key)],
            };
            parts.push(Part { facts: about(order), form: Some(form), ..Part::default() });
        }
        if orders.is_empty() {
            let line = "一覧に情報が表示されていない場合は、更新申請が完了していませんので、証明書更新申請からやり直してください。";
            parts.push(Part::said("note", [line]));
        } else {
            parts.insert(0, Part::said("", ["対象の更新済み証明書の「Download Key」ボタンをクリックして証明書を取得してください。"]));
        }
        parts.push(Part::links(vec![(door().to_owned(), l.choose("最初のページへ", "To the first page").to_owned())]));
        Ok(words::show(l, StatusCode::OK, screen().collect, parts))
    }

    async fn step(&self, desk: &Desk) -> Answer {
        // A ticket belongs to the certificate that it was handed out for.
        let mine = |serial: &String| *serial == self.holder.serial;
        match (self.visit.pressed(), desk.ticket(&self.visit)) {
            ("submit", Some(Ticket::Renewal { serial })) if mine(&serial) => self.submit(desk).await,
            ("state", Some(Ticket::Accepted { serial, request_id, reference_id })) if mine(&serial) => {
                self.accepted(desk, request_id, reference_id).await
            }
            ("key", Some(Ticket::Accepted { serial, request_id, .. } | Ticket::Key { serial, request_id })) if mine(&serial) => {
                self.key(desk, request_id, StatusCode::OK, &[])
            }
            ("password", Some(Ticket::Key { serial, request_id })) if mine(&serial) => self.password(desk, request_id),
            ("download", Some(Ticket::Download { serial, request_id, password })) if mine(&serial) => {
                self.download(desk, request_id, password.into()).await
            }
            _ => Ok(words::session_over(self.visit.l, door())),
        }
    }

    async fn submit(&self, desk: &Desk) -> Answer {
        match desk.authority.begin_renewal(&self.holder, self.visit.now).await? {
            Ok(accepted) => {
                let reference_id = secrecy::ExposeSecret::expose_secret(&accepted.reference_id).to_owned();
                self.accepted(desk, accepted.order.request_id, reference_id).await
            }
            Err(situation) => Ok(refused(situation)),
        }
    }

    /// 送信完了 (RN-08), with the state that the order has reached by now (RN-09).
    async fn accepted(&self, desk: &Desk, request_id: String, reference_id: String) -> Answer {
        let (l, now) = (self.visit.l, self.visit.now);
        let mut state = desk.authority.advance(&request_id, now).await?;
        for _ in 0..STEPS {
            if matches!(state, OrderState::Issued) {
                break;
            }
            let next = desk.authority.advance(&request_id, now).await?;
            if next == state {
                break;
            }
            state = next;
        }
        let (Some(message), labels) = (messages::by_key("renewal-accepted"), certificate::sheet().renewal.acceptance_fields.as_slice())
        else {
            return Ok(refused(manuals::situation::Situation::InternalError));
        };
        let values = [request_id.clone(), reference_id.clone(), state.status().unwrap_or_default().to_owned()];
        let received = labels.iter().map(|label| (*label).to_owned()).zip(values).collect();
        let ticket = Ticket::Accepted { serial: self.holder.serial.clone(), request_id, reference_id };
        let issued = state == OrderState::Issued;
        let button = if issued {
            Button::new("key", screen().key)
        } else {
            Button::new("state", l.choose("証明書ステータスを更新する", "Look again"))
        };
        let form = Form { action: door().to_owned(), hidden: desk.hand_out(ticket, now)?, fields: Vec::new(), buttons: vec![button] };
        let parts = vec![
            Part::said("success", [message.text]),
            Part::facts(Some(screen().received), received),
            Part::facts(Some(screen().details), self.subject(desk)?),
            Part::form(form),
        ];
        Ok(words::show(l, StatusCode::OK, message.heading.unwrap_or_default(), parts))
    }

    /// The subject as the manual prints it (CA-25).
    fn subject(&self, desk: &Desk) -> Result<Vec<(String, String)>, crate::Error> {
        let subject = desk.authority.subject_of(&self.holder.facility_code)?;
        let [first, second] = subject.organizational_units;
        let values =
            [subject.common_name, first.to_owned(), second.to_owned(), subject.organization.to_owned(), subject.country.to_owned()];
        Ok(screen().subject.iter().map(|label| (*label).to_owned()).zip(values).collect())
    }

    /// 鍵の取得 (RN-10).
    fn key(&self, desk: &Desk, request_id: String, status: StatusCode, mistakes: &[Mistake]) -> Answer {
        let l = self.visit.l;
        let label = certificate::sheet().retrieval.fields.get(2).copied().unwrap_or_default();
        let ticket = Ticket::Key { serial: self.holder.serial.clone(), request_id };
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(ticket, self.visit.now)?,
            fields: vec![Field::new("password", label, Kind::Password, "").hint(l.choose("半角数字4桁", "Four half-width digits"))],
            buttons: vec![Button::new("password", screen().submit)],
        };
        let parts = vec![
            Part::said("", ["任意のパスワード半角数字4桁を入力し、「Submit」をクリックします。"]),
            Part::form(form),
            Part::said("warning", certificate::sheet().screen.retrieval.warning.iter().take(1).copied()),
        ];
        let page = Sheet { l, title: screen().key, mistakes, parts };
        Ok(page.show(status, hosts::authority().purpose))
    }

    fn password(&self, desk: &Desk, request_id: String) -> Answer {
        let password = self.visit.field("password");
        let mistakes = password_mistakes(&SecretString::from(password.to_owned()), None);
        if !mistakes.is_empty() {
            return self.key(desk, request_id, StatusCode::UNPROCESSABLE_ENTITY, &mistakes);
        }
        let ticket = Ticket::Download { serial: self.holder.serial.clone(), request_id, password: password.to_owned() };
        let form = Form {
            action: door().to_owned(),
            hidden: desk.hand_out(ticket, self.visit.now)?,
            fields: Vec::new(),
            buttons: vec![Button::new("download", screen().download)],
        };
        let parts = vec![
            Part::said("", ["「Download」をクリックします。"]),
            Part::form(form),
            Part::said("note", ["ダウンロードに失敗したときは、「更新後証明書の取得」から、もう一度取得できます。", hygiene()]),
            Part::links(vec![(keys_path(), screen().collect.to_owned())]),
        ];
        Ok(words::show(self.visit.l, StatusCode::OK, screen().key, parts))
    }

    async fn download(&self, desk: &Desk, request_id: String, password: SecretString) -> Answer {
        match desk.authority.download_key(&self.holder, &request_id, &password, Strength::Modern, self.visit.now).await? {
            Ok(file) => Ok(pfx_file(&request_id, file)),
            Err(situation) => Ok(refused(situation)),
        }
    }
}

/// An order in the list.
fn about(order: &Order) -> Vec<(String, String)> {
    let labels = &certificate::sheet().renewal.acceptance_fields;
    let label = |place: usize| labels.get(place).copied().unwrap_or_default().to_owned();
    vec![
        (label(0), order.request_id.clone()),
        ("端末名称等".to_owned(), order.terminal_name.clone()),
        (label(2), order.state.status().unwrap_or_default().to_owned()),
        ("有効期限".to_owned(), words::day(order.valid_until)),
    ]
}
