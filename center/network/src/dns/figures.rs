//! Counts what became of the packets, gathered a batch at a time so that counting costs nothing that can be seen.

use metrics::Counter;

use super::desk::Outcome;

/// The counts of one socket or connection.
pub(super) struct Tally {
    counters: [Counter; Outcome::ALL.len()],
    waiting: [u64; Outcome::ALL.len()],
}

impl Tally {
    pub(super) fn new(over: &'static str) -> Self {
        let counters = Outcome::ALL.map(|outcome| metrics::counter!("onshi_dns_packets_total", "over" => over, "outcome" => outcome.key()));
        Self { counters, waiting: [0; Outcome::ALL.len()] }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        if let Some(count) = self.waiting.get_mut(outcome as usize) {
            *count += 1;
        }
    }

    pub(super) fn tell(&mut self) {
        for (counter, count) in self.counters.iter().zip(&mut self.waiting) {
            if *count > 0 {
                counter.increment(std::mem::take(count));
            }
        }
    }
}

/// Says what each figure means; those that count trouble stand at zero from the start.
pub fn describe_figures() {
    metrics::describe_counter!("onshi_dns_packets_total", "Packets by kind of connection and by what became of them.");
    metrics::describe_counter!(
        "onshi_dns_dropped_total",
        "Datagrams left unanswered because their line had more than its share of a busy moment."
    );
    metrics::describe_counter!("onshi_dns_turned_away_total", "TCP connections refused or ended because all were taken.");
    metrics::describe_gauge!("onshi_dns_connections", "TCP connections open now.");
    metrics::describe_gauge!("onshi_dns_list_info", "1 for the edition of the list in force.");
    metrics::describe_gauge!("onshi_dns_list_refused", "1 while a newer list lies there that cannot be used.");
    metrics::describe_counter!("onshi_dns_lists_refused_total", "Lists that could not be used.");
    metrics::counter!("onshi_dns_dropped_total").absolute(0);
    metrics::counter!("onshi_dns_turned_away_total").absolute(0);
    metrics::counter!("onshi_dns_lists_refused_total").absolute(0);
    metrics::gauge!("onshi_dns_connections").set(0.0);
    metrics::gauge!("onshi_dns_list_refused").set(0.0);
}
