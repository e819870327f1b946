//! The machine's disk in memory: it dies in the middle of a call when its time has come, and then loses what was not forced out.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use crate::disk::{Disk, State};
use crate::simulation::dice::Dice;
use crate::simulation::tree::Tree;

#[derive(Debug)]
pub(super) struct Platter {
    pub(super) tree: Tree,
    pub(super) dice: Dice,
    pub(super) dead: bool,
    pub(super) crashes: usize,
    /// In ten thousand calls so many end in a crash.
    pub(super) odds: usize,
    /// Nothing more can be written.
    pub(super) full: bool,
}

#[derive(Clone, Debug)]
pub(super) struct MachineDisk(pub(super) Arc<Mutex<Platter>>);

impl MachineDisk {
    pub(super) fn new(seed: u64, odds: usize) -> Self {
        let dice = Dice::new(seed);
        let tree = Tree::with(&[("keys", 0)], seed.is_multiple_of(2));
        Self(Arc::new(Mutex::new(Platter { tree, dice, dead: false, crashes: 0, odds, full: false })))
    }

    pub(super) fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// The machine comes up again: after a kill all is as programs saw it, after a power cut only what was forced out is sure.
    pub(super) fn restart(&self) {
        let platter = &mut *self.platter();
        platter.dead = false;
        if platter.dice.percent(50) {
            platter.tree.cut_power(&mut platter.dice);
            platter.tree = swept(&platter.tree);
        }
    }

    /// Does the call, or dies before or after it.
    fn call<T>(&self, writes: bool, work: impl FnOnce(&mut Tree) -> io::Result<T>) -> io::Result<T> {
        let platter = &mut *self.platter();
        let dies = !platter.dead && platter.dice.below(10_000) < platter.odds;
        platter.crashes += usize::from(dies);
        if platter.dead || dies && platter.dice.percent(50) {
            platter.dead = true;
            return Err(io::Error::other("simulated: the machine is dead"));
        }
        platter.dead = dies;
        if writes && platter.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let done = work(&mut platter.tree);
        if dies { Err(io::Error::other("simulated: the machine died")) } else { done }
    }

    fn fill(&self, path: &Path, content: &[u8], new_only: bool) -> io::Result<()> {
        let node = self.call(true, |tree| tree.create(path, new_only))?;
        let (first, second) = content.split_at(content.len() / 2);
        for half in [first, second] {
            self.call(true, |tree| tree.write(node, |content| content.extend_from_slice(half)))?;
        }
        self.call(true, |tree| tree.sync(node, false))
    }
}

impl Disk for MachineDisk {
    fn is_slow(&self) -> bool {
        false
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.call(false, |tree| Ok(tree.list(folder)?.into_iter().map(|(name, _)| name).collect()))
    }

    fn state(&self, path: &Path) -> io::Result<Option<State>> {
        self.call(false, |tree| {
            let node = tree.find(path)?;
            let length = |file: &crate::simulation::tree::File| u64::try_from(file.content.len()).unwrap();
            Ok(tree.file(node).ok().map(|file| State { length: length(file), modified: SystemTime::UNIX_EPOCH }))
        })
    }

    fn read(&self, path: &Path, _limit: u64) -> io::Result<Vec<u8>> {
        self.call(false, |tree| Ok(tree.file(tree.find(path)?)?.content.clone()))
    }

    fn read_unless_held(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        self.read(path, limit).map(Some)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.call(true, |tree| tree.make_folder(path))
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.fill(path, content, false)
    }

    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.fill(path, content, true)
    }

    fn write_private(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.fill(path, content, false)
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let content = self.read(from, u64::MAX)?;
        self.fill(to, &content, false)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(false, |tree| tree.rename(from, to).map(|_| ()))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.call(true, |tree| tree.sync(tree.find(path)?, false))
    }

    fn sync_entry(&self, path: &Path) -> io::Result<()> {
        self.call(false, |tree| tree.sync_folder(path.parent().unwrap()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(false, |tree| tree.remove(path))
    }

    fn remove_all(&self, path: &Path) -> io::Result<()> {
        self.remove(path)
    }

    fn touch(&self, path: &Path, _at: SystemTime) -> io::Result<()> {
        self.call(false, |tree| tree.find(path).map(|_| ()))
    }
}

/// The same files without the thousands that were once there: after a power cut everything that is there is forced out.
fn swept(old: &Tree) -> Tree {
    let mut tree = Tree::with(&[("keys", 0)], old.in_order);
    for (path, node) in old.files() {
        let path = Path::new(path.trim_start_matches('/'));
        let content = &old.file(node).unwrap().content;
        let node = tree.create(path, true).unwrap();
        tree.write(node, |new| new.clone_from(content)).unwrap();
        tree.sync(node, false).unwrap();
        tree.sync_folder(Path::new("keys")).unwrap();
    }
    tree
}
