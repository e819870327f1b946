//! A proxy with a snapshot of its own, a host behind it, and curl before it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use chassis::clock::Clock;
use chassis::signed::SigningKey;
use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use network::proxy::{Config, Proxy, Running};
use network::snapshot::{Follower, Latest, Source};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::snapshot::{Closure, KIND, Snapshot};

/// The distribution cloud (PX-05).
pub(crate) const HOST: &str = "d2vhvuj0j7c8bh.cloudfront.net";
pub(crate) const CONTENT: &str = "the newest software";

/// 9:00 in Japan on 15 July 2026.
pub(crate) fn now() -> Timestamp {
    "2026-07-15T00:00:00Z".parse().unwrap()
}

pub(crate) struct Town {
    folder: TempDir,
    key: SigningKey,
    pub(crate) clock: Clock,
    follower: Follower,
    pub(crate) latest: Latest,
    number: u64,
    pub(crate) host: SocketAddr,
}

/// A host that answers every request with the same page and ends.
async fn host() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = Vec::new();
                while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                    if stream.read_buf(&mut asked).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let asked = String::from_utf8_lossy(&asked).replace("\r\n", " | ");
                let head = format!("HTTP/1.1 200 OK\r\nX-Asked: {asked}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", CONTENT.len());
                let _gone = stream.write_all(format!("{head}{CONTENT}").as_bytes()).await;
            });
        }
    });
    address
}

impl Town {
    pub(crate) async fn begin() -> Self {
        let folder = TempDir::new().unwrap();
        let key = SigningKey::load_or_create(&Vault::open(&folder.path().join("keys"), None).unwrap(), "signing").unwrap();
        let clock = Clock::driven(now());
        let source = Source::File(folder.path().join("registry.signed"));
        let (follower, latest) = Follower::new(source, vec![key.public().clone()], clock.clone());
        Self { folder, key, clock, follower, latest, number: 0, host: host().await }
    }

    /// Publishes a snapshot and lets the proxy look.
    pub(crate) async fn publish(&mut self, admitted: &[&str], closed: Option<(SignedDuration, SignedDuration)>) {
        self.number += 1;
        let made_at = self.clock.now();
        let closure = closed.map(|(from, until)| Closure {
            closure_id: "c1".to_owned(),
            service: "proxy".to_owned(),
            begins_at: made_at + from,
            ends_at: made_at + until,
            reason: "定期保守".to_owned(),
        });
        let snapshot = Snapshot {
            number: self.number,
            made_at,
            valid_until: made_at + SignedDuration::from_hours(24),
            closures: closure.into_iter().collect(),
            admitted: admitted.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        };
        // Another length each time, so that a coarse clock of the file system hides nothing.
        let mut content = snapshot.write();
        content.extend(std::iter::repeat_n(b' ', usize::try_from(self.number).unwrap()));
        std::fs::write(self.folder.path().join("registry.signed"), self.key.seal(KIND, &content)).unwrap();
        assert!(self.follower.look().await.unwrap());
    }

    /// Lets the proxy look for a new snapshot.
    pub(crate) async fn look(&mut self) -> Result<bool, network::snapshot::Refused> {
        self.follower.look().await
    }

    /// A proxy that maps the cloud to the host of this town.
    pub(crate) fn proxy(&self, change: impl FnOnce(&mut Config)) -> (Running, SocketAddr) {
        let hosts = BTreeMap::from([(HOST.to_owned(), vec![self.host])]);
        let mut config = Config { hosts, ..Config::default() };
        change(&mut config);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let running = Proxy::new(config, self.latest.clone(), self.clock.clone()).serve(vec![listener]).unwrap();
        let address = running.addresses[0];
        (running, address)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What curl saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The status of the answer, or of the proxy's refusal of a tunnel.
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.headers.lines().find(line).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }
}

/// Runs curl through the proxy.
pub(crate) async fn curl(proxy: SocketAddr, arguments: &[&str]) -> Seen {
    let mut command = vec!["--proxy".to_owned(), format!("http://{proxy}")];
    command.extend(arguments.iter().map(ToString::to_string));
    plain_curl(command).await
}

pub(crate) async fn plain_curl(arguments: Vec<String>) -> Seen {
    tokio::task::spawn_blocking(move || {
        let mut command = Command::new("curl");
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"] {
            command.env_remove(name);
        }
        command.args(["--silent", "--max-time", "60", "--include", "--suppress-connect-headers"]);
        let output = command.args(["--write-out", "\n%{http_code} %{http_connect}"]).args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (said, codes) = said.rsplit_once('\n').unwrap();
        let codes: Vec<u16> = codes.split(' ').map(|code| code.parse().unwrap()).collect();
        let (headers, body) = said.split_once("\r\n\r\n").unwrap_or((said, ""));
        let status = if codes[0] == 0 { codes[1] } else { codes[0] };
        Seen { status, body: body.to_owned(), headers: headers.to_owned() }
    })
    .await
    .unwrap()
}

/// Opens a tunnel by hand; the answer's head.
pub(crate) async fn tunnel(proxy: SocketAddr, target: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap() == 0 {
            break;
        }
    }
    (stream, String::from_utf8_lossy(&head).into_owned())
}
