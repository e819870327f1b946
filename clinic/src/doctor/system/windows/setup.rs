//! Reads the small things of a terminal's set-up: proxy of the system, sleep, display, clock, user.

use manuals::proxy::{Display, read_display};

use super::registry::hexadecimal;
use crate::doctor::recording::{ClockFact, ProxyText};
use crate::doctor::system::text::{plain, split};

/// What a hundred percent is in dots per inch.
const HUNDRED_PERCENT: u64 = 96;
/// The zone of Japan as Windows calls it, and its distance from UTC.
const TOKYO: (&str, i32) = ("Tokyo Standard Time", 9 * 60);
/// The integrity level of an administrator's program.
const HIGH: &str = "S-1-16-12288";
const ANY_LEVEL: &str = "S-1-16-";

/// The display of `netsh winhttp show proxy`; absent when it cannot be read.
#[must_use]
pub fn winhttp(text: &str) -> Option<ProxyText> {
    Some(match read_display(text)? {
        Display::Direct => ProxyText::default(),
        Display::Proxy { server, bypass } => ProxyText { enabled: true, server, bypass, script: None },
    })
}

/// After how many seconds on mains the machine sleeps, from `powercfg /query`; 0 is never.
#[must_use]
pub fn sleep(text: &str) -> Option<u64> {
    let current = |label: &str| label.contains("ac電源") || label.contains("acpower");
    text.lines().filter_map(split).find(|(label, _)| current(&plain(label))).and_then(|(_, value)| hexadecimal(value))
}

/// Percent.
#[must_use]
pub fn scale(dots: u64) -> Option<u32> {
    u32::try_from(dots.saturating_mul(100) / HUNDRED_PERCENT).ok()
}

/// What `w32tm /query /status` and `tzutil /g` say.
#[must_use]
pub fn clock(status: Option<&str>, zone: Option<&str>) -> Option<ClockFact> {
    const NOT_SET: char = '3';
    let field = |names: [&str; 2]| {
        let lines = status.unwrap_or_default().lines().filter_map(split);
        lines.filter(|(label, _)| names.contains(&plain(label).as_str())).map(|(_, value)| value.trim().to_owned()).next()
    };
    let leap = field(["閏インジケーター", "leapindicator"]);
    let server = field(["ソース", "source"]).map(|server| server.split(',').next().unwrap_or_default().to_owned());
    let zone = zone.map(str::trim).filter(|zone| !zone.is_empty());
    if leap.is_none() && server.is_none() && zone.is_none() {
        return None;
    }
    Some(ClockFact {
        synchronised: leap.map(|leap| !leap.starts_with(NOT_SET)),
        server,
        zone: zone.map(str::to_owned),
        zone_offset_minutes: zone.filter(|zone| *zone == TOKYO.0).map(|_| TOKYO.1),
    })
}

/// The logged-on user without the machine's name, and whether the program has an administrator's rights, from `whoami`.
#[must_use]
pub fn user(text: &str) -> (Option<String>, Option<bool>) {
    let named = |label: &str| matches!(plain(label).as_str(), "ユーザー名" | "username");
    let user = text.lines().filter_map(split).find(|(label, _)| named(label)).map(|(_, value)| value.trim());
    let user = user.map(|user| user.rsplit('\\').next().unwrap_or(user).to_owned());
    let elevated = text.contains(ANY_LEVEL).then(|| text.contains(HIGH));
    (user, elevated)
}
