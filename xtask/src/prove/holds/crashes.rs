//! Runs the simulation of the clinic's bridge for as many crash points as the proof wants.

use crate::process;
use crate::prove::ground::Ground;

/// The simulation's test, and the variable that tells it how many crash points.
const TEST: &str = "bridge::simulation::wherever_the_bridge_is_stopped_every_drop_has_one_result_and_one_record";
const VARIABLE: &str = "ONSHI_CRASH_POINTS";
const POINTS: &str = "100000";

/// The point: the number is that of the issue unless the variable already asks for another.
pub(super) fn simulated(ground: &Ground) -> Result<String, String> {
    let points = std::env::var(VARIABLE).unwrap_or_else(|_| POINTS.to_owned());
    let mut cargo = process::cargo();
    cargo.args(["test", "--quiet", "-p", "clinic", "--lib", "--", "--exact", TEST, "--nocapture"]);
    let said = process::output(cargo.current_dir(ground.root()).env(VARIABLE, points)).map_err(|error| format!("{error:#}"))?;
    said.lines().find(|line| line.contains("crash points")).map(str::to_owned).ok_or_else(|| format!("the test did not run:\n{said}"))
}
