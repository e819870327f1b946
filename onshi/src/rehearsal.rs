//! Walks a certificate from its notice to its renewal and on, years ahead of the calendar: a center and a clinic of their own under a driven clock.

use std::path::Path;

use anyhow::{Context, ensure};
use chassis::clock::{self, Clock};
use clinic::certificate::{self, Standing};
use jiff::SignedDuration;

use crate::center::{Center, RunningCenter};
use crate::center_config::CenterConfig;
use crate::demonstration::{self, Clinic};
use crate::output;
use crate::ports::bind;

/// What the walk showed.
pub(crate) struct Walked {
    first: Standing,
    second: Standing,
}

impl Walked {
    /// For the terminal.
    pub(crate) fn table(&self) -> String {
        let row = |standing: &Standing| {
            let held = &standing.leaf.held;
            let day = |at| clock::japan_date(at).to_string();
            format!("{}（{} ～ {}）", held.serial, day(held.from), day(held.until))
        };
        output::pairs([("発行通知書から取得した証明書", row(&self.first)), ("期限の前に自動で更新した証明書", row(&self.second))])
    }
}

/// Walks it below `data`, and leaves nothing there.
pub(crate) async fn walk(beside: &RunningCenter, data: &Path) -> anyhow::Result<Walked> {
    let folder = data.join("rehearsal");
    remove(&folder)?;
    let walked = Box::pin(walk_in(beside, &folder)).await;
    remove(&folder)?;
    walked
}

async fn walk_in(beside: &RunningCenter, folder: &Path) -> anyhow::Result<Walked> {
    let clock = Clock::driven(beside.center.clock.now());
    let clinic = Clinic::below(folder);
    let center = Center::begin(CenterConfig::demonstration(folder, 0)?, clock.clone()).await?;
    let papers = demonstration::apply(&center, &clinic).await?;
    let running = serve(beside, center).await?;
    demonstration::enrol(papers, &running.center, &clinic, running.address()).await?;
    let first = keep(&running, &clinic).await?;
    running.stop().await;
    // The center's hosts have new certificates at each start; years on, the old ones would have ended.
    clock.set(first.renewal + SignedDuration::from_secs(1));
    let running = serve(beside, Center::begin(CenterConfig::demonstration(folder, 0)?, clock.clone()).await?).await?;
    let second = keep(&running, &clinic).await;
    running.stop().await;
    let second = second?;
    let renewed = second.leaf.held.serial != first.leaf.held.serial && second.leaf.held.until > first.leaf.held.until;
    let troubles: Vec<_> = second.notes.troubles.values().map(|trouble| trouble.text.clone()).collect();
    ensure!(renewed && !second.leftover, "更新の予行が終わりませんでした: {troubles:?}");
    Ok(Walked { first, second })
}

async fn serve(beside: &RunningCenter, center: Center) -> anyhow::Result<RunningCenter> {
    let listener = bind((std::net::Ipv4Addr::LOCALHOST, 0).into()).await?;
    center.serve_watched(listener, None, beside.monitoring.clone()).await
}

/// The clinic's keeper does what is due.
async fn keep(running: &RunningCenter, clinic: &Clinic) -> anyhow::Result<Standing> {
    let mut config = (*demonstration::follow(clinic, running.address())?).clone();
    config.center.clock = running.center.clock.clone();
    Ok(certificate::keep_once(&config, running.center.clock.clone()).await?)
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} を消せません", folder.display()))
        }
        _ => Ok(()),
    }
}
