//! The center as one process: opens the rooms, puts each behind its host's name, and serves until asked to stop.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use authority::Authority;
use axum::Router;
use axum::routing::get;
use chassis::audit::{Audit, AuditKeys, Settings};
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::serve::{Doors, Running};
use chassis::tls::{self, ByName};
use chassis::vault::{self, Vault};
use chassis::{files, log, random, serve};
use clap::Subcommand;
use eligibility::Eligibility;
use eligibility::api::Desk;
use manuals::hosts::{self, Demand, Host};
use registry::Registry;
use registry::operator::Guard;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::center_config::{CenterConfig, ENVIRONMENT_PREFIX};
use crate::monitoring::{self, Monitoring};
use crate::records::{self, Log};
use crate::run_file::RunFile;

/// `onshi center …`
#[derive(Subcommand)]
pub(crate) enum CenterCommand {
    /// 設定ファイルに従ってセンターを動かします
    Serve {
        /// 設定ファイル
        #[arg(long, value_name = "FILE", default_value = "config/center.toml")]
        config: PathBuf,
    },
}

/// `onshi center …`
pub(crate) async fn run(command: CenterCommand) -> anyhow::Result<ExitCode> {
    let CenterCommand::Serve { config } = command;
    let config: CenterConfig = chassis::config::load(&config, ENVIRONMENT_PREFIX)?;
    log::start(config.log.format, &config.log.levels);
    let listener = bind(config.center.listen).await?;
    let center = Center::open(config, Clock::system()).await?;
    if let Some((name, password)) = &center.first_operator {
        say!("最初の運用者: {name}  パスワード: {}", secrecy::ExposeSecret::expose_secret(password));
        say!("このパスワードは二度と表示されません。控えてください。");
    }
    if !center.sealed {
        say!("注意: 認証局の鍵は封印されていません。ONSHI_PASSPHRASE を渡すと封印されます。");
    }
    let running = center.serve(listener, None).await?;
    say!("センターが動いています: {}", running.address());
    serve::asked_to_stop().await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Takes a port, with words for the usual mistakes.
pub(crate) async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!(
                "ポート {} はほかのプログラムが使っています。別のポートを選んでください（onshi up では --port）。",
                address.port()
            )
        }
        std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!(
                "ポート {} を開く権限がありません。1024 以上のポートを選ぶか、権限のある利用者で実行してください。",
                address.port()
            )
        }
        _ => anyhow::Error::new(error).context(format!("{address} を開けません")),
    })
}

/// The rooms, open but not yet serving.
pub(crate) struct Center {
    pub(crate) config: CenterConfig,
    pub(crate) registry: Registry,
    pub(crate) authority: Authority,
    pub(crate) eligibility: Eligibility,
    pub(crate) clock: Clock,
    /// Made at the very first start, to be shown once.
    pub(crate) first_operator: Option<(String, SecretString)>,
    /// Whether the CA's keys are worthless without a passphrase.
    pub(crate) sealed: bool,
    pub(crate) local_token: SecretString,
    audit: Audit,
    log: Log,
}

impl Center {
    /// Opens every room.
    pub(crate) async fn open(config: CenterConfig, clock: Clock) -> anyhow::Result<Self> {
        let folder = config.folder();
        files::make_private_folder(&folder).with_context(|| format!("{} を作れません", folder.display()))?;
        let vault = open_vault(&folder)?;
        let databases = config.databases();
        let now = clock.now();
        let db = Database::open(&databases.rooms).await.context("センターのデータベースを開けません")?;
        let registry = Registry::open(db.clone(), config.registry.clone()).await?;
        let certificates = folder.join("certificates");
        let authority = Authority::open(db.clone(), registry.clone(), &vault, &certificates, config.authority.clone(), now).await?;
        publish_roots(&authority, &certificates)?;
        let register = if databases.register == databases.rooms {
            db
        } else {
            Database::open(&databases.register).await.context("加入者台帳のデータベースを開けません")?
        };
        let eligibility = Eligibility::open(register, config.eligibility.clone()).await?;
        let (audit, log) = open_audit(&databases.audit, &vault, &folder, &clock).await?;
        let first_operator = registry.first_operator(now).await?;
        let local_token = SecretString::from(random::text(40, random::READABLE)?);
        Ok(Self { registry, authority, eligibility, clock, first_operator, sealed: vault.is_sealed(), local_token, audit, log, config })
    }

    /// Everything an operator may ask of the rooms, behind the guard.
    pub(crate) fn operator_routes(&self) -> Router {
        let rooms = registry::operator::routes(self.registry.clone(), self.clock.clone())
            .merge(authority::operator::routes(self.authority.clone(), self.clock.clone()))
            .merge(eligibility::operator::routes(self.eligibility.clone(), self.clock.clone()))
            .merge(records::routes(self.log.clone()));
        Guard::new(self.registry.clone(), self.local_token.clone()).before(rooms)
    }

    fn routes(&self, monitoring: &Monitoring) -> Vec<(&'static Host, Router)> {
        let desk = Desk {
            eligibility: self.eligibility.clone(),
            registry: self.registry.clone(),
            audit: self.audit.clone(),
            clock: self.clock.clone(),
        };
        let (authority, registry, clock) = (self.authority.clone(), self.registry.clone(), self.clock.clone());
        let guard = Guard::new(self.registry.clone(), self.local_token.clone());
        let figures = guard.before(Router::new().route("/metrics", get(monitoring::figures)).with_state(monitoring.clone()));
        vec![
            (hosts::operator(), self.operator_routes().merge(figures).merge(monitoring::health(monitoring.clone()))),
            (hosts::web_api_login(), eligibility::api::login_routes(desk.clone())),
            (hosts::web_api_search(), eligibility::api::search_routes(desk)),
            (hosts::authority(), authority::api::routes(authority.clone(), registry.clone(), clock.clone())),
            (hosts::crl(), authority::api::revocation_routes(authority, registry, clock)),
        ]
    }

    fn doors(&self, monitoring: &Monitoring) -> anyhow::Result<Doors> {
        let mut names = ByName::default();
        let mut by_host = HashMap::new();
        for (host, routes) in self.routes(monitoring) {
            let mut known = vec![host.name.to_owned()];
            if self.config.center.localhost_names && !host.ours {
                known.push(format!("{}.localhost", host.name));
            }
            let identity = self.authority.host_identity(&known, self.clock.now())?;
            let issuers = (host.client_certificate != Demand::None)
                .then(|| self.authority.client_issuer_names().into_iter().map(Into::into).collect());
            names.add(&known, &tls::server_config(host.name, &identity, issuers)?);
            by_host.insert(Arc::from(host.name), routes);
        }
        let client_roots = tls::trust_anchors(&self.authority.client_roots())?;
        Ok(Doors { names, routes: by_host, client_roots, limits: self.config.limits, clock: self.clock.clone() })
    }

    /// Opens the doors and leaves the note for the command line.
    pub(crate) async fn serve(self, listener: TcpListener, clinic: Option<PathBuf>) -> anyhow::Result<RunningCenter> {
        let monitoring = Monitoring::start(self.registry.clone())?;
        let running = serve::open(listener, self.doors(&monitoring)?)?;
        let apart = match self.config.center.monitoring {
            Some(address) => Some(monitoring::serve_apart(bind(address).await?, monitoring)),
            None => None,
        };
        let run = RunFile {
            pid: std::process::id(),
            started_at: self.clock.now(),
            https: running.address,
            clinic,
            local_token: self.local_token.clone(),
        };
        let data = self.config.center.data.clone();
        run.write(&data)?;
        Ok(RunningCenter { running, apart, data, center: self })
    }
}

/// A center that is serving.
pub(crate) struct RunningCenter {
    running: Running,
    apart: Option<tokio::task::JoinHandle<()>>,
    data: PathBuf,
    pub(crate) center: Center,
}

impl RunningCenter {
    /// The HTTPS port.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.running.address
    }

    /// Finishes what was begun, writes the audit log out, and takes the note away.
    pub(crate) async fn stop(self) {
        if let Some(apart) = self.apart {
            apart.abort();
        }
        self.running.stop().await;
        self.center.audit.close().await;
        RunFile::remove(&self.data);
    }
}

/// The vault of a center's folder, opened with the passphrase from elsewhere if there is one.
pub(crate) fn open_vault(folder: &Path) -> anyhow::Result<Vault> {
    Ok(Vault::open(&folder.join("keys"), vault::passphrase_from_elsewhere().as_ref())?)
}

/// Where the audit log keeps the heads of its chains: outside the database.
pub(crate) fn heads_folder(folder: &Path) -> PathBuf {
    folder.join("keys").join("audit-heads")
}

async fn open_audit(url: &str, vault: &Vault, folder: &Path, clock: &Clock) -> anyhow::Result<(Audit, Log)> {
    let db = Database::open(url).await.context("監査記録のデータベースを開けません")?;
    let keys = AuditKeys::load_or_create(vault)?;
    let heads = heads_folder(folder);
    let log = Log { db: db.clone(), public_key: keys.public().clone(), heads: heads.clone() };
    Ok((Audit::open(db, keys, &heads, clock.clone(), Settings::default()).await?, log))
}

/// Leaves the server root where the command line and a demo clinic find it.
fn publish_roots(authority: &Authority, certificates: &Path) -> anyhow::Result<()> {
    let path = certificates.join("server-root.pem");
    files::write_whole(&path, authority::pem_of(authority.server_root()).as_bytes())
        .with_context(|| format!("{} を書けません", path.display()))
}
