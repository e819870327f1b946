//! The whole network on one machine with one command: a center, a demo clinic, the first patient checked, and a certificate's life rehearsed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chassis::clock::{self, Clock};
use chassis::{files, stop};
use clap::Args;
use clinic::bridge::Bridge;
use clinic::certificate::Keeping;
use notify::Watcher;
use secrecy::ExposeSecret;
use wire::check::CheckResult;
use wire::code::Validity;
use wire::filename::FileName;

use crate::center::{Center, RunningCenter};
use crate::center_config::CenterConfig;
use crate::cli::DataArgs;
use crate::demonstration::{self, Clinic};
use crate::ports::bind;
use crate::{output, rehearsal, run_file, traces};

/// `onshi up`
#[derive(Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    data: DataArgs,
    /// 最初の答えが出たら終わります（正しくなければ 0 以外で終わります）
    #[arg(long)]
    once: bool,
    /// これまでのデータを消して、初めから始めます
    #[arg(long)]
    fresh: bool,
    /// HTTPS のポート（0 は空いているポート）
    #[arg(long, default_value_t = 8443)]
    port: u16,
}

/// A question that every run asks: what follows `OQSsiquc01req_` in its name, and the file.
type Example = (&'static str, &'static [u8]);

/// The question whose answer is shown as a table, and its documented answer.
const FIRST: Example = ("example", include_bytes!("../../examples/OQSsiquc01req_example.xml"));
const EXPECTED: Validity = Validity::Valid;
/// The questions that are only dropped.
const OTHERS: [Example; 4] = [
    ("example-lost", include_bytes!("../../examples/OQSsiquc01req_example-lost.xml")),
    ("example-town", include_bytes!("../../examples/OQSsiquc01req_example-town.xml")),
    ("example-unknown", include_bytes!("../../examples/OQSsiquc01req_example-unknown.xml")),
    ("example-slow", include_bytes!("../../examples/OQSsiquc01req_example-slow.xml")),
];
/// How long a stop waits for answers under way: what is then left is finished by the next start.
const FAREWELL: Duration = Duration::from_secs(3);
/// Longer than the bridge ever takes.
const PATIENCE: Duration = Duration::from_secs(180);

/// `onshi up`
pub(crate) async fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    let data = args.data.data.clone();
    files::make_private_folder(&data).with_context(|| format!("{} を作れません", data.display()))?;
    let held = run_file::hold(&data)?;
    if args.fresh {
        clear(&data)?;
    }
    let config = CenterConfig::demonstration(&data, args.port)?;
    let traces = traces::start(config.log.format, &config.log.levels, &config.log.traces)?;
    // The port first: if it is taken, nothing has been made yet.
    let listener = bind(config.center.listen).await?;
    let center = Center::begin(config, Clock::system()).await?;
    let clinic = Clinic::below(&data);
    announce(&center);
    let papers = if clinic.is_ready() { None } else { Some(demonstration::apply(&center, &clinic).await?) };
    let running = center.serve(listener, Some(clinic.folder.clone())).await?;
    let done = work(&args, &running, &clinic, papers).await;
    running.stop().await;
    traces.stop().await;
    drop(held);
    done
}

async fn work(args: &UpArgs, running: &RunningCenter, clinic: &Clinic, papers: Option<demonstration::Papers>) -> anyhow::Result<ExitCode> {
    let rehearses = args.once || papers.is_some();
    if let Some(papers) = papers {
        demonstration::enrol(papers, &running.center, clinic, running.address()).await?;
    }
    let config = demonstration::follow(clinic, running.address())?;
    let bridge = Bridge::start((*config).clone(), running.center.clock.clone())?;
    let keeping = Keeping::start(&config, running.center.clock.clone(), bridge.center())?;
    let first = first_check(&config.bridge.req, &config.bridge.res).await;
    let mut right = match &first {
        Ok((path, result)) => {
            say!("{}", output::pairs(clinic::table::rows(result)));
            say!("答えのファイル: {}", path.display());
            result.body.validity.as_deref() == Some(EXPECTED.code())
        }
        Err(error) => {
            eprintln!("最初の確認ができませんでした: {error:#}");
            false
        }
    };
    if rehearses {
        match rehearsal::walk(running, &args.data.data).await {
            Ok(walked) => say!("{}", walked.table()),
            Err(error) => {
                eprintln!("証明書の予行ができませんでした: {error:#}");
                right = false;
            }
        }
    }
    if !args.once {
        let asked_to_stop = stop::listening().await;
        for example in OTHERS {
            let path = drop_example(&config.bridge.req, &example)?;
            say!("要求のファイル: {}", path.display());
        }
        output::addresses(running.address(), Some(&clinic.folder));
        say!("Ctrl-C で終わります。ほかの試し方: onshi ask --help、docs/test-people.md");
        asked_to_stop.await;
    }
    drop(keeping);
    // Dropping a bridge breaks it off as a power cut would, and loses nothing.
    let _stopped_in_time = tokio::time::timeout(FAREWELL, bridge.stop()).await;
    Ok(if right || !args.once { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn announce(center: &Center) {
    if let Some((name, password)) = &center.first_operator {
        say!("運用者: {name}  パスワード: {}（二度と表示されません）", password.expose_secret());
    }
    if !center.sealed {
        say!("試験用です。認証局の鍵は封印されていません（ONSHI_PASSPHRASE を渡すと封印されます）。");
    }
}

/// Removes what earlier runs left, and nothing else.
fn clear(data: &Path) -> anyhow::Result<()> {
    for part in ["center", "clinic", "mail", "rehearsal"] {
        let path = data.join(part);
        match std::fs::remove_dir_all(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{} を消せません", path.display())),
        }
    }
    Ok(())
}

/// Drops an example under a name of this moment.
fn drop_example(req: &Path, (name, content): &Example) -> anyhow::Result<PathBuf> {
    let moment = clock::japan(Clock::system().now()).strftime("%Y%m%d%H%M%S%3f").to_string();
    let path = req.join(format!("OQSsiquc01req_{name}-{moment}.xml"));
    std::fs::write(&path, content).with_context(|| format!("{} に置けません", path.display()))?;
    Ok(path)
}

/// Drops the first example and waits for its result.
async fn first_check(req: &Path, res: &Path) -> anyhow::Result<(PathBuf, CheckResult)> {
    let (seen, mut changes) = tokio::sync::mpsc::channel(64);
    let mut watcher = notify::recommended_watcher(move |_| {
        // A full channel already means that somebody will look.
        let _waiting = seen.try_send(());
    })?;
    watcher.watch(res, notify::RecursiveMode::NonRecursive)?;
    let path = drop_example(req, &FIRST)?;
    say!("要求のファイル: {}", path.display());
    let name = path.file_name().and_then(std::ffi::OsStr::to_str).context("the example has no name")?;
    let result = res.join(FileName::parse(name).context("the example's name is no request's")?.result_name());
    let waiting = async {
        loop {
            match std::fs::read(&result) {
                Ok(bytes) => return wire::xml::read_check_result(&bytes).map_err(anyhow::Error::from),
                // Folders on shares announce nothing: look every second too.
                Err(_) => drop(tokio::time::timeout(Duration::from_secs(1), changes.recv()).await),
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, waiting).await.context("答えのファイルが現れません")??;
    Ok((result, read))
}
