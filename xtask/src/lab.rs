//! Tells the lab's stories one by one, and keeps a story's world for whoever wants to walk around in it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{packages, process};

/// A story: the name of its file, and its first sentence.
pub(crate) struct Story {
    name: String,
    about: String,
}

/// Every story, by name.
pub(crate) fn stories(root: &Path) -> Result<Vec<Story>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join("lab/scenarios"))? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if text.contains("#[test]") {
            let about: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//! ")).collect();
            found.push(Story { name, about: about.join(" ") });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Where the stories put what a browser has shown.
pub(crate) fn screens(root: &Path) -> Result<PathBuf> {
    let metadata = process::output(process::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let target = metadata.get("target_directory").and_then(serde_json::Value::as_str).context("cargo names no target directory")?;
    Ok(Path::new(target).join("lab/screens"))
}

/// Lists the stories, or tells one.
pub(crate) fn run(root: &Path, story: Option<&str>, stay: bool) -> Result<()> {
    let known = stories(root)?;
    let Some(wanted) = story else {
        for story in &known {
            println!("{:<18} {}", story.name, story.about);
        }
        println!("\ncargo xtask lab STORY --stay keeps the story's world until Ctrl-C and says how to enter it.");
        return Ok(());
    };
    let name = wanted.replace('-', "_");
    if !known.iter().any(|story| story.name == name) {
        bail!("no story `{wanted}`; there are: {}", known.iter().map(|story| story.name.as_str()).collect::<Vec<_>>().join(", "));
    }
    packages::install_missing()?;
    let onshi = process::build(root, &["--quiet", "-p", "onshi"], "debug")?.join("onshi");
    let mut build = process::cargo();
    build.args(["test", "--quiet", "-p", "lab", "--test", "scenarios", "--no-run", "--message-format=json"]).current_dir(root);
    let said = process::output(&mut build)?;
    let mut binary = std::process::Command::new(executable(&said).context("cargo has built no stories")?);
    binary
        .args([&format!("{name}::story"), "--exact", "--nocapture"])
        .current_dir(root)
        .env("ONSHI_BINARY", onshi)
        .env("ONSHI_TEST_ALL", "1");
    if stay {
        binary.env("ONSHI_LAB_STAY", "1");
    }
    replaced_by(binary)
}

/// The test binary in cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let read = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    read.filter_map(|message| message.get("executable").and_then(serde_json::Value::as_str).map(PathBuf::from)).next_back()
}

/// The story takes this process's place, so that Ctrl-C and other signals reach it.
fn replaced_by(mut binary: std::process::Command) -> Result<()> {
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut binary)).context("could not start the stories");
    #[cfg(not(unix))]
    process::run(&mut binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_binary_named_is_the_stories() {
        let said = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"/t/scenarios-1\"}\n{\"reason\":\"build-finished\"}\n";
        assert_eq!(executable(said), Some(PathBuf::from("/t/scenarios-1")));
        assert_eq!(executable("nothing"), None);
    }
}
