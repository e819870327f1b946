//! Reads scheduled tasks: their shape from `schtasks /query /xml`, how they ended last from the list.

use chassis::clock::from_japan;

use crate::doctor::recording::TaskFact;
use crate::doctor::system::text::{plain, split};

/// The tasks whose names begin with OQS; absent when neither text is of this program.
#[must_use]
pub fn tasks(xml: Option<&str>, list: Option<&str>) -> Option<Vec<TaskFact>> {
    let known_xml = xml.filter(|xml| xml.contains("<Task"));
    let known_list = list.filter(|list| ["タスク名", "TaskName"].iter().any(|label| list.contains(label)));
    if known_xml.is_none() && known_list.is_none() {
        return None;
    }
    let mut tasks = known_xml.map(shapes).unwrap_or_default();
    for (name, ended) in known_list.map(endings).unwrap_or_default() {
        match tasks.iter_mut().find(|task| task.name.eq_ignore_ascii_case(&name)) {
            Some(task) => (task.last_result, task.last_run) = (ended.last_result, ended.last_run),
            None if known_xml.is_none() => tasks.push(ended),
            None => {}
        }
    }
    tasks.retain(|task| task.name.to_ascii_uppercase().starts_with("OQS"));
    Some(tasks)
}

fn shapes(xml: &str) -> Vec<TaskFact> {
    let mut found = Vec::new();
    let mut before = "";
    for (place, piece) in xml.split("<Task ").enumerate() {
        if place > 0 {
            found.extend(shape(before, piece));
        }
        before = piece;
    }
    found
}

/// One task; its name stands in itself, or in the remark before it.
fn shape(before: &str, xml: &str) -> Option<TaskFact> {
    let remark = || before.rsplit("<!--").next().and_then(|end| end.split_once("-->")).map(|(name, _)| name);
    let name = element(xml, "URI").or_else(remark)?.trim().rsplit('\\').next()?.to_owned();
    let triggers = element(xml, "Triggers").unwrap_or_default();
    let trigger = if triggers.contains("<BootTrigger") {
        "start"
    } else if triggers.contains("<LogonTrigger") {
        "logon"
    } else if triggers.contains("<TimeTrigger") || triggers.contains("<CalendarTrigger") {
        "periodic"
    } else {
        ""
    };
    let user = element(xml, "UserId").map(|user| user.rsplit('\\').next().unwrap_or(user).to_owned());
    let logon = element(xml, "LogonType");
    let runs_logged_off = match (logon, user.as_deref()) {
        (Some("Password" | "S4U" | "ServiceAccount"), _) => Some(true),
        (Some(_), _) => Some(false),
        // The system's own accounts need no password.
        (None, Some(user)) if user.starts_with("S-1-5-") => Some(true),
        (None, _) => None,
    };
    let settings = element(xml, "Settings").unwrap_or_default();
    Some(TaskFact {
        name,
        enabled: element(settings, "Enabled") != Some("false"),
        trigger: trigger.to_owned(),
        delay_seconds: element(triggers, "Delay").and_then(seconds),
        repeat_seconds: element(triggers, "Repetition").and_then(|repetition| element(repetition, "Interval")).and_then(seconds),
        user,
        runs_logged_off,
        last_result: None,
        last_run: None,
    })
}

/// What stands between an element's first opening and the closing that follows.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = xml;
    loop {
        let (_, after) = rest.split_once(&format!("<{name}"))?;
        // `<URI>` or `<Repetition id="…">`, but not `<Repetitions>`.
        if after.starts_with(['>', ' ']) {
            let (head, inside) = after.split_once('>')?;
            if head.ends_with('/') {
                return Some("");
            }
            return inside.split_once(&format!("</{name}>")).map(|(inside, _)| inside.trim());
        }
        rest = after;
    }
}

/// `PT1H30M`, `P1D` in seconds.
fn seconds(span: &str) -> Option<u64> {
    let span: jiff::SignedDuration = match span.parse() {
        Ok(span) => span,
        // Days are no fixed time to a calendar; to a task they are.
        Err(_) => {
            let days = span.strip_prefix('P')?.strip_suffix('D')?.parse::<i64>().ok()?;
            jiff::SignedDuration::from_secs(days.checked_mul(86_400)?)
        }
    };
    u64::try_from(span.as_secs()).ok()
}

/// How each task of the list ended when it last ran.
fn endings(list: &str) -> Vec<(String, TaskFact)> {
    let mut found: Vec<(String, TaskFact)> = Vec::new();
    for (label, value) in list.lines().filter_map(split) {
        let value = value.trim();
        let label = plain(label);
        if matches!(label.as_str(), "タスク名" | "taskname") {
            let name = value.rsplit('\\').next().unwrap_or(value).to_owned();
            let enabled = true;
            found.push((name.clone(), TaskFact { name, enabled, ..TaskFact::default() }));
            continue;
        }
        let Some((_, task)) = found.last_mut() else { continue };
        match label.as_str() {
            "前回の結果" | "lastresult" => task.last_result = value.parse().ok(),
            // The year 1999 stands for "never".
            "前回の実行時刻" | "lastruntime" => task.last_run = super::moment(value).filter(|at| at.year() > 1999).map(from_japan),
            "スケジュールされたタスクの状態" | "scheduledtaskstate" => task.enabled = !matches!(value, "無効" | "Disabled"),
            _ => {}
        }
    }
    found
}
