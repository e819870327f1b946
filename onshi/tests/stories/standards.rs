//! The center of `onshi up` answers programs that keep to a published standard: ACME and EST on the authority's host.

use serde_json::Value;

use crate::world::World;

#[test]
fn the_authority_of_a_running_center_speaks_acme_and_est_beside_its_own_paths() {
    let world = World::begin();
    let host = manuals::hosts::authority().name;
    let standard = &manuals::certificate::sheet().standard;
    let directory: Value = serde_json::from_str(&world.get(host, standard.acme, &[])).unwrap();
    let expected = manuals::certificate::page("/acme/new-order");
    assert_eq!(
        (directory["newOrder"].as_str(), &directory["meta"]["externalAccountRequired"]),
        (Some(expected.as_str()), &Value::Bool(true))
    );
    let head = world.get(host, "/acme/new-nonce", &["--head"]).to_lowercase();
    assert!(head.contains("200") && head.contains("replay-nonce: ") && head.contains("rel=\"index\""), "{head}");
    let unknown: Value = serde_json::from_str(&world.get(host, "/acme/nothing", &[])).unwrap();
    assert_eq!(unknown["type"], "urn:ietf:params:acme:error:malformed");
    let packed = world.get(host, &format!("{}/cacerts", standard.est), &[]);
    let der = data_encoding::BASE64.decode(packed.split_whitespace().collect::<String>().as_bytes()).unwrap();
    assert_eq!(der.first(), Some(&0x30), "PKCS#7 in Base64: {packed}");
    // The doors of before still stand.
    assert!(world.get(host, manuals::certificate::sheet().path.root, &[]).contains("BEGIN CERTIFICATE"));
}
