//! A person applies in the portal: each mistake is named before anything is sent, the mail comes, and approval makes the line work.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::lease::Leases;
use chassis::mail::{self, Outbox, Post, text_of};
use chassis::on_both;
use chassis::serve::Caller;
use chassis::testing::Place;
use chassis::tls::PeerCertificate;
use http::{Request, StatusCode, header};
use jiff::SignedDuration;
use manuals::domains::Service;
use registry::rules::effects::Begin;
use registry::{Admitted, Config, LineProof, Registry, console, pages};
use tower::ServiceExt;

use crate::town::{PREFIX, now};

const PHARMACY: &str = "1344444444";
const CLINIC: &str = "1312345678";
const ID: &str = "CAF1234567890";

/// The portal, the operators' pages and the post of one center.
struct Town {
    registry: Registry,
    portal: Router,
    console: Router,
    post: Post,
    clock: Clock,
    from: &'static str,
}

async fn town(place: &Place) -> Town {
    town_with(place, Config::default()).await
}

async fn town_with(place: &Place, config: Config) -> Town {
    let db: Database = place.database().await;
    let mail = mail::Config::default();
    let outbox = Outbox::open(db.clone(), &mail).await.unwrap();
    let post = Post::open(outbox.clone(), Leases::open(db.clone()).await.unwrap(), &mail, &place.folder.path().join("mail")).unwrap();
    let registry = Registry::open(db, config).await.unwrap().with_outbox(outbox);
    let clock = Clock::driven(now());
    Town {
        portal: pages::routes(registry.clone(), clock.clone()),
        console: console::routes(registry.clone(), post.clone(), clock.clone()),
        registry,
        post,
        clock,
        from: "203.0.113.9",
    }
}

struct Page {
    status: StatusCode,
    to: Option<String>,
    text: String,
}

impl Page {
    /// What stands as a hidden field.
    fn hidden(&self) -> BTreeMap<String, String> {
        let field = |line: &str| {
            let (_, rest) = line.split_once("<input type=\"hidden\" name=\"")?;
            let (name, rest) = rest.split_once("\" value=\"")?;
            Some((name.to_owned(), rest.split_once('"')?.0.replace("&#38;", "&")))
        };
        self.text.lines().filter_map(field).collect()
    }
}

impl Town {
    async fn ask(&self, router: &Router, path: &str, body: Option<String>) -> Page {
        let mut request = Request::builder().uri(path).header(header::HOST, "apply.onshi.localhost");
        if body.is_some() {
            request = request.method("POST").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        let caller =
            Caller { address: self.from.parse().unwrap(), host: "apply.onshi.localhost".into(), certificate: PeerCertificate::Absent };
        request.extensions_mut().insert(caller);
        let response = router.clone().oneshot(request).await.unwrap();
        let to = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Page { status, to, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Page {
        self.ask(&self.portal, path, None).await
    }

    async fn post(&self, path: &str, fields: &BTreeMap<String, String>) -> Page {
        self.ask(&self.portal, path, Some(body(fields))).await
    }

    async fn decide(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.ask(&self.console, path, Some(body(&filled(fields)))).await
    }

    /// Fills a form that must be right, confirms it, sends it; the answer is the application's number.
    async fn apply(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let page = self.post(path, &form(fields)).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let mut hidden = page.hidden();
        hidden.insert("action".into(), "send".into());
        let sent = self.post(path, &hidden).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        sent.to.unwrap().strip_prefix("/sent/").unwrap().to_owned()
    }

    /// Applies, and has it approved to work at once.
    async fn settle(&self, path: &str, fields: &[(&str, &str)]) {
        let number = self.apply(path, fields).await;
        self.registry.approve_from(&number, Begin::Now, self.clock.now()).await.unwrap();
    }

    /// What the first page of mistakes says beside `field`; nothing may have been kept.
    async fn mistake(&self, path: &str, field: &str, fields: &[(&str, &str)]) -> String {
        let before = self.registry.applications().await.unwrap().len();
        let page = self.post(path, &form(fields)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.text);
        assert_eq!(self.registry.applications().await.unwrap().len(), before);
        let beside = page.text.split_once(&format!("id=\"{field}-about\"")).unwrap_or_else(|| panic!("{}", page.text)).1;
        let beside = beside.split_once("<p class=\"mistake\">").unwrap().1.split_once("</p>").unwrap().0.to_owned();
        assert!(page.text.contains(&format!("<a href=\"#{field}\">")) && page.text.contains("role=\"alert\""));
        beside
    }

    /// The mails that have come, newest first, as text.
    async fn letters(&self) -> Vec<String> {
        self.post.deliver_due(&self.clock).await.unwrap();
        let mut letters = Vec::new();
        for kept in self.post.outbox().list().await.unwrap() {
            assert_eq!(kept.state, "sent");
            letters.push(text_of(&self.post.read(&kept.mail_id).await.unwrap().unwrap()).unwrap());
        }
        letters
    }
}

fn filled(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn body(fields: &BTreeMap<String, String>) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    body.finish()
}

/// A form that is right for a clinic in the east, with some fields changed.
fn form(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut form = filled(&[
        ("facility_code", CLINIC),
        ("name", "架空クリニック"),
        ("valid_from", "2026-08-01"),
        ("provider", "collaborator"),
        ("line_kind", "1"),
        ("line_id", ID),
        ("line_type", "next-family"),
        ("line_since", "2020-01-01"),
        ("option6", "contracted"),
        ("shared", "no"),
        ("applicant", "山田 太郎"),
        ("mail", "taro@example.jp"),
        ("action", "check"),
    ]);
    form.extend(filled(changes));
    form
}

/// What the carrier says of the line.
fn proof(nonce: &str) -> LineProof {
    LineProof {
        line_id: ID.to_owned(),
        region: manuals::Region::East,
        prefixes: vec![PREFIX.to_owned()],
        nonce: nonce.to_owned(),
        expires_at: now() + SignedDuration::from_hours(24 * 30),
    }
}

const NEW: &str = "/apply/eligibility/new";
const CLAIMS: &str = "/apply/claims/new";

on_both!(
    /// Rows: ID-06, ID-07, ID-10, ID-12
    an_application_is_confirmed_sent_repeated_by_mail_approved_and_then_the_line_works,
    async |place| {
        let town = town(place).await;
        for path in ["/", NEW, CLAIMS, "/state", "/apply/claims/from-ipv4"] {
            assert_eq!(town.get(path).await.status, StatusCode::OK, "{path}");
        }
        let choices = town.get(NEW).await.text;
        for choice in ["1：IP-VPN回線事業者（NTTなど。ただし、CTC・QTnetを除く）", "2：IP-VPN回線事業者（CTC・QTnetに限る）", "3：インターネット接続（IPsec+IKE）"] {
            assert!(choices.contains(choice), "{choice}");
        }
        let choices = town.get(CLAIMS).await.text;
        for choice in ["1:IP-VPN(提供会社:NTT)", "2:IP-VPN(提供会社:NTT以外)", "3:IPsec"] {
            assert!(choices.contains(choice), "{choice}");
        }
        let confirm = town.post(NEW, &form(&[("line_id", "ｃａｆ-1234567890")])).await;
        assert!(confirm.text.contains("<dd>CAF1234567890</dd>") && confirm.text.contains("全角の文字を半角に直しました。"), "{}", confirm.text);
        assert!(town.registry.applications().await.unwrap().is_empty(), "nothing is sent before it is confirmed");
        let number = town.apply(NEW, &[]).await;
        assert!(town.get(&format!("/sent/{number}")).await.text.contains(&number));

        let letter = town.letters().await.remove(0);
        for part in ["山田 太郎 様", ID, CLINIC, "架空クリニック", "1：IP-VPN回線事業者", "フレッツ 光ネクスト ファミリータイプ", "1週間程度", "再申請", &number] {
            assert!(letter.contains(part), "{part}: {letter}");
        }
        let secret = letter.split_once("確認の言葉: ").unwrap().1.lines().next().unwrap().to_owned();
        let see = async |secret: &str| {
            town.post("/state", &filled(&[("application_id", &number.to_lowercase()), ("secret", secret)])).await
        };
        assert!(see(&secret).await.text.contains("受付済み（確認中）"));
        let wrong = see("AAAA-AAAA-AAAA-AAAA-AAAA").await;
        assert!(wrong.status == StatusCode::NOT_FOUND && !wrong.text.contains(ID), "{}", wrong.text);

        assert!(town.registry.admit(ID, PREFIX, town.clock.now()).await.is_err(), "a waiting line is not admitted");
        let page = town.decide(&format!("/console/applications/{number}/approve"), &[("begin", "usual")]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        assert!(see(&secret.replace('-', " ")).await.text.contains("2026-07-22 から利用できます"));
        assert!(town.registry.admit(ID, PREFIX, town.clock.now()).await.is_err(), "it works from its day only");
        assert_eq!(town.registry.admit_line(proof("one"), town.clock.now()).await.unwrap(), Admitted::UnknownLine);
        town.clock.set("2026-07-21T15:00:00Z".parse().unwrap());
        assert_eq!(town.registry.admit_line(proof("two"), town.clock.now()).await.unwrap(), Admitted::Yes);
        assert!(see(&secret).await.text.contains("反映済み"));
        let letters = town.letters().await;
        assert!(letters.iter().any(|letter| letter.contains("反映日: 2026-07-22") && letter.contains("https://www.lineauth.mnw")), "{letters:?}");
    }
);

on_both!(
    /// Rows: ID-08, ID-09
    the_known_mistakes_are_caught_before_anything_is_sent_and_the_reason_is_said,
    async |place| {
        let town = town(place).await;
        for (path, second, third) in [(NEW, "CTC・QTnetに限る", "IPsec+IKE"), (CLAIMS, "提供会社:NTT以外", "3:IPsec")] {
            let said = town.mistake(path, "line_kind", &[("line_kind", "2")]).await;
            assert!(said.contains("コラボ光") && said.contains(second), "{said}");
            let said = town.mistake(path, "line_kind", &[("line_kind", "3"), ("provider", "carrier")]).await;
            assert!(said.contains("フレッツ光") && said.contains(third), "{said}");
            let said = town.mistake(path, "line_id", &[("line_id", "CAF12345678")]).await;
            assert!(said.contains("8桁しかありません"), "{said}");
        }
        town.settle(NEW, &[("facility_code", PHARMACY), ("name", "架空薬局")]).await;
        let said = town.mistake(NEW, "line_id", &[]).await;
        assert!(said.contains("ほかの医療機関等の回線") && !said.contains(PHARMACY) && !said.contains("架空薬局"), "{said}");
        let said = town.mistake(NEW, "line_id", &[("facility_code", "2712345678")]).await;
        assert!(said.contains("別の地域") && said.contains("西日本"), "{said}");
        let said = town.mistake(NEW, "line_id", &[("facility_code", "2712345678"), ("line_id", "COP12345678")]).await;
        assert!(said.contains("東日本だけ"), "{said}");
    }
);

on_both!(
    /// Rows: NW-13, LA-12
    one_line_of_a_site_is_shared_by_naming_the_other_facility,
    async |place| {
        let town = town(place).await;
        town.settle(NEW, &[("facility_code", PHARMACY), ("name", "架空薬局")]).await;
        let shared = [("shared", "yes"), ("shared_with", PHARMACY)];
        let said = town.mistake(NEW, "shared_with", &[("shared", "yes"), ("shared_with", "1355555555")]).await;
        assert!(said.contains("点数表"), "{said}");
        let said = town.mistake(NEW, "shared_with", &[("shared", "yes"), ("shared_with", "1345555555")]).await;
        assert!(said.contains("この医療機関コードでは登録されていません"), "{said}");
        let said = town.mistake(NEW, "line_type", &[shared[0], shared[1], ("line_type", "cross")]).await;
        assert!(said.contains("別の回線タイプ"), "{said}");
        town.registry.admit(ID, PREFIX, town.clock.now()).await.unwrap();
        town.settle(NEW, &shared).await;
        let users: Vec<_> = town.registry.registered_lines(ID, town.clock.now()).await.unwrap().into_iter().map(|line| line.facility_code).collect();
        assert_eq!(users, [CLINIC, PHARMACY]);
        // The line was authenticated for the first facility: the second one's terminals pass already.
        assert_eq!(town.registry.admitted_line("2408:210:aaaa:bb00::9".parse().unwrap()).await.unwrap().as_deref(), Some(ID));
    }
);

on_both!(
    /// Rows: ID-11, ID-13
    a_claims_facility_adds_ipv6_changes_its_line_and_then_its_code,
    async |place| {
        let town = town(place).await;
        let said = town.mistake("/apply/claims/from-ipv4", "facility_code", &[]).await;
        assert!(said.contains("新規の利用申請"), "{said}");
        town.settle(CLAIMS, &[("line_id", "CAF0000000001")]).await;
        town.settle("/apply/claims/from-ipv4", &[("line_id", "CAF0000000002")]).await;
        let change = "/apply/claims/change";
        let said = town.mistake(change, "former_line_id", &[("former_line_id", "CAF0000000009")]).await;
        assert!(said.contains("これまで使っていた回線"), "{said}");
        let same = [("former_line_id", "CAF0000000002"), ("line_id", "CAF0000000002")];
        assert!(town.mistake(change, "line_id", &same).await.contains("同じです"));
        town.registry.admit("CAF0000000001", PREFIX, town.clock.now()).await.unwrap();
        let number = town.apply(change, &[("former_line_id", "CAF0000000001")]).await;
        let day = Begin::On(jiff::civil::date(2026, 8, 1));
        town.registry.approve_from(&number, day, town.clock.now()).await.unwrap();
        assert_eq!(town.registry.dismiss_ended(town.clock.now()).await.unwrap(), 0, "the former line works until the day");
        town.clock.set("2026-07-31T15:00:00Z".parse().unwrap());
        assert_eq!(town.registry.dismiss_ended(town.clock.now()).await.unwrap(), 1);
        assert!(town.registry.admit("CAF0000000001", PREFIX, town.clock.now()).await.is_err());
        town.registry.admit(ID, PREFIX, town.clock.now()).await.unwrap();

        let renamed = [("former_code", CLINIC), ("former_line_id", ID), ("facility_code", "1319999999"), ("name", "新クリニック")];
        town.settle("/apply/claims/change-of-code", &renamed).await;
        assert_eq!(town.registry.dismiss_ended(town.clock.now()).await.unwrap(), 0, "the line goes on under the new code");
        let users = town.registry.registered_lines(ID, town.clock.now()).await.unwrap();
        assert_eq!(users.iter().map(|line| (line.facility_code.as_str(), line.service)).collect::<Vec<_>>(), [("1319999999", Service::Claims)]);
        let former = town.registry.facility(&wire::number::FacilityCode::parse(CLINIC).unwrap()).await.unwrap().unwrap();
        assert_eq!(former.valid_until, Some(jiff::civil::date(2026, 8, 1)));
        assert!(town.mistake("/apply/claims/added-line", "facility_code", &[]).await.contains("終わっています"));
    }
);

on_both!(
    /// Rows: ID-14, ID-15
    an_eligibility_facility_is_succeeded_first_and_then_authenticates_its_new_line,
    async |place| {
        let town = town(place).await;
        let start = town.get("/").await.text;
        assert!(start.contains("先に承継に係る申請") && start.contains("1.財産処分の事例(種類)"), "{start}");
        assert!(start.contains("テスト参加申出時に、「お客さまID」記入済み") && start.contains("追加申請は不要です。"), "{start}");
        town.settle(NEW, &[("line_id", "CAF0000000001")]).await;
        town.registry.admit("CAF0000000001", PREFIX, town.clock.now()).await.unwrap();
        let moved = [("former_line_id", "CAF0000000001"), ("name", ""), ("valid_from", "")];
        town.settle("/apply/eligibility/succession", &moved).await;
        assert_eq!(town.registry.dismiss_ended(town.clock.now()).await.unwrap(), 1);
        assert!(town.registry.admit("CAF0000000001", PREFIX, town.clock.now()).await.is_err());
        town.registry.admit(ID, PREFIX, town.clock.now()).await.unwrap();
        assert!(town.letters().await.iter().any(|letter| letter.contains("もう一度回線認証を行ってください")));
        let said = town.mistake("/apply/eligibility/added-line", "line_id", &[]).await;
        assert!(said.contains("申請は要りません"), "{said}");
    }
);

on_both!(a_form_sent_twice_is_one_application_and_one_mail, async |place| {
    let town = town(place).await;
    let mut hidden = town.post(NEW, &form(&[])).await.hidden();
    hidden.insert("action".into(), "send".into());
    let (one, other) = tokio::join!(town.post(NEW, &hidden), town.post(NEW, &hidden));
    assert!(one.to.is_some() && one.to == other.to, "{} {}", one.text, other.text);
    assert_eq!((town.registry.applications().await.unwrap().len(), town.letters().await.len()), (1, 1));
    let said = town.mistake(NEW, "line_id", &[]).await;
    assert!(said.contains("承認を待っています"), "{said}");
});

on_both!(an_operator_refuses_with_a_reason_that_reaches_the_applicant, async |place| {
    let town = town(place).await;
    let number = town.apply(NEW, &[]).await;
    let address = format!("/console/applications/{number}");
    let page = town.ask(&town.console, &address, None).await;
    assert!(page.text.contains(ID) && page.text.contains("山田 太郎") && page.text.contains("2026-07-22"), "{}", page.text);
    let silent = town.decide(&format!("{address}/refuse"), &[("reason", " ")]).await;
    assert!(silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.text.contains("理由"), "{}", silent.text);
    let undated = town.decide(&format!("{address}/approve"), &[("begin", "day"), ("day", "")]).await;
    assert_eq!(undated.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(town.decide(&format!("{address}/refuse"), &[("reason", "お客さまIDの名義が異なります。")]).await.to.is_some());
    let again = town.decide(&format!("{address}/approve"), &[("begin", "now")]).await;
    assert!(again.text.contains("すでに処理されています"), "{}", again.text);
    let letters = town.letters().await;
    assert!(
        letters.iter().any(|letter| letter.contains("お客さまIDの名義が異なります。") && letter.contains("もう一度申請")),
        "{letters:?}"
    );
    let list = town.ask(&town.console, "/console/applications", None).await.text;
    assert!(list.contains(&number) && list.contains("お受けできません"), "{list}");
    let mails = town.ask(&town.console, "/console/mails", None).await.text;
    let first = mails.split_once("href=\"/console/mails/").unwrap().1.split_once('"').unwrap().0.to_owned();
    let mail = town.ask(&town.console, &format!("/console/mails/{first}"), None).await.text;
    assert!(mail.contains("申請内容") && mail.contains("taro@example.jp"), "{mail}");
    assert_eq!(town.ask(&town.console, "/console/mails/../../etc", None).await.status, StatusCode::NOT_FOUND);
});

on_both!(what_is_typed_is_shown_as_text_and_a_stranger_is_limited, async |place| {
    let town = town_with(place, Config { forms_per_minute: 5, ..Config::default() }).await;
    let page = town.post(NEW, &form(&[("name", "<script>alert(1)</script>\""), ("mail", "x")])).await;
    assert!(!page.text.contains("<script>") && page.text.contains("&#60;script&#62;"), "{}", page.text);
    let large = town.ask(&town.portal, NEW, Some("a=".to_owned() + &"x".repeat(70_000))).await;
    assert!(large.status == StatusCode::PAYLOAD_TOO_LARGE && large.text.contains("申請を読めません"), "{}", large.text);
    assert_eq!(town.ask(&town.portal, NEW, Some("a=".to_owned() + &"x".repeat(400))).await.status, StatusCode::BAD_REQUEST);
    for path in ["/apply/eligibility/change", "/apply/x/new", "/sent/short", "/nowhere"] {
        assert_eq!(town.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for _ in 0..2 {
        town.post("/state", &filled(&[("application_id", "X"), ("secret", "Y")])).await;
    }
    let waits = town.post("/state", &filled(&[("application_id", "X"), ("secret", "Y")])).await;
    assert!(waits.status == StatusCode::TOO_MANY_REQUESTS && waits.text.contains("秒"), "{}", waits.text);
    town.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(town.post("/state", &filled(&[("application_id", "X"), ("secret", "Y")])).await.status, StatusCode::NOT_FOUND);
});

/// The portal stands behind another name on the open side, and a form of a stranger's page is not taken.
#[tokio::test]
async fn forms_are_taken_from_the_portals_own_pages_only() {
    let place = Place::sqlite();
    let town = town_with(&place, Config { portal: "https://apply.example.jp/".to_owned(), ..Config::default() }).await;
    for (origin, taken) in [
        ("https://apply.onshi.localhost", true),
        ("https://apply.example.jp", true),
        ("https://evil.example", false),
        ("https://apply.example.jp.evil.example", false),
        ("null", false),
    ] {
        let mut request = Request::post("/state").header(header::HOST, "apply.onshi.localhost").header(header::ORIGIN, origin);
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut request = request.body(Body::from("application_id=X&secret=Y")).unwrap();
        let address = town.from.parse().unwrap();
        request.extensions_mut().insert(Caller { address, host: "apply.onshi.localhost".into(), certificate: PeerCertificate::Absent });
        let status = town.portal.clone().oneshot(request).await.unwrap().status();
        assert_eq!(status != StatusCode::FORBIDDEN, taken, "{origin}");
    }
}

on_both!(one_address_is_not_flooded_with_mails, async |place| {
    let town = town_with(place, Config { forms_per_minute: 1000, ..Config::default() }).await;
    for number in 0..20 {
        town.apply(NEW, &[("facility_code", &format!("13123000{number:02}")), ("line_id", &format!("CAF00000000{number:02}"))]).await;
    }
    let said = town.mistake(NEW, "mail", &[]).await;
    assert!(said.contains("一日の上限"), "{said}");
    town.clock.advance(SignedDuration::from_hours(25));
    town.apply(NEW, &[]).await;
});

/// A copy of the program before the portal wrote lines without a beginning: they work as before.
#[tokio::test]
async fn lines_of_an_older_program_go_on_working() {
    let place = Place::sqlite();
    let db = place.database().await;
    let registry = Registry::open(db.clone(), Config::default()).await.unwrap();
    let line = "INSERT INTO line (facility_code, line_id, line_type, region, approved_at) VALUES ('1312345678', 'CAF0000000007', 'cross', 'east', 0)";
    db.execute(line, &[]).await.unwrap();
    registry.admit("CAF0000000007", PREFIX, now()).await.unwrap();
    assert_eq!(registry.dismiss_ended(now()).await.unwrap(), 0);
    let found = registry.registered_lines("CAF0000000007", now()).await.unwrap();
    assert!(found.len() == 1 && found[0].works(now()) && found[0].service == Service::Eligibility, "{found:?}");
}

/// Whoever sets a site up writes the router's configuration before there is a line, and has the old one read; nobody reads without an end.
#[tokio::test]
async fn a_routers_configuration_is_written_and_read() {
    let place = Place::sqlite();
    let town = town_with(&place, Config { forms_per_minute: 2, ..Config::default() }).await;
    assert!(town.get("/").await.text.contains("href=\"/router\""));
    let page = town.get("/router?device=yamaha&prefecture=osaka&services=both&phone=yes").await;
    assert!(
        page.status == StatusCode::OK && page.text.contains("dhcp-prefix@lan2") && page.text.contains("試していないこと"),
        "{}",
        page.text
    );
    let sent = filled(&[("text", "server=/lineauth.mnw/192.168.1.1\n"), ("dialect", "dnsmasq")]);
    let found = town.post("/router/lint", &sent).await;
    assert!(found.status == StatusCode::OK && found.text.contains("上のルーター 192.168.1.1 に聞いています"), "{}", found.text);
    let large = filled(&[("text", &"a".repeat(recipes::page::MAX_FORM))]);
    assert_eq!(town.post("/router/lint", &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(town.post("/router/lint", &sent).await.status, StatusCode::TOO_MANY_REQUESTS);
}
