//! Keeps runs apart: every name of a run carries its process, so that several run at once and what a dead one left is swept.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::FlockOperation;

use crate::namespace::{self, ETC, NAMES};

/// With what the names of all runs begin.
const MARK: &str = "onshi-lab-";
/// Held while a name is made or swept: `ip netns` does not like to be called twice at once.
const LOCK: &str = "/run/onshi-lab.lock";

/// One story's run in this process.
pub(crate) struct Run {
    prefix: String,
}

impl Run {
    /// A run of the story in this process; sweeps what dead runs left.
    pub(crate) fn begin(story: &str) -> Result<Self> {
        let pid = std::process::id();
        let start = start_of(pid).context("/proc does not know this process")?;
        let run = Self { prefix: format!("{MARK}{pid}-{start}-{story}") };
        run.alone(|| {
            sweep();
            Ok(())
        })?;
        Ok(run)
    }

    /// What a machine of this run is called.
    pub(crate) fn name_of(&self, label: &str) -> String {
        format!("{}-{label}", self.prefix)
    }

    /// Does work that no other run does at the same time.
    pub(crate) fn alone<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let lock = File::create(LOCK).with_context(|| LOCK.to_owned())?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        work()
    }
}

/// When a process was started, in the kernel's ticks: with its pid, it names one process for ever.
fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program, in brackets, may hold spaces.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(19).map(str::to_owned)
}

/// The process that a name of a run belongs to.
fn owner(name: &str) -> Option<(u32, &str)> {
    let mut parts = name.strip_prefix(MARK)?.split('-');
    Some((parts.next()?.parse().ok()?, parts.next()?))
}

/// Takes away what runs left whose process is no more.
fn sweep() {
    let mut names: Vec<String> = Vec::new();
    for folder in [NAMES, ETC] {
        let entries = fs::read_dir(Path::new(folder)).into_iter().flatten().flatten();
        names.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()));
    }
    names.sort();
    names.dedup();
    for name in names {
        if let Some((pid, start)) = owner(&name)
            && start_of(pid).as_deref() != Some(start)
        {
            namespace::remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_process() {
        assert_eq!(owner("onshi-lab-42-777-names_east-center"), Some((42, "777")));
        assert_eq!(owner("onshi-lab-forty-777-x"), None);
        assert_eq!(owner("somebody-elses"), None);
    }

    #[test]
    fn this_process_has_a_start_and_a_dead_one_has_none() {
        if cfg!(target_os = "linux") {
            assert!(start_of(std::process::id()).is_some());
            assert_eq!(start_of(u32::MAX), None);
        }
    }
}
