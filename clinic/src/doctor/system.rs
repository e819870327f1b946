//! What the machine says of itself: texts of its own programs, read in Japanese and English, and the clinic's own files and folders.

pub mod linux;
mod own;
pub mod programs;
pub mod text;
pub mod windows;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use self::programs::{LINUX, Source, WINDOWS};
use super::probe::Settings;
use super::probe::page::shortened;
use super::probe::plan::DNS;
use super::recording::{AddressFact, Machine, Medium, Platform, Text};

/// The longest text that a recording keeps.
const KEPT: usize = 64 * 1024;
/// How long the network waits for what the machine says of its addresses.
const NEAR: Duration = Duration::from_millis(1500);

/// Texts by the name of their file.
#[derive(Clone, Debug, Default)]
pub struct Texts(BTreeMap<&'static str, String>);

impl Texts {
    /// The text of this name; absent when nobody got it, or it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Puts a text.
    pub fn put(&mut self, name: &'static str, text: String) {
        self.0.insert(name, text);
    }
}

/// What the probes need to know of the machine before they ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Near {
    /// The name servers, with zones.
    pub resolvers: Vec<SocketAddr>,
    /// The default gateways, with zones.
    pub routers: Vec<SocketAddr>,
    /// The machine's own addresses.
    pub own: Vec<IpAddr>,
}

/// The machine while it is looked at; what was got so far can be read at any moment.
#[derive(Debug)]
pub struct System {
    settings: Settings,
    sources: Vec<Source>,
    held: Mutex<Held>,
    /// So many of the near texts are still missing.
    missing: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Held {
    texts: Texts,
    own: Machine,
    withheld: Vec<String>,
}

impl System {
    /// Nothing looked at yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let here = if cfg!(windows) { WINDOWS.to_vec() } else { LINUX.to_vec() };
        let sources = if settings.sources.is_some() { LINUX.into_iter().chain(WINDOWS).collect() } else { here };
        let missing = sources.iter().filter(|source| source.near).count();
        Self { settings: settings.clone(), sources, held: Mutex::default(), missing: watch::Sender::new(missing) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets every text at the same time, and looks at the clinic's own files.
    pub async fn look(&self) {
        let texts = async {
            match &self.settings.sources {
                Some(folder) => self.read_saved(folder),
                None => drop(futures_util::future::join_all(self.sources.iter().map(|source| self.get(source))).await),
            }
        };
        let own = async {
            // Files may lie on a share that does not answer: a thread of its own waits for it, and may be left behind.
            let (tell, told) = tokio::sync::oneshot::channel();
            let settings = self.settings.clone();
            let started = std::thread::Builder::new().name("files".to_owned()).spawn(move || {
                let _nobody = tell.send(own::facts(&settings));
            });
            if started.is_ok()
                && let Ok(facts) = told.await
            {
                self.held().own = facts;
            }
        };
        tokio::join!(texts, own);
    }

    async fn get(&self, source: &Source) {
        match source.get().await {
            Ok(text) => self.held().texts.put(source.file, text),
            Err(why) => self.held().withheld.push(format!("{}: {why}", source.of())),
        }
        if source.near {
            self.missing.send_modify(|missing| *missing = missing.saturating_sub(1));
        }
    }

    /// Files that are missing or cannot be read are no texts.
    fn read_saved(&self, folder: &Path) {
        for source in &self.sources {
            if let Ok(bytes) = std::fs::read(folder.join(source.file)) {
                self.held().texts.put(source.file, text::decode(&bytes));
            }
        }
        self.missing.send_replace(0);
    }

    /// The addresses and name servers, as soon as they are known, or what is known of them after a while.
    pub async fn near(&self) -> Near {
        let mut missing = self.missing.subscribe();
        // Without them the network's own servers are asked all the same.
        let _known = tokio::time::timeout(NEAR, missing.wait_for(|missing| *missing == 0)).await;
        let platform = self.platform();
        near(&machine(&self.held().texts, platform, &self.settings))
    }

    /// Whose texts there are: this machine's, or those of the saved texts.
    #[must_use]
    pub fn platform(&self) -> Platform {
        let texts = &self.held().texts;
        let saved = self.settings.sources.is_some();
        let of_windows = if saved { WINDOWS.iter().any(|source| texts.get(source.file).is_some()) } else { cfg!(windows) };
        if of_windows { Platform::Windows } else { Platform::Linux }
    }

    /// Everything that was got, and the texts as far as they may leave.
    #[must_use]
    pub fn read(&self) -> (Machine, Vec<Text>) {
        let platform = self.platform();
        let held = self.held();
        let mut machine = machine(&held.texts, platform, &self.settings);
        own::merge(&mut machine, &held.own, self.settings.sources.is_some());
        if let Some(folder) = &self.settings.sources {
            machine.files.extend(windows::files::saved(folder));
        }
        machine.withheld.extend(held.withheld.iter().cloned());
        let kept = |source: &Source| {
            let text = held.texts.get(source.file)?;
            Some(Text { of: source.of(), text: shortened(&text::redacted(text), KEPT) })
        };
        (machine, self.sources.iter().filter_map(kept).collect())
    }
}

fn machine(texts: &Texts, platform: Platform, settings: &Settings) -> Machine {
    let facility = settings.config.as_ref().map(|config| config.facility_code.as_str()).filter(|code| !code.is_empty());
    if platform == Platform::Windows { windows::machine(texts, facility) } else { linux::machine(texts) }
}

/// Link-local addresses are of use only with their zone: the adapter's number, or its name where the text has names.
fn near(machine: &Machine) -> Near {
    let adapters = || {
        machine
            .adapters
            .iter()
            .filter(|adapter| !matches!(adapter.medium, Medium::Loopback | Medium::Virtual) && adapter.connected != Some(false))
    };
    let mut near = Near::default();
    for adapter in adapters() {
        let sockets = |texts: &[String]| -> Vec<SocketAddr> { texts.iter().filter_map(|text| socket(text, &adapter.name)).collect() };
        for (found, into) in [(sockets(&adapter.name_servers), &mut near.resolvers), (sockets(&adapter.gateways), &mut near.routers)] {
            for address in found {
                if !into.contains(&address) {
                    into.push(address);
                }
            }
        }
        let own = [&adapter.permanent, &adapter.temporary, &adapter.ipv4].into_iter().flatten().filter(|address| !address.deprecated);
        near.own.extend(own.filter_map(AddressFact::parsed));
    }
    // A machine whose adapters cannot be read may still know its name servers.
    for server in &machine.resolvers {
        if near.resolvers.iter().all(|there| there.ip() != *server) {
            near.resolvers.push((*server, DNS).into());
        }
    }
    near
}

fn socket(text: &str, adapter: &str) -> Option<SocketAddr> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    match address.parse().ok()? {
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            let zone = zone.unwrap_or(adapter);
            Some(SocketAddrV6::new(address, DNS, 0, zone.parse().ok().or_else(|| number_of(zone))?).into())
        }
        address => Some((address, DNS).into()),
    }
}

/// The number of an adapter by its name.
fn number_of(adapter: &str) -> Option<u32> {
    let name = Path::new(adapter).file_name()?;
    std::fs::read_to_string(Path::new("/sys/class/net").join(name).join("ifindex")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::recording::Adapter;
    use chassis::clock::Clock;

    #[test]
    fn a_link_local_server_keeps_its_zone() {
        let adapter = Adapter {
            name: "Ethernet".to_owned(),
            name_servers: vec!["fe80::1%12".to_owned(), "192.168.1.1".to_owned(), "2408:210::####".to_owned()],
            gateways: vec!["fe80::1%12".to_owned()],
            permanent: vec![AddressFact { address: "2408:210::7".to_owned(), ..AddressFact::default() }],
            ..Adapter::default()
        };
        let machine = Machine { adapters: vec![adapter], resolvers: vec!["192.168.1.1".parse().unwrap()], ..Machine::default() };
        let near = near(&machine);
        assert_eq!(near.resolvers, ["[fe80::1%12]:53".parse().unwrap(), "192.168.1.1:53".parse().unwrap()]);
        assert_eq!(near.routers, ["[fe80::1%12]:53".parse().unwrap()]);
        assert_eq!(near.own, ["2408:210::7".parse::<IpAddr>().unwrap()]);
    }

    #[tokio::test]
    async fn saved_texts_stand_for_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ipconfig.txt"), include_str!("../../tests/listings/english.txt")).unwrap();
        let settings = Settings { sources: Some(folder.path().to_owned()), network: false, ..Settings::load(None, Clock::system()) };
        let recording = crate::doctor::probe::take(&settings, Duration::from_secs(5)).await;
        assert_eq!((recording.platform, recording.probes.len()), (Platform::Windows, 0));
        assert!(recording.machine.adapters.iter().any(|adapter| adapter.permanent.len() == 1));
        assert!(recording.texts.iter().any(|text| text.of == "ipconfig /all" && !text.text.contains("DESKTOP-1")));
    }
}
