//! A cable between two machines that can be bad: a relay in this process, since not every kernel can delay and lose by itself.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::namespace::Namespace;
use crate::patience;
use crate::relay::{Dice, Faults};

/// The largest frame: Ethernet's header, 1500 bytes, and room to spare.
const LARGEST: usize = 2048;
/// How many frames may be under way in one direction; more are lost, as in any queue.
const QUEUE: usize = 4096;
/// How long the relay may sleep before it looks whether it is still wanted.
const NAP: Duration = Duration::from_millis(100);

/// A relay between two interfaces; unplugged when dropped.
pub(crate) struct Cable {
    faults: Arc<Mutex<Faults>>,
    wanted: Arc<AtomicBool>,
    relay: Option<JoinHandle<()>>,
}

impl Cable {
    /// Makes an interface on each machine and a cable between them.
    pub(crate) fn plug(one: (&Namespace, &str), other: (&Namespace, &str), faults: Faults) -> Result<Self> {
        let open = |(machine, name): (&Namespace, &str)| machine.inside(|| os::tap::open(name))?.with_context(|| format!("cable {name}"));
        let ends = [open(one)?, open(other)?];
        let (faults, wanted) = (Arc::new(Mutex::new(faults)), Arc::new(AtomicBool::new(true)));
        let relay = Relay { faults: faults.clone(), wanted: wanted.clone(), dice: Dice::new() };
        Ok(Self { faults, wanted, relay: Some(std::thread::spawn(move || relay.run(&ends))) })
    }

    /// From now on it is bad in this way.
    pub(crate) fn becomes(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
        if let Some(relay) = self.relay.take() {
            let _ended = relay.join();
        }
    }
}

struct Relay {
    faults: Arc<Mutex<Faults>>,
    wanted: Arc<AtomicBool>,
    dice: Dice,
}

/// Frames under way to one end, with the moment at which each arrives.
type Queue = VecDeque<(Instant, Vec<u8>)>;

impl Relay {
    fn run(mut self, ends: &[File; 2]) {
        let mut queues = [Queue::new(), Queue::new()];
        while self.wanted.load(Ordering::Relaxed) {
            wait(ends, &queues);
            let faults = *self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            let [one, other] = ends;
            let [to_one, to_other] = &mut queues;
            self.take(one, to_other, &faults);
            self.take(other, to_one, &faults);
            deliver(one, to_one);
            deliver(other, to_other);
        }
    }

    /// Takes what an end has sent.
    fn take(&mut self, mut from: &File, queue: &mut Queue, faults: &Faults) {
        let mut frame = [0; LARGEST];
        // An end that is down says so, as an error: nothing comes from there.
        while let Ok(length) = from.read(&mut frame) {
            let Some(sent) = frame.get(..length) else { return };
            if queue.len() < QUEUE && faults.passes(sent, self.dice.roll()) {
                queue.push_back((patience::now() + faults.delay, sent.to_vec()));
            }
        }
    }
}

/// Sleeps until a frame comes or is due.
fn wait(ends: &[File; 2], queues: &[Queue; 2]) {
    let now = patience::now();
    let due = queues.iter().filter_map(|queue| queue.front()).map(|(due, _)| due.saturating_duration_since(now)).min();
    let nap = due.unwrap_or(NAP).min(NAP);
    let mut polled = ends.each_ref().map(|end| PollFd::new(end, PollFlags::IN));
    // Woken for no reason, it looks and finds nothing.
    let _woken = poll(&mut polled, Timespec::try_from(nap).ok().as_ref());
}

fn deliver(mut to: &File, queue: &mut Queue) {
    let now = patience::now();
    while let Some((_, frame)) = queue.pop_front_if(|(due, _)| *due <= now) {
        // An end that is down takes nothing: the frame is lost, as on any cable.
        let _taken = to.write(&frame);
    }
}
