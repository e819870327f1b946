//! Facts about the bridge's surroundings: folders, shares, credentials, tasks, settings and versions.

use super::{Facts, View};
use crate::doctor::recording::{FolderFact, Platform, TaskFact};
use manuals::bridge;

/// A request that waits longer than receipt computers do was not taken by anybody.
const WAITING_SECONDS: u64 = 180;
/// The system's code for a task whose stored password is no longer right (0x8007052E), signed and unsigned.
const LOGON_FAILURE: [i64; 2] = [0x8007_052E, -2_147_023_570];
/// Message families that are never encrypted, whatever else is (field practice F3).
const NEVER_ENCRYPTED: [&str; 13] = [
    "EPS",
    "OQSmutic",
    "OQSmuhvq",
    "OQSmuonq",
    "OQSsihvq",
    "OQSsionq",
    "OQSsihvd",
    "OQSsiurl",
    "OQSsiinq",
    "OQSsiupd",
    "PMHsimsm",
    "prescription",
    "publicmedicalhub",
];

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    folders(view, facts);
    for share in view.recording.machine.shares.iter().flatten() {
        if share.writable == Some(false) && is_of_bridge(&share.path, &share.name) {
            facts.note_with(
                "b.share-read-only",
                format!("共有 {}（{}）に書き込めない", share.name, share.path),
                "folder",
                share.name.clone(),
            );
        }
        if share.open_to_all == Some(true) {
            facts.note("b.share-open", format!("共有 {} は誰でも何でもできる", share.name));
        }
    }
    let original = is_original(view);
    credentials(view, original, facts);
    if original {
        tasks(view, facts);
    }
    settings(view, facts);
    program(view, facts);
}

/// Whether the original linkage or distribution application lives here: a bridge of our own has neither vault entries nor tasks.
fn is_original(view: &View<'_>) -> bool {
    let machine = &view.recording.machine;
    let named = |name: &str| name.to_ascii_uppercase().starts_with("OQS");
    view.recording.platform == Platform::Windows
        && (machine.programs.iter().any(|(name, _)| named(name))
            || machine.tasks.iter().flatten().any(|task| named(&task.name))
            || machine.credentials.iter().flatten().filter(|credential| named(&credential.target)).count() > 1
            || machine.files.iter().any(|file| named(&file.name) && file.present == Some(true)))
}

fn is_of_bridge(path: &str, name: &str) -> bool {
    let folders = &bridge::sheet().folder;
    let parent = folders.requests.rsplit_once('\\').map_or("", |(parent, _)| parent);
    let path = path.to_ascii_lowercase();
    path.starts_with(&parent.to_ascii_lowercase()) || ["req", "res", "oqs", "face"].contains(&name.to_ascii_lowercase().as_str())
}

fn folders(view: &View<'_>, facts: &mut Facts) {
    for folder in &view.recording.machine.folders {
        let FolderFact { role, path, .. } = folder;
        if !folder.exists {
            facts.note_with("b.folder-missing", format!("{path}（{role}）がない"), "folder", role.clone());
            continue;
        }
        if folder.readable == Some(false) {
            facts.note_with("b.folder-unreadable", format!("{path}（{role}）を読めない"), "folder", role.clone());
        }
        if folder.writable == Some(false) {
            facts.note_with("b.folder-read-only", format!("{path}（{role}）に書き込めない"), "folder", role.clone());
        }
        if let Some(oldest) = folder.oldest_seconds.filter(|oldest| role == "req" && folder.count > 0 && *oldest > WAITING_SECONDS) {
            let minutes = oldest / 60;
            facts.note_with(
                "b.requests-wait",
                format!("{path} に {} 件、いちばん古いものは {minutes} 分前", folder.count),
                "minutes",
                minutes.to_string(),
            );
        }
        if role == "res" && folder.newest_kind.as_deref() == Some("zip") {
            facts.note("b.results-encrypted", format!("{path} の新しい結果は暗号化されている（ZIP）"));
        }
    }
}

fn credentials(view: &View<'_>, original: bool, facts: &mut Facts) {
    let Some(stored) = &view.recording.machine.credentials else { return };
    for wanted in bridge::credentials() {
        let found = stored.iter().find(|credential| credential.target.eq_ignore_ascii_case(wanted.target));
        match found {
            None if wanted.required && original => {
                facts.note_with("b.credential-missing", format!("資格情報 {} がない", wanted.target), "target", wanted.target);
            }
            None => {}
            Some(found) => {
                if found.has_password == Some(false) {
                    facts.note_with(
                        "b.credential-missing",
                        format!("資格情報 {} のパスワードが空", wanted.target),
                        "target",
                        wanted.target,
                    );
                }
                let user = (!found.user.is_empty()).then(|| wanted.check(&found.user, "x").err()).flatten();
                let shape = user
                    .filter(|mistake| matches!(mistake, bridge::CredentialMistake::User | bridge::CredentialMistake::NotABridgeAccount));
                if let Some(mistake) = found.mistake.clone().or_else(|| shape.map(|mistake| mistake.to_string())) {
                    facts.note_with("b.credential-shape", format!("資格情報 {}: {mistake}", wanted.target), "target", wanted.target);
                }
            }
        }
    }
}

fn tasks(view: &View<'_>, facts: &mut Facts) {
    let Some(tasks) = &view.recording.machine.tasks else { return };
    let named = |name: &str| tasks.iter().find(|task| task.name.eq_ignore_ascii_case(name));
    for wanted in bridge::tasks() {
        // Two of the three only tidy up: nothing stands still without them.
        if named(wanted.name).is_none() && wanted.name.contains("delfile") {
            facts.note_with("b.tidy-task-missing", format!("タスク {} がない", wanted.name), "task", wanted.name);
            continue;
        }
        judge(
            wanted.name,
            wanted.delay_seconds.map(i64::from),
            named(wanted.name),
            ["b.task-missing", "b.task-off", "b.task-too-early"],
            facts,
        );
    }
    // The periodic restart of distribution is for linkage servers alone.
    for wanted in manuals::distribution::tasks().iter().filter(|task| task.delay_seconds.is_some()) {
        judge(
            wanted.name,
            wanted.delay_seconds.map(i64::from),
            named(wanted.name),
            ["d.task-missing", "d.task-off", "d.task-too-early"],
            facts,
        );
    }
    for task in tasks {
        if task.last_result.is_some_and(|result| LOGON_FAILURE.contains(&result)) {
            facts.note_with(
                "b.task-password",
                format!("{}: 保存されたパスワードで始められない（0x8007052E）", task.name),
                "task",
                task.name.clone(),
            );
        } else if task.runs_logged_off == Some(false) {
            facts.note_with("b.task-needs-logon", format!("{}: ログオンしている間しか動かない", task.name), "task", task.name.clone());
        }
    }
}

fn judge(name: &'static str, delay: Option<i64>, found: Option<&TaskFact>, [missing, off, early]: [&'static str; 3], facts: &mut Facts) {
    let Some(task) = found else {
        facts.note_with(missing, format!("タスク {name} がない"), "task", name);
        return;
    };
    if !task.enabled {
        facts.note_with(off, format!("タスク {name} が無効"), "task", name);
    }
    let delayed = task.delay_seconds.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or_default();
    if delay.is_some_and(|wanted| task.trigger == "start" && delayed < wanted) {
        facts.note_with(early, format!("タスク {name} の遅延が {delayed} 秒（手引きは {} 秒）", delay.unwrap_or_default()), "task", name);
    }
}

fn settings(view: &View<'_>, facts: &mut Facts) {
    for file in &view.recording.machine.files {
        if let Some(mistake) = &file.mistake {
            facts.note_with("b.settings-mistaken", format!("{}: {mistake}", file.name), "file", file.name.clone());
        }
        if !file.name.to_ascii_lowercase().starts_with("encrypt") {
            continue;
        }
        for (family, value) in &file.values {
            if value.eq_ignore_ascii_case("e") && NEVER_ENCRYPTED.iter().any(|never| family.starts_with(never)) {
                facts.note_with(
                    "b.encrypts-too-much",
                    format!("{}: {family}={value}（n でなければならない）", file.name),
                    "family",
                    family.clone(),
                );
            }
        }
    }
}

fn program(view: &View<'_>, facts: &mut Facts) {
    if let Some(bridge) = &view.recording.machine.bridge {
        if bridge.set_up == Some(false) {
            facts.note("b.not-set-up", "連携アプリケーションの初期設定がない");
        } else if bridge.running == Some(false) {
            facts.note("b.not-running", "連携アプリケーションが動いていない");
        } else if bridge.running == Some(true) {
            facts.note("b.running", "連携アプリケーションは動いている");
        }
        if bridge.account_fits == Some(false) {
            facts.note("b.credential-shape", "連携アプリ用アカウントのIDが R0 または R1 で始まらない");
        }
        match bridge.last_situation.as_deref() {
            Some("login-refused") => facts.note("u.login-refused", "連携アプリケーションのログインが断られた"),
            Some("account-locked") => facts.note("u.account-locked", "連携アプリケーションのアカウントが止められている"),
            Some("unknown-facility") => facts.note("u.facility-unknown", "医療機関コードがセンターに登録されていない"),
            Some("facility-ended") => facts.note("u.facility-ended", "医療機関の利用が終了している"),
            Some("bridge-not-enrolled") => facts.note("b.not-set-up", "連携アプリケーションの初期設定が終わっていない"),
            Some("key-already-used") => facts.note("c.shared", "同じ鍵がほかの証明書で使われている"),
            Some("center-unreachable") => facts.note("b.met-unreachable", "連携アプリケーションは直前にセンターへつながらなかった"),
            Some("file-never-complete") => facts.note("b.file-never-complete", "書き終わらない依頼ファイルがあった"),
            Some("unsupported-message") => facts.note("b.unsupported", "対応していない種類の依頼があった"),
            _ => {}
        }
    }
    for (name, version) in &view.recording.machine.programs {
        let least = match name.as_str() {
            name if name.eq_ignore_ascii_case(bridge::sheet().name) => bridge::sheet().least_version,
            name if name.eq_ignore_ascii_case(manuals::distribution::sheet().name) => manuals::distribution::sheet().least_version,
            _ => continue,
        };
        if older(version, least) {
            facts.note_with("b.program-old", format!("{name} {version}（{least} 以上が要る）"), "program", name.clone());
        }
    }
}

/// Whether a dotted version lies before another; what is no version is not judged.
fn older(version: &str, least: &str) -> bool {
    let parts = |text: &str| -> Option<Vec<u32>> { text.trim().split('.').map(|part| part.parse().ok()).collect() };
    matches!((parts(version), parts(least)), (Some(version), Some(least)) if version < least)
}
