//! The section `[dns]` of the network's configuration file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use manuals::{Region, addresses};
use serde::{Deserialize, Serialize};

use super::choice::{ViewSettings, view_of_a_region, views_of_the_manuals};
use super::serve::Settings;
use super::source::Source;

/// The port of name servers.
pub const PORT: u16 = 53;

/// `[dns]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Each address by itself; by default the eight of the manuals (DN-01 to DN-04).
    pub listen: Vec<SocketAddr>,
    /// A list file or a folder of them; empty means the manuals' own list.
    pub list: PathBuf,
    /// Seconds between two looks at the list.
    pub look_seconds: u64,
    /// Threads for each address; 0 means as many as there are processors.
    pub threads: usize,
    /// TCP connections at one time.
    pub connections: usize,
    /// Seconds that a TCP connection may take for a whole question, or for taking its answers.
    pub patience_seconds: u64,
    /// A plain-HTTP port for figures, for the operator's own network; none by default.
    pub monitoring: Option<SocketAddr>,
    /// The views; none means the four of the manuals.
    pub view: Vec<ViewSettings>,
}

impl Default for Config {
    fn default() -> Self {
        let servers = Region::ALL.into_iter().flat_map(|region| [addresses::platform_servers(region), addresses::carrier_servers(region)]);
        let listen = servers.flat_map(|pair| [pair.primary, pair.secondary]).map(|address| (address, PORT).into());
        Self {
            listen: listen.collect(),
            list: PathBuf::new(),
            look_seconds: 5,
            threads: 0,
            connections: 4096,
            patience_seconds: 10,
            monitoring: None,
            view: Vec::new(),
        }
    }
}

impl Config {
    /// Everything in one region for everybody, whatever the file says of views.
    pub fn only(&mut self, region: Region) {
        self.view = vec![view_of_a_region(region)];
    }

    /// The views in force.
    #[must_use]
    pub fn views(&self) -> Vec<ViewSettings> {
        if self.view.is_empty() { views_of_the_manuals() } else { self.view.clone() }
    }

    /// Where the list comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        if self.list.as_os_str().is_empty() { Source::Manuals } else { Source::Path(self.list.clone()) }
    }

    /// What the server is to do.
    ///
    /// # Errors
    /// A sentence that says which value cannot be used.
    pub fn settings(&self) -> Result<Settings, String> {
        let views = self.views();
        for (place, view) in views.iter().enumerate() {
            if view.name.trim().is_empty() || views.iter().take(place).any(|other| other.name == view.name) {
                return Err(format!("[[dns.view]] の name「{}」は、空でなく、重ならないようにしてください。", view.name));
            }
            if view.services.is_empty() {
                return Err(format!("[[dns.view]] {}: services に一つ以上を書いてください（claims、eligibility、carrier）。", view.name));
            }
        }
        if self.look_seconds == 0 || self.patience_seconds == 0 || self.connections == 0 {
            return Err("[dns] の look_seconds、patience_seconds、connections は 1 以上にしてください。".to_owned());
        }
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Settings {
            listen: self.listen.clone(),
            views,
            source: self.source(),
            pause: Duration::from_secs(self.look_seconds),
            threads: if self.threads == 0 { processors() } else { self.threads },
            connections: self.connections,
            patience: Duration::from_secs(self.patience_seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_it_serves_the_manuals_eight_addresses() {
        let config: Config = toml::from_str("").unwrap();
        let settings = config.settings().unwrap();
        assert_eq!(settings.listen.len(), 8);
        assert!(settings.listen.iter().all(|address| address.port() == PORT));
        let named: Vec<_> = settings.views.iter().map(|view| view.name.as_str()).collect();
        assert_eq!(named, ["platform-east", "platform-west", "carrier-east", "carrier-west"]);
        let asked: Vec<_> = settings.views.iter().flat_map(|view| view.servers.clone()).collect();
        assert!(settings.listen.iter().all(|address| asked.contains(&address.ip())));
        assert_eq!(settings.source, Source::Manuals);
    }

    #[test]
    fn a_view_without_a_name_of_its_own_or_without_a_service_is_refused() {
        for (text, reason) in [
            (
                "[[view]]\nname = 'a'\nregion = 'east'\nservices = ['claims']\n[[view]]\nname = 'a'\nregion = 'west'\nservices = ['claims']\n",
                "重ならない",
            ),
            ("[[view]]\nname = ' '\nregion = 'east'\nservices = ['claims']\n", "空でなく"),
            ("[[view]]\nname = 'a'\nregion = 'east'\nservices = []\n", "services"),
            ("look_seconds = 0\n", "look_seconds"),
        ] {
            let config: Config = toml::from_str(text).unwrap();
            assert!(config.settings().unwrap_err().contains(reason), "{text}");
        }
        assert!(toml::from_str::<Config>("lisen = []\n").is_err());
    }
}
