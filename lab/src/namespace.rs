//! One machine of a world: a network namespace with a name that no other run has, in which real programs run.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::thread::LinkNameSpaceType;

use crate::run::Run;

/// Where `ip netns` keeps the names.
pub(crate) const NAMES: &str = "/run/netns";
/// Files below `<here>/<name>` stand in for those of `/etc` to whatever runs inside.
pub(crate) const ETC: &str = "/etc/netns";

/// A machine; gone with everything that runs in it when it is dropped.
pub struct Namespace {
    name: String,
    label: String,
}

impl Namespace {
    /// Makes the machine `label` of a run, with its loopback up and no resolver.
    pub(crate) fn new(run: &Run, label: &str) -> Result<Self> {
        let name = run.name_of(label);
        run.alone(|| output(Command::new("ip").args(["netns", "add", &name])))?;
        let made = Self { name, label: label.to_owned() };
        fs::create_dir_all(made.etc())?;
        made.resolves_by(&[])?;
        made.settings(&[("ipv6/conf/all/dad_transmits", "0"), ("ipv6/conf/default/dad_transmits", "0")])?;
        made.ip("link set lo up")?;
        Ok(made)
    }

    /// What the world calls it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Its name on this machine, for `ip netns exec`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn etc(&self) -> PathBuf {
        Path::new(ETC).join(&self.name)
    }

    /// A file that stands for `/etc/<file>` inside. It is written in place: who runs already sees the change.
    pub(crate) fn etc_file(&self, file: &str) -> PathBuf {
        self.etc().join(file)
    }

    /// Names the servers that programs inside ask for names.
    pub(crate) fn resolves_by(&self, servers: &[String]) -> Result<()> {
        let mut text = String::from("options timeout:2 attempts:2\n");
        servers.iter().for_each(|server| text.push_str(&format!("nameserver {server}\n")));
        fs::write(self.etc_file("resolv.conf"), text).context("resolv.conf")
    }

    /// A program to be run inside. The kernel ends it with this process, however that ends.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "ip", "netns", "exec", &self.name]).arg(program).stdin(Stdio::null());
        command
    }

    /// Runs a program inside to its end and gives what it printed.
    ///
    /// # Errors
    /// What it said, if it did not end well.
    pub fn run(&self, program: &str, words: &[&str]) -> Result<String> {
        output(self.command(program).args(words)).with_context(|| format!("in {}", self.label))
    }

    /// Does lines of `ip`, such as `link set lo up`.
    pub(crate) fn ip(&self, lines: &str) -> Result<()> {
        let mut ip = Command::new("ip");
        ip.args(["-n", &self.name, "-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = ip.spawn().context("could not start ip")?;
        child.stdin.take().context("ip reads nothing")?.write_all(lines.as_bytes())?;
        let done = child.wait_with_output()?;
        if done.status.success() {
            return Ok(());
        }
        bail!("ip in {}: {}{lines}", self.label, String::from_utf8_lossy(&done.stderr))
    }

    /// Does work in a thread that lives inside: the sockets that it opens belong there.
    ///
    /// # Errors
    /// If the thread cannot go there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let door = fs::File::open(Path::new(NAMES).join(&self.name)).with_context(|| format!("{} is gone", self.label))?;
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&door), Some(LinkNameSpaceType::Network))?;
                Ok::<T, rustix::io::Errno>(work())
            });
            match thread.join() {
                Ok(done) => Ok(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Sets what stands below `/proc/sys/net`.
    pub(crate) fn settings(&self, settings: &[(&str, &str)]) -> Result<()> {
        self.inside(|| {
            for (name, value) in settings {
                fs::write(Path::new("/proc/sys/net").join(name), value).with_context(|| (*name).to_owned())?;
            }
            Ok(())
        })?
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Ends what runs in a namespace of ours, and takes the namespace away.
pub(crate) fn remove(name: &str) {
    // What is already gone needs no removing, so nothing here can fail in a way that matters.
    if let Ok(pids) = output(Command::new("ip").args(["netns", "pids", name])) {
        let _ended = Command::new("kill").arg("-KILL").args(pids.split_whitespace()).stderr(Stdio::null()).status();
    }
    let _removed = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
    let _cleared = fs::remove_dir_all(Path::new(ETC).join(name));
}

/// Joins two machines by a plain wire: an interface in each.
pub(crate) fn wire(one: (&Namespace, &str), other: (&Namespace, &str)) -> Result<()> {
    let mut ip = Command::new("ip");
    ip.args(["link", "add", "name", one.1, "netns", &one.0.name, "type", "veth", "peer", "name", other.1, "netns", &other.0.name]);
    output(&mut ip)?;
    Ok(())
}

/// Runs a program to its end and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("could not start {command:?}"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(said);
    }
    bail!("{} ({}):\n{said}{}", shown(command), done.status, String::from_utf8_lossy(&done.stderr))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
