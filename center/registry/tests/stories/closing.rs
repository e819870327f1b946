//! An operator closes the proxy for a night; servers without a database learn of it, and of who is admitted, from one numbered snapshot.

use std::time::Duration;

use chassis::on_both;
use jiff::SignedDuration;
use registry::closures::Announcement;
use registry::{Error, Refusal};
use wire::snapshot::Snapshot;

use crate::town::{LINE, PREFIX, now, settled};

pub(crate) fn night() -> Announcement {
    Announcement {
        service: "proxy".to_owned(),
        from: "2026-07-15 22:00".to_owned(),
        until: "2026-07-16 05:00".to_owned(),
        reason: "定期保守".to_owned(),
    }
}

on_both!(a_closure_and_the_admitted_lines_stand_in_the_next_snapshot, async |place| {
    let (registry, _, _) = settled(place).await;
    let first = registry.snapshot(now()).await.unwrap();
    assert_eq!((first.number, first.closures.len()), (1, 0));
    assert_eq!(first.admitted.iter().map(ToString::to_string).collect::<Vec<_>>(), [PREFIX]);
    assert_eq!(first.valid_until, now() + SignedDuration::from_hours(24));
    let closure = registry.add_closure(&night(), now()).await.unwrap();
    registry.dismiss(PREFIX).await.unwrap();
    let second = registry.snapshot(now()).await.unwrap();
    assert_eq!((second.number, second.admitted.len()), (2, 0));
    // 23:00 in Japan.
    let at = "2026-07-15T14:00:00Z".parse().unwrap();
    assert_eq!(second.closed_until("proxy", at), Some("2026-07-15T20:00:00Z".parse().unwrap()));
    assert_eq!(Snapshot::read(&second.write()).as_ref(), Ok(&second));
    // What is over is no longer told; what is taken back neither.
    assert!(registry.snapshot(closure.ends_at).await.unwrap().closures.is_empty());
    registry.remove_closure(&closure.closure_id).await.unwrap();
    assert!(registry.closures(now()).await.unwrap().is_empty());
    let unknown = registry.remove_closure(&closure.closure_id).await;
    assert!(matches!(unknown, Err(Error::Refused(Refusal::Unknown(_)))));
});

#[tokio::test]
async fn whoever_waits_for_a_change_hears_of_it() {
    let place = chassis::testing::Place::sqlite();
    let (registry, _, _) = settled(&place).await;
    // Settling was a change itself.
    registry.changed().await;
    let told = tokio::spawn({
        let registry = registry.clone();
        async move { registry.changed().await }
    });
    registry.add_closure(&night(), now()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), told).await.unwrap().unwrap();
    registry.admit(LINE, "2408:210:aaaa:cc00::/64", now()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), registry.changed()).await.unwrap();
    registry.dismiss(PREFIX).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), registry.changed()).await.unwrap();
}
