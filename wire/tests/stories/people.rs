//! The invented people and questions of the stories.

use jiff::civil::{DateTime, datetime};
use wire::check::{CheckRequest, QualificationRecord, SearchInfo};

/// When every answer of the stories is made, Japan time.
pub(crate) fn now() -> DateTime {
    datetime(2026, 7, 15, 9, 15, 2, 0)
}

/// A text as an optional value.
pub(crate) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The question about 架空　花子, as a receipt computer writes it.
pub(crate) fn hanako_asked() -> CheckRequest {
    CheckRequest {
        confirmation_date: "20260715".into(),
        facility_code: "1310099999".into(),
        file_identifier: some("KARTE-000123"),
        search: SearchInfo {
            insurer_number: "  990010".into(),
            symbol: some("９９－１"),
            number: "5501".into(),
            branch: some("01"),
            birthdate: "19800510".into(),
            limit_consent: "0".into(),
            arbitrary_identifier: None,
        },
    }
}

/// What the center knows of 架空　花子.
pub(crate) fn hanako() -> QualificationRecord {
    QualificationRecord {
        card_classification: "01".into(),
        insurer_number: some("  990010"),
        symbol: some("９９－１"),
        number: some("5501"),
        branch: some("01"),
        personal_family: some("1"),
        name: "架空　花子".into(),
        name_kana: some("ｶｸｳ ﾊﾅｺ"),
        sex1: "2".into(),
        birthdate: "19800510".into(),
        address: some("架空県架空市１－２－３"),
        post_number: some("999-0001"),
        qualification_date: some("20240401"),
        card_valid_date: some("20240401"),
        insurer_name: "架空市".into(),
        reference_number: some("24001"),
        ..QualificationRecord::default()
    }
}
