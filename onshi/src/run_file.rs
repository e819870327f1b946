//! The note that a running center leaves in its data folder, so that the command line on the same machine finds it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
#[cfg(feature = "center")]
use chassis::files;
use chassis::http;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Takes a data folder for this run: one run a data folder. The system gives it back when the process ends, however it ends.
#[cfg(feature = "center")]
pub(crate) fn hold(data: &Path) -> anyhow::Result<std::fs::File> {
    let path = data.join("lock");
    let file = std::fs::File::options().create(true).truncate(false).write(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => bail!(
            "{} はすでに使われています。動いている onshi を終えるか、--data（center serve では [center] data）で別の場所を選んでください。",
            data.display()
        ),
    }
}

/// What a running center says of itself. Readable by its owner only, because of the token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) pid: u32,
    pub(crate) started_at: jiff::Timestamp,
    /// The one HTTPS port of all hosts.
    pub(crate) https: SocketAddr,
    /// The plain HTTP port of revocation lists, if there is one.
    #[serde(default)]
    pub(crate) lists: Option<SocketAddr>,
    /// The folders of the demo clinic, if there is one.
    pub(crate) clinic: Option<PathBuf>,
    /// Opens the operators' door for the command line of this machine, for this run only.
    #[serde(serialize_with = "reveal")]
    pub(crate) local_token: SecretString,
}

fn reveal<S: serde::Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

impl RunFile {
    /// Where it lies.
    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("run.json")
    }

    /// Leaves the note.
    #[cfg(feature = "center")]
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        files::write_private(&Self::path(data), &text).with_context(|| format!("{} を書けません", Self::path(data).display()))
    }

    /// Takes the note away.
    #[cfg(feature = "center")]
    pub(crate) fn remove(data: &Path) {
        // If it stays, its token opens nothing and its port does not answer.
        let _gone = std::fs::remove_file(Self::path(data));
    }

    /// The note, if one lies there.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        match std::fs::read(Self::path(data)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(|| format!("{} を読めません", Self::path(data).display()))?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} を読めません", Self::path(data).display())),
        }
    }

    /// A client for the center that left this note, trusting the root it made.
    pub(crate) fn client(&self, data: &Path, timeout: Duration) -> anyhow::Result<reqwest::Client> {
        let roots = data.join("center").join("certificates").join("server-root.pem");
        let roots_pem = std::fs::read(&roots).with_context(|| format!("{} を読めません", roots.display()))?;
        let name = manuals::hosts::operator().name.to_owned();
        let reach = reachable(self.https);
        let config = http::ClientConfig {
            roots_pem,
            identity_pem: None,
            resolve: vec![(name, reach)],
            connect_timeout: Duration::from_secs(3),
            timeout,
        };
        Ok(http::client(&config)?)
    }

    /// The address of a page of the operators' door.
    pub(crate) fn operator_url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", manuals::hosts::operator().name, self.https.port())
    }
}

/// Where a listener on "every address" is reached from this machine.
pub(crate) fn reachable(listening: SocketAddr) -> SocketAddr {
    match listening {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (std::net::Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

/// The note of a center that answers, or why there is none.
pub(crate) async fn running(data: &Path) -> anyhow::Result<Option<(RunFile, reqwest::Client)>> {
    let Some(run) = RunFile::read(data)? else { return Ok(None) };
    let client = run.client(data, Duration::from_secs(600))?;
    match client.get(run.operator_url("/health/ready")).timeout(Duration::from_secs(5)).send().await {
        Ok(answer) if answer.status().is_success() => Ok(Some((run, client))),
        Ok(answer) => bail!("センターは動いていますが、まだ応じられません（{}）。", answer.status()),
        // The process is gone and could not take its note away.
        Err(error) if error.is_connect() => Ok(None),
        Err(error) => Err(error).context("センターの状態を尋ねられません"),
    }
}

/// `onshi status`: what runs, and where.
pub(crate) async fn status(data: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let found = running(data).await?;
    if json {
        let shown = match &found {
            None => serde_json::json!({ "running": false, "data": data }),
            Some((run, _)) => serde_json::json!({
                "running": true,
                "data": data,
                "pid": run.pid,
                "started_at": run.started_at,
                "https": run.https,
                "clinic": run.clinic,
                "hosts": crate::names::served().into_iter().map(|(name, purpose)| serde_json::json!({ "name": name, "purpose": purpose })).collect::<Vec<_>>(),
                "roots": data.join("center").join("certificates").join("server-root.pem"),
            }),
        };
        say!("{}", serde_json::to_string_pretty(&shown)?);
    } else {
        match &found {
            None => say!("動いていません（データ: {}）。始めるには: onshi up", data.display()),
            Some((run, _)) => {
                say!("動いています（プロセス {}、{} から）", run.pid, chassis::clock::japan(run.started_at).strftime("%Y-%m-%d %H:%M"));
                say!("データ: {}", data.display());
                crate::output::addresses(run.https, run.clinic.as_deref());
            }
        }
    }
    Ok(if found.is_some() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
