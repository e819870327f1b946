//! Shows where a check's time goes: reads a running center's figures twice and says what lies between.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chassis::clock;
use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::cli::DataArgs;
use crate::output;
use crate::run_file::{RunFile, running};

/// `onshi center profile`
#[derive(Args)]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    data: DataArgs,
    /// この秒数のあいだ、動いているセンターを見守ります
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// 見守る代わりに、試験用の医療機関から試験用の人をこの件数だけ確認します
    #[cfg(feature = "clinic")]
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    checks: Option<usize>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// The steps of a check as the figures name them, in order, with the words for people.
const STEPS: [(&str, &str); 6] = [
    ("admit", "入口（回線・端末・ログイン・医療機関）"),
    ("read", "要求の読み取り"),
    ("validate", "値の検査"),
    ("look_up", "加入者台帳"),
    ("write", "回答の書き出し"),
    ("record", "監査記録の書き込み待ち"),
];

/// The figures of a process at one moment, by series.
type Reading = BTreeMap<String, f64>;

/// What lies between two readings.
#[derive(Debug, PartialEq, Serialize)]
struct Profile {
    checks: f64,
    checks_per_second: f64,
    microseconds_per_check: f64,
    /// Processor time of the whole process; none where the kernel gives no report.
    cpu_microseconds_per_check: Option<f64>,
    records_per_commit: Option<f64>,
    steps: Vec<Share>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Share {
    step: &'static str,
    #[serde(skip)]
    words: &'static str,
    microseconds_per_check: f64,
    /// Of a check's whole time, 0 to 1.
    share: f64,
}

/// `onshi center profile`
pub(crate) async fn run(args: ProfileArgs) -> anyhow::Result<ExitCode> {
    let data = &args.data.data;
    let Some((run, client)) = running(data).await? else {
        bail!("センターが動いていません（データ: {}）。onshi up か onshi center serve で始めてください。", data.display());
    };
    let before = read(&run, &client).await?;
    let begun = clock::instant();
    wait(&args, &run).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let after = read(&run, &client).await?;
    let profile = compare(&before, &after, seconds)
        .context("この間に確認が一件もありませんでした。確認を流しながらもう一度、または --checks 1000 を付けてお試しください。")?;
    say!("{}", if args.json { serde_json::to_string_pretty(&profile)? } else { table(&profile) });
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "clinic")]
async fn wait(args: &ProfileArgs, run: &RunFile) -> anyhow::Result<()> {
    match args.checks {
        Some(checks) => ask(checks, run).await,
        None => watch(args.seconds).await,
    }
}

#[cfg(not(feature = "clinic"))]
async fn wait(args: &ProfileArgs, _run: &RunFile) -> anyhow::Result<()> {
    watch(args.seconds).await
}

async fn watch(seconds: u64) -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(())
}

/// Asks about documented test people as the demo clinic, several at a time.
#[cfg(feature = "clinic")]
async fn ask(checks: usize, run: &RunFile) -> anyhow::Result<()> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use clinic::ask::Card;

    /// Questions under way at one time.
    const LANES: usize = 16;

    let folder = run.clinic.as_ref().context("試験用の医療機関がありません。--checks は onshi up のセンターで使えます。")?;
    let config = clinic::config::Config::load(&folder.join("clinic.toml"))?;
    let center = Arc::new(clinic::center::Center::connect(&config)?);
    center.login().await?;
    let people = eligibility::staged::documented().iter().filter(|person| person.staged.is_none());
    let cards: Arc<Vec<Card>> = Arc::new(people.map(card).collect());
    let (next, today) = (Arc::new(AtomicUsize::new(0)), clock::japan_date(clock::Clock::system().now()));
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES.min(checks) {
        let (center, cards, next, code) = (Arc::clone(&center), Arc::clone(&cards), Arc::clone(&next), config.facility_code.clone());
        lanes.spawn(async move {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= checks {
                    return anyhow::Ok(());
                }
                let card = cards.get(place % cards.len().max(1)).context("there are no test people")?;
                clinic::ask::ask(&*center, card, &code, today).await?;
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

#[cfg(feature = "clinic")]
fn card(person: &eligibility::staged::TestPerson) -> clinic::ask::Card {
    clinic::ask::Card {
        insurer: person.insurer_number.to_owned(),
        symbol: person.symbol.map(str::to_owned),
        number: person.number.to_owned(),
        branch: person.branch.map(str::to_owned),
        birthdate: person.birthdate.to_owned(),
        date: None,
        limit_consent: true,
    }
}

async fn read(run: &RunFile, client: &reqwest::Client) -> anyhow::Result<Reading> {
    let request = client.get(run.operator_url("/metrics")).bearer_auth(run.local_token.expose_secret());
    let answer = request.send().await.context("センターの指標を読めません")?;
    ensure!(answer.status().is_success(), "センターが指標を出しませんでした（{}）。", answer.status());
    Ok(parse(&answer.text().await.context("センターの指標を読めません")?))
}

/// Series and values; lines that are neither are left out.
fn parse(text: &str) -> Reading {
    let series = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        Some((series.to_owned(), value.parse().ok()?))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(series).collect()
}

/// None when no check lies between.
fn compare(before: &Reading, after: &Reading, seconds: f64) -> Option<Profile> {
    let grown = |series: &str| Some(after.get(series)? - before.get(series).copied().unwrap_or(0.0));
    let checks = grown("onshi_check_seconds_count").filter(|checks| *checks > 0.0)?;
    let whole = grown("onshi_check_seconds_sum")?;
    let share = |step, words, sum: f64| Share { step, words, microseconds_per_check: sum * 1e6 / checks, share: sum / whole };
    let mut steps: Vec<Share> = STEPS
        .iter()
        .map(|(step, words)| share(step, words, grown(&format!("onshi_check_step_seconds_sum{{step=\"{step}\"}}")).unwrap_or(0.0)))
        .collect();
    let known: f64 = steps.iter().map(|step| step.share).sum();
    steps.push(share("rest", "そのほか", (whole * (1.0 - known)).max(0.0)));
    let (commits, records) = (grown("onshi_audit_commit_seconds_count"), grown("onshi_audit_records_total"));
    Some(Profile {
        checks,
        checks_per_second: checks / seconds,
        microseconds_per_check: whole * 1e6 / checks,
        cpu_microseconds_per_check: grown("process_cpu_seconds_total").map(|cpu| cpu * 1e6 / checks),
        records_per_commit: records.zip(commits).filter(|(_, commits)| *commits > 0.0).map(|(records, commits)| records / commits),
        steps,
    })
}

fn table(profile: &Profile) -> String {
    let mut rows = vec![("手順".to_owned(), "一件あたり（µs）と割合".to_owned())];
    for Share { words, microseconds_per_check, share, .. } in &profile.steps {
        rows.push(((*words).to_owned(), format!("{microseconds_per_check:>10.1}  {:>5.1} %", share * 100.0)));
    }
    rows.push(("確認全体".to_owned(), format!("{:>10.1}  100.0 %", profile.microseconds_per_check)));
    if let Some(cpu) = profile.cpu_microseconds_per_check {
        rows.push(("センターの CPU 時間（一件あたり）".to_owned(), format!("{cpu:>10.1}")));
    }
    rows.push(("件数".to_owned(), format!("{:>10}  （毎秒 {:.1} 件）", profile.checks, profile.checks_per_second)));
    if let Some(records) = profile.records_per_commit {
        rows.push(("監査記録の一回の書き込みに入る件数".to_owned(), format!("{records:>10.1}")));
    }
    output::pairs(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_the_steps_and_the_rest_make_a_whole() {
        let before = parse("# HELP x y\nonshi_check_seconds_sum 1\nonshi_check_seconds_count 10\nprocess_cpu_seconds_total 5\n");
        let after = parse(
            "onshi_check_seconds_sum 3\nonshi_check_seconds_count 20\nprocess_cpu_seconds_total 6\n\
             onshi_check_step_seconds_sum{step=\"look_up\"} 0.5\nonshi_check_step_seconds_sum{step=\"record\"} 1\n\
             onshi_audit_commit_seconds_count 5\nonshi_audit_records_total 10\n",
        );
        let profile = compare(&before, &after, 2.0).unwrap();
        assert_eq!((profile.checks, profile.checks_per_second, profile.microseconds_per_check), (10.0, 5.0, 200_000.0));
        assert_eq!((profile.cpu_microseconds_per_check, profile.records_per_commit), (Some(100_000.0), Some(2.0)));
        let shares: Vec<(&str, f64)> = profile.steps.iter().map(|step| (step.step, step.share)).collect();
        let expected =
            [("admit", 0.0), ("read", 0.0), ("validate", 0.0), ("look_up", 0.25), ("write", 0.0), ("record", 0.5), ("rest", 0.25)];
        assert_eq!(shares, expected);
        assert!(table(&profile).contains("50.0 %"));
        assert_eq!(compare(&after, &after, 2.0), None, "no check, no profile");
    }
}
