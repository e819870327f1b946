//! curl goes through the proxy: to the hosts of the list, nowhere else, not while it is closed, and not from a line that is not admitted.

use jiff::SignedDuration;
use network::proxy::Further;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::town::{CONTENT, HOST, Town, curl, plain_curl, tunnel};

const HERE: &[&str] = &["127.0.0.1/32"];

/// Rows: PX-01, PX-05, PX-07
#[tokio::test(flavor = "multi_thread")]
async fn curl_reaches_the_cloud_by_tunnel_and_in_the_clear_without_a_log_in() {
    let mut town = Town::begin().await;
    town.publish(HERE, None).await;
    let (running, proxy) = town.proxy(|_| ());
    let url = format!("http://{HOST}/OQS/setup.zip?v=1");
    let clear = curl(proxy, &[&url]).await;
    assert_eq!((clear.status, clear.body.as_str()), (200, CONTENT));
    let asked = clear.header("x-asked").unwrap();
    assert!(asked.starts_with("GET /OQS/setup.zip?v=1 HTTP/1.1") && asked.contains(&format!("host: {HOST}")), "{asked}");
    assert!(!asked.contains("proxy-connection") && clear.header("via").is_some(), "{clear:?}");
    let tunnelled = curl(proxy, &["--proxytunnel", &url]).await;
    assert_eq!((tunnelled.status, tunnelled.body.as_str()), (200, CONTENT));
    assert!(tunnelled.header("via").is_none(), "nobody looks into a tunnel");
    // The name of a log-in that a browser sends all the same is not passed on.
    let named = curl(proxy, &["--proxy-user", "a:b", &url]).await;
    assert!(named.status == 200 && !named.header("x-asked").unwrap().contains("authorization"));
    running.stop(std::time::Duration::from_secs(5)).await;
}

/// Rows: PX-06
#[tokio::test(flavor = "multi_thread")]
async fn everything_off_the_list_is_refused_with_words_that_help() {
    let mut town = Town::begin().await;
    town.publish(HERE, None).await;
    let further = Further { host: "localhost".to_owned(), ports: vec![80, town.host.port()], private: false };
    let (running, proxy) = town.proxy(|config| config.further = vec![further]);
    let foreign = curl(proxy, &["http://www.example.com/"]).await;
    assert_eq!((foreign.status, foreign.header("proxy-status").unwrap().contains("error=http_request_denied")), (403, true));
    assert!(foreign.body.contains("OQSA1101E") && foreign.body.contains("この宛先にはつなげません"), "{}", foreign.body);
    for target in ["https://www.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/"] {
        assert_eq!(curl(proxy, &[target]).await.status, 403, "{target}");
    }
    // On the operator's own list, but its name leads to this machine: a trap, unless the list says that it may.
    let trap = curl(proxy, &[&format!("http://localhost:{}/", town.host.port())]).await;
    assert_eq!(trap.status, 502);
    assert!(trap.header("proxy-status").unwrap().contains("error=destination_ip_prohibited"), "{trap:?}");
    // What should go past the proxy names the entry that the terminal lacks, as a page for browsers and as data for programs.
    let page = curl(proxy, &["--header", "Accept: text/html", "http://hweb.oqs.onshikaku.org/web/"]).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("不足しているアドレス") && page.body.contains("<code>*.onshikaku.org</code>"), "{}", page.body);
    let style = page.body.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
    let style = curl(proxy, &[&format!("http://hweb.oqs.onshikaku.org/assets/{style}")]).await;
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    let data = curl(proxy, &["--header", "Accept: application/json", "http://pweb.base.oqs-pdl.org/"]).await;
    let data: serde_json::Value = serde_json::from_str(&data.body).unwrap();
    assert_eq!((data["code"].as_str(), data["missing_bypass_entry"].as_str()), (Some("OQSA1102E"), Some("pweb.base.oqs-pdl.org")));
    let post = curl(proxy, &["--data", "x", &format!("http://{HOST}/")]).await;
    assert_eq!((post.status, post.header("allow")), (405, Some("CONNECT, GET, HEAD")));
    running.stop(std::time::Duration::from_secs(5)).await;
}

/// Rows: PX-10
#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_closed_the_proxy_says_when_it_opens_again_and_keeps_open_tunnels() {
    let mut town = Town::begin().await;
    town.publish(HERE, Some((SignedDuration::from_hours(1), SignedDuration::from_hours(5)))).await;
    let (running, proxy) = town.proxy(|_| ());
    let url = format!("http://{HOST}/");
    assert_eq!(curl(proxy, &[&url]).await.status, 200);
    let (mut open, head) = tunnel(proxy, &format!("{HOST}:443")).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    // 10:00 in Japan; it opens at 14:00.
    town.clock.advance(SignedDuration::from_hours(1));
    let closed = curl(proxy, &[&url]).await;
    assert_eq!((closed.status, closed.header("retry-after")), (503, Some("14400")));
    assert_eq!(closed.header("onshi-reopens-at"), Some("2026-07-15T05:00:00Z"));
    assert!(closed.body.contains("再開の予定: 2026年7月15日（水）14時00分（日本時間）"), "{}", closed.body);
    assert!(closed.body.contains("pweb.base.oqs-pdl.org") && closed.body.contains("Windows Update"), "{}", closed.body);
    let page = curl(proxy, &["--header", "Accept: text/html", &url]).await;
    assert!(page.body.contains("<strong>2026年7月15日（水）14時00分</strong>"), "{}", page.body);
    let refused = curl(proxy, &["--proxytunnel", &url]).await;
    assert_eq!(refused.status, 503);
    // What was begun before goes on.
    open.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with(CONTENT));
    // The schedule stands on the proxy's own page at any hour.
    let shown = plain_curl(vec![format!("http://{proxy}/")]).await;
    assert!(shown.body.contains("いまは閉塞中です") && shown.body.contains("2026年7月15日（水）10時00分"), "{}", shown.body);
    town.clock.advance(SignedDuration::from_hours(4));
    assert_eq!(curl(proxy, &[&url]).await.status, 200);
    running.stop(std::time::Duration::from_secs(5)).await;
}

/// Rows: LA-13
#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_told_how_to_be_admitted_and_enters_with_the_next_snapshot() {
    let mut town = Town::begin().await;
    let (running, proxy) = town.proxy(|_| ());
    let url = format!("http://{HOST}/");
    let nothing_known = curl(proxy, &[&url]).await;
    assert!(nothing_known.status == 503 && nothing_known.body.contains("OQSE3104E"), "{nothing_known:?}");
    town.publish(&["2408:210:aaaa:bb00::/64"], None).await;
    let page = curl(proxy, &["--header", "Accept: text/html", &url]).await;
    assert_eq!(page.status, 403);
    assert!(
        page.body.contains("https://www.lineauth.mnw/") && page.body.contains("希望する") && page.body.contains("OQSA1001E"),
        "{}",
        page.body
    );
    assert!(page.body.contains("<code>127.0.0.1</code>"), "what the help desk asks for");
    town.publish(HERE, None).await;
    assert_eq!(curl(proxy, &[&url]).await.status, 200);
    // Nobody renews the list: what is too old admits nobody.
    town.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(curl(proxy, &[&url]).await.status, 503);
    running.stop(std::time::Duration::from_secs(5)).await;
}
