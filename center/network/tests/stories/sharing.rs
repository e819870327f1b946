//! One line cannot take all places; a proxy that stops keeps open tunnels for its grace and takes nobody new; snapshots are followed.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::town::{CONTENT, HOST, Town, tunnel};

const HERE: &[&str] = &["127.0.0.1/32"];

async fn answer(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn open(proxy: SocketAddr) -> (TcpStream, String) {
    tunnel(proxy, &format!("{HOST}:443")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_has_so_many_connections_and_is_told_when_it_has_them() {
    let mut town = Town::begin().await;
    town.publish(HERE, None).await;
    let (running, proxy) = town.proxy(|config| config.connections_per_line = 2);
    let ((mut first, head), (_second, other)) = (open(proxy).await, open(proxy).await);
    assert!(head.starts_with("HTTP/1.1 200") && other.starts_with("HTTP/1.1 200"));
    let (_third, refused) = open(proxy).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.to_lowercase().contains("retry-after: 10"), "{refused}");
    assert!(answer(&mut first).await.ends_with(CONTENT));
    drop(first);
    // Its place is given back as soon as the proxy has noticed: soon, but not at this very moment.
    let again = async {
        while !open(proxy).await.1.starts_with("HTTP/1.1 200") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
    running.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_stops_keeps_its_tunnels_and_takes_nobody_new() {
    let mut town = Town::begin().await;
    town.publish(HERE, None).await;
    let (running, proxy) = town.proxy(|config| config.threads = 2);
    let (mut kept, head) = open(proxy).await;
    assert!(head.starts_with("HTTP/1.1 200"));
    let stopped = tokio::spawn(running.stop(Duration::from_secs(60)));
    let refused = async {
        while TcpStream::connect(proxy).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused).await.unwrap();
    assert!(!stopped.is_finished());
    assert!(answer(&mut kept).await.ends_with(CONTENT));
    drop(kept);
    tokio::time::timeout(Duration::from_secs(20), stopped).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_caller_is_sent_away() {
    let mut town = Town::begin().await;
    town.publish(HERE, None).await;
    let (running, proxy) = town.proxy(|config| config.header_seconds = 1);
    let mut silent = TcpStream::connect(proxy).await.unwrap();
    silent.write_all(b"CONNECT d2vhv").await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), silent.read_to_end(&mut said)).await.unwrap().unwrap();
    running.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_or_forged_snapshot_changes_nothing() {
    let mut town = Town::begin().await;
    town.publish(HERE, None).await;
    let first = std::fs::read(town.path("registry.signed")).unwrap();
    town.clock.advance(SignedDuration::from_mins(1));
    town.publish(&[], None).await;
    let taken = |town: &Town| town.latest.borrow().as_ref().unwrap().number();
    assert_eq!(taken(&town), 2);
    // Someone shows the list of yesterday again, in which a dismissed line still stands.
    std::fs::write(town.path("registry.signed"), &first).unwrap();
    assert!(town.look().await.is_err());
    let mut forged = first.clone();
    forged.push(b' ');
    std::fs::write(town.path("registry.signed"), &forged).unwrap();
    assert!(town.look().await.is_err());
    assert_eq!(taken(&town), 2);
    std::fs::remove_file(town.path("registry.signed")).unwrap();
    assert!(town.look().await.is_err());
    assert_eq!(taken(&town), 2);
}
