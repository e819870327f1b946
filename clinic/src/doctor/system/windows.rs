//! Reads what Windows' own programs say, in Japanese and in English, cut and in any order.

pub mod adapters;
pub mod files;
pub mod keys;
pub mod registry;
pub mod setup;
pub mod store;
pub mod tasks;

use jiff::civil::DateTime;

use super::Texts;
use crate::doctor::recording::{Machine, Power, ProxyText};

/// Everything these texts tell. `facility` is the code that the site's certificates should carry.
#[must_use]
pub fn machine(texts: &Texts, facility: Option<&str>) -> Machine {
    let listing = texts.get("ipconfig.txt").unwrap_or_default();
    let mut machine = Machine { adapters: adapters::adapters(listing), ..Machine::default() };
    adapters::add_interfaces(&mut machine.adapters, texts.get("netsh-ipv6-interface.txt").unwrap_or_default());
    adapters::add_addresses(&mut machine.adapters, texts.get("netsh-ipv6-address.txt").unwrap_or_default());
    machine.routes = adapters::routes(texts.get("netsh-ipv6-route.txt").unwrap_or_default());
    machine.advertisements = adapters::advertisements(&machine.adapters);
    machine.resolvers = adapters::resolvers(&machine.adapters);
    machine.router = adapters::router(&machine.adapters);
    machine.language = language(listing).map(str::to_owned);
    if let Some(text) = texts.get("netsh-winhttp.txt") {
        machine.system_proxy = setup::winhttp(text);
        if machine.system_proxy.is_none() {
            machine.withheld.push("netsh winhttp show proxy: 表示を読み取れません".to_owned());
        }
    }
    machine.user_proxy = texts.get("reg-internet-settings.txt").and_then(user_proxy);
    machine.certificates = certificates(texts, facility);
    machine.roots = texts.get("certutil-root.txt").and_then(|text| store::roots(text, r"CurrentUser\Root"));
    machine.tasks = tasks::tasks(texts.get("schtasks.xml"), texts.get("schtasks.txt"));
    machine.credentials = texts.get("cmdkey.txt").and_then(keys::credentials);
    machine.shares = texts.get("net-share.txt").and_then(keys::shares);
    machine.power = power(texts);
    machine.display_scale = texts.get("reg-display.txt").and_then(|text| registry::number(text, "AppliedDPI")).and_then(setup::scale);
    machine.clock = setup::clock(texts.get("w32tm.txt"), texts.get("tzutil.txt"));
    machine.os_version =
        texts.get("ver.txt").and_then(|text| text.lines().rev().map(str::trim).find(|line| !line.is_empty())).map(str::to_owned);
    (machine.user, machine.elevated) = texts.get("whoami.txt").map(setup::user).unwrap_or_default();
    machine
}

fn user_proxy(text: &str) -> Option<ProxyText> {
    // A key without values says nothing of a proxy.
    let known = ["ProxyEnable", "ProxyServer", "ProxyOverride", "AutoConfigURL"].iter().any(|name| registry::value(text, name).is_some());
    known.then(|| ProxyText {
        enabled: registry::number(text, "ProxyEnable") == Some(1),
        server: registry::value(text, "ProxyServer").unwrap_or_default().to_owned(),
        bypass: registry::value(text, "ProxyOverride").unwrap_or_default().to_owned(),
        script: registry::value(text, "AutoConfigURL").map(str::to_owned),
    })
}

fn certificates(texts: &Texts, facility: Option<&str>) -> Option<Vec<crate::doctor::recording::CertificateFact>> {
    let of = |file: &str, place: &str| texts.get(file).and_then(|text| store::certificates(text, place, facility));
    let (user, machine) = (of("certutil-my.txt", r"CurrentUser\My"), of("certutil-machine.txt", r"LocalMachine\My"));
    (user.is_some() || machine.is_some()).then(|| user.into_iter().chain(machine).flatten().collect())
}

fn power(texts: &Texts) -> Option<Power> {
    let sleep_seconds = texts.get("powercfg.txt").and_then(setup::sleep);
    let fast_startup = texts.get("reg-power.txt").and_then(|text| registry::number(text, "HiberbootEnabled")).map(|on| on != 0);
    (sleep_seconds.is_some() || fast_startup.is_some()).then_some(Power { sleep_seconds, fast_startup })
}

fn language(listing: &str) -> Option<&'static str> {
    if listing.contains("IP 構成") || listing.contains("アドレス") {
        Some("ja")
    } else {
        listing.contains("IP Configuration").then_some("en")
    }
}

/// A date and time as Windows writes them in Japan (`2026/04/10 23:59`, `2026-04-10 23:59:59`) or America (`4/10/2026 11:59 PM`).
#[must_use]
pub fn moment(text: &str) -> Option<DateTime> {
    let mut words = text.split_whitespace();
    let (day, time) = (words.next()?, words.next().unwrap_or("0:00"));
    let half = words.next().map(str::to_ascii_uppercase);
    let numbers = |text: &str| -> Option<Vec<i16>> { text.split(['/', '-', ':', '.']).map(|part| part.parse().ok()).collect() };
    let (day, time) = (numbers(day)?, numbers(time)?);
    let (year, month, date) = match day.as_slice() {
        [year, month, date] if *year > 31 => (*year, *month, *date),
        [month, date, year] => (*year, *month, *date),
        _ => return None,
    };
    let (hour, minute) = match time.as_slice() {
        [hour, minute, ..] => (*hour, *minute),
        _ => return None,
    };
    let hour = match half.as_deref() {
        Some("PM") if hour < 12 => hour + 12,
        Some("AM") if hour == 12 => 0,
        _ => hour,
    };
    let small = |number: i16| i8::try_from(number).ok();
    DateTime::new(year, small(month)?, small(date)?, small(hour)?, small(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests;
