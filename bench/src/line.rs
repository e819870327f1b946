//! Line authentication flow by flow: two TLS connections, the intent screen, the choice, each from a line of its own, beside as many constant answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chassis::clock::instant;
use manuals::hosts;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::process::cpu_seconds;
use crate::world::World;

const PEER: &str = "as many connections and constant answers";
/// Flows under way at one time where as many as possible are wanted.
const LANES: usize = 32;
/// Flows a second where their time is measured.
const OFFERED: f64 = 200.0;
/// The goal for re-admission: this many prefixes within a minute.
const STORM: f64 = 100_000.0;

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let world = World::begin(folder.path())?;
    let lines = size.drops * 20;
    let walker = Walker::new(&world)?;
    apply(&world, lines).await?;
    carry(&world, folder.path(), lines, 0)?;
    let peer = walker.storm(&world, lines.min(4000), |walker, place| async move { walker.constant(place).await }).await?;
    let first = walker.storm(&world, lines, |walker, place| async move { walker.flow(place, 0).await }).await?;
    // Every line gets another prefix, and everybody comes at once.
    carry(&world, folder.path(), lines, 1)?;
    let again = walker.storm(&world, lines, |walker, place| async move { walker.flow(place, 1).await }).await?;
    carry(&world, folder.path(), lines, 2)?;
    let steady = walker.paced(lines.min(usize::try_from(size.seconds).unwrap_or(1) * 200), 2).await?;
    Ok(vec![
        Figure::new("line.cpu", first.microseconds, "µs/flow", PEER, peer.microseconds),
        Figure::new("line.throughput", first.rate, "flows/s", PEER, peer.rate),
        Figure::new("line.p99_at_200", quantile(&sorted(steady), 0.99), "ms", "the limit of 250 ms", 250.0),
        Figure::new("line.readmission", STORM / again.rate, "s/100,000", "the limit of 60 s", 60.0),
    ])
}

/// Every line is applied for and approved, many at a time.
async fn apply(world: &World, lines: usize) -> anyhow::Result<()> {
    let client = world.operator()?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        let (client, next, base) = (client.clone(), Arc::clone(&next), world.url(hosts::operator().name, "/registry/applications"));
        lanes.spawn(async move {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= lines {
                    return anyhow::Ok(());
                }
                let wanted = json!({ "facility_code": "1310099999", "line_id": line_id(place), "line_type": "next-family" });
                let answer: serde_json::Value = client.post(format!("{base}/line")).json(&wanted).send().await?.json().await?;
                let number = answer.get("application_id").and_then(serde_json::Value::as_str).context("not taken")?;
                ensure!(client.post(format!("{base}/{number}/approve")).send().await?.status().is_success(), "not approved");
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

fn line_id(place: usize) -> String {
    format!("CAF{place:010}")
}

/// The terminal behind a line: each an address of this machine of its own, another for each generation.
fn terminal(place: usize, generation: u8) -> Ipv4Addr {
    let [.., a, b, c] = u32::try_from(place + 1).unwrap_or_default().to_be_bytes();
    Ipv4Addr::new(127, 10 + generation * 10 + a, b, c)
}

/// The carrier's whole table, with the prefixes of a generation.
fn carry(world: &World, folder: &std::path::Path, lines: usize, generation: u8) -> anyhow::Result<()> {
    let table: Vec<_> = (0..lines)
        .map(|place| {
            json!({
                "line_id": line_id(place), "region": "east", "line_type": "next-family", "applied_on": "2024-04-01",
                "work_completed": "2024-05-01", "prefixes": [format!("{}/32", terminal(place, generation))],
            })
        })
        .collect();
    let file = folder.join("lines.json");
    std::fs::write(&file, serde_json::to_vec(&table)?)?;
    world.run(&["carrier", "line", "load", file.to_str().context("the folder's name")?])
}

struct Storm {
    microseconds: f64,
    rate: f64,
}

/// Walks the pages as a browser does, without its cost.
#[derive(Clone)]
struct Walker {
    tls: TlsConnector,
    to: SocketAddr,
}

impl Walker {
    fn new(world: &World) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(world.data.join("clinic").join("keys").join("roots.pem"))?;
        for root in CertificateDer::pem_slice_iter(&pem) {
            roots.add(root?)?;
        }
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Every line is another household: nobody resumes anybody's session.
        config.resumption = tokio_rustls::rustls::client::Resumption::disabled();
        Ok(Self { tls: Arc::new(config).into(), to: world.https })
    }

    async fn connect(&self, host: &str, from: Ipv4Addr) -> anyhow::Result<TlsStream<tokio::net::TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(self.to).await?;
        stream.set_nodelay(true)?;
        Ok(self.tls.connect(ServerName::try_from(host.to_owned())?, stream).await?)
    }

    async fn flow(&self, place: usize, generation: u8) -> anyhow::Result<()> {
        let from = terminal(place, generation);
        let portal = hosts::line_portal().name;
        let mut at_portal = self.connect(portal, from).await?;
        let begin = ask(&mut at_portal, portal, "GET", "/", None).await?;
        let url = between(&begin, "location: https://", "\r\n").context("sent nowhere")?;
        let (notifier, path) = url.split_once('/').context("sent nowhere")?;
        let mut at_notifier = self.connect(notifier, from).await?;
        let intent = ask(&mut at_notifier, notifier, "GET", &format!("/{path}"), None).await?;
        let consent = between(&intent, "name=\"consent\" value=\"", "\"").with_context(|| format!("no intent screen: {intent}"))?;
        let done = ask(&mut at_portal, portal, "POST", "/choice", Some(&format!("choice=wish&consent={consent}"))).await?;
        let success = manuals::messages::by_key("line-success").context("no such message")?.text;
        ensure!(done.contains(success), "no success: {done}");
        Ok(())
    }

    async fn constant(&self, place: usize) -> anyhow::Result<()> {
        let from = terminal(place, 9);
        let host = hosts::line_portal().name;
        let mut first = self.connect(host, from).await?;
        let page = ask(&mut first, host, "GET", "/nowhere", None).await?;
        ensure!(page.starts_with("HTTP/1.1 400"), "{page}");
        let mut second = self.connect(host, from).await?;
        ask(&mut second, host, "GET", "/nowhere", None).await?;
        ask(&mut first, host, "GET", "/nowhere", None).await?;
        Ok(())
    }

    /// As many flows as possible, one for each line.
    async fn storm<W, F>(&self, world: &World, lines: usize, walk: W) -> anyhow::Result<Storm>
    where
        W: Fn(Self, usize) -> F + Clone + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send,
    {
        let next = Arc::new(AtomicUsize::new(0));
        let (begun, cpu) = (instant(), cpu_seconds(world.pid())?);
        let mut lanes = tokio::task::JoinSet::new();
        for _ in 0..LANES {
            let (walker, next, walk) = (self.clone(), Arc::clone(&next), walk.clone());
            lanes.spawn(async move {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= lines {
                        return anyhow::Ok(());
                    }
                    walk(walker.clone(), place).await?;
                }
            });
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        #[allow(clippy::cast_precision_loss, reason = "counts are small")]
        let count = lines as f64;
        let microseconds = (cpu_seconds(world.pid())? - cpu) * 1_000_000.0 / count;
        Ok(Storm { microseconds, rate: count / begun.elapsed().as_secs_f64() })
    }

    /// A flow every 5 ms, whether or not the earlier ones have ended; the milliseconds of each, from when it should have begun.
    async fn paced(&self, flows: usize, generation: u8) -> anyhow::Result<Vec<f64>> {
        let begun = instant();
        let mut under_way = tokio::task::JoinSet::new();
        for place in 0..flows {
            #[allow(clippy::cast_precision_loss, reason = "counts are small")]
            let at: Instant = begun + Duration::from_secs_f64(place as f64 / OFFERED);
            tokio::time::sleep_until(at.into()).await;
            let walker = self.clone();
            under_way.spawn(async move {
                walker.flow(place, generation).await?;
                anyhow::Ok(at.elapsed().as_secs_f64() * 1000.0)
            });
        }
        let mut taken = Vec::new();
        while let Some(flow) = under_way.join_next().await {
            taken.push(flow??);
        }
        Ok(taken)
    }
}

/// One request on a kept-open connection; the whole answer, head and body.
async fn ask(
    stream: &mut TlsStream<tokio::net::TcpStream>,
    host: &str,
    method: &str,
    path: &str,
    form: Option<&str>,
) -> anyhow::Result<String> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nAccept-Language: ja\r\n");
    if let Some(form) = form {
        request.push_str(&format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}", form.len()));
    } else {
        request.push_str("\r\n");
    }
    stream.write_all(request.as_bytes()).await?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            bail!("the connection ended early");
        }
        answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = between(&format!("{head}\r\n"), "content-length: ", "\r\n").and_then(|length| length.parse::<usize>().ok());
            if body.len() >= length.context("an answer without length")? {
                return Ok(text.into_owned());
            }
        }
    }
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    Some(text.split_once(start)?.1.split_once(end)?.0.to_owned())
}
