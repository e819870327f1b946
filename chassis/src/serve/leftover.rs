//! Reads on what a refused caller is still sending, within bounds, so that it can read its answer instead of a broken connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Most bytes that are read and thrown away.
const MOST: usize = 8 * 1024 * 1024;
/// Longest time for them.
const LONGEST: Duration = Duration::from_secs(5);

/// A request's body; when its reader loses interest half way, the rest is thrown away in peace.
pub(super) struct Leftover(Option<Incoming>);

impl Leftover {
    pub(super) fn of(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Leftover {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = match self.0.as_mut() {
            Some(body) => std::task::ready!(Pin::new(body).poll_frame(cx)),
            None => None,
        };
        if !matches!(frame, Some(Ok(_))) {
            // The end, or a caller that went away: nothing is left.
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) {
            tokio::spawn(tokio::time::timeout(LONGEST, thrown_away(body)));
        }
    }
}

async fn thrown_away(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return;
        }
    }
}
