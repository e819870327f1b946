//! Maps the network's real names to the machine on which a center is being tried, for programs that are not browsers.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};

use crate::cli::DataArgs;
use crate::run_file::{reachable, running};

/// `onshi names`
#[derive(Args)]
pub(crate) struct NamesArgs {
    #[command(flatten)]
    data: DataArgs,
    /// 出力の形
    #[arg(long, value_enum, default_value_t = Format::Hosts)]
    format: Format,
    #[command(subcommand)]
    command: Option<NamesCommand>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// hosts ファイルに書き足す行
    Hosts,
    /// curl に渡す引数（--connect-to）
    Curl,
    /// 機械が読む形
    Json,
}

#[derive(Subcommand)]
enum NamesCommand {
    /// 名前が結び付いた状態で、ほかのプログラムを実行します（Linux）
    Run {
        /// プログラムとその引数（-- の後に書きます）
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<String>,
    },
}

/// The hosts that a center serves now, and what each is for.
pub(crate) fn served() -> Vec<(String, &'static str)> {
    use manuals::hosts;
    [
        hosts::web_api_login(),
        hosts::web_api_search(),
        hosts::authority(),
        hosts::crl(),
        hosts::operator(),
        hosts::application(),
        hosts::line_portal(),
        hosts::line_notifier_east(),
        hosts::line_notifier_west(),
    ]
    .into_iter()
    .map(|host| (host.name.to_owned(), host.purpose))
    .collect()
}

/// `onshi names`: prints the mapping, or runs a program under it.
pub(crate) async fn run(args: &NamesArgs) -> anyhow::Result<ExitCode> {
    let Some((run, _)) = running(&args.data.data).await? else {
        bail!("センターが動いていません（データ: {}）。先に onshi up を実行してください。", args.data.data.display());
    };
    let reach = reachable(run.https);
    let hosts: Vec<String> = served().into_iter().map(|(name, _)| format!("{} {name}", reach.ip())).collect();
    match (&args.command, args.format) {
        (Some(NamesCommand::Run { program }), _) => run_under(program, &hosts, &args.data, reach.port()),
        (None, Format::Hosts) => {
            say!("{}", hosts.join("\n"));
            Ok(ExitCode::SUCCESS)
        }
        (None, Format::Curl) => {
            let arguments = served().into_iter().map(|(name, _)| format!("--connect-to {name}:443:{reach}"));
            say!("{}", arguments.collect::<Vec<_>>().join(" "));
            Ok(ExitCode::SUCCESS)
        }
        (None, Format::Json) => {
            let map: serde_json::Map<_, _> = served().into_iter().map(|(name, _)| (name, reach.to_string().into())).collect();
            say!("{}", serde_json::to_string_pretty(&map)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Runs `program` where /etc/hosts is a private copy with our lines: nothing on the machine itself changes.
#[cfg(all(target_os = "linux", feature = "clinic"))]
fn run_under(program: &[String], hosts: &[String], data: &DataArgs, port: u16) -> anyhow::Result<ExitCode> {
    use anyhow::Context;
    let folder = std::path::absolute(&data.data)?;
    let file = folder.join("hosts");
    let own = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    std::fs::write(&file, format!("{}\n{own}\n", hosts.join("\n"))).with_context(|| format!("{} を書けません", file.display()))?;
    let clinic = folder.join("clinic").join("keys");
    let config = clinic::config::Config::load(&folder.join("clinic").join("clinic.toml"))?;
    let status = std::process::Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""])
        .arg(&file)
        .args(program)
        .env("ONSHI_PORT", port.to_string())
        .env("ONSHI_ROOTS", clinic.join("roots.pem"))
        .env("ONSHI_CERTIFICATE", clinic.join("clinic.pem"))
        .env("ONSHI_KEY", clinic.join("clinic.key"))
        .env("ONSHI_PASSWORD_FILE", clinic.join("password"))
        .env("ONSHI_ACCOUNT", config.center.account)
        .env("ONSHI_FACILITY", config.facility_code)
        .status()
        .context("unshare を実行できません（util-linux が要ります）。代わりに onshi names の行を hosts ファイルに書き足してください")?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

#[cfg(not(all(target_os = "linux", feature = "clinic")))]
fn run_under(_program: &[String], hosts: &[String], _data: &DataArgs, _port: u16) -> anyhow::Result<ExitCode> {
    bail!("この機械では使えません。次の行を hosts ファイルに書き足してください:\n{}", hosts.join("\n"));
}
