//! One story's world: its machines and programs, kept until the story has ended, and longer when somebody wants to look around.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result};
use manuals::Region;
use tempfile::TempDir;

use crate::cable::Cable;
use crate::carrier::Carrier;
use crate::center::Center;
use crate::clinic::{Clinic, Plan};
use crate::internet::Internet;
use crate::namespace::Namespace;
use crate::program::Program;
use crate::run::Run;

/// What everything in a world holds on to. Programs end first, then cables are unplugged, then machines go.
pub(crate) struct Ground {
    programs: RefCell<Vec<Rc<Program>>>,
    cables: RefCell<Vec<Rc<Cable>>>,
    machines: RefCell<Vec<Rc<Namespace>>>,
    folder: TempDir,
    run: Run,
    clock: OnceCell<PathBuf>,
    certificate_days: Cell<u32>,
}

impl Ground {
    /// A new machine.
    pub(crate) fn machine(&self, label: &str) -> Result<Rc<Namespace>> {
        let machine = Rc::new(Namespace::new(&self.run, label, self.clock.get().cloned())?);
        self.machines.borrow_mut().push(machine.clone());
        Ok(machine)
    }

    /// The folder of this world.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A folder of this world, made when it is not there.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Starts a program that runs until the world ends, or until it is stopped.
    pub(crate) fn start(&self, name: &str, folder: &Path, command: Command) -> Result<Rc<Program>> {
        let program = Rc::new(Program::start(name, folder, command)?);
        self.programs.borrow_mut().push(program.clone());
        Ok(program)
    }

    /// For how many days the center's authority issues certificates.
    pub(crate) fn certificate_days(&self) -> u32 {
        self.certificate_days.get()
    }

    /// Keeps a cable plugged.
    pub(crate) fn keep(&self, cable: Cable) -> Rc<Cable> {
        let cable = Rc::new(cable);
        self.cables.borrow_mut().push(cable.clone());
        cable
    }
}

/// A world.
pub struct World {
    ground: Rc<Ground>,
    story: String,
    carriers: RefCell<Vec<Rc<Carrier>>>,
    center: RefCell<Option<Rc<Center>>>,
    internet: RefCell<Option<Rc<Internet>>>,
}

impl World {
    /// An empty world for the story.
    pub(crate) fn begin(story: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("onshi-lab-").tempdir()?;
        let (programs, cables, machines) = Default::default();
        let run = Run::begin(story)?;
        let ground = Rc::new(Ground { programs, cables, machines, folder, run, clock: OnceCell::new(), certificate_days: Cell::new(80) });
        let (carriers, center, internet) = Default::default();
        Ok(Self { ground, story: story.to_owned(), carriers, center, internet })
    }

    /// Where the story keeps files; gone with the world.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.ground.folder.path()
    }

    /// The authority issues certificates for so many days, not for the lab's 80. To be said before the center opens.
    pub fn issues_certificates_for(&self, days: u32) {
        self.ground.certificate_days.set(days);
    }

    /// The time of all our programs can pass quickly here. To be said before the first machine is made.
    ///
    /// # Errors
    /// If the clock's file cannot be written.
    pub fn has_a_clock(&self) -> Result<()> {
        self.ground.clock.get_or_init(|| self.folder().join("clock"));
        self.is_days_ahead(0)
    }

    /// It is so many days later than it is, everywhere in this world.
    ///
    /// # Errors
    /// If the clock's file cannot be written.
    pub fn is_days_ahead(&self, days: u32) -> Result<()> {
        let clock = self.ground.clock.get().context("this world has no clock of its own")?;
        // In one step: a program that reads half of it would be at another time.
        let new = clock.with_extension("new");
        std::fs::write(&new, format!("+{days}d\n"))?;
        Ok(std::fs::rename(&new, clock)?)
    }

    /// The center, with everything that the operator runs; built at the first call.
    ///
    /// # Errors
    /// What kept a program from starting.
    pub fn center(&self) -> Result<Rc<Center>> {
        if let Some(center) = &*self.center.borrow() {
            return Ok(center.clone());
        }
        let center = Rc::new(Center::new(&self.ground)?);
        self.center.replace(Some(center.clone()));
        Ok(center)
    }

    /// The center with its rooms open, and both carriers with their notifiers.
    ///
    /// # Errors
    /// What kept a program from starting.
    pub fn open_center(&self) -> Result<Rc<Center>> {
        let carriers = [self.carrier(Region::East)?, self.carrier(Region::West)?];
        for carrier in &carriers {
            carrier.opens_its_notifier()?;
        }
        let center = self.center()?;
        center.open(&carriers)?;
        Ok(center)
    }

    /// The carrier of a region, joined to the center; built at the first call.
    ///
    /// # Errors
    /// What kept a program from starting.
    pub fn carrier(&self, region: Region) -> Result<Rc<Carrier>> {
        if let Some(carrier) = self.carriers.borrow().iter().find(|carrier| carrier.region() == region) {
            return Ok(carrier.clone());
        }
        let carrier = Rc::new(Carrier::new(&self.ground, &*self.center()?, region)?);
        self.carriers.borrow_mut().push(carrier.clone());
        Ok(carrier)
    }

    /// The roots that an installer puts onto a terminal: the center's, and those of the carriers' notifiers.
    ///
    /// # Errors
    /// If the center is not open.
    pub fn roots(&self) -> Result<Vec<PathBuf>> {
        let mut roots = vec![self.center()?.root()?];
        for carrier in self.carriers.borrow().iter() {
            roots.push(carrier.root()?);
        }
        Ok(roots)
    }

    /// The internet, with a name server that knows nothing of the closed network; built at the first call.
    ///
    /// # Errors
    /// What kept its name server from starting.
    pub fn internet(&self) -> Result<Rc<Internet>> {
        if let Some(internet) = &*self.internet.borrow() {
            return Ok(internet.clone());
        }
        let internet = Rc::new(Internet::new(&self.ground)?);
        self.internet.replace(Some(internet.clone()));
        Ok(internet)
    }

    /// A clinic with its line and router.
    ///
    /// # Errors
    /// What kept the line or the router from coming up.
    pub fn clinic(&self, plan: &Plan) -> Result<Clinic> {
        Clinic::new(&self.ground, &*self.carrier(plan.region)?, &*self.internet()?, plan)
    }

    /// How to enter each machine.
    pub(crate) fn doors(&self) -> String {
        let mut text = format!("the world of \"{}\" (files in {}):\n", self.story, self.folder().display());
        for machine in self.ground.machines.borrow().iter() {
            text.push_str(&format!("  {:<24} ip netns exec {} bash\n", machine.label(), machine.name()));
        }
        text
    }
}
