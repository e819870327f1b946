//! Answers datagrams, a batch at a time; in a busy moment every line gets its share.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use os::datagrams::Batch;

use super::choice::Door;
use super::desk::Over;
use super::fair;
use super::figures::Tally;
use super::source::Current;

/// Datagrams taken together. A full batch means that more wait.
const TOGETHER: usize = 64;
/// Of a full batch this many are answered when several lines ask; the others would only make everybody wait.
const ENOUGH: usize = TOGETHER / 2;
/// Longest question: a name, and options that nobody needs.
const LONGEST_QUESTION: usize = 4096;
/// From so many together on, in the mean of the last few batches, the server is busy: to fall asleep and be woken for every one or two that
/// come costs more than to answer them, so more are let come first.
const BUSY: usize = 4;
/// Batches that count for the mean.
const LAST: usize = 8;
/// How long they are let come; nobody notices it.
const PAUSE: Duration = Duration::from_micros(100);
/// How often a quiet socket sees whether the server ends.
pub(super) const LOOK_UP: Duration = Duration::from_millis(500);

/// Answers until it is over.
pub(super) fn answer(socket: &UdpSocket, door: &Door, current: &Current, over: &AtomicBool) {
    let mut batch = Batch::new(TOGETHER, LONGEST_QUESTION);
    let mut tally = Tally::new("udp");
    let dropped = metrics::counter!("onshi_dns_dropped_total");
    let (mut edition, mut desk) = (current.edition(), current.desk());
    let (mut turn, mut flow) = (0, 0);
    while !over.load(Ordering::Relaxed) {
        let came = match batch.receive(socket) {
            Ok(came) => came,
            Err(error) => {
                tracing::warn!(%error, "datagrams could not be taken");
                std::thread::park_timeout(LOOK_UP);
                continue;
            }
        };
        if current.edition() != edition {
            (edition, desk) = (current.edition(), current.desk());
        }
        let busy = came == TOGETHER;
        let turns = if busy {
            let lines: Vec<_> = (0..came).map(|place| batch.sender(place).map(|asker| fair::line(asker.ip()))).collect();
            fair::turns(&lines, ENOUGH)
        } else {
            Vec::new()
        };
        for rank in 0..if busy { turns.len() } else { came } {
            let place = if busy { turns.get(rank).copied().unwrap_or(came) } else { rank };
            let Some(asker) = batch.sender(place) else { continue };
            if let Some((asked, out)) = batch.exchange(place) {
                tally.add(desk.answer(asked, Over::Udp, door.choose(asker.ip()), &mut turn, out));
            }
        }
        if busy {
            dropped.increment(u64::try_from(came - turns.len()).unwrap_or_default());
        }
        batch.send(socket);
        tally.tell();
        flow = flow - flow / LAST + came;
        if !busy && flow >= BUSY * LAST {
            std::thread::sleep(PAUSE);
        }
    }
}
