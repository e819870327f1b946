//! The carrier's notifier falls silent after 希望する: within 25 seconds and a little the page says so, with its code; later all is well.

use std::time::Duration;

use anyhow::ensure;
use lab::{LineRecord, patience};
use manuals::{Region, lineauth};

use crate::steps::{self, answers, button, opens_the_portal, says};

/// Rows: LA-08, LA-16
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("silence", |world| {
        let site = steps::site(world, &steps::usual(Region::West), &LineRecord::new("CAF1234567890"), Region::West)?;
        let browser = site.terminal.browser("silence", &site.roots)?;
        opens_the_portal(&browser)?;
        let carrier = world.carrier(Region::West)?;
        let notifier = carrier.notifier_process()?;
        notifier.signal("STOP")?;
        let begun = patience::now();
        browser.press(button("line-wish"))?;
        says(&browser, "line-no-answer")?;
        let waited = begun.elapsed();
        let deadline = Duration::try_from(lineauth::sheet().deadline())?;
        ensure!(waited > deadline - Duration::from_secs(1) && waited < deadline + Duration::from_secs(5), "{waited:?}");
        browser.picture("no-answer")?;
        notifier.signal("CONT")?;
        answers(&browser, button("line-wish"))?;
        says(&browser, "line-success")
    })
}
