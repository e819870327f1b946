//! Measures what the programs cost, each beside another program in the same run, and reports ratios.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it reports on the terminal")]

mod bridge;
mod checks;
mod dns;
mod figure;
mod process;
mod register;
mod start;
mod world;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Parser;
use figure::Figure;

/// 測定: ほかのプログラムと同じ条件で測り、比で示します。
#[derive(Parser)]
#[command(name = "bench", version)]
struct Args {
    /// 測るもの（check、bridge、start、register、dns。無ければすべて）
    names: Vec<String>,
    /// 一分以内で終わるように、少なく測ります
    #[arg(long)]
    quick: bool,
    /// 加入者の人数（register では、これまでの 10 万、100 万、1000 万の台帳をすべて測ります）
    #[arg(long, value_name = "N")]
    people: Option<u64>,
    /// 結果を JSON で書くファイル
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) people: u64,
    /// The largest register, where registers of several sizes are compared.
    pub(crate) largest: u64,
    pub(crate) seconds: u64,
    pub(crate) drops: usize,
    pub(crate) starts: usize,
}

const FULL: Size = Size { people: 100_000, largest: 1_000_000, seconds: 20, drops: 300, starts: 10 };
const QUICK: Size = Size { people: 20_000, largest: 20_000, seconds: 4, drops: 60, starts: 3 };

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let known = ["check", "bridge", "start", "register", "dns"];
    if let Some(unknown) = args.names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("「{unknown}」という測定はありません。あるもの: {}", known.join("、"));
    }
    let wanted = |name: &str| args.names.is_empty() || args.names.iter().any(|given| given == name);
    let mut size = if args.quick { QUICK } else { FULL };
    if let Some(people) = args.people {
        size = Size { people, largest: people, ..size };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut figures: Vec<Figure> = Vec::new();
    if wanted("start") {
        figures.extend(start::measure(size)?);
    }
    if wanted("bridge") {
        figures.extend(bridge::measure(size)?);
    }
    if wanted("check") {
        figures.extend(runtime.block_on(checks::measure(size))?);
    }
    if wanted("register") {
        figures.extend(runtime.block_on(register::measure(size))?);
    }
    if wanted("dns") {
        figures.extend(dns::measure(size)?);
    }
    for figure in &figures {
        println!("{figure}");
    }
    if let Some(path) = args.json {
        let text = serde_json::to_vec_pretty(&figures)?;
        std::fs::write(&path, text).with_context(|| format!("{} を書けません", path.display()))?;
    }
    Ok(())
}
