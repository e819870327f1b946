//! ルート証明書: the root by which browsers know the authority's hosts, with its fingerprint and how it is installed (CA-11, CA-26 to CA-28).

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use manuals::{certificate, messages};

use super::sheet::Part;
use super::{BY_LINE, Desk, attachment, words};
use crate::{fingerprint, pem_of};

/// The file's name.
const FILE: &str = "root.cer";

pub(super) fn file_path() -> String {
    format!("{}/{FILE}", certificate::sheet().path.root)
}

/// A page for a browser, all roots as PEM for a program.
pub(super) async fn page(State(desk): State<Desk>, request: Request) -> Response {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_browser = accepted.contains("text/html");
    let visit = match desk.visit(request, BY_LINE).await {
        Ok(visit) => visit,
        Err(refused) => return refused,
    };
    if !is_browser {
        let mut text = pem_of(desk.authority.server_root());
        text.extend(desk.authority.client_roots().iter().map(|root| pem_of(root)));
        return ([(header::CONTENT_TYPE, "application/x-pem-file"), (header::VARY, "accept")], text).into_response();
    }
    let l = visit.l;
    let said = |key: &str| messages::by_key(key).map_or("", |message| message.text);
    let lines = [
        format!("「{}」と表示されるときは、このルート証明書をインストールしてください。", said("certificate-site-not-trusted")),
        format!("本番の共通認証局では「{}」がこれにあたります。", certificate::sheet().site_root),
    ];
    let print = fingerprint(desk.authority.server_root()).to_ascii_uppercase();
    let pairs: Vec<String> = print.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    let parts = vec![
        Part::said("", lines),
        Part::facts(None, vec![(l.choose("指紋（SHA-256）", "Fingerprint (SHA-256)").to_owned(), pairs.join(":"))]),
        Part::links(vec![(file_path(), l.choose("ルート証明書をダウンロードする", "Download").to_owned())]),
        Part {
            heading: Some(l.choose("ルート証明書のインストール", "Installing").to_owned()), steps: installing(), ..Part::default()
        },
    ];
    words::show(l, StatusCode::OK, l.choose("ルート証明書の取得", "Root certificate"), parts)
}

/// The nine steps of the manual (CA-28).
fn installing() -> Vec<String> {
    let imported = messages::by_key("certificate-imported").and_then(|message| message.also.first()).copied().unwrap_or_default();
    [
        "ダウンロードしたルート証明書をダブルクリックします。",
        "「セキュリティの警告」画面で「開く」をクリックします。",
        "「証明書のインストール」をクリックします。",
        "「現在のユーザー」が選択されていることを確認し、「次へ」をクリックします。",
        "「証明書をすべて次のストアに配置する」を選択し、「参照」をクリックします。",
        "「信頼されたルート証明機関」を選択して「OK」をクリックします。",
        "「信頼されたルート証明機関」が表示されていることを確認して「次へ」をクリックします。",
        "「完了」をクリックします。",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("「{imported}」のメッセージを確認し、「OK」をクリックします。")])
    .collect()
}

pub(super) async fn file(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(_) => attachment("application/pkix-cert", FILE, desk.authority.server_root().to_vec()),
        Err(refused) => refused,
    }
}
