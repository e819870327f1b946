//! Faults that were written after the table was frozen: told by recordings, and by the texts of Windows' own programs.

use anyhow::Result;
use serde_json::{Value, json};

use crate::later::LATER;
use crate::recorded::{outcome, replayed};
use crate::ward::{Fault, family, usual};
use crate::windows::Speaks::{English, Japanese};
use crate::windows::{KEYS, TASKS, both_of, bypass, internet_settings, keys, server, store, tasks, told};

const RECORDED: &[Fault] = &[
    Fault {
        name: "the terminal gets through and the card reader does not",
        cause: "reader-other-way",
        asked: |ward| {
            replayed(ward, |seen| seen["machine"]["reader"] = json!({ "connected": true, "running": true, "reaches_network": false }))
        },
        ..LATER
    },
    Fault {
        name: "the carrier brings software itself and the terminal asks the base",
        cause: "distribution-origin-wrong",
        asked: |ward| {
            replayed(ward, |seen| {
                let carriers = &manuals::proxy::sheet().carrier;
                let other = carriers.iter().find(|known| known.way == manuals::proxy::Way::Carrier).map_or("", |known| known.name);
                seen["site"]["carrier"] = other.into();
            })
        },
        ..LATER
    },
    Fault {
        name: "the line has no v6 option and software never comes",
        cause: "v6-option-missing",
        asked: |ward| {
            replayed(ward, |seen| {
                seen["site"]["v6_option"] = false.into();
                for ask in ["proxy", "proxy-to", "distribution"] {
                    outcome(seen, ask, &json!({ "is": "timed-out" }));
                }
                let base = [manuals::hosts::proxy_check().name, manuals::hosts::proxy().name];
                for probe in seen["probes"].as_array_mut().into_iter().flatten() {
                    if probe["what"]["ask"] == "connect" && base.iter().any(|host| probe["what"]["host"] == *host) {
                        probe["outcome"] = json!({ "is": "timed-out" });
                    }
                }
            })
        },
        ..LATER
    },
    Fault {
        name: "the password of the account changed and the tasks kept the old one",
        cause: "automatic-logon-broken",
        asked: |ward| {
            replayed(ward, |seen| {
                for task in seen["machine"]["tasks"].as_array_mut().into_iter().flatten() {
                    // 0x8007052E: the user name or password is incorrect.
                    task["last_result"] = (-2_147_023_570_i64).into();
                }
            })
        },
        ..LATER
    },
    Fault {
        name: "the insurer knows several of this person",
        cause: "insurer-answer",
        asked: |ward| {
            replayed(ward, |seen| {
                seen["machine"]["last_answer"] =
                    json!({ "at": seen["taken_at"], "segment": "1", "processing": "1", "validity": "5", "code": null });
            })
        },
        ..LATER
    },
    Fault {
        name: "names of the last answer hold ●",
        cause: "unknown-characters",
        asked: |ward| {
            replayed(ward, |seen| {
                seen["machine"]["last_answer"] = json!({ "at": seen["taken_at"], "segment": "1", "processing": "1", "validity": "1", "code": null, "unknown_characters": 2 });
            })
        },
        ..LATER
    },
    Fault {
        name: "the center announces a trouble of the carrier's network",
        cause: "carrier-down",
        asked: |ward| {
            replayed(ward, |seen| {
                let notice = json!({ "text": "東日本の回線に障害が起きています。", "affects": "east", "owner": "line", "since": seen["taken_at"], "until": null });
                outcome(seen, "center-status", &json!({ "is": "status", "rooms": [], "closures": [], "notices": [notice] }));
                for ask in ["portal", "web-api", "line-page", "line-portal"] {
                    outcome(seen, ask, &json!({ "is": "timed-out" }));
                }
            })
        },
        ..LATER
    },
    Fault {
        name: "a new family of messages is encrypted and must never be",
        cause: "encryption-mismatch",
        asked: |ward| {
            replayed(ward, |seen| {
                let file = json!({ "name": "encrypt.conf", "path": "C:\\ProgramData\\OQS\\OQSComApp\\config\\encrypt.conf", "present": true,
                    "values": { "OQSsiquc01": "n", "EPSsiPIR01": "e" }, "mistake": null });
                if let Some(files) = seen["machine"]["files"].as_array_mut() {
                    files.push(file);
                }
            })
        },
        ..LATER
    },
    Fault {
        name: "the bridge is years old",
        cause: "client-too-old",
        asked: |ward| {
            replayed(ward, |seen| {
                seen["machine"]["programs"] =
                    json!([[manuals::bridge::sheet().name, "1.0.1"], [manuals::distribution::sheet().name, "1.0.1"]]);
            })
        },
        ..LATER
    },
    Fault {
        name: "the share of results cannot be written",
        cause: "share-read-only",
        asked: |ward| replayed(ward, |seen| seen["machine"]["shares"][1]["writable"] = false.into()),
        ..LATER
    },
    Fault {
        name: "the account's credential is an address of mail",
        cause: "credential-shape",
        asked: |ward| {
            replayed(ward, |seen| {
                let key = &mut seen["machine"]["credentials"][0];
                key["user"] = "clinic@example.jp".into();
                key["mistake"] = Value::Null;
            })
        },
        ..LATER
    },
];

/// Rows: DA-05, DA-17, LN-08
#[test]
fn recordings_are_diagnosed() -> Result<()> {
    family("later-recorded", &usual(), RECORDED)
}

const WINDOWS: &[Fault] = &[
    Fault {
        name: "the tasks have no delay",
        cause: "task-early",
        asked: |ward| {
            let plain: Vec<(&str, &str)> = TASKS.iter().map(|(name, _)| (*name, "PT0S")).collect();
            told(ward, Japanese, &[("schtasks.xml", tasks(&plain))])
        },
        ..LATER
    },
    Fault {
        name: "the user's proxy is switched off and the system's is set",
        cause: "proxy-not-set",
        asked: |ward| told(ward, Japanese, &[("reg-internet-settings.txt", internet_settings(false, &server(), &bypass()))]),
        ..LATER
    },
    Fault {
        name: "the proxy was pasted with a minus of mathematics",
        cause: "proxy-typed-wrongly",
        asked: |ward| told(ward, English, &both_of(English, &server().replace('-', "\u{2212}"), &bypass())),
        ..LATER
    },
    Fault {
        name: "a digit of the proxy's port is missing",
        cause: "proxy-typed-wrongly",
        asked: |ward| told(ward, Japanese, &both_of(Japanese, &server().replace(":8080", ":808"), &bypass())),
        ..LATER
    },
    Fault {
        name: "the list of exceptions ends after its first entry",
        cause: "bypass-entry-missing",
        asked: |ward| {
            let list = bypass().split_once(';').map_or(String::new(), |(first, _)| first.to_owned());
            told(ward, Japanese, &both_of(Japanese, &server(), &list))
        },
        ..LATER
    },
    Fault {
        name: "the credential of the facility's code is not stored, in English",
        cause: "credential-missing",
        asked: |ward| told(ward, English, &[("cmdkey.txt", keys(English, KEYS.get(..1).unwrap_or_default()))]),
        ..LATER
    },
    Fault {
        name: "two certificates of the network hold, in Japanese",
        cause: "certificates-two",
        asked: |ward| {
            let two = store(Japanese, ward, &[("500 days ago", "686 days"), ("10 days ago", "1176 days")])?;
            told(ward, Japanese, &[("certutil-my.txt", two)])
        },
        ..LATER
    },
    Fault {
        name: "the store lost the certificate's key, in English",
        cause: "certificate-key-missing",
        asked: |ward| {
            let text = store(English, ward, &[("100 days ago", "1086 days")])?;
            let kept: Vec<&str> = text.lines().filter(|line| !line.contains("Container") && !line.contains("Provider")).collect();
            told(ward, English, &[("certutil-my.txt", kept.join("\r\n").replace("Signature test passed", "Missing stored keyset"))])
        },
        ..LATER
    },
];

/// Rows: PX-01, PX-06, DN-26, DA-24
#[test]
fn windows_is_diagnosed() -> Result<()> {
    family("later-windows", &usual(), WINDOWS)
}
