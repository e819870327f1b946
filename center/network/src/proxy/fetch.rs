//! Fetches one page from a host on behalf of a caller, in the clear: what Windows Update downloads.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::TcpStream;

use super::reach::Unreached;
use super::share::Gate;

/// Headers of one connection that are never passed on (RFC 9110, 7.6.1), and those for a proxy alone.
const OF_ONE_CONNECTION: [&str; 9] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
];

/// What a page passes on its way.
pub(crate) struct Passage {
    /// Whose it is.
    pub(crate) line: IpNet,
    /// The gate.
    pub(crate) gate: Arc<Gate>,
    /// Silence after which it is given up.
    pub(crate) idle: Duration,
}

/// Sends the request on and returns the answer, whose body follows as it comes.
///
/// # Errors
/// [`Unreached`] when the host does not answer.
pub(crate) async fn fetch(onward: Request<Empty<Bytes>>, host: TcpStream, passage: Passage) -> Result<Response, Unreached> {
    let broken = |error: hyper::Error| Unreached::Connection(std::io::Error::other(error));
    let (mut sender, connection) = http1::handshake::<_, Empty<Bytes>>(TokioIo::new(host)).await.map_err(broken)?;
    // It ends when the answer has been read, or its reader has gone.
    tokio::spawn(connection);
    let answered = sender.send_request(onward);
    let answer = tokio::time::timeout(passage.idle, answered).await.map_err(|_| Unreached::Late)?.map_err(broken)?;
    let (mut parts, body) = answer.into_parts();
    strip(&mut parts.headers);
    sign(&mut parts.headers);
    Ok(Response::from_parts(parts, Body::from_stream(metered(body, sender, passage))))
}

/// The request as the host sees it: path only, its own name, nothing of the caller's connection.
pub(crate) fn onward<B>(request: &Request<B>) -> Request<Empty<Bytes>> {
    let mut onward = Request::new(Empty::new());
    *onward.method_mut() = request.method().clone();
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| http::uri::PathAndQuery::from_static("/"));
    *onward.uri_mut() = Uri::from(path);
    let mut headers = request.headers().clone();
    strip(&mut headers);
    // A page is asked for without a body, whatever the caller announced.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::EXPECT);
    if let Some(named) = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        headers.insert(header::HOST, named);
    }
    sign(&mut headers);
    *onward.headers_mut() = headers;
    onward
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    named.into_iter().for_each(|name| drop(headers.remove(name)));
    OF_ONE_CONNECTION.iter().for_each(|name| drop(headers.remove(*name)));
}

fn sign(headers: &mut HeaderMap) {
    if let Ok(via) = HeaderValue::from_str(&format!("1.1 {}", manuals::proxy::address().name)) {
        headers.append(header::VIA, via);
    }
}

/// The body, part by part through the gate. The connection lives as long as its `sender`.
fn metered(
    body: Incoming,
    sender: http1::SendRequest<Empty<Bytes>>,
    passage: Passage,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    futures_util::stream::unfold(Some((body, sender, passage)), async |state| {
        let (mut body, sender, passage) = state?;
        loop {
            let frame = match tokio::time::timeout(passage.idle, body.frame()).await {
                Err(_silent) => return Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some((Err(std::io::Error::other(error)), None)),
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(bytes) = frame.into_data() {
                passage.gate.pass(passage.line, bytes.len()).await;
                metrics::counter!("onshi_proxy_bytes_total", "way" => "down").increment(u64::try_from(bytes.len()).unwrap_or(0));
                return Some((Ok(bytes), Some((body, sender, passage))));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_callers_connection_is_passed_on() {
        let asked = Request::builder()
            .method("GET")
            .uri("http://download.example:8530/a/b?c=d")
            .header("host", "evil.example")
            .header("connection", "close, x-secret")
            .header("x-secret", "1")
            .header("proxy-authorization", "Basic abc")
            .header("content-length", "5")
            .header("range", "bytes=0-9")
            .body(())
            .unwrap();
        let sent = onward(&asked);
        assert_eq!(sent.uri(), "/a/b?c=d");
        let names: Vec<&str> = sent.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(sent.headers()["host"], "download.example:8530");
        assert_eq!(sent.headers()["range"], "bytes=0-9");
        assert_eq!(sent.headers()["via"], "1.1 proxy.base.oqs-pdl.org");
    }
}
