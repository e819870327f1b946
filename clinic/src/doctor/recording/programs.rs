//! What a machine says of its programs, folders and surroundings; `None` means that nobody could look.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A scheduled task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct TaskFact {
    /// Its name without folder.
    pub name: String,
    /// Switched on.
    pub enabled: bool,
    /// When it runs: "start", "logon", "periodic", or other words of the system.
    pub trigger: String,
    /// Delay after its trigger.
    pub delay_seconds: Option<u64>,
    /// Repeated every.
    pub repeat_seconds: Option<u64>,
    /// Under which account.
    pub user: Option<String>,
    /// Whether it runs without anybody logged on (a password is stored).
    pub runs_logged_off: Option<bool>,
    /// What it ended with when it last ran; 0: well.
    pub last_result: Option<i64>,
    /// When it last ran.
    pub last_run: Option<Timestamp>,
}

/// A stored credential. Never its password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CredentialFact {
    /// Its target, "OQS_LOGIN_KEY".
    pub target: String,
    /// Its user's name.
    pub user: String,
    /// Whether it has a password; absent where that could not be seen.
    pub has_password: Option<bool>,
    /// What is wrong with its shape, Japanese; absent where nothing is, or nobody could look.
    pub mistake: Option<String>,
}

/// A network share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ShareFact {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Whether others may write.
    pub writable: Option<bool>,
    /// Whether everybody may do everything.
    pub open_to_all: Option<bool>,
}

/// A file of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FileFact {
    /// Its name without folder: "OQSDistroApp.ini", "encrypt.conf".
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// Whether it is there; absent where nobody could look.
    pub present: Option<bool>,
    /// What it sets, as far as that is no secret.
    pub values: BTreeMap<String, String>,
    /// What is wrong with its shape, Japanese.
    pub mistake: Option<String>,
}

/// A folder of the bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FolderFact {
    /// "req", "res", "face", "work".
    pub role: String,
    /// Where it lies.
    pub path: String,
    /// It is there.
    pub exists: bool,
    /// It can be read; absent where that was not tried.
    pub readable: Option<bool>,
    /// It can be written; absent where that was not tried.
    pub writable: Option<bool>,
    /// Files in it.
    pub count: u64,
    /// The age of the oldest file that waits there.
    pub oldest_seconds: Option<u64>,
    /// The age of the newest file.
    pub newest_seconds: Option<u64>,
    /// What the newest file begins with: "xml", "zip", "pdf", "err", "empty", "other".
    pub newest_kind: Option<String>,
    /// Free bytes of its disk.
    pub free_bytes: Option<u64>,
}

/// Sleep and start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Power {
    /// Sleeps after so long on mains; 0: never.
    pub sleep_seconds: Option<u64>,
    /// 高速スタートアップ.
    pub fast_startup: Option<bool>,
}

/// How the clock is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ClockFact {
    /// Whether the system says that it is kept in time.
    pub synchronised: Option<bool>,
    /// By which server.
    pub server: Option<String>,
    /// The zone's name or its distance from UTC in words of the system.
    pub zone: Option<String>,
    /// The zone's distance from UTC now.
    pub zone_offset_minutes: Option<i32>,
}

/// The bridge (連携アプリケーション).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct BridgeFact {
    /// Whether it is installed or set up here.
    pub set_up: Option<bool>,
    /// Whether it runs.
    pub running: Option<bool>,
    /// Its version.
    pub version: Option<String>,
    /// The key of the situation that it met last, "center-unreachable".
    pub last_situation: Option<String>,
    /// Whether its account's id has the shape of one (LK-06).
    pub account_fits: Option<bool>,
}

/// The card reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ReaderFact {
    /// Whether the system sees it.
    pub connected: Option<bool>,
    /// Whether its program runs.
    pub running: Option<bool>,
    /// Whether it gets through when the terminal does.
    pub reaches_network: Option<bool>,
    /// Words or code on its screen, as somebody typed them.
    pub says: Option<String>,
}

/// What the last check was answered: codes only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct BusinessFact {
    /// When.
    pub at: Option<Timestamp>,
    /// SegmentOfResult: "1" well, "2" under way, "9" abnormal.
    pub segment: Option<String>,
    /// ProcessingResultStatus: "1" well, "2" an error in the processing.
    pub processing: Option<String>,
    /// QualificationValidity: "1" to "5".
    pub validity: Option<String>,
    /// ProcessingResultCode or ErrorCode.
    pub code: Option<String>,
    /// Names of the answer in which ● stands.
    pub unknown_characters: Option<u32>,
}
