//! Faults of desks that are not open here: of Windows, of the receipt computer's folders, of the reader, of the insurer. A healthy look is
//! recorded in the lab, what the fault would change of it is changed, and the doctor is asked about the recording.

use anyhow::{Context, Result, ensure};
use manuals::{hosts, messages, proxy};
use serde_json::{Value, json};

use crate::ward::{FAULT, Fault, Ward, diagnosis, family, shown, usual};

/// The bypass list as the manuals print it.
fn bypass() -> String {
    proxy::sheet().bypass.join(";")
}

/// The proxy as the manuals print it.
fn server() -> String {
    format!("{}:{}", hosts::proxy().name, hosts::proxy().port)
}

fn proxy_of(server: &str, bypass: &str) -> Value {
    json!({ "enabled": true, "server": server, "bypass": bypass, "script": null })
}

fn task(name: &str, delay: Option<u64>) -> Value {
    json!({ "name": name, "enabled": true, "trigger": "start", "delay_seconds": delay, "user": "OqsComApp", "runs_logged_off": true, "last_result": 0 })
}

fn credential(target: &str, user: &str) -> Value {
    json!({ "target": target, "user": user, "has_password": true, "mistake": null })
}

/// A look at a terminal of Windows that is set up as the manuals ask: the network as it is in the lab, the machine as the manuals print it.
fn windows(ward: &Ward<'_>) -> Result<Value> {
    let file = ward.terminal.folder()?.join("healthy.json");
    if !file.is_file() {
        let path = file.to_str().context("a path that is no text")?;
        let done = ward.terminal.onshi(&["doctor", "record", path])?;
        ensure!(file.is_file(), "no recording: {}", shown(&done));
    }
    let mut seen: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    seen["platform"] = "windows".into();
    let machine = &mut seen["machine"];
    machine["os_version"] = "Microsoft Windows 10 IoT Enterprise LTSC 10.0.19044".into();
    machine["language"] = "ja".into();
    machine["user"] = "OqsComApp".into();
    machine["user_proxy"] = proxy_of(&server(), &bypass());
    machine["system_proxy"] = proxy_of(&server(), &bypass());
    machine["tasks"] = json!([
        task("OQS_exec_distroappstart", Some(60)),
        task("OQS_exec_comappdelfile_running", Some(30)),
        task("OQS_exec_comappstart", None),
        task("OQS_exec_comappdelfile_periodic", None),
        task("OQS_exec_distroappstop_periodic", None),
    ]);
    machine["credentials"] = json!([credential("OQS_LOGIN_KEY", "R000000001"), credential("OQS_MEDICAL_INSTITUTION_CODE", "OQS_Admin")]);
    machine["shares"] = json!([
        { "name": "REQ", "path": "C:\\OQS\\req", "writable": true, "open_to_all": false },
        { "name": "RES", "path": "C:\\OQS\\res", "writable": true, "open_to_all": false },
    ]);
    machine["power"] = json!({ "sleep_seconds": 0, "fast_startup": false });
    machine["display_scale"] = 100.into();
    Ok(seen)
}

/// What the doctor says of a recording.
pub(crate) fn replayed(ward: &Ward<'_>, change: fn(&mut Value)) -> Result<Value> {
    let mut seen = windows(ward)?;
    let before = seen.clone();
    change(&mut seen);
    ensure!(seen != before, "the fault has changed nothing");
    judged(ward, &seen)
}

/// What the doctor says of this recording.
pub(crate) fn judged(ward: &Ward<'_>, seen: &Value) -> Result<Value> {
    let file = ward.terminal.folder()?.join("seen.json");
    std::fs::write(&file, serde_json::to_vec(seen)?)?;
    let mut doctor = ward.terminal.prepared("onshi", &[])?;
    doctor.args(["doctor", "replay"]).arg(&file).arg("--json");
    diagnosis(doctor)
}

/// Both settings of the proxy hold this.
fn both(seen: &mut Value, server: &str, bypass: &str) {
    seen["machine"]["user_proxy"] = proxy_of(server, bypass);
    seen["machine"]["system_proxy"] = proxy_of(server, bypass);
}

/// Replaces the outcome of every probe of a kind; adds one where there is none.
pub(crate) fn outcome(seen: &mut Value, ask: &str, outcome: &Value) {
    let mut found = false;
    for probe in seen["probes"].as_array_mut().into_iter().flatten().filter(|probe| probe["what"]["ask"] == ask) {
        probe["outcome"] = outcome.clone();
        found = true;
    }
    if !found && let Some(probes) = seen["probes"].as_array_mut() {
        probes.push(json!({ "what": { "ask": ask }, "outcome": outcome, "ms": 5 }));
    }
}

/// A page that shows a message of the manuals.
fn page(seen: &mut Value, ask: &str, status: u16, key: &str) {
    let text = messages::by_key(key).map_or("", |message| message.text);
    outcome(seen, ask, &json!({ "is": "page", "status": status, "message": key, "text": text }));
}

fn without(list: &mut Value, field: &str, value: &str) {
    if let Some(all) = list.as_array_mut() {
        all.retain(|one| one[field] != value);
    }
}

/// A file of settings as it was found.
fn file(seen: &mut Value, name: &str, present: bool) {
    let files = &mut seen["machine"]["files"];
    without(files, "name", name);
    let found = json!({ "name": name, "path": format!("C:\\ProgramData\\OQS\\{name}"), "present": present, "values": {}, "mistake": null });
    files.as_array_mut().map(|all| all.push(found)).unwrap_or_default();
}

pub(crate) const CHANGES: &[Fault] = &[
    Fault {
        name: "netsh winhttp import was not run",
        cause: "winhttp-not-imported",
        asked: |ward| {
            replayed(ward, |seen| seen["machine"]["system_proxy"] = json!({ "enabled": false, "server": "", "bypass": "", "script": null }))
        },
        ..FAULT
    },
    Fault {
        name: "the last entry of the bypass list is missing",
        cause: "bypass-entry-missing",
        asked: |ward| {
            replayed(ward, |seen| both(seen, &server(), &bypass().rsplit_once(';').map_or(String::new(), |(list, _)| list.to_owned())))
        },
        ..FAULT
    },
    Fault {
        name: "a semicolon of the bypass list is missing",
        cause: "bypass-semicolon-missing",
        asked: |ward| replayed(ward, |seen| both(seen, &server(), &bypass().replacen(";*.lineauth", "*.lineauth", 1))),
        ..FAULT
    },
    Fault {
        name: "the proxy was typed in wide characters",
        cause: "proxy-typed-wrongly",
        asked: |ward| replayed(ward, |seen| both(seen, &server().replace("proxy", "ｐｒｏｘｙ"), &bypass())),
        ..FAULT
    },
    Fault {
        name: "the proxy was pasted with a hyphen that is none",
        cause: "proxy-typed-wrongly",
        asked: |ward| replayed(ward, |seen| both(seen, &server().replace('-', "\u{2010}"), &bypass())),
        ..FAULT
    },
    Fault {
        name: "the proxy has port 80",
        cause: "proxy-typed-wrongly",
        asked: |ward| replayed(ward, |seen| both(seen, &format!("{}:80", hosts::proxy().name), &bypass())),
        ..FAULT
    },
    Fault {
        name: "no proxy is set anywhere",
        cause: "proxy-not-set",
        asked: |ward| {
            replayed(ward, |seen| {
                for kind in ["user_proxy", "system_proxy"] {
                    seen["machine"][kind] = json!({ "enabled": false, "server": "", "bypass": "", "script": null });
                }
            })
        },
        ..FAULT
    },
    Fault {
        name: "the task that starts distribution is not there",
        cause: "distribution-task-missing",
        asked: |ward| replayed(ward, |seen| without(&mut seen["machine"]["tasks"], "name", "OQS_exec_distroappstart")),
        ..FAULT
    },
    Fault {
        name: "distribution's settings file is not there",
        cause: "distribution-ini-missing",
        asked: |ward| replayed(ward, |seen| file(seen, "OQSDistroApp.ini", false)),
        ..FAULT
    },
    Fault {
        name: "a task starts before the network does and fails",
        cause: "task-early",
        asked: |ward| {
            replayed(ward, |seen| {
                for task in seen["machine"]["tasks"].as_array_mut().into_iter().flatten() {
                    task["delay_seconds"] = Value::Null;
                    task["last_result"] = 1.into();
                }
            })
        },
        ..FAULT
    },
    Fault {
        name: "the credential of the account is not there",
        cause: "credential-missing",
        asked: |ward| replayed(ward, |seen| without(&mut seen["machine"]["credentials"], "target", "OQS_LOGIN_KEY")),
        ..FAULT
    },
    Fault {
        name: "the credential of the facility's code has no password",
        cause: "credential-missing",
        asked: |ward| replayed(ward, |seen| seen["machine"]["credentials"][1]["has_password"] = false.into()),
        ..FAULT
    },
    Fault {
        name: "the credential of the account was made for user R0 and never finished",
        cause: "credential-shape",
        asked: |ward| {
            replayed(ward, |seen| {
                seen["machine"]["credentials"][0]["user"] = "R0".into();
                seen["machine"]["credentials"][0]["mistake"] = "ユーザー名がアカウントIDの形ではありません".into();
            })
        },
        ..FAULT
    },
    Fault {
        name: "the share of requests cannot be written",
        cause: "share-read-only",
        asked: |ward| replayed(ward, |seen| seen["machine"]["shares"][0]["writable"] = false.into()),
        ..FAULT
    },
    Fault {
        name: "the newest result is an encrypted file",
        cause: "encryption-mismatch",
        asked: |ward| {
            replayed(ward, |seen| {
                for folder in seen["machine"]["folders"].as_array_mut().into_iter().flatten().filter(|folder| folder["role"] == "res") {
                    folder["count"] = 3.into();
                    folder["newest_kind"] = "zip".into();
                    folder["newest_seconds"] = 30.into();
                }
            })
        },
        ..FAULT
    },
    Fault {
        name: "the terminal sleeps after a quarter of an hour",
        cause: "sleep-on",
        asked: |ward| replayed(ward, |seen| seen["machine"]["power"] = json!({ "sleep_seconds": 900, "fast_startup": true })),
        ..FAULT
    },
    Fault {
        name: "the display is scaled to 125 %",
        cause: "display-scale",
        asked: |ward| replayed(ward, |seen| seen["machine"]["display_scale"] = 125.into()),
        ..FAULT
    },
    Fault {
        name: "two certificates of the network lie in the store",
        cause: "certificates-two",
        asked: |ward| {
            replayed(ward, |seen| {
                let mut old = seen["machine"]["certificates"][0].clone();
                old["serial"] = "01".into();
                old["fingerprint"] = "00".repeat(32).into();
                old["in_use"] = false.into();
                seen["machine"]["certificates"].as_array_mut().map(|all| all.push(old)).unwrap_or_default();
            })
        },
        ..FAULT
    },
    Fault {
        name: "the certificate is used on another terminal too",
        cause: "certificate-shared",
        asked: |ward| replayed(ward, |seen| seen["machine"]["certificates"][0]["shared"] = true.into()),
        ..FAULT
    },
    Fault {
        name: "the card reader's cable is out",
        cause: "reader-not-connected",
        asked: |ward| replayed(ward, |seen| seen["machine"]["reader"] = json!({ "connected": false, "running": true })),
        ..FAULT
    },
    Fault {
        name: "the shortcut opens the test environment",
        cause: "verification-environment",
        asked: |ward| replayed(ward, |seen| page(seen, "portal", 200, "portal-is-verification")),
        ..FAULT
    },
    Fault {
        name: "the portal of line authentication has an error of its own",
        cause: "line-system-error",
        asked: |ward| {
            replayed(ward, |seen| {
                page(seen, "line-page", 500, "line-system-error");
                page(seen, "line-portal", 500, "line-system-error");
            })
        },
        ..FAULT
    },
    Fault {
        name: "the center announces a trouble of the whole country",
        cause: "announced-trouble",
        asked: |ward| {
            replayed(ward, |seen| {
                let since = seen["taken_at"].clone();
                let notice = json!({ "text": "全国で資格確認に時間がかかっています。", "affects": "all", "owner": "national", "since": since, "until": null });
                outcome(seen, "center-status", &json!({ "is": "status", "rooms": [], "closures": [], "notices": [notice] }));
                for ask in ["portal", "web-api"] {
                    outcome(seen, ask, &json!({ "is": "timed-out" }));
                }
            })
        },
        ..FAULT
    },
    Fault {
        name: "the last person asked for is unknown to the insurer",
        cause: "insurer-answer",
        asked: |ward| {
            replayed(ward, |seen| {
                let at = seen["taken_at"].clone();
                seen["machine"]["last_answer"] = json!({ "at": at, "segment": "1", "processing": "1", "validity": "2", "code": null });
            })
        },
        ..FAULT
    },
];

/// Rows: DA-17, DA-21, DA-23, DA-24, PX-02, PX-03, PX-06, PX-11, DN-26, AC-06, LA-10, LK-06
#[test]
fn is_diagnosed() -> Result<()> {
    family("recorded", &usual(), CHANGES)
}
