//! 電子証明書の取得: the two ids of the notice and a password typed twice become a PFX file (CA-07, CA-14 to CA-18).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use manuals::certificate::{self, Installation};
use manuals::situation::Situation;
use manuals::{hosts, messages};
use registry::rules::form::Mistake;
use secrecy::SecretString;

use super::sheet::{Button, Field, Form, Kind, Part, Sheet};
use super::ticket::Ticket;
use super::{Answer, BY_LINE, Desk, Visit, answered, beside, password_mistakes, pfx_file, refused, typed, words};
use chassis::pfx::Strength;

pub(super) async fn blank(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(visit) => answered(page(&desk, &visit, StatusCode::OK, &[])),
        Err(refused) => refused,
    }
}

pub(super) async fn fetch(State(desk): State<Desk>, request: Request) -> Response {
    match desk.visit(request, BY_LINE).await {
        Ok(visit) => answered(fetched(&desk, &visit).await),
        Err(refused) => refused,
    }
}

async fn fetched(desk: &Desk, visit: &Visit) -> Answer {
    if !matches!(desk.ticket(visit), Some(Ticket::Retrieval)) {
        return Ok(words::session_over(visit.l, certificate::sheet().path.download));
    }
    let password = SecretString::from(visit.field("password").to_owned());
    let mut mistakes = password_mistakes(&password, Some(visit.field("password_again")));
    let (request_id, reference_id) = match typed::ids(visit.field("request_id"), visit.field("reference_id")) {
        Ok(ids) if mistakes.is_empty() => ids,
        ids => {
            let mut all = ids.err().unwrap_or_default();
            all.append(&mut mistakes);
            return page(desk, visit, StatusCode::UNPROCESSABLE_ENTITY, &all);
        }
    };
    let proof = match desk.authority.prove(&request_id, &reference_id.into(), Some(visit.caller.address), visit.now).await? {
        Ok(proof) => proof,
        Err(situation) => return again(desk, visit, situation),
    };
    let strength = if visit.field("compatible") == "yes" { Strength::Compatible } else { Strength::Modern };
    match desk.authority.retrieve_pfx(&proof, &password, strength, visit.now).await? {
        Ok(file) => Ok(pfx_file(&request_id, file)),
        Err(situation) => again(desk, visit, situation),
    }
}

fn again(desk: &Desk, visit: &Visit, situation: Situation) -> Answer {
    let field = match situation {
        Situation::NoticeUnknown | Situation::NoticeExpired | Situation::NoticeUsed | Situation::AccountLocked => "request_id",
        Situation::BadPfxPassword => "password",
        _ => return Ok(refused(situation)),
    };
    let (status, mistakes) = beside(field, situation);
    page(desk, visit, status, &mistakes)
}

fn page(desk: &Desk, visit: &Visit, status: StatusCode, mistakes: &[Mistake]) -> Answer {
    let (sheet, l) = (certificate::sheet(), visit.l);
    let screen = &sheet.screen.retrieval;
    let [request, reference, password, again] = sheet.retrieval.fields.as_slice() else { return Ok(refused(Situation::InternalError)) };
    let hint = l.choose("半角数字4桁", "Four half-width digits");
    let fields = vec![
        Field::new("request_id", request, Kind::Number, visit.field("request_id")),
        Field::new("reference_id", reference, Kind::Code, visit.field("reference_id")),
        Field::new("password", password, Kind::Password, "").hint(hint),
        Field::new("password_again", again, Kind::Password, "").hint(hint),
        Field {
            tick: l.choose("Windows Server 2016 以前などの古い機器で使う", "For Windows Server 2016 and older").to_owned(),
            ..Field::new("compatible", l.choose("互換形式", "Compatible format"), Kind::Tick, visit.field("compatible"))
        },
    ];
    let form = Form {
        action: sheet.path.download.to_owned(),
        hidden: desk.hand_out(Ticket::Retrieval, visit.now)?,
        fields,
        buttons: vec![Button::new("fetch", sheet.retrieval.button)],
    };
    let mut parts = vec![Part::said("", screen.intro.clone())];
    if l == chassis::page::Language::English {
        parts.push(Part::said("", ["Enter the two ids of your notice, and any four digits as the password of the file, twice."]));
    }
    parts.push(Part::form(form));
    parts.push(Part::said("warning", screen.warning.clone()));
    parts.extend(installing(l));
    let page = Sheet { l, title: screen.title, mistakes, parts };
    Ok(page.show(status, hosts::authority().purpose))
}

/// How the file is imported, on a terminal and on a linkage server (CA-17, CA-18, CA-19, CA-20, X-07).
fn installing(l: chassis::page::Language) -> Vec<Part> {
    let text = |key: &str| messages::by_key(key).map_or("", |message| message.text);
    let flags = |found: &Installation| {
        let tick = |on: bool| if on { "チェックする" } else { "チェックを外す" };
        vec![
            ("保存場所".to_owned(), found.store.to_owned()),
            ("秘密キーの保護を強力にする".to_owned(), tick(found.strong_protection).to_owned()),
            ("このキーをエクスポート可能にする".to_owned(), tick(found.exportable).to_owned()),
            ("すべての拡張プロパティを含める".to_owned(), tick(found.extended_properties).to_owned()),
        ]
    };
    let mut parts = Vec::new();
    for (profile, japanese, english) in [
        ("terminal", "証明書のインストール（端末）", "Installing on a terminal"),
        ("linkage-server", "証明書のインストール（資格確認端末連携サーバー）", "Installing on a linkage server"),
    ] {
        if let Some(found) = certificate::installation(profile) {
            parts.push(Part::facts(Some(l.choose(japanese, english)), flags(found)));
        }
    }
    let (imported, new_key, warning) = (text("certificate-imported"), text("certificate-new-key"), text("certificate-root-warning"));
    parts.push(Part {
        steps: vec![
            "ダウンロードした証明書ファイルを右クリックし、「PFX のインストール」をクリックします。".to_owned(),
            "上のとおりに設定し、「証明書の種類に基づいて、自動的に証明書ストアを選択する」を選びます。".to_owned(),
            format!("「{new_key}」が表示されたときは、「セキュリティレベルの設定」をクリックし、任意のパスワードを入力します。更新のときに使います。"),
            format!("「{warning}」の画面が表示されたときは、「はい」をクリックします。「いいえ」をクリックしたときは、もう一度行ってください。"),
            format!("「{imported}」が表示されれば終わりです。発行者が「{}」の証明書が「個人」にあることを確かめてください。", certificate::sheet().issuer),
            "証明書ファイルを外部記録媒体等へ保管し、証明書パスワードも忘れないようにしてください。".to_owned(),
        ],
        ..Part::default()
    });
    parts
}
