//! `onshi doctor watch`: says the moment in which something of the line changes, and keeps a record of it when asked to.
//!
//! It runs for months on terminals with little memory. Its words are therefore read here first: what is meant for the watch alone goes there on one thread,
//! without the tables of the whole command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::time::Duration;

use chassis::clock::{self, Clock};
use clap::Args;
use clinic::doctor::probe::Settings;
use clinic::doctor::watch::{Event, LOOK, Watch};

/// `onshi doctor watch`
#[derive(Args, Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchArgs {
    /// 医療機関の設定ファイル（無くても見張れます）
    #[arg(long, value_name = "FILE", default_value = CONFIG, env = CONFIG_VARIABLE)]
    config: PathBuf,
    /// 見る間隔（秒）
    #[arg(long, default_value_t = LOOK.as_secs(), value_parser = clap::value_parser!(u64).range(1..=600))]
    interval: u64,
    /// 機械が読む形（JSON、一行に一件）で出力します
    #[arg(long)]
    json: bool,
    /// 変化があったときに onshi doctor record の記録を残すフォルダー
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

const CONFIG: &str = "config/clinic.toml";
const CONFIG_VARIABLE: &str = "ONSHI_CLINIC_CONFIG";

/// The watch, if these are its words and nothing else; whatever is not understood is left to the whole command line, which explains it.
pub(crate) fn asked(words: impl IntoIterator<Item = OsString>) -> Option<WatchArgs> {
    let words: Option<Vec<String>> = words.into_iter().map(|word| word.into_string().ok()).collect();
    let mut words = words?.into_iter();
    if (words.next()?, words.next()?) != ("doctor".to_owned(), "watch".to_owned()) {
        return None;
    }
    let config = std::env::var_os(CONFIG_VARIABLE).map_or_else(|| CONFIG.into(), PathBuf::from);
    let mut args = WatchArgs { config, interval: LOOK.as_secs(), json: false, record: None };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--config" => args.config = words.next()?.into(),
            "--interval" => args.interval = words.next()?.parse().ok().filter(|seconds| (1..=600).contains(seconds))?,
            "--json" => args.json = true,
            "--record" => args.record = Some(words.next()?.into()),
            _ => return None,
        }
    }
    Some(args)
}

/// Watches until the program is ended.
pub(crate) async fn run(args: &WatchArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(Some(&args.config), Clock::system());
    if let Some(problem) = &settings.site.configuration_problem {
        eprintln!("{problem}");
    }
    let watch = Watch::new(&settings);
    drop(settings);
    let mut recording: Option<Child> = None;
    let watching = watch.run(Duration::from_secs(args.interval), |event| {
        tell(&event, args.json);
        if let Some(folder) = &args.record
            && !matches!(event, Event::Began { .. })
        {
            record(&mut recording, folder, &args.config);
        }
    });
    let asked_to_stop = chassis::stop::listening().await;
    tokio::select! {
        () = watching => {}
        () = asked_to_stop => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(event: &Event, json: bool) {
    let at = Clock::system().now();
    if json {
        let mut line = serde_json::to_value(event).unwrap_or_default();
        if let Some(fields) = line.as_object_mut() {
            fields.insert("at".to_owned(), at.to_string().into());
        }
        say!("{line}");
    } else {
        say!("{} {event}", clock::japan(at).strftime("%Y-%m-%d %H:%M:%S"));
    }
}

/// Looks at everything, in a program of its own, whose memory is given back; one at a time.
fn record(running: &mut Option<Child>, folder: &Path, config: &Path) {
    if let Some(child) = running
        && matches!(child.try_wait(), Ok(None))
    {
        return;
    }
    let at = clock::japan(Clock::system().now()).strftime("%Y%m%d-%H%M%S");
    let file = folder.join(format!("onshi-doctor-{at}.json"));
    let started = std::env::current_exe().and_then(|own| {
        let mut look = std::process::Command::new(own);
        look.args(["doctor", "record"]).arg(&file).arg("--config").arg(config);
        look.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).spawn()
    });
    match started {
        Ok(child) => *running = Some(child),
        Err(error) => eprintln!("記録を残せません（{error}）。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<WatchArgs> {
        asked(text.split(' ').map(OsString::from))
    }

    #[test]
    fn only_the_words_of_the_watch_go_straight_to_it() {
        let args = words("doctor watch --json --interval 5 --record seen --config clinic.toml").unwrap();
        assert_eq!((args.json, args.interval, args.config), (true, 5, "clinic.toml".into()));
        assert!(words("doctor watch").is_some());
        for other in ["doctor", "doctor replay x", "doctor watch --help", "doctor watch --interval 0", "doctor watch --record", "up"] {
            assert_eq!(words(other), None, "{other}");
        }
    }
}
