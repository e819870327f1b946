//! Shares connections and bandwidth fairly among lines, so that one busy site never shuts out the others.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use tokio::sync::{Notify, oneshot};

/// Whether a line may hold one connection more: never above its own limit; and once three quarters of all places are taken, no more than an
/// even part of them.
#[must_use]
pub fn may_hold(taken: usize, all: usize, own: usize, own_limit: usize, lines: usize) -> bool {
    let scarce = taken >= all - all / 4;
    taken < all && own < own_limit && (!scarce || own < (all / lines.max(1)).max(1))
}

/// The places for connections.
#[derive(Debug)]
pub struct Places {
    all: usize,
    own_limit: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    taken: usize,
    lines: HashMap<IpNet, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// All places are taken.
    Full,
    /// The line has its part.
    Line,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    line: IpNet,
}

impl Places {
    /// `all` places, of which one line holds at most `own_limit`.
    #[must_use]
    pub fn new(all: usize, own_limit: usize) -> Arc<Self> {
        Arc::new(Self { all, own_limit, held: Mutex::default() })
    }

    /// Takes a place for a line.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub fn take(self: &Arc<Self>, line: IpNet) -> Result<Place, NoPlace> {
        let mut held = lock(&self.held);
        let own = held.lines.get(&line).copied().unwrap_or(0);
        let lines = held.lines.len() + usize::from(own == 0);
        if held.taken >= self.all {
            return Err(NoPlace::Full);
        }
        if !may_hold(held.taken, self.all, own, self.own_limit, lines) {
            return Err(NoPlace::Line);
        }
        held.taken += 1;
        held.lines.insert(line, own + 1);
        Ok(Place { places: Arc::clone(self), line })
    }

    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        lock(&self.held).taken
    }
}

impl Place {
    /// Whose it is.
    #[must_use]
    pub fn line(&self) -> IpNet {
        self.line
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.places.held);
        held.taken = held.taken.saturating_sub(1);
        if let Some(own) = held.lines.get_mut(&self.line) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                held.lines.remove(&self.line);
            }
        }
    }
}

/// What is behind a lock stays whole: nothing that holds it can fail half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The order in which bytes of several lines pass a narrow gate: each line's next burst is due after what it has had already, so that lines
/// that want something get equally much, however many connections each has (start-time fair queueing).
#[derive(Debug)]
pub struct Order<T> {
    /// Bytes a second.
    rate: f64,
    /// Bytes that may pass at once after a pause.
    most: f64,
    credit: f64,
    counted: Duration,
    /// How far the service has come, in bytes of a line's own.
    position: u64,
    /// Where each line's last burst ends.
    ends: HashMap<IpNet, u64>,
    waiting: BinaryHeap<Reverse<Burst<T>>>,
    sequence: u64,
}

#[derive(Debug)]
struct Burst<T> {
    due: (u64, u64),
    bytes: u32,
    ticket: T,
}

impl<T> PartialEq for Burst<T> {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}
impl<T> Eq for Burst<T> {}
impl<T> PartialOrd for Burst<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Burst<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl<T> Order<T> {
    /// For a gate of `rate` bytes a second.
    #[must_use]
    pub fn new(rate: u64) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "rates of networks fit a double")]
        let rate = rate.max(1) as f64;
        // A twentieth of a second's worth may pass at once.
        let most = (rate / 20.0).max(1.0);
        Self {
            rate,
            most,
            credit: most,
            counted: Duration::ZERO,
            position: 0,
            ends: HashMap::new(),
            waiting: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// Puts a burst of a line in line.
    pub fn ask(&mut self, line: IpNet, bytes: u32, ticket: T) {
        let begin = self.ends.get(&line).copied().unwrap_or(0).max(self.position);
        self.ends.insert(line, begin + u64::from(bytes));
        self.sequence += 1;
        self.waiting.push(Reverse(Burst { due: (begin, self.sequence), bytes, ticket }));
    }

    /// The tickets of the bursts that pass until `now` (time since the gate was opened).
    pub fn pass(&mut self, now: Duration) -> Vec<T> {
        self.credit = (self.credit + now.saturating_sub(self.counted).as_secs_f64() * self.rate).min(self.most);
        self.counted = now;
        let mut passed = Vec::new();
        while self.credit > 0.0
            && let Some(Reverse(burst)) = self.waiting.pop()
        {
            self.credit -= f64::from(burst.bytes);
            self.position = self.position.max(burst.due.0);
            passed.push(burst.ticket);
        }
        if self.waiting.is_empty() {
            // Nobody waits: what was had before counts no longer.
            let position = self.position;
            self.ends.retain(|_, end| *end > position);
        }
        passed
    }

    /// How long until the next burst passes; `None` when none waits.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let debt = (-self.credit).max(0.0) + 1.0;
        (!self.waiting.is_empty()).then(|| Duration::from_secs_f64(debt / self.rate))
    }
}

/// The gate that all bytes pass.
#[derive(Debug)]
pub struct Gate {
    /// None where there is no limit.
    order: Option<Mutex<Order<oneshot::Sender<()>>>>,
    asked: Notify,
    opened: Instant,
}

impl Gate {
    /// A gate of so many bytes a second; 0 is no gate at all. A gate with a limit works while [`Gate::work`] runs.
    #[must_use]
    pub fn new(rate: u64) -> Arc<Self> {
        let order = (rate > 0).then(|| Mutex::new(Order::new(rate)));
        Arc::new(Self { order, asked: Notify::new(), opened: chassis::clock::instant() })
    }

    /// Waits until so many bytes of a line may pass.
    pub async fn pass(&self, line: IpNet, bytes: usize) {
        let Some(order) = &self.order else { return };
        let (ticket, passed) = oneshot::channel();
        lock(order).ask(line, u32::try_from(bytes).unwrap_or(u32::MAX), ticket);
        self.asked.notify_one();
        // A gate that works no more holds nobody back.
        let _passed_or_closed = passed.await;
    }

    /// Lets bytes through, for ever.
    pub async fn work(self: Arc<Self>) {
        let Some(order) = &self.order else { return };
        loop {
            let wait = {
                let mut order = lock(order);
                // Whoever went away in the meantime needs its ticket no more.
                for ticket in order.pass(self.opened.elapsed()) {
                    let _waits = ticket.send(());
                }
                order.wait()
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(1))).await,
                None => self.asked.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u8) -> IpNet {
        format!("192.0.2.{number}/32").parse().unwrap()
    }

    #[test]
    fn a_line_that_wants_everything_leaves_places_to_the_others() {
        let places = Places::new(8, 100);
        let mut greedy = Vec::new();
        while let Ok(place) = places.take(line(1)) {
            greedy.push(place);
        }
        // Alone it may have all.
        assert_eq!((greedy.len(), places.taken()), (8, 8));
        assert_eq!(places.take(line(2)).unwrap_err(), NoPlace::Full);
        greedy.truncate(6);
        let other = places.take(line(2)).unwrap();
        // Now half of the places would be each one's part.
        assert_eq!(places.take(line(1)).unwrap_err(), NoPlace::Line);
        let third = places.take(line(3)).unwrap();
        drop((greedy, other, third));
        assert_eq!(places.taken(), 0);
        let few = Places::new(100, 2);
        let _two = [few.take(line(1)).unwrap(), few.take(line(1)).unwrap()];
        assert_eq!(few.take(line(1)).unwrap_err(), NoPlace::Line);
    }

    #[test]
    fn lines_get_equally_much_however_many_connections_each_has() {
        let mut order = Order::new(1_000_000);
        // Line 1 with twenty tunnels, line 2 with one: each always has its next burst waiting.
        for tunnel in 0..20 {
            order.ask(line(1), 10_000, (1, tunnel));
        }
        order.ask(line(2), 10_000, (2, 0));
        let mut bytes = [0_u64; 3];
        for millisecond in 0..10_000_u64 {
            for (number, tunnel) in order.pass(Duration::from_millis(millisecond)) {
                bytes[usize::from(number)] += 10_000;
                order.ask(line(number), 10_000, (number, tunnel));
            }
        }
        let (one, two) = (bytes[1], bytes[2]);
        assert!(one.abs_diff(two) <= 40_000, "{one} {two}");
        assert!((9_900_000..=10_200_000).contains(&(one + two)), "{}", one + two);
    }

    #[test]
    fn a_line_alone_gets_everything() {
        let mut order = Order::new(1_000_000);
        order.ask(line(2), 10_000, 2);
        order.pass(Duration::ZERO);
        let mut bytes = 0;
        order.ask(line(1), 10_000, 1);
        for millisecond in 0..1_000_u64 {
            for number in order.pass(Duration::from_millis(millisecond)) {
                bytes += 10_000;
                order.ask(line(number), 10_000, number);
            }
        }
        assert!((980_000..=1_100_000).contains(&bytes), "{bytes}");
        assert!(order.wait().is_some());
    }
}
