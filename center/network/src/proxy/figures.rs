//! Counts what the proxy does, with handles found once: to look a counter up by its name and labels costs more than to count.

use metrics::{Counter, Gauge};

use super::rules::Decision;
use super::tunnel::Carried;

/// The proxy's counters.
pub(super) struct Figures {
    own: Counter,
    tunnels: Counter,
    pages: Counter,
    refused: Counter,
    up: Counter,
    down: Counter,
    open: Gauge,
}

/// A tunnel among those that are open, as long as it lives.
pub(super) struct Open<'a>(&'a Gauge);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Figures {
    /// The counters of this process.
    pub(super) fn new() -> Self {
        let requests = |outcome: &'static str| metrics::counter!("onshi_proxy_requests_total", "outcome" => outcome);
        let bytes = |way: &'static str| metrics::counter!("onshi_proxy_bytes_total", "way" => way);
        Self {
            own: requests("own"),
            tunnels: requests("tunnel"),
            pages: requests("page"),
            refused: requests("refused"),
            up: bytes("up"),
            down: bytes("down"),
            open: metrics::gauge!("onshi_proxy_tunnels"),
        }
    }

    /// A request was decided.
    pub(super) fn decided(&self, decision: &Decision) {
        let counter = match decision {
            Decision::Own => &self.own,
            Decision::Tunnel { .. } => &self.tunnels,
            Decision::Fetch { .. } => &self.pages,
            Decision::Refuse(_) => &self.refused,
        };
        counter.increment(1);
    }

    /// A tunnel is open until what this gives is dropped.
    pub(super) fn open(&self) -> Open<'_> {
        self.open.increment(1.0);
        Open(&self.open)
    }

    /// A tunnel has ended.
    pub(super) fn carried(&self, carried: Carried) {
        self.up.increment(carried.up);
        self.down.increment(carried.down);
    }
}
