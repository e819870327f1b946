//! An operator announces a trouble; everybody on the closed network reads it, and still does when the database has gone away.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chassis::clock::Clock;
use chassis::on_both;
use registry::troubles::Announcement;
use registry::{Config, Error, Refusal, Registry};
use tower::ServiceExt;
use wire::status::{Health, STATUS_PAGE, STATUS_PATH, Status};

use crate::closing::night;
use crate::town::{now, settled};

async fn read(door: &axum::Router, path: &str) -> (StatusCode, String) {
    let asked = Request::get(path).header(header::ACCEPT_LANGUAGE, "ja").body(Body::empty()).unwrap();
    let answer = door.clone().oneshot(asked).await.unwrap();
    let status = answer.status();
    let bytes = axum::body::to_bytes(answer.into_body(), wire::status::MAX_BYTES).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

// Rows: PX-10
on_both!(an_announced_trouble_is_read_by_programs_and_people, async |place| {
    let (registry, _, _) = settled(place).await;
    let clock = Clock::driven(now());
    let door = registry::status::routes(registry.clone(), clock.clone(), &["portal", "line_portal"]);
    let status = Status::read(read(&door, STATUS_PATH).await.1.as_bytes()).unwrap();
    assert_eq!((status.health("portal"), status.health("proxy")), (Health::Working, Health::Unknown));
    assert!(read(&door, STATUS_PAGE).await.1.contains("センターは動いています"));

    let announced = Announcement {
        text: "東日本の回線に障害が起きています。".into(),
        regions: vec!["east".into()],
        repairer: "carrier".into(),
        ..Announcement::default()
    };
    let trouble = registry.add_trouble(&announced, now()).await.unwrap();
    registry.add_closure(&night(), now()).await.unwrap();
    let soon = Status::read(read(&door, STATUS_PATH).await.1.as_bytes()).unwrap();
    assert!(soon.troubles.is_empty(), "the last status is told for two seconds: however many ask, the database is not");
    clock.advance(jiff::SignedDuration::from_secs(3));
    let status = Status::read(read(&door, STATUS_PATH).await.1.as_bytes()).unwrap();
    assert_eq!(status.troubles, std::slice::from_ref(&trouble));
    assert_eq!(status.closures.len(), 1);
    assert_eq!(status.health("portal"), Health::Working, "a carrier's trouble is not the center's");
    let (code, page) = read(&door, STATUS_PAGE).await;
    assert_eq!(code, StatusCode::OK);
    assert!(page.contains(&announced.text) && page.contains("東日本") && page.contains("回線の会社が直しています"), "{page}");

    registry.remove_trouble(&trouble.trouble_id).await.unwrap();
    assert!(registry.troubles(now()).await.unwrap().is_empty());
    let unknown = registry.remove_trouble(&trouble.trouble_id).await;
    assert!(matches!(unknown, Err(Error::Refused(Refusal::Unknown(_)))));
});

#[tokio::test]
async fn a_database_that_has_gone_away_is_a_trouble_of_the_center_and_announcements_stay() {
    let place = chassis::testing::Place::sqlite();
    let db = place.database().await;
    let registry = Registry::open(db.clone(), Config::default()).await.unwrap();
    let clock = Clock::driven(now());
    let door = registry::status::routes(registry.clone(), clock.clone(), &["portal"]);
    let announced = Announcement { text: "復旧しています。<b>".into(), ..Announcement::default() };
    registry.add_trouble(&announced, now()).await.unwrap();
    read(&door, STATUS_PATH).await;
    db.execute("ALTER TABLE trouble RENAME TO elsewhere", &[]).await.unwrap();
    clock.advance(jiff::SignedDuration::from_secs(3));
    let status = Status::read(read(&door, STATUS_PATH).await.1.as_bytes()).unwrap();
    assert_eq!((status.health("portal"), status.troubles.len()), (Health::Troubled, 1));
    let page = read(&door, STATUS_PAGE).await.1;
    assert!(page.contains("センターに障害が起きています") && page.contains("&#60;b&#62;") && !page.contains("<b>"), "{page}");
}
