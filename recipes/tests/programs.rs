//! Every configuration for Debian's programs, for every kind of site, is read by the program's own check.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use recipes::site::{Order, Site};
use recipes::write::{Device, write};

/// The check for a file: a line for `sh` in a network namespace of its own, where the interfaces exist.
fn check_of(file: &str) -> Option<(&'static str, &'static str)> {
    Some(match file {
        "dnsmasq.conf" => ("dnsmasq", "dnsmasq --test --conf-file=dnsmasq.conf"),
        "unbound.conf" => ("unbound-checkconf", "unbound-checkconf unbound.conf"),
        "radvd.conf.in" => ("radvd", "radvd --configtest --config radvd.conf.in"),
        "kea-dhcp6.conf" => ("kea-dhcp6", "KEA_LOCKFILE_DIR=. KEA_PIDFILE_DIR=. kea-dhcp6 -t kea-dhcp6.conf"),
        "nftables.conf" => ("nft", "nft --check --file nftables.conf"),
        "follow.sh" => ("sh", "sh -n follow.sh"),
        _ => return None,
    })
}

/// Whether a program is installed; under `ONSHI_TEST_ALL` it must be.
fn installed(program: &str) -> bool {
    let folders = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let found = folders.split(':').any(|folder| Path::new(folder).join(program).exists());
    assert!(found || std::env::var_os("ONSHI_TEST_ALL").is_none(), "{program} is missing: cargo xtask test installs it");
    found
}

fn checked(folder: &Path, line: &str) -> Result<(), String> {
    let script = format!("ip link add lan type bridge && ip link add wan type bridge && PATH=$PATH:/usr/sbin:/sbin && {line}");
    let done = Command::new("unshare").args(["--map-root-user", "--net", "sh", "-c", &script]).current_dir(folder).output().unwrap();
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{line}: {}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
}

/// A file without its comments: sites that differ in nothing else need no second look.
fn bare(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// Rows: NW-07, NW-08, NW-10
#[test]
fn every_site_of_both_machines_passes_the_programs_own_checks() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = BTreeSet::new();
    let mut read = BTreeSet::new();
    for site in Site::all() {
        for device in [Device::Dnsmasq, Device::Unbound] {
            for file in write(device, &Order::of(site)).files {
                let Some((program, line)) = check_of(file.name).filter(|(program, _)| installed(program)) else { continue };
                if seen.insert((file.name, bare(&file.text))) {
                    std::fs::write(folder.path().join(file.name), &file.text).unwrap();
                    checked(folder.path(), line).unwrap_or_else(|problem| panic!("{site:?} {device:?}: {problem}\n{}", file.text));
                    read.insert(program);
                }
            }
        }
    }
    let all = ["dnsmasq", "kea-dhcp6", "nft", "radvd", "sh", "unbound-checkconf"];
    assert!(std::env::var_os("ONSHI_TEST_ALL").is_none() || read.iter().eq(all.iter()), "not every program has read something: {read:?}");
}

/// The checks can fail: a word that no program knows is refused by each of them.
#[test]
fn a_file_with_a_word_too_many_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["dnsmasq.conf", "unbound.conf", "radvd.conf.in", "kea-dhcp6.conf", "nftables.conf"] {
        let Some((_, line)) = check_of(file).filter(|(program, _)| installed(program)) else { continue };
        std::fs::write(folder.path().join(file), "server:\n  nonsense: yes\ninterface lan { nonsense on; };\n").unwrap();
        assert!(checked(folder.path(), line).is_err(), "{file}");
    }
}
