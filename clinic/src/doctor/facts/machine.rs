//! Facts about the machine itself: cable, IPv6 switch, disk, screen, sleep, clock zone.

use super::{Facts, View};
use crate::doctor::recording::Platform;

/// Below this the bridge can no longer work safely: 100 MB.
const LEAST_FREE: u64 = 100 * 1024 * 1024;
const JAPAN_MINUTES: i32 = 9 * 60;

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    let recording = view.recording;
    let machine = &recording.machine;
    if *machine == crate::doctor::recording::Machine::default() && recording.probes.is_empty() && recording.texts.is_empty() {
        facts.note("m.nothing-seen", "アダプターも通信の記録もありません");
    }
    if let Some(problem) = &recording.site.configuration_problem {
        facts.note("m.settings-unreadable", problem.clone());
    }
    links(view, facts);
    for folder in &machine.folders {
        if let Some(free) = folder.free_bytes.filter(|free| folder.exists && *free < LEAST_FREE) {
            facts.note_with(
                "m.disk-full",
                format!("{}（{}）の空きが {} MB", folder.path, folder.role, free / 1024 / 1024),
                "folder",
                folder.role.clone(),
            );
        }
    }
    let wanted = u32::from(manuals::bridge::sheet().display_scale_percent);
    if let Some(scale) = machine.display_scale.filter(|scale| *scale != wanted) {
        facts.note_with("m.display-scaled", format!("表示の倍率 {scale} %（手引きは {wanted} %）"), "scale", scale.to_string());
    }
    if let Some(power) = machine.power {
        if let Some(after) = power.sleep_seconds.filter(|after| *after > 0) {
            facts.note("m.sleeps", format!("{} 分でスリープ", after / 60));
        }
        if power.fast_startup == Some(true) {
            facts.note("m.fast-startup", "高速スタートアップが有効");
        }
    }
    if recording.platform == Platform::Windows
        && let Some(user) = &machine.user
    {
        let wanted = manuals::bridge::sheet().windows_user;
        if user.eq_ignore_ascii_case(wanted) && user != wanted {
            facts.note_with("m.user-letter-case", format!("ログオン中の名前 {user}（手引きは {wanted}）"), "user", user.clone());
        }
    }
    if let Some(clock) = &machine.clock {
        if let Some(zone) = clock.zone_offset_minutes.filter(|zone| *zone != JAPAN_MINUTES) {
            facts.note("t.other-zone", format!("タイムゾーンが UTC{:+}:{:02}", zone / 60, zone.saturating_abs() % 60));
        }
        if clock.synchronised == Some(false) {
            facts.note("t.not-synchronised", "システムは時刻を合わせていないと言っている");
        }
    }
    for withheld in &machine.withheld {
        facts.note("m.withheld", withheld.clone());
    }
}

fn links(view: &View<'_>, facts: &mut Facts) {
    let all: Vec<_> = view.adapters().collect();
    if all.is_empty() && !view.recording.machine.adapters.is_empty() {
        facts.note("m.no-link", "網につなげるアダプターが一つもない");
        return;
    }
    if !all.is_empty() && all.iter().all(|adapter| adapter.connected == Some(false)) {
        for adapter in &all {
            facts.note_with("m.no-link", format!("{}: ケーブルの信号がない", adapter.name), "adapter", adapter.name.clone());
        }
        return;
    }
    let off: Vec<_> = view.connected().filter(|adapter| adapter.ipv6_enabled == Some(false)).collect();
    // Two adapters are a common set-up: IPv6 is off on purpose at the one towards the clinic's own network.
    let any_on = view
        .connected()
        .any(|adapter| adapter.ipv6_enabled != Some(false) && (!adapter.link_local.is_empty() || !adapter.permanent.is_empty()));
    if any_on {
        return;
    }
    let silent = view.connected().filter(|adapter| adapter.ipv6_enabled.is_none() && !adapter.ipv4.is_empty());
    for adapter in off.into_iter().chain(silent) {
        facts.note_with("m.ipv6-off", format!("{}: IPv6 が無効", adapter.name), "adapter", adapter.name.clone());
    }
}
