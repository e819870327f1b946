//! The receipt computers of a run: each drops one file in its own habit, and some think better of it.

use std::path::{Path, PathBuf};

use super::world::{World, text};
use crate::simulation::dice::Dice;
use crate::simulation::tree::Node;

/// How a receipt computer writes its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// To the final name at once.
    InPlace,
    /// To the final name, in three pieces.
    Pieces,
    /// The same under a lock.
    Locked,
    /// To another name first.
    Aside,
    /// At once, and then forced to disk with its entry.
    Forced,
    /// At once, and taken back if it still can be.
    TakenBack,
}

const HABITS: [Habit; 6] = [Habit::InPlace, Habit::Pieces, Habit::Locked, Habit::Aside, Habit::Forced, Habit::TakenBack];

/// One file that is dropped.
#[derive(Clone)]
pub(super) struct Drop {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
    habit: Habit,
    steps: usize,
    node: Option<Node>,
    /// Its writer is done, or was stopped by a power cut.
    pub(super) over: bool,
    /// Nobody broke its writer off.
    pub(super) whole: bool,
    /// It was taken back, or replaced by another of its name, before it was taken.
    pub(super) withdrawn: bool,
    /// It was on disk for sure.
    forced: bool,
    /// A power cut took it before the bridge had it on disk.
    pub(super) lost: bool,
}

impl std::fmt::Debug for Drop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, habit, steps, over, whole, withdrawn, forced, lost, .. } = self;
        write!(f, "{name} {habit:?} steps {steps} over {over} whole {whole} withdrawn {withdrawn} forced {forced} lost {lost}")
    }
}

impl Drop {
    /// A few files, some of the same name, some that are no question.
    pub(super) fn some(dice: &mut Dice) -> Vec<Self> {
        let names = 1 + dice.below(3);
        // Some names are so long that their trays need a folder.
        let long = if dice.percent(30) { "x".repeat(200) } else { String::new() };
        (0..2 + dice.below(3))
            .map(|index| {
                let mut content = question(index);
                if dice.percent(20) {
                    content.truncate(content.len() - 9 - dice.below(40));
                }
                Self {
                    name: format!("OQSsiquc01req_{}{long}.xml", index % names),
                    content,
                    habit: dice.one_of(&HABITS),
                    steps: 0,
                    node: None,
                    over: false,
                    whole: false,
                    withdrawn: false,
                    forced: false,
                    lost: false,
                }
            })
            .collect()
    }

    fn path(&self) -> PathBuf {
        Path::new("req").join(&self.name)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.node.is_some()
    }

    /// The writer of this drop does its next step.
    pub(super) fn step(world: &mut World, index: usize) {
        let drop = world.drops[index].clone();
        if drop.over {
            return;
        }
        let path = drop.path();
        if drop.node.is_none() && drop.habit != Habit::Aside && !make_way(world, &path) {
            return;
        }
        let over = match (drop.habit, drop.steps) {
            (Habit::Aside, 0) => {
                world.tree.create(&aside(index), false).unwrap();
                fill(world, index, &aside(index), false)
            }
            (Habit::Aside, _) => {
                if !make_way(world, &path) {
                    return;
                }
                world.tree.file_mut(drop.node.unwrap()).unwrap().drop = Some(index);
                world.tree.rename(&aside(index), &path).unwrap();
                true
            }
            (Habit::InPlace, _) => fill(world, index, &path, true),
            (Habit::Forced | Habit::TakenBack, 0) => fill(world, index, &path, false),
            (Habit::Forced, _) => {
                world.tree.sync(drop.node.unwrap(), false).unwrap();
                world.tree.sync_folder(Path::new("req")).unwrap();
                world.drops[index].forced = world.tree.is_durable("req", drop.name.as_ref(), drop.node.unwrap());
                true
            }
            (Habit::TakenBack, _) => {
                if world.tree.find(&path).ok() == drop.node {
                    world.tree.remove(&path).unwrap();
                    world.drops[index].withdrawn = true;
                }
                true
            }
            (Habit::Pieces | Habit::Locked, 0) => {
                begin(world, index, &path);
                false
            }
            (Habit::Pieces | Habit::Locked, step) => {
                let third = drop.content.len() / 3;
                let end = if step == 3 { drop.content.len() } else { third * step };
                let node = drop.node.unwrap();
                world.tree.write(node, |content| content.extend_from_slice(&drop.content[third * (step - 1)..end])).unwrap();
                world.tree.file_mut(node).unwrap().locked = drop.habit == Habit::Locked && step < 3;
                step == 3
            }
        };
        if world.plan.trace {
            println!("drop {index} {:?} step {}", drop.habit, drop.steps);
        }
        let drop = &mut world.drops[index];
        drop.steps += 1;
        (drop.over, drop.whole) = (over, over);
    }

    /// What is still to be had after a power cut shall get its result; what the disk forgot before the bridge had it for sure cannot.
    pub(super) fn after_power_cut(world: &mut World) {
        let files = world.tree.files();
        for index in 0..world.drops.len() {
            if !world.drops[index].has_begun() || world.drops[index].lost {
                continue;
            }
            world.drops[index].over = true;
            let is_there = files.iter().any(|(path, node)| {
                let kept = path.starts_with("/req/") && !path.starts_with("/req/.")
                    || ["/in/", "/sent/", ".open.", ".sent."].iter().any(|part| path.contains(part));
                kept && world.tree.file(*node).is_ok_and(|file| file.drop == Some(index))
            });
            if is_there || !world.results_of(index).is_empty() {
                continue;
            }
            let drop = &world.drops[index];
            let asked = world.center.records.iter().any(|(_, asked)| *asked == index);
            assert!(drop.withdrawn || !drop.forced, "{:?}: a drop that was on disk is lost: {drop:?}", world.plan);
            assert!(drop.withdrawn || !asked, "{:?}: a drop that was asked about is lost: {drop:?}", world.plan);
            world.drops[index].lost = true;
        }
    }
}

/// Looks who has the name now. False: another writer is at it.
fn make_way(world: &mut World, path: &Path) -> bool {
    let Ok(there) = world.tree.find(path) else { return true };
    if let Some(other) = world.tree.file(there).unwrap().drop {
        if !world.drops[other].over {
            return false;
        }
        world.drops[other].withdrawn = true;
    }
    true
}

fn begin(world: &mut World, index: usize, path: &Path) -> Node {
    let node = world.tree.create(path, false).unwrap();
    let file = world.tree.file_mut(node).unwrap();
    file.drop = Some(index);
    world.drops[index].node = Some(node);
    node
}

fn fill(world: &mut World, index: usize, path: &Path, over: bool) -> bool {
    let node = begin(world, index, path);
    let content = world.drops[index].content.clone();
    world.tree.write(node, |there| *there = content).unwrap();
    if text(path.as_os_str()).ends_with(".tmp") {
        world.tree.file_mut(node).unwrap().drop = None;
    }
    over
}

fn aside(index: usize) -> PathBuf {
    PathBuf::from(format!("req/.aside-{index}.tmp"))
}

/// The mark of a drop in its question, which the result echoes.
pub(super) fn mark(index: usize) -> String {
    format!("DROP-{index}")
}

fn question(index: usize) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><XmlMsg><MessageHeader>\
         <QualificationConfirmationDate>20260715</QualificationConfirmationDate><MedicalInstitutionCode>1310099999</MedicalInstitutionCode>\
         <ArbitraryFileIdentifier>{}</ArbitraryFileIdentifier></MessageHeader><MessageBody><QualificationConfirmSearchInfo>\
         <InsurerNumber>  990010</InsurerNumber><InsuredIdentificationNumber>5501</InsuredIdentificationNumber>\
         <Birthdate>19800510</Birthdate></QualificationConfirmSearchInfo></MessageBody></XmlMsg>",
        mark(index)
    )
    .into_bytes()
}
