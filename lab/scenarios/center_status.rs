//! A terminal whose line nobody has admitted reads how the center is, and an announced trouble with whose job it is.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::patience;
use manuals::{Region, hosts};
use serde_json::Value;

use crate::steps;

/// Rows: PX-10
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("center-status", |world| {
        let center = world.open_center()?;
        let terminal = world.clinic(&steps::usual(Region::West))?.terminal("reception")?;
        let roots = world.roots()?;
        let reads = |path: &str| {
            terminal.curl(&roots, &["--header", "Accept-Language: ja", &format!("https://{}{path}", hosts::line_portal().name)])
        };
        let status = || -> anyhow::Result<Value> {
            let (code, body) = reads("/status.json")?;
            ensure!(code == "200", "{code}: {body}");
            Ok(serde_json::from_str(&body)?)
        };
        let health = |status: &Value, service: &str| {
            let services = status["services"].as_array().into_iter().flatten();
            services.filter(|one| one["service"] == service).map(|one| one["health"].clone()).next()
        };
        ensure!(reads("/captive")?.1.contains("\"captive\":true"), "the line is not admitted");
        let first = status()?;
        ensure!(first["schema"] == 1 && health(&first, "portal").context("no portal")? == "working", "{first}");

        let words = "西日本の回線に障害が起きています。";
        center.operate(&["registry", "trouble", "add", words, "--region", "west", "--repairer", "carrier"])?;
        center.operate(&["registry", "trouble", "add", "資格確認が止まっています。", "--service", "portal"])?;
        let told = patience::until("the announcement", Duration::from_secs(20), || {
            let now = status()?;
            Ok((now["troubles"].as_array().is_some_and(|troubles| troubles.len() == 2)).then_some(now))
        })?;
        ensure!(health(&told, "portal").context("no portal")? == "troubled", "{told}");
        ensure!(health(&told, "line_portal").context("no line portal")? == "working", "the carrier's trouble is not the center's: {told}");
        let (code, page) = reads("/status")?;
        ensure!(code == "200" && page.contains(words) && page.contains("回線の会社が直しています"), "{page}");
        Ok(())
    })
}
