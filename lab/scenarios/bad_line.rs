//! A long, lossy and narrow line: names are found and the line is authenticated all the same.

use std::time::Duration;

use anyhow::ensure;
use lab::{Faults, LineRecord, Way};
use manuals::{Region, hosts};

use crate::steps;

/// Rows: DN-23, LA-08
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("bad-line", |world| {
        let bad = Faults { delay: Duration::from_millis(30), lost_per_thousand: 50, ..Faults::default() };
        let plan = steps::usual(Region::West).on_a_bad_line(bad).on_a_narrow_line(1280);
        let site = steps::site(world, &plan, &LineRecord::new("CAF1234567890"), Region::West)?;
        site.terminal.finds(hosts::proxy_check().name, Way::Tcp)?;
        site.terminal.installs_onshi(steps::facility(Region::West), &site.roots)?;
        let said = site.terminal.onshi(&["clinic", "line", "authenticate", "--json"])?;
        ensure!(String::from_utf8_lossy(&said.stdout).contains("line-success"), "{said:?}");
        Ok(())
    })
}
