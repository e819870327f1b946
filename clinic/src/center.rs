//! Speaks with the center over HTTPS: logs in once, keeps the token, asks questions, and names every way in which that can fail.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use chassis::clock::from_http_date;
use chassis::http::{ClientConfig, ClientError, Proxy, Surroundings};
use jiff::Timestamp;
use manuals::hosts::{self, Host};
use manuals::situation::Situation;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use wire::check::{CheckRequest, CheckResult};
use wire::code::Segment;
use wire::enrolment::Refusal;
use wire::login::{LoginReply, LoginRequest};

use crate::config::{CenterConfig, Config, span};
use crate::roots::{self, RootsError};

/// Why the center cannot even be asked from this machine.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Certificate, key or password are not there yet: the machine is not enrolled.
    #[error("{} （{path} がありません。コード {}）", Situation::BridgeNotEnrolled.get().desk, Situation::BridgeNotEnrolled.get().code)]
    NotEnrolled {
        /// The file that is missing.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("{path} を読めません（{source}）。アクセス権を確かめてください。")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The roots are not the ones this machine was told to trust.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// Certificate, key or roots cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A refusal in the center's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CenterRefusal {
    /// The HTTP status it came with.
    pub status: u16,
    /// The situation's code, for example `OQSA1010E`.
    pub code: String,
    /// One Japanese sentence for the front desk.
    pub message: String,
    /// The incident number in the center's log, if it gave one.
    pub incident: Option<String>,
}

impl CenterRefusal {
    /// The sentence as a result file carries it, with the incident number that the operator will ask for.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.incident {
            Some(incident) => format!("{}（受付番号 {incident}）", self.message),
            None => self.message.clone(),
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CenterError {
    /// No connection, no name, no trust, or the connection broke before the answer was whole. Asking again is safe.
    #[error("センターにつながりません（{what}）。センターが動いているか、回線がつながっているかを確かめてください。")]
    Unreachable {
        /// What the network said; no patient's data.
        what: String,
    },
    /// The center said no.
    #[error("センターに拒否されました（{}）。{}", .0.code, .0.shown())]
    Refused(CenterRefusal),
    /// Something came that is no answer.
    #[error("センターの応答を読み取れません（状態 {status}、{bytes} バイト）。")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// Its length.
        bytes: usize,
    },
    /// Nothing came in time.
    #[error("センターの応答が時間内に届きませんでした。")]
    Timeout,
}

impl CenterError {
    /// Whether trying again would bring the account nearer to its lock.
    fn is_wrong_password(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == Situation::LoginRefused.get().code)
    }
}

/// The center's answer to a check: it looked at the question and says what it found.
#[derive(Clone, Debug)]
pub struct CheckReply {
    /// The answer; also "no such person" and an error in processing this one question are answers.
    pub result: CheckResult,
}

/// What the bridge asks: the center, or in stories something that behaves like one.
pub trait Answers: Send + Sync + 'static {
    /// Asks one question. The same `drop_id` is the same question, however often it is asked.
    fn check(&self, request: &CheckRequest, drop_id: Option<&str>) -> impl Future<Output = Result<CheckReply, CenterError>> + Send;
}

/// The center as this machine reaches it.
pub struct Center {
    /// Made anew when another certificate is in place.
    http: RwLock<reqwest::Client>,
    center: CenterConfig,
    deadline: Duration,
    login_url: String,
    search_url: String,
    account: String,
    password: SecretString,
    login_pause: Duration,
    session: Mutex<Session>,
}

impl std::fmt::Debug for Center {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Center").field("login_url", &self.login_url).field("search_url", &self.search_url).finish_non_exhaustive()
    }
}

/// What is left of the last login.
#[derive(Default)]
struct Session {
    /// Counts logins, so that of many callers with the same old token one logs in.
    number: u64,
    token: Option<SecretString>,
    refused: Option<(CenterError, Instant)>,
}

/// What came over the wire, whatever it is.
pub(crate) struct Raw {
    pub(crate) status: u16,
    incident: Option<String>,
    /// By the center's clock.
    pub(crate) at: Option<Timestamp>,
    /// After so many seconds it may be asked again.
    pub(crate) again: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Center {
    /// Reads this machine's roots, certificate, key and password. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectError`] names the file and what to do.
    pub fn connect(config: &Config) -> Result<Self, ConnectError> {
        let center = &config.center;
        let deadline = span(config.bridge.deadline);
        let http = RwLock::new(client(center, Some(identity(center)?), deadline)?);
        let password = SecretString::from(present(&center.password_file)?.trim_end_matches(['\r', '\n']).to_owned());
        Ok(Self {
            http,
            center: center.clone(),
            deadline,
            login_url: url(hosts::web_api_login(), hosts::paths().web_api_login),
            search_url: url(hosts::web_api_search(), hosts::paths().web_api_search),
            account: center.account.clone(),
            password,
            login_pause: span(center.login_pause),
            session: Mutex::default(),
        })
    }

    /// Logs in unless a token is already there, so that the first question need not wait for it.
    ///
    /// # Errors
    /// [`CenterError`], for example a wrong password.
    pub async fn login(&self) -> Result<(), CenterError> {
        self.token(None).await.map(|_| ())
    }

    /// The token and the number of its login. `spent` is a login whose token the center no longer takes.
    async fn token(&self, spent: Option<u64>) -> Result<(u64, SecretString), CenterError> {
        let mut session = self.session.lock().await;
        if let Some(token) = &session.token
            && spent != Some(session.number)
        {
            return Ok((session.number, token.clone()));
        }
        if let Some((error, at)) = &session.refused
            && chassis::clock::instant().saturating_duration_since(*at) < self.login_pause
        {
            return Err(error.clone());
        }
        session.token = None;
        session.refused = None;
        match self.fresh_token().await {
            Ok(token) => {
                session.number += 1;
                session.token = Some(token.clone());
                Ok((session.number, token))
            }
            Err(error) => {
                if error.is_wrong_password() {
                    session.refused = Some((error.clone(), chassis::clock::instant()));
                }
                Err(error)
            }
        }
    }

    /// Shows the certificate that is in place now from the next connection on, and logs in anew with it. What is under way goes on.
    ///
    /// # Errors
    /// [`ConnectError`] names the file; what was shown before is shown on.
    pub async fn renew_identity(&self) -> Result<(), ConnectError> {
        let http = client(&self.center, Some(identity(&self.center)?), self.deadline)?;
        *self.http.write().unwrap_or_else(PoisonError::into_inner) = http;
        self.session.lock().await.token = None;
        Ok(())
    }

    fn http(&self) -> reqwest::Client {
        self.http.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fresh_token(&self) -> Result<SecretString, CenterError> {
        let login = LoginRequest { user_id: self.account.clone(), password: self.password.clone() };
        let raw = send(self.http().post(&self.login_url).json(&login)).await?;
        let Ok(reply) = serde_json::from_slice::<LoginReply>(&raw.body) else { return Err(raw.refusal()) };
        match reply.result {
            Some(tokens) => Ok(tokens.id_token),
            None => Err(CenterError::Refused(CenterRefusal {
                status: raw.status,
                code: reply.status,
                message: reply.msg,
                incident: raw.incident,
            })),
        }
    }

    async fn search(&self, token: &SecretString, body: &[u8], drop_id: Option<&str>) -> Result<Raw, CenterError> {
        let mut request = self
            .http()
            .post(&self.search_url)
            .header(http::header::CONTENT_TYPE, "application/json;charset=UTF-8")
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::AUTHORIZATION, token.expose_secret())
            .body(body.to_vec());
        if let Some(drop_id) = drop_id {
            request = request.header(wire::header::DROP_ID, drop_id);
        }
        send(request).await
    }
}

impl Answers for Center {
    /// A token that the center no longer takes is renewed once; a second refusal stands.
    async fn check(&self, request: &CheckRequest, drop_id: Option<&str>) -> Result<CheckReply, CenterError> {
        let body = wire::json::write_check_request(request);
        let (login, token) = self.token(None).await?;
        let mut raw = self.search(&token, &body, drop_id).await?;
        if raw.status == http::StatusCode::UNAUTHORIZED.as_u16() {
            let (_, token) = self.token(Some(login)).await?;
            raw = self.search(&token, &body, drop_id).await?;
        }
        raw.reply()
    }
}

impl Raw {
    /// The answer in these bytes. A center that could not even look at the question answers in the shape of a result, but without
    /// the echo that clients need: that counts as a refusal.
    fn reply(self) -> Result<CheckReply, CenterError> {
        let Ok(result) = wire::json::read_check_result(&self.body) else { return Err(self.refusal()) };
        if result.header.segment_of_result != Segment::Abnormal.code() {
            return Ok(CheckReply { result });
        }
        let unsaid = Situation::InternalError.get();
        Err(CenterError::Refused(CenterRefusal {
            status: self.status,
            code: result.header.error_code.unwrap_or_else(|| unsaid.code.to_owned()),
            message: result.header.error_message.unwrap_or_else(|| unsaid.desk.to_owned()),
            incident: self.incident,
        }))
    }

    /// A refusal if these bytes are one, and otherwise unreadable.
    pub(crate) fn refusal(self) -> CenterError {
        match serde_json::from_slice::<Refusal>(&self.body) {
            Ok(said) => CenterError::Refused(CenterRefusal {
                status: self.status,
                code: said.code,
                message: said.message,
                incident: said.incident.or(self.incident),
            }),
            Err(_) => CenterError::Unreadable { status: self.status, bytes: self.body.len() },
        }
    }
}

/// Certificate, chain and key in place, one text.
fn identity(center: &CenterConfig) -> Result<SecretString, ConnectError> {
    let (certificate, key) = (present(&center.certificate)?, SecretString::from(present(&center.key)?));
    Ok(SecretString::from(format!("{certificate}\n{}", key.expose_secret())))
}

/// A client that trusts the pinned roots only.
pub(crate) fn client(
    center: &CenterConfig,
    identity_pem: Option<SecretString>,
    timeout: Duration,
) -> Result<reqwest::Client, ConnectError> {
    let roots_pem = roots::trusted(&center.roots, &center.root_fingerprints)?;
    let resolve = center.addresses.iter().map(|(name, address)| (name.clone(), *address)).collect::<Vec<(String, SocketAddr)>>();
    let connect_timeout = span(center.connect_timeout);
    let asked = ClientConfig { roots_pem, identity_pem, resolve, connect_timeout, timeout };
    Ok(chassis::http::client_within(&asked, &Surroundings { proxy: proxy(center)?, clock: center.clock.clone() })?)
}

/// The proxy that leads to the center, with its Basic login (MP-05).
fn proxy(center: &CenterConfig) -> Result<Option<Proxy>, ConnectError> {
    if center.proxy.is_empty() {
        return Ok(None);
    }
    let login = match center.proxy_user.as_str() {
        "" => None,
        user => {
            let password = SecretString::from(present(&center.proxy_password_file)?.trim_end_matches(['\r', '\n']).to_owned());
            Some((user.to_owned(), password))
        }
    };
    Ok(Some(Proxy { url: center.proxy.clone(), login }))
}

/// `https://host/path`; the port is the standard one, or that of the configured address.
pub(crate) fn url(host: &Host, path: &str) -> String {
    format!("https://{}{path}", host.name)
}

/// Sends and reads no more than a message may have.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Result<Raw, CenterError> {
    let mut response = request.send().await.map_err(|error| failure(&error))?;
    let status = response.status().as_u16();
    let head = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let incident = head(wire::header::INCIDENT);
    let at = head(http::header::DATE.as_str()).as_deref().and_then(from_http_date);
    let again = head(http::header::RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > wire::MAX_MESSAGE_BYTES {
            return Err(CenterError::Unreadable { status, bytes: body.len() + chunk.len() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Raw { status, incident, at, again, body })
}

fn failure(error: &reqwest::Error) -> CenterError {
    if error.is_timeout() && !error.is_connect() {
        return CenterError::Timeout;
    }
    if chassis::http::is_out_of_time(error) {
        let what = "センターの証明書が、この端末の時計では有効期間外です。日付と時刻が合っているか確かめてください";
        return CenterError::Unreachable { what: what.to_owned() };
    }
    // The innermost cause says most: "connection refused", "invalid peer certificate".
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    CenterError::Unreachable { what: cause.to_string() }
}

fn present(path: &Path) -> Result<String, ConnectError> {
    std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => ConnectError::NotEnrolled { path: path.to_owned() },
        _ => ConnectError::Unreadable { path: path.to_owned(), source },
    })
}
