//! Walks a demo clinic through everything a real one goes through: application, line, certificate notice, certificate, account.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use chassis::{clock, files};
use clinic::certificate::{self, EnrolConfig, KeyKind};
use clinic::config::{BridgeConfig, CenterConfig, Config, KeeperConfig};
use clinic::line::LinePortal;
use lineauth::{CarrierLine, V6Option};
use manuals::domains::Service;
use manuals::{Region, hosts};
use registry::rules::effects::Begin;
use registry::rules::wish::{Notification, Option6, Provider, Wish};
use registry::{Error, Refusal};
use secrecy::ExposeSecret;
use wire::number::FacilityCode;

use crate::center::Center;

/// The demo clinic's code: the one that the examples carry.
const FACILITY: &str = "1310099999";
const LINE: &str = "CAF0000099999";
const LINE_TYPE: &str = "next-family";
/// The id of its application form.
const FORM: &str = "DEMONSTRATIONAPPLICATION";

/// Where the demo clinic keeps its things.
pub(crate) struct Clinic {
    pub(crate) folder: PathBuf,
    pub(crate) config: PathBuf,
}

impl Clinic {
    /// The clinic below `data`.
    pub(crate) fn below(data: &Path) -> Self {
        let folder = data.join("clinic");
        Self { config: folder.join("clinic.toml"), folder }
    }

    /// Its configuration is written last: if it is there, everything is.
    pub(crate) fn is_ready(&self) -> bool {
        self.config.exists()
    }
}

/// What the front half of the walk leaves to be done once the center serves.
pub(crate) struct Papers {
    request_id: String,
    reference_id: secrecy::SecretString,
    account: String,
}

/// Applies for facility and line, has them approved, has the carrier finish the line, writes the notice, makes the account, and brings in the test
/// people: the same functions that people use. What an interrupted earlier walk did already is left as it is.
pub(crate) async fn apply(center: &Center, clinic: &Clinic) -> anyhow::Result<Papers> {
    let now = center.clock.now();
    let registry = &center.registry;
    // The same form again is the same application.
    let applied = registry.apply(&wish(), FORM, now).await?;
    match applied {
        Ok(application) => {
            unless_done(registry.approve_from(&application, Begin::Now, now).await)?;
        }
        // Applied for otherwise: the line is there.
        Err(mistakes) => tracing::debug!(mistakes = mistakes.len(), "the demo clinic needs no application"),
    }
    if let Some(lines) = &center.line.lines {
        lines.put(vec![carrier_line(now)]).await?;
    }
    if let Some(eligibility) = &center.eligibility {
        eligibility.seed_test_people(now).await?;
    }
    let code = FacilityCode::parse(FACILITY)?;
    let (account, password) = registry.create_account(&code, "0", now).await?;
    let keys = clinic.folder.join("keys");
    files::make_private_folder(&keys).with_context(|| format!("{} を作れません", keys.display()))?;
    files::write_private(&keys.join("password"), password.expose_secret().as_bytes())?;
    files::write_whole(&keys.join("roots.pem"), authority::pem_of(center.authority.server_root()).as_bytes())?;
    let notice = center.authority.notice(&code, "試験端末", now).await?;
    Ok(Papers { request_id: notice.request_id, reference_id: notice.reference_id, account })
}

/// What the demo clinic applies for.
fn wish() -> Wish {
    Wish {
        service: Service::Eligibility,
        notification: Notification::New,
        facility_code: FACILITY.to_owned(),
        name: "試験クリニック".to_owned(),
        valid_from: Some(jiff::civil::date(2020, 4, 1)),
        former_code: None,
        former_line_id: None,
        provider: Provider::Carrier,
        line_id: LINE.to_owned(),
        line_type: LINE_TYPE.to_owned(),
        line_since: None,
        option6: Some(Option6::Contracted),
        shared_with: None,
        applicant: "試験クリニック".to_owned(),
        mail: "clinic@localhost".to_owned(),
    }
}

fn unless_done<T>(done: Result<T, Error>) -> Result<Option<T>, Error> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(Error::Refused(Refusal::Taken(_) | Refusal::Decided(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The demo clinic's line as its carrier knows it: this machine is all that lies behind it.
fn carrier_line(now: jiff::Timestamp) -> CarrierLine {
    let today = clock::japan_date(now);
    CarrierLine {
        line_id: LINE.to_owned(),
        region: Region::East,
        line_type: LINE_TYPE.to_owned(),
        reseller: String::new(),
        v6_option: V6Option::Default,
        applied_on: today,
        work_completed: Some(today),
        prefixes: ["127.0.0.1/32", "::1/128"].map(str::to_owned).to_vec(),
    }
}

/// Authenticates the line by consent through the serving center's own pages.
async fn authenticate(center: &CenterConfig) -> anyhow::Result<()> {
    let ended = LinePortal::connect(center)?.authenticate().await.context("試験用の医療機関が回線認証の画面を開けません")?;
    ensure!(["line-success", "line-already"].contains(&ended.key.as_str()), "試験用の医療機関の回線認証: {}", ended.text);
    Ok(())
}

/// Authenticates the line, fetches the certificate from the serving center with the notice's numbers, and writes the clinic's configuration.
pub(crate) async fn enrol(papers: Papers, center: &Center, clinic: &Clinic, https: SocketAddr) -> anyhow::Result<()> {
    let fingerprint = authority::fingerprint(center.authority.server_root());
    let mut absolute = config(&clinic.folder, papers.account.clone(), fingerprint.clone(), https);
    absolute.center.clock = center.clock.clone();
    authenticate(&absolute.center).await?;
    let wanted = EnrolConfig {
        center: absolute.center,
        request_id: papers.request_id,
        reference_id: papers.reference_id,
        key_kind: KeyKind::P256,
        replace: true,
    };
    certificate::enrol(&wanted).await.context("試験用の医療機関が証明書を取得できません")?;
    // Relative paths, so that the folder can be moved.
    let kept = config(Path::new(""), papers.account, fingerprint, https);
    files::write_whole(&clinic.config, toml::to_string(&kept)?.as_bytes())?;
    Ok(())
}

/// Points an enrolled clinic at the port that the center has this time.
pub(crate) fn follow(clinic: &Clinic, https: SocketAddr) -> anyhow::Result<Arc<Config>> {
    let text = std::fs::read_to_string(&clinic.config).with_context(|| format!("{} を読めません", clinic.config.display()))?;
    let origin = clinic.config.display().to_string();
    let mut config: Config = chassis::config::parse(&text, &origin, "", std::iter::empty())?;
    if config.center.addresses != addresses(https) {
        config.center.addresses = addresses(https);
        files::write_whole(&clinic.config, toml::to_string(&config)?.as_bytes())?;
    }
    config.rooted_at(&clinic.folder);
    Ok(Arc::new(config))
}

fn config(folder: &Path, account: String, fingerprint: String, https: SocketAddr) -> Config {
    let keys = folder.join("keys");
    let mut bridge = BridgeConfig::under(folder);
    bridge.pass_broken_answers = true;
    Config {
        facility_code: FACILITY.to_owned(),
        center: CenterConfig {
            roots: keys.join("roots.pem"),
            root_fingerprints: vec![fingerprint],
            certificate: keys.join("clinic.pem"),
            key: keys.join("clinic.key"),
            account,
            password_file: keys.join("password"),
            addresses: addresses(https),
            connect_timeout: jiff::SignedDuration::from_secs(5),
            login_pause: jiff::SignedDuration::from_secs(30),
            proxy: String::new(),
            proxy_user: String::new(),
            proxy_password_file: std::path::PathBuf::new(),
            clock: chassis::clock::Clock::system(),
        },
        bridge,
        keeper: KeeperConfig::default(),
        mail: chassis::mail::Config::default(),
        site: clinic::config::SiteConfig::default(),
    }
}

fn addresses(https: SocketAddr) -> std::collections::BTreeMap<String, SocketAddr> {
    let line = [hosts::line_portal(), hosts::line_notifier_east(), hosts::line_notifier_west()];
    [hosts::web_api_login(), hosts::web_api_search(), hosts::authority(), hosts::crl()]
        .into_iter()
        .chain(line)
        .map(|host| (host.name.to_owned(), https))
        .collect()
}
