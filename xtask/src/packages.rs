//! Sees to the Debian packages that the tests need: nothing is done when every program is there already.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{postgres, process};

/// A package and the programs that the tests take from it.
const PACKAGES: [(&str, &[&str]); 9] = [
    ("openssl", &["openssl"]),
    ("curl", &["curl"]),
    ("python3", &["python3"]),
    ("libnss3-tools", &["certutil", "pk12util"]),
    ("default-jre-headless", &["keytool"]),
    ("bind9-dnsutils", &["dig"]),
    ("dnsmasq-base", &["dnsmasq"]),
    ("unbound", &["unbound"]),
    // A library: one of its files.
    ("python3-dnspython", &["/usr/lib/python3/dist-packages/dns/message.py"]),
];

/// Installs what the tests lack, or says what to install when this user may not.
pub(crate) fn install_missing() -> Result<()> {
    install(missing, "the test run")
}

/// Installs the Debian packages that `missing` names, or says what to install when this user may not.
pub(crate) fn install(missing: fn() -> Vec<&'static str>, purpose: &str) -> Result<()> {
    let absent = missing();
    if absent.is_empty() {
        return Ok(());
    }
    let list = absent.join(" ");
    if process::find("apt-get").is_none() {
        bail!("{purpose} needs programs of these Debian packages: {list}. This system has no apt-get: install them its own way");
    }
    if !process::is_root() {
        bail!("{purpose} needs these Debian packages: {list}. Install them with `sudo apt-get install {list}`, or run this as root");
    }
    println!("installing {list}");
    process::run(apt().arg("update"))?;
    process::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(&absent))?;
    let still = missing();
    if still.is_empty() {
        return Ok(());
    }
    bail!("programs are missing although these packages are installed: {}", still.join(" "))
}

fn missing() -> Vec<&'static str> {
    let absent = PACKAGES.iter().filter(|(_, programs)| programs.iter().any(|program| process::find(program).is_none()));
    let server = postgres::programs().is_none().then_some("postgresql");
    server.into_iter().chain(absent.map(|(package, _)| *package)).collect()
}

/// Without questions and without a terminal.
fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    apt
}
