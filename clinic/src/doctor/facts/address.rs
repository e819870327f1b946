//! Facts about addresses: what the router hands out, whether it lasts, and whether the line's prefix is still the one from before.

use super::view::{is_silence, region_of};
use super::{Facts, View};
use crate::doctor::recording::{Outcome, What};
use std::net::{IpAddr, Ipv6Addr};

/// A line's prefix is told apart by its first 56 bits: with ひかり電話 a site has a /56, without it a /64.
const SITE_BITS: u32 = 56;

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    let machine = &view.recording.machine;
    if machine.adapters.is_empty() {
        return;
    }
    let globals = view.globals();
    let link_local = view.connected().any(|adapter| !adapter.link_local.is_empty());
    if view.shows_global() {
        facts.note("a.has-global", "IPv6アドレスあり");
    } else if link_local {
        facts.note("a.no-global", "リンクローカルのほかにIPv6アドレスがない");
    }
    let gateway = view.connected().flat_map(|adapter| &adapter.gateways).any(|gateway| gateway.starts_with("fe80"))
        || machine.router.is_some_and(|router| router.is_ipv6())
        || machine.advertisements.iter().any(|seen| seen.router_seconds != Some(0) && seen.router.is_some());
    if gateway {
        facts.note("a.router-seen", "ルーターの広告（RA）を受けている");
    } else {
        facts.note("a.no-router", "ルーターの広告（RA）がない");
    }
    let v4_way =
        view.connected().flat_map(|adapter| &adapter.gateways).any(|gateway| gateway.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()));
    if v4_way {
        facts.note("a.ipv4-gateway", "IPv4のゲートウェイはある");
    }
    if gateway && !machine.advertisements.is_empty() && machine.advertisements.iter().all(|seen| seen.prefix.is_none()) {
        facts.note("a.no-prefix-advertised", "広告（RA）にプレフィックスがない");
    }
    lasting(view, &globals, facts);
    prefix(view, &globals, facts);
    marks(view, facts);
    ways(view, facts);
    default_routes(view, facts);
    large(view, facts);
}

/// RA where a delegated prefix is needed: what the router announces is taken back after minutes (NW-08).
fn lasting(view: &View<'_>, globals: &[(Ipv6Addr, bool)], facts: &mut Facts) {
    let machine = &view.recording.machine;
    let fresh: Vec<Ipv6Addr> = globals.iter().filter(|(_, deprecated)| !deprecated).map(|(address, _)| *address).collect();
    // A prefix that was exchanged for another is taken back too, and that is in order.
    let harms = |prefix: &str| fresh.is_empty() || network(prefix).is_some_and(|gone| fresh.iter().any(|own| site(*own) == site(gone)));
    let zero = |seconds: Option<u64>| seconds == Some(0);
    let taken_back = machine.advertisements.iter().filter(|seen| zero(seen.preferred_seconds) || zero(seen.valid_seconds));
    for seen in taken_back.filter(|seen| seen.prefix.as_deref().is_some_and(harms)) {
        facts.note("a.taken-back", format!("{} は広告（RA）で取り消されている", seen.prefix.as_deref().unwrap_or_default()));
    }
    if !globals.is_empty() && globals.iter().all(|(_, deprecated)| *deprecated) {
        facts.note("a.all-deprecated", "IPv6アドレスがすべて非推奨になっている");
    }
    if view.recording.site.phone_router == Some(true) {
        facts.note("a.phone-router", "ひかり電話あり（設定による）");
        let delegated = !machine.delegations.is_empty();
        if !delegated && !machine.advertisements.is_empty() {
            facts.note("a.not-delegated", "プレフィックスの委任（DHCPv6-PD）が見えない");
        }
    }
}

fn prefix(view: &View<'_>, globals: &[(Ipv6Addr, bool)], facts: &mut Facts) {
    let fresh: Vec<Ipv6Addr> = globals.iter().filter(|(_, deprecated)| !deprecated).map(|(address, _)| *address).collect();
    let mut sites: Vec<u128> = fresh.iter().map(|address| site(*address)).collect();
    sites.sort_unstable();
    sites.dedup();
    if sites.len() > 1 {
        facts.note("a.several-prefixes", format!("使えるプレフィックスが {} 個", sites.len()));
    }
    if let Some(own) = fresh.first() {
        facts.note_with("a.has-global", format!("IPv6アドレス {own}"), "address", own.to_string());
    }
    let before = view.recording.before.as_ref().and_then(|before| before.prefix.as_deref()).and_then(network);
    let Some(before) = before else { return };
    if !fresh.is_empty() && !fresh.iter().any(|address| site(*address) == site(before)) {
        let now = fresh.first().map(ToString::to_string).unwrap_or_default();
        facts.note("a.prefix-changed", format!("前に正常だったときは {before} の帯、今は {now}"));
    }
    // While a machine stays on it keeps the former prefix beside the line's new one for a while.
    let of_line = |address: &Ipv6Addr| region_of(before).is_some() && region_of(*address) == region_of(before);
    let newer = |address: &&Ipv6Addr| site(**address) != site(before) && of_line(address);
    if let Some(now) = fresh.iter().find(newer).filter(|_| fresh.iter().any(|address| site(*address) == site(before))) {
        facts.note("a.prefix-beside", format!("前に正常だったときの {before} の帯の横に、{now} がある"));
    }
}

fn network(text: &str) -> Option<Ipv6Addr> {
    text.split('/').next()?.parse().ok()
}

fn site(address: Ipv6Addr) -> u128 {
    u128::from(address) >> (128 - SITE_BITS)
}

fn marks(view: &View<'_>, facts: &mut Facts) {
    for adapter in view.connected() {
        let all = adapter.permanent.iter().chain(&adapter.temporary).chain(&adapter.link_local);
        for address in all {
            if address.duplicate {
                facts.note("a.duplicate", format!("{}: {} が重複", adapter.name, address.address));
            }
        }
        if adapter.automatic == Some(false) && adapter.permanent.is_empty() {
            facts.note("a.not-automatic", format!("{}: ルーターの広告（RA）を受け取らない設定", adapter.name));
        }
        for address in adapter.permanent.iter().filter(|address| address.by_hand == Some(true)) {
            facts.note("a.by-hand", format!("{}: {} は手で設定されている", adapter.name, address.address));
        }
    }
}

/// The default route that wins leads through an adapter that has no address of the carrier's network, while another has.
fn default_routes(view: &View<'_>, facts: &mut Facts) {
    let defaults = || {
        let routes = view.recording.machine.routes.iter();
        routes.filter(|route| {
            ["default", "::/0"].contains(&route.destination.as_str()) && route.via.as_deref().is_none_or(|via| via.contains(':'))
        })
    };
    let Some(best) = defaults().min_by_key(|route| route.metric.unwrap_or(u32::MAX)) else { return };
    let of_carrier = |name: &str| {
        let adapter = view.recording.machine.adapters.iter().find(|adapter| adapter.name == name);
        let mut own =
            adapter.into_iter().flat_map(|adapter| adapter.permanent.iter().chain(&adapter.temporary)).filter_map(|fact| fact.parsed());
        own.any(|address| matches!(address, IpAddr::V6(address) if region_of(address).is_some()))
    };
    let other = defaults().find(|route| route.adapter != best.adapter && of_carrier(&route.adapter));
    if let Some(other) = other.filter(|_| !of_carrier(&best.adapter)) {
        let evidence = format!("IPv6 の既定の経路が {} に向いている（{} より先）", best.adapter, other.adapter);
        facts.note_with("a.other-way-first", evidence, "adapter", best.adapter.clone());
    }
}

/// Two adapters of which the wrong one is asked first.
fn ways(view: &View<'_>, facts: &mut Facts) {
    let with_way: Vec<_> = view.connected().filter(|adapter| !adapter.gateways.is_empty() || !adapter.name_servers.is_empty()).collect();
    let closed = with_way.iter().find(|adapter| adapter.gateways.iter().any(|gateway| gateway.starts_with("fe80")));
    let Some(closed) = closed else { return };
    for other in with_way.iter().filter(|other| other.name != closed.name) {
        let (Some(own), Some(others)) = (closed.metric, other.metric) else { continue };
        if others < own && other.name_servers.iter().any(|server| !server.starts_with("fe80")) {
            let evidence = format!("{}（メトリック {others}）が {}（{own}）より先に使われる", other.name, closed.name);
            facts.note_with("a.other-adapter-first", evidence, "adapter", other.name.clone());
        }
    }
}

/// A small packet gets through and a large one is lost (an MTU on the way that nobody tells of).
fn large(view: &View<'_>, facts: &mut Facts) {
    // A server's certificates are large: who has got any gets large packets.
    if view.outcomes(|what| matches!(what, What::Tls { .. })).any(|(_, outcome)| matches!(outcome, Outcome::Chain { .. })) {
        return;
    }
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Mtu { .. })) {
        let What::Mtu { host, bytes } = what else { continue };
        let connected = view.outcomes(|other| matches!(other, What::Connect { host: same, .. } if same == host));
        if is_silence(outcome)
            && !matches!(outcome, Outcome::Unfinished)
            && connected.into_iter().any(|(_, outcome)| *outcome == Outcome::Connected)
        {
            facts.note_with("a.large-lost", format!("{host}: 接続はできるが {bytes} バイトが届かない"), "host", host.clone());
        }
    }
}
