//! New connections a second with a client certificate: whole handshakes, beside resumed ones of the same server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::clock::instant;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Size;
use crate::figure::Figure;
use crate::process::cpu_seconds;
use crate::world::World;

const PEER: &str = "resumed connections to the same server";
/// Connections being made at one time.
const LANES: usize = 16;

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let world = World::begin(folder.path())?;
    let span = Duration::from_secs(size.seconds.div_ceil(4));
    let (mut whole, mut resumed) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        whole.push(connections(&world, span, false).await?);
        resumed.push(connections(&world, span, true).await?);
    }
    Ok(vec![
        Figure::new("handshake.whole", mean(&whole, |run| run.rate), "connections/s", PEER, mean(&resumed, |run| run.rate)),
        Figure::new("handshake.cpu", mean(&whole, |run| run.cpu), "µs/connection", PEER, mean(&resumed, |run| run.cpu)),
    ])
}

/// One stretch of the measurement.
struct Run {
    /// Connections a second.
    rate: f64,
    /// Microseconds of the server's processor time for one.
    cpu: f64,
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn mean(runs: &[Run], pick: fn(&Run) -> f64) -> f64 {
    runs.iter().map(pick).sum::<f64>() / runs.len() as f64
}

/// Makes connections with one small request each, one after the other on each lane.
async fn connections(world: &World, span: Duration, resume: bool) -> anyhow::Result<Run> {
    let host = manuals::hosts::web_api_login().name;
    let connector = TlsConnector::from(Arc::new(config(world, resume)?));
    let address = world.https;
    connect(&connector, address, host).await?;
    let (begun, before) = (instant(), cpu_seconds(world.pid())?);
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        let connector = connector.clone();
        lanes.spawn(async move {
            let mut made = 0_u32;
            while begun.elapsed() < span {
                connect(&connector, address, host).await?;
                made += 1;
            }
            anyhow::Ok(made)
        });
    }
    let mut made = 0;
    while let Some(lane) = lanes.join_next().await {
        made += lane??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = cpu_seconds(world.pid())? - before;
    Ok(Run { rate: f64::from(made) / seconds, cpu: cpu * 1_000_000.0 / f64::from(made) })
}

fn config(world: &World, resume: bool) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(world.key("roots.pem")?.as_bytes()) {
        roots.add(root?)?;
    }
    let chain = CertificateDer::pem_slice_iter(world.key("clinic.pem")?.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(world.key("clinic.key")?.as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_client_auth_cert(chain, key)?;
    if !resume {
        config.resumption = Resumption::disabled();
    }
    Ok(config)
}

/// One connection, one request that is answered at once, and its end.
async fn connect(connector: &TlsConnector, address: std::net::SocketAddr, host: &'static str) -> anyhow::Result<()> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let mut tls = connector.connect(ServerName::try_from(host)?, tcp).await?;
    tls.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // The server may close without a farewell; what counts is that it answered.
    let ended = tls.read_to_end(&mut answer).await;
    answer.starts_with(b"HTTP/1.1 ").then_some(()).with_context(|| format!("the server did not answer: {ended:?}"))
}
