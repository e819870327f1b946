//! Certificates of every kind and every revocation list are held against other people's rules (pkilint).

use std::process::Command;

use authority::{Config, List, Profile, Reason};
use chassis::pfx::Strength;
use chassis::testing::Place;

use crate::town::{Town, csr_der, now};

/// How many certificates are held: a few here, a thousand in the proof.
const LINTED: &str = "ONSHI_LINTED";
const FEW: usize = 40;
/// The Python interpreter that has pkilint.
const PYTHON: &str = "ONSHI_TEST_PKILINT";

/// Rows: CA-25
#[tokio::test]
async fn pkilint_finds_nothing_in_certificates_of_every_kind_nor_in_the_lists() {
    let Some(python) = std::env::var_os(PYTHON) else {
        assert!(std::env::var_os("ONSHI_TEST_ALL").is_none(), "ONSHI_TEST_ALL wants pkilint too: name its Python in {PYTHON}");
        return;
    };
    let count = std::env::var(LINTED).ok().and_then(|text| text.parse().ok()).unwrap_or(FEW);
    let place = Place::sqlite();
    let config = Config { demonstration: true, renew_days: 2000, pool_keys: 2, ..Config::default() };
    let town = Town::begin_with(&place, config, now()).await;
    for number in 0..count {
        let notice = town.notice().await;
        // An RSA key takes long to make; some are enough.
        if number % 20 == 19 {
            town.pfx(&notice, "0417", Strength::Compatible).await.unwrap();
            continue;
        }
        let proof = town.proof(&notice).await;
        let name = format!("t{number}.{}.{}", crate::town::CODE, manuals::certificate::sheet().standard.terminals);
        let profile = if number % 3 == 1 { Profile::TerminalAcme { dns: name } } else { Profile::Terminal };
        let issued = town.authority.issue(&proof, &csr_der(), &profile, now()).await.unwrap().unwrap();
        if number % 7 == 2 {
            town.authority.revoke(&issued.serial, Reason::KeyCompromise, now()).await.unwrap();
        }
    }
    let folder = place.folder.path().join("linted");
    std::fs::create_dir(&folder).unwrap();
    for made in town.authority.certificates().await.unwrap() {
        std::fs::write(folder.join(format!("{}.crt", made.serial)), &made.der).unwrap();
    }
    let shards = (0..).map(List::Shard).take_while(|list| matches!(list, List::Shard(shard) if *shard < 64));
    for list in std::iter::once(List::Full).chain(shards) {
        let published = town.authority.crl(list, now()).await.unwrap();
        std::fs::write(folder.join(format!("{list:?}.crl")), &published.der).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lint.py");
    let held = Command::new(python).arg(script).arg(&folder).output().unwrap();
    let said = String::from_utf8_lossy(&held.stdout).into_owned();
    assert!(held.status.success(), "{said}{}", String::from_utf8_lossy(&held.stderr));
    println!("{}", said.trim());
}
