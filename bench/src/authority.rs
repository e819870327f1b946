//! Certificates: what issuing one costs beside pebble, a PFX beside openssl, a revocation list of many entries, and the rate of renewing all.

mod peers;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::clock::instant;
use chassis::db::{Database, values};
use chassis::http::{ClientConfig, client};
use manuals::hosts;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wire::enrolment::{CsrRequest, IssuedCertificate};

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::process::cpu_seconds;
use crate::world::World;

/// Terminals that ask at one time.
const LANES: usize = 8;
/// Entries of the long revocation list.
const ENTRIES: u32 = 100_000;
/// Certificates of a nation, to be replaced in one go.
const NATION: f64 = 300_000.0;
/// RSA keys that are measured; each was made before somebody asked.
const KEYS: usize = 40;

const PEBBLE: &str = "pebble";
const OPENSSL: &str = "openssl";

/// A terminal with its notice, then with its certificate.
struct Terminal {
    request_id: String,
    reference_id: String,
    key: KeyPair,
    chain: String,
}

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let mut figures = certificates(size).await?;
    figures.extend(lists().await?);
    Ok(figures)
}

async fn certificates(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let keys = KEYS.to_string();
    let settings = [("ONSHI_CENTER__AUTHORITY__POOL_KEYS", keys.as_str()), ("ONSHI_CENTER__AUTHORITY__RENEW_DAYS", "2000")];
    let world = World::begin_with(folder.path(), &settings)?;
    let operator = world.operator()?;
    let mut terminals = Vec::new();
    for number in 0..size.drops * 4 {
        terminals.push(noticed(&world, &operator, number).await?);
    }
    at_rest(&world).await?;
    let (issued, issuing) = at_once(&world, terminals, issue).await?;
    let pebble = peers::pebble(folder.path(), size.drops).await?;
    let (renewed, renewing) = at_once(&world, issued, renew).await?;
    ensure!(!renewed.is_empty(), "nothing was renewed");
    let pfx = ready_made(&world, &operator).await?;
    let openssl = peers::openssl_pfx(folder.path())?;
    Ok(vec![
        Figure::new("authority.issue.cpu", issuing.cpu, "µs/certificate", PEBBLE, pebble.cpu),
        Figure::new("authority.issue.rate", issuing.rate, "certificates/s", PEBBLE, pebble.rate),
        Figure::new("authority.pfx", pfx, "ms", OPENSSL, openssl),
        Figure::new("authority.renew.rate", renewing.rate, "certificates/s", "pebble's first issue", pebble.rate),
        Figure::new(
            "authority.renew.nation",
            NATION / renewing.rate / 60.0,
            "minutes",
            "pebble's first issue",
            NATION / pebble.rate / 60.0,
        ),
    ])
}

/// Waits until the server has made its keys ready and does nothing: what it does for later is no part of what is measured.
async fn at_rest(world: &World) -> anyhow::Result<()> {
    for _ in 0..120 {
        let before = cpu_seconds(world.pid())?;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        if cpu_seconds(world.pid())? - before < 0.05 {
            return Ok(());
        }
    }
    anyhow::bail!("the server does not come to rest")
}

/// One stretch: certificates a second, and microseconds of the server's processor time for one.
struct Run {
    rate: f64,
    cpu: f64,
}

/// Lets the terminals do the same thing, some of them at a time.
async fn at_once<F>(
    world: &World,
    terminals: Vec<Terminal>,
    what: impl Fn(Arc<Doors>, Terminal) -> F,
) -> anyhow::Result<(Vec<Terminal>, Run)>
where
    F: Future<Output = anyhow::Result<Terminal>> + Send + 'static,
{
    let doors = Arc::new(Doors::of(world)?);
    let count = f64::from(u32::try_from(terminals.len())?);
    let (begun, before) = (instant(), cpu_seconds(world.pid())?);
    let (mut lanes, mut done) = (JoinSet::new(), Vec::new());
    for terminal in terminals {
        if lanes.len() == LANES
            && let Some(ended) = lanes.join_next().await
        {
            done.push(ended??);
        }
        lanes.spawn(what(Arc::clone(&doors), terminal));
    }
    while let Some(ended) = lanes.join_next().await {
        done.push(ended??);
    }
    let (seconds, used) = (begun.elapsed().as_secs_f64(), cpu_seconds(world.pid())? - before);
    Ok((done, Run { rate: count / seconds, cpu: used * 1e6 / count }))
}

/// The authority's host as terminals reach it.
struct Doors {
    /// Without a certificate, on connections that stay open.
    open: reqwest::Client,
    roots: Vec<u8>,
    resolve: BTreeMap<String, std::net::SocketAddr>,
    url: String,
}

impl Doors {
    fn of(world: &World) -> anyhow::Result<Self> {
        let host = hosts::authority().name;
        let (roots, resolve) = (world.key("roots.pem")?.into_bytes(), BTreeMap::from([(host.to_owned(), world.https)]));
        let open = Self::client(&roots, &resolve, None)?;
        Ok(Self { open, roots, resolve, url: world.url(host, "/api/certificates") })
    }

    fn client(
        roots: &[u8],
        resolve: &BTreeMap<String, std::net::SocketAddr>,
        identity_pem: Option<String>,
    ) -> anyhow::Result<reqwest::Client> {
        Ok(client(&ClientConfig {
            roots_pem: roots.to_vec(),
            identity_pem: identity_pem.map(Into::into),
            resolve: resolve.clone().into_iter().collect(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
        })?)
    }
}

async fn noticed(world: &World, operator: &reqwest::Client, number: usize) -> anyhow::Result<Terminal> {
    let url = world.url(hosts::operator().name, "/authority/notices");
    let wanted = json!({ "facility_code": world.facility()?, "terminal_name": format!("測定{number}") });
    let notice: Value = operator.post(url).json(&wanted).send().await?.error_for_status()?.json().await?;
    let text = |name: &str| notice.get(name).and_then(Value::as_str).map(str::to_owned).context("a notice without numbers");
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok(Terminal { request_id: text("request_id")?, reference_id: text("reference_id")?, key, chain: String::new() })
}

fn request(key: &KeyPair) -> anyhow::Result<String> {
    Ok(CertificateParams::default().serialize_request(key)?.pem()?)
}

async fn issue(doors: Arc<Doors>, mut terminal: Terminal) -> anyhow::Result<Terminal> {
    let csr = request(&terminal.key)?;
    let asked = CsrRequest { request_id: terminal.request_id.clone(), reference_id: terminal.reference_id.clone(), csr };
    let issued = doors.open.post(&doors.url).json(&asked).send().await?.error_for_status()?;
    let issued: IssuedCertificate = issued.json().await?;
    terminal.chain = format!("{}{}", issued.certificate, issued.chain);
    Ok(terminal)
}

/// Over a connection of its own with the certificate that is to be replaced, as every terminal has one.
async fn renew(doors: Arc<Doors>, mut terminal: Terminal) -> anyhow::Result<Terminal> {
    let own = Doors::client(&doors.roots, &doors.resolve, Some(format!("{}{}", terminal.chain, terminal.key.serialize_pem())))?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let url = format!("{}/renewal", doors.url);
    let issued = own.post(url).json(&json!({ "csr": request(&key)? })).send().await?;
    ensure!(issued.status().is_success(), "not renewed: {}", issued.text().await?);
    let issued: IssuedCertificate = issued.json().await?;
    terminal.chain = format!("{}{}", issued.certificate, issued.chain);
    terminal.key = key;
    Ok(terminal)
}

/// Milliseconds for a PKCS#12 file over a key that was ready: the middle of several, one after the other.
async fn ready_made(world: &World, operator: &reqwest::Client) -> anyhow::Result<f64> {
    let doors = Doors::of(world)?;
    let url = format!("{}/pfx", doors.url);
    let mut terminals = Vec::new();
    for number in 0..KEYS / 2 {
        terminals.push(noticed(world, operator, 1_000_000 + number).await?);
    }
    let mut spans = Vec::new();
    for terminal in terminals {
        let wanted =
            json!({ "requestId": terminal.request_id, "referenceId": terminal.reference_id, "password": "0417", "compatible": true });
        let begun = instant();
        let file = doors.open.post(&url).json(&wanted).send().await?.error_for_status()?.bytes().await?;
        spans.push(begun.elapsed().as_secs_f64() * 1000.0);
        ensure!(file.len() > 1000, "no file came");
    }
    Ok(quantile(&sorted(spans), 0.5))
}

/// A long revocation list: made anew after one more revocation, beside `openssl ca -gencrl` with as many; and how soon the revocation shows.
async fn lists() -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let data = {
        let world = World::begin(folder.path())?;
        world.data.clone()
    };
    revoke_many(&data).await?;
    let world = World::begin(folder.path())?;
    let operator = world.operator()?;
    let plain = reqwest::Client::builder().no_proxy().build()?;
    let list = format!("http://{}/crl/issuing-01.crl", world.lists()?);
    let fetch = async || anyhow::Ok(plain.get(&list).send().await?.error_for_status()?.bytes().await?);
    let mut length = fetch().await?.len();
    let (mut spans, mut seen) = (Vec::new(), Vec::new());
    for number in 0..5 {
        let doors = Arc::new(Doors::of(&world)?);
        let terminal = issue(doors, noticed(&world, &operator, number).await?).await?;
        let (_, parsed) = x509_parser::pem::parse_x509_pem(terminal.chain.as_bytes())?;
        let serial = parsed.parse_x509()?.raw_serial_as_string().replace(':', "");
        let begun = instant();
        let url = world.url(hosts::operator().name, &format!("/authority/certificates/{serial}/revoke"));
        operator.post(url).send().await?.error_for_status()?;
        let revoked = instant();
        let now = fetch().await?.len();
        spans.push(revoked.elapsed().as_secs_f64() * 1000.0);
        seen.push(begun.elapsed().as_secs_f64() * 1000.0);
        ensure!(now > length, "the revocation is not on the list");
        length = now;
    }
    let peer = peers::openssl_list(folder.path(), ENTRIES)?;
    Ok(vec![
        Figure::new("authority.list", quantile(&sorted(spans), 0.5), "ms", OPENSSL, peer),
        Figure::new("authority.revoke_to_list", quantile(&sorted(seen), 0.5), "ms", OPENSSL, peer),
    ])
}

/// Puts revoked certificates into the register of a center that is not running: copies of one of its own, with serial numbers of their own.
async fn revoke_many(data: &Path) -> anyhow::Result<()> {
    let db = Database::open(&format!("sqlite:{}", data.join("center").join("center.db").display())).await?;
    let one = "SELECT facility_code, terminal_name, der, issued_at, not_after FROM client_certificate LIMIT 1";
    let one = db.query_opt(one, &[]).await?.context("no certificate")?;
    let columns = [
        "serial",
        "request_id",
        "facility_code",
        "terminal_name",
        "key_hash",
        "der",
        "issued_at",
        "not_after",
        "revoked_at",
        "reason",
        "registry_due",
    ];
    for first in (0..ENTRIES).step_by(5000) {
        let rows = (first..first + 5000).map(|number| {
            let serial = format!("{:032x}", (1_u128 << 126) + u128::from(number));
            let (facility, terminal, der) = (one.text(0)?, one.text(1)?, one.bytes(2)?);
            let hash = format!("bench-{number}");
            Ok(values![serial, hash.clone(), facility, terminal, hash, der, one.int(3)?, one.int(4)?, one.int(3)?, 4_i64, 0_i64].to_vec())
        });
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        let mut tx = db.begin().await?;
        tx.insert_many("client_certificate", &columns, rows).await?;
        tx.commit().await?;
    }
    Ok(())
}
