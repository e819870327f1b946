//! One run: bridges at work in a world, crashes and restarts, until all is quiet; then the promise is checked.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::center::Line;
use super::world::{Crash, Plan, SimulatedDisk, World};
use crate::bridge::desk::Desk;
use crate::bridge::figures::Figures;
use crate::bridge::folders::Folders;
use crate::bridge::hands::Hands;
use crate::bridge::inbox::Inbox;
use crate::bridge::rules::{self, Habits, Interest};
use crate::config::BridgeConfig;

/// What a run shows beside that the promise held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Calls to the file system.
    pub(super) calls: usize,
    pub(super) crashes: usize,
    pub(super) answered: usize,
    pub(super) refused: usize,
}

const TICK: Duration = Duration::from_millis(50);
/// So few that a listing is worked off in parts.
const AT_ONCE: usize = 2;
const SETTLE: Duration = Duration::from_millis(400);
/// More moments than any run needs.
const TOO_LONG: usize = 20_000;

/// One bridge from its start to its end.
struct Life {
    inbox: Inbox,
    desk: Arc<Desk<Line>>,
    lanes: JoinSet<()>,
}

impl Life {
    /// `None`: it could not read what was left behind, and is started again.
    fn begin(world: &Arc<Mutex<World>>, bridge: usize) -> Option<Self> {
        let disk = SimulatedDisk { world: world.clone(), bridge };
        let folders = Arc::new(Folders::simulated(Box::new(disk), &format!("work{bridge}"), SETTLE));
        let inbox = Inbox::open(folders.clone(), AT_ONCE).ok()?;
        let config = BridgeConfig::under(Path::new(""));
        let desk = Desk {
            answers: Arc::new(Line { world: world.clone(), bridge }),
            hands: Hands::of(folders.clone()),
            folders,
            figures: Arc::new(Figures::default()),
            clock: Clock::driven("2026-07-15T00:15:00Z".parse().unwrap()),
            habits: Habits { style: config.style(), pass_broken: false },
            deadline: Duration::from_secs(150),
            give_up: Duration::from_secs(15),
            lanes: Semaphore::new(2),
            bell: Arc::new(Notify::new()),
            stop: CancellationToken::new(),
        };
        Some(Self { inbox, desk: Arc::new(desk), lanes: JoinSet::new() })
    }

    fn look(&mut self, now: Instant) {
        let mut more = true;
        while more {
            let look = self.inbox.look(now);
            more = look.more;
            for found in look.found {
                self.lanes.spawn(self.desk.clone().serve(found));
            }
        }
        while let Some(done) = self.lanes.try_join_next() {
            done.unwrap();
        }
    }
}

/// Runs a plan to its end and checks everything.
pub(super) fn run(plan: Plan) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let bridges = if plan.seed.is_multiple_of(3) { 2 } else { 1 };
    let world = Arc::new(Mutex::new(World::new(plan, bridges)));
    runtime.block_on(live(&world, bridges));
    drop(runtime);
    let mut world = world.lock().unwrap();
    world.see_all();
    check(&world)
}

async fn live(world: &Arc<Mutex<World>>, bridges: usize) {
    let mut lives: Vec<Option<Life>> = (0..bridges).map(|_| None).collect();
    let (mut now, mut pause) = (chassis::clock::instant(), TICK);
    let (mut calls, mut idle) = (0, 0);
    for _ in 0..TOO_LONG {
        for (bridge, life) in lives.iter_mut().enumerate() {
            match life {
                Some(life) => life.look(now),
                None => *life = Life::begin(world, bridge),
            }
        }
        tokio::time::sleep(pause).await;
        now += pause;
        let mut world = world.lock().unwrap();
        if world.struck() {
            clear_away(&mut world, &mut lives);
        }
        world.moment(60);
        let written = world.drops.iter().all(|drop| drop.over);
        // Each bridge has looked into `req`, and nothing else was done.
        idle = if world.calls - calls <= bridges { idle + 1 } else { 0 };
        calls = world.calls;
        // Where only answers are waited for, time may fly.
        let waits = idle > 20 || world.tree.list(Path::new("req")).unwrap().is_empty();
        pause = if written && waits { TICK * 200 } else { TICK };
        if written
            && lives.iter().flatten().count() == bridges
            && lives.iter().flatten().all(|life| life.lanes.is_empty())
            && is_quiet(&world)
        {
            return;
        }
    }
    let world = world.lock().unwrap();
    panic!("{:?} never ends: {:?} {:?}", world.plan, world.tree.files(), world.drops);
}

/// Whether nothing of a request is left outside `res`.
fn is_quiet(world: &World) -> bool {
    let no_request = world.tree.list(Path::new("req")).unwrap().iter().all(|(name, _)| {
        let ours = rules::interest(name) != Interest::None || name.to_string_lossy().starts_with("onshi-");
        !ours
    });
    no_request && ["work0", "work1"].iter().all(|work| world.tree.list(Path::new(work)).unwrap().len() == 1)
}

/// The dead bridges are gone; after a power cut so is what was not on the platter.
fn clear_away(world: &mut World, lives: &mut [Option<Life>]) {
    for (life, dead) in lives.iter_mut().zip(&mut world.dead) {
        if std::mem::take(dead) {
            *life = None;
        }
    }
    world.crashes += 1;
    if world.crash.is_some_and(|(_, kind)| kind == Crash::Power) {
        world.cut_power();
    }
    // Sometimes it strikes again while what it left is being finished.
    let again = world.crashes < 4 && world.dice.percent(35);
    let at = world.calls + 1 + world.dice.below(60);
    let kind = world.dice.one_of(&[Crash::Power, Crash::Kill]);
    world.crash = again.then_some((at, kind));
}

/// What reached a reader of `res` about a drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Answer(String),
    Refusal(String),
}

impl World {
    /// What was delivered about a drop and not taken back by a power cut: the word and the file's name.
    pub(super) fn results_of(&self, index: usize) -> Vec<(Word, String)> {
        self.words().into_iter().filter(|(drop, ..)| *drop == index).map(|(_, word, name)| (word, name)).collect()
    }

    fn words(&self) -> Vec<(usize, Word, String)> {
        let delivered = self.deliveries.iter().filter(|delivery| !delivery.undone);
        delivered
            .filter_map(|delivery| {
                let (name, text) = (delivery.name.to_str().unwrap(), String::from_utf8_lossy(&delivery.content));
                let (drop, word) = if name.ends_with(".err") {
                    let id = text.rsplit_once("受付番号: ").unwrap().1.trim();
                    (self.taken[id], Word::Refusal(text.to_string()))
                } else if name.contains("res_") {
                    let mark = between(&text, "<ArbitraryFileIdentifier>DROP-", "</").unwrap();
                    (mark.parse().unwrap(), Word::Answer(text.to_string()))
                } else {
                    return None;
                };
                Some((drop, word, name.to_owned()))
            })
            .collect()
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

fn check(world: &World) -> Seen {
    let mut seen = Seen { calls: world.calls, crashes: world.crashes, ..Seen::default() };
    for (index, drop) in world.drops.iter().enumerate() {
        let words = world.results_of(index);
        let say = || format!("{:?}, {drop:?}: {words:#?}\ntaken {:?}\nrecords {:?}", world.plan, world.taken, world.center.records);
        assert!(words.iter().all(|(word, ..)| *word == words[0].0), "results that differ: {}", say());
        // On another disk a crash or a fault in the moment of delivery repeats it, with the same bytes.
        let repeats = if world.res_is_far { world.crashes + world.faults } else { 0 };
        let once = words.len() <= 1 + repeats;
        assert!(once, "delivered more than once: {}", say());
        if drop.lost {
            assert!(words.is_empty(), "a lost drop has a result: {}", say());
        } else if drop.has_begun() && !drop.withdrawn {
            assert!(!words.is_empty(), "no result: {}", say());
        }
        let records: Vec<_> = world.center.records.iter().filter(|(_, asked)| *asked == index).collect();
        assert!(records.len() <= 1, "recorded more than once: {}", say());
        match words.first() {
            Some((Word::Answer(text), _)) => {
                seen.answered += 1;
                if let Some(name) = between(text, "<Name>", "</") {
                    let kept = records.first().and_then(|(id, _)| world.center.kept_name(id));
                    assert_eq!(Some(name), kept.as_deref(), "not the answer that was recorded: {}", say());
                }
            }
            Some((Word::Refusal(_), name)) => {
                seen.refused += 1;
                let copy = name.replace(".err", ".xml");
                let copies = world.deliveries.iter().filter(|delivery| !delivery.undone && delivery.name == *copy);
                let whole = drop.whole && !drop.withdrawn && world.crashes == 0;
                let mut right = copies.filter(|delivery| !whole || delivery.content == drop.content);
                assert!(right.next().is_some(), "the refused original is lost: {}", say());
            }
            None => {}
        }
    }
    seen
}
