//! A file system in memory that keeps apart what programs see and what a power cut leaves: contents and entries not forced to disk may be
//! lost, torn or kept out of order.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::dice::Dice;

/// The number of a file or folder, for good.
pub(crate) type Node = usize;

#[derive(Clone, Debug)]
pub(crate) struct File {
    /// What programs read.
    pub(crate) content: Vec<u8>,
    /// What is on the platter for sure, and whose it is; `None`: nothing yet.
    durable: Option<(Vec<u8>, Option<usize>)>,
    /// Forcing failed once: the system takes the content for written although it is not.
    forgotten: bool,
    pub(crate) modified: u64,
    pub(crate) locked: bool,
    /// Which drop's bytes these are.
    pub(crate) drop: Option<usize>,
}

#[derive(Clone, Debug)]
struct Folder {
    disk: usize,
    entries: BTreeMap<OsString, Node>,
    durable: BTreeMap<OsString, Node>,
}

#[derive(Clone, Debug)]
enum Thing {
    File(File),
    Folder(Folder),
}

/// A change of entries that is not on the platter for sure.
#[derive(Clone, Debug)]
struct Change {
    added: Option<(Node, OsString, Node)>,
    removed: Option<(Node, OsString)>,
}

impl Change {
    fn touches(&self, folder: Node) -> bool {
        self.folders().any(|touched| touched == folder)
    }

    fn folders(&self) -> impl Iterator<Item = Node> {
        self.added.iter().map(|(folder, ..)| *folder).chain(self.removed.iter().map(|(folder, _)| *folder))
    }

    /// Whether this change needs the earlier one: they are of the same folder, or that one made or moved the folder of this one.
    fn needs(&self, earlier: &Self) -> bool {
        let made = earlier.added.as_ref().map(|(.., node)| *node);
        self.folders().any(|folder| earlier.touches(folder) || made == Some(folder))
    }
}

/// Two disks with one tree of names.
#[derive(Debug)]
pub(crate) struct Tree {
    things: Vec<Thing>,
    pending: Vec<Change>,
    /// Whether everything reaches the platter in the order in which it was done (one journal), or only what depends on each other.
    pub(crate) in_order: bool,
    time: u64,
}

impl Tree {
    /// With these folders, each on a disk.
    pub(crate) fn with(folders: &[(&str, usize)], in_order: bool) -> Self {
        let root = Folder { disk: 0, entries: BTreeMap::new(), durable: BTreeMap::new() };
        let mut tree = Self { things: vec![Thing::Folder(root)], pending: Vec::new(), in_order, time: 0 };
        for (name, disk) in folders {
            let node = tree.things.len();
            tree.things.push(Thing::Folder(Folder { disk: *disk, entries: BTreeMap::new(), durable: BTreeMap::new() }));
            let root = tree.folder_mut(0);
            root.entries.insert(name.into(), node);
            root.durable.insert(name.into(), node);
        }
        tree
    }

    fn folder_mut(&mut self, node: Node) -> &mut Folder {
        match &mut self.things[node] {
            Thing::Folder(folder) => folder,
            Thing::File(_) => panic!("{node} is a file"),
        }
    }

    fn folder_of(&self, node: Node) -> io::Result<&Folder> {
        match &self.things[node] {
            Thing::Folder(folder) => Ok(folder),
            Thing::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(crate) fn file(&self, node: Node) -> io::Result<&File> {
        match &self.things[node] {
            Thing::File(file) => Ok(file),
            Thing::Folder(_) => Err(ErrorKind::IsADirectory.into()),
        }
    }

    pub(crate) fn file_mut(&mut self, node: Node) -> io::Result<&mut File> {
        match &mut self.things[node] {
            Thing::File(file) => Ok(file),
            Thing::Folder(_) => Err(ErrorKind::IsADirectory.into()),
        }
    }

    pub(crate) fn find(&self, path: &Path) -> io::Result<Node> {
        path.iter().try_fold(0, |node, name| self.folder_of(node)?.entries.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into()))
    }

    fn place(&self, path: &Path) -> io::Result<(Node, OsString)> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(ErrorKind::InvalidInput.into()) };
        let parent = self.find(parent)?;
        self.folder_of(parent)?;
        Ok((parent, name.to_owned()))
    }

    /// Names in the order in which their things were made.
    pub(crate) fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, Node)>> {
        let mut names: Vec<_> = self.folder_of(self.find(folder)?)?.entries.iter().map(|(name, node)| (name.clone(), *node)).collect();
        names.sort_by_key(|(_, node)| *node);
        Ok(names)
    }

    fn change(&mut self, change: Change) {
        if let Some((folder, name)) = &change.removed {
            self.folder_mut(*folder).entries.remove(name);
        }
        if let Some((folder, name, node)) = &change.added {
            self.folder_mut(*folder).entries.insert(name.clone(), *node);
        }
        self.pending.push(change);
    }

    /// Opens for writing: made or emptied.
    pub(crate) fn create(&mut self, path: &Path, new_only: bool) -> io::Result<Node> {
        let (folder, name) = self.place(path)?;
        if let Some(node) = self.folder_of(folder)?.entries.get(&name).copied() {
            if new_only {
                return Err(ErrorKind::AlreadyExists.into());
            }
            self.write(node, |content| content.clear())?;
            return Ok(node);
        }
        let node = self.things.len();
        let file = File { content: Vec::new(), durable: None, forgotten: false, modified: self.time, locked: false, drop: None };
        self.things.push(Thing::File(file));
        self.change(Change { added: Some((folder, name, node)), removed: None });
        Ok(node)
    }

    pub(crate) fn write(&mut self, node: Node, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.time += 1;
        let time = self.time;
        let file = self.file_mut(node)?;
        write(&mut file.content);
        (file.modified, file.forgotten) = (time, false);
        Ok(())
    }

    pub(crate) fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        if self.folder_of(folder)?.entries.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let (node, disk) = (self.things.len(), self.folder_of(folder)?.disk);
        self.things.push(Thing::Folder(Folder { disk, entries: BTreeMap::new(), durable: BTreeMap::new() }));
        self.change(Change { added: Some((folder, name, node)), removed: None });
        Ok(())
    }

    /// Moves over what is there; says what was moved.
    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<Node> {
        let (old, new) = (self.place(from)?, self.place(to)?);
        let node = self.find(from)?;
        if self.folder_of(old.0)?.disk != self.folder_of(new.0)?.disk {
            return Err(ErrorKind::CrossesDevices.into());
        }
        self.change(Change { added: Some((new.0, new.1, node)), removed: Some(old) });
        Ok(node)
    }

    pub(crate) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let node = self.find(path)?;
        if let Thing::Folder(folder) = &self.things[node]
            && !folder.entries.is_empty()
        {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        let removed = Some(self.place(path)?);
        self.change(Change { added: None, removed });
        Ok(())
    }

    /// Forces a file's content out. One that fails is never made good by trying again.
    pub(crate) fn sync(&mut self, node: Node, fails: bool) -> io::Result<()> {
        let file = self.file_mut(node)?;
        if fails {
            file.forgotten = true;
            return Err(io::Error::other("simulated: forcing to disk failed"));
        }
        if !file.forgotten {
            file.durable = Some((file.content.clone(), file.drop));
        }
        Ok(())
    }

    /// Forces a folder's entries out, with all they depend on.
    pub(crate) fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        let folder = self.find(path)?;
        let disk = self.folder_of(folder)?.disk;
        let mut wanted: Vec<bool> = self.pending.iter().map(|change| change.touches(folder)).collect();
        for late in (0..wanted.len()).rev() {
            for early in 0..late {
                wanted[early] |=
                    wanted[late] && (self.in_order && self.disk_of(early) == disk || self.pending[late].needs(&self.pending[early]));
            }
        }
        self.keep(&wanted);
        self.pending = kept(&self.pending, &wanted, false);
        Ok(())
    }

    fn disk_of(&self, change: usize) -> usize {
        self.pending[change].folders().next().and_then(|folder| self.folder_of(folder).ok()).map_or(0, |folder| folder.disk)
    }

    fn keep(&mut self, wanted: &[bool]) {
        for change in kept(&self.pending, wanted, true) {
            if let Some((folder, name)) = &change.removed {
                self.folder_mut(*folder).durable.remove(name);
            }
            if let Some((folder, name, node)) = change.added {
                self.folder_mut(folder).durable.insert(name, node);
            }
        }
    }

    /// The power goes and comes back. Of what was not forced out a part is there, chosen by the dice.
    pub(crate) fn cut_power(&mut self, dice: &mut Dice) {
        let mut survives = vec![false; self.pending.len()];
        let mut broken_off = [false; 2];
        let odds = dice.one_of(&[0, 20, 50, 80, 100]);
        for late in 0..survives.len() {
            let disk = self.disk_of(late);
            let whole = (0..late).all(|early| survives[early] || !self.pending[late].needs(&self.pending[early]));
            survives[late] = whole && !(self.in_order && broken_off[disk]) && dice.percent(odds);
            broken_off[disk] |= !survives[late];
        }
        self.keep(&survives);
        self.pending.clear();
        for thing in &mut self.things {
            match thing {
                Thing::Folder(folder) => folder.entries.clone_from(&folder.durable),
                Thing::File(file) => file.lose_power(dice),
            }
        }
    }

    /// Every file that has a name, with its path below the root.
    pub(crate) fn files(&self) -> Vec<(String, Node)> {
        let mut found = Vec::new();
        let mut open = vec![(String::new(), 0)];
        while let Some((path, node)) = open.pop() {
            match &self.things[node] {
                Thing::File(_) => found.push((path, node)),
                Thing::Folder(folder) => {
                    open.extend(folder.entries.iter().map(|(name, node)| (format!("{path}/{}", name.to_string_lossy()), *node)));
                }
            }
        }
        found
    }

    /// Whether this name would still be there after the worst power cut, with all of its content.
    pub(crate) fn is_durable(&self, folder: &str, name: &OsStr, node: Node) -> bool {
        let Some(entries) = self.find(Path::new(folder)).ok().and_then(|folder| self.folder_of(folder).ok()) else { return false };
        entries.durable.get(name) == Some(&node) && self.file(node).is_ok_and(File::is_forced)
    }
}

impl File {
    pub(crate) fn is_forced(&self) -> bool {
        self.durable.as_ref().is_some_and(|(durable, _)| *durable == self.content)
    }

    fn lose_power(&mut self, dice: &mut Dice) {
        if !self.is_forced() {
            let length = dice.below(self.content.len() + 1);
            match (dice.below(4), &self.durable) {
                (0, Some((old, drop))) => (self.content, self.drop) = (old.clone(), *drop),
                (1, _) => self.content.truncate(length),
                // The length reached the platter, the content did not.
                (2, _) => self.content.iter_mut().skip(length).for_each(|byte| *byte = 0),
                _ => {}
            }
        }
        self.durable = Some((self.content.clone(), self.drop));
        (self.forgotten, self.locked) = (false, false);
    }
}

fn kept(changes: &[Change], wanted: &[bool], which: bool) -> Vec<Change> {
    changes.iter().zip(wanted).filter(|(_, wanted)| **wanted == which).map(|(change, _)| change.clone()).collect()
}
