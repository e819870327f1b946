//! Answers over TCP (RFC 7766): many questions on a connection, each line its share of the connections, nobody kept waiting by the slow.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::choice::Door;
use super::desk::Over;
use super::fair::{self, Seat, Seats};
use super::figures::Tally;
use super::source::Current;

/// Answers are sent together up to this many bytes.
const TOGETHER: usize = 64 * 1024;
/// Room for questions that arrive together.
const READ: usize = 16 * 1024;
/// After a failed accept (no more files, say) the door rests.
const REST: Duration = Duration::from_millis(50);

/// What a connection needs to answer.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) door: Arc<Door>,
    pub(super) current: Arc<Current>,
    pub(super) patience: Duration,
}

pub(super) type SharedSeats = Arc<Mutex<Seats<AbortHandle>>>;

/// The connections of all addresses together.
pub(super) fn seats(most: usize) -> SharedSeats {
    Arc::new(Mutex::new(Seats::new(most)))
}

/// A seat that is given back when its connection ends, however it ends.
struct Held {
    seats: SharedSeats,
    number: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.leave(self.number);
        note(&seats);
    }
}

fn note(seats: &Seats<AbortHandle>) {
    metrics::gauge!("onshi_dns_connections").set(f64::from(u32::try_from(seats.taken()).unwrap_or(u32::MAX)));
}

/// Takes connections for as long as it runs.
pub(super) async fn accept(listener: TcpListener, desk: Desk, seats: SharedSeats) {
    loop {
        match listener.accept().await {
            Ok((stream, asker)) => admit(stream, asker, &desk, &seats),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn admit(stream: TcpStream, asker: SocketAddr, desk: &Desk, seats: &SharedSeats) {
    let mut table = seats.lock().unwrap_or_else(PoisonError::into_inner);
    // The task waits for its seat: until then it holds nothing.
    let (seated, seat) = tokio::sync::oneshot::channel::<Held>();
    let desk = desk.clone();
    let task = tokio::spawn(async move {
        let Ok(_held) = seat.await else { return };
        // A connection that breaks off needs no word.
        let _ended = answer(stream, asker, &desk).await;
    });
    let number = match table.enter(fair::line(asker.ip()), task.abort_handle()) {
        Seat::Free(number) => number,
        Seat::InsteadOf(number, ended) => {
            ended.abort();
            metrics::counter!("onshi_dns_turned_away_total").increment(1);
            number
        }
        Seat::Full => {
            task.abort();
            metrics::counter!("onshi_dns_turned_away_total").increment(1);
            return;
        }
    };
    note(&table);
    drop(table);
    // A task that was ended meanwhile gives the seat back by dropping it.
    let _seated = seated.send(Held { seats: Arc::clone(seats), number });
}

/// Answers one connection until it ends, is silent for too long, or takes no answers.
async fn answer(mut stream: TcpStream, asker: SocketAddr, desk: &Desk) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut tally = Tally::new("tcp");
    let chosen = desk.door.choose(asker.ip());
    let (mut turn, mut asked, mut out) = (usize::from(asker.port()), Vec::with_capacity(READ), Vec::new());
    loop {
        let (edition, list) = (desk.current.edition(), desk.current.desk());
        while edition == desk.current.edition() {
            let mut done = 0;
            while let Some((packet, after)) = framed(asked.get(done..).unwrap_or_default()) {
                done = asked.len() - after;
                let begin = out.len();
                out.extend_from_slice(&[0, 0]);
                tally.add(list.answer(packet, Over::Tcp, chosen, &mut turn, &mut out));
                let length = out.len() - begin - 2;
                match out.get_mut(begin..begin + 2) {
                    Some(frame) if length > 0 => frame.copy_from_slice(&u16::try_from(length).unwrap_or_default().to_be_bytes()),
                    _ => out.truncate(begin),
                }
                if out.len() >= TOGETHER {
                    send(&mut stream, &mut out, desk.patience).await?;
                }
            }
            asked.drain(..done);
            tally.tell();
            send(&mut stream, &mut out, desk.patience).await?;
            receive(&mut stream, &mut asked, desk.patience).await?;
        }
    }
}

/// Reads on until a whole question is there, in the time that is given for one.
async fn receive(stream: &mut TcpStream, asked: &mut Vec<u8>, patience: Duration) -> io::Result<()> {
    let whole = async {
        loop {
            asked.reserve(READ);
            if stream.read_buf(asked).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if framed(asked).is_some() {
                return Ok(());
            }
        }
    };
    timeout(patience, whole).await?
}

async fn send(stream: &mut TcpStream, out: &mut Vec<u8>, patience: Duration) -> io::Result<()> {
    if !out.is_empty() {
        timeout(patience, stream.write_all(out)).await??;
        out.clear();
    }
    Ok(())
}

/// The first whole message, and how many bytes follow it.
fn framed(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (packet, after) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((packet, after.len()))
}
