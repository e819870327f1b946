//! Yesterday's backup is put back: nothing that was revoked since comes alive again, and nothing that was issued since passes as good.

use authority::{Decision, List, Reason, RevocationBy};
use chassis::db::Database;
use chassis::testing::Place;
use manuals::situation::Situation;

use crate::town::{Town, day, now};

/// A copy of the town's database as it is now.
async fn copied(town: &Town, place: &Place, name: &str) -> String {
    let path = place.folder.path().join(name);
    town.db().execute(&format!("VACUUM INTO '{}'", path.display()), &[]).await.unwrap();
    format!("sqlite:{}", path.display())
}

async fn listed(town: &Town, at: jiff::Timestamp) -> Vec<String> {
    let list = town.authority.crl(List::Full, at).await.unwrap();
    let (_, parsed) = x509_parser::parse_x509_crl(&list.der).unwrap();
    let mut serials: Vec<String> = parsed.iter_revoked_certificates().map(|entry| chassis::tls::serial_text(entry.raw_serial())).collect();
    serials.sort();
    serials
}

#[tokio::test]
async fn a_restored_backup_un_revokes_nothing_and_knows_nothing_good_of_what_was_issued_since() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    let (known, kept, asked, freed) = (town.terminal().await, town.terminal().await, town.terminal().await, town.terminal().await);
    let holder = town.holder(&freed.serial, now()).await;
    let number = town.authority.ask_revocation(RevocationBy::Possession(holder), "a@example.jp", now()).await.unwrap().unwrap();
    let before = town.authority.crl(List::Full, now()).await.unwrap();
    let backup = copied(&town, &place, "yesterday").await;

    // What happened since the backup was made.
    let (newer, newer_revoked) = (town.terminal().await, town.terminal().await);
    town.authority.revoke(&known.serial, Reason::KeyCompromise, day(1)).await.unwrap();
    town.authority.revoke(&newer_revoked.serial, Reason::Superseded, day(1)).await.unwrap();
    let holder = town.holder(&asked.serial, day(1)).await;
    town.authority.ask_revocation(RevocationBy::Possession(holder), "b@example.jp", day(1)).await.unwrap().unwrap();
    town.authority.decide_revocation(&number, &Decision::Refuse { reason: "見つかりました。".into() }, day(1)).await.unwrap();
    let wanted = listed(&town, day(1)).await;
    assert_eq!(wanted.len(), 3);
    let newest = town.authority.crl(List::Full, day(1)).await.unwrap();

    let restored = town.restored(Database::open(&backup).await.unwrap(), day(2)).await;
    assert_eq!(listed(&restored, day(2)).await, wanted, "revoked, revoked and unknown, and provisionally blocked");
    // From the first moment on, before any chores.
    assert_eq!(restored.is_let_in(&known.serial).await, Some(false));
    assert_eq!(restored.is_let_in(&asked.serial).await, Some(false));
    restored.authority.chores(day(2)).await.unwrap();
    assert_eq!(restored.is_let_in(&freed.serial).await, Some(true));
    assert_eq!(restored.is_let_in(&kept.serial).await, Some(true));
    assert_eq!(restored.authority.holder(&newer.serial, day(2)).await.unwrap(), Err(Situation::UnknownTerminal));
    let waiting = restored.authority.summary(day(2)).await.unwrap().revocations;
    assert_eq!(waiting, 1, "somebody must still decide what was asked for");
    let after = restored.authority.crl(List::Full, day(2)).await.unwrap();
    let number = |der: &[u8]| x509_parser::parse_x509_crl(der).unwrap().1.crl_number().unwrap().clone();
    assert!(number(&after.der) > number(&newest.der) && number(&newest.der) > number(&before.der), "numbers never go back");
    assert_eq!(listed(&restored.restarted(day(3)).await, day(3)).await, wanted, "and again at the next start");
}

#[tokio::test]
async fn a_key_of_the_pool_that_was_handed_out_since_the_backup_is_never_handed_out_again() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    town.authority.chores(now()).await.unwrap();
    let notice = town.notice().await;
    let backup = copied(&town, &place, "yesterday").await;
    let keys = async |town: &Town| {
        town.pfx(&notice, "4071", chassis::pfx::Strength::Modern).await.unwrap();
        town.authority.certificates().await.unwrap()[0].key_hash.clone()
    };
    let first = keys(&town).await;
    let restored = town.restored(Database::open(&backup).await.unwrap(), now()).await;
    assert_ne!(keys(&restored).await, first);
}

#[tokio::test]
async fn revocations_from_before_there_was_a_journal_are_written_into_it() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    let issued = town.terminal().await;
    let backup = copied(&town, &place, "yesterday").await;
    town.authority.revoke(&issued.serial, Reason::Unspecified, now()).await.unwrap();
    std::fs::remove_file(town.journal()).unwrap();
    let again = town.restarted(now()).await;
    assert!(std::fs::read_to_string(again.journal()).unwrap().contains(&format!("revoked {}", issued.serial)));
    let restored = town.restored(Database::open(&backup).await.unwrap(), now()).await;
    assert_eq!(listed(&restored, now()).await, vec![issued.serial]);
}

#[tokio::test]
async fn a_journal_that_was_changed_stops_the_start() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    let issued = town.terminal().await;
    town.authority.revoke(&issued.serial, Reason::Unspecified, now()).await.unwrap();
    let text = std::fs::read_to_string(town.journal()).unwrap();
    std::fs::write(town.journal(), text.replace("revoked", "released")).unwrap();
    let vault = chassis::vault::Vault::open(&place.folder.path().join("keys"), None).unwrap();
    let folder = place.folder.path().join("certificates");
    let opened =
        authority::Authority::open(town.db().clone(), town.registry.clone(), &vault, &folder, authority::Config::default(), now()).await;
    assert!(matches!(opened, Err(authority::Error::JournalDamaged(_, 1))));
}
