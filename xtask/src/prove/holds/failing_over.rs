//! Kills the database server that takes writes, three times, while a clinic asks.

use std::time::Duration;

use anyhow::{Result, bail};

use super::clinic::Clinic;
use super::cluster::{self, Cluster};
use super::copy::{Center, Copy};
use super::log::audited;
use super::relay::Relay;
use crate::packages;
use crate::prove::ground::Ground;
use crate::stopwatch::Stopwatch;

const KILLS: usize = 3;
/// Within this time after a kill the clinic must have right answers again.
const BACK: Duration = Duration::from_secs(30);
/// Of quiet work between two kills.
const CALM: Duration = Duration::from_secs(5);
/// For a node that was killed to follow again.
const REPAIRED: Duration = Duration::from_secs(120);

/// The point.
pub(super) fn primary_killed(ground: &Ground) -> Result<String, String> {
    prove(ground).map_err(|error| format!("{error:#}"))
}

fn prove(ground: &Ground) -> Result<String> {
    packages::install(cluster::missing, "the proof of fail-over")?;
    let folder = ground.scratch().join("cluster");
    std::fs::create_dir_all(&folder)?;
    let mut cluster = Cluster::start()?;
    let center = Center { onshi: ground.onshi().map_err(anyhow::Error::msg)?, folder, database: cluster.url(), shared: Some("shared") };
    let mut copies = [center.copy("one", &[])?, center.copy("two", &[])?];
    copies.iter_mut().try_for_each(Copy::wait_until_it_serves)?;
    let [one, two] = copies.each_ref().map(|copy| copy.port);
    let relay = Relay::before(&[one, two])?;
    let mut clinic = Clinic::open(ground.root(), &center, ["one"; 2], [relay.port; 2], "60s")?;
    clinic.begin()?;
    let outages = kill_in_turn(&mut cluster, &mut clinic)?;
    let dropped = clinic.finish()?;
    let recorded = audited(&center, "one", clinic.seen.answered, dropped)?;
    clinic.seen.without_failure()?;
    let shown = outages.iter().map(|outage| format!("{:.1} s", outage.as_secs_f64())).collect::<Vec<_>>().join(", ");
    if let Some(outage) = outages.iter().find(|outage| **outage > BACK) {
        bail!("the service was away for {:.1} s ({shown})", outage.as_secs_f64());
    }
    Ok(format!(
        "the primary killed {KILLS} times, back after {shown}; {dropped} files, {} right answers, {} records, longest answer {:.1} s",
        clinic.seen.answered,
        recorded.checks,
        clinic.seen.longest.as_secs_f64(),
    ))
}

/// How far the proof is with one kill.
enum Stage {
    /// All is well since.
    Calm(Stopwatch),
    /// The node is dead, and the clinic waits for its next right answer; so many it had before.
    Down { node: usize, answered: u64 },
    /// The node is to follow again.
    Repairing(Stopwatch),
}

/// The longest time without a right answer around each kill.
fn kill_in_turn(cluster: &mut Cluster, clinic: &mut Clinic) -> Result<Vec<Duration>> {
    let mut outages = Vec::new();
    let mut stage = Stage::Calm(Stopwatch::start());
    let mut since = Stopwatch::start();
    clinic.ask_while(|seen| {
        match &stage {
            Stage::Calm(watch) if watch.passed() > CALM => {
                if outages.len() == KILLS {
                    return Ok(false);
                }
                seen.silence = Duration::ZERO;
                stage = Stage::Down { node: cluster.kill_primary()?, answered: seen.answered };
                since = Stopwatch::start();
            }
            // As many as were waiting may have been answered before; those after them were not.
            Stage::Down { node, answered } if seen.answered > answered + 220 => {
                outages.push(seen.silence);
                cluster.start_node(*node)?;
                stage = Stage::Repairing(Stopwatch::start());
            }
            Stage::Down { .. } if since.passed() > REPAIRED => bail!("no answers for {} s after a kill", REPAIRED.as_secs()),
            Stage::Repairing(watch) if since.passed() > Duration::from_secs(1) => {
                since = Stopwatch::start();
                if cluster.is_whole() {
                    stage = Stage::Calm(Stopwatch::start());
                } else if watch.passed() > REPAIRED {
                    bail!("the node that was killed does not follow again");
                }
            }
            _ => {}
        }
        Ok(true)
    })?;
    Ok(outages)
}
