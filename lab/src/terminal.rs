//! A terminal on a clinic's LAN: its addresses, and what a person at its keyboard can ask the network.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use manuals::{Region, addresses};
use serde_json::Value;

use crate::browser::Browser;
use crate::namespace::{Namespace, output};
use crate::onshi;
use crate::patience::until;
use crate::program::Program;
use crate::world::Ground;

/// How long until the LAN's router has told a prefix and the terminal has made its addresses.
const ADDRESSES: Duration = Duration::from_secs(60);

/// A terminal.
pub struct Terminal {
    ground: Rc<Ground>,
    machine: Rc<Namespace>,
    region: Region,
}

/// The three addresses of a terminal (TA-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// IPv6アドレス.
    pub lasting: Vec<Ipv6Addr>,
    /// 一時IPv6アドレス.
    pub temporary: Vec<Ipv6Addr>,
    /// リンクローカルIPv6アドレス.
    pub link_local: Vec<Ipv6Addr>,
}

/// How a name is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over UDP with EDNS, and over TCP when the answer says that it is cut, as resolvers do today.
    Udp,
    /// Over TCP.
    Tcp,
}

impl Terminal {
    pub(crate) fn new(ground: Rc<Ground>, machine: Rc<Namespace>, region: Region) -> Self {
        Self { ground, machine, region }
    }

    /// Its machine.
    #[must_use]
    pub fn machine(&self) -> &Namespace {
        &self.machine
    }

    /// The region of its line.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The addresses that it has at the moment, without those that are no longer preferred.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn addresses(&self) -> Result<Addresses> {
        let listing: Value = serde_json::from_str(&self.machine.run("ip", &["-6", "-j", "address", "show", "dev", "eth0"])?)?;
        let mut found = Addresses { lasting: Vec::new(), temporary: Vec::new(), link_local: Vec::new() };
        let all = listing.as_array().into_iter().flatten().flat_map(|link| link["addr_info"].as_array().into_iter().flatten());
        for entry in all.filter(|entry| entry["deprecated"] != true && entry["tentative"] != true) {
            let Some(address) = entry["local"].as_str().and_then(|text| text.parse().ok()) else { continue };
            match (entry["scope"].as_str(), entry["temporary"] == true) {
                (Some("link"), _) => found.link_local.push(address),
                (_, true) => found.temporary.push(address),
                (_, false) => found.lasting.push(address),
            }
        }
        Ok(found)
    }

    /// Waits until it has its three addresses, those of the network within the prefix.
    ///
    /// # Errors
    /// That they do not come.
    pub fn addresses_within(&self, prefix: &str) -> Result<Addresses> {
        until(&format!("three addresses of {} within {prefix}", self.machine.label()), ADDRESSES, || {
            let found = self.addresses()?;
            let within = |addresses: &[Ipv6Addr]| addresses.len() == 1 && addresses.iter().all(|address| is_within(*address, prefix));
            Ok((within(&found.lasting) && within(&found.temporary) && !found.link_local.is_empty()).then_some(found))
        })
        .with_context(|| self.machine.run("ip", &["-6", "address"]).unwrap_or_default())
    }

    /// Asks for a name by `dig`, at its own resolver.
    ///
    /// # Errors
    /// What `dig` said when nobody answered.
    pub fn dig(&self, name: &str, kind: &str, way: Way) -> Result<Vec<IpAddr>> {
        let mut words = vec!["+short", "+timeout=3", "+tries=2"];
        words.extend(match way {
            Way::Udp => ["+bufsize=1232", "+notcp"].as_slice(),
            Way::Tcp => ["+tcp"].as_slice(),
        });
        words.extend([name, kind]);
        Ok(self.machine.run("dig", &words)?.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// Types `nslookup` and gives what the screen shows.
    ///
    /// # Errors
    /// What it said when it did not end well.
    pub fn nslookup(&self, name: &str) -> Result<String> {
        self.machine.run("nslookup", &[name])
    }

    /// Whether the name's printed addresses are what `dig` prints: those that the manuals accept.
    ///
    /// # Errors
    /// What `dig` said, or what it printed instead.
    pub fn finds(&self, name: &str, way: Way) -> Result<()> {
        let expected = addresses::expected(name, self.region).with_context(|| format!("the manuals print nothing for {name}"))?;
        let found = self.dig(name, "AAAA", way)?;
        if !expected.accepts(&found) {
            bail!("{} finds {found:?} for {name} ({way:?}), not {:?}", self.machine.label(), expected.aaaa);
        }
        let wanted: BTreeSet<IpAddr> = expected.a.iter().copied().map(IpAddr::V4).collect();
        let found: BTreeSet<IpAddr> = if wanted.is_empty() { BTreeSet::new() } else { self.dig(name, "A", way)?.into_iter().collect() };
        if wanted != found {
            bail!("{} finds {found:?} for {name} ({way:?}), not {wanted:?}", self.machine.label());
        }
        Ok(())
    }

    /// Opens a browser that trusts the center's root and the carrier's, as an installer would have put them there.
    ///
    /// # Errors
    /// What kept it from starting.
    pub fn browser(&self, story: &str, roots: &[PathBuf]) -> Result<Browser> {
        Browser::open(&self.ground, &self.machine, story, roots)
    }

    /// Sets up the clinic's programs: configuration and roots, known by their fingerprints.
    ///
    /// # Errors
    /// What could not be written.
    pub fn installs_onshi(&self, facility: &str, roots: &[PathBuf]) -> Result<()> {
        let folder = self.ground.folder(&format!("onshi-{}", self.machine.label()))?;
        for part in ["keys", "oqs/req", "oqs/res", "oqs/face", "oqs/work"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        let (mut bundle, mut fingerprints) = (String::new(), Vec::new());
        for root in roots {
            bundle.push_str(&std::fs::read_to_string(root)?);
            let mut openssl = std::process::Command::new("openssl");
            let said = output(openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(root))?;
            fingerprints.push(said.trim().rsplit_once('=').context("openssl prints no fingerprint")?.1.to_owned());
        }
        std::fs::write(folder.join("keys/roots.pem"), bundle)?;
        std::fs::write(folder.join("keys/password"), "none yet")?;
        let config = format!(
            "facility_code = \"{facility}\"\n[center]\nroots = \"keys/roots.pem\"\nroot_fingerprints = {fingerprints:?}\n\
             certificate = \"keys/clinic.crt\"\nkey = \"keys/clinic.key\"\naccount = \"R000000001\"\npassword_file = \"keys/password\"\n\
             [bridge]\nreq = \"oqs/req\"\nres = \"oqs/res\"\nface = \"oqs/face\"\nwork = \"oqs/work\"\n"
        );
        Ok(std::fs::write(folder.join("clinic.toml"), config)?)
    }

    /// The folder of the clinic's programs, with `clinic.toml`, `keys` and `oqs`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder(&self) -> Result<PathBuf> {
        self.ground.folder(&format!("onshi-{}", self.machine.label()))
    }

    /// Runs the clinic's program in its folder: `["clinic", "line", "status"]`.
    ///
    /// # Errors
    /// If it cannot be started; how it ends is in the answer.
    pub fn onshi(&self, words: &[&str]) -> Result<Output> {
        Ok(self.prepared("onshi", &[])?.args(words).output()?)
    }

    /// The clinic's program in its folder, to be started with words. `onshi` is the name of a program that runs it, or itself; a wrapper such as
    /// `faketime` takes `before` before it.
    ///
    /// # Errors
    /// If the program is missing.
    pub fn prepared(&self, wrapper: &str, before: &[&str]) -> Result<Command> {
        let folder = self.folder()?;
        let mut command = if wrapper == "onshi" { onshi::command(&self.machine)? } else { self.machine.command(wrapper) };
        if wrapper != "onshi" {
            command.args(before).arg(onshi::program()?);
            command.env_remove("ONSHI_PASSPHRASE").env_remove("CREDENTIALS_DIRECTORY");
            self.machine.drives(&mut command);
        }
        command.current_dir(&folder).env("ONSHI_CLINIC_CONFIG", folder.join("clinic.toml"));
        Ok(command)
    }

    /// The clinic's program runs until it is stopped: `["clinic", "bridge"]`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn keeps_running(&self, name: &str, words: &[&str]) -> Result<Rc<Program>> {
        let mut command = self.prepared("onshi", &[])?;
        command.args(words);
        self.ground.start(name, &self.folder()?, command)
    }

    /// Runs curl with the center's roots and gives the status and the body.
    ///
    /// # Errors
    /// What curl said when there was no answer.
    pub fn curl(&self, roots: &[PathBuf], words: &[&str]) -> Result<(String, String)> {
        let bundle = self.ground.folder(&format!("curl-{}", self.machine.label()))?.join("roots.pem");
        let mut text = String::new();
        for root in roots {
            text.push_str(&std::fs::read_to_string(root)?);
        }
        std::fs::write(&bundle, text)?;
        let mut command = self.machine.command("curl");
        command.args(["--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}", "--cacert"]).arg(&bundle);
        let said = output(command.args(words))?;
        let (body, status) = said.rsplit_once('\n').context("curl says no status")?;
        Ok((status.to_owned(), body.to_owned()))
    }

    /// Whether a host answers ping.
    ///
    /// # Errors
    /// If ping could not ask.
    pub fn pings(&self, host: &str) -> Result<bool> {
        let done = self.machine.command("ping").args(["-6", "-c", "1", "-W", "2", host]).output()?;
        match done.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("ping {host}: {}", String::from_utf8_lossy(&done.stderr)),
        }
    }
}

/// Whether an address lies within a prefix such as `2001:db8::/56`.
pub(crate) fn is_within(address: Ipv6Addr, prefix: &str) -> bool {
    let Some((start, length)) = prefix.split_once('/') else { return false };
    let (Ok(start), Ok(length)) = (start.parse::<Ipv6Addr>(), length.parse::<u32>()) else { return false };
    let shift = 128_u32.saturating_sub(length);
    u128::from(start).checked_shr(shift) == u128::from(address).checked_shr(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_within_its_prefix_only() {
        let address = "2001:db8:0:1ff::7".parse().unwrap();
        assert!(is_within(address, "2001:db8:0:100::/56"));
        assert!(!is_within(address, "2001:db8:0:100::/64"));
        assert!(!is_within(address, "2001:db8:0:200::/56"));
    }
}
