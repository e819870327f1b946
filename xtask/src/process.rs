//! Runs other programs for this tool: shows them, captures them, finds them and ends those that it started.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::stopwatch::Stopwatch;

/// What a program that ended by itself has said.
pub(crate) struct Said {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

/// The cargo that runs this tool, else the one on the path. What it told this tool about the tool's own package is taken away: build scripts
/// would see it and build again what a plain `cargo build` has built.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Builds with cargo at the root and gives the folder that holds the binaries of the profile.
pub(crate) fn build(root: &Path, words: &[&str], profile: &str) -> Result<PathBuf> {
    run(cargo().arg("build").args(words).current_dir(root))?;
    let metadata = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let target = metadata.get("target_directory").and_then(serde_json::Value::as_str).context("cargo names no target directory")?;
    Ok(Path::new(target).join(profile))
}

/// Runs a program with this terminal as its own; anything but success is an error that repeats the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("could not start `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{shown}` failed ({status})")
}

/// Runs a program and keeps what it says; only a program that cannot be started is an error.
pub(crate) fn capture(command: &mut Command) -> Result<Said> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("could not start `{}`", shown(command)))?;
    Ok(Said {
        status: output.status,
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a program and gives its standard output; a failure is an error with what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let said = capture(command)?;
    if said.status.success() {
        return Ok(said.out);
    }
    bail!("`{}` failed ({}):\n{}{}", shown(command), said.status, said.out, said.err)
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Where a program is found on the search path.
pub(crate) fn find(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program.as_ref())).find(|candidate| candidate.is_file())
}

/// Whether this process is the superuser. Always false where there is no `id`.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Ends a program that this tool started: asks it with the signal, waits, and only then kills it. By its own pid, never by a name.
pub(crate) fn end(child: &mut Child, signal: &str, patience: Duration) {
    let pid = child.id().to_string();
    let asked = capture(Command::new("kill").args(["-s", signal, &pid])).is_ok_and(|said| said.status.success());
    let waited = Stopwatch::start();
    while asked && waited.passed() < patience {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // Nothing is left to do when even this fails: the child has ended in between.
    let _ = child.kill();
    let _ = child.wait();
}

/// A folder for what is fetched and built once for all copies of the repository.
pub(crate) fn cache(name: &str) -> Result<PathBuf> {
    let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(folder.context("neither XDG_CACHE_HOME nor HOME says where to keep what is fetched once")?.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_repeats_the_command_and_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo lost >&2; exit 3"])).expect_err("exit 3 is a failure").to_string();
        assert!(error.starts_with("`sh -c echo lost >&2; exit 3` failed"), "{error}");
        assert!(error.contains("lost"), "{error}");
    }

    #[test]
    fn a_child_that_ignores_the_signal_is_ended_all_the_same() {
        let mut child = Command::new("sh").args(["-c", "trap '' TERM; while :; do sleep 0.05; done"]).spawn().expect("sh starts");
        end(&mut child, "TERM", Duration::from_millis(100));
        assert!(child.try_wait().expect("the child can be asked").is_some());
    }
}
