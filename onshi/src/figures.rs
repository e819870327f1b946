//! Collects the figures of this process and writes them out the way Prometheus reads them.

use std::time::Duration;

use anyhow::Context;
use chassis::clock::Clock;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds, from ten microseconds (a step of a check) to the longest wait of a receipt computer.
const SECONDS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
    180.0,
];
/// Records in one commit of the audit log.
const RECORDS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// How often what was measured is folded into its buckets.
const FOLD: Duration = Duration::from_secs(5);

/// The figures of this process.
#[derive(Clone)]
pub(crate) struct Figures {
    handle: PrometheusHandle,
}

impl Figures {
    /// Begins to collect; once a process.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_batch_records".to_owned()), RECORDS))
            .and_then(PrometheusBuilder::install_recorder)
            .context("指標を集められません")?;
        let folded = handle.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(FOLD);
            loop {
                every.tick().await;
                folded.run_upkeep();
            }
        });
        describe_process();
        Ok(Self { handle })
    }

    /// Everything collected so far, as text.
    pub(crate) fn text(&self) -> String {
        note_process();
        self.handle.render()
    }
}

/// The figures that every program has, under the names that Prometheus gives them everywhere.
fn describe_process() {
    describe_gauge!("onshi_build_info", "Always 1; the label says which version runs.");
    describe_gauge!("process_cpu_seconds_total", Unit::Seconds, "Processor time used so far, all threads.");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory in use.");
    describe_gauge!("process_open_fds", "Open files and connections.");
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "When this process began to collect, in Unix seconds.");
    metrics::gauge!("onshi_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let begun = Clock::system().now().as_millisecond();
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of this era fit a double exactly")]
    metrics::gauge!("process_start_time_seconds").set(begun as f64 / 1000.0);
}

/// What a center tells; those that count failures stand at zero from the start, so that the first failure is an increase.
#[cfg(feature = "center")]
pub(crate) fn describe_center(connections: usize) {
    describe_histogram!("onshi_request_seconds", Unit::Seconds, "Time of every HTTPS request by host and class of status.");
    describe_gauge!("onshi_connections", "Connections open now, handshakes included.");
    describe_gauge!("onshi_connections_limit", "How many connections may be open ([limits] connections).");
    describe_counter!("onshi_handshakes_failed_total", "TLS handshakes that failed or took too long.");
    describe_counter!("onshi_line_authentications_total", "Line authentications that ended, by how.");
    describe_counter!("onshi_refusals_total", "Callers refused, by situation.");
    describe_histogram!("onshi_check_seconds", Unit::Seconds, "Time of a check at the desk, from its request to its answer.");
    describe_histogram!("onshi_check_step_seconds", Unit::Seconds, "Time of each step of a check.");
    describe_counter!("onshi_checks_total", "Checks answered, by validity (OQSCD006) or error code.");
    describe_counter!("onshi_checks_repeated_total", "Drops asked again and given their first answer.");
    describe_histogram!("onshi_audit_commit_seconds", Unit::Seconds, "Time of one commit of the audit log.");
    describe_histogram!("onshi_audit_batch_records", "Records that shared one commit.");
    describe_counter!("onshi_audit_records_total", "Records written to the audit log.");
    describe_counter!("onshi_audit_failures_total", "Batches of the audit log that could not be written.");
    describe_counter!("onshi_applications_total", "Applications that came through the portal, by service.");
    describe_counter!("onshi_application_mistakes_total", "Mistakes named in application forms, by field.");
    describe_counter!("onshi_forms_refused_total", "Forms of the portal refused because too many came from one place.");
    describe_counter!("onshi_mails_total", "Mails sent, put off, or given up.");
    describe_counter!("onshi_snapshot_failures_total", "Snapshots of the registry that could not be published.");
    metrics::gauge!("onshi_connections_limit").set(f64::from(u32::try_from(connections).unwrap_or(u32::MAX)));
    metrics::gauge!("onshi_connections").set(0.0);
    metrics::counter!("onshi_handshakes_failed_total").absolute(0);
    metrics::counter!("onshi_checks_repeated_total").absolute(0);
    metrics::counter!("onshi_audit_failures_total").absolute(0);
    for outcome in ["sent", "later", "given-up"] {
        metrics::counter!("onshi_mails_total", "outcome" => outcome).absolute(0);
    }
    metrics::counter!("onshi_snapshot_failures_total").absolute(0);
    for situation in manuals::situation::Situation::ALL {
        metrics::counter!("onshi_refusals_total", "situation" => situation.key()).absolute(0);
    }
}

/// What the small servers of the network tell, each what concerns it.
#[cfg(feature = "center")]
pub(crate) fn describe_network() {
    describe_gauge!("onshi_snapshot_made_seconds", Unit::Seconds, "When the snapshot of the registry in use was made, in Unix seconds.");
    describe_gauge!("onshi_snapshot_lines", "Lines admitted by the snapshot in use.");
    describe_counter!("onshi_snapshot_refused_total", "Looks at the snapshot that brought none that can be used.");
    describe_gauge!("onshi_proxy_tunnels", "Tunnels open now.");
    describe_counter!("onshi_proxy_requests_total", "Requests to the proxy by outcome.");
    describe_counter!("onshi_proxy_bytes_total", Unit::Bytes, "Bytes carried, by way.");
    describe_counter!("onshi_proxy_turned_away_total", "Connections closed at once, because all places were taken.");
    describe_counter!("onshi_time_answers_total", "Questions for the time answered.");
    describe_counter!("onshi_time_refused_total", "Questions for the time that came too often.");
    describe_counter!("onshi_time_ignored_total", "Datagrams that are no question for the time.");
}

/// What a bridge tells.
#[cfg(feature = "clinic")]
pub(crate) fn describe_bridge() {
    describe_counter!("onshi_bridge_taken_total", "Request files taken.");
    describe_gauge!("onshi_bridge_waiting_files", "Request files that are not whole yet, or held by their writer.");
    describe_counter!("onshi_bridge_results_total", "Result files written, by outcome.");
    describe_counter!("onshi_bridge_refused_total", "Request files refused with an .err, by code.");
    describe_histogram!("onshi_bridge_seconds", Unit::Seconds, "From taking a request file to its result.");
    metrics::counter!("onshi_bridge_taken_total").absolute(0);
    for outcome in ["answered", "failed"] {
        metrics::counter!("onshi_bridge_results_total", "outcome" => outcome).absolute(0);
    }
}

/// Reads what the kernel says of this process; where there is no such report, the figures stay away.
fn note_process() {
    let Some(stat) = std::fs::read_to_string("/proc/self/stat").ok() else { return };
    // The name in brackets may contain spaces: count after it. Ticks are hundredths of a second on every Linux that Debian builds.
    let fields: Vec<&str> = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let number = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
    if let (Some(user), Some(system)) = (number(11), number(12)) {
        metrics::gauge!("process_cpu_seconds_total").set((user + system) / 100.0);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    if let Some(kilobytes) = resident {
        metrics::gauge!("process_resident_memory_bytes").set(kilobytes * 1024.0);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(f64::from(u32::try_from(open.count()).unwrap_or(u32::MAX)));
    }
}
