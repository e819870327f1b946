//! A caller enters with everything, and is stopped at once when one thing is taken away.

use chassis::on_both;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use jiff::SignedDuration;
use manuals::situation::Situation;
use registry::{Demand, Registry};
use secrecy::{ExposeSecret, SecretString};
use wire::number::FacilityCode;

use crate::town::{CODE, PREFIX, SERIAL, caller, facility, now, settled};

const CERTIFICATE: Demand = Demand { certificate: true, session: false };
const SESSION: Demand = Demand { certificate: false, session: true };

async fn token(registry: &Registry, account: &str, password: &SecretString) -> String {
    let entry = registry.enter(&caller(), None, CERTIFICATE, now()).await.unwrap().unwrap();
    let session = registry.log_in(account, password.clone(), &entry, now()).await.unwrap().unwrap();
    session.token.expose_secret().to_owned()
}

on_both!(a_program_logs_in_from_its_terminal_and_asks_until_the_session_ends, async |place| {
    let (registry, account, password) = settled(place).await;
    assert!(account.starts_with("R0") && account.len() == 10, "{account}");
    let token = token(&registry, &account, &password).await;
    let entry = registry.enter(&caller(), Some(&token), SESSION, now()).await.unwrap().unwrap();
    assert_eq!(
        (entry.facility_code.as_str(), entry.account_id.as_deref(), entry.serial.as_deref()),
        (CODE, Some(account.as_str()), Some(SERIAL))
    );
    let bare = Caller { certificate: PeerCertificate::Absent, ..caller() };
    assert!(registry.enter(&bare, Some(&token), SESSION, now()).await.unwrap().is_ok());
    let later = now() + SignedDuration::from_mins(30);
    assert_eq!(registry.enter(&bare, Some(&token), SESSION, later).await.unwrap(), Err(Situation::ExpiredToken));
    assert_eq!(registry.enter(&bare, Some("invented"), SESSION, now()).await.unwrap(), Err(Situation::UnknownToken));
    assert_eq!(registry.enter(&bare, None, SESSION, now()).await.unwrap(), Err(Situation::NoToken));
});

on_both!(
    /// Rows: CA-23
    a_blocked_terminal_is_refused_by_its_very_next_request,
    async |place| {
        let (registry, account, password) = settled(place).await;
        let token = token(&registry, &account, &password).await;
        registry.block_terminal(&SERIAL.to_uppercase(), true, now()).await.unwrap();
        assert_eq!(registry.enter(&caller(), Some(&token), SESSION, now()).await.unwrap(), Err(Situation::BlockedTerminal));
        assert!(registry.terminals(Some(CODE)).await.unwrap()[0].blocked);
        registry.block_terminal(SERIAL, false, now()).await.unwrap();
        assert!(registry.enter(&caller(), Some(&token), SESSION, now()).await.unwrap().is_ok());
        assert!(registry.block_terminal("ffff", true, now()).await.is_err());
    }
);

on_both!(
    /// Rows: LA-12, LA-13
    a_prefix_admits_all_its_addresses_until_it_is_dismissed,
    async |place| {
        let (registry, ..) = settled(place).await;
        let other = Caller { address: "2408:210:aaaa:bb01::1".parse().unwrap(), ..caller() };
        assert_eq!(registry.enter(&other, None, CERTIFICATE, now()).await.unwrap(), Err(Situation::UnadmittedLine));
        let second = Caller { address: "2408:210:aaaa:bb00:ffff::2".parse().unwrap(), ..caller() };
        assert!(registry.enter(&second, None, CERTIFICATE, now()).await.unwrap().is_ok());
        registry.dismiss(PREFIX).await.unwrap();
        assert_eq!(registry.enter(&second, None, CERTIFICATE, now()).await.unwrap(), Err(Situation::UnadmittedLine));
        assert!(registry.dismiss(PREFIX).await.is_err());
    }
);

on_both!(wrong_passwords_make_that_terminal_wait_and_nobody_else, async |place| {
    let (registry, account, password) = settled(place).await;
    let entry = registry.enter(&caller(), None, CERTIFICATE, now()).await.unwrap().unwrap();
    for _ in 0..3 {
        let tried = registry.log_in(&account, "wrong".into(), &entry, now()).await.unwrap();
        assert_eq!(tried.unwrap_err(), Situation::LoginRefused);
    }
    let tried = registry.log_in(&account, password.clone(), &entry, now()).await.unwrap();
    assert_eq!(tried.unwrap_err(), Situation::AccountLocked);
    let elsewhere = registry::Entry { serial: Some("4a12".into()), ..entry.clone() };
    assert!(registry.log_in(&account, password.clone(), &elsewhere, now()).await.unwrap().is_ok());
    let later = now() + SignedDuration::from_mins(16);
    assert!(registry.log_in(&account, password, &entry, later).await.unwrap().is_ok());
    assert_eq!(registry.log_in("R099999999", "x".into(), &entry, now()).await.unwrap().unwrap_err(), Situation::LoginRefused);
});

on_both!(an_account_of_another_facility_cannot_be_used_from_here, async |place| {
    let (registry, ..) = settled(place).await;
    let application = registry.apply_for_facility(&facility("1310099998"), now()).await.unwrap();
    registry.approve(&application, now()).await.unwrap();
    let code = FacilityCode::parse("1310099998").unwrap();
    let (account, password) = registry.create_account(&code, "1", now()).await.unwrap();
    let entry = registry.enter(&caller(), None, CERTIFICATE, now()).await.unwrap().unwrap();
    let tried = registry.log_in(&account, password, &entry, now()).await.unwrap();
    assert_eq!(tried.unwrap_err(), Situation::CertificateOfOtherFacility);
});
