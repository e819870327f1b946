//! Measures what the programs cost, each beside another program in the same run, and reports ratios.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it reports on the terminal")]

mod authority;
mod bridge;
mod checks;
mod dns;
#[cfg(target_os = "linux")]
mod doctor;
mod figure;
mod files;
mod handshake;
mod line;
mod peer;
mod process;
mod proxy;
mod register;
mod start;
mod time;
mod world;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Parser;
use figure::Figure;
use tokio::runtime::Runtime;

/// 測定: ほかのプログラムと同じ条件で測り、比で示します。
#[derive(Parser)]
#[command(name = "bench", version)]
struct Args {
    /// 測るもの（start、bridge、files、check、handshake、line、authority、register、dns、proxy、time、doctor。無ければすべて）
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
    /// Files dropped all at once.
    pub(crate) files: usize,
    pub(crate) starts: usize,
}

const FULL: Size = Size { people: 100_000, largest: 1_000_000, seconds: 20, drops: 300, files: 10_000, starts: 10 };
const QUICK: Size = Size { people: 20_000, largest: 20_000, seconds: 4, drops: 60, files: 500, starts: 3 };

/// One measurement.
type Measure = fn(&Runtime, Size) -> anyhow::Result<Vec<Figure>>;

/// Every measurement by its name, in the order in which they run; a name may stand more than once.
const MEASUREMENTS: &[(&str, Measure)] = &[
    ("start", |_, size| start::measure(size)),
    ("bridge", |_, size| bridge::measure(size)),
    ("files", |_, size| files::measure(size)),
    ("check", |runtime, size| runtime.block_on(checks::measure(size))),
    ("handshake", |runtime, size| runtime.block_on(handshake::measure(size))),
    ("line", |runtime, size| runtime.block_on(line::measure(size))),
    ("authority", |runtime, size| runtime.block_on(authority::measure(size))),
    ("register", |runtime, size| runtime.block_on(register::on_sqlite(size))),
    ("register", |runtime, size| runtime.block_on(register::on_postgres(size))),
    ("dns", |_, size| dns::measure(size)),
    ("proxy", |_, size| proxy::measure(size)),
    ("time", |_, size| time::measure(size)),
    #[cfg(target_os = "linux")]
    ("doctor", |_, size| doctor::measure(size)),
];

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let known = || MEASUREMENTS.iter().map(|(name, _)| *name);
    if let Some(unknown) = args.names.iter().find(|given| known().all(|name| name != *given)) {
        bail!("「{unknown}」という測定はありません。あるもの: {}", known().collect::<Vec<_>>().join("、"));
    }
    let mut size = if args.quick { QUICK } else { FULL };
    if let Some(people) = args.people {
        size = Size { people, largest: people, ..size };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut figures: Vec<Figure> = Vec::new();
    for (name, measure) in MEASUREMENTS {
        if !args.names.is_empty() && !args.names.iter().any(|given| given == *name) {
            continue;
        }
        for figure in measure(&runtime, size)? {
            println!("{figure}");
            figures.push(figure);
        }
    }
    if let Some(path) = args.json {
        let text = serde_json::to_vec_pretty(&figures)?;
        std::fs::write(&path, text).with_context(|| format!("{} を書けません", path.display()))?;
    }
    Ok(())
}
