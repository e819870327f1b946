//! A database on other machines is reached under TLS or not at all, and one of several servers may vanish at any moment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chassis::clock;
use chassis::db::{Database, DbError, values};
use chassis::testing::Place;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What stands before the server and can fail in its place.
struct Front {
    port: u16,
    accepting: JoinHandle<()>,
    carried: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Front {
    /// Passes everything on to `server`, under TLS when there is a key for it.
    async fn begin(server: String, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let carried: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
        let kept = Arc::clone(&carried);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _): (TcpStream, SocketAddr) = listener.accept().await.unwrap();
                let carrying = tokio::spawn(carry(stream, server.clone(), tls.clone()));
                kept.lock().unwrap().push(carrying);
            }
        });
        Self { port, accepting, carried }
    }

    /// Every connection breaks, and no new one is taken.
    fn vanish(&self) {
        self.accepting.abort();
        self.carried.lock().unwrap().iter().for_each(JoinHandle::abort);
    }

    /// Returns when the port is free.
    async fn vanish_for_good(mut self) {
        self.vanish();
        assert!((&mut self.accepting).await.unwrap_err().is_cancelled());
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.vanish();
    }
}

async fn carry(mut stream: TcpStream, server: String, tls: Option<TlsAcceptor>) {
    let mut behind = TcpStream::connect(server).await.unwrap();
    // Whoever breaks off is no matter here: it is what the stories are about.
    let Some(tls) = tls else { return drop(copy_bidirectional(&mut stream, &mut behind).await) };
    let mut wish = [0; 8];
    stream.read_exact(&mut wish).await.unwrap();
    stream.write_all(b"S").await.unwrap();
    if let Ok(mut stream) = tls.accept(stream).await {
        drop(copy_bidirectional(&mut stream, &mut behind).await);
    }
}

/// The address of a new database, cut at its server: `127.0.0.1:5432`, and the database's name.
async fn fresh(place: &Place) -> (String, String) {
    let url = place.url().await;
    let (start, name) = url.rsplit_once('/').unwrap();
    (start.rsplit_once('@').unwrap().1.to_owned(), name.to_owned())
}

/// A root in a file, and a server with a certificate below it for `localhost`.
fn identity(place: &Place, file: &str) -> (PathBuf, TlsAcceptor) {
    let mut root = rcgen::CertificateParams::default();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_key = rcgen::KeyPair::generate().unwrap();
    let path = place.folder.path().join(file);
    std::fs::write(&path, root.self_signed(&root_key).unwrap().pem()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &rcgen::Issuer::new(root, root_key)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap();
    (path, TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_way_leads_to_the_right_server_only() {
    let Some(place) = Place::postgres() else { return };
    let (server, name) = fresh(&place).await;
    let (root, tls) = identity(&place, "root.pem");
    let (other_root, _) = identity(&place, "other.pem");
    let front = Front::begin(server.clone(), Some(tls)).await;
    let url = |host: &str, words: &str| format!("postgres://postgres@{host}:{}/{name}?{words}", front.port);
    let (root, other_root) = (root.display(), other_root.display());
    for (host, words) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={root}")),
        ("localhost", format!("sslrootcert={root}")),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={root}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
    ] {
        let db = Database::open(&url(host, &words)).await.unwrap_or_else(|error| panic!("{host} {words}: {error}"));
        db.ping().await.unwrap();
        assert!(!db.url_without_secret().contains("ssl"));
    }
    for (host, words, why) in [
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={root}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={other_root}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=require&sslrootcert={other_root}"), "invalid peer certificate"),
        ("localhost", "sslrootcert=/nowhere.pem".to_owned(), "/nowhere.pem"),
    ] {
        let refusal = Database::open(&url(host, &words)).await.unwrap_err();
        assert!(matches!(refusal, DbError::Protection(_)) && refusal.to_string().contains(why), "{host} {words}: {refusal}");
    }
    let plain = Database::open(&format!("postgres://postgres@{server}/{name}?sslmode=require")).await.unwrap_err();
    assert!(plain.to_string().contains("server does not support TLS"), "{plain}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_takes_over_and_nothing_is_written_twice() {
    let Some(place) = Place::postgres() else { return };
    let (server, name) = fresh(&place).await;
    let (one, two) = (Front::begin(server.clone(), None).await, Front::begin(server, None).await);
    let db = Database::open(&format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/{name}", one.port, two.port)).await.unwrap();
    db.execute("CREATE TABLE shelf (id BIGINT PRIMARY KEY)", &[]).await.unwrap();
    let put = "INSERT INTO shelf (id) VALUES ($1)";
    let mut tx = db.begin().await.unwrap();
    tx.execute(put, &values![1]).await.unwrap();
    let reading = db.clone();
    let reading = tokio::spawn(async move { reading.query("SELECT pg_sleep(0.6), 7", &[]).await });
    let writing = db.clone();
    let writing = tokio::spawn(async move { writing.query("INSERT INTO shelf (id) SELECT 2 FROM pg_sleep(0.6) RETURNING id", &[]).await });
    // Both are under way when the server sees them.
    let under_way = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while db.query_opt(under_way, &[]).await.unwrap().unwrap().int(0).unwrap() < 2 {}
    let vanished = clock::instant();
    one.vanish();
    assert!(tx.execute(put, &values![3]).await.unwrap_err().is_unavailable());
    drop(tx);
    assert_eq!(reading.await.unwrap().unwrap()[0].int(1).unwrap(), 7, "a read is asked again");
    let outcome = writing.await.unwrap().unwrap_err();
    assert!(outcome.is_unavailable(), "nobody can say whether a write took effect: {outcome}");
    for id in 10..30 {
        db.execute(put, &values![id]).await.unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    tx.execute(put, &values![30]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(vanished.elapsed() < Duration::from_secs(5), "{:?}", vanished.elapsed());
    let there = db.query_opt("SELECT COUNT(*) FROM shelf WHERE id >= 10 AND id <= 30 OR id = 1", &[]).await.unwrap();
    assert_eq!(there.unwrap().int(0).unwrap(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_not_waited_for_and_one_that_comes_back_is() {
    let Some(place) = Place::postgres() else { return };
    let (server, name) = fresh(&place).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = Front::begin(server.clone(), None).await;
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", silent.local_addr().unwrap().port(), front.port);
    let db = Database::open(&format!("postgres://postgres@{hosts}/{name}")).await.unwrap();
    db.ping().await.unwrap();
    drop(db);
    let db = Database::open(&format!("postgres://postgres@127.0.0.1:{}/{name}", front.port)).await.unwrap();
    let port = front.port;
    front.vanish_for_good().await;
    let asked = tokio::spawn(async move { db.ping().await });
    let again = async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(carry(stream, server.clone(), None));
        }
    };
    tokio::select! {
        answer = asked => answer.unwrap().unwrap(),
        () = again => {}
    }
}
