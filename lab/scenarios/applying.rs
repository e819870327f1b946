//! A facility applies for its line in the application portal: each usual mistake is caught with its reason, the reply comes by mail, the
//! operator approves, and the line works.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::{Browser, LineRecord, patience};
use manuals::{Region, hosts};

use crate::steps::{self, button, says};

/// What a careful person writes.
const RIGHT: [(&str, &str); 11] = [
    ("facility_code", "1312345678"),
    ("name", "実験クリニック"),
    ("valid_from", "2026-04-01"),
    ("provider", "carrier"),
    ("line_kind", "1"),
    ("line_id", "CAF1234567890"),
    ("line_type", "next-family"),
    ("option6", "contracted"),
    ("shared", "no"),
    ("applicant", "山田 太郎"),
    ("mail", "taro@example.jp"),
];

/// The usual mistakes of the manuals, with a part of the reason that must be given: field, what was written, reason.
const MISTAKES: [(&str, &str, &str); 6] = [
    ("line_kind", "2", "フレッツ光による接続は"),
    ("line_kind", "3", "フレッツ光による接続は"),
    ("line_id", "CAF123456789", "数字が足りません"),
    ("line_id", "CAF123456789O", "英字のO"),
    ("line_type", "unknown", "問い合わせてください"),
    ("mail", "taro", "メールアドレスとして読めません"),
];

/// Rows: ID-06, ID-07, ID-08, ID-09, ID-10, ID-12, DN-26
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("applying", |world| {
        let center = world.open_center()?;
        let browser = center.browser("applying")?;
        for service in ["claims", "eligibility"] {
            for (field, typed, reason) in MISTAKES {
                writes(&browser, service, &[(field, typed)])?;
                browser.press("入力を確かめる")?;
                let page = browser.text()?;
                ensure!(page.contains(reason), "{service}, {field} = {typed}: the reason \"{reason}\" is not given:\n{page}");
            }
            writes(&browser, service, &[("provider", "collaborator"), ("line_kind", "2")])?;
            browser.press("入力を確かめる")?;
            ensure!(browser.text()?.contains("コラボ光は NTT の回線を使っている"), "{}", browser.text()?);
            browser.picture(&format!("mistake-{service}"))?;
        }
        // A pasted id with another dash and wide letters is put right, and shown so.
        writes(&browser, "eligibility", &[("line_id", "ＣＡＦ－1234567890")])?;
        browser.press("入力を確かめる")?;
        ensure!(browser.text()?.contains("CAF1234567890"), "{}", browser.text()?);
        browser.picture("confirm")?;
        browser.press("この内容で申請する")?;
        browser.picture("sent")?;
        let address = browser.address()?;
        let number = address.rsplit('/').next().context("no number")?.to_owned();
        let mail = patience::until("the reply", Duration::from_secs(20), || {
            let folder = center.data().join("mail");
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
            Ok(texts.into_iter().find(|text| text.contains("taro@example.jp")))
        })?;
        ensure!(mail.to_ascii_lowercase().contains("to:"), "{mail}");
        center.operate(&["registry", "application", "approve", &number, "--from", "now"])?;

        let clinic = world.clinic(&steps::usual(Region::East))?;
        world.carrier(Region::East)?.knows(&LineRecord::new("CAF1234567890"), &clinic.prefix())?;
        let terminal = clinic.terminal("reception")?.browser("applying", &world.roots()?)?;
        steps::answers(&terminal, button("line-wish"))?;
        says(&terminal, "line-success")
    })
}

/// Fills the form of a service: right but for the changes.
fn writes(browser: &Browser, service: &str, changes: &[(&str, &str)]) -> anyhow::Result<()> {
    browser.open_page(&format!("https://{}/apply/{service}/new", hosts::application().name))?;
    for (field, right) in RIGHT {
        // The claims service asks nothing about the v6 option.
        if (service, field) == ("claims", "option6") {
            continue;
        }
        let changed = changes.iter().find(|(name, _)| *name == field).map(|(_, text)| *text);
        browser.fill(field, changed.unwrap_or(right))?;
    }
    Ok(())
}
