//! The center's configuration file: its own section and one for each room.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::bail;
use chassis::{log, mail, serve};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Environment variables that lie over the file begin with this: `ONSHI_CENTER__CENTER__DATA=/srv/onshi`.
pub(crate) const ENVIRONMENT_PREFIX: &str = "ONSHI_CENTER__";

/// `config/center.toml`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CenterConfig {
    pub(crate) center: Center,
    pub(crate) log: Log,
    pub(crate) limits: serve::Limits,
    pub(crate) mail: mail::Config,
    pub(crate) registry: registry::Config,
    pub(crate) authority: authority::Config,
    pub(crate) eligibility: eligibility::Config,
    pub(crate) lineauth: lineauth::Config,
    pub(crate) notifier: lineauth::NotifierConfig,
}

/// A room of the center: its routes for programs and those for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Room {
    /// 登録
    Registry,
    /// 共通認証局
    Authority,
    /// 資格確認、監査記録
    Eligibility,
    /// 回線認証ポータルサイト
    Lineauth,
    /// 通信事業者の回線情報通知
    Notifier,
}

/// Where the center listens and keeps its things.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Center {
    /// The one HTTPS port of all hosts.
    pub(crate) listen: SocketAddr,
    /// The rooms that this process serves. What one room asks of another is answered within the process, from the same databases.
    pub(crate) rooms: Vec<Room>,
    /// Of this process alone: the note for the command line, and what is not elsewhere.
    pub(crate) data: PathBuf,
    /// The keys and certificates, for all copies; empty means below `data`, where no other copy finds them.
    pub(crate) shared: PathBuf,
    /// The rooms' database; empty means SQLite below `data`.
    pub(crate) database: String,
    /// The register of the insured's database; empty means `database`, or SQLite of its own, so that an import never delays a log-in.
    pub(crate) register_database: String,
    /// The audit log's database; empty means SQLite below `data`.
    pub(crate) audit_database: String,
    /// Serves every host also as `<host>.localhost`, which browsers on the same machine resolve by themselves.
    pub(crate) localhost_names: bool,
    /// A plain-HTTP port for metrics and health, for the operator's own network; none by default.
    pub(crate) monitoring: Option<SocketAddr>,
    /// A plain-HTTP port for revocation lists and questions about certificates, where certificates say they are; none by default.
    pub(crate) lists: Option<SocketAddr>,
}

impl Default for Center {
    fn default() -> Self {
        Self {
            listen: (Ipv6Addr::UNSPECIFIED, 443).into(),
            rooms: Room::value_variants().to_vec(),
            data: "onshi-data".into(),
            shared: PathBuf::new(),
            database: String::new(),
            register_database: String::new(),
            audit_database: String::new(),
            localhost_names: false,
            monitoring: None,
            lists: None,
        }
    }
}

/// How log lines look, and which are written.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub(crate) format: log::Format,
    /// For example `info` or `info,registry=debug`.
    pub(crate) levels: String,
    /// The OpenTelemetry collector that traces go to, such as `http://127.0.0.1:4318`; empty means none.
    pub(crate) traces: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: log::Format::Text, levels: "info".to_owned(), traces: String::new() }
    }
}

/// Where things are remembered. On PostgreSQL all three may be one database; on SQLite each is a file with a writer of its own.
pub(crate) struct Databases {
    pub(crate) rooms: String,
    pub(crate) register: String,
    pub(crate) audit: String,
}

impl CenterConfig {
    /// The folder of keys and certificates.
    pub(crate) fn folder(&self) -> PathBuf {
        if self.center.shared.as_os_str().is_empty() { self.own_folder() } else { self.center.shared.clone() }
    }

    /// The center's folder of this process alone.
    pub(crate) fn own_folder(&self) -> PathBuf {
        self.center.data.join("center")
    }

    /// Where mails go that go to no server: shared by all copies, so that each can show them.
    pub(crate) fn mail_folder(&self) -> PathBuf {
        if self.center.shared.as_os_str().is_empty() { self.center.data.join("mail") } else { self.center.shared.join("mail") }
    }

    /// The registry's section, with the portal's address as the center itself serves it where none is given.
    pub(crate) fn registry(&self) -> registry::Config {
        let mut config = self.registry.clone();
        if config.portal.is_empty() {
            let name = manuals::hosts::application().name;
            config.portal = match self.center.listen.port() {
                0 | 443 => format!("https://{name}"),
                port => format!("https://{name}:{port}"),
            };
        }
        config
    }

    /// Whether this process serves the room.
    pub(crate) fn serves(&self, room: Room) -> bool {
        self.center.rooms.contains(&room)
    }

    /// Refuses a process that is one of several and keeps to itself what all must share.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub(crate) fn judge_sharing(&self) -> anyhow::Result<()> {
        if self.center.rooms.is_empty() {
            bail!("[center] rooms に部屋がありません。registry、authority、eligibility、lineauth、notifier のどれかを書いてください。");
        }
        // A carrier's process shares nothing with the center but public keys.
        if self.center.rooms == [Room::Notifier] {
            return Ok(());
        }
        let apart = [Room::Registry, Room::Authority, Room::Eligibility].iter().any(|room| !self.serves(*room));
        let one_of_several = apart || !self.center.shared.as_os_str().is_empty();
        let databases = self.databases();
        let kept_here = [&databases.rooms, &databases.register, &databases.audit].iter().any(|url| url.starts_with("sqlite:"));
        if one_of_several && kept_here {
            bail!(
                "部屋を分けて、または写しをいくつも動かすには、すべてのデータベースを PostgreSQL に置きます。\
                 [center] database と audit_database に postgres:// のアドレスを書いてください。"
            );
        }
        if apart && self.center.shared.as_os_str().is_empty() {
            bail!("部屋を分けて動かすには、鍵と証明書の共用フォルダーを [center] shared に書いてください。");
        }
        Ok(())
    }

    /// The addresses of the databases.
    pub(crate) fn databases(&self) -> Databases {
        let below = |name: &str| format!("sqlite:{}", self.own_folder().join(name).display());
        let or = |given: &str, otherwise: String| if given.is_empty() { otherwise } else { given.to_owned() };
        let center = &self.center;
        Databases {
            rooms: or(&center.database, below("center.db")),
            register: or(&center.register_database, or(&center.database, below("register.db"))),
            audit: or(&center.audit_database, below("audit.db")),
        }
    }

    /// What `onshi up` runs: a demonstration on loopback, marked as such everywhere. The environment lies over it too.
    ///
    /// # Errors
    /// If the environment names a key that nobody reads.
    pub(crate) fn demonstration(data: &Path, port: u16) -> anyhow::Result<Self> {
        let mut config = Self::default();
        config.center.listen = (std::net::Ipv4Addr::LOCALHOST, port).into();
        config.center.data = data.to_owned();
        config.center.localhost_names = true;
        config.center.lists = Some((std::net::Ipv4Addr::LOCALHOST, 0).into());
        config.authority.demonstration = true;
        config.authority.pool_keys = 2;
        config.eligibility.test_people = true;
        config.log.levels = "warn".to_owned();
        let text = toml::to_string(&config)?;
        Ok(chassis::config::parse(&text, "onshi up", ENVIRONMENT_PREFIX, std::env::vars())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delivered_file_is_complete_and_holds_the_defaults() {
        let delivered = include_str!("../../config/center.toml");
        let read: CenterConfig = chassis::config::parse(delivered, "center.toml", "NONE__", std::iter::empty()).unwrap();
        assert_eq!(read, CenterConfig::default());
        let defaults = toml::Table::try_from(CenterConfig::default()).unwrap();
        let written: toml::Table = toml::from_str(delivered).unwrap();
        for (section, keys) in &defaults {
            for key in keys.as_table().unwrap().keys() {
                assert!(written[section].as_table().unwrap().contains_key(key), "[{section}] {key} is missing from config/center.toml");
            }
        }
    }
}
