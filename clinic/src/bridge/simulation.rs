//! Crashes the bridge at every call it makes of the file system, over and over in worlds drawn by chance, and checks its promise each time.
//!
//! A world has receipt computers of all habits, one or two bridges, one or two disks, a center in trouble, readers, and disks that fail.
//! A crash is a kill of one bridge or a power cut that loses, tears and reorders what was not forced to disk.

mod center;
mod people;
mod run;
mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::run::{Seen, run};
use self::world::{Plan, SimulatedDisk, World};
use super::folders::Folders;
use super::hands::{Hands, Shared};

/// Crash points of the ordinary test; the variable `ONSHI_CRASH_POINTS` asks for more.
const POINTS: usize = 2000;

/// Runs crash points until there were `wanted`, from the given seed on; says how many and what they showed.
fn sweep(wanted: usize, mut seed: u64) -> (usize, Seen) {
    let (mut points, mut sum) = (0, Seen::default());
    while points < wanted {
        let calls = run(Plan { seed, crash_at: None, trace: false }).calls;
        // Every third call, beginning elsewhere for each seed: more worlds in the same time.
        let first = 1 + usize::try_from(seed % 3).unwrap();
        for crash_at in (first..=calls).step_by(3).take(wanted - points) {
            let seen = run(Plan { seed, crash_at: Some(crash_at), trace: false });
            points += 1;
            sum.crashes += seen.crashes;
            sum.answered += seen.answered;
            sum.refused += seen.refused;
        }
        seed += 1;
    }
    (points, sum)
}

/// `ONSHI_CRASH_PLAN=seed:point` repeats one run and prints its calls.
#[test]
fn a_run_can_be_repeated() {
    let plan = std::env::var("ONSHI_CRASH_PLAN").ok();
    let (seed, crash_at) = plan.as_deref().map_or((7, Some(9)), |plan| {
        let (seed, point) = plan.split_once(':').unwrap();
        (seed.parse().unwrap(), point.parse().ok())
    });
    let plan = Plan { seed, crash_at, trace: plan.is_some() };
    assert_eq!(run(plan), run(Plan { trace: false, ..plan }));
}

#[tokio::test]
async fn a_folder_is_forced_once_for_all_who_wait_and_fails_for_all_of_them() {
    let world = Arc::new(Mutex::new(World::new(Plan { seed: 1, crash_at: None, trace: false }, 1)));
    let disk = SimulatedDisk { world: world.clone(), bridge: 0 };
    let hands = Hands::of(Arc::new(Folders::simulated(Box::new(disk), "work0", Duration::ZERO)));
    let force = || hands.work(&[Shared::Work], |_| Ok(()));
    let three = || async { tokio::join!(force(), force(), force()) };
    let calls = || world.lock().unwrap().calls;
    let before = calls();
    world.lock().unwrap().strike_next();
    let (one, two, other) = three().await;
    assert!(one.is_err() && two.is_err() && other.is_err(), "it failed once, for three");
    assert_eq!(calls() - before, 1);
    let (one, two, other) = three().await;
    assert!(one.is_ok() && two.is_ok() && other.is_ok(), "who comes later does not inherit the failure");
    assert_eq!(calls() - before, 2);
}

#[test]
fn wherever_the_bridge_is_stopped_every_drop_has_one_result_and_one_record() {
    let asked = std::env::var("ONSHI_CRASH_POINTS").ok().map(|count| count.parse::<usize>().unwrap());
    // The long sweep takes the whole machine.
    let lanes = if asked.is_some() { std::thread::available_parallelism().unwrap().get() } else { 1 };
    let share = asked.unwrap_or(POINTS).div_ceil(lanes);
    let begin = |lane: usize| std::thread::spawn(move || sweep(share, u64::try_from(lane).unwrap() * 1_000_000 + 1));
    let lanes: Vec<_> = (0..lanes).map(begin).collect();
    let shown: Vec<_> = lanes.into_iter().map(|lane| lane.join().unwrap()).collect();
    let sum = |what: fn(&(usize, Seen)) -> usize| shown.iter().map(what).sum::<usize>();
    let (points, crashes) = (sum(|(points, _)| *points), sum(|(_, seen)| seen.crashes));
    let (answered, refused) = (sum(|(_, seen)| seen.answered), sum(|(_, seen)| seen.refused));
    println!("{points} crash points: {crashes} crashes, {answered} drops answered, {refused} refused, none lost, none doubled");
    assert!(crashes >= points * 9 / 10, "the crashes must really happen: {crashes}");
    assert!(answered > refused && refused > points / 10, "the worlds must be worth it: {answered} answered, {refused} refused");
}
