//! Takes a signed request in: its form, where it was meant to go, its number against repetition, and whose signature it carries.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header;
use jiff::Timestamp;
use manuals::situation::Situation;

use super::jws::{PublicKey, Signer, Unproven};
use super::nonce::{self, Fresh};
use super::problem::{Kind, Problem};
use super::{Account, Desk, Place, rules};

/// A request whose form, address and number are right; the handler asks for its signer.
pub(crate) struct Signed {
    pub(crate) request: Unproven,
    pub(crate) place: Place,
    pub(crate) now: Timestamp,
    fresh: Fresh,
}

impl FromRequest<Desk> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let now = desk.clock.now();
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("application/jose+json")) {
            let detail = "Content-Type は application/jose+json にしてください。";
            return Err(Problem::new(Kind::Malformed, detail).with_status(415).into_response());
        }
        let place = Place::of(&request);
        let asked = format!("{}/acme{}", place.origin, request.uri().path());
        let body = Bytes::from_request(request, desk).await.map_err(|_| Problem::of(Situation::TooLarge).into_response())?;
        Self::read(desk, &body, place, &asked, now).map_err(IntoResponse::into_response)
    }
}

impl Signed {
    fn read(desk: &Desk, body: &[u8], place: Place, asked: &str, now: Timestamp) -> Result<Self, Problem> {
        let request = Unproven::read(body)?;
        if request.url != asked {
            let detail = format!("JWS の url が要求の宛先と違います。宛先は {asked} です。");
            return Err(Problem::new(Kind::Unauthorized, &detail));
        }
        let number = request.nonce.as_deref().ok_or_else(|| Problem::new(Kind::Malformed, "JWS の protected に nonce がありません。"))?;
        let fresh = desk.nonces.read(number, now)?;
        Ok(Self { request, place, now, fresh })
    }

    /// The key that a request carries itself, when the request is signed with it. Its number is not used up yet: a stranger's request leaves
    /// no trace until it has shown a right to something.
    pub(crate) fn key(&self) -> Result<PublicKey, Problem> {
        let Signer::Key(key) = &self.request.signer else {
            return Err(Problem::new(Kind::Malformed, "この要求は kid ではなく jwk で署名してください。"));
        };
        self.request.verify(key)?;
        Ok(key.clone())
    }

    /// Uses the number up: a repeated request ends here.
    pub(crate) async fn once(&self, desk: &Desk) -> Result<(), Problem> {
        if desk.authority.store.use_nonce(&self.fresh.text, self.fresh.until).await? { Ok(()) } else { Err(nonce::used_up()) }
    }

    /// The account that signed, for one request.
    pub(crate) async fn account(&self, desk: &Desk) -> Result<Account, Problem> {
        let Signer::Known(address) = &self.request.signer else {
            return Err(Problem::new(Kind::Malformed, "この要求は jwk ではなく kid（アカウントの URL）で署名してください。"));
        };
        let unknown = || Problem::new(Kind::AccountDoesNotExist, "このアカウントはありません。登録（newAccount）からやり直してください。");
        let id = self.place.id_in(address, "account").ok_or_else(unknown)?;
        let account = desk.authority.store.acme_account(id).await?.ok_or_else(unknown)?;
        self.request.verify(&account.key()?)?;
        if !account.is_valid {
            let detail = "このアカウントは終わっています。新しい通知書で登録してください。";
            return Err(Problem::new(Kind::Unauthorized, detail).with_status(401));
        }
        self.once(desk).await?;
        Ok(account)
    }
}

impl Account {
    /// The name of its terminal.
    pub(crate) fn name(&self) -> String {
        rules::name_of(&self.facility_code, &self.terminal_name)
    }

    /// Its key, as it was kept.
    pub(crate) fn key(&self) -> Result<PublicKey, Problem> {
        let kept = serde_json::from_str(&self.public_key)
            .map_err(|_| Problem::new(Kind::ServerInternal, "アカウントの鍵が壊れています。センターへ連絡してください。"))?;
        PublicKey::read(&kept)
    }
}
