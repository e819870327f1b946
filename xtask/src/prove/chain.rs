//! Shows the chain from a clinic's question to an answer it can trust, on one machine, from nothing.

use super::Point;
use super::ground::Ground;

/// The points of the chain, in the order in which a newcomer meets them.
pub(super) const POINTS: [Point; 2] = [
    Point { claim: "onshi up --once goes the whole journey and ends", show: up_once },
    Point { claim: "onshi up says when it is ready", show: up_and_status },
];

/// The whole journey in one command that ends by itself.
fn up_once(ground: &Ground) -> Result<String, String> {
    let said = ground.say(&["up", "--once"])?;
    Ok(said.lines().last().unwrap_or_default().to_owned())
}

/// A running center is ready, and its log repeats no port but the one that was asked for.
fn up_and_status(ground: &Ground) -> Result<String, String> {
    let up = ground.up()?;
    let port = up.port().to_string();
    if up.log().contains(&port) { Ok(format!("port {port}")) } else { Err(format!("it does not list its port {port}:\n{}", up.log())) }
}
