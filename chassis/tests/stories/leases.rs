//! A job that one copy does is done by one copy, and by another when that one is gone.

use chassis::db::values;
use chassis::lease::{HELD, Leases};
use chassis::on_both;
use chassis::testing::Place;
use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

on_both!(a_job_is_held_by_one_copy_until_its_moment_has_passed, async |place: &Place| {
    let db = place.database().await;
    let (one, other) = (Leases::open(db.clone()).await.unwrap(), Leases::open(db).await.unwrap());
    let held = one.claim("import", at(0), MINUTE).await.unwrap().unwrap();
    assert!(other.claim("import", at(59), MINUTE).await.unwrap().is_none());
    assert!(other.claim("clean-up", at(59), MINUTE).await.unwrap().is_some(), "another job is free");
    assert!(held.renew(at(59), MINUTE).await.unwrap());
    assert!(other.claim("import", at(61), MINUTE).await.unwrap().is_none());
    let taken = other.claim("import", at(119), MINUTE).await.unwrap().unwrap();
    assert!(!held.renew(at(119), MINUTE).await.unwrap(), "it was lost and cannot be held on to");
    held.release().await.unwrap();
    assert!(one.claim("import", at(120), MINUTE).await.unwrap().is_none(), "who lost it cannot give it away");
    taken.release().await.unwrap();
    assert!(one.claim("import", at(120), MINUTE).await.unwrap().is_some());
});

on_both!(a_job_that_many_ask_for_at_once_goes_to_one, async |place: &Place| {
    let leases = Leases::open(place.database().await).await.unwrap();
    let asking = (0..16).map(|_| {
        let leases = leases.clone();
        tokio::spawn(async move { leases.is_due("purge", at(0), MINUTE).await.unwrap() })
    });
    let mut told_yes = 0;
    for asked in asking.collect::<Vec<_>>() {
        told_yes += usize::from(asked.await.unwrap());
    }
    assert_eq!(told_yes, 1);
    assert!(!leases.is_due("purge", at(59), MINUTE).await.unwrap());
    assert!(leases.is_due("purge", at(60), MINUTE).await.unwrap());
});

on_both!(work_that_lost_its_lease_is_undone_with_its_transaction, async |place: &Place| {
    let db = place.database().await;
    let leases = Leases::open(db.clone()).await.unwrap();
    db.execute("CREATE TABLE done (by_whom TEXT NOT NULL)", &[]).await.unwrap();
    let asleep = leases.claim("switch", at(0), MINUTE).await.unwrap().unwrap();
    let awake = leases.claim("switch", at(60), MINUTE).await.unwrap().unwrap();
    for (lease, name) in [(&asleep, "asleep"), (&awake, "awake")] {
        let mut tx = db.begin().await.unwrap();
        tx.execute("INSERT INTO done (by_whom) VALUES ($1)", &values![name]).await.unwrap();
        if lease.confirm(&mut tx, at(61), MINUTE).await.unwrap() {
            tx.commit().await.unwrap();
        }
    }
    let done = db.query("SELECT by_whom FROM done", &[]).await.unwrap();
    assert_eq!(done.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>(), ["awake"]);
});

on_both!(a_job_of_a_process_that_is_gone_for_certain_is_free, async |place: &Place| {
    let db = place.database().await;
    let leases = Leases::open(db.clone()).await.unwrap();
    let _held = leases.claim("import", at(0), MINUTE).await.unwrap().unwrap();
    let is_held = async |name, at| db.query_opt(HELD, &values![name, at]).await.unwrap().is_some();
    assert!(is_held("import", at(59)).await);
    assert!(!is_held("import", at(60)).await && !is_held("clean-up", at(0)).await);
    leases.bury("import").await.unwrap();
    // Where several processes share the database, nobody knows who is gone.
    assert_eq!(is_held("import", at(59)).await, !db.is_exclusive());
});
