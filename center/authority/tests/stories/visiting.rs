//! A person at the authority's pages: retrieval, renewal and revocation, with every slip, and sessions that are over.

use authority::Config;
use chassis::on_both;
use http::{StatusCode, header};
use jiff::SignedDuration;
use manuals::certificate;
use secrecy::ExposeSecret;

use crate::visitor::{MAIL, Visitor, fields};

/// With this one a certificate may be renewed from its first day on.
fn always_renewable() -> Config {
    Config { renew_days: 2000, ..Config::default() }
}

on_both!(
    /// Rows: CA-03, CA-07, CA-14, CA-15, CA-16, CA-17, CA-18, CA-19, CA-20, CA-21, CA-22
    the_retrieval_page_gives_the_file_and_names_every_slip_beside_its_field,
    async |place| {
        let visitor = Visitor::begin(place).await;
        let (notice, door) = (visitor.notice().await, certificate::sheet().path.download);
        let page = visitor.open(door).await;
        let text = page.text();
        for word in certificate::sheet().retrieval.fields.iter().chain(&certificate::sheet().screen.retrieval.intro) {
            assert!(text.contains(word), "{word}: {text}");
        }
        for word in ["ダウンロード", "新しい秘密交換キーをインポートします", "セキュリティ警告", "正しくインポートされました", "外部記録媒体"]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert_eq!(text.matches("<dt>このキーをエクスポート可能にする</dt>").count(), 2);
        let right = fields(&notice);
        let slips = [
            ("request_id", "20260715", "request_id", "15桁"),
            ("reference_id", "short", "reference_id", "10文字"),
            ("reference_id", "XXXXXXXXXX", "request_id", "OQSC4001E"),
            ("password", "４０７１", "password", "全角の数字は使えません"),
            ("password", "12345", "password", "4桁"),
            ("password_again", "4072", "password_again", "確認用に入力したものと違います"),
        ];
        for (field, typed, beside, reason) in slips {
            let mut wrong = right.clone();
            wrong.push((field, typed));
            let answer = visitor.send(door, &page, "fetch", &wrong).await;
            assert!(answer.status.is_client_error(), "{field} {typed}: {}", answer.status);
            assert!(answer.mistake(beside).contains(reason), "{field} {typed}: {}", answer.mistake(beside));
            assert!(!answer.text().contains("4071"), "a password stands in a page");
        }
        let file = visitor.send(door, &page, "fetch", &right).await;
        assert_eq!((file.status, &file.headers[header::CONTENT_TYPE]), (StatusCode::OK, &"application/x-pkcs12".parse().unwrap()));
        assert!(file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains(&format!("{}.pfx", notice.request_id)));
        assert_eq!(file.headers[header::CACHE_CONTROL], "no-store");
        // The download broke off: once more, and in the older format.
        let mut older = right.clone();
        older.push(("compatible", "yes"));
        assert_eq!(visitor.send(door, &page, "fetch", &older).await.status, StatusCode::OK);
        assert_eq!(visitor.authority.certificates().await.unwrap().len(), 1);
        // A notice that is too old.
        let late = visitor.notice().await;
        visitor.clock.advance(SignedDuration::from_hours(24 * 181));
        let page = visitor.open(door).await;
        let answer = visitor.send(door, &page, "fetch", &fields(&late)).await;
        assert_eq!(answer.status, StatusCode::from_u16(manuals::situation::Situation::NoticeExpired.get().status).unwrap());
        assert!(answer.mistake("request_id").contains(manuals::situation::Situation::NoticeExpired.get().desk));
    }
);

on_both!(
    /// Rows: CA-29
    whoever_stays_away_too_long_sees_the_page_of_a_session_that_is_over,
    async |place| {
        let mut visitor = Visitor::with(place, always_renewable()).await;
        let notice = visitor.fetches().await;
        let path = &certificate::sheet().path;
        let doors = [
            (path.download, path.download.to_owned(), "fetch"),
            (path.renew, format!("{}/application", path.renew), "submit"),
            (path.revoke, path.revoke.to_owned(), "next"),
            (path.apply, path.apply.to_owned(), "check"),
        ];
        for (door, opened, button) in doors {
            let page = visitor.open(&opened).await;
            visitor.clock.advance(SignedDuration::from_mins(15));
            let answer = visitor.send(door, &page, button, &fields(&notice)).await;
            assert!(answer.is_session_over(), "{door}: {}", answer.text());
            assert!(answer.text().contains(&format!("href=\"{door}\"")), "{}", answer.text());
            // Neither does a form serve that was made up, or another door's.
            for raw in ["", "step=fetch&ticket=AAAA", &format!("step={button}&ticket=%E3%81%82")] {
                assert!(visitor.send_raw(door, raw).await.is_session_over(), "{door} {raw}");
            }
        }
        let other = visitor.open(path.revoke).await;
        let mixed = visitor.send(path.download, &other, "next", &fields(&notice)).await;
        assert!(mixed.is_session_over(), "{}", mixed.text());
    }
);

on_both!(a_guesser_is_made_to_wait_and_the_rightful_holder_is_not, async |place| {
    let mut visitor = Visitor::begin(place).await;
    let (notice, door) = (visitor.notice().await, certificate::sheet().path.download);
    let page = visitor.open(door).await;
    let mut wrong = fields(&notice);
    wrong.push(("reference_id", "XXXXXXXXXX"));
    for _ in 0..3 {
        assert_eq!(visitor.send(door, &page, "fetch", &wrong).await.status, StatusCode::NOT_FOUND);
    }
    let rests = visitor.send(door, &page, "fetch", &fields(&notice)).await;
    assert!(rests.mistake("request_id").contains(manuals::situation::Situation::AccountLocked.get().desk), "{}", rests.text());
    // Another line of another facility is not locked out by the guesser.
    let line = registry::applications::LineApplication {
        facility_code: crate::town::CODE.to_owned(),
        line_id: "CAF9876543210".to_owned(),
        line_type: "next-family".to_owned(),
    };
    let line = visitor.registry.apply_for_line(&line, visitor.clock.now()).await.unwrap();
    visitor.registry.approve_from(&line, registry::rules::effects::Begin::Now, visitor.clock.now()).await.unwrap();
    visitor.registry.admit("CAF9876543210", "2408:210:cccc:dd00::/56", visitor.clock.now()).await.unwrap();
    visitor.from = "2408:210:cccc:dd00::1".to_owned();
    assert_eq!(visitor.send(door, &page, "fetch", &fields(&notice)).await.status, StatusCode::OK);
    // Nobody sends forms faster than people do.
    visitor.from = "2408:210:aaaa:bb00::77".to_owned();
    let mut slowed = None;
    for _ in 0..40 {
        let answer = visitor.send_raw(door, "step=fetch").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(answer);
            break;
        }
    }
    assert!(slowed.unwrap().headers.contains_key(header::RETRY_AFTER));
    assert_eq!(visitor.send_raw(door, &"a=b&".repeat(100)).await.status, StatusCode::TOO_MANY_REQUESTS);
});

on_both!(
    /// Rows: RN-16
    whoever_is_not_in_the_network_sees_none_of_the_doors,
    async |place| {
        let mut visitor = Visitor::begin(place).await;
        visitor.from = "203.0.113.9".to_owned();
        let path = &certificate::sheet().path;
        for door in [path.apply, path.download, path.client, path.renew, path.revoke, path.root] {
            let page = visitor.open(door).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{door}");
            assert!(!page.text().contains("<form"), "{door}: {}", page.text());
        }
    }
);

on_both!(
    /// Rows: RN-07, RN-08, RN-09, RN-10, RN-11, RN-14, RN-15, CA-25
    a_renewal_is_accepted_shown_and_its_key_fetched_and_fetched_again_after_an_interruption,
    async |place| {
        let mut visitor = Visitor::with(place, always_renewable()).await;
        let (door, screen) = (certificate::sheet().path.renew, &certificate::sheet().screen.renewal);
        // The door wants the certificate itself.
        assert_eq!(visitor.open(door).await.status, StatusCode::FORBIDDEN);
        visitor.fetches().await;
        let menu = visitor.open(door).await;
        for word in [screen.apply, screen.collect, "有効期限が古い証明書を端末から削除", "顔認証付きカードリーダーの再設定"] {
            assert!(menu.text().contains(word), "{word}: {}", menu.text());
        }
        let nothing = visitor.open(&format!("{door}/keys")).await;
        assert!(nothing.text().contains("更新申請が完了していません"), "{}", nothing.text());
        let asked = visitor.open(&format!("{door}/application")).await;
        let accepted = visitor.send(door, &asked, "submit", &[]).await;
        let text = accepted.text();
        assert!(text.contains("<h1>送信完了</h1>") && text.contains("申請情報を受け付けました。証明書の発行申請はこれで完了です。"), "{text}");
        assert_eq!(accepted.fact("証明書ステータス"), "発行済み");
        assert_eq!((accepted.fact("Common Name"), accepted.fact("Organization")), (crate::town::CODE.into(), "ReceiptOnline".into()));
        assert!(text.contains("<dd>medical</dd>") && text.contains("<dd>hokkaido</dd>"), "{text}");
        let request_id = accepted.fact("リクエストID");
        assert!(certificate::is_request_id(&request_id) && certificate::is_reference_id(&accepted.fact("リファレンスID")));
        // Pressed twice: the same renewal.
        assert_eq!(visitor.send(door, &asked, "submit", &[]).await.fact("リクエストID"), request_id);

        let key = visitor.send(door, &accepted, "key", &[]).await;
        assert!(key.text().contains("<h1>鍵の取得</h1>"), "{}", key.text());
        let slip = visitor.send(door, &key, "password", &[("password", "１２３４")]).await;
        assert!(slip.mistake("password").contains("全角"), "{}", slip.text());
        let chosen = visitor.send(door, &key, "password", &[("password", "9931")]).await;
        assert!(chosen.text().contains(screen.download) && !chosen.text().contains("9931"), "{}", chosen.text());
        let first = visitor.send(door, &chosen, "download", &[]).await;
        assert_eq!((first.status, &first.headers[header::CONTENT_TYPE]), (StatusCode::OK, &"application/x-pkcs12".parse().unwrap()));
        // Interrupted: the list has it, with another password too.
        let list = visitor.open(&format!("{door}/keys")).await;
        assert_eq!((list.fact("リクエストID"), list.fact("証明書ステータス")), (request_id.clone(), "発行済み".into()));
        assert!(list.text().contains(screen.download_key), "{}", list.text());
        let key = visitor.send(door, &list, "key", &[]).await;
        let chosen = visitor.send(door, &key, "password", &[("password", "0000")]).await;
        assert_eq!(visitor.send(door, &chosen, "download", &[]).await.status, StatusCode::OK);
        assert_eq!(visitor.authority.certificates().await.unwrap().len(), 2);

        // Another terminal's ticket opens nothing.
        let stolen = visitor.open(&format!("{door}/keys")).await;
        visitor.shows = None;
        visitor.fetches().await;
        assert!(visitor.send(door, &stolen, "key", &[]).await.is_session_over());
        assert!(visitor.send(door, &chosen, "download", &[]).await.is_session_over());
    }
);

on_both!(a_renewal_before_its_time_is_refused_in_words, async |place| {
    let mut visitor = Visitor::begin(place).await;
    visitor.fetches().await;
    let door = certificate::sheet().path.renew;
    let asked = visitor.open(&format!("{door}/application")).await;
    let refused = visitor.send(door, &asked, "submit", &[]).await;
    assert!(refused.text().contains(manuals::situation::Situation::RenewalNotOpen.get().desk), "{}", refused.text());
    assert_eq!(visitor.authority.certificates().await.unwrap().len(), 1);
});

on_both!(
    /// Rows: RN-12, RN-13, CA-10, CA-23
    a_revocation_is_asked_in_two_steps_and_a_look_and_ends_with_a_mail,
    async |place| {
        let mut visitor = Visitor::begin(place).await;
        let notice = visitor.fetches().await;
        let (door, screen) = (certificate::sheet().path.revoke, &certificate::sheet().screen.revocation);
        let first = visitor.open(door).await;
        assert!(first.text().contains(screen.entry) && first.text().contains(screen.next), "{}", first.text());
        let ids = [("request_id", notice.request_id.as_str()), ("reference_id", notice.reference_id.expose_secret())];
        let slip = visitor.send(door, &first, "next", &[ids[0], ("reference_id", "XXXXXXXXXX")]).await;
        assert!(slip.mistake("request_id").contains("OQSC4001E"), "{}", slip.text());
        let second = visitor.send(door, &first, "next", &ids).await;
        for label in &screen.mail_fields {
            assert!(second.text().contains(label), "{label}: {}", second.text());
        }
        let slip = visitor.send(door, &second, "apply", &[("mail", "taro"), ("mail_again", "taro")]).await;
        assert!(slip.mistake("mail").contains("メールアドレスとして読めません"), "{}", slip.text());
        let slip = visitor.send(door, &second, "apply", &[("mail", MAIL), ("mail_again", "tarou@example.jp")]).await;
        assert!(slip.mistake("mail_again").contains("違います"), "{}", slip.text());
        // The longest address that there is.
        let long = format!("{}@{}.jp", "t".repeat(64), ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join("."));
        let third = visitor.send(door, &second, "apply", &[("mail", long.as_str()), ("mail_again", long.as_str())]).await;
        assert_eq!(third.fact("メールアドレス"), long);
        assert!(!visitor.send(door, &third, "revise", &[]).await.is_session_over());
        let third = visitor.send(door, &second, "apply", &[("mail", MAIL), ("mail_again", MAIL)]).await;
        assert!(third.text().contains(screen.confirmation), "{}", third.text());
        assert_eq!((third.fact("メールアドレス"), third.fact("端末名称等")), (MAIL.into(), "受付端末".into()));
        assert!(!third.text().contains(notice.reference_id.expose_secret()), "the reference id stands in a page");
        // Until here nothing has happened.
        assert!(visitor.open(certificate::sheet().path.renew).await.status.is_success());
        let asked = visitor.send(door, &third, "send", &[]).await;
        let number = asked.fact("受付番号");
        assert_eq!(visitor.open(certificate::sheet().path.renew).await.status, StatusCode::FORBIDDEN, "blocked at once");
        assert_eq!(visitor.send(door, &third, "send", &[]).await.fact("受付番号"), number, "pressed twice");
        assert_eq!(visitor.letters().await, Vec::<String>::new());

        let list = visitor.look("/console/certificates/revocations").await;
        assert!(list.text().contains(&number), "{}", list.text());
        let path = format!("/console/certificates/revocations/{number}");
        let one = visitor.look(&path).await;
        assert_eq!(visitor.decide(&path, &one, "approve", &[]).await.status, StatusCode::SEE_OTHER);
        let letters = visitor.letters().await;
        assert!(letters.len() == 1 && letters[0].contains("失効が完了しました") && letters[0].contains(&number), "{letters:?}");
        assert!(visitor.authority.certificates().await.unwrap()[0].revoked_at.is_some());
        assert_eq!(visitor.decide(&path, &one, "approve", &[]).await.status, StatusCode::CONFLICT);
    }
);

on_both!(a_terminal_without_its_notice_revokes_what_it_shows_and_an_operator_lets_it_in_again, async |place| {
    let mut visitor = Visitor::begin(place).await;
    visitor.fetches().await;
    let door = certificate::sheet().path.revoke;
    let first = visitor.open(door).await;
    let second = visitor.send(door, &first, "shown", &[]).await;
    let third = visitor.send(door, &second, "apply", &[("mail", MAIL), ("mail_again", MAIL)]).await;
    let shown = visitor.shows.take();
    assert!(visitor.send(door, &third, "send", &[]).await.text().contains("利用できません"), "the last form came from elsewhere");
    visitor.shows = shown;
    let number = visitor.send(door, &third, "send", &[]).await.fact("受付番号");
    let path = format!("/console/certificates/revocations/{number}");
    let one = visitor.look(&path).await;
    let without = visitor.decide(&path, &one, "refuse", &[]).await;
    assert!(without.mistake("reason").contains("理由を書いてください"), "{}", without.text());
    assert_eq!(visitor.decide(&path, &one, "refuse", &[("reason", "ご本人と確かめられません。")]).await.status, StatusCode::SEE_OTHER);
    assert!(visitor.open(certificate::sheet().path.renew).await.status.is_success());
    let letters = visitor.letters().await;
    assert!(letters[0].contains("ご本人と確かめられません。"), "{letters:?}");
});
