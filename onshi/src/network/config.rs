//! The configuration of the small servers: a section for each, in one file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::center_config::Log;

/// Environment variables that lie over the file begin with this: `ONSHI_NETWORK__PROXY__THREADS=4`.
const ENVIRONMENT_PREFIX: &str = "ONSHI_NETWORK__";

/// `config/network.toml`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NetworkConfig {
    pub(crate) log: Log,
    pub(crate) dns: network::dns::Config,
    pub(crate) proxy: network::proxy::Config,
    pub(crate) time: network::time::Config,
}

impl NetworkConfig {
    /// The file if one is named, else the defaults; the environment lies over either.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match file {
            Some(file) => chassis::config::load(file, ENVIRONMENT_PREFIX)?,
            None => chassis::config::parse("", "(既定値)", ENVIRONMENT_PREFIX, std::env::vars())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delivered_file_is_complete_and_holds_the_defaults() {
        let delivered = include_str!("../../../config/network.toml");
        let read: NetworkConfig = chassis::config::parse(delivered, "network.toml", "NONE__", std::iter::empty()).unwrap();
        assert_eq!(read, NetworkConfig::default());
        let defaults = toml::Table::try_from(NetworkConfig::default()).unwrap();
        let written: toml::Table = toml::from_str(delivered).unwrap();
        for (section, keys) in &defaults {
            for key in keys.as_table().unwrap().keys() {
                let shown = [format!("# {key} = "), format!("[[{section}.{key}]]")].iter().any(|example| delivered.contains(example));
                let there = shown || written[section].as_table().unwrap().contains_key(key);
                assert!(there, "[{section}] {key} is missing from config/network.toml");
            }
        }
    }
}
