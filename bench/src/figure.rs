//! One measured figure beside its peer's.

use std::fmt;

use serde::Serialize;

/// One object of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// Beside what it was measured in the same run.
    pub(crate) peer: &'static str,
    pub(crate) peer_value: f64,
    /// `value / peer_value`.
    pub(crate) ratio: f64,
}

impl Figure {
    /// A figure and its peer's, in the same unit.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str, peer: &'static str, peer_value: f64) -> Self {
        Self { name: name.into(), value, unit, peer, peer_value, ratio: value / peer_value }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, unit, peer, peer_value, ratio } = self;
        write!(f, "{name:32} {value:>10.2} {unit:12} {ratio:>7.2} × {peer} ({peer_value:.2})")
    }
}

/// The value below which `share` of the sorted values lie.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are small")]
    let place = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Sorted ascending.
pub(crate) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}
