//! Tells the time to routers and terminals (NTPv4), as little per question as was asked.
//!
//! Only questions of clients (mode 3) are answered, each with 48 bytes, never more than were asked with; who asks too often is told so
//! once a second (the kiss code `RATE`) and otherwise nothing, so that a forged question makes less traffic than it took.

mod config;
pub mod packet;
pub mod rate;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::clock::Clock;
use os::datagrams::Batch;

pub use config::{Config, Leap};

use packet::{LENGTH, Question, Standing};
use rate::{Rates, Verdict};

/// Questions taken with one call of the system.
const BATCH: usize = 64;
/// A question with everything that is ever hung to it; longer ones are none.
const LONGEST: usize = 512;
/// How soon a quiet server notices that it is to stop.
const NOTICE: Duration = Duration::from_millis(200);

/// A time server that runs.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    stopping: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// Opens a socket for each address of the configuration. An answer leaves from the very address that was asked: on a machine with several
/// addresses each is named.
///
/// # Errors
/// What the operating system says.
pub fn open(config: &Config) -> std::io::Result<Vec<UdpSocket>> {
    config.listen.iter().map(|address| UdpSocket::bind(*address)).collect()
}

/// Serves on open sockets, a thread for each.
///
/// # Errors
/// What the operating system says.
pub fn serve(sockets: Vec<UdpSocket>, config: &Config, clock: &Clock) -> std::io::Result<Running> {
    let stopping = Arc::new(AtomicBool::new(false));
    let addresses = sockets.iter().map(UdpSocket::local_addr).collect::<Result<_, _>>()?;
    let mut threads = Vec::new();
    for (number, socket) in sockets.into_iter().enumerate() {
        socket.set_read_timeout(Some(NOTICE))?;
        let desk = Desk { clock: clock.clone(), standing: config.standing(), rates: Rates::new(config.per_second, config.burst) };
        let stopping = Arc::clone(&stopping);
        let thread = std::thread::Builder::new().name(format!("time-{number}"));
        threads.push(thread.spawn(move || answer_until(&socket, desk, &stopping))?);
    }
    Ok(Running { addresses, stopping, threads })
}

impl Running {
    /// Answers what was taken and ends.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // A panic in it was already logged.
            let _ended = thread.join();
        }
    }
}

struct Desk {
    clock: Clock,
    standing: Standing,
    rates: Rates,
}

/// What was done since the figures were last told.
#[derive(Default)]
struct Done {
    answered: u64,
    refused: u64,
    ignored: u64,
}

fn answer_until(socket: &UdpSocket, mut desk: Desk, stopping: &AtomicBool) {
    let mut batch = Batch::new(BATCH, LONGEST);
    while !stopping.load(Ordering::Relaxed) {
        let taken = match batch.receive(socket) {
            Ok(taken) => taken,
            Err(error) => {
                // Such as the news that an earlier asker is gone: it concerns no one else.
                tracing::debug!(%error, "a question could not be taken");
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
        };
        let mut done = Done::default();
        for place in 0..taken {
            desk.answer(&mut batch, place, &mut done);
        }
        batch.send(socket);
        note(&done);
    }
}

impl Desk {
    fn answer(&mut self, batch: &mut Batch, place: usize, done: &mut Done) {
        let arrived = self.clock.now();
        let Some(sender) = batch.sender(place) else { return };
        let Some((asked, answer)) = batch.exchange(place) else {
            done.ignored += 1;
            return;
        };
        let Some(question) = Question::read(asked) else {
            done.ignored += 1;
            return;
        };
        match self.rates.judge(sender.ip(), arrived) {
            Verdict::Answer => {
                answer.extend_from_slice(&question.answer(&self.standing, arrived, self.clock.now()));
                done.answered += 1;
            }
            Verdict::Say => {
                answer.extend_from_slice(&question.too_often());
                done.refused += 1;
            }
            Verdict::Ignore => done.refused += 1,
        }
        debug_assert!(answer.is_empty() || answer.len() == LENGTH);
    }
}

fn note(done: &Done) {
    if done.answered > 0 {
        metrics::counter!("onshi_time_answers_total").increment(done.answered);
    }
    if done.refused > 0 {
        metrics::counter!("onshi_time_refused_total").increment(done.refused);
    }
    if done.ignored > 0 {
        metrics::counter!("onshi_time_ignored_total").increment(done.ignored);
    }
}
