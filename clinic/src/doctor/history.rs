//! Remembers what held when everything was last in order, in a small file of the bridge's work folder, so that the next look can tell what changed.

use super::reason::{Diagnosis, State};
use super::recording::{Before, Recording};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

/// Its name in the work folder.
pub const FILE: &str = "doctor.json";
/// The largest file that is read.
const MOST_BYTES: u64 = 64 * 1024;
/// So many looks since are kept.
const MOST_SINCE: usize = 20;

/// The file of a work folder.
#[must_use]
pub fn place(work: &Path) -> PathBuf {
    work.join(FILE)
}

/// What is remembered; nothing where there is no file, or none that can be read.
#[must_use]
pub fn read(file: &Path) -> Option<Before> {
    let size = std::fs::metadata(file).ok()?.len();
    let text = (size <= MOST_BYTES).then(|| std::fs::read(file).ok()).flatten()?;
    serde_json::from_slice(&text).ok()
}

/// What is to be remembered after a look: all of it when work goes on, otherwise only that it did not, and why.
#[must_use]
pub fn after(recording: &Recording, diagnosis: &Diagnosis) -> Option<Before> {
    let works = matches!(diagnosis.state, State::Healthy | State::Weak);
    if works && diagnosis.facts.has("a.has-global") {
        let certificates = recording.machine.certificates.iter().flatten();
        let mut used = certificates.filter(|certificate| certificate.of_authority);
        return Some(Before {
            at: recording.taken_at,
            prefix: prefix(recording),
            region: recording.site.region,
            certificate_serial: used.find(|certificate| certificate.in_use).map(|certificate| certificate.serial.clone()),
            resolvers: recording.machine.resolvers.clone(),
            since: Vec::new(),
        });
    }
    let mut before = recording.before.clone()?;
    before.since.push(diagnosis.first().map_or("", |found| found.cause.key).to_owned());
    let surplus = before.since.len().saturating_sub(MOST_SINCE);
    before.since.drain(..surplus);
    Some(before)
}

/// The /56 of the first address that is still preferred.
fn prefix(recording: &Recording) -> Option<String> {
    let adapters = recording.machine.adapters.iter();
    let facts = adapters.flat_map(|adapter| &adapter.permanent).filter(|fact| !fact.deprecated);
    let mut global = facts.filter_map(|fact| fact.parsed()).filter_map(|address| match address {
        IpAddr::V6(address) if address.segments().first().is_some_and(|group| group & 0xe000 == 0x2000) => Some(address),
        _ => None,
    });
    global.next().map(|address| format!("{}/56", Ipv6Addr::from(u128::from(address) & (u128::MAX << 72))))
}

/// Keeps it. Whoever reads meanwhile finds the former file or this one, never half of one.
///
/// # Errors
/// What the file system says.
pub fn keep(file: &Path, before: &Before) -> io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, serde_json::to_vec(before)?)?;
    std::fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::recording::{Adapter, AddressFact};

    fn recording(address: &str) -> Recording {
        let own = AddressFact { address: address.to_owned(), ..AddressFact::default() };
        let mut recording = Recording::default();
        let link = AddressFact { address: "fe80::1".to_owned(), ..AddressFact::default() };
        let gateways = vec!["fe80::1".to_owned()];
        recording.machine.adapters =
            vec![Adapter { name: "eth0".to_owned(), permanent: vec![own], link_local: vec![link], gateways, ..Adapter::default() }];
        recording.machine.resolvers = vec!["fe80::1".parse().unwrap()];
        recording
    }

    /// Rows: LA-17
    #[test]
    fn what_held_is_kept_while_all_is_well_and_stays_while_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = place(folder.path());
        assert_eq!(read(&file), None);
        let mut look = recording("2408:210:1:200::10");
        let diagnosis = Diagnosis::of(&look);
        assert_eq!(diagnosis.state, State::Healthy, "{:?}", diagnosis.found);
        keep(&file, &after(&look, &diagnosis).unwrap()).unwrap();
        let kept = read(&file).unwrap();
        assert_eq!(kept.prefix.as_deref(), Some("2408:210:1:200::/56"));

        look = recording("2408:210:7:200::10");
        look.before = Some(kept.clone());
        look.probes.push(crate::doctor::recording::Probe {
            what: crate::doctor::recording::What::LinePage,
            outcome: crate::doctor::recording::Outcome::Page { status: 200, message: Some("line-intent".to_owned()), text: String::new() },
            ms: 1,
        });
        let diagnosis = Diagnosis::of(&look);
        assert_eq!(diagnosis.first().unwrap().cause.key, "line.prefix-changed");
        let later = after(&look, &diagnosis).unwrap();
        assert_eq!(
            (later.prefix.as_deref(), later.since.as_slice()),
            (kept.prefix.as_deref(), ["line.prefix-changed".to_owned()].as_slice())
        );
        std::fs::write(&file, b"{").unwrap();
        assert_eq!(read(&file), None, "a torn file is no reason to stop");
    }
}
