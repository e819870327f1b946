//! The proxy tells every terminal, admitted or not, how it is set: the manual's strings, the script, and the same as data.

use crate::town::{Town, plain_curl};

/// Rows: PX-01, PX-02, PX-03, PX-04
#[tokio::test(flavor = "multi_thread")]
async fn the_settings_are_published_exactly_as_the_manuals_print_them() {
    let town = Town::begin().await;
    let (running, proxy) = town.proxy(|_| ());
    let get = async |path: &str| plain_curl(vec![format!("http://{proxy}{path}")]).await;
    let bypass = "*.onshikaku.org;*.flets-east.jp;*.flets-west.jp;*.lineauth.mnw;*.obn.managedpki.ne.jp;*.cybertrust.ne.jp;*.secomtrust.net;*.rece;pweb.base.oqs-pdl.org";
    assert_eq!(get("/bypass.txt").await.body, format!("{bypass}\n"));
    let display = format!("現在の WinHTTP プロキシ設定\nプロキシ サーバー : proxy.base.oqs-pdl.org:8080\nバイパス一覧 : {bypass}\n");
    assert_eq!(get("/winhttp.txt").await.body, display);
    for path in ["/proxy.pac", "/wpad.dat"] {
        let script = get(path).await;
        assert_eq!((script.status, script.header("content-type")), (200, Some("application/x-ns-proxy-autoconfig")));
        assert!(script.body.contains("return \"PROXY proxy.base.oqs-pdl.org:8080\";"), "{}", script.body);
    }
    let data: serde_json::Value = serde_json::from_str(&get("/settings.json").await.body).unwrap();
    assert_eq!(data["bypass_text"], bypass);
    assert_eq!(data["winhttp"]["import_command"], "netsh winhttp import proxy source=ie");
    let page = get("/").await;
    for shown in [bypass, "8080", "netsh winhttp import proxy source=ie", "netsh winhttp show proxy", "Windows Update", "予定はありません"]
    {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert_eq!(get("/nothing").await.status, 404);
    running.stop(std::time::Duration::from_secs(5)).await;
}

/// Runs the script as a browser would, where a JavaScript engine is at hand.
///
/// Rows: PX-02
#[tokio::test(flavor = "multi_thread")]
async fn the_script_sends_each_host_its_right_way() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("hweb.oqs.onshikaku.org", "DIRECT"),
        ("WWW.LINEAUTH.MNW", "DIRECT"),
        ("pweb.base.oqs-pdl.org", "DIRECT"),
        ("delivery.base.oqs-pdl.org", "PROXY proxy.base.oqs-pdl.org:8080"),
        ("d2vhvuj0j7c8bh.cloudfront.net", "PROXY proxy.base.oqs-pdl.org:8080"),
        ("evilonshikaku.org", "PROXY proxy.base.oqs-pdl.org:8080"),
    ];
    // The one function of browsers that the script calls, as they all define it.
    let mut program = "function shExpMatch(host, pattern) {\n  const escaped = pattern.replace(/[.+^${}()|[\\]\\\\]/g, '\\\\$&');\n  return new RegExp('^' + escaped.replace(/\\*/g, '.*').replace(/\\?/g, '.') + '$').test(host);\n}\n".to_owned();
    program.push_str(&manuals::proxy::pac());
    for (host, _) in cases {
        program.push_str(&format!("console.log(FindProxyForURL('http://{host}/', '{host}'));\n"));
    }
    let path = folder.path().join("proxy.js");
    std::fs::write(&path, program).unwrap();
    match std::process::Command::new("node").arg(&path).output() {
        Ok(output) => {
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said.lines().collect::<Vec<_>>(), cases.map(|(_, way)| way), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
