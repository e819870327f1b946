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
    /// The file that drives the clock of our programs here, in a world whose time can pass quickly.
    clock: Option<PathBuf>,
}

/// What lets a file drive a program's clock (Debian's faketime).
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

impl Namespace {
    /// Makes the machine `label` of a run, with its loopback up and no resolver.
    pub(crate) fn new(run: &Run, label: &str, clock: Option<PathBuf>) -> Result<Self> {
        let name = run.name_of(label);
        run.alone(|| output(Command::new("ip").args(["netns", "add", &name])))?;
        let made = Self { name, label: label.to_owned(), clock };
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
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn resolves_by(&self, servers: &[String]) -> Result<()> {
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

    /// Lets the world's clock, if it has one, drive the command. Spans of time pass as ever.
    pub(crate) fn drives(&self, command: &mut Command) {
        if let Some(clock) = &self.clock {
            command.env("LD_PRELOAD", FAKETIME).env("FAKETIME_TIMESTAMP_FILE", clock);
            command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        }
    }

    /// Runs a program inside to its end and gives what it printed.
    ///
    /// # Errors
    /// What it said, if it did not end well.
    pub fn run(&self, program: &str, words: &[&str]) -> Result<String> {
        output(self.command(program).args(words)).with_context(|| format!("in {}", self.label))
    }

    /// Does lines of `ip`, such as `link set lo up`.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn ip(&self, lines: &str) -> Result<()> {
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

    /// Lets packets pass as these rules of `nft` say, and as no earlier ones did. A rule goes without its table: `forward tcp dport 53 drop`.
    ///
    /// # Errors
    /// What `nft` said.
    pub fn filters(&self, rules: &[&str]) -> Result<()> {
        let mut text = String::from("flush ruleset\ntable inet faults {\n");
        for hook in ["input", "forward", "output"] {
            text.push_str(&format!("  chain {hook} {{ type filter hook {hook} priority 0;\n"));
            let own = rules.iter().filter_map(|rule| rule.strip_prefix(hook));
            own.for_each(|rule| text.push_str(&format!("    {rule}\n")));
            text.push_str("  }\n");
        }
        text.push_str("  chain arrival { type nat hook prerouting priority -100;\n");
        rules.iter().filter_map(|rule| rule.strip_prefix("arrival")).for_each(|rule| text.push_str(&format!("    {rule}\n")));
        text.push_str("  }\n}\n");
        self.run("nft", &[&text])?;
        Ok(())
    }

    /// Lets every packet pass.
    ///
    /// # Errors
    /// What `nft` said.
    pub fn passes_all(&self) -> Result<()> {
        self.run("nft", &["flush", "ruleset"])?;
        Ok(())
    }

    /// Sets what stands below `/proc/sys/net`.
    ///
    /// # Errors
    /// What the kernel does not know.
    pub fn settings(&self, settings: &[(&str, &str)]) -> Result<()> {
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
