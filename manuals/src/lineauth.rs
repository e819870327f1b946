//! Line authentication's fixed values: where the portal is, how long it may take, and what makes it ask again.

use crate::{domains::Service, embedded};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/lineauth.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// A browser the manuals name (LA-02). Ours serve any modern browser.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    /// For which service's guide.
    pub service: Service,
    /// Product.
    pub name: &'static str,
    /// Operating systems named with it; empty when none is.
    #[serde(borrow)]
    pub systems: Vec<&'static str>,
}

/// The portal's fixed values.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    deadline_seconds: i64,
    /// What to have ready before calling support (SU-04).
    #[serde(borrow)]
    pub ready_for_support: Vec<&'static str>,
    /// What changes the line's address, so that the intent screen comes again (LA-17).
    #[serde(borrow)]
    pub asked_again_after: Vec<&'static str>,
    /// Browsers the manuals name (LA-02).
    pub browser: Vec<Browser>,
}

impl Sheet {
    /// After this long without completion the page "サービス提供者からの応答がありません" (P32031) is shown: 25 seconds (LA-08).
    pub fn deadline(&self) -> SignedDuration {
        SignedDuration::from_secs(self.deadline_seconds)
    }
}

/// The address a person types (LA-01).
pub fn url() -> String {
    format!("https://{}", crate::hosts::line_portal().name)
}

/// The portal's fixed values.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: LA-01, LA-02, SU-04
    #[test]
    fn the_portals_values_are_the_printed_ones() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let portal = sheet();
        assert_eq!(url(), "https://www.lineauth.mnw");
        assert_eq!(portal.deadline(), SignedDuration::from_secs(25));
        assert_eq!(
            portal.asked_again_after,
            ["フレッツ・v6オプションの追加", "インターネット契約の追加・変更", "コラボ光への変更", "回線移転", "故障"]
        );
        assert_eq!(portal.ready_for_support, ["お客さまID", "IPv6アドレス", "アクセス日時"]);
        let browsers: Vec<_> = portal.browser.iter().map(|browser| (browser.service, browser.name)).collect();
        assert_eq!(
            browsers,
            [(Service::Claims, "Internet Explorer 11"), (Service::Claims, "Microsoft Edge"), (Service::Eligibility, "Microsoft Edge")]
        );
    }
}
