//! Asks a time server once how far this machine's clock is off (SNTP, RFC 4330).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use chassis::clock::Clock;
use jiff::Timestamp;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::reach;
use crate::doctor::recording::Outcome;

const LENGTH: usize = 48;
/// Version 4, a client's question.
const QUESTION: u8 = 0b00_100_011;
const SERVER: u8 = 4;
/// Seconds from 1900, where the protocol begins to count, to 1970.
const FROM_1900: i64 = 2_208_988_800;
/// How long each sending waits.
const SENDINGS: [Duration; 3] = [Duration::from_millis(700), Duration::from_millis(1000), Duration::from_millis(1100)];

/// [`Outcome::Offset`], or why there is none.
pub async fn offset(server: SocketAddr, clock: &Clock) -> Outcome {
    match asked(server, clock).await {
        Ok(outcome) => outcome,
        Err(error) => reach::said(&error),
    }
}

async fn asked(server: SocketAddr, clock: &Clock) -> std::io::Result<Outcome> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let mut heard = [0; 512];
    for wait in SENDINGS {
        // What the client calls the moment of asking says nothing about its clock, and nobody can guess it.
        let token = chassis::random::bytes::<8>().unwrap_or([0x6f; 8]);
        let question: Vec<u8> = std::iter::once(QUESTION).chain([0; LENGTH - 9]).chain(token).collect();
        let sent = clock.now();
        socket.send(&question).await?;
        let answer = timeout(wait, async {
            loop {
                let length = socket.recv(&mut heard).await?;
                let outcome = heard.get(..length).and_then(|bytes| read(bytes, token, sent, clock.now()));
                if let Some(outcome) = outcome {
                    return Ok::<Outcome, std::io::Error>(outcome);
                }
            }
        });
        if let Ok(outcome) = answer.await {
            return outcome;
        }
    }
    Ok(Outcome::TimedOut)
}

/// Reads an answer to the question with this token; `None` for everything else.
#[must_use]
pub fn read(packet: &[u8], token: [u8; 8], sent: Timestamp, arrived: Timestamp) -> Option<Outcome> {
    let packet: &[u8; LENGTH] = packet.first_chunk()?;
    let (mode, stratum) = (packet.first()? & 7, *packet.get(1)?);
    if mode != SERVER || packet.get(24..32)? != token {
        return None;
    }
    if stratum == 0 {
        // The kiss of death: nothing in it is a time.
        let word: String = packet.get(12..16)?.iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect();
        return Some(Outcome::Refused { why: word });
    }
    if packet.first()? >> 6 == 3 {
        return Some(Outcome::Refused { why: "the server's own clock is not set".to_owned() });
    }
    let (received, left) = (moment(packet, 32, sent)?, moment(packet, 40, sent)?);
    let ms = |from: Timestamp, to: Timestamp| from.as_millisecond().saturating_sub(to.as_millisecond());
    // Positive: this machine is ahead.
    let ahead = (ms(sent, received) + ms(arrived, left)) / 2;
    Some(Outcome::Offset { ms: ahead })
}

/// A moment of the packet, in the era of 136 years that is nearest to this machine's clock.
fn moment(packet: &[u8; LENGTH], at: usize, near: Timestamp) -> Option<Timestamp> {
    const ERA: i64 = 1 << 32;
    let word = |from: usize| packet.get(from..from + 4)?.try_into().ok().map(u32::from_be_bytes);
    let seconds = i64::from(word(at)?) - FROM_1900;
    let eras = (near.as_second() - seconds + ERA / 2).div_euclid(ERA);
    let nanoseconds = (u64::from(word(at + 4)?) * 1_000_000_000) >> 32;
    Timestamp::new(seconds + eras * ERA, i32::try_from(nanoseconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const TOKEN: [u8; 8] = *b"onlyours";

    fn answer(at: Timestamp, stratum: u8) -> Vec<u8> {
        let mut packet = vec![0b00_100_100, stratum, 0, 0];
        packet.extend([0; 8]);
        packet.extend(b"RATE");
        packet.extend([0; 8]);
        packet.extend(TOKEN);
        for _ in 0..2 {
            packet.extend(((at.as_second() + FROM_1900) as u32).to_be_bytes());
            packet.extend([0; 4]);
        }
        packet
    }

    /// Rows: TM-01
    #[test]
    fn a_clock_that_is_ahead_is_told_by_how_much_and_in_which_direction() {
        let right = Timestamp::from_second(1_795_000_000).unwrap();
        for minutes in [0, 6, -6, 60 * 24 * 400] {
            let own = right + SignedDuration::from_mins(minutes);
            let heard = read(&answer(right, 1), TOKEN, own, own + SignedDuration::from_millis(20));
            assert_eq!(heard, Some(Outcome::Offset { ms: minutes * 60_000 + 10 }));
        }
    }

    #[test]
    fn what_is_no_answer_to_the_question_is_not_taken() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let good = answer(now, 1);
        assert_eq!(read(&good, *b"somebody", now, now), None);
        assert_eq!(read(&good[..47], TOKEN, now, now), None);
        let mut question = good.clone();
        question[0] = QUESTION;
        assert_eq!(read(&question, TOKEN, now, now), None);
        assert_eq!(read(&answer(now, 0), TOKEN, now, now), Some(Outcome::Refused { why: "RATE".to_owned() }));
    }
}
