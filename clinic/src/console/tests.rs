//! A person presses the button, waits, and reads the report; a page of another site does nothing.

use super::*;
use tokio::sync::Notify;

struct Place {
    address: SocketAddr,
    /// Lets the look end.
    ends: Arc<Notify>,
    begun: Arc<std::sync::atomic::AtomicUsize>,
    client: reqwest::Client,
}

async fn place() -> Place {
    let (ends, begun) = (Arc::new(Notify::new()), Arc::new(std::sync::atomic::AtomicUsize::new(0)));
    let look: Look = {
        let (ends, begun) = (ends.clone(), begun.clone());
        Arc::new(move || {
            let (ends, begun) = (ends.clone(), begun.clone());
            Box::pin(async move {
                begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                ends.notified().await;
                "<!doctype html><main>\n<h1>異常なし</h1></main>".to_owned()
            })
        })
    };
    let console = Console::new(look, Duration::from_secs(10), Clock::driven("2026-11-20T01:00:00Z".parse().unwrap())).unwrap();
    let listener = Console::listen(0).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(console.serve(listener));
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Place { address, ends, begun, client }
}

impl Place {
    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(self.at(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, body: String, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = self.client.post(self.at(path)).header("content-type", "application/x-www-form-urlencoded").body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn token(&self) -> String {
        let (_, page) = self.get("/").await;
        page.split_once("name=\"token\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    }
}

#[tokio::test]
async fn the_button_is_pressed_and_the_report_comes() {
    let place = place().await;
    let (status, start) = place.get("/").await;
    assert_eq!(status, 200);
    // 10:00 in Japan on a Friday.
    assert!(start.contains("class=\"large\">調べる") && start.contains("受付中です。今日 17:00 まで。"), "{start}");
    for word in ["DNS", "IPv6アドレス設定", "プレフィックス", "ルーティング"] {
        assert!(!start.contains(word), "the front desk reads {word}");
    }
    assert_eq!(place.get(pages::REPORT).await.0, 303, "there is no report yet");
    let token = place.token().await;
    assert_eq!(place.post(pages::LOOK, format!("token={token}"), &[]).await.0, 303);
    assert_eq!(place.post(pages::LOOK, format!("token={token}"), &[]).await.0, 303, "pressed twice");
    let (status, waiting) = place.get(pages::PROGRESS).await;
    assert!(status == 200 && waiting.contains("http-equiv=\"refresh\"") && waiting.contains("<progress max=\"10\""), "{waiting}");
    place.ends.notify_one();
    let report = loop {
        let (status, page) = place.get(pages::REPORT).await;
        if status == 200 {
            break page;
        }
        tokio::task::yield_now().await;
    };
    assert!(report.contains("異常なし") && report.contains("最初の画面に戻る"), "{report}");
    assert_eq!(place.begun.load(std::sync::atomic::Ordering::SeqCst), 1, "pressed twice, looked once");
    assert!(place.get("/").await.1.contains("前に調べた結果（11月20日 10:00）を見る"));
}

#[tokio::test]
async fn nothing_happens_for_a_page_of_another_site() {
    let place = place().await;
    let token = place.token().await;
    let own = format!("token={token}");
    for (body, headers) in [
        (own.clone(), vec![("origin", "https://evil.example")]),
        (own.clone(), vec![("sec-fetch-site", "cross-site")]),
        (own.clone(), vec![("host", "evil.example")]),
        ("token=guess".to_owned(), vec![]),
        (String::new(), vec![]),
    ] {
        assert_eq!(place.post(pages::LOOK, body, &headers).await.0, 403, "{headers:?}");
    }
    assert_eq!(place.client.get(place.at("/")).header("host", "evil.example").send().await.unwrap().status(), 403);
    assert_eq!(place.begun.load(std::sync::atomic::Ordering::SeqCst), 0);
    let answer = place.client.get(place.at("/")).send().await.unwrap();
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    let large = format!("token={token}&text={}", "a".repeat(MAX_FORM));
    assert_eq!(place.post(pages::LINT, large, &[]).await.0, 413);
    assert_eq!(place.get("/nothing").await.0, 404);
    assert_eq!(place.get(&format!("/?{}", "a".repeat(MAX_ADDRESS))).await.0, 403);
}

#[tokio::test]
async fn recipes_and_questions_are_there_too() {
    let place = place().await;
    let (_, page) = place.get("/router?device=ix&prefecture=tokyo").await;
    assert!(page.contains("url-list oqs permit") && page.contains("東日本"), "{page}");
    let token = place.token().await;
    let (status, page) =
        place.post(pages::LINT, format!("token={token}&dialect=dnsmasq&text=server%3D%2Flineauth.mnw%2Ffe80%3A%3A1"), &[]).await;
    assert!(status == 200 && page.contains("上のルーター fe80::1 に聞いています"), "{page}");
    let (_, page) = place.get("/faq?words=P11019").await;
    assert!(page.contains("接続の対象でない回線"), "{page}");
    assert!(place.get("/style.css").await.1.contains("button.large"));
}
