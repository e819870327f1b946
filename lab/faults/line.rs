//! The line and its carrier: cut, worked on, unknown, of the wrong kind, or with nobody to answer.

use anyhow::{Result, ensure};
use lab::LineRecord;

use crate::addresses::addresses_return;
use crate::causes::HEALTHY;
use crate::ward::{FAULT, Fault, Ward, family, nothing, shown, usual};

/// Somebody pressed 「希望する」 and saw what came of it.
fn wishes(ward: &Ward<'_>, sees: &str) -> Result<()> {
    let said = ward.terminal.onshi(&["clinic", "line", "authenticate", "--json"])?;
    ensure!(shown(&said).contains(sees), "not {sees}: {}", shown(&said));
    Ok(())
}

/// The center no longer lets this line in.
pub(crate) fn dismissed(ward: &Ward<'_>) -> Result<()> {
    ward.center.operate(&["registry", "dismiss", &ward.clinic.prefix()])?;
    Ok(())
}

/// The carrier knows the line as this.
fn known_as(ward: &Ward<'_>, line: &LineRecord<'_>) -> Result<()> {
    ward.carrier.operate(&["line", "remove", ward.line.line_id])?;
    ward.carrier.knows(line, &ward.clinic.prefix())?;
    dismissed(ward)
}

/// The line is as it was, and authenticated.
pub(crate) fn well_again(ward: &Ward<'_>) -> Result<()> {
    for id in [ward.line.line_id, STRANGER] {
        // Whichever of them the carrier knows.
        let _removed = ward.carrier.operate(&["line", "remove", id]);
    }
    ward.carrier.knows(&ward.line, &ward.clinic.prefix())?;
    ward.authenticates()
}

const STRANGER: &str = "CAF9999999999";

/// Works on the line while nobody is there: it comes back with another prefix, and the terminal is switched on in the morning.
fn works(ward: &Ward<'_>) -> Result<()> {
    ward.clinic.line_is_worked_on()?;
    ward.terminal.machine().ip("link set eth0 down\nlink set eth0 up")?;
    ward.carrier.operate(&["line", "remove", ward.line.line_id])?;
    ward.carrier.knows(&ward.line, &ward.clinic.prefix())?;
    addresses_return(ward)
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "the line was never authenticated", cause: "line-not-authenticated", comes: dismissed, goes: well_again, ..FAULT },
    Fault {
        name: "works on the line in the night: another prefix in the morning",
        cause: "prefix-changed",
        comes: works,
        goes: well_again,
        ..FAULT
    },
    Fault {
        name: "the end of the works is not booked",
        cause: "line-work-unfinished",
        comes: |ward| {
            known_as(ward, &LineRecord { finished: false, ..ward.line.clone() })?;
            wishes(ward, "line-work-unfinished")
        },
        goes: well_again,
        asked: |ward| ward.examined_seeing("エラーコード：P11011"),
        ..FAULT
    },
    Fault {
        name: "the line is of a type that may not enter",
        cause: "line-ineligible",
        comes: |ward| known_as(ward, &LineRecord { line_type: "b-flets", ..ward.line.clone() }),
        goes: well_again,
        ..FAULT
    },
    Fault {
        name: "the line has no v6 option",
        cause: "line-ineligible",
        comes: |ward| known_as(ward, &LineRecord { v6_option: "off", ..ward.line.clone() }),
        goes: well_again,
        ..FAULT
    },
    Fault {
        name: "the line is not the one that was applied for",
        cause: "line-unregistered",
        comes: |ward| {
            known_as(ward, &LineRecord { line_id: STRANGER, ..ward.line.clone() })?;
            wishes(ward, "line-failed")
        },
        goes: well_again,
        asked: |ward| ward.examined_seeing("回線認証に失敗しました。"),
        ..FAULT
    },
    Fault {
        name: "the carrier's notifier is silent",
        cause: "line-no-answer",
        comes: |ward| {
            dismissed(ward)?;
            ward.carrier.notifier_process()?.signal("STOP")
        },
        goes: |ward| {
            ward.carrier.notifier_process()?.signal("CONT")?;
            well_again(ward)
        },
        asked: |ward| ward.examined_seeing("P32031"),
        ..FAULT
    },
    Fault {
        name: "「希望しない」 was pressed",
        cause: "line-not-wished",
        comes: dismissed,
        goes: well_again,
        asked: |ward| ward.examined_seeing("回線認証に失敗しました。認証を行うには通知意思確認画面にて「希望する」を選択してください"),
        ..FAULT
    },
    Fault {
        name: "the browser's back button was pressed",
        cause: "line-back-button",
        comes: dismissed,
        goes: well_again,
        asked: |ward| ward.examined_seeing("回線認証ポータルサイトからアクセスしてください。"),
        ..FAULT
    },
    Fault {
        name: "nothing comes through the line",
        cause: "line-down",
        comes: |ward| ward.clinic.router().filters(&["forward oifname wan drop", "output oifname wan drop", "input iifname wan drop"]),
        goes: |ward| ward.clinic.router().passes_all(),
        ..FAULT
    },
    Fault {
        name: "the carrier's network is down behind the first box",
        cause: "carrier-down",
        comes: |ward| ward.carrier.machine().filters(&["forward drop", "input udp dport 53 drop", "input meta l4proto tcp drop"]),
        goes: |ward| ward.carrier.machine().passes_all(),
        ..FAULT
    },
    Fault {
        name: "a second facility on the line: it was authenticated before",
        cause: HEALTHY,
        comes: nothing,
        asked: |ward| ward.examined_seeing("回線認証済みです。"),
        ..FAULT
    },
];

/// Rows: LA-05, LA-06, LA-07, LA-08, LA-09, LA-12, LA-14, LA-15, LA-17, LA-18, LN-08
#[test]
fn is_diagnosed() -> Result<()> {
    family("line", &usual(), FAULTS)
}
