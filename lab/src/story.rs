//! How a story is told: in a world of its own, as root, and with the world kept when somebody wants to look around.

use anyhow::{Context, Result, bail};

use crate::world::World;

/// Set to keep the world after the story until Ctrl-C.
const STAY: &str = "ONSHI_LAB_STAY";
/// Set where every test must run.
const ALL: &str = "ONSHI_TEST_ALL";

/// Tells a story in a world of its own, which is gone afterwards, however the story ends. Without root there can be no world: the story
/// is left out then, unless everything must be tested.
///
/// # Errors
/// What the story says.
pub fn story(name: &str, tell: impl FnOnce(&World) -> Result<()>) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        if std::env::var_os(ALL).is_some() {
            bail!("{ALL} wants the lab's stories too, and they make network namespaces: run this as root");
        }
        return Ok(());
    }
    let world = World::begin(name)?;
    let told = tell(&world);
    if std::env::var_os(STAY).is_some() {
        stay(&world, &told)?;
    }
    told
}

/// Says how to enter the world, and waits for Ctrl-C or SIGTERM.
#[expect(clippy::print_stdout, reason = "somebody at a terminal asked for this")]
fn stay(world: &World, told: &Result<()>) -> Result<()> {
    match told {
        Ok(()) => println!("the story has ended well"),
        Err(error) => println!("the story has failed: {error:?}"),
    }
    println!("{}Ctrl-C ends it.", world.doors());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped.context("Ctrl-C"),
            _ = asked.recv() => Ok(()),
        }
    })
}
