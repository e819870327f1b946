//! The packet of the Network Time Protocol: reads a client's question, writes the answer (RFC 5905).

use jiff::Timestamp;

/// Bytes of a packet without anything hung to it; also of every answer.
pub const LENGTH: usize = 48;
/// Seconds from 1900, where the protocol begins to count, to 1970.
const FROM_1900: i64 = 2_208_988_800;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
/// Two to the minus 20th second: about a microsecond, what a machine's clock is read with.
const PRECISION: i8 = -20;

/// What the server says of itself in every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// 0 nothing, 1 and 2 a leap second ahead, 3 not set.
    pub leap: u8,
    /// 1 to 15.
    pub stratum: u8,
    /// What it follows.
    pub reference: [u8; 4],
    /// Seconds to the reference and back, times 65,536.
    pub root_delay: u32,
    /// Seconds by which it may be wrong, times 65,536.
    pub root_dispersion: u32,
}

/// A client's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    version: u8,
    poll: u8,
    /// What the client calls the moment of asking: it comes back as it is.
    sent: [u8; 8],
}

impl Question {
    /// Reads a question of a client (mode 3) of version 1 to 4; `None` for all else, which is not answered.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; LENGTH] = bytes.first_chunk()?;
        let [first, _stratum, poll, ..] = *head;
        let (version, mode) = ((first >> 3) & 7, first & 7);
        let sent = *head.last_chunk::<8>()?;
        ((1..=4).contains(&version) && mode == CLIENT).then_some(Self { version, poll, sent })
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self, standing: &Standing, arrived: Timestamp, leaving: Timestamp) -> [u8; LENGTH] {
        let mut answer = [0; LENGTH];
        // When the clock was last set is not known here; a reference of more than a minute ago would be older than any poll of it.
        let set = Timestamp::from_second(arrived.as_second() & !63).unwrap_or(arrived);
        let pieces: [&[u8]; 9] = [
            &[standing.leap << 6 | self.version << 3 | SERVER, standing.stratum],
            &[self.poll, PRECISION.to_be_bytes()[0]],
            &standing.root_delay.to_be_bytes(),
            &standing.root_dispersion.to_be_bytes(),
            &standing.reference,
            &moment(set),
            &self.sent,
            &moment(arrived),
            &moment(leaving),
        ];
        fill(&mut answer, &pieces);
        answer
    }

    /// The kiss of death `RATE`: ask less often.
    #[must_use]
    pub fn too_often(&self) -> [u8; LENGTH] {
        let mut answer = [0; LENGTH];
        // Not set, stratum 0: nothing in it is a time.
        let pieces: [&[u8]; 5] =
            [&[3 << 6 | self.version << 3 | SERVER, 0, self.poll, PRECISION.to_be_bytes()[0]], &[0; 8], b"RATE", &[0; 8], &self.sent];
        fill(&mut answer, &pieces);
        answer
    }
}

fn fill(answer: &mut [u8; LENGTH], pieces: &[&[u8]]) {
    answer.iter_mut().zip(pieces.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
}

/// An instant in the protocol's 32 bits of seconds and 32 of their fraction. The seconds begin anew in 2036; clients know which era is meant.
fn moment(at: Timestamp) -> [u8; 8] {
    let (second, nanosecond) = (at.as_second(), at.subsec_nanosecond());
    // Before 1970 the fraction counts backwards.
    let (second, nanosecond) = if nanosecond < 0 { (second - 1, nanosecond + 1_000_000_000) } else { (second, nanosecond) };
    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "the low 32 bits are meant")]
    let seconds = (second + FROM_1900) as u32;
    let fraction = (u64::try_from(nanosecond).unwrap_or(0) << 32) / 1_000_000_000;
    (u64::from(seconds) << 32 | fraction).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDING: Standing = Standing { leap: 1, stratum: 2, reference: [192, 0, 2, 1], root_delay: 655, root_dispersion: 656 };

    fn question(first: u8) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        (bytes[0], bytes[2]) = (first, 6);
        bytes[40..].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        bytes
    }

    #[test]
    fn an_answer_holds_both_moments_and_gives_the_clients_back() {
        let (arrived, leaving): (Timestamp, Timestamp) =
            ("2026-07-15T00:00:00.5Z".parse().unwrap(), "2026-07-15T00:00:00.75Z".parse().unwrap());
        let answer = Question::read(&question(0b00_100_011)).unwrap().answer(&STANDING, arrived, leaving);
        assert_eq!((answer[0], answer[1], answer[2]), (0b01_100_100, 2, 6));
        assert_eq!(answer[12..16], [192, 0, 2, 1]);
        assert_eq!(answer[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        let seconds = u32::try_from(arrived.as_second() + FROM_1900).unwrap().to_be_bytes();
        assert_eq!(answer[32..40], [seconds[0], seconds[1], seconds[2], seconds[3], 0x80, 0, 0, 0]);
        assert_eq!(answer[44..48], [0xc0, 0, 0, 0]);
        // Older clients are answered in their own version.
        let old = Question::read(&question(0b11_011_011)).unwrap().answer(&STANDING, arrived, leaving);
        assert_eq!(old[0], 0b01_011_100);
    }

    #[test]
    fn only_a_clients_question_is_one() {
        let readable: Vec<u8> = (0..=255).filter(|first| Question::read(&question(*first)).is_some()).collect();
        assert_eq!(readable.len(), 4 * 4, "four versions under any leap, one mode");
        assert!(readable.iter().all(|first| first & 7 == 3));
        assert!(Question::read(&question(0x23)[..47]).is_none());
        let long = [question(0x23).as_slice(), &[0; 20]].concat();
        assert!(Question::read(&long).is_some(), "what is hung to it is passed over");
    }

    #[test]
    fn the_second_era_begins_in_2036_and_the_kiss_is_no_time() {
        let era: Timestamp = "2036-02-07T06:28:16Z".parse().unwrap();
        assert_eq!(moment(era), [0; 8]);
        assert_eq!(moment("1969-12-31T23:59:59.5Z".parse().unwrap()), [0x83, 0xaa, 0x7e, 0x7f, 0x80, 0, 0, 0]);
        let kiss = Question::read(&question(0x23)).unwrap().too_often();
        assert_eq!((kiss[0], kiss[1], &kiss[12..16], &kiss[24..32]), (0b11_100_100, 0, b"RATE".as_slice(), &[1, 2, 3, 4, 5, 6, 7, 8][..]));
        assert_eq!(kiss[32..], [0; 16]);
    }
}
