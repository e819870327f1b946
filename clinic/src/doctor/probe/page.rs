//! Fetches a page over a connection that stands, and reads what it says: which message of the manuals or situation of ours, closed or not.

use std::time::Duration;

use bytes::Bytes;
use chassis::clock::from_http_date;
use http::header::{ACCEPT, CONTENT_TYPE, DATE, HOST, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use manuals::{Situation, messages};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{reach, trust};
use crate::doctor::recording::{MAX_PAGE_TEXT, Outcome};

/// The longest page that is read; a longer one counts as failed.
pub const LONGEST_PAGE: usize = 256 * 1024;

/// What is asked of a host.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// `GET`, or `CONNECT` to a proxy.
    pub method: &'a Method,
    /// The path, or for `CONNECT` the host and port behind the proxy.
    pub target: &'a str,
    /// The host's name.
    pub host: &'a str,
    /// The media type that is wanted.
    pub accept: &'a str,
    /// So many bytes are sent along for nothing, to see whether they get through.
    pub padding: usize,
    /// The longest answer that is read.
    pub longest: usize,
}

impl<'a> Ask<'a> {
    /// A page as a browser asks for it.
    #[must_use]
    pub fn page(host: &'a str, path: &'a str) -> Self {
        Self { method: &Method::GET, target: path, host, accept: "text/html, */*", padding: 0, longest: LONGEST_PAGE }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Heard {
    /// HTTP status.
    pub status: u16,
    /// Its head.
    pub head: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// Asks over a connection of one's own and reads the whole answer.
///
/// # Errors
/// What came instead of an answer.
pub async fn ask<S>(stream: S, asked: Ask<'_>, patience: Duration) -> Result<Heard, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    timeout(patience, exchange(stream, asked)).await.unwrap_or(Err(Outcome::TimedOut))
}

async fn exchange<S>(stream: S, asked: Ask<'_>) -> Result<Heard, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let _spoken = AbortOnDropHandle::new(tokio::spawn(connection));
    let mut request = Request::builder().method(asked.method).uri(asked.target).header(HOST, asked.host).header(ACCEPT, asked.accept);
    request = request.header(USER_AGENT, concat!("onshi-doctor/", env!("CARGO_PKG_VERSION")));
    if asked.padding > 0 {
        request = request.header("onshi-padding", "0".repeat(asked.padding));
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| Outcome::Failed { why: error.to_string() })?;
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let (parts, body) = response.into_parts();
    let body = if asked.method == Method::CONNECT && parts.status.is_success() {
        Bytes::new()
    } else {
        let whole = Limited::new(body, asked.longest).collect().await;
        whole.map_err(|error| Outcome::Failed { why: error.to_string() })?.to_bytes()
    };
    Ok(Heard { status: parts.status.as_u16(), head: parts.headers, body: body.to_vec() })
}

fn broken(error: &hyper::Error) -> Outcome {
    let inner = std::error::Error::source(error).and_then(|inner| inner.downcast_ref::<std::io::Error>());
    match inner {
        Some(error) if error.get_ref().is_some() => trust::broken(error),
        Some(error) => reach::said(error),
        None => Outcome::Failed { why: error.to_string() },
    }
}

impl Heard {
    /// The page's words without its tags, at most 2 KiB.
    #[must_use]
    pub fn text(&self) -> String {
        let kind = self.word(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        let label = kind.split_once("charset=").map_or("utf-8", |(_, charset)| charset.trim_matches(['"', ' ', ';']));
        let charset = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::UTF_8);
        let (text, _, _) = charset.decode(&self.body);
        let text = if kind.contains("json") { text.into_owned() } else { words(&text) };
        shortened(&text, MAX_PAGE_TEXT)
    }

    /// What it says: a closure with its end, or the page with the message that stands on it.
    #[must_use]
    pub fn outcome(&self, now: Timestamp) -> Outcome {
        const UNAVAILABLE: u16 = 503;
        if self.status == UNAVAILABLE
            && let Some(until) = self.reopens(now)
        {
            return Outcome::Closed { until: Some(until) };
        }
        let text = self.text();
        Outcome::Page { status: self.status, message: known(&text).map(str::to_owned), text }
    }

    /// Where it leads.
    #[must_use]
    pub fn leads_to(&self) -> Option<&str> {
        self.word(LOCATION.as_str())
    }

    /// The server's clock, in whole seconds.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        from_http_date(self.word(DATE.as_str())?)
    }

    fn reopens(&self, now: Timestamp) -> Option<Timestamp> {
        if let Some(at) = self.word(wire::header::REOPENS_AT).and_then(|text| text.parse().ok()) {
            return Some(at);
        }
        let after = self.word(RETRY_AFTER.as_str())?;
        match after.trim().parse::<i64>() {
            Ok(seconds) => now.checked_add(SignedDuration::from_secs(seconds)).ok(),
            Err(_) => from_http_date(after),
        }
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.head.get(name)?.to_str().ok()
    }
}

/// The key of what a page says: a situation of ours by its code, else a message of the manuals. The two buttons of the intent screen stand
/// for the screen.
#[must_use]
pub fn known(text: &str) -> Option<&'static str> {
    if let Some(situation) = Situation::ALL.iter().find(|situation| text.contains(situation.get().code)) {
        return Some(situation.key());
    }
    match messages::recognise(text)?.key {
        "line-wish" | "line-no-wish" => Some("line-intent"),
        key => Some(key),
    }
}

/// The words of a page that a person reads: no tags, no scripts, one blank between words.
#[must_use]
pub fn words(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, tagged)) = rest.split_once('<') {
        text.push_str(before);
        let name: String = tagged.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        rest = tagged.split_once('>').map_or("", |(_, after)| after);
        if matches!(name.as_str(), "script" | "style") {
            // Letters of a tag are ASCII, so that both texts have the same length.
            let end = rest.to_ascii_lowercase().find(&format!("</{name}"));
            rest = end.and_then(|at| rest.get(at..)).unwrap_or("");
        }
        if !matches!(name.as_str(), "b" | "i" | "span" | "a" | "em" | "strong" | "code") {
            text.push(' ');
        }
    }
    text.push_str(rest);
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    let text = plain.into_iter().fold(text, |text, (code, sign)| text.replace(code, sign));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text cut at a whole letter.
#[must_use]
pub fn shortened(text: &str, longest: usize) -> String {
    let end = (0..=longest.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn heard(answer: &'static str) -> Result<Heard, Outcome> {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move {
            let mut asked = [0; 4096];
            let _asked = far.read(&mut asked).await.unwrap();
            far.write_all(answer.as_bytes()).await.unwrap();
        });
        ask(near, Ask::page("www.clinic.test", "/"), Duration::from_secs(5)).await
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    /// Rows: LA-08, LA-14, LA-15
    #[tokio::test]
    async fn a_page_is_known_by_its_words_or_its_code() {
        let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n\r\n<html><head><style>p{color:red}</style>\
            <script>var a='P32031'</script></head><body><h1>回線認証</h1><p>回線情報通知を<br>実施中にエラー</p><p>エラーコード：<b>P11019</b></p></body></html>";
        let Outcome::Page { status, message, text } = heard(page).await.unwrap().outcome(now()) else { panic!("a page") };
        assert_eq!((status, message.as_deref()), (200, Some("line-ineligible")));
        assert_eq!(text, "回線認証 回線情報通知を 実施中にエラー エラーコード：P11019");
        let refusal = r#"{"code":"OQSA1001E","message":"x"}"#;
        let code = Situation::UnadmittedLine.get().code;
        assert_eq!(known(&refusal.replace("OQSA1001E", code)), Some("unadmitted-line"));
        assert_eq!(known("<button>希望する</button><button>希望しない</button>"), Some("line-intent"));
        assert_eq!(known("Welcome to nginx!"), None);
    }

    /// Rows: PX-10, DN-24
    #[tokio::test]
    async fn a_closure_says_when_it_opens_again_and_any_other_503_is_a_page() {
        let closed = heard("HTTP/1.1 503 Closed\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n").await.unwrap().outcome(now());
        assert_eq!(closed, Outcome::Closed { until: Some(now() + SignedDuration::from_secs(600)) });
        let exact =
            heard("HTTP/1.1 503 Closed\r\nonshi-reopens-at: 2027-01-15T09:00:00Z\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(exact.unwrap().outcome(now()), Outcome::Closed { until: Some("2027-01-15T09:00:00Z".parse().unwrap()) });
        let down = heard("HTTP/1.1 503 Unavailable\r\ncontent-length: 4\r\n\r\ndown").await.unwrap().outcome(now());
        assert_eq!(down, Outcome::Page { status: 503, message: None, text: "down".to_owned() });
    }

    #[tokio::test]
    async fn what_is_no_answer_or_too_long_is_a_failure_and_silence_is_silence() {
        assert!(matches!(heard("SSH-2.0-OpenSSH_9.2\r\n").await, Err(Outcome::Failed { .. })));
        let endless = tokio::io::duplex(64);
        let asked = ask(endless.0, Ask::page("www.clinic.test", "/"), Duration::from_millis(50)).await;
        assert_eq!(asked.err(), Some(Outcome::TimedOut));
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move {
            let begun = far.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while begun.is_ok() && far.write_all(&[b'a'; 1024]).await.is_ok() {}
        });
        assert!(matches!(ask(near, Ask::page("www.clinic.test", "/"), Duration::from_secs(5)).await, Err(Outcome::Failed { .. })));
    }

    #[test]
    fn a_text_is_cut_at_a_whole_letter_and_a_page_may_end_anywhere() {
        assert_eq!(shortened("回線認証", 7), "回線");
        assert_eq!(shortened("short", 99), "short");
        let page = "<p>あ<script>x</script>い&amp;</p><style>";
        for (at, _) in page.char_indices() {
            let _whatever_is_left = words(&page[..at]);
        }
        assert_eq!(words(page), "あ い&");
    }
}
