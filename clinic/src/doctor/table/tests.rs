//! The table is whole: it speaks of known facts, every desk text is free of network words, and every failure of the field has a cause.

use super::*;
use crate::doctor::facts::KNOWN;
use std::collections::BTreeSet;

/// What a receptionist need not know. A code or a name that she reads on the screen or in a contract is no such word.
const NETWORK_WORDS: [&str; 34] = [
    "DNS",
    "IPv",
    "IP",
    "TCP",
    "UDP",
    "TLS",
    "SSL",
    "HTTP",
    "NTP",
    "URL",
    "MTU",
    "RA",
    "DHCP",
    "LAN",
    "WAN",
    "ONU",
    "VPN",
    "PPPoE",
    "プレフィックス",
    "ルート証明書",
    "失効リスト",
    "名前解決",
    "リゾルバ",
    "ドメイン",
    "パケット",
    "ゲートウェイ",
    "サブネット",
    "アダプター",
    "ポート番号",
    "フィルター",
    "ファイアウォール",
    "ホスト",
    "サーバー",
    "認証局",
];

#[test]
fn the_table_is_read_whole_and_speaks_of_known_facts_and_causes_only() {
    if let Err(error) = toml::from_str::<Sheet>(TEXT) {
        panic!("{error}");
    }
    let known: BTreeSet<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), KNOWN.len(), "a fact stands there twice");
    let keys: BTreeSet<&str> = all().iter().map(|cause| cause.key).collect();
    assert_eq!(keys.len(), all().len(), "a cause stands there twice");
    for cause in all() {
        for name in cause.when.iter().flatten().chain(&cause.unless) {
            assert!(known.contains(name), "{}: {name} is no fact", cause.key);
        }
        let patterns = cause.explains.iter().chain(SHEET.group.values().flatten());
        for pattern in patterns.filter(|pattern| !pattern.starts_with('@')) {
            assert!(keys.iter().any(|key| fits(pattern, key)), "{}: {pattern} fits nothing", cause.key);
        }
        for group in cause.explains.iter().filter_map(|pattern| pattern.strip_prefix('@')) {
            assert!(SHEET.group.contains_key(group), "{}: no group {group}", cause.key);
        }
        assert!((40..=99).contains(&cause.confidence), "{}", cause.key);
        for text in [cause.title, cause.desk, cause.todo, cause.engineer] {
            assert!(!text.trim().is_empty() && !text.contains('\n'), "{}", cause.key);
        }
    }
}

#[test]
fn a_receptionist_understands_what_is_said_and_what_to_do() {
    for cause in all() {
        for text in [cause.desk, cause.todo] {
            // What she is told to say to an engineer in quotation marks is the engineer's word; so are names of contracts.
            let own: String = text.split(['「', '」']).step_by(2).collect();
            let own = own.replace("（フレッツ・v6オプション）", "").replace("チャットボット", "");
            for word in NETWORK_WORDS {
                assert!(!own.contains(word), "{}: {word} in {text}", cause.key);
            }
            assert!(text.chars().count() <= 100, "{}: {} letters: {text}", cause.key, text.chars().count());
            assert!(text.ends_with('。'), "{}: {text}", cause.key);
        }
    }
}

#[test]
fn every_failure_of_the_field_and_every_step_of_the_manuals_chart_has_a_cause() {
    let ranks: BTreeSet<u8> = all().iter().flat_map(|cause| cause.rank.iter().copied()).collect();
    assert_eq!(ranks, (1..=28).collect());
    let rows: BTreeSet<&str> = all().iter().flat_map(|cause| cause.rows.iter().copied()).collect();
    for row in ["SU-06", "SU-07", "SU-08", "LA-17", "LA-18", "DA-17", "DN-23", "NW-08", "PX-06", "PX-10", "PX-11", "PX-12", "TA-01"] {
        assert!(rows.contains(row), "{row}");
    }
    for known in rows {
        assert!(manuals::rows::all().iter().any(|row| row.id == known), "{known} is no row of the inventory");
    }
}

#[test]
fn what_people_read_leads_to_causes_by_keys_that_exist() {
    let situations = manuals::Situation::ALL.iter().map(|situation| situation.key());
    let known: BTreeSet<&str> = situations.chain(manuals::messages::all().iter().map(|message| message.key)).collect();
    for cause in all() {
        for key in &cause.says {
            assert!(known.contains(key), "{}: nobody says {key}", cause.key);
        }
    }
}

#[test]
fn a_group_stands_for_its_patterns() {
    let (link, names) = (by_key("machine.no-link").unwrap(), by_key("names.not-found").unwrap());
    assert!(link.explains(names) && !names.explains(link) && !names.explains(names));
}
