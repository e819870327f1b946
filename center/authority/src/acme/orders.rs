//! Takes ACME orders and carries them to their certificate: ready, processing, valid. Whatever stops a copy in between, the next look goes on.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use chassis::random;
use data_encoding::BASE64URL_NOPAD;
use http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use manuals::situation::Situation;
use serde_json::{Value, json};

use super::message::{self, Change, Finalize, NewOrder};
use super::problem::{Kind, Problem};
use super::signed::Signed;
use super::{Account, CertificateId, Desk, Order, Place, State, accounts, renewal, rules, when};
use crate::request;

/// How long an order waits for its certificate request.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How many orders an account's list shows.
const LISTED: i64 = 100;

/// `newOrder`: the order that waits already, or a new one if the account may have a certificate now.
pub(crate) async fn new(Shared(desk): Shared<Desk>, signed: Signed) -> Result<Response, Problem> {
    let account = signed.account(&desk).await?;
    let wanted: NewOrder = message::read(&signed.request.payload, "newOrder ")?;
    let names = rules::order(&wanted, &account.name(), &account.facility_code)?;
    let mut before = desk.authority.store.acme_orders(&account.id, LISTED).await?;
    for order in before.iter_mut().filter(|order| order.state == State::Processing) {
        // A copy was stopped in the middle of it: what it did counts for what may be ordered now.
        *order = carry_on(&desk, &account, order.clone(), signed.now).await?;
    }
    let replaces = renewal::may_order(&desk, &account, wanted.replaces.as_deref(), signed.now).await?;
    let waiting = before
        .into_iter()
        .find(|order| order.state == State::Ready && order.replaces == replaces && order.names == names && order.lapses_at > signed.now);
    let order = match waiting {
        Some(order) => order,
        None => {
            let order = Order {
                id: random::text(20, random::READABLE).map_err(crate::Error::from)?,
                account: account.id.clone(),
                names,
                replaces,
                state: State::Ready,
                lapses_at: signed.now + PATIENCE,
                csr: None,
                serial: None,
                situation: None,
                was_fetched: false,
            };
            desk.authority.store.add_acme_order(&order, signed.now).await?;
            order
        }
    };
    Ok(shown(StatusCode::CREATED, &desk, &signed.place, &order))
}

/// An account's orders, newest first.
pub(crate) async fn of_account(Shared(desk): Shared<Desk>, Path(id): Path<String>, signed: Signed) -> Result<Response, Problem> {
    let account = signed.account(&desk).await?;
    accounts::own(&account, &id)?;
    message::nothing(&signed.request.payload)?;
    let orders = desk.authority.store.acme_orders(&account.id, LISTED).await?;
    let listed: Vec<String> =
        orders.iter().filter(|order| order.state != State::Invalid).map(|order| signed.place.url(&format!("order/{}", order.id))).collect();
    Ok(Json(json!({ "orders": listed })).into_response())
}

/// An order as it stands; one that was left in the middle is carried on.
pub(crate) async fn order(Shared(desk): Shared<Desk>, Path(id): Path<String>, signed: Signed) -> Result<Response, Problem> {
    let (account, order) = mine(&desk, &signed, &id).await?;
    message::nothing(&signed.request.payload)?;
    let order = carry_on(&desk, &account, order, signed.now).await?;
    Ok(shown(StatusCode::OK, &desk, &signed.place, &order))
}

/// The authorization of one name of an order: given by the binding, so it is never pending. It may be handed back, and the order with it.
pub(crate) async fn authorization(Shared(desk): Shared<Desk>, Path(id): Path<String>, signed: Signed) -> Result<Response, Problem> {
    let (id, place) = id.rsplit_once('-').unwrap_or((&id, ""));
    let (_, mut order) = mine(&desk, &signed, id).await?;
    let name = place.parse().ok().and_then(|place: usize| order.names.get(place)).cloned().ok_or_else(unknown)?;
    if !signed.request.payload.is_empty() {
        let change: Change = message::read(&signed.request.payload, "認可の変更の ")?;
        if change.status.as_deref() != Some("deactivated") {
            return Err(Problem::new(Kind::Malformed, "認可の status にできるのは deactivated だけです。"));
        }
        desk.authority.store.give_up_acme_order(&order.id).await?;
        order.state = if order.state == State::Ready { State::Invalid } else { order.state };
    }
    let status = if order.state == State::Invalid { "deactivated" } else { "valid" };
    let identifier = json!({ "type": "dns", "value": name });
    Ok(Json(json!({ "status": status, "identifier": identifier, "expires": when(order.lapses_at), "challenges": [] })).into_response())
}

/// `finalize`: the certificate request comes, and the certificate is made at once.
pub(crate) async fn finalize(Shared(desk): Shared<Desk>, Path(id): Path<String>, signed: Signed) -> Result<Response, Problem> {
    let (account, order) = mine(&desk, &signed, &id).await?;
    let wanted: Finalize = message::read(&signed.request.payload, "finalize ")?;
    let csr = BASE64URL_NOPAD
        .decode(wanted.csr.as_bytes())
        .map_err(|_| Problem::new(Kind::Malformed, "csr が、詰め文字（=）の無い Base64url の DER ではありません。"))?;
    if order.state != State::Ready && order.csr.as_ref() == Some(&csr) {
        // The answer was lost on its way: the same again.
        let order = carry_on(&desk, &account, order, signed.now).await?;
        return Ok(shown(StatusCode::OK, &desk, &signed.place, &order));
    }
    if order.state != State::Ready || order.lapses_at <= signed.now {
        return Err(Problem::new(Kind::OrderNotReady, "この申請は CSR を受け付ける状態（ready）ではありません。"));
    }
    let asked = request::read(&csr).ok_or_else(|| Problem::of(Situation::BadCsr))?;
    rules::request(&asked.names, &order.names, &account.name(), &account.facility_code)?;
    if account.key()?.is_the_key_in(&asked.key) {
        return Err(Problem::new(Kind::BadCsr, "アカウントの鍵で証明書は作れません。証明書のための鍵を別に作ってください。"));
    }
    if !desk.authority.store.take_up_acme_order(&order.id, &csr).await? {
        return Err(Problem::new(Kind::OrderNotReady, "この申請の CSR は、いま別の要求で処理しています。"));
    }
    let taken = Order { state: State::Processing, csr: Some(csr), ..order };
    match carry_on(&desk, &account, taken, signed.now).await? {
        Order { state: State::Ready, situation: Some(key), .. } => Err(Problem::of(situation(&key))),
        order => Ok(shown(StatusCode::OK, &desk, &signed.place, &order)),
    }
}

/// The certificate of an order, with the CA above it.
pub(crate) async fn certificate(Shared(desk): Shared<Desk>, Path(id): Path<String>, signed: Signed) -> Result<Response, Problem> {
    let (_, order) = mine(&desk, &signed, &id).await?;
    message::nothing(&signed.request.payload)?;
    let serial = order.serial.as_deref().ok_or_else(|| Problem::new(Kind::OrderNotReady, "証明書はまだありません。"))?;
    let made = desk.authority.store.certificate(serial).await?.ok_or_else(|| Problem::of(Situation::InternalError))?;
    let text = format!("{}{}", crate::pem_of(&made.der), crate::pem_of(&desk.authority.hierarchy.issuing.certificate));
    desk.authority.store.note_acme_fetched(&order.id, signed.now).await?;
    Ok(([(header::CONTENT_TYPE, "application/pem-certificate-chain")], text).into_response())
}

async fn mine(desk: &Desk, signed: &Signed, id: &str) -> Result<(Account, Order), Problem> {
    let account = signed.account(desk).await?;
    let mut order = desk.authority.store.acme_order(id).await?.ok_or_else(unknown)?;
    accounts::own(&account, &order.account)?;
    if order.state == State::Ready && order.lapses_at <= signed.now {
        order.state = State::Invalid;
    }
    Ok((account, order))
}

fn unknown() -> Problem {
    Problem::new(Kind::Malformed, "この申請はありません。").with_status(404)
}

/// Carries an order on that has its certificate request: the engine behind gives the same certificate however often it is asked over one key.
async fn carry_on(desk: &Desk, account: &Account, order: Order, now: Timestamp) -> Result<Order, Problem> {
    let (State::Processing, Some(csr)) = (order.state, order.csr.as_deref()) else { return Ok(order) };
    let made = renewal::make(desk, account, &order, csr, now).await?;
    let settled = match made {
        Ok(issued) => Order { state: State::Valid, serial: Some(issued.serial), situation: None, ..order.clone() },
        Err(refused) => {
            // Another request may be sent where only this one was at fault.
            let request = matches!(refused, Situation::BadCsr | Situation::WeakKey | Situation::KeyAlreadyUsed);
            let state = if request { State::Ready } else { State::Invalid };
            Order { state, situation: Some(refused.key().to_owned()), ..order.clone() }
        }
    };
    desk.authority.store.settle_acme_order(&order.id, settled.state, settled.serial.as_deref(), settled.situation.as_deref()).await?;
    Ok(settled)
}

fn situation(key: &str) -> Situation {
    Situation::by_key(key).unwrap_or(Situation::InternalError)
}

fn shown(status: StatusCode, desk: &Desk, place: &Place, order: &Order) -> Response {
    let address = place.url(&format!("order/{}", order.id));
    let mut body = json!({
        "status": order.state.text(),
        "expires": when(order.lapses_at),
        "identifiers": order.names.iter().map(|name| json!({ "type": "dns", "value": name })).collect::<Vec<_>>(),
        "authorizations": (0..order.names.len()).map(|at| place.url(&format!("authorization/{}-{at}", order.id))).collect::<Vec<_>>(),
        "finalize": format!("{address}/finalize"),
    });
    if let Some(members) = body.as_object_mut() {
        // RFC 9773 §5: what was accepted is shown again.
        let replaced = order.replaces.clone().and_then(|serial| CertificateId { issuer_key: desk.issuer_key(), serial }.written());
        members.extend(replaced.map(|name| ("replaces".to_owned(), Value::String(name))));
        if order.state == State::Valid {
            members.insert("certificate".to_owned(), Value::String(place.url(&format!("certificate/{}", order.id))));
        }
        if let (State::Invalid, Some(key)) = (order.state, &order.situation) {
            members.insert("error".to_owned(), Problem::of(situation(key)).document());
        }
    }
    (status, [(header::LOCATION, address)], Json(body)).into_response()
}
