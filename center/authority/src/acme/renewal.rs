//! Says when a certificate had best be renewed (RFC 9773), judges whether an account may order now, and has certificates made and revoked.

use axum::Json;
use axum::extract::{Extension, Path, State as Shared};
use axum::response::{IntoResponse, Response};
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use data_encoding::BASE64URL_NOPAD;
use http::{StatusCode, header};
use jiff::Timestamp;
use manuals::situation::Situation;
use serde_json::json;

use super::jws::Signer;
use super::message::{self, Revocation};
use super::problem::{Kind, Problem};
use super::signed::Signed;
use super::{Account, CertificateId, Desk, Order, rules};
use crate::renewal::renewal_fact;
use crate::{Error, Issued, Profile, Reason};

/// Seconds after which a client asks again when to renew.
const ASK_AGAIN: u32 = 6 * 60 * 60;

/// `renewalInfo`: anybody inside may ask; who shows the certificate of a terminal with it gives a sign of life.
pub(crate) async fn info(
    Shared(desk): Shared<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let now = desk.clock.now();
    let id = CertificateId::read(&id)
        .ok_or_else(|| Problem::new(Kind::Malformed, "証明書の名前（発行者の鍵識別子.シリアル番号）が読めません。"))?;
    let unknown = || Problem::new(Kind::Malformed, "この証明書は、この認証局のものではありません。").with_status(404);
    if id.issuer_key != desk.issuer_key() {
        return Err(unknown());
    }
    let window = desk.authority.renewal_window(&id.serial, now).await?.ok_or_else(unknown)?;
    if let PeerCertificate::Trusted { serial } = &caller.certificate {
        desk.authority.note_keeper(serial, now).await?;
    }
    let (start, end) = (super::when(window.start), super::when(window.end));
    let page = manuals::certificate::page(manuals::certificate::sheet().path.renew);
    let body = json!({ "suggestedWindow": { "start": start, "end": end }, "explanationURL": page });
    Ok(([(header::RETRY_AFTER, ASK_AGAIN)], Json(body)).into_response())
}

/// Whether an account may have a certificate now: the answer is the serial number of the one it replaces, nothing for its first.
pub(crate) async fn may_order(desk: &Desk, account: &Account, replaces: Option<&str>, now: Timestamp) -> Result<Option<String>, Problem> {
    if let Some(text) = replaces {
        desk.is_replaceable(account, text).await?;
    }
    let newest = match desk.authority.holder_by_binding(&account.request_id, now).await? {
        Ok(Some(holder)) => holder,
        Ok(None) => return Ok(None),
        Err(situation) => return Err(Problem::of(situation)),
    };
    let made = desk.authority.store.certificate(&newest.serial).await?.ok_or_else(|| Problem::of(Situation::UnknownTerminal))?;
    match crate::rules::may_renew(&renewal_fact(&made), desk.authority.config(), now) {
        Ok(()) => Ok(Some(made.serial)),
        Err(Situation::RenewalNotOpen) => {
            // Nobody has it: the client was stopped before it fetched what it had ordered, and its key is gone.
            if desk.authority.store.acme_order_of(&made.serial).await?.is_some_and(|order| !order.was_fetched) {
                desk.authority.ask_replacement(std::slice::from_ref(&made.serial), now).await?;
                return Ok(Some(made.serial));
            }
            let window = desk.authority.renewal_window(&made.serial, now).await?;
            let wait = window.map_or(0, |window| window.start.duration_since(now).as_secs());
            let problem = Problem::new(Kind::RateLimited, Situation::RenewalNotOpen.get().vendor);
            Err(problem.after(u64::try_from(wait).unwrap_or_default().max(60)))
        }
        Err(situation) => Err(Problem::of(situation)),
    }
}

/// Has the certificate of an order made: the first one by the notice, each later one in place of the one before.
pub(crate) async fn make(
    desk: &Desk,
    account: &Account,
    order: &Order,
    csr: &[u8],
    now: Timestamp,
) -> Result<Result<Issued, Situation>, Error> {
    let profile = Profile::TerminalAcme { dns: account.name() };
    match &order.replaces {
        None => match desk.authority.prove_by_binding(&account.request_id).await? {
            Some(proof) => desk.authority.issue(&proof, csr, &profile, now).await,
            None => Ok(Err(Situation::NoticeExpired)),
        },
        Some(serial) => match desk.authority.holder(serial, now).await? {
            Ok(holder) => desk.authority.renew_by_csr(&holder, csr, &profile, now).await,
            Err(situation) => Ok(Err(situation)),
        },
    }
}

/// `revokeCert`: by the account of the terminal, or by the certificate's own key (RFC 8555 §7.6). The terminal is out from the next request on.
pub(crate) async fn revoke(Shared(desk): Shared<Desk>, signed: Signed) -> Result<Response, Problem> {
    let by_account = match &signed.request.signer {
        Signer::Known(_) => Some(signed.account(&desk).await?),
        Signer::Key(_) => None,
    };
    let wanted: Revocation = message::read(&signed.request.payload, "revokeCert ")?;
    let der = BASE64URL_NOPAD
        .decode(wanted.certificate.as_bytes())
        .map_err(|_| Problem::new(Kind::Malformed, "certificate が、詰め文字（=）の無い Base64url の DER ではありません。"))?;
    let strange = || Problem::new(Kind::Malformed, "この証明書は、この認証局のものではありません。").with_status(404);
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|_| strange())?;
    let serial = chassis::tls::serial_text(parsed.raw_serial());
    let made = desk.authority.store.certificate(&serial).await?.filter(|made| made.der == der).ok_or_else(strange)?;
    let mine = match &by_account {
        Some(account) => account.facility_code == made.facility_code && account.terminal_name == made.terminal_name,
        None => signed.key()?.is_the_key_in(&parsed.public_key().subject_public_key.data),
    };
    if !mine {
        return Err(Problem::new(Kind::Unauthorized, "この証明書の端末のアカウントか、証明書の鍵で署名してください。"));
    }
    let reason = rules::reason(wanted.reason)?;
    if made.revoked_at.is_some() {
        return Err(Problem::new(Kind::AlreadyRevoked, "この証明書はすでに失効しています。"));
    }
    if by_account.is_none() {
        signed.once(&desk).await?;
    }
    desk.authority.revoke(&serial, Reason::of(reason), signed.now).await?;
    tracing::info!(serial, "a certificate was revoked by its holder");
    Ok(StatusCode::OK.into_response())
}

impl Desk {
    /// Whether the certificate that an order names is the account's and was not replaced before (RFC 9773 §5).
    async fn is_replaceable(&self, account: &Account, text: &str) -> Result<(), Problem> {
        let strange = || Problem::new(Kind::Malformed, "replaces の証明書は、このアカウントの証明書ではありません。");
        let id = CertificateId::read(text).filter(|id| id.issuer_key == self.issuer_key()).ok_or_else(strange)?;
        let made = self.authority.store.certificate(&id.serial).await?.ok_or_else(strange)?;
        if made.facility_code != account.facility_code || made.terminal_name != account.terminal_name {
            return Err(strange());
        }
        if made.superseded_by.is_some() {
            return Err(Problem::new(Kind::AlreadyReplaced, Situation::CertificateSuperseded.get().vendor));
        }
        Ok(())
    }

    /// The key identifier of the CA that signs terminals' certificates.
    pub(crate) fn issuer_key(&self) -> Vec<u8> {
        let certificate = &self.authority.hierarchy.issuing.certificate;
        let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return Vec::new() };
        let found = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        });
        found.unwrap_or_default()
    }
}
