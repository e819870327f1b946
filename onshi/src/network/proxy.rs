//! `onshi network proxy …`: runs the forward proxy, shows how a terminal is set to it, and judges a setting that was found.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::clock::Clock;
use chassis::http::ClientConfig;
use chassis::signed::PublicKey;
use chassis::stop;
use clap::{Args, Subcommand};
use manuals::proxy::{Seen, Way};
use network::proxy::{Config, Proxy, Running, settings};
use network::snapshot::{Follower, Latest, Source};
use serde_json::json;

use super::{NetworkConfig, joined, show_figures};
use crate::ports::bind;

/// `onshi network proxy …`
#[derive(Subcommand)]
pub(crate) enum ProxyCommand {
    /// 動かします
    Serve(Box<ServeArgs>),
    /// 端末の設定（プロキシ、例外、WinHTTP、PAC）を表示します
    Settings {
        /// 機械が読む形（JSON）で出力します
        #[arg(long)]
        json: bool,
    },
    /// 端末で見つけた設定の誤りを調べます
    Check(CheckArgs),
}

/// `onshi network proxy serve`
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// 設定ファイル
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 待ち受ける場所（いくつでも。無ければ設定ファイルのとおり）
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,
    /// センターの署名付き一覧（ファイルか https:// のアドレス）
    #[arg(long, value_name = "FILE|URL")]
    snapshot: Option<String>,
    /// 一覧の公開鍵（16 進 64 桁か、それを書いたファイル）
    #[arg(long, value_name = "KEY|FILE")]
    snapshot_key: Option<String>,
    /// 新しいプロセスへポートを引き継ぐソケット
    #[arg(long, value_name = "FILE")]
    handover: Option<PathBuf>,
    /// 指標を平文の HTTP で出す場所
    #[arg(long, value_name = "ADDRESS")]
    monitoring: Option<SocketAddr>,
}

/// `onshi network proxy check`
#[derive(Args)]
pub(crate) struct CheckArgs {
    /// 画面のプロキシ（アドレス:ポート）
    #[arg(long)]
    proxy: Option<String>,
    /// 画面の「プロキシを使わないアドレス」
    #[arg(long)]
    bypass: Option<String>,
    /// 「netsh winhttp show proxy」の表示を書いたファイル（- は標準入力）
    #[arg(long, value_name = "FILE")]
    winhttp: Option<PathBuf>,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

/// `onshi network proxy …`
pub(crate) async fn run(command: ProxyCommand) -> anyhow::Result<ExitCode> {
    match command {
        ProxyCommand::Serve(args) => serve(*args).await,
        ProxyCommand::Settings { json } => show_settings(json),
        ProxyCommand::Check(args) => check(&args),
    }
}

async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let mut config = NetworkConfig::load(args.config.as_deref())?;
    chassis::log::start(config.log.format, &config.log.levels);
    let proxy = &mut config.proxy;
    if !args.listen.is_empty() {
        proxy.listen = args.listen;
    }
    proxy.snapshot = args.snapshot.unwrap_or_else(|| std::mem::take(&mut proxy.snapshot));
    proxy.snapshot_key = args.snapshot_key.unwrap_or_else(|| std::mem::take(&mut proxy.snapshot_key));
    proxy.handover = args.handover.unwrap_or_else(|| std::mem::take(&mut proxy.handover));
    show_figures(args.monitoring).await?;
    let asked_to_stop = stop::listening().await;
    let latest = follow(proxy).await?;
    let (grace, drain) = (Duration::from_secs(proxy.grace_seconds), Duration::from_secs(proxy.drain_seconds));
    let (path, listen) = (proxy.handover.clone(), proxy.listen.clone());
    let ports = Ports::take(&path, &listen).await?;
    let running = Proxy::new(config.proxy, latest, Clock::system()).serve(ports.listeners()?)?;
    let succeeded = ports.hand_on(&path, &running)?;
    say!("プロキシが動いています: {}", joined(&running.addresses));
    tokio::select! {
        () = asked_to_stop => running.stop(grace).await,
        () = succeeded => {
            say!("新しいプロセスへ引き継ぎました。開いているトンネル: {}", running.connections());
            let asked_again = stop::listening().await;
            tokio::select! {
                () = running.stop(drain) => {}
                () = asked_again => {}
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Begins to follow the registry's snapshots. A proxy without one serves all the same: it says what it lacks to whoever asks.
async fn follow(config: &Config) -> anyhow::Result<Latest> {
    if config.snapshot.is_empty() || config.snapshot_key.is_empty() {
        bail!("センターの署名付き一覧（[proxy] snapshot）と、その公開鍵（snapshot_key）を指定してください。");
    }
    let key = public_key(&config.snapshot_key)?;
    let source = if config.snapshot.starts_with("https://") {
        let roots_pem = std::fs::read(&config.snapshot_roots)
            .with_context(|| format!("ルート証明書 {} を読めません（[proxy] snapshot_roots）", config.snapshot_roots.display()))?;
        let address: http::Uri = config.snapshot.parse().with_context(|| format!("{} はアドレスではありません", config.snapshot))?;
        let (host, port) = (address.host().unwrap_or_default().to_owned(), address.port_u16().unwrap_or(443));
        let resolve = config.snapshot_at.map(|at| (host, SocketAddr::new(at, port))).into_iter().collect();
        let timeout = Duration::from_secs(30);
        let client = ClientConfig { roots_pem, identity_pem: None, resolve, connect_timeout: Duration::from_secs(5), timeout };
        Source::Address(chassis::http::client(&client)?, config.snapshot.clone())
    } else {
        Source::File(PathBuf::from(&config.snapshot))
    };
    let (mut follower, latest) = Follower::new(source, vec![key], Clock::system());
    if let Err(error) = follower.look().await {
        say!("注意: 署名付き一覧がまだ使えません（{error}）。使えるようになるまで、すべての要求を断ります。");
    }
    tokio::spawn(follower.follow());
    Ok(latest)
}

fn public_key(given: &str) -> anyhow::Result<PublicKey> {
    if let Some(key) = PublicKey::from_hex(given) {
        return Ok(key);
    }
    let text = std::fs::read_to_string(given).with_context(|| format!("公開鍵のファイル {given} を読めません"))?;
    PublicKey::from_hex(&text).with_context(|| format!("{given} は公開鍵（16 進 64 桁）ではありません"))
}

/// The listening sockets, of our own or taken over from the process before.
struct Ports {
    own: Vec<TcpListener>,
    #[cfg(unix)]
    inherited: Option<network::proxy::handover::Inheritance>,
}

impl Ports {
    async fn take(path: &Path, listen: &[SocketAddr]) -> anyhow::Result<Self> {
        #[cfg(unix)]
        if !path.as_os_str().is_empty() {
            let path = path.to_owned();
            let inherited = tokio::task::spawn_blocking(move || network::proxy::handover::inherit(&path)).await?;
            if let Some(inherited) = inherited.context("動いているプロセスからポートを引き継げません")? {
                return Ok(Self { own: Vec::new(), inherited: Some(inherited) });
            }
        }
        #[cfg(not(unix))]
        if !path.as_os_str().is_empty() {
            bail!("ポートの引き継ぎ（handover）は、この OS では使えません。");
        }
        let mut own = Vec::new();
        for address in listen {
            own.push(bind(*address).await?.into_std()?);
        }
        Ok(Self {
            own,
            #[cfg(unix)]
            inherited: None,
        })
    }

    fn listeners(&self) -> std::io::Result<Vec<TcpListener>> {
        #[cfg(unix)]
        if let Some(inherited) = &self.inherited {
            return inherited.listeners.iter().map(TcpListener::try_clone).collect();
        }
        self.own.iter().map(TcpListener::try_clone).collect()
    }

    /// Tells the process before that we serve, and returns when one after us does.
    #[cfg(unix)]
    fn hand_on(self, path: &Path, running: &Running) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        if let Some(inherited) = self.inherited
            && let Err(error) = inherited.serving()
        {
            tracing::warn!(%error, "the process before was not told that we serve: stop it");
        }
        let mut successor = None;
        if !path.as_os_str().is_empty() {
            let heirloom = network::proxy::handover::Heirloom::wait_at(path)
                .with_context(|| format!("引き継ぎのソケット {} を作れません", path.display()))?;
            let listeners = running.listeners()?;
            let (told, heard) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || match heirloom.hand_over(&listeners) {
                Ok(()) => {
                    let _whoever_waited_may_have_ended = told.send(());
                }
                Err(error) => tracing::error!(%error, "no new process can take over any more"),
            });
            successor = Some(heard);
        }
        Ok(async move {
            let served = match successor {
                Some(heard) => heard.await.is_ok(),
                None => false,
            };
            if !served {
                std::future::pending::<()>().await;
            }
        })
    }

    #[cfg(not(unix))]
    fn hand_on(self, _path: &Path, _running: &Running) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        Ok(std::future::pending())
    }
}

fn show_settings(json: bool) -> anyhow::Result<ExitCode> {
    if json {
        say!("{}", serde_json::to_string_pretty(&settings::fixed())?);
        return Ok(ExitCode::SUCCESS);
    }
    let (host, sheet) = (manuals::proxy::address(), manuals::proxy::sheet());
    say!("アドレス: {}", host.name);
    say!("ポート: {}", host.port);
    say!("次のエントリで始まるアドレス以外にプロキシサーバーを使います:");
    say!("{}", manuals::proxy::bypass_text());
    say!("");
    say!("Windows 全体へ写す（管理者のコマンドプロンプト）: {}", sheet.import_command);
    say!("確かめる: {}", sheet.show_command);
    say!("{}", manuals::proxy::winhttp_display());
    say!("");
    say!("自動構成スクリプト: http://{}:{}/proxy.pac", host.name, host.port);
    Ok(ExitCode::SUCCESS)
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let winhttp = match &args.winhttp {
        None => None,
        Some(path) if path.as_os_str() == "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().take(64 * 1024).read_to_end(&mut bytes)?;
            Some(shown(&bytes)?)
        }
        Some(path) => Some(shown(&std::fs::read(path).with_context(|| format!("{} を読めません", path.display()))?)?),
    };
    let seen = Seen { proxy: args.proxy.as_deref(), bypass: args.bypass.as_deref(), winhttp: winhttp.as_deref(), v6_option: None };
    if seen == Seen::default() {
        bail!("--proxy、--bypass、--winhttp のどれかを指定してください。");
    }
    let found = manuals::proxy::check(Way::Base, &seen);
    if args.json {
        let list: Vec<_> = found.iter().map(|mistake| json!({ "message": mistake.text(), "owner": mistake.owner().label() })).collect();
        say!("{}", json!({ "mistakes": list }));
    } else if found.is_empty() {
        say!("誤りはありません。");
    } else {
        found.iter().for_each(|mistake| say!("{}（担当: {}）", mistake.text(), mistake.owner().label()));
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The display as text: a Windows console writes its own code page into a file.
fn shown(bytes: &[u8]) -> anyhow::Result<String> {
    let charset = if std::str::from_utf8(bytes).is_ok() { wire::charset::Charset::Utf8 } else { wire::charset::Charset::ShiftJis };
    let text = wire::charset::decode_as(bytes, charset);
    text.context("表示の文字コードを読み取れません（UTF-8 か Shift_JIS で保存してください）")
}
