//! The center as one process: opens the rooms, puts each behind its host's name, and serves until asked to stop.

mod running;

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
use chassis::lease::Leases;
use chassis::mail::{Outbox, Post};
use chassis::page;
use chassis::serve::Doors;
use chassis::tls::{self, ByName};
use chassis::vault::{self, Vault};
use chassis::{files, random, serve, stop};
use clap::Subcommand;
use eligibility::Eligibility;
use eligibility::api::Desk;
use manuals::hosts::{self, Demand, Host};
use registry::Registry;
use registry::operator::Guard;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::center_config::{CenterConfig, ENVIRONMENT_PREFIX, Room};
use crate::certificates;
use crate::chores::Chores;
use crate::lineauth::LineRooms;
use crate::lists;
use crate::monitoring::{self, Monitoring};
use crate::ports::{bind, listen, reserve};
use crate::records::{self, Log};
use crate::run_file::{self, RunFile};
use crate::snapshots::Publisher;
use crate::traces;

pub(crate) use running::RunningCenter;

/// `onshi center …`
#[derive(Subcommand)]
pub(crate) enum CenterCommand {
    /// 設定ファイルに従ってセンターを動かします
    Serve {
        /// 設定ファイル
        #[arg(long, value_name = "FILE", default_value = "config/center.toml")]
        config: PathBuf,
        /// 開く部屋（例: --rooms authority,eligibility。無ければ設定ファイルのとおり）
        #[arg(long, value_enum, value_delimiter = ',', value_name = "ROOM")]
        rooms: Vec<Room>,
    },
    /// 確認一件の時間がどこにかかっているかを表示します
    Profile(crate::profile::ProfileArgs),
}

/// `onshi center …`
pub(crate) async fn run(command: CenterCommand) -> anyhow::Result<ExitCode> {
    match command {
        CenterCommand::Serve { config, rooms } => serve_until_asked(&config, rooms).await,
        CenterCommand::Profile(args) => crate::profile::run(args).await,
    }
}

async fn serve_until_asked(config: &Path, rooms: Vec<Room>) -> anyhow::Result<ExitCode> {
    let mut config: CenterConfig = chassis::config::load(config, ENVIRONMENT_PREFIX)?;
    if !rooms.is_empty() {
        config.center.rooms = rooms;
    }
    config.judge_sharing()?;
    let traces = traces::start(config.log.format, &config.log.levels, &config.log.traces)?;
    files::make_private_folder(&config.center.data).with_context(|| format!("{} を作れません", config.center.data.display()))?;
    let held = run_file::hold(&config.center.data)?;
    let address = config.center.listen;
    let port = reserve(address)?;
    let center = Center::begin(config, Clock::system()).await?;
    if let Some((name, password)) = &center.first_operator {
        say!("最初の運用者: {name}  パスワード: {}", secrecy::ExposeSecret::expose_secret(password));
        say!("このパスワードは二度と表示されません。控えてください。");
    }
    if !center.sealed {
        say!("注意: 認証局の鍵は封印されていません。ONSHI_PASSPHRASE を渡すと封印されます。");
    }
    let running = center.serve(listen(port, address)?, None).await?;
    let asked_to_stop = stop::listening().await;
    say!("センターが動いています: {}", running.address());
    if let Some(lists) = &running.lists {
        say!("失効リストと OCSP: http://{}", lists.address);
    }
    asked_to_stop.await;
    running.stop().await;
    traces.stop().await;
    drop(held);
    Ok(ExitCode::SUCCESS)
}

/// The rooms, open but not yet serving.
pub(crate) struct Center {
    pub(crate) config: CenterConfig,
    pub(crate) registry: Registry,
    pub(crate) authority: Authority,
    pub(crate) desks: certificates::Desks,
    /// None where another process serves this room.
    pub(crate) eligibility: Option<Eligibility>,
    /// The portal and the carrier's notifiers, as far as this process serves them.
    pub(crate) line: LineRooms,
    pub(crate) clock: Clock,
    /// Made at the very first start, to be shown once.
    pub(crate) first_operator: Option<(String, SecretString)>,
    /// Whether the CA's keys are worthless without a passphrase.
    pub(crate) sealed: bool,
    pub(crate) local_token: SecretString,
    publisher: Publisher,
    audit: Option<(Audit, Log)>,
    pub(crate) post: Post,
}

impl Center {
    /// Opens the rooms that the configuration names; the registry and the authority always, because every door asks them.
    pub(crate) async fn open(config: CenterConfig, clock: Clock) -> anyhow::Result<Self> {
        let db = rooms(&config).await?;
        // Copies that start at the same moment in empty folders must not make two of anything.
        let _alone = db.alone().await?;
        Self::open_alone(config, clock, db.clone()).await
    }

    /// As [`open`](Self::open), to serve: makes the first operator if there is none, whose password is shown by the caller.
    pub(crate) async fn begin(config: CenterConfig, clock: Clock) -> anyhow::Result<Self> {
        let db = rooms(&config).await?;
        let _alone = db.alone().await?;
        let mut center = Self::open_alone(config, clock, db.clone()).await?;
        center.first_operator = center.registry.first_operator(center.clock.now()).await?;
        Ok(center)
    }

    async fn open_alone(config: CenterConfig, clock: Clock, db: Database) -> anyhow::Result<Self> {
        let (own, folder) = (config.own_folder(), config.folder());
        let databases = config.databases();
        let now = clock.now();
        let vault = open_vault(&folder)?;
        let outbox = Outbox::open(db.clone(), &config.mail).await?;
        let post = Post::open(outbox.clone(), Leases::open(db.clone()).await?, &config.mail, &config.mail_folder())?;
        let registry = Registry::open(db.clone(), config.registry()).await?.with_outbox(outbox);
        let certificates = folder.join("certificates");
        let mut authority = Authority::open(db.clone(), registry.clone(), &vault, &certificates, config.authority.clone(), now).await?;
        let mut audit = None;
        if config.serves(Room::Eligibility) || config.serves(Room::Authority) {
            let (log, shown) = open_audit(&databases.audit, &vault, &folder, &clock).await?;
            authority = authority.with_audit(log.clone());
            audit = Some((log, shown));
        }
        let desks = certificates::Desks::open(&authority, &vault)?;
        certificates::publish_roots(&authority, &[&certificates, &own.join("certificates")])?;
        let line = LineRooms::open(&config, db.clone(), &registry, &vault, &certificates, &authority, &clock).await?;
        let mut eligibility = None;
        if config.serves(Room::Eligibility) {
            let register = if databases.register == databases.rooms {
                db
            } else {
                database("加入者台帳のデータベース", &databases.register).await?
            };
            eligibility = Some(Eligibility::open(register, config.eligibility.clone()).await?);
        }
        let local_token = SecretString::from(random::text(40, random::READABLE)?);
        let publisher = Publisher::open(registry.clone(), clock.clone(), &vault, &folder)?;
        Ok(Self {
            registry,
            authority,
            desks,
            eligibility,
            line,
            clock,
            first_operator: None,
            sealed: vault.is_sealed(),
            local_token,
            publisher,
            audit,
            post,
            config,
        })
    }

    /// Everything an operator may ask of the rooms, behind the guard.
    pub(crate) fn operator_routes(&self) -> Router {
        let mut rooms = Router::new();
        if self.config.serves(Room::Registry) {
            rooms = rooms.merge(registry::operator::routes(self.registry.clone(), self.clock.clone()));
            rooms = rooms.merge(registry::console::routes(self.registry.clone(), self.post.clone(), self.clock.clone()));
            rooms = rooms.merge(self.publisher.operator_routes());
        }
        if self.config.serves(Room::Authority) {
            rooms = rooms.merge(certificates::operators(self));
        }
        if let Some(eligibility) = &self.eligibility {
            rooms = rooms.merge(eligibility::operator::routes(eligibility.clone(), self.clock.clone()));
        }
        rooms = rooms.merge(self.line.operator_routes());
        if let Some((_, log)) = &self.audit {
            rooms = rooms.merge(records::routes(log.clone()));
        }
        Guard::new(self.registry.clone(), self.local_token.clone()).before(rooms)
    }

    fn routes(&self, monitoring: &Monitoring) -> Vec<(&'static Host, Router)> {
        let (registry, clock) = (self.registry.clone(), self.clock.clone());
        let guard = Guard::new(registry.clone(), self.local_token.clone());
        let figures = guard.before(Router::new().route("/metrics", get(monitoring::figures)).with_state(monitoring.clone()));
        let own = self
            .operator_routes()
            .merge(figures)
            .merge(monitoring::health(monitoring.clone()))
            .merge(page::style())
            .merge(self.publisher.routes());
        let mut routes = vec![(hosts::operator(), own)];
        if self.config.serves(Room::Registry) {
            routes.push((hosts::application(), registry::pages::routes(registry.clone(), clock.clone())));
        }
        if let (Some(eligibility), Some((audit, _))) = (self.eligibility.clone(), &self.audit) {
            routes.push((hosts::portal(), eligibility::pages::routes(registry.clone(), clock.clone())));
            let desk = Desk { eligibility, registry: registry.clone(), audit: audit.clone(), clock: clock.clone() };
            routes.push((hosts::web_api_login(), eligibility::api::login_routes(desk.clone())));
            routes.push((hosts::web_api_search(), eligibility::api::search_routes(desk)));
        }
        if self.config.serves(Room::Authority) {
            routes.extend(certificates::doors(self));
        }
        // Every door but the operators' and those of line authentication asks the admission list.
        let mut routes: Vec<(&'static Host, Router)> = routes
            .into_iter()
            .map(|(host, routes)| (host, if host.ours { routes } else { registry::door::before(self.registry.clone(), routes) }))
            .collect();
        routes.extend(self.line.routes(&self.clock));
        // The line portal's host is the one that a line reaches before it is admitted: there stands how everything is.
        let served: Vec<&'static str> =
            hosts::all().into_iter().filter(|(_, host)| routes.iter().any(|(one, _)| one == host)).map(|(key, _)| key).collect();
        for (host, before) in &mut routes {
            if *host == hosts::line_portal() {
                *before = std::mem::take(before).merge(registry::status::routes(self.registry.clone(), self.clock.clone(), &served));
            }
        }
        routes
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
        // Browsers send a certificate alone when its issuer is among the names that the host asked for.
        let client_roots = tls::trust_anchors(&self.authority.ca_chain())?;
        Ok(Doors { names, routes: by_host, client_roots, limits: self.config.limits, clock: self.clock.clone() })
    }

    /// Opens the doors and leaves the note for the command line.
    pub(crate) async fn serve(self, listener: TcpListener, clinic: Option<PathBuf>) -> anyhow::Result<RunningCenter> {
        let monitoring = Monitoring::start(self.registry.clone(), self.config.limits.connections)?;
        self.serve_watched(listener, clinic, monitoring).await
    }

    /// The same beside another center of this process, whose figures it shares: a process counts once.
    pub(crate) async fn serve_watched(
        self,
        listener: TcpListener,
        clinic: Option<PathBuf>,
        monitoring: Monitoring,
    ) -> anyhow::Result<RunningCenter> {
        let mut publishing = None;
        if self.config.serves(Room::Registry) {
            self.publisher.publish().await?;
            publishing = Some(self.publisher.clone().keep_publishing());
        }
        let running = serve::open(listener, self.doors(&monitoring)?)?;
        let apart = match self.config.center.monitoring {
            Some(address) => Some(monitoring::serve_apart(bind(address).await?, monitoring.clone())),
            None => None,
        };
        let lists = lists::open(&self).await?;
        let run = RunFile {
            pid: std::process::id(),
            started_at: self.clock.now(),
            https: running.address,
            lists: lists.as_ref().map(|lists| lists.address),
            clinic,
            local_token: self.local_token.clone(),
        };
        let data = self.config.center.data.clone();
        run.write(&data)?;
        let chores = Chores::begin(&self);
        Ok(RunningCenter {
            running,
            lists,
            apart,
            publishing,
            chores,
            data,
            #[cfg(feature = "clinic")]
            monitoring,
            center: self,
        })
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

/// Makes the center's folders and opens the rooms' database.
async fn rooms(config: &CenterConfig) -> anyhow::Result<Database> {
    for folder in [config.own_folder(), config.folder()] {
        files::make_private_folder(&folder).with_context(|| format!("{} を作れません", folder.display()))?;
    }
    database("センターのデータベース", &config.databases().rooms).await
}

/// Opens a database; a file that cannot be read as one is named, and left as it is.
async fn database(what: &str, url: &str) -> anyhow::Result<Database> {
    let opened = async {
        let db = Database::open(url).await?;
        db.ping().await?;
        Ok::<_, chassis::db::DbError>(db)
    };
    opened.await.with_context(|| match url.strip_prefix("sqlite:") {
        Some(path) => {
            format!("{what}（{path}）を開けません。ファイルが壊れているときは、何も書き込まずに残してありますので、控えから戻してください")
        }
        None => format!("{what}を開けません"),
    })
}

async fn open_audit(url: &str, vault: &Vault, folder: &Path, clock: &Clock) -> anyhow::Result<(Audit, Log)> {
    let db = database("監査記録のデータベース", url).await?;
    let keys = AuditKeys::load_or_create(vault)?;
    let heads = heads_folder(folder);
    let log = Log { db: db.clone(), public_key: keys.public().clone(), heads: heads.clone() };
    Ok((Audit::open(db, keys, &heads, clock.clone(), Settings::default()).await?, log))
}
