//! `onshi router`: writes a router's configuration and test plan for a site, and reads an existing one and names what is wrong in it.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use manuals::{Prefecture, Region};
use recipes::lint::{self, Dialect, Expected, Finding, Report, Severity};
use recipes::site::{Internet, Order, Services, Site};
use recipes::write::{Check, Device, Written, write};
use serde_json::json;

use crate::cli::Area;
use crate::output;

/// Something in the configuration will not work.
const MISTAKES: u8 = 1;
/// The text could not be read as a configuration.
const UNREAD: u8 = 2;

/// `onshi router …`
#[derive(Subcommand)]
pub(crate) enum RouterCommand {
    /// 設定を書ける機種の一覧
    Devices {
        /// 機械が読む形（JSON）で出力します
        #[arg(long)]
        json: bool,
    },
    /// ルーターの設定と、入れる手順を書きます
    Write(WriteArgs),
    /// 入れた後で確かめる手順（テスト計画）を書きます
    Plan(WriteArgs),
    /// いまある設定を読んで、誤りを行番号とともに挙げます
    Lint(LintArgs),
}

/// The site, and the device.
#[derive(Args)]
pub(crate) struct WriteArgs {
    /// 機種（一覧は onshi router devices）
    #[arg(value_parser = PossibleValuesParser::new(Device::ALL.map(Device::key)))]
    device: String,
    /// 地域（都道府県を書けば要りません）
    #[arg(long, value_enum)]
    region: Option<Area>,
    /// 都道府県（ローマ字。例: tokyo）
    #[arg(long)]
    prefecture: Option<String>,
    /// 使う業務: eligibility（資格確認）、claims（請求）、both
    #[arg(long, default_value = "eligibility", value_parser = PossibleValuesParser::new(Services::ALL.map(Services::key)))]
    services: String,
    /// ひかり電話があります
    #[arg(long)]
    phone: bool,
    /// 同じ回線のインターネット: none、pppoe、ipoe
    #[arg(long, default_value = "none", value_parser = PossibleValuesParser::new(Internet::ALL.map(Internet::key)))]
    internet: String,
    /// オンライン資格確認のLANを、院内のLANと分けます
    #[arg(long)]
    split: bool,
    /// プロバイダーのDNSサーバー（機器が自分で知ることができないとき）
    #[arg(long, value_delimiter = ',', value_name = "ADDR")]
    resolver: Vec<IpAddr>,
    /// 文書を書くフォルダ（無ければ画面に出します）
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// `onshi router lint`
#[derive(Args)]
#[command(after_help = "終了コード: 0 誤りなし、1 誤りがあります、2 読み取れません")]
pub(crate) struct LintArgs {
    /// 設定の文書（「-」は標準入力）
    file: PathBuf,
    /// 書き方（無ければ文書から判断します）
    #[arg(long, value_parser = PossibleValuesParser::new(Dialect::ALL.map(Dialect::key)))]
    device: Option<String>,
    /// 地域（無ければ文書から判断します）
    #[arg(long, value_enum)]
    region: Option<Area>,
    /// 使う業務（無ければ文書から判断します）
    #[arg(long, value_parser = PossibleValuesParser::new(Services::ALL.map(Services::key)))]
    services: Option<String>,
    /// ひかり電話: yes、no（無ければ調べません）
    #[arg(long, value_parser = PossibleValuesParser::new(["yes", "no"]))]
    phone: Option<String>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// `onshi router …`
pub(crate) fn run(command: RouterCommand) -> anyhow::Result<ExitCode> {
    match command {
        RouterCommand::Devices { json } => devices(json),
        RouterCommand::Write(args) => written(&args),
        RouterCommand::Plan(args) => planned(&args),
        RouterCommand::Lint(args) => linted(&args),
    }
}

fn devices(json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let all: Vec<_> = Device::ALL.into_iter().map(|device| json!({ "device": device.key(), "label": device.label() })).collect();
        say!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        say!("{}", output::pairs(Device::ALL.map(|device| (device.key(), device.label()))));
    }
    Ok(ExitCode::SUCCESS)
}

fn order(args: &WriteArgs) -> anyhow::Result<(Device, Order)> {
    let device = Device::by_key(&args.device).context("この機種の設定は書けません")?;
    let prefecture: Option<&'static Prefecture> = match &args.prefecture {
        Some(romaji) => Some(
            manuals::prefecture_by_romaji(&romaji.to_ascii_lowercase())
                .with_context(|| format!("「{romaji}」という都道府県はありません（ローマ字で、例: tokyo）"))?,
        ),
        None => None,
    };
    let region = match (args.region.map(Region::from), prefecture.map(|prefecture| prefecture.region)) {
        (Some(told), Some(lies)) if told != lies => bail!("この都道府県は{}です。--region を確かめてください。", lies.label()),
        (Some(region), _) | (None, Some(region)) => region,
        (None, None) => bail!("--region（east または west）か --prefecture を指定してください。"),
    };
    let services = Services::by_key(&args.services).context("--services")?;
    let internet = Internet::by_key(&args.internet).context("--internet")?;
    let site = Site { region, services, phone: args.phone, internet, split: args.split };
    Ok((device, Order { site, prefecture, resolvers: args.resolver.clone() }))
}

fn written(args: &WriteArgs) -> anyhow::Result<ExitCode> {
    let (device, order) = order(args)?;
    let written = write(device, &order);
    if let Some(folder) = &args.out {
        save(folder, &written)?;
    }
    if args.json {
        say!("{}", serde_json::to_string_pretty(&written)?);
        return Ok(ExitCode::SUCCESS);
    }
    match &args.out {
        Some(folder) => written.files.iter().for_each(|file| say!("{}", folder.join(file.name).display())),
        None => written.files.iter().for_each(|file| say!("――― {} ―――\n{}", file.name, file.text)),
    }
    say!("{}", steps(&written));
    say!("確かめる手順: onshi router plan {} に同じ指定を付けて実行してください。", device.key());
    Ok(ExitCode::SUCCESS)
}

fn save(folder: &Path, written: &Written) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} を作れません", folder.display()))?;
    for file in &written.files {
        let path = folder.join(file.name);
        chassis::files::write_whole(&path, file.text.as_bytes()).with_context(|| format!("{} を書けません", path.display()))?;
    }
    Ok(())
}

fn steps(written: &Written) -> String {
    let mut text = format!("{}\n{}\n\n入れる手順:\n", written.device_label, written.site);
    for (number, step) in written.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {step}\n", number + 1));
    }
    for (heading, lines) in [("試したこと:", &written.tried), ("試していないこと:", &written.untried)] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{heading}\n"));
            lines.iter().for_each(|line| text.push_str(&format!("  - {line}\n")));
        }
    }
    text
}

fn planned(args: &WriteArgs) -> anyhow::Result<ExitCode> {
    let (device, order) = order(args)?;
    let written = write(device, &order);
    if args.json {
        say!("{}", serde_json::to_string_pretty(&written.plan)?);
        return Ok(ExitCode::SUCCESS);
    }
    let text = format!("{}\n{}\n\n{}", written.device_label, written.site, written.plan.iter().map(check).collect::<String>());
    match &args.out {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("{} を作れません", folder.display()))?;
            let path = folder.join("plan.txt");
            chassis::files::write_whole(&path, text.as_bytes()).with_context(|| format!("{} を書けません", path.display()))?;
            say!("{}", path.display());
        }
        None => say!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(check: &Check) -> String {
    let how: String = check.how.iter().map(|line| format!("      {line}\n")).collect();
    format!("[ ] {}. {}（{}）\n{how}      → {}\n", check.number, check.what, check.at, check.see)
}

fn linted(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let text = read(&args.file)?;
    let expected = Expected {
        region: args.region.map(Region::from),
        services: args.services.as_deref().and_then(Services::by_key),
        phone: args.phone.as_deref().map(|word| word == "yes"),
    };
    let dialect = args.device.as_deref().and_then(Dialect::by_key);
    let report = match lint::lint(&text, dialect, expected) {
        Ok(report) => report,
        Err(unread) => {
            eprintln!("{}", unread.text());
            return Ok(ExitCode::from(UNREAD));
        }
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        say!("{}", told(&report));
    }
    Ok(if report.has_mistakes() { ExitCode::from(MISTAKES) } else { ExitCode::SUCCESS })
}

/// The text of a file, in either of the field's character sets; no more of it than is ever read.
fn read(path: &Path) -> anyhow::Result<String> {
    let most = u64::try_from(lint::MAX_BYTES)? + 1;
    let mut bytes = Vec::new();
    let problem = || format!("{} を読めません", path.display());
    if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes).with_context(problem)?;
    } else {
        std::fs::File::open(path).with_context(problem)?.take(most).read_to_end(&mut bytes).with_context(problem)?;
    }
    Ok(match wire::charset::decode(&bytes) {
        Ok((text, _)) => text,
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn told(report: &Report) -> String {
    let region = report.region.map_or("不明", Region::label);
    let services = report.services.map_or("不明", Services::label);
    let mut text = format!("読んだもの: {}（地域: {region}、業務: {services}、ドメイン: {}）\n", report.dialect.key(), report.domains);
    report.findings.iter().for_each(|finding| text.push_str(&line(finding)));
    text.push_str(match (report.findings.is_empty(), report.has_mistakes()) {
        (true, _) => "誤りは見つかりませんでした。",
        (false, true) => "誤りがあります。",
        (false, false) => "誤りはありませんが、確かめてください。",
    });
    text
}

fn line(finding: &Finding) -> String {
    let place = if finding.line == 0 { "全体".to_owned() } else { format!("{}行目", finding.line) };
    let mark = match finding.severity {
        Severity::Mistake => "誤り",
        Severity::Doubt => "注意",
    };
    format!("{place}: {mark}: {}\n        {}\n", finding.what, finding.fix)
}
