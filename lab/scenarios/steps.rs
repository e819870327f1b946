//! Steps that several stories take: what a person does at the browser, and what is looked at.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::routers::{Names, Uplink};
use lab::{Browser, Clinic, LineRecord, Plan, Terminal, Way, World, patience};
use manuals::{Region, addresses, hosts, messages};

/// A facility of each region.
pub(crate) fn facility(region: Region) -> &'static str {
    match region {
        Region::East => "1312345678",
        Region::West => "2712345678",
    }
}

/// Opens the portal of line authentication, as the manuals' address says.
pub(crate) fn opens_the_portal(browser: &Browser) -> Result<()> {
    browser.open_page(&format!("https://{}/", hosts::line_portal().name))
}

/// Opens the portal and answers the intent screen.
pub(crate) fn answers(browser: &Browser, button: &str) -> Result<()> {
    opens_the_portal(browser)?;
    browser.press(button)
}

/// The text on a button of the intent screen.
pub(crate) fn button(key: &str) -> &'static str {
    messages::by_key(key).map_or("", |message| message.text)
}

/// The page says the manuals' words, all of them: heading, text and code. A page that is on its way is waited for.
pub(crate) fn says(browser: &Browser, key: &str) -> Result<()> {
    let message = messages::by_key(key).with_context(|| format!("the manuals have no {key}"))?;
    let code = message.code.map(|code| format!("エラーコード：{code}"));
    let wanted: Vec<String> = message.heading.into_iter().chain([message.text]).map(str::to_owned).chain(code).collect();
    let mut page = String::new();
    let came = patience::until(key, Duration::from_secs(10), || {
        page = browser.text()?;
        Ok(wanted.iter().all(|words| page.contains(words)).then_some(()))
    });
    came.with_context(|| format!("the page does not say {wanted:?}:\n{page}"))
}

/// A clinic with its facility approved, its line known to the carrier, one terminal, and the roots that belong there.
pub(crate) struct Site {
    pub(crate) clinic: Clinic,
    pub(crate) terminal: Terminal,
    pub(crate) roots: Vec<PathBuf>,
}

/// Builds it; the line is not authenticated yet.
pub(crate) fn site(world: &World, plan: &Plan, line: &LineRecord<'_>, region: Region) -> Result<Site> {
    let center = world.open_center()?;
    center.approves(facility(region), line.line_id, "next-family")?;
    let clinic = world.clinic(plan)?;
    world.carrier(region)?.knows(line, &clinic.prefix())?;
    let terminal = clinic.terminal("reception")?;
    Ok(Site { clinic, terminal, roots: world.roots()? })
}

/// The usual clinic of a story.
pub(crate) fn usual(region: Region) -> Plan {
    Plan::new("clinic", region, Names::Dnsmasq, Uplink::Advertised)
}

/// Every kind of clinic: who answers names, and how the prefix comes.
pub(crate) const KINDS: [(&str, Names, Uplink); 5] = [
    ("dnsmasq", Names::Dnsmasq, Uplink::Advertised),
    ("unbound", Names::Unbound, Uplink::Advertised),
    ("bare", Names::Terminal, Uplink::Advertised),
    ("phone-dnsmasq", Names::Dnsmasq, Uplink::Delegated),
    ("phone-unbound", Names::Unbound, Uplink::Delegated),
];

/// Behind every kind of router, both guides' names are looked up over UDP and TCP; ping is not answered; internet names go elsewhere.
pub(crate) fn names(world: &World, region: Region, prefecture: &str) -> Result<()> {
    let prefecture = manuals::prefecture_by_romaji(prefecture).context("no such prefecture")?;
    let mut lookups = addresses::claims_lookups(prefecture);
    lookups.extend(addresses::eligibility_lookups(region));
    lookups.sort();
    lookups.dedup();
    ensure!(lookups.len() == 11, "nine names and five, three of them twice: {lookups:?}");
    for (label, names, uplink) in KINDS {
        let clinic = world.clinic(&Plan::new(label, region, names, uplink))?;
        let terminal = clinic.terminal("reception")?;
        for name in &lookups {
            terminal.finds(name, Way::Udp)?;
            terminal.finds(name, Way::Tcp)?;
        }
        let portal = hosts::line_portal().name;
        let shown = terminal.nslookup(portal)?;
        let address = addresses::expected(portal, region).context("no portal")?.aaaa[0];
        ensure!(shown.contains(&address.to_string()), "{label}: nslookup shows\n{shown}");
        ensure!(terminal.pings("fe80::1%eth0")?, "{label}: the router answers ping");
        ensure!(!terminal.pings(portal)?, "{label}: the center answers ping");
        elsewhere(world, &terminal, names)?;
    }
    let internet = world.internet()?;
    let told = lookups.iter().find(|name| internet.was_asked_for(name));
    ensure!(told.is_none(), "the internet was asked for {told:?}");
    Ok(())
}

/// A router asks the internet for the internet's names; a terminal that names the platform's servers itself has lost them (DN-31).
fn elsewhere(world: &World, terminal: &Terminal, names: Names) -> Result<()> {
    let (name, address) = lab::SOMEWHERE;
    let found = terminal.dig(name, "A", Way::Udp)?;
    if names == Names::Terminal {
        ensure!(found.is_empty(), "the platform knows {name}: {found:?}");
    } else {
        ensure!(found == [address.parse::<std::net::IpAddr>()?], "{name} has {found:?}");
        ensure!(world.internet()?.was_asked_for(name), "somebody else answered for {name}");
    }
    Ok(())
}

/// A person in front of a browser walks the line authentication as the manuals tell it, and a colleague and a neighbour follow.
pub(crate) fn consents(world: &World, story: &str, region: Region, line_id: &str) -> Result<()> {
    let site = site(world, &usual(region), &LineRecord::new(line_id), region)?;
    let browser = site.terminal.browser(story, &site.roots)?;

    // 「希望しない」 first, by mistake; the back button does not help.
    opens_the_portal(&browser)?;
    browser.picture("intent")?;
    ensure!(browser.address()?.contains(hosts::line_notifier(region).name), "the intent screen is the carrier's: {}", browser.address()?);
    let page = browser.text()?;
    ensure!(page.contains(button("line-wish")) && page.contains(button("line-no-wish")), "two buttons: {page}");
    browser.press(button("line-no-wish"))?;
    says(&browser, "line-not-wished")?;
    browser.picture("not-wished")?;
    browser.back()?;
    says(&browser, "line-back-button")?;
    browser.picture("back-button")?;

    // Then 「希望する」: the line is authenticated, and stays so.
    answers(&browser, button("line-wish"))?;
    says(&browser, "line-success")?;
    browser.picture("success")?;
    opens_the_portal(&browser)?;
    says(&browser, "line-already")?;
    browser.picture("already")?;

    // Another terminal behind the same line need not ask; nor need another facility that shares the line.
    world.center()?.approves(neighbour(region), line_id, "next-family")?;
    let second = site.clinic.terminal("second")?;
    let second = second.browser(story, &site.roots)?;
    opens_the_portal(&second)?;
    says(&second, "line-already")
}

/// Another facility of the region, in the same building.
fn neighbour(region: Region) -> &'static str {
    match region {
        Region::East => "1312345679",
        Region::West => "2712345679",
    }
}
