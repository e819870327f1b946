//! Shows the closed network from outside: names, line authentication, admission, proxy, time and applications, in the lab's namespaces.

use std::path::Path;

use super::Point;
use super::chain::stories;
use super::ground::Ground;
use crate::lab;
use crate::process;
use crate::stopwatch::Stopwatch;

/// The points, in the order of their issue.
pub(super) const POINTS: [Point; 6] = [
    Point {
        claim: "behind every kind of router in both regions, dig and nslookup print the manuals' addresses over UDP and TCP; no ping; the internet is elsewhere",
        show: names,
    },
    Point { claim: "real Chromium walks the line authentication in both regions, every text the manuals'", show: consents },
    Point {
        claim: "doors refuse before admission, answer after it, ask again after a new prefix; a replayed token admits nobody",
        show: admission,
    },
    Point {
        claim: "curl through the proxy, 503 with the reopening time in a closure; chronyd and ntpdig read the time",
        show: proxy_and_time,
    },
    Point { claim: "the application portal catches each mistake in the browser, mails, and an approved line works", show: applying },
    Point { claim: "at least 11 stories, several at once, in 6 minutes at most; onshi up walks the line too", show: all_of_it },
];

/// The longest that all stories together may take.
const MINUTES: u64 = 6;
/// The least number of stories.
const STORIES: usize = 11;

fn told(ground: &Ground, words: &[&'static str]) -> Result<String, String> {
    ground.onshi()?;
    let wanted: Vec<(&str, &str)> = words.iter().map(|word| ("lab", *word)).collect();
    stories(ground, &wanted, &[("ONSHI_TEST_ALL", "1")])
}

fn names(ground: &Ground) -> Result<String, String> {
    told(
        ground,
        &["names_", "every_prefecture", "three_addresses", "wrong_region", "forgotten_domain", "phone_router", "tcp_blocked", "bad_line"],
    )
}

fn consents(ground: &Ground) -> Result<String, String> {
    let said = told(ground, &["consent_", "refused_lines", "silence", "asked_again"])?;
    let screens = lab::screens(ground.root()).map_err(|error| format!("{error:#}"))?;
    Ok(format!("{said}; {} screenshots in {}", count(&screens), screens.display()))
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).into_iter().flatten().count()
}

fn admission(ground: &Ground) -> Result<String, String> {
    told(ground, &["closed_door", "asked_again"])
}

fn proxy_and_time(ground: &Ground) -> Result<String, String> {
    told(ground, &["proxy_and_time"])
}

fn applying(ground: &Ground) -> Result<String, String> {
    told(ground, &["applying"])
}

/// Every story at once, and the first steps of a newcomer.
fn all_of_it(ground: &Ground) -> Result<String, String> {
    let known = lab::stories(ground.root()).map_err(|error| format!("{error:#}"))?.len();
    if known < STORIES {
        return Err(format!("only {known} stories"));
    }
    let watch = Stopwatch::start();
    let said = told(ground, &["::story"])?;
    if watch.passed().as_secs() > MINUTES * 60 {
        return Err(format!("the stories took {watch}"));
    }
    let data = ground.scratch().join("network-once");
    let mut up = std::process::Command::new(ground.onshi()?);
    let first = process::output(up.args(["up", "--once", "--port", "0", "--data"]).arg(&data)).map_err(|error| format!("{error:#}"))?;
    if !first.contains("資格有効性") {
        return Err(format!("onshi up --once does not show the answer:\n{first}"));
    }
    Ok(format!("{said} in {watch}"))
}
