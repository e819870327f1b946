//! Asks everything at once under one deadline and writes it down as a recording; nothing is judged here, and nothing is ever pinged.

pub mod board;
pub mod doors;
pub mod found;
pub mod lists;
pub mod names;
pub mod packet;
pub mod page;
pub mod plan;
pub mod reach;
mod settings;
pub mod status;
pub mod time;
pub mod trust;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chassis::clock;
use manuals::domains::Service;
use manuals::hosts;
use manuals::proxy::Way;

pub use self::settings::Settings;

use self::board::Board;
use self::doors::Doors;
use self::found::Found;
use self::plan::{Known, Name, Server};
use self::trust::{Identity, Trust};
use super::recording::{Family, NameWay, Outcome, Platform, Recording, What};
use super::system::System;

/// How long a whole look may take.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// The last part of it, in which what is there is put together.
const MARGIN: Duration = Duration::from_millis(150);
/// How long the system's own resolver is waited for; some of them try for a minute.
const SYSTEM: Duration = Duration::from_secs(4);
/// Questions to one name server follow each other so: small routers drop what comes all at once.
const STEP: Duration = Duration::from_millis(4);
/// How long a name over TCP may take.
const OVER_TCP: Duration = Duration::from_millis(2000);
/// A name that every resolver of the internet knows, and that belongs to nobody (RFC 2606).
const SOMEWHERE: &str = "www.example.com";

type Asking<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A look under way; what it has found so far can be read at any moment.
#[derive(Debug)]
struct Look {
    settings: Settings,
    board: Board,
    system: System,
}

impl Look {
    async fn at_everything(&self) {
        tokio::join!(self.system.look(), async {
            if self.settings.network {
                network(&self.settings, &self.board, &self.system).await;
            }
        });
    }
}

/// One look at this machine and its line.
pub async fn take(settings: &Settings, deadline: Duration) -> Recording {
    let (begun, taken_at) = (clock::instant(), settings.clock.now());
    let look = Arc::new(Look { settings: settings.clone(), board: Board::default(), system: System::new(settings) });
    within(&look, deadline).await;
    let Look { board, system, .. } = &*look;
    let (machine, texts) = system.read();
    let platform = if cfg!(windows) { Platform::Windows } else { Platform::Linux };
    Recording {
        taken_at,
        took_ms: u64::try_from(clock::instant().saturating_duration_since(begun).as_millis()).unwrap_or(u64::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: if settings.sources.is_some() { system.platform() } else { platform },
        site: settings.site.clone(),
        before: None,
        machine,
        probes: board.take(),
        texts,
        ..Recording::default()
    }
}

/// Looks in a thread of its own: a call of the system that hangs, or a driver that never rests, must not hold up what is known by then. What did not
/// finish stands on the board as unfinished.
async fn within(look: &Arc<Look>, deadline: Duration) {
    const STACK: usize = 8 * 1024 * 1024;
    let (tell, told) = tokio::sync::oneshot::channel();
    let (looking, time) = (look.clone(), deadline.saturating_sub(MARGIN * 2));
    let started = std::thread::Builder::new().name("look".to_owned()).stack_size(STACK).spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            let _in_time = runtime.block_on(async { tokio::time::timeout(time, looking.at_everything()).await }).is_ok();
            runtime.shutdown_background();
        }
        let _nobody = tell.send(());
    });
    if started.is_ok() {
        let _in_time = tokio::time::timeout(deadline.saturating_sub(MARGIN), told).await.is_ok();
    } else {
        let _in_time = tokio::time::timeout(deadline.saturating_sub(MARGIN), look.at_everything()).await.is_ok();
    }
}

async fn network(settings: &Settings, board: &Board, system: &System) {
    let near = system.near().await;
    let known = Known {
        site: settings.site.clone(),
        web_api: settings.config.is_some(),
        resolvers: near.resolvers,
        routers: near.routers,
        own: near.own,
    };
    let (names, servers) = (plan::names(&known), plan::servers(&known));
    let fixed = settings.config.as_ref().map(|config| config.center.addresses.clone()).unwrap_or_default();
    let found = Found::of(names.iter().map(|name| name.name.as_str()), fixed, known.regions());
    let doors = Doors {
        board,
        found: &found,
        trust: settings
            .config
            .as_ref()
            .map_or_else(Trust::of_the_system, |config| Trust::of_pem(&std::fs::read(&config.center.roots).unwrap_or_default())),
        identity: settings.config.as_ref().and_then(|config| Identity::read(&config.center.certificate, &config.center.key)),
        clock: settings.clock.clone(),
        regions: known.regions(),
    };
    let mut asking: Vec<Asking<'_>> = Vec::new();
    ask_names(&mut asking, board, &found, &names, &servers);
    knock(&mut asking, &doors, settings, &known);
    if settings.site.internet == Some(true) {
        let what = What::Internet { name: SOMEWHERE.to_owned() };
        asking.push(Box::pin(async move {
            board.ask(what, by_system(SOMEWHERE)).await;
        }));
    }
    futures_util::future::join_all(asking).await;
}

async fn by_system(name: &str) -> Outcome {
    tokio::time::timeout(SYSTEM, names::by_system(name)).await.unwrap_or(Outcome::TimedOut)
}

fn what(name: &Name, server: &Server, way: NameWay, family: Family) -> What {
    What::Name { name: name.name.clone(), asked: server.asked.clone(), way, family }
}

fn ask_names<'a>(asking: &mut Vec<Asking<'a>>, board: &'a Board, found: &'a Found, names: &'a [Name], servers: &'a [Server]) {
    let own = |name: &&Name| found.fixed(&name.name).is_none();
    for name in names {
        let what =
            What::Name { name: name.name.clone(), asked: super::recording::Asked::System, way: NameWay::System, family: Family::Both };
        if let Some(fixed) = found.fixed(&name.name) {
            let addresses = vec![fixed.ip()];
            board.say(what, Outcome::Addresses { addresses, truncated: false, authoritative: false, rcode: None, bytes: None });
            continue;
        }
        asking.push(Box::pin(async move {
            let outcome = board.ask(what, by_system(&name.name)).await;
            found.tell(&name.name, true, &outcome);
        }));
    }
    for server in servers {
        let mut place = 0;
        for name in names.iter().filter(own).filter(|name| server.answers_for(&name.name)) {
            for (room, family) in plan::datagrams(server, name) {
                let way = if room.is_some() { NameWay::Udp1232 } else { NameWay::Udp512 };
                let ticket = board.put(what(name, server, way, family));
                let wait = STEP * place;
                place += 1;
                asking.push(Box::pin(async move {
                    tokio::time::sleep(wait).await;
                    board.begin(ticket);
                    let outcome = names::by_udp(server.at, &name.name, family, room, &names::SENDINGS).await;
                    found.tell(&name.name, false, &outcome);
                    board.done(ticket, outcome);
                }));
            }
        }
        if !server.thoroughly {
            continue;
        }
        let over_tcp: Vec<&Name> = names.iter().filter(own).filter(|name| server.answers_for(&name.name)).collect();
        let tickets: Vec<_> = over_tcp.iter().map(|name| board.put(what(name, server, NameWay::Tcp, Family::V6))).collect();
        let questions: Vec<(String, Family)> = over_tcp.iter().map(|name| (name.name.clone(), Family::V6)).collect();
        asking.push(Box::pin(async move {
            names::by_tcp(server.at, &questions, OVER_TCP, |place, outcome| {
                if let Some(ticket) = tickets.get(place) {
                    board.done(*ticket, outcome);
                }
                if let Some(next) = tickets.get(place + 1) {
                    board.begin(*next);
                }
            })
            .await;
        }));
    }
}

fn knock<'a>(asking: &mut Vec<Asking<'a>>, doors: &'a Doors<'a>, settings: &'a Settings, known: &'a Known) {
    asking.push(Box::pin(doors.line()));
    let regions = known.regions();
    if let [region] = regions.as_slice() {
        asking.push(Box::pin(doors.certificates(hosts::line_notifier(*region))));
    }
    asking.push(Box::pin(doors.page(What::CertificateDoor, hosts::authority(), manuals::certificate::sheet().path.download)));
    asking.push(Box::pin(lists::revocations(doors, settings)));
    if known.site.uses(Service::Eligibility) {
        asking.push(Box::pin(doors.page(What::Portal, hosts::portal(), hosts::paths().portal)));
    }
    if known.web_api {
        asking.push(Box::pin(doors.page(What::WebApi, hosts::web_api_login(), hosts::paths().web_api_login)));
        asking.push(Box::pin(doors.certificates(hosts::web_api_search())));
    }
    if known.uses_base() {
        let check = hosts::proxy_check();
        asking.push(Box::pin(doors.plain(What::Distribution { host: check.name.to_owned() }, check, "/")));
        asking.push(Box::pin(doors.time(hosts::ntp())));
        if let Some(cloud) = manuals::proxy::sheet().own_proxy.must_reach.first() {
            asking.push(Box::pin(doors.proxy(hosts::proxy().name, hosts::proxy().port, (cloud, 443))));
        }
    } else if known.site.uses(Service::Eligibility) && known.way() == Way::Site {
        // The site's own proxy and its way to the cloud are agreed with its administrator (PX-09): nothing of the network's is asked.
        let why = || Outcome::NotAsked { why: "the site's own way".to_owned() };
        doors.board.say(What::Proxy { host: hosts::proxy().name.to_owned() }, why());
    }
    if known.site.uses(Service::Claims) {
        for host in plan::claims() {
            asking.push(Box::pin(doors.port(host)));
        }
    }
}
