//! The network's time server as a terminal is set to it.

use crate::{embedded, hosts, proxy::Way};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/time.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The time server's fixed values.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// The button that asks the server at once (TM-01).
    pub button: &'static str,
    /// The name answers several addresses in turn; a device that cannot follow needs one of them by hand (TM-03, DN-30).
    pub round_robin: bool,
}

/// The time server's fixed values.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The server to set for a way of bringing software: the network's own for [`Way::Base`]; for the others `None`, where the carrier or the
/// site is asked and the setting is left out if they offer none (TM-04).
pub fn server_for(way: Way) -> Option<&'static str> {
    (way == Way::Base).then(|| hosts::ntp().name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: TM-01, TM-03, TM-04
    #[test]
    fn only_sites_on_the_networks_own_way_are_set_to_its_time_server() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!(sheet().button, "今すぐ更新");
        assert!(sheet().round_robin);
        assert_eq!(server_for(Way::Base), Some("ntp.base.oqs-pdl.org"));
        assert_eq!(server_for(Way::Carrier), None);
        assert_eq!(server_for(Way::Site), None);
    }
}
