//! Says what a clinic may set on its own machine, and what holds when it sets nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chassis::clock::Clock;
use chassis::config::ConfigError;
use jiff::SignedDuration;
use manuals::Region;
use manuals::domains::Service;
use manuals::proxy::Way;
use serde::{Deserialize, Serialize};
use wire::charset::Charset;
use wire::xml::{ListShape, Style};

/// Environment variables that lie over the file begin with this: `ONSHI_CLINIC__BRIDGE__LANES=4`.
pub const ENVIRONMENT_PREFIX: &str = "ONSHI_CLINIC__";

/// Everything the clinic's programs read from `clinic.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// 医療機関コード, ten digits (LK-07): the facility that asks.
    pub facility_code: String,
    /// Where the center is and how this machine proves itself to it.
    pub center: CenterConfig,
    /// The file bridge.
    pub bridge: BridgeConfig,
    /// What keeps this machine's certificate from running out.
    #[serde(default)]
    pub keeper: KeeperConfig,
    /// How the keeper's mail leaves.
    #[serde(default)]
    pub mail: chassis::mail::Config,
    /// What the doctor should know of the site.
    #[serde(default)]
    pub site: SiteConfig,
}

/// What a site says of itself to the doctor; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteConfig {
    /// The carrier's area, "east" or "west"; left out: that of the prefecture, or of the line's prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// "eligibility", "claims"; left out: eligibility alone.
    pub services: Vec<Service>,
    /// In romaji, "tokyo".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefecture: Option<String>,
    /// The carrier of the line, by its full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Whether a phone router (ひかり電話) stands above the site's router.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_router: Option<bool>,
    /// How software is brought to the site: "base", "carrier", "site"; left out: as its carrier does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Way>,
    /// Whether the internet runs over the same line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internet: Option<bool>,
    /// Whether the line has the v6 option (LN-08).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v6_option: Option<bool>,
    /// お客さまID of the line, for tickets to the support desk (SU-04).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_id: Option<String>,
}

/// The section `[site]` of a file whose other sections may be wrong; nothing where it cannot be read either.
#[must_use]
pub fn site_of(path: &Path) -> Option<SiteConfig> {
    #[derive(Deserialize)]
    struct Only {
        #[serde(default)]
        site: SiteConfig,
    }
    let text = chassis::config::text_of(path).ok()?;
    let only: Only = chassis::config::parse(&text, "", ENVIRONMENT_PREFIX, std::iter::empty()).ok()?;
    Some(only.site)
}

/// Where the center is, whom this machine trusts, and with what it introduces itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CenterConfig {
    /// The center's root certificates, PEM. Nothing else is trusted.
    pub roots: PathBuf,
    /// SHA-256 fingerprints (hexadecimal, colons allowed) of the roots that may stand in `roots`.
    pub root_fingerprints: Vec<String>,
    /// This machine's certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// The private key of that certificate, PEM.
    pub key: PathBuf,
    /// Account id of the bridge at the center (連携アプリ用, begins R0 or R1; LK-06).
    pub account: String,
    /// A file with that account's password and nothing else.
    pub password_file: PathBuf,
    /// Names of the center that live elsewhere (laboratories): name → address and port. Empty: the system's DNS, port 443.
    #[serde(default)]
    pub addresses: BTreeMap<String, SocketAddr>,
    /// How long one connection may take (default 5 s).
    #[serde(default = "five_seconds")]
    pub connect_timeout: SignedDuration,
    /// After a refused login no new login is tried for this long, so that a wrong password cannot lock the account (default 30 s).
    #[serde(default = "half_a_minute")]
    pub login_pause: SignedDuration,
    /// The proxy that leads to the center, if there is one: `http://name:port`.
    #[serde(default)]
    pub proxy: String,
    /// The name to log in to the proxy with (Basic; MP-05); empty means not at all.
    #[serde(default)]
    pub proxy_user: String,
    /// A file with that login's password and nothing else.
    #[serde(default)]
    pub proxy_password_file: PathBuf,
    /// By which the center's certificates are judged: the machine's own, and in rehearsals a driven one.
    #[serde(skip, default = "Clock::system")]
    pub clock: Clock,
}

/// What keeps this machine's certificate from running out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeeperConfig {
    /// Whether the certificate is renewed without being asked for (default true); notices and warnings come all the same.
    pub renew: bool,
    /// So often a day the authority is asked for a renewal at most (default 4).
    pub tries_a_day: u32,
    /// To whom notices and warnings go by mail (default nobody: they stand in the log and in `list`).
    pub mail_to: Vec<String>,
    /// The kind of a renewal's key.
    pub key: crate::certificate::KeyKind,
}

impl Default for KeeperConfig {
    fn default() -> Self {
        Self { renew: true, tries_a_day: 4, mail_to: Vec::new(), key: crate::certificate::KeyKind::P256 }
    }
}

/// How several results stand in one answer file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultList {
    /// One `ResultList` for each result, as the original does.
    #[default]
    Repeated,
    /// One `ResultList` that holds all results.
    Single,
}

/// Character set of the files the bridge writes (LK-20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum FileCharset {
    /// UTF-8, `CharacterCodeIdentifier` 0.
    #[default]
    #[serde(rename = "UTF-8")]
    Utf8,
    /// Shift_JIS (Windows-31J), `CharacterCodeIdentifier` 1.
    #[serde(rename = "Shift_JIS")]
    ShiftJis,
}

/// The file bridge: its folders and its patience.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeConfig {
    /// Receipt computers drop requests here (LK-02).
    pub req: PathBuf,
    /// Results appear here (LK-02).
    pub res: PathBuf,
    /// Results of card readers appear here.
    pub face: PathBuf,
    /// The bridge's own folder: same disk as `req` and `res`, but inside neither, and shared with nobody.
    pub work: PathBuf,
    /// Character set of results and `.err` files (default UTF-8).
    #[serde(default)]
    pub charset: FileCharset,
    /// How several results stand in one file (default repeated).
    #[serde(default)]
    pub result_list: ResultList,
    /// From taking a request to its result at the latest (default 150 s: receipt computers wait 3 minutes).
    #[serde(default = "under_three_minutes")]
    pub deadline: SignedDuration,
    /// How long an unreachable or overloaded center is asked again before the desk is told (default 15 s).
    #[serde(default = "quarter_of_a_minute")]
    pub give_up_unreachable: SignedDuration,
    /// The request folder is read this often even if nothing was announced (default 1 s): shares announce nothing.
    #[serde(default = "one_second")]
    pub scan_interval: SignedDuration,
    /// A file that is no whole message must rest unchanged this long before it is refused (default 3 s).
    #[serde(default = "three_seconds")]
    pub settle: SignedDuration,
    /// Questions asked at the same time (default 8).
    #[serde(default = "eight")]
    pub lanes: usize,
    /// Laboratories only: an unreadable answer of the center becomes an unreadable result file (default false).
    #[serde(default)]
    pub pass_broken_answers: bool,
}

impl BridgeConfig {
    /// The defaults, with the four folders side by side under `root` (as `C:\OQS` has them).
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self {
            req: root.join("req"),
            res: root.join("res"),
            face: root.join("face"),
            work: root.join("work"),
            charset: FileCharset::default(),
            result_list: ResultList::default(),
            deadline: under_three_minutes(),
            give_up_unreachable: quarter_of_a_minute(),
            scan_interval: one_second(),
            settle: three_seconds(),
            lanes: eight(),
            pass_broken_answers: false,
        }
    }
}

impl BridgeConfig {
    /// How result files are written.
    #[must_use]
    pub fn style(&self) -> Style {
        let charset = match self.charset {
            FileCharset::Utf8 => Charset::Utf8,
            FileCharset::ShiftJis => Charset::ShiftJis,
        };
        let lists = match self.result_list {
            ResultList::Repeated => ListShape::Repeated,
            ResultList::Single => ListShape::Single,
        };
        Style { charset, lists }
    }
}

impl Config {
    /// Reads `path`, lays [`ENVIRONMENT_PREFIX`] variables over it, and takes relative paths from the file's own folder.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the line and the nearest right name.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = chassis::config::load(path, ENVIRONMENT_PREFIX)?;
        config.rooted_at(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Makes every relative path start at `folder`.
    pub fn rooted_at(&mut self, folder: &Path) {
        let center = &mut self.center;
        let bridge = &mut self.bridge;
        let paths = [
            &mut center.roots,
            &mut center.certificate,
            &mut center.key,
            &mut center.password_file,
            &mut bridge.req,
            &mut bridge.res,
            &mut bridge.face,
            &mut bridge.work,
        ];
        let mail = &mut self.mail;
        let given = [&mut center.proxy_password_file, &mut mail.folder, &mut mail.password_file, &mut mail.roots];
        for path in paths.into_iter().chain(given.into_iter().filter(|path| !path.as_os_str().is_empty())) {
            *path = folder.join(&*path);
        }
    }
}

/// A configured span as the timers take it; a negative one counts as none.
pub(crate) fn span(configured: SignedDuration) -> Duration {
    Duration::try_from(configured).unwrap_or_default()
}

fn five_seconds() -> SignedDuration {
    SignedDuration::from_secs(5)
}
fn half_a_minute() -> SignedDuration {
    SignedDuration::from_secs(30)
}
fn under_three_minutes() -> SignedDuration {
    SignedDuration::from_secs(150)
}
fn quarter_of_a_minute() -> SignedDuration {
    SignedDuration::from_secs(15)
}
fn one_second() -> SignedDuration {
    SignedDuration::from_secs(1)
}
fn three_seconds() -> SignedDuration {
    SignedDuration::from_secs(3)
}
fn eight() -> usize {
    8
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERED: &str = include_str!("../../config/clinic.toml");

    #[test]
    fn the_delivered_file_is_complete_and_holds_the_defaults() {
        let config: Config = chassis::config::parse(DELIVERED, "clinic.toml", "NONE__", std::iter::empty()).unwrap();
        let defaults = BridgeConfig::under(Path::new("oqs"));
        // Windows joins folders by a stroke of its own.
        let written = |bridge: &BridgeConfig| toml::to_string(bridge).unwrap().replace(r"'oqs\", "\"oqs/").replace('\'', "\"");
        assert_eq!(written(&config.bridge), written(&defaults));
        assert_eq!(span(config.center.connect_timeout), Duration::from_secs(5));
        assert_eq!(span(config.center.login_pause), Duration::from_secs(30));
    }

    #[test]
    fn relative_paths_start_at_the_file_and_absolute_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clinic.toml");
        let elsewhere = folder.path().join("share").join("req");
        std::fs::write(&path, DELIVERED.replace("\"oqs/req\"", &format!("{:?}", elsewhere.display().to_string()))).unwrap();
        let config = Config::load(&path).unwrap();
        assert_eq!(config.bridge.req, elsewhere);
        assert_eq!(config.bridge.res, folder.path().join("oqs").join("res"));
        assert_eq!(config.center.key, folder.path().join("keys").join("clinic.key"));
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_right_one() {
        let text = DELIVERED.replace("lanes = 8", "lane = 8");
        let said = chassis::config::parse::<Config>(&text, "clinic.toml", "NONE__", std::iter::empty()).unwrap_err().to_string();
        assert!(said.contains("「lanes」ではありませんか"), "{said}");
    }
}
