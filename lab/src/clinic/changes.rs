//! What can be changed about a living clinic: its router's configuration, its cables, and what else its terminals are joined to.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Box, Clinic};
use crate::internet;
use crate::namespace::Namespace;
use crate::patience::until;
use crate::program::Program;
use crate::terminal::Terminal;
use recipes::linux::{self as routers, Names, Recipe, Settings};

/// How long a name server may take to begin.
const AGAIN: Duration = Duration::from_secs(20);

impl Clinic {
    /// What the router is told, to be changed.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// The router's name server begins again with these settings, and with lines at the end of its file.
    ///
    /// # Errors
    /// What kept it from beginning.
    pub fn router_answers_by(&self, settings: &Settings, lines: &str) -> Result<()> {
        self.router_answers_by_text(settings, |text| text.push_str(lines))
    }

    /// The router's name server begins again with these settings, and with its file changed by hand.
    ///
    /// # Errors
    /// What kept it from beginning.
    pub fn router_answers_by_text(&self, settings: &Settings, change: impl Fn(&mut String)) -> Result<()> {
        let mut recipe = routers::recipe(settings);
        let file = match self.names {
            Names::Unbound => "unbound.conf",
            Names::Dnsmasq | Names::Terminal => "dnsmasq.conf",
        };
        for written in recipe.files.iter_mut().filter(|written| written.name == file) {
            change(&mut written.text);
        }
        self.names_begin_again(self.own()?, recipe)
    }

    /// The router's name server begins again as it was at first.
    ///
    /// # Errors
    /// What kept it from beginning.
    pub fn router_answers_as_before(&self) -> Result<()> {
        self.router_answers_by(&self.settings, "")
    }

    fn own(&self) -> Result<&Box> {
        self.boxes.last().context("a clinic without a router")
    }

    fn names_begin_again(&self, one: &Box, recipe: Recipe) -> Result<()> {
        let mut programs = one.programs.take();
        one.recipe.replace(recipe);
        let folder = self.ground.folder(one.machine.label())?;
        let recipe = one.recipe.borrow();
        for file in &recipe.files {
            std::fs::write(folder.join(file.name), &file.text)?;
        }
        for (start, place) in recipe.programs.iter().zip(&mut programs) {
            if ["dnsmasq", "unbound"].contains(&start.program) {
                place.stop()?;
                let mut command = one.machine.command(start.program);
                command.args(start.words);
                *place = self.ground.start(start.program, &folder, command)?;
            }
        }
        one.programs.set(programs);
        until("the router's name server", AGAIN, || {
            let open = one.machine.run("ss", &["--no-header", "--listening", "--udp", "--numeric"])?;
            Ok(open.lines().any(|line| line.contains(":53 ")).then_some(()))
        })
    }

    /// The router and what stands above it are switched off; their cables stay.
    ///
    /// # Errors
    /// What did not end.
    pub fn router_is_switched_off(&self) -> Result<()> {
        for one in self.boxes.iter().rev() {
            for program in one.programs.take() {
                program.stop()?;
            }
            one.machine.ip("link set wan down\nlink set lan down")?;
        }
        Ok(())
    }

    /// They are switched on again.
    ///
    /// # Errors
    /// What does not begin.
    pub fn router_is_switched_on(&self) -> Result<()> {
        for one in &self.boxes {
            one.machine.ip(&format!("link set lan up\naddress replace {}/64 dev lan nodad", one.address))?;
            self.switch_on(one)?;
        }
        Ok(())
    }

    /// The phone router, if there is one.
    #[must_use]
    pub fn phone(&self) -> Option<&Namespace> {
        self.boxes.first().filter(|_| self.boxes.len() > 1).map(|one| &*one.machine)
    }

    /// A program runs on the router until the world ends or it is stopped.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn runs_on_the_router(&self, program: &str, words: &[&str]) -> Result<Rc<Program>> {
        let mut command = self.router.command(program);
        command.args(words);
        self.ground.start(program, &self.ground.folder(self.router.label())?, command)
    }

    /// The prefix that the line had before the last works on it.
    #[must_use]
    pub fn former_prefix(&self) -> String {
        self.line.former_prefix()
    }

    /// The terminal gets the internet's protocol too, as most have it at home: an address, a way out and, when it asks there, a name server.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn joins_the_internet(&self, terminal: &Terminal) -> Result<()> {
        let router = self.router();
        router.settings(&[("ipv4/ip_forward", "1")])?;
        router.ip("address replace 192.168.220.1/24 dev lan")?;
        router.filters(&[])?;
        router.run("nft", &["add", "chain", "inet", "faults", "leaving", "{ type nat hook postrouting priority 100; }"])?;
        router.run("nft", &["add", "rule", "inet", "faults", "leaving", "oifname", "\"inet\"", "masquerade"])?;
        router.ip(&format!("route replace default via {}", internet::RESOLVER))?;
        terminal.machine().ip("address replace 192.168.220.11/24 dev eth0\nroute replace default via 192.168.220.1")
    }
}
