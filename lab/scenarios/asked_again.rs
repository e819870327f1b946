//! Works on the line change its prefix: the admission is void, the intent screen comes again, and a program on a machine without a browser
//! answers it too. What was signed for the former prefix admits nobody.

use anyhow::ensure;
use lab::routers::{Names, Uplink};
use lab::{LineRecord, Plan};
use manuals::Region;
use serde_json::Value;

use crate::steps::{self, button, says};

/// Rows: LA-17, LA-18
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("asked-again", |world| {
        let plan = Plan::new("clinic", Region::East, Names::Unbound, Uplink::Delegated);
        let line = LineRecord::new("CAF1234567890");
        let site = steps::site(world, &plan, &line, Region::East)?;
        site.terminal.installs_onshi(steps::facility(Region::East), &site.roots)?;
        let state = |words: &[&str]| -> anyhow::Result<Value> {
            let said = site.terminal.onshi(words)?;
            serde_json::from_slice(&said.stdout).map_err(|_| anyhow::anyhow!("{words:?}: {said:?}"))
        };
        let status = ["clinic", "line", "status", "--json"];
        ensure!(state(&status)?["captive"] == true, "not yet admitted: {}", state(&status)?);

        // Somebody opens the intent screen and is called away before choosing; a program does it meanwhile.
        let browser = site.terminal.browser("asked-again", &site.roots)?;
        steps::opens_the_portal(&browser)?;
        let page = state(&["clinic", "line", "authenticate", "--json"])?;
        ensure!(page["key"] == "line-success", "{page}");
        ensure!(state(&status)?["captive"] == false, "admitted: {}", state(&status)?);

        let former = site.clinic.prefix();
        site.clinic.line_is_worked_on()?;
        let prefix = site.clinic.prefix();
        ensure!(prefix != former, "the prefix is a new one");
        site.terminal.addresses_within(&prefix)?;
        world.carrier(Region::East)?.operate(&["line", "prefix", line.line_id, &prefix])?;
        ensure!(state(&status)?["captive"] == true, "asked again: {}", state(&status)?);

        // The choice on the screen of before belongs to the former prefix.
        browser.press(button("line-wish"))?;
        browser.picture("intent-of-before")?;
        says(&browser, "line-failed")?;
        ensure!(state(&status)?["captive"] == true, "not admitted by it: {}", state(&status)?);

        steps::opens_the_portal(&browser)?;
        browser.picture("intent-again")?;
        browser.press(button("line-wish"))?;
        says(&browser, "line-success")?;
        ensure!(state(&status)?["captive"] == false, "admitted again: {}", state(&status)?);
        Ok(())
    })
}
