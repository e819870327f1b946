//! Registers, shows, changes and ends ACME accounts; each is bound to one certificate notice by the notice's own key (RFC 8555 §7.3).

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chassis::random;
use http::{StatusCode, header};
use manuals::situation::Situation;
use serde_json::json;

use super::jws::{PublicKey, Signer, Unproven};
use super::message::{self, Change, KeyChange, NewAccount};
use super::problem::{Kind, Problem};
use super::signed::Signed;
use super::{Account, Desk, Place, rules};
use crate::State as OrderState;
use crate::{BindingFact, Error};

/// `newAccount`: an account for a key that has shown the notice's own key, or the one that the key has.
pub(crate) async fn new(State(desk): State<Desk>, signed: Signed) -> Result<Response, Problem> {
    let key = signed.key()?;
    let wanted: NewAccount = message::read(&signed.request.payload, "newAccount ")?;
    let thumbprint = key.thumbprint();
    if let Some(account) = desk.authority.store.acme_account_of_key(&thumbprint).await? {
        signed.once(&desk).await?;
        if !account.is_valid {
            return Err(
                Problem::new(Kind::Unauthorized, "この鍵のアカウントは終わっています。新しい鍵で登録してください。").with_status(401)
            );
        }
        return Ok(shown(StatusCode::OK, &signed.place, &account));
    }
    if wanted.only_return_existing {
        return Err(Problem::new(Kind::AccountDoesNotExist, "この鍵のアカウントはありません。"));
    }
    rules::contacts(&wanted.contact)?;
    let bound = binding(&desk, &signed, &key, wanted.external_account_binding.as_ref()).await?;
    signed.once(&desk).await?;
    let account = Account {
        id: random::text(20, random::READABLE).map_err(Error::from)?,
        thumbprint,
        public_key: key.canonical().to_owned(),
        request_id: bound.request_id,
        facility_code: bound.facility_code,
        terminal_name: bound.terminal_name,
        contact: wanted.contact,
        is_valid: true,
    };
    match desk.authority.store.add_acme_account(&account, signed.now).await {
        Ok(()) => {
            tracing::info!(account = account.id, notice = account.request_id, "an ACME account was bound to a notice");
            Ok(shown(StatusCode::CREATED, &signed.place, &account))
        }
        // The same client twice at the same moment: it asks again and finds its account.
        Err(error) if error.is_unique_violation() => Err(Problem::of(Situation::Busy).after(1)),
        Err(error) => Err(error.into()),
    }
}

/// The notice whose key signed the account's key (RFC 8555 §7.3.4).
async fn binding(desk: &Desk, signed: &Signed, key: &PublicKey, given: Option<&serde_json::Value>) -> Result<BindingFact, Problem> {
    let given = given.ok_or_else(|| {
        let detail = "通知書の「EAB Key ID」と「EAB HMAC Key」を付けて登録してください（externalAccountBinding）。";
        Problem::new(Kind::ExternalAccountRequired, detail)
    })?;
    let text = serde_json::to_vec(given).unwrap_or_default();
    let inner = Unproven::read(&text)?;
    let Signer::Known(key_id) = &inner.signer else {
        return Err(Problem::new(Kind::Malformed, "externalAccountBinding は kid（EAB Key ID）で署名してください。"));
    };
    if inner.nonce.is_some() || inner.url != signed.place.url("new-account") {
        return Err(Problem::new(
            Kind::Malformed,
            "externalAccountBinding の protected は alg・kid・url（newAccount と同じ）だけにしてください。",
        ));
    }
    let strange =
        || Problem::new(Kind::Unauthorized, "通知書の EAB Key ID または EAB HMAC Keyが違います。通知書をもう一度確かめてください。");
    let bound = desk.authority.binding(key_id).await?.ok_or_else(strange)?;
    inner.verify_mac(&bound.mac_key)?;
    let same = serde_json::from_slice(&inner.payload).ok().and_then(|value| PublicKey::read(&value).ok());
    if same.as_ref() != Some(key) {
        return Err(Problem::new(Kind::Malformed, "externalAccountBinding の payload がアカウントの鍵（jwk）と違います。"));
    }
    let order = desk.authority.prove_by_binding(key_id).await?.ok_or_else(strange)?;
    if order.order().state == OrderState::Issued {
        return Err(Problem::of(Situation::NoticeUsed));
    }
    if signed.now > bound.usable_until {
        return Err(Problem::of(Situation::NoticeExpired));
    }
    Ok(bound)
}

/// An account itself: shown, its contacts changed, or ended.
pub(crate) async fn account(State(desk): State<Desk>, Path(id): Path<String>, signed: Signed) -> Result<Response, Problem> {
    let mut account = signed.account(&desk).await?;
    own(&account, &id)?;
    if signed.request.payload.is_empty() {
        return Ok(shown(StatusCode::OK, &signed.place, &account));
    }
    let change: Change = message::read(&signed.request.payload, "アカウントの変更の ")?;
    match change.status.as_deref() {
        None => {}
        Some("deactivated") => {
            desk.authority.store.deactivate_acme_account(&account.id).await?;
            account.is_valid = false;
            return Ok(shown(StatusCode::OK, &signed.place, &account));
        }
        Some(_) => return Err(Problem::new(Kind::Malformed, "アカウントの status にできるのは deactivated だけです。")),
    }
    if let Some(contact) = change.contact {
        rules::contacts(&contact)?;
        desk.authority.store.set_acme_contact(&account.id, &contact).await?;
        account.contact = contact;
    }
    Ok(shown(StatusCode::OK, &signed.place, &account))
}

/// Refuses what belongs to another account.
pub(crate) fn own(account: &Account, id: &str) -> Result<(), Problem> {
    if account.id == id { Ok(()) } else { Err(Problem::new(Kind::Unauthorized, "ほかのアカウントのものです。")) }
}

/// `keyChange` (RFC 8555 §7.3.5): the old key signs what the new key signed.
pub(crate) async fn change_key(State(desk): State<Desk>, signed: Signed) -> Result<Response, Problem> {
    let account = signed.account(&desk).await?;
    let inner = Unproven::read(&signed.request.payload)?;
    let Signer::Key(new) = &inner.signer else {
        return Err(Problem::new(Kind::Malformed, "keyChange の内側の JWS は新しい鍵（jwk）で署名してください。"));
    };
    inner.verify(new)?;
    if inner.url != signed.request.url || inner.nonce.is_some() {
        return Err(Problem::new(Kind::Malformed, "keyChange の内側の protected は alg・jwk・url（外側と同じ）だけにしてください。"));
    }
    let change: KeyChange = message::read(&inner.payload, "keyChange ")?;
    let old = PublicKey::read(&change.old_key)?;
    if signed.place.id_in(&change.account, "account") != Some(account.id.as_str()) || old != account.key()? {
        return Err(Problem::new(Kind::Malformed, "keyChange の account と oldKey が、いまのアカウントと違います。"));
    }
    let taken = |other: &str| {
        Problem::new(Kind::Malformed, "この新しい鍵には別のアカウントがあります。")
            .with_status(409)
            .at(signed.place.url(&format!("account/{other}")))
    };
    if let Some(other) = desk.authority.store.acme_account_of_key(&new.thumbprint()).await? {
        return Err(taken(&other.id));
    }
    match desk.authority.store.change_acme_key(&account.id, &new.thumbprint(), new.canonical()).await {
        Ok(()) => Ok(shown(StatusCode::OK, &signed.place, &account)),
        Err(error) if error.is_unique_violation() => Err(Problem::of(Situation::Busy).after(1)),
        Err(error) => Err(error.into()),
    }
}

fn shown(status: StatusCode, place: &Place, account: &Account) -> Response {
    let address = place.url(&format!("account/{}", account.id));
    let body = json!({
        "status": if account.is_valid { "valid" } else { "deactivated" },
        "contact": account.contact,
        "orders": format!("{address}/orders"),
    });
    (status, [(header::LOCATION, address)], Json(body)).into_response()
}
