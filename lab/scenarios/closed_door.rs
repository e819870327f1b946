//! Before a line is authenticated, the doors of the Web API and of the certificate authority refuse with the right words; afterwards they answer.
//! A consent that was given behind one line admits nobody behind another.

use anyhow::{Context, ensure};
use lab::LineRecord;
use manuals::situation::Situation;
use manuals::{Region, hosts};
use serde_json::Value;

use crate::steps;

/// Rows: LA-12, LA-13, LA-17
#[test]
fn story() -> anyhow::Result<()> {
    lab::story("closed-door", |world| {
        let site = steps::site(world, &steps::usual(Region::East), &LineRecord::new("CAF1234567890"), Region::East)?;
        let other = world.clinic(&steps::usual(Region::East).called("other"))?;
        world.carrier(Region::East)?.knows(&LineRecord::new("CAF5555555555"), &other.prefix())?;
        let stranger = other.terminal("reception")?;
        let code = Situation::UnadmittedLine.get().code;
        let doors = [
            format!("https://{}{}", hosts::web_api_login().name, hosts::paths().web_api_login),
            format!("https://{}{}", hosts::web_api_search().name, hosts::paths().web_api_search),
            format!("https://{}/", hosts::authority().name),
        ];
        let asks = |url: &str| {
            let words = ["--header", "Content-Type: application/json", "--data", "{}", url];
            site.terminal.curl(&site.roots, &words)
        };
        for door in &doors {
            let (status, said) = asks(door)?;
            ensure!(status == "403" && said.contains(code), "{door}: {status} {said}");
        }

        // The consent of this line is sent from behind the other one.
        let json = ["--header", "Accept: application/json"];
        let opened = |words: &[&str]| -> anyhow::Result<Value> {
            let (_, said) = site.terminal.curl(&site.roots, &[&json[..], words].concat())?;
            serde_json::from_str(&said).context(said)
        };
        let begun = opened(&[&format!("https://{}/", hosts::line_portal().name)])?;
        let intent = opened(&[begun["next"]["url"].as_str().context("no way to the notifier")?])?;
        let choice = intent["next"]["url"].as_str().context("no form")?;
        let consent = format!("choice=wish&consent={}", intent["next"]["consent"].as_str().context("no consent")?);
        let sent = [&json[..], &["--data", &consent, choice]].concat();
        let (_, said) = stranger.curl(&site.roots, &sent)?;
        ensure!(!said.contains("line-success"), "{said}");
        let (_, said) = site.terminal.curl(&site.roots, &sent)?;
        ensure!(said.contains("line-success"), "{said}");
        // And once more, from both: it was used.
        let (_, said) = stranger.curl(&site.roots, &sent)?;
        ensure!(!said.contains("line-success") && !said.contains("line-already"), "{said}");

        for door in &doors {
            let (_, said) = asks(door)?;
            ensure!(!said.contains(code), "{door}: {said}");
            let (status, said) = stranger.curl(&site.roots, &["--header", "Content-Type: application/json", "--data", "{}", door])?;
            ensure!(status == "403" && said.contains(code), "{door} from behind the other line: {status} {said}");
        }
        Ok(())
    })
}
