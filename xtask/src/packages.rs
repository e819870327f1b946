//! Sees to the Debian packages that the tests need: nothing is done when every program is there already.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{postgres, process};

/// A package and the programs that the tests take from it.
const PACKAGES: [(&str, &[&str]); 30] = [
    ("openssl", &["openssl"]),
    ("curl", &["curl"]),
    ("python3", &["python3"]),
    // A library: without it an environment has no installer of its own.
    ("python3-venv", &["/usr/share/doc/python3-venv/copyright"]),
    ("lego", &["lego"]),
    ("dehydrated", &["dehydrated"]),
    ("python3-aiosmtpd", &["aiosmtpd"]),
    ("libnss3-tools", &["certutil", "pk12util"]),
    ("default-jre-headless", &["keytool"]),
    ("chrony", &["chronyd"]),
    ("ntpsec-ntpdig", &["ntpdig"]),
    ("faketime", &["faketime"]),
    ("iproute2", &["ip", "ss"]),
    ("nftables", &["nft"]),
    ("bind9-dnsutils", &["dig", "nslookup"]),
    ("chromium", &["chromium"]),
    ("chromium-driver", &["chromedriver"]),
    ("dnsmasq-base", &["dnsmasq"]),
    ("iputils-ping", &["ping"]),
    ("kea-dhcp6-server", &["kea-dhcp6"]),
    ("ndppd", &["ndppd"]),
    ("nftables", &["nft"]),
    ("poppler-data", &["/usr/share/poppler/cMap/Adobe-Japan1/UniJIS-UTF16-H"]),
    ("poppler-utils", &["pdftotext"]),
    ("radvd", &["radvd"]),
    ("unbound", &["unbound"]),
    ("wide-dhcpv6-client", &["dhcp6c"]),
    ("util-linux", &["setpriv"]),
    // A library: one of its files.
    ("python3-dnspython", &["/usr/lib/python3/dist-packages/dns/message.py"]),
    ("python3-cryptography", &["/usr/lib/python3/dist-packages/cryptography/x509/ocsp.py"]),
];

/// A font in which browsers can show Japanese.
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// Asked by Debian's installer whether a package may start its services.
const POLICY: &str = "/usr/sbin/policy-rc.d";

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
    let _still = NoServices::from_here_on()?;
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
    let font = (!Path::new(FONT).is_file()).then_some("fonts-noto-cjk");
    server.into_iter().chain(font).chain(absent.map(|(package, _)| *package)).collect()
}

/// Keeps packages from starting their services while it lives: the tests start what they need themselves. A rule of the system's own stays.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn from_here_on() -> Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        match made {
            Ok(mut file) => {
                file.write_all(b"#!/bin/sh\nexit 101\n")?;
                Ok(Self { ours: true })
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(Self { ours: false }),
            Err(error) => Err(error).with_context(|| POLICY.to_owned()),
        }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _removed = std::fs::remove_file(POLICY);
        }
    }
}

/// Without questions and without a terminal.
fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    apt
}
