//! Shows that the chain holds when its parts die: what was acknowledged is never lost, and no client notices a copy that is gone.

mod clinic;
mod cluster;
mod copies;
mod copy;
mod crashes;
mod encrypted;
mod failing_over;
mod kills;
mod log;
mod relay;
mod upgrade;
mod windows;

use super::Point;
use super::ground::Ground;

/// The points, in the order of their issue.
pub(super) const POINTS: [Point; 5] = [
    Point {
        claim: "100,000 simulated crashes of the bridge and 1,000 real kills of bridge and center while files flow: every drop has one result and one record",
        show: stopped_anywhere,
    },
    Point {
        claim: "two copies of each room on PostgreSQL over TLS, one killed every two seconds under load and imports: no client notices, nothing is lost",
        show: copies::killed_in_turn,
    },
    Point {
        claim: "three PostgreSQL servers under Patroni, the primary killed three times under load: nothing acknowledged is lost, back within 30 s",
        show: failing_over::primary_killed,
    },
    Point {
        claim: "the Windows build: its tests under Wine, onshi up --once, and a patient asked from it against a center on Linux",
        show: windows::clinic_on_windows,
    },
    Point {
        claim: "the previous commit's data under the new program, both side by side on PostgreSQL while checks flow: no client notices",
        show: upgrade::both_versions,
    },
];

/// Simulated crashes first: they are quicker to say what is wrong.
fn stopped_anywhere(ground: &Ground) -> Result<String, String> {
    let simulated = crashes::simulated(ground)?;
    let killed = kills::killed_at_random(ground)?;
    Ok(format!("{simulated}; {killed}"))
}

/// How long the load goes on: ONSHI_PROVE_SECONDS, or what the proof wants.
fn seconds(otherwise: u64) -> u64 {
    std::env::var("ONSHI_PROVE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
