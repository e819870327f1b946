//! What a look is told before it begins: what the site says of itself, where its programs are set up, and texts that stand for the machine.

use std::path::{Path, PathBuf};

use chassis::clock::Clock;

use crate::config::{self, Config, SiteConfig};
use crate::doctor::recording::Site;

/// What a look is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the site says of itself.
    pub site: Site,
    /// The clinic's settings; absent where there are none, or none that can be read.
    pub config: Option<Config>,
    /// A folder of saved texts that stand for what this machine's programs say.
    pub sources: Option<PathBuf>,
    /// Whether the network is asked.
    pub network: bool,
    /// The clock.
    pub clock: Clock,
}

impl Settings {
    /// Reads `clinic.toml`. Without one, or with one that cannot be read, a look is taken all the same: what is wrong stands in the recording.
    #[must_use]
    pub fn load(path: Option<&Path>, clock: Clock) -> Self {
        let nothing = Self { site: Site::default(), config: None, sources: None, network: true, clock };
        let Some(path) = path.filter(|path| path.exists()) else { return nothing };
        match Config::load(path) {
            Ok(config) => Self { site: site(&config.site, !config.facility_code.is_empty()), config: Some(config), ..nothing },
            Err(error) => {
                // The section of the site may be whole all the same.
                let said = config::site_of(path).unwrap_or_default();
                Self { site: Site { configured: false, configuration_problem: Some(error.to_string()), ..site(&said, false) }, ..nothing }
            }
        }
    }
}

fn site(said: &SiteConfig, facility_code_set: bool) -> Site {
    Site {
        region: said.region.or_else(|| said.prefecture.as_deref().and_then(manuals::prefecture_by_romaji).map(|known| known.region)),
        services: said.services.clone(),
        prefecture: said.prefecture.clone(),
        carrier: said.carrier.clone(),
        phone_router: said.phone_router,
        distribution: said.distribution,
        internet: said.internet,
        v6_option: said.v6_option,
        facility_code_set,
        line_id: said.line_id.clone(),
        configured: true,
        configuration_problem: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manuals::Region;
    use manuals::domains::Service;

    const DELIVERED: &str = include_str!("../../../../config/clinic.toml");

    const ELIGIBILITY: &str = "services = [\"eligibility\"]";

    fn loaded(text: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clinic.toml");
        std::fs::write(&path, text).unwrap();
        Settings::load(Some(&path), Clock::system())
    }

    #[test]
    fn a_site_says_what_it_is_and_may_say_nothing() {
        let said = loaded(&DELIVERED.replace(ELIGIBILITY, "region = \"west\"\nservices = [\"claims\"]\nprefecture = \"osaka\""));
        assert_eq!((said.site.region, said.site.services.as_slice()), (Some(Region::West), [Service::Claims].as_slice()));
        assert!(said.site.configured && said.site.facility_code_set && said.config.is_some());
        let osaka = loaded(&DELIVERED.replace(ELIGIBILITY, "prefecture = \"osaka\""));
        assert_eq!(osaka.site.region, Some(Region::West), "the prefecture's");
        let without = Settings::load(Some(Path::new("nowhere/clinic.toml")), Clock::system());
        assert!(!without.site.configured && without.site.configuration_problem.is_none());
        assert!(Settings::load(None, Clock::system()).config.is_none());
    }

    #[test]
    fn with_a_broken_file_the_look_is_taken_all_the_same() {
        let misspelt = loaded(&DELIVERED.replace("lanes = 8", "lane = 8").replace(ELIGIBILITY, "region = \"east\""));
        assert!(misspelt.config.is_none() && misspelt.site.configuration_problem.unwrap().contains("lanes"));
        assert_eq!(misspelt.site.region, Some(Region::East));
        assert!(loaded("これは設定ではありません = [").site.configuration_problem.is_some());
    }
}
