//! The door for EST clients (RFC 7030): the CA's certificates, a first certificate by the notice's two numbers, and the next one by the last.

mod codec;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chassis::clock::Clock;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use manuals::situation::Situation;
use registry::{Registry, door};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::request::{self, Asked};
use crate::{Authority, Error, Issued, Profile, Proof, acme, line};

/// Largest request in bytes: the largest certificate request in Base64, with its line breaks.
const MAX_BODY: usize = 16 * 1024;

#[derive(Clone)]
struct Desk {
    authority: Authority,
    registry: Registry,
    clock: Clock,
}

/// The routes of EST on the authority's host.
pub fn routes(authority: Authority, registry: Registry, clock: Clock) -> Router {
    let desk = Desk { authority, registry, clock };
    let inside = Router::new()
        .route("/cacerts", get(authority_certificates))
        // Nothing beyond what the standard asks of a request anyway (RFC 7030 §4.5.2).
        .route("/csrattrs", get(async || StatusCode::NO_CONTENT))
        .route("/simpleenroll", post(enrol))
        .route("/simplereenroll", post(renew))
        .route("/serverkeygen", post(with_key))
        .fallback(async || Refused::from(Situation::NotFound))
        .method_not_allowed_fallback(async || Refused::from(Situation::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(desk.clone(), admitted))
        .with_state(desk);
    Router::new().nest(manuals::certificate::sheet().standard.est, inside)
}

async fn admitted(State(desk): State<Desk>, Extension(caller): Extension<Caller>, request: Request, next: Next) -> Response {
    match line::admits(&desk.registry, &caller, desk.clock.now()).await {
        Ok(Ok(())) => next.run(request).await,
        Ok(Err(situation)) => Refused::from(situation).into_response(),
        Err(error) => Refused::from(error).into_response(),
    }
}

/// A refusal in plain words, which clients show (RFC 7030 §4.2.3).
struct Refused {
    status: StatusCode,
    text: String,
    incident: Option<(HeaderName, HeaderValue)>,
    /// Asks for the two numbers.
    challenge: bool,
}

impl Refused {
    fn plain(situation: Situation, why: &str) -> Self {
        Self { text: why.to_owned(), ..Self::from(situation) }
    }

    fn wants_numbers(self) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, challenge: true, ..self }
    }
}

impl From<(StatusCode, wire::enrolment::Refusal)> for Refused {
    fn from((status, refusal): (StatusCode, wire::enrolment::Refusal)) -> Self {
        let text = format!("{}\n{}（{}）\n", refusal.message, refusal.vendor_message, refusal.code);
        Self { status, text, incident: door::incident_header(&refusal), challenge: false }
    }
}

impl From<Situation> for Refused {
    fn from(situation: Situation) -> Self {
        door::refusal(situation).into()
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        door::failure(&error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.text).into_response();
        let headers = response.headers_mut();
        headers.extend(self.incident);
        if self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"EST\", charset=\"UTF-8\""));
        }
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

async fn authority_certificates(State(desk): State<Desk>) -> Response {
    let chain = desk.authority.ca_chain();
    let certificates: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
    certificates_answer("application/pkcs7-mime", &codec::certificates_only(&certificates))
}

fn certificates_answer(kind: &'static str, pkcs7: &[u8]) -> Response {
    let encoding = HeaderName::from_static("content-transfer-encoding");
    ([(header::CONTENT_TYPE, kind), (encoding, "base64")], codec::base64(pkcs7)).into_response()
}

/// `simpleenroll`: the first certificate, over the caller's key.
async fn enrol(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let proof = desk.prove(&headers, &caller).await?;
    let (der, asked) = read(&headers, body)?;
    let order = proof.order();
    let profile = profile(&asked, &order.facility_code, &order.terminal_name)?;
    let issued = desk.authority.issue(&proof, &der, &profile, desk.clock.now()).await??;
    Ok(issued_answer(&issued))
}

/// `simplereenroll`: the next certificate, for whoever holds the last one.
async fn renew(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let now = desk.clock.now();
    let serial = match &caller.certificate {
        PeerCertificate::Trusted { serial } => serial,
        PeerCertificate::Absent => return Err(Situation::NoCertificate.into()),
        PeerCertificate::OutOfTime { .. } => return Err(Situation::ExpiredCertificate.into()),
        PeerCertificate::Foreign => return Err(Situation::ForeignCertificate.into()),
    };
    let holder = desk.authority.holder(serial, now).await??;
    let (der, asked) = read(&headers, body)?;
    // RFC 7030 §4.2.2: the names stay those of the certificate that is replaced.
    if asked.names.common.iter().any(|name| *name != holder.facility_code) {
        return Err(strange_name(&holder.facility_code));
    }
    let profile = profile(&asked, &holder.facility_code, &holder.terminal_name)?;
    let issued = desk.authority.renew_by_csr(&holder, &der, &profile, now).await??;
    Ok(issued_answer(&issued))
}

/// `serverkeygen`: the first certificate, over a key that is made here and handed out with it. The request's own key is not looked at.
async fn with_key(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let proof = desk.prove(&headers, &caller).await?;
    let (_, asked) = read(&headers, body)?;
    let order = proof.order();
    profile(&asked, &order.facility_code, &order.terminal_name)?;
    let (key, issued) = desk.authority.serverkey(&proof, desk.clock.now()).await??;
    let (text, boundary) = codec::key_and_certificate(&key, &codec::certificates_only(&[issued.der.as_slice()]));
    let kind = format!("multipart/mixed; boundary={boundary}");
    Ok(([(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, "no-store")], text.to_string()).into_response())
}

impl Desk {
    /// The right to a notice by its two numbers, sent as name and password (RFC 7030 §3.2.3).
    async fn prove(&self, headers: &HeaderMap, caller: &Caller) -> Result<Proof, Refused> {
        let missing = || {
            Refused::plain(
                Situation::NoticeUnknown,
                "通知書のリクエストIDとリファレンスIDを、Basic 認証の名前とパスワードとして送ってください。\n",
            )
        };
        let (request_id, reference_id) = numbers(headers).ok_or_else(|| missing().wants_numbers())?;
        match self.authority.prove(&request_id, &reference_id, Some(caller.address), self.clock.now()).await? {
            Err(Situation::NoticeUnknown) => Err(Refused::from(Situation::NoticeUnknown).wants_numbers()),
            proven => Ok(proven?),
        }
    }
}

fn numbers(headers: &HeaderMap) -> Option<(String, SecretString)> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, code) = given.split_once(' ').filter(|_| given.len() <= 1024)?;
    let plain = Zeroizing::new(BASE64.decode(code.trim().as_bytes()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?);
    let (name, password) = std::str::from_utf8(&plain).ok()?.split_once(':')?;
    Some((name.to_owned(), password.into()))
}

/// The certificate request of a body.
fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<(Vec<u8>, Asked), Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("application/pkcs10")) {
        let refused = Refused::plain(Situation::BadCsr, "Content-Type は application/pkcs10 にしてください。\n");
        return Err(Refused { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..refused });
    }
    let bytes = body.map_err(|_| Refused::from(Situation::TooLarge))?;
    let der = codec::body(&bytes).map_err(|error| Refused::plain(Situation::BadCsr, &format!("{error}\n")))?;
    let asked = request::read(&der).ok_or_else(|| Refused::from(Situation::BadCsr))?;
    Ok((der, asked))
}

/// The profile for what a request names: a terminal's pseudo-name or nothing beside its facility's code.
fn profile(asked: &Asked, facility_code: &str, terminal_name: &str) -> Result<Profile, Refused> {
    let dns = acme::name_of(facility_code, terminal_name);
    let names = &asked.names;
    if asked.is_of_another(facility_code) || names.other > 0 || names.dns.iter().any(|name| !name.eq_ignore_ascii_case(&dns)) {
        return Err(strange_name(facility_code));
    }
    Ok(if names.dns.is_empty() { Profile::Terminal } else { Profile::TerminalAcme { dns } })
}

fn strange_name(facility_code: &str) -> Refused {
    let why = format!(
        "証明書署名要求（CSR）に、この端末のものではない名前があります。CN は空か、医療機関コード {facility_code} にしてください。\n"
    );
    Refused::plain(Situation::BadCsr, &why)
}

fn issued_answer(issued: &Issued) -> Response {
    certificates_answer("application/pkcs7-mime; smime-type=certs-only", &codec::certificates_only(&[issued.der.as_slice()]))
}
