//! MPKIクライアントの取得: the program that keeps a terminal's certificate from expiring, for whoever sets up a terminal (CA-08, MP-01 to MP-07).

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use manuals::certificate;
use manuals::situation::Situation;

use super::sheet::Part;
use super::{BY_LINE, Desk, answered, attachment, refused, words};
use crate::Error;

/// The most files that are offered.
const MOST: usize = 20;

/// The files that the operator offers, by name.
async fn offered(desk: &Desk) -> Result<Vec<String>, Error> {
    let folder = desk.authority.config().client_folder.clone();
    if folder.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let unusable = |error| Error::File(folder.display().to_string(), error);
    let mut entries = tokio::fs::read_dir(&folder).await.map_err(unusable)?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(unusable)? {
        let plain = entry.file_type().await.is_ok_and(|kind| kind.is_file());
        match entry.file_name().into_string() {
            Ok(name) if plain && is_plain(&name) && names.len() < MOST => names.push(name),
            _ => {}
        }
    }
    names.sort();
    Ok(names)
}

/// A name that stands in an address and in a header as it is.
fn is_plain(name: &str) -> bool {
    !name.starts_with('.') && name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

pub(super) async fn page(State(desk): State<Desk>, request: Request) -> Response {
    let visit = match desk.visit(request, BY_LINE).await {
        Ok(visit) => visit,
        Err(refused) => return refused,
    };
    let names = match offered(&desk).await {
        Ok(names) => names,
        Err(error) => return answered(Err(error)),
    };
    let (l, path) = (visit.l, certificate::sheet().path.client);
    let purpose = "有効期限の前に更新をお知らせし、電子証明書を自動で更新する常駐プログラムです。";
    let mut parts = vec![Part::said("", [purpose])];
    if names.is_empty() {
        parts.push(Part::said(
            "note",
            [
                "このセンターでは、連携アプリケーション（onshi）が電子証明書の取得、お知らせ、更新、バックアップを行います。",
                "onshi clinic certificate get で取得し、onshi clinic bridge が更新します。",
            ],
        ));
    } else {
        let links = names.into_iter().map(|name| (format!("{path}/{name}"), name)).collect();
        parts.push(Part::links(links));
        parts
            .push(Part::said("note", ["新しい版が知らされたときは、古い版をアンインストールしてから、ここで新しい版を取得してください。"]));
    }
    let client = &certificate::sheet().client;
    let facts = vec![
        ("本番の共通認証局で配られるもの".to_owned(), format!("{}（{}）", client.name, client.installer)),
        ("対応OS".to_owned(), client.systems.join("、")),
        ("依存するソフトウェア".to_owned(), format!("{}以上", client.needs)),
        ("表示言語".to_owned(), client.language.to_owned()),
        ("サポートするProxy認証の種類".to_owned(), client.proxy_authentication.join("、")),
    ];
    parts.push(Part::facts(Some(l.choose("MPKIクライアントとは", "The MPKI client")), facts));
    words::show(l, StatusCode::OK, l.choose("MPKIクライアントの取得", "The client program"), parts)
}

pub(super) async fn file(State(desk): State<Desk>, Path(name): Path<String>, request: Request) -> Response {
    if let Err(refused) = desk.visit(request, BY_LINE).await {
        return refused;
    }
    match offered(&desk).await {
        Ok(names) if names.contains(&name) => {
            let path = desk.authority.config().client_folder.join(&name);
            match tokio::fs::read(&path).await {
                Ok(bytes) => attachment("application/octet-stream", &name, bytes),
                Err(error) => answered(Err(Error::File(path.display().to_string(), error))),
            }
        }
        Ok(_) => refused(Situation::NotFound),
        Err(error) => answered(Err(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder_or_into_a_header() {
        assert!(is_plain("onshi-clinic-1.2.msi"));
        for wrong in ["..", ".hidden", "a/b", "a\\b", "a\"b", "a b", "あ", &"a".repeat(101)] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
