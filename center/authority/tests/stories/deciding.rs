//! Applications for certificates from the form to the notice on paper, the root and client pages, and what an operator sees of it all.

use authority::Config;
use chassis::on_both;
use http::{StatusCode, header};
use jiff::SignedDuration;
use manuals::certificate;

use crate::town::CODE;
use crate::visitor::{MAIL, Visitor};

const RIGHT: [(&str, &str); 5] =
    [("facility_code", CODE), ("terminals", "受付端末\r\n診察室端末"), ("contact", "山田 太郎"), ("mail", MAIL), ("mail_again", MAIL)];

on_both!(
    /// Rows: CA-02, CA-06, CA-30, CA-32
    an_application_is_checked_sent_approved_and_printed,
    async |place| {
        let visitor = Visitor::begin(place).await;
        let door = certificate::sheet().path.apply;
        let form = visitor.open(door).await;
        assert!(form.text().contains(certificate::sheet().handbook), "{}", form.text());
        for (field, typed, reason) in [
            ("facility_code", "123", "10桁"),
            ("terminals", " \r\n ", "1台ずつ"),
            ("mail", "taro", "読めません"),
            ("mail_again", "tarou@example.jp", "違います"),
        ] {
            let mut wrong = RIGHT.to_vec();
            wrong.push((field, typed));
            let answer = visitor.send(door, &form, "check", &wrong).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.mistake(field).contains(reason), "{field}: {}", answer.text());
        }
        let checked = visitor.send(door, &form, "check", &RIGHT).await;
        assert!(checked.text().contains("診察室端末"), "{}", checked.text());
        // Another facility's code is a mistake that only the register knows.
        let unknown = visitor.send(door, &checked, "send", &[("facility_code", "1312345678")]).await;
        assert!(!unknown.mistake("facility_code").is_empty());
        let number = visitor.send(door, &checked, "send", &[]).await.fact("申請番号");
        assert_eq!(visitor.send(door, &checked, "send", &[]).await.fact("申請番号"), number, "pressed twice");

        let path = format!("/console/certificates/applications/{number}");
        assert!(visitor.look("/console/certificates/applications").await.text().contains(&path));
        let one = visitor.look(&path).await;
        assert_eq!((one.fact("ご担当者"), one.fact("医療機関コード")), ("山田 太郎".into(), CODE.into()));
        let papers = visitor.decide(&path, &one, "approve", &[]).await;
        assert_eq!(papers.status, StatusCode::OK, "{}", papers.text());
        assert_eq!(papers.text().matches("<dt>電子証明書ダウンロードサイトリファレンスID</dt>").count(), 2);
        assert_eq!(papers.fact("発行者"), "Online Billing NW Common Root CA - 01");
        assert_eq!(papers.fact("発行元"), CODE);
        assert!(papers.fact("電子証明書有効期限").starts_with("2026/07/15 ~ "), "{}", papers.text());
        let pdf = visitor.decide("/console/certificates/notices/pdf", &papers, "pdf", &[]).await;
        assert_eq!(pdf.headers[header::CONTENT_TYPE], "application/pdf");
        assert!(pdf.bytes.starts_with(b"%PDF-"));
        visitor.clock.advance(SignedDuration::from_mins(16));
        assert!(visitor.decide("/console/certificates/notices/pdf", &papers, "pdf", &[]).await.is_session_over());
        // The page was lost: what was not fetched yet is shown again.
        let again = visitor.look(&path).await;
        let again = visitor.decide(&path, &again, "approve", &[]).await;
        assert_eq!(
            again.fact("電子証明書ダウンロードサイトリファレンスID"),
            papers.fact("電子証明書ダウンロードサイトリファレンスID")
        );
        let letters = visitor.letters().await;
        assert_eq!(letters.len(), 2);
        for word in ["発行申請を受け付けました", "発行申請を承認しました"] {
            assert!(letters.iter().any(|letter| letter.contains(word) && letter.contains(&number)), "{word}: {letters:?}");
        }
        let secret = papers.fact("電子証明書ダウンロードサイトリファレンスID");
        assert!(letters.iter().all(|letter| !letter.contains(&secret)), "a reference id went by mail");
    }
);

on_both!(a_refused_application_reaches_the_applicant_with_its_reason, async |place| {
    let visitor = Visitor::begin(place).await;
    let door = certificate::sheet().path.apply;
    let form = visitor.open(door).await;
    let checked = visitor.send(door, &form, "check", &RIGHT).await;
    // Back to the form with everything in it.
    let revised = visitor.send(door, &checked, "revise", &[]).await;
    assert!(revised.text().contains("診察室端末") && revised.text().contains("value=\"山田 太郎\""), "{}", revised.text());
    let number = visitor.send(door, &checked, "send", &[]).await.fact("申請番号");
    let path = format!("/console/certificates/applications/{number}");
    let one = visitor.look(&path).await;
    assert!(!visitor.decide(&path, &one, "refuse", &[("reason", " ")]).await.mistake("reason").is_empty());
    assert_eq!(visitor.decide(&path, &one, "refuse", &[("reason", "端末が登録されていません。")]).await.status, StatusCode::SEE_OTHER);
    let letters = visitor.letters().await;
    assert!(letters.iter().any(|letter| letter.contains("端末が登録されていません。")), "{letters:?}");
    assert_eq!(visitor.look(&path).await.fact("状態"), "お断り済み");
    assert_eq!(visitor.look("/console/certificates/applications/A0").await.status, StatusCode::NOT_FOUND);
});

on_both!(the_operators_pages_draw_count_and_export, async |place| {
    let mut visitor = Visitor::begin(place).await;
    let form = visitor.look("/console/certificates/notices").await;
    let wrong =
        visitor.decide("/console/certificates/notices", &form, "write", &[("facility_code", "1312345678"), ("terminal_name", "x")]).await;
    assert!(!wrong.mistake("facility_code").is_empty());
    let written = [("facility_code", CODE), ("terminal_name", "=1+1")];
    let papers = visitor.decide("/console/certificates/notices", &form, "write", &written).await;
    assert_eq!(papers.fact("端末名称等"), "=1+1");
    visitor.fetches().await;
    visitor.fetches().await;
    visitor.clock.advance(SignedDuration::from_hours(24 * 1100));
    let page = visitor.look("/console/certificates").await.text();
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(page.contains("<title>60: 2</title>") && page.contains("aria-label=\"残りの日数 60: 2\""), "{page}");
    let list = visitor.look("/console/certificates/list.csv").await;
    assert_eq!(list.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let text = list.text();
    assert!(text.starts_with("\u{feff}シリアル番号,") && text.lines().count() == 3 && text.contains(",有効,"), "{text}");
    for (file, row) in [("days.csv", "60,2"), ("renewals.csv", "0,")] {
        let text = visitor.look(&format!("/console/certificates/{file}")).await.text();
        assert!(text.lines().any(|line| line.starts_with(row)), "{file}: {text}");
    }
    assert_eq!(visitor.look("/console/certificates/silent.csv").await.text().lines().count(), 1);
});

on_both!(
    /// Rows: CA-08, CA-11, CA-27, CA-28, MP-01, MP-07
    the_root_and_the_client_program_are_offered_with_their_instructions,
    async |place: &chassis::testing::Place| {
        let programs = place.folder.path().join("programs");
        std::fs::create_dir(&programs).unwrap();
        std::fs::write(programs.join("onshi-clinic.msi"), b"program").unwrap();
        std::fs::write(place.folder.path().join("secret"), b"secret").unwrap();
        let visitor = Visitor::with(place, Config { client_folder: programs, ..Config::default() }).await;
        let path = &certificate::sheet().path;
        let page = visitor.open(path.root).await.text();
        for word in ["お使いの PC は Web サイトのセキュリティ証明書を信頼しません", "信頼されたルート証明機関", "正しくインポートされました。"] {
            assert!(page.contains(word), "{word}: {page}");
        }
        let root = page.split_once("<ol>").unwrap().1.split_once("</ol>").unwrap().0;
        assert_eq!(root.matches("<li>").count(), 9);
        let file = visitor.open(&format!("{}/root.cer", path.root)).await;
        assert_eq!(file.bytes, visitor.authority.server_root().to_vec());
        let print = authority::fingerprint(&file.bytes).to_ascii_uppercase();
        assert!(page.replace(':', "").contains(&print), "{page}");
        // Programs get what they always got.
        assert!(visitor.asks(path.root).await.text().starts_with("-----BEGIN CERTIFICATE-----"));

        let page = visitor.open(path.client).await.text();
        assert!(page.contains("Basic、NTLM") && page.contains("onshi-clinic.msi") && page.contains("アンインストール"), "{page}");
        assert_eq!(visitor.open(&format!("{}/onshi-clinic.msi", path.client)).await.bytes, b"program");
        for wrong in ["..%2Fsecret", "other.msi", "..", "%00"] {
            assert_eq!(visitor.open(&format!("{}/{wrong}", path.client)).await.status, StatusCode::NOT_FOUND, "{wrong}");
        }
    }
);
