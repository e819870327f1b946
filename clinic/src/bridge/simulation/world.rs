//! What the bridges of one run live in: the disks, everybody who drops and reads files, faults that strike, and the moment of the crash.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::center::Center;
use super::people::Drop;
use crate::disk::{Disk, State};
use crate::simulation::dice::Dice;
use crate::simulation::tree::{Node, Tree};

/// What one run is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// At which call of the file system the first crash is.
    pub(super) crash_at: Option<usize>,
    /// Prints every call.
    pub(super) trace: bool,
}

/// A file that came into `res`.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) name: OsString,
    pub(super) content: Vec<u8>,
    /// A power cut took it back.
    pub(super) undone: bool,
    node: Node,
    /// It was on the platter for sure when it was seen.
    forced: bool,
}

/// Calls to the file system until the next crash, and of what kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    /// One bridge is killed.
    Kill,
    /// The machine loses power.
    Power,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) tree: Tree,
    pub(super) dice: Dice,
    pub(super) center: Center,
    pub(super) drops: Vec<Drop>,
    pub(super) deliveries: Vec<Delivery>,
    /// Which drop was taken under which drop id.
    pub(super) taken: HashMap<String, usize>,
    pub(super) calls: usize,
    /// Bridges that are no more, for this crash.
    pub(super) dead: Vec<bool>,
    pub(super) crash: Option<(usize, Crash)>,
    pub(super) crashes: usize,
    faults_left: usize,
    pub(super) faults: usize,
    fault_odds: u64,
    /// Until which call `res` is read-only or the disk full.
    closed_until: usize,
    full_until: usize,
    pub(super) res_is_far: bool,
}

impl World {
    pub(super) fn new(plan: Plan, bridges: usize) -> Self {
        let mut dice = Dice::new(plan.seed);
        let far = [dice.percent(25), dice.percent(20)];
        let disk = |far: bool| usize::from(far);
        let in_order = dice.percent(50);
        let folders = [("req", disk(far[0])), ("res", disk(far[1])), ("work0", 0), ("work1", 0)];
        let mut tree = Tree::with(&folders, in_order);
        for work in ["work0", "work1"] {
            let lock = tree.create(&Path::new(work).join("bridge.lock"), true).unwrap();
            tree.sync(lock, false).unwrap();
            tree.sync_folder(Path::new(work)).unwrap();
        }
        let faulty = dice.percent(40);
        let drops = Drop::some(&mut dice);
        let kind = if dice.percent(65) { Crash::Power } else { Crash::Kill };
        Self {
            plan,
            tree,
            center: Center::default(),
            drops,
            deliveries: Vec::new(),
            taken: HashMap::new(),
            calls: 0,
            dead: vec![false; bridges],
            crash: plan.crash_at.map(|at| (at, kind)),
            crashes: 0,
            faults_left: if faulty { 4 } else { 0 },
            faults: 0,
            fault_odds: if faulty { 4 } else { 0 },
            closed_until: 0,
            full_until: 0,
            res_is_far: far[1],
            dice,
        }
    }

    /// Whether a crash has happened and not been dealt with.
    pub(super) fn struck(&self) -> bool {
        self.dead.contains(&true)
    }

    /// One moment passes: somebody writes, somebody reads.
    pub(super) fn moment(&mut self, odds: u64) {
        for index in 0..self.drops.len() {
            if self.dice.percent(odds) {
                Drop::step(self, index);
            }
        }
        if self.dice.percent(odds / 4) {
            self.read_a_result();
        }
    }

    /// A receipt computer fetches a result.
    fn read_a_result(&mut self) {
        let names = self.tree.list(Path::new("res")).unwrap();
        if let Some((name, node)) = names.get(self.dice.below(names.len() + 1))
            && self.tree.file(*node).is_ok_and(|file| !file.locked)
        {
            self.saw(*node, name);
            self.tree.remove(&Path::new("res").join(name)).unwrap();
        }
    }

    /// A file in `res` that a crash kept from being announced is a delivery too. What is only the beginning of one is none.
    fn saw(&mut self, node: Node, name: &OsStr) {
        let known = self.deliveries.iter().any(|delivery| delivery.node == node && !delivery.undone);
        let file = self.tree.file(node).unwrap();
        let (content, forced) = (file.content.clone(), file.is_forced());
        if !known
            && (content.ends_with(b"</XmlMsg>\n")
                || content.ends_with(b"\r\n")
                || !text(name).contains("res_") && !text(name).ends_with(".err"))
        {
            self.deliveries.push(Delivery { name: name.to_owned(), content, undone: false, node, forced });
        }
    }

    /// What lies in `res` in the end was delivered.
    pub(super) fn see_all(&mut self) {
        for (name, node) in self.tree.list(Path::new("res")).unwrap() {
            self.saw(node, &name);
        }
    }

    /// Counts a call; the crash comes before the call does anything.
    fn call(&mut self, bridge: usize) -> io::Result<()> {
        if self.dead[bridge] {
            return Err(io::Error::other("simulated: the bridge is no more"));
        }
        self.calls += 1;
        if let Some((at, kind)) = self.crash
            && self.calls >= at
        {
            match kind {
                Crash::Kill => self.dead[bridge] = true,
                Crash::Power => self.dead.fill(true),
            }
            return Err(io::Error::other("simulated: crash"));
        }
        self.moment(6);
        Ok(())
    }

    /// Whether this call fails.
    fn fault(&mut self) -> bool {
        let strikes = self.faults_left > 0 && self.dice.percent(self.fault_odds);
        self.faults_left -= usize::from(strikes);
        self.faults += usize::from(strikes);
        strikes
    }

    /// Whatever can fail next fails.
    pub(super) fn strike_next(&mut self) {
        (self.faults_left, self.fault_odds) = (1, 100);
    }

    fn faulty(&mut self) -> io::Result<()> {
        if self.fault() { Err(io::Error::other("simulated: input/output error")) } else { Ok(()) }
    }

    /// Whether something can be written below `path` now.
    fn room_at(&mut self, path: &Path) -> io::Result<()> {
        if self.fault() {
            let until = self.calls + 5 + self.dice.below(30);
            if self.dice.percent(50) { self.full_until = until } else { self.closed_until = until }
        }
        if self.calls < self.closed_until && path.starts_with("res") {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        if self.calls < self.full_until && !path.starts_with("req") {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn arrived(&mut self, node: Node, path: &Path) {
        if path.starts_with("res") {
            let (name, file) = (path.file_name().unwrap().to_owned(), self.tree.file(node).unwrap());
            self.deliveries.push(Delivery { name, content: file.content.clone(), undone: false, node, forced: file.is_forced() });
        }
        self.note_owner(&path.to_string_lossy(), node);
    }

    /// Remembers whose request has this drop id.
    fn note_owner(&mut self, path: &str, node: Node) {
        let id = path.split(['/', '\\', '-', '.']).find(|part| part.len() == 32);
        if let (Some(id), Some(drop)) = (id, self.tree.file(node).ok().and_then(|file| file.drop)) {
            self.taken.insert(id.to_owned(), drop);
        }
    }

    /// The power goes. What the disks forgot of `res`, nobody has seen for good.
    pub(super) fn cut_power(&mut self) {
        self.see_all();
        let mut dice = self.dice.clone();
        let before: Vec<Node> = self.tree.list(Path::new("res")).unwrap().into_iter().map(|(_, node)| node).collect();
        self.tree.cut_power(&mut dice);
        if self.plan.trace {
            println!("POWER CUT, left: {:#?}", self.tree.files());
        }
        self.dice = dice;
        let files = self.tree.files();
        for delivery in &mut self.deliveries {
            let in_tray = files.iter().any(|(path, node)| *node == delivery.node && path.starts_with("/work"));
            let vanished = before.contains(&delivery.node) && !files.iter().any(|(_, node)| *node == delivery.node);
            let torn = self.tree.file(delivery.node).is_ok_and(|file| file.content != delivery.content);
            assert!(!torn || delivery.undone || !delivery.forced, "{:?}: a delivered result was torn: {:?}", self.plan, delivery.name);
            delivery.undone |= in_tray || vanished || torn;
        }
        for (path, node) in files {
            // A file that was being written over may be the older one again.
            self.note_owner(&path, node);
        }
        Drop::after_power_cut(self);
    }
}

/// The world as one bridge reaches it.
#[derive(Clone, Debug)]
pub(super) struct SimulatedDisk {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) bridge: usize,
}

impl SimulatedDisk {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn call(&self, what: &str, path: &Path) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        let called = world.call(self.bridge);
        if world.plan.trace {
            println!("{} bridge {} {what} {} {called:?}", world.calls, self.bridge, path.display());
        }
        called?;
        Ok(world)
    }

    /// Fills an opened file in two halves and forces it out: three moments at which a crash can come.
    fn fill(&self, node: Node, path: &Path, content: &[u8], drop: Option<usize>) -> io::Result<()> {
        let (first, second) = content.split_at(content.len() / 2);
        for half in [first, second] {
            let mut world = self.call("fill", path)?;
            world.room_at(path)?;
            world.tree.write(node, |content| content.extend_from_slice(half))?;
            world.tree.file_mut(node)?.drop = drop;
        }
        let mut world = self.call("fill", path)?;
        let fails = world.fault();
        world.tree.sync(node, fails)
    }
}

impl Disk for SimulatedDisk {
    fn is_slow(&self) -> bool {
        false
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut world = self.call("list", folder)?;
        world.faulty()?;
        Ok(world.tree.list(folder)?.into_iter().map(|(name, _)| name).collect())
    }

    fn state(&self, path: &Path) -> io::Result<Option<State>> {
        let mut world = self.call("state", path)?;
        world.faulty()?;
        let node = world.tree.find(path)?;
        Ok(world.tree.file(node).ok().map(|file| State {
            length: u64::try_from(file.content.len()).unwrap(),
            modified: recently() + Duration::from_secs(file.modified),
        }))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut world = self.call("read", path)?;
        world.faulty()?;
        let node = world.tree.find(path)?;
        let content = &world.tree.file(node)?.content;
        Ok(content[..content.len().min(usize::try_from(limit).unwrap_or(usize::MAX))].to_vec())
    }

    fn read_unless_held(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let held = {
            let world = self.world();
            world.tree.find(path).and_then(|node| Ok(world.tree.file(node)?.locked)).unwrap_or(false)
        };
        if held { Ok(None) } else { self.read(path, limit).map(Some) }
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call("make_folder", path)?;
        world.room_at(path)?;
        world.tree.make_folder(path)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let node = {
            let mut world = self.call("write", path)?;
            world.room_at(path)?;
            world.tree.create(path, false)?
        };
        self.fill(node, path, content, None)
    }

    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let node = {
            let mut world = self.call("write_new", path)?;
            world.room_at(path)?;
            world.tree.create(path, true)?
        };
        self.world().tree.file_mut(node)?.locked = true;
        let filled = self.fill(node, path, content, None);
        let mut world = self.world();
        world.tree.file_mut(node)?.locked = false;
        if filled.is_ok() {
            world.arrived(node, path);
        }
        filled
    }

    fn write_private(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.write(path, content)
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (content, drop, modified) = {
            let world = self.call("copy", to)?;
            let file = world.tree.file(world.tree.find(from)?)?;
            (file.content.clone(), file.drop, file.modified)
        };
        let node = {
            let mut world = self.call("copy", to)?;
            world.room_at(to)?;
            world.tree.create(to, false)?
        };
        self.fill(node, to, &content, drop)?;
        self.world().tree.file_mut(node)?.modified = modified;
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.call("rename", to)?;
        world.room_at(to)?;
        let reply_lost = world.fault();
        if !reply_lost {
            world.faulty()?;
        }
        let node = world.tree.rename(from, to)?;
        world.arrived(node, to);
        if reply_lost { Err(io::Error::other("simulated: done, but the reply was lost")) } else { Ok(()) }
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call("sync", path)?;
        let node = world.tree.find(path)?;
        let fails = world.fault();
        world.tree.sync(node, fails)
    }

    fn sync_entry(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call("sync_entry", path)?;
        world.faulty()?;
        world.tree.sync_folder(path.parent().unwrap())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call("remove", path)?;
        world.faulty()?;
        if path.starts_with("res") {
            // An older result of the same name, which a reader may have seen.
            world.see_all();
        }
        world.tree.remove(path)
    }

    fn remove_all(&self, path: &Path) -> io::Result<()> {
        let mut names = self.list(path)?;
        if self.world().dice.percent(50) {
            names.reverse();
        }
        for name in names {
            let inner: PathBuf = path.join(name);
            match self.state(&inner)? {
                Some(_) => self.remove(&inner)?,
                None => self.remove_all(&inner)?,
            }
        }
        self.remove(path)
    }

    fn touch(&self, path: &Path, _at: SystemTime) -> io::Result<()> {
        let mut world = self.call("touch", path)?;
        let node = world.tree.find(path)?;
        world.tree.write(node, |_| ())
    }
}

/// The bridges' clocks stand at nine o'clock; nothing in a run is a day old.
fn recently() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_784_073_600)
}

/// A name as a string.
pub(super) fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}
