//! Lines that may not enter see the manuals' words and codes: unregistered, of a wrong kind, without the v6 option, works unfinished until the
//! carrier finishes them.

use lab::LineRecord;
use manuals::Region;

use crate::steps::{self, answers, button, opens_the_portal, says};

/// Rows: LA-09, LA-14, LA-15, LA-16, LN-08, LN-09
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("refused-lines", |world| {
        let line = LineRecord::new("CAF1234567890");
        let site = steps::site(world, &steps::usual(Region::East), &line, Region::East)?;
        let carrier = world.carrier(Region::East)?;
        let browser = site.terminal.browser("refused-lines", &site.roots)?;

        // The carrier knows this prefix as another line than the one applied for: that line is nobody's.
        carrier.operate(&["line", "remove", line.line_id])?;
        carrier.knows(&LineRecord::new("CAF9999999999"), &site.clinic.prefix())?;
        answers(&browser, button("line-wish"))?;
        says(&browser, "line-failed")?;
        browser.picture("unregistered")?;
        carrier.operate(&["line", "remove", "CAF9999999999"])?;

        for (refused, picture) in [
            (LineRecord { line_type: "b-flets", ..line.clone() }, "wrong-kind"),
            (LineRecord { v6_option: "off", ..line.clone() }, "no-v6-option"),
        ] {
            carrier.knows(&refused, &site.clinic.prefix())?;
            opens_the_portal(&browser)?;
            says(&browser, "line-ineligible")?;
            browser.picture(picture)?;
        }

        carrier.knows(&LineRecord { finished: false, ..line.clone() }, &site.clinic.prefix())?;
        answers(&browser, button("line-wish"))?;
        says(&browser, "line-work-unfinished")?;
        browser.picture("unfinished")?;
        carrier.operate(&["line", "complete", line.line_id, "--on", "2026-02-01"])?;
        answers(&browser, button("line-wish"))?;
        says(&browser, "line-success")
    })
}
