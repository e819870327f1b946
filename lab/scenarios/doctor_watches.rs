//! A watch notices the moment in which the line comes back with another prefix, and keeps a record of it.

use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::ensure;
use lab::{LineRecord, patience};
use manuals::Region;

use crate::steps;

/// A running program, ended with the story.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Rows: LA-17
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("doctor-watches", |world| {
        let site = steps::site(world, &steps::usual(Region::East), &LineRecord::new("CAF1234567890"), Region::East)?;
        site.terminal.installs_onshi(steps::facility(Region::East), &site.roots)?;
        let (said, kept) = (world.folder().join("watch.log"), world.folder().join("kept"));
        std::fs::create_dir(&kept)?;
        let mut watch = site.terminal.prepared("onshi", &[])?;
        watch.args(["doctor", "watch", "--json", "--interval", "1", "--record"]).arg(&kept);
        let _watch = Ended(watch.stdout(std::fs::File::create(&said)?).stderr(Stdio::null()).spawn()?);
        let tells = |event: &str| {
            patience::until(event, Duration::from_secs(60), || {
                let text = std::fs::read_to_string(&said)?;
                Ok(text.lines().find(|line| line.contains(&format!("\"event\":\"{event}\""))).map(str::to_owned))
            })
        };
        let before = site.clinic.prefix();
        let began = tells("began")?;
        ensure!(began.contains(before.trim_end_matches("/64")), "{began} does not name {before}");
        site.clinic.line_is_worked_on()?;
        let changed = tells("prefix")?;
        ensure!(changed.contains(before.trim_end_matches("/64")), "{changed} does not name {before}");
        patience::until("a record of the moment", Duration::from_secs(60), || {
            let whole = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("\"taken_at\""));
            Ok(std::fs::read_dir(&kept)?.filter_map(Result::ok).any(whole).then_some(()))
        })
    })
}
