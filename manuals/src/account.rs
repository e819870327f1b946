//! Accounts of the portal: their kinds, what is made for whom, and a facility's switches as they stand at first.

use crate::embedded;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/account.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// For whom an account is made (PA-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// One facility.
    Facility,
    /// One person.
    Person,
    /// One linkage server.
    LinkageServer,
    /// One terminal with a card reader.
    Terminal,
}

/// A kind of account (PA-05).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Stable key.
    pub key: &'static str,
    /// Japanese name.
    pub name: &'static str,
    /// For whom it is made.
    pub per: Per,
    /// Whether a linkage server uses it (PA-06).
    pub on_linkage_server: bool,
}

/// A switch of a facility's environment (PA-09).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Stable key.
    pub key: &'static str,
    /// Japanese name.
    pub name: &'static str,
    /// Whether it is used at first (PA-10).
    pub default: bool,
    /// Only a 病院 that the implementing body gave the right may turn it on (PA-11).
    #[serde(default)]
    pub only_for_authorised_hospitals: bool,
}

/// Everything fixed about accounts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// Fields of the password change screen (PA-03).
    #[serde(borrow)]
    pub menu_password_fields: Vec<&'static str>,
    /// Its button.
    pub menu_password_button: &'static str,
    /// How the ids of bridge accounts begin (PA-07).
    #[serde(borrow)]
    pub bridge_id_prefixes: Vec<&'static str>,
    /// The character set a facility begins with (PA-08).
    pub default_character_set: &'static str,
    /// The character set it may change to (PA-08).
    pub other_character_set: &'static str,
    /// The kind of account that may change it (PA-08).
    pub character_set_changed_by: &'static str,
    kind: Vec<Kind>,
    switch: Vec<Switch>,
}

/// Everything fixed about accounts.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The kinds of account (PA-05).
pub fn kinds() -> &'static [Kind] {
    &SHEET.kind
}

/// The kind with this key; `None` for any other word.
pub fn kind(key: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.key == key)
}

/// The switches of a facility's environment (PA-09).
pub fn switches() -> &'static [Switch] {
    &SHEET.switch
}

/// Whether an id can be a bridge account's: it begins with R0 or R1 (PA-07).
pub fn is_bridge_id(id: &str) -> bool {
    SHEET.bridge_id_prefixes.iter().any(|prefix| id.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: PA-05, PA-06
    #[test]
    fn seven_kinds_of_account_are_made_for_whom_the_manual_says() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let per = |per| -> Vec<&str> { kinds().iter().filter(|kind| kind.per == per).map(|kind| kind.key).collect() };
        assert_eq!(kinds().len(), 7);
        assert_eq!(per(Per::Person), ["general", "medical-viewing"]);
        assert_eq!(per(Per::LinkageServer), ["bridge", "web-api"]);
        let elsewhere: Vec<_> = kinds().iter().filter(|kind| !kind.on_linkage_server).map(|kind| kind.name).collect();
        assert_eq!(elsewhere, ["顔認証用アカウント"]);
        assert_eq!(kind("bridge").map(|kind| kind.name), Some("連携アプリ用アカウント"));
        assert_eq!(kind("guest"), None);
    }

    /// Rows: PA-07
    #[test]
    fn a_bridges_id_begins_with_r0_or_r1() {
        assert!(is_bridge_id("R012345678") && is_bridge_id("R1ABC"));
        assert!(!is_bridge_id("R2ABC") && !is_bridge_id("r0abc") && !is_bridge_id("") && !is_bridge_id("AR0"));
    }

    /// Rows: PA-09, PA-10
    #[test]
    fn a_facility_begins_with_utf_8_and_seven_switches_off() {
        assert_eq!((sheet().default_character_set, sheet().other_character_set), ("UTF-8", "Shift-JIS"));
        assert_eq!(kind(sheet().character_set_changed_by).map(|kind| kind.name), Some("管理アカウント"));
        let off: Vec<_> = switches().iter().filter(|switch| !switch.default).map(|switch| switch.name).collect();
        assert_eq!(
            off,
            ["手術情報", "診療情報", "臨床情報", "電子処方箋管理サービス", "電子カルテ情報共有サービス", "医療扶助", "救急時医療情報"]
        );
        let gated: Vec<_> = switches().iter().filter(|switch| switch.only_for_authorised_hospitals).map(|switch| switch.key).collect();
        assert_eq!(gated, ["emergency"]);
        assert_eq!(switches().len(), 9);
        assert_eq!(sheet().menu_password_fields, ["新パスワード", "新パスワード（確認）"]);
        assert_eq!(sheet().menu_password_button, "変更");
    }
}
