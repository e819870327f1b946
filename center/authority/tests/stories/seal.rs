//! Certificates and keys survive a restart, and a copy of the folder is worthless without the passphrase.

use authority::{Authority, Config};
use chassis::testing::Place;
use chassis::vault::{Vault, VaultError};
use registry::Registry;
use secrecy::SecretString;

use crate::town::now;

#[tokio::test]
async fn certificates_and_keys_survive_a_restart_and_a_mixed_up_key_is_noticed() {
    let place = Place::sqlite();
    let keys = place.folder.path().join("keys");
    let certificates = place.folder.path().join("certificates");
    let passphrase: SecretString = "a passphrase from elsewhere".into();
    let open = async |vault: &Vault| {
        let db = place.database().await;
        let registry = Registry::open(db.clone(), registry::Config::default()).await.unwrap();
        Authority::open(db, registry, vault, &certificates, Config::default(), now()).await
    };
    let vault = Vault::open(&keys, Some(&passphrase)).unwrap();
    let first = open(&vault).await.unwrap();
    let again = open(&Vault::open(&keys, Some(&passphrase)).unwrap()).await.unwrap();
    assert_eq!(first.server_root(), again.server_root());
    assert_eq!(first.client_roots(), again.client_roots());
    assert!(matches!(Vault::open(&keys, None), Err(VaultError::Sealed(_))));
    for name in ["client-root", "issuing-01", "server-root"] {
        let stored = std::fs::read_to_string(keys.join(format!("{name}.key"))).unwrap();
        assert!(stored.contains("sealed") && !stored.contains("unsealed"), "{name}");
    }
    let other = Vault::open(&place.folder.path().join("other"), Some(&passphrase)).unwrap();
    let mixed = open(&other).await;
    assert!(matches!(mixed, Err(authority::Error::Mismatch(_))), "a certificate that does not belong to its key must be noticed");
}

#[tokio::test]
async fn roots_are_constrained_to_the_network_and_marked_in_a_demonstration() {
    let place = Place::sqlite();
    let town = crate::town::Town::begin(&place).await;
    for root in [town.authority.server_root().clone(), town.authority.client_roots().remove(0)] {
        let (_, parsed) = x509_parser::parse_x509_certificate(&root).unwrap();
        assert!(parsed.subject().to_string().contains("試験用"), "{}", parsed.subject());
        let constraints = parsed.name_constraints().unwrap().unwrap().value;
        assert_eq!(constraints.permitted_subtrees.as_ref().unwrap().len(), manuals::domains::permitted_name_constraints().len());
        assert_eq!(constraints.excluded_subtrees.as_ref().unwrap().len(), 2);
    }
}
