//! Shows a small server's or a bridge's figures on a plain HTTP port for the operator's own network: one short page, nothing else is answered.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::figures::Figures;

/// A caller that has not asked by then is sent away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest question in bytes.
const LONGEST: usize = 8 * 1024;

/// Answers one caller after the other until the task is ended.
pub(crate) fn serve(listener: TcpListener, figures: Figures) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    if tokio::time::timeout(PATIENCE, answer(stream, &figures)).await.is_err() {
                        tracing::debug!("a caller for figures was too slow");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a caller for figures could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    })
}

async fn answer(mut stream: TcpStream, figures: &Figures) {
    let mut asked = Vec::new();
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut asked).await {
            Ok(read) if read > 0 && asked.len() <= LONGEST => {}
            _ => return,
        }
    }
    let (status, body) = page(&asked, figures);
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A caller that has gone away is answered nothing.
    let _left = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
    let _closed = stream.shutdown().await;
}

fn page(asked: &[u8], figures: &Figures) -> (&'static str, String) {
    if asked.starts_with(b"GET /metrics ") || asked.starts_with(b"GET /metrics?") {
        ("200 OK", figures.text())
    } else if asked.starts_with(b"GET /health/live ") {
        ("200 OK", "ok\n".to_owned())
    } else {
        ("404 Not Found", "only /metrics and /health/live are here\n".to_owned())
    }
}
