//! The center's configuration file: its own section and one for each room.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use chassis::{log, serve};
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
    pub(crate) registry: registry::Config,
    pub(crate) authority: authority::Config,
    pub(crate) eligibility: eligibility::Config,
}

/// Where the center listens and keeps its things.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Center {
    /// The one HTTPS port of all hosts.
    pub(crate) listen: SocketAddr,
    /// Keys, certificates, and the databases unless they are elsewhere.
    pub(crate) data: PathBuf,
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
}

impl Default for Center {
    fn default() -> Self {
        Self {
            listen: (Ipv6Addr::UNSPECIFIED, 443).into(),
            data: "onshi-data".into(),
            database: String::new(),
            register_database: String::new(),
            audit_database: String::new(),
            localhost_names: false,
            monitoring: None,
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
}

impl Default for Log {
    fn default() -> Self {
        Self { format: log::Format::Text, levels: "info".to_owned() }
    }
}

/// Where things are remembered. On PostgreSQL all three may be one database; on SQLite each is a file with a writer of its own.
pub(crate) struct Databases {
    pub(crate) rooms: String,
    pub(crate) register: String,
    pub(crate) audit: String,
}

impl CenterConfig {
    /// The center's own folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.center.data.join("center")
    }

    /// The addresses of the databases.
    pub(crate) fn databases(&self) -> Databases {
        let below = |name: &str| format!("sqlite:{}", self.folder().join(name).display());
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
        config.authority.demonstration = true;
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
