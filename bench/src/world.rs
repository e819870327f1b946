//! A running `onshi up` in a temporary folder, started from the program built beside this one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::http::{ClientConfig, client};
use serde_json::{Value, json};

/// The program under measurement.
pub(crate) fn onshi(folder: &Path) -> anyhow::Result<Command> {
    let beside = std::env::current_exe()?.parent().context("this program lies nowhere")?.join("onshi");
    let mut command = Command::new(beside);
    command.current_dir(folder).stdin(Stdio::null()).env_remove("ONSHI_PASSPHRASE");
    Ok(command)
}

/// A center and its demo clinic.
pub(crate) struct World {
    pub(crate) data: PathBuf,
    pub(crate) https: SocketAddr,
    child: Child,
}

impl World {
    /// Starts one in `folder` and waits for its first answer.
    pub(crate) fn begin(folder: &Path) -> anyhow::Result<Self> {
        Self::begin_with(folder, &[])
    }

    /// As [`begin`](Self::begin), with these variables of the environment over its settings.
    pub(crate) fn begin_with(folder: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = onshi(folder)?;
        let mut child = command.args(["up", "--port", "0"]).envs(settings.iter().copied()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("it has no output")?;
        let mut lines = BufReader::new(output).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ctrl-C"));
        if !ready {
            bail!("onshi up ended before it was ready");
        }
        let data = folder.join("onshi-data");
        let run: Value = serde_json::from_slice(&std::fs::read(data.join("run.json"))?)?;
        let https = run.get("https").and_then(Value::as_str).context("no address")?.parse()?;
        Ok(Self { data, https, child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The plain HTTP port of revocation lists.
    pub(crate) fn lists(&self) -> anyhow::Result<SocketAddr> {
        let run: Value = serde_json::from_slice(&std::fs::read(self.data.join("run.json"))?)?;
        Ok(run.get("lists").and_then(Value::as_str).context("no lists are served")?.parse()?)
    }

    /// The code of the clinic's facility.
    pub(crate) fn facility(&self) -> anyhow::Result<String> {
        let config: toml::Table = std::fs::read_to_string(self.data.join("clinic").join("clinic.toml"))?.parse()?;
        Ok(config.get("facility_code").and_then(toml::Value::as_str).context("no facility")?.to_owned())
    }

    /// A file of the clinic's keys.
    pub(crate) fn key(&self, name: &str) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.data.join("clinic").join("keys").join(name))?)
    }

    /// A client with the clinic's certificate that keeps its connections open.
    pub(crate) fn client(&self) -> anyhow::Result<reqwest::Client> {
        let hosts = [manuals::hosts::web_api_login(), manuals::hosts::web_api_search(), manuals::hosts::operator()];
        Ok(client(&ClientConfig {
            roots_pem: self.key("roots.pem")?.into_bytes(),
            identity_pem: Some(format!("{}{}", self.key("clinic.pem")?, self.key("clinic.key")?).into()),
            resolve: hosts.iter().map(|host| (host.name.to_owned(), self.https)).collect(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
        })?)
    }

    /// A client with which this machine's own command line passes the operators' door.
    pub(crate) fn operator(&self) -> anyhow::Result<reqwest::Client> {
        let run: Value = serde_json::from_slice(&std::fs::read(self.data.join("run.json"))?)?;
        let token = run.get("local_token").and_then(Value::as_str).context("no token")?;
        let headers = reqwest::header::HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, format!("Bearer {token}").parse()?)]);
        Ok(reqwest::Client::builder()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(self.key("roots.pem")?.as_bytes())?)
            .resolve(manuals::hosts::operator().name, self.https)
            .default_headers(headers)
            .no_proxy()
            .build()?)
    }

    /// The address of a page.
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.https.port())
    }

    /// Logs in as the clinic's program.
    pub(crate) async fn token(&self, client: &reqwest::Client) -> anyhow::Result<String> {
        let config: toml::Table = std::fs::read_to_string(self.data.join("clinic").join("clinic.toml"))?.parse()?;
        let account = config.get("center").and_then(|center| center.get("account")).and_then(toml::Value::as_str).context("no account")?;
        let body = json!({ "userId": account, "password": self.key("password")? });
        let url = self.url(manuals::hosts::web_api_login().name, manuals::hosts::paths().web_api_login);
        let reply: Value = client.post(url).json(&body).send().await?.json().await?;
        Ok(reply.pointer("/result/idToken").and_then(Value::as_str).context("the log-in was refused")?.to_owned())
    }

    /// Runs a command of the program in the world's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let folder = self.data.parent().context("the data lies nowhere")?;
        let output = onshi(folder)?.args(arguments).output()?;
        if !output.status.success() {
            bail!("onshi {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Killed rather than asked: a measurement's data is thrown away.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
