//! The authority's host as other people's programs reach it: by its own name over TLS, through a proxy that leads every name to this machine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use authority::acme::{self, Acme};
use authority::{est, pem_of};
use chassis::clock::Clock;
use chassis::serve::{self, Doors, Limits, Running};
use chassis::testing::Place;
use chassis::tls::{self, ByName};
use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::counter::admit_line;
use crate::town::Town;

pub(crate) struct Hall {
    pub(crate) town: Town,
    /// The center's clock, which a story drives; programs look at the machine's.
    pub(crate) clock: Clock,
    pub(crate) folder: PathBuf,
    proxy: SocketAddr,
    running: Running,
}

impl Hall {
    /// Opens with the center's clock so far behind the machine's that a certificate made now will have `days` left when it is set right.
    pub(crate) async fn open(place: &Place, days: i64) -> Self {
        let life = i64::from(authority::Config::default().certificate_days);
        let start = Clock::system().now() - SignedDuration::from_hours(24 * (life - days));
        let town = Town::begin_at(place, start).await;
        admit_line(&town, "127.0.0.1/32", start).await;
        let clock = Clock::driven(start);
        let vault = Vault::open(&place.folder.path().join("keys"), None).unwrap();
        let acme = Acme::open(&town.authority, &vault).unwrap();
        let routes = acme::routes(acme, town.registry.clone(), clock.clone()).merge(est::routes(
            town.authority.clone(),
            town.registry.clone(),
            clock.clone(),
        ));
        let host = manuals::hosts::authority();
        let mut names = ByName::default();
        let known = vec![host.name.to_owned()];
        // Programs look at the machine's clock when they look at this certificate.
        let identity = town.authority.host_identity(&known, Clock::system().now()).unwrap();
        let issuers = town.authority.client_issuer_names().into_iter().map(Into::into).collect();
        names.add(&known, &tls::server_config(host.name, &identity, Some(issuers)).unwrap());
        let client_roots = tls::trust_anchors(&town.authority.ca_chain()).unwrap();
        let routes = HashMap::from([(Arc::from(host.name), routes)]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running =
            serve::open(listener, Doors { names, routes, client_roots, limits: Limits::default(), clock: clock.clone() }).unwrap();
        let proxy = lead_to(running.address).await;
        let folder = place.folder.path().to_owned();
        std::fs::write(folder.join("root.pem"), pem_of(town.authority.server_root())).unwrap();
        Self { town, clock, folder, proxy, running }
    }

    /// Sets the center's clock right.
    pub(crate) fn today(&self) -> Timestamp {
        let now = Clock::system().now();
        self.clock.set(now);
        now
    }

    /// A program that reaches the host by its name and trusts its root.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        let root = self.folder.join("root.pem");
        command.current_dir(&self.folder).env("HOME", &self.folder).env_remove("NO_PROXY").env_remove("no_proxy");
        for name in ["HTTPS_PROXY", "https_proxy"] {
            command.env(name, format!("http://{}", self.proxy));
        }
        for name in ["REQUESTS_CA_BUNDLE", "LEGO_CA_CERTIFICATES", "CURL_CA_BUNDLE"] {
            command.env(name, &root);
        }
        command
    }

    pub(crate) async fn close(self) {
        self.running.stop().await;
    }
}

/// Runs a program that must succeed, beside the story's other work; returns all it said.
pub(crate) async fn said(command: Command) -> String {
    let (output, text) = ended(command).await;
    assert!(output.status.success(), "{text}");
    text
}

/// Runs a program to its end, however that is.
pub(crate) async fn ended(mut command: Command) -> (Output, String) {
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("{shown} cannot be run: {error}"));
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output, text)
}

/// A proxy that takes every tunnel to one address.
async fn lead_to(target: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(tunnel(stream, target));
        }
    });
    address
}

async fn tunnel(mut stream: TcpStream, target: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await?);
    }
    let mut center = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut stream, &mut center).await.map(|_| ())
}
