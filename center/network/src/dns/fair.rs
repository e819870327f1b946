//! Shares a busy server among prefixes: whoever floods it waits behind their own questions, not others behind theirs.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use super::choice::{as_v6, cut};

/// A line of the network holds a /56 or less; 24 bits of an IPv4 address.
const V6_LINE: u8 = 56;
const V4_LINE: u8 = 96 + 24;

/// The prefix that shares one turn.
pub(super) fn line(asker: IpAddr) -> Ipv6Addr {
    match asker {
        IpAddr::V4(_) => cut(as_v6(asker), V4_LINE),
        IpAddr::V6(address) => cut(address, if address.to_ipv4_mapped().is_some() { V4_LINE } else { V6_LINE }),
    }
}

/// Which datagrams of a full batch are answered, in which order: first one of each line, then the second of each, until `enough` are. A line
/// that is alone is answered whole.
pub(super) fn turns(lines: &[Option<Ipv6Addr>], enough: usize) -> Vec<usize> {
    let mut asked: HashMap<Ipv6Addr, usize> = HashMap::new();
    let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        let Some(line) = line else { continue };
        let before = asked.entry(*line).or_insert(0);
        ranked.push((*before, place));
        *before += 1;
    }
    ranked.sort_unstable();
    if asked.len() > 1 {
        ranked.truncate(enough);
    }
    ranked.into_iter().map(|(_, place)| place).collect()
}

/// Who holds connections. When all are taken, the line that holds most gives up its oldest for one that holds fewer.
#[derive(Debug)]
pub(super) struct Seats<T> {
    most: usize,
    next: u64,
    taken: BTreeMap<u64, (Ipv6Addr, T)>,
    lines: HashMap<Ipv6Addr, usize>,
}

/// What a newcomer gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seat<T> {
    /// A seat of this number.
    Free(u64),
    /// A seat, after this other one was given up.
    InsteadOf(u64, T),
    /// None.
    Full,
}

impl<T> Seats<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), next: 0, taken: BTreeMap::new(), lines: HashMap::new() }
    }

    /// Asks for a seat; `handle` is what ends its connection.
    pub(super) fn enter(&mut self, line: Ipv6Addr, handle: T) -> Seat<T> {
        let mut ended = None;
        if self.taken.len() >= self.most {
            let own = self.lines.get(&line).copied().unwrap_or(0);
            let Some((heaviest, held)) = self.lines.iter().max_by_key(|(_, held)| **held).map(|(line, held)| (*line, *held)) else {
                return Seat::Full;
            };
            if held <= own + 1 {
                return Seat::Full;
            }
            let oldest = self.taken.iter().find(|(_, (line, _))| *line == heaviest).map(|(number, _)| *number);
            let Some(oldest) = oldest else { return Seat::Full };
            ended = self.leave(oldest);
        }
        let number = self.next;
        self.next += 1;
        self.taken.insert(number, (line, handle));
        *self.lines.entry(line).or_insert(0) += 1;
        ended.map_or(Seat::Free(number), |handle| Seat::InsteadOf(number, handle))
    }

    /// Gives a seat back.
    pub(super) fn leave(&mut self, number: u64) -> Option<T> {
        let (line, handle) = self.taken.remove(&number)?;
        if let Some(held) = self.lines.get_mut(&line) {
            *held -= 1;
            if *held == 0 {
                self.lines.remove(&line);
            }
        }
        Some(handle)
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Ipv6Addr {
        line(text.parse().unwrap())
    }

    #[test]
    fn a_line_is_a_sites_prefix() {
        assert_eq!(of("2408:210:28e2:ca00:21a:ebff:fede:166f").to_string(), "2408:210:28e2:ca00::");
        assert_eq!(of("2408:210:28e2:caff::1"), of("2408:210:28e2:ca00::1"));
        assert_ne!(of("2408:210:28e2:cb00::1"), of("2408:210:28e2:ca00::1"));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
    }

    #[test]
    fn a_flood_from_one_line_leaves_room_for_the_others() {
        let (flood, quiet) = (Some(of("192.0.2.1")), Some(of("192.0.3.1")));
        let mut lines = vec![flood; 60];
        lines.push(None);
        lines.extend([quiet; 3]);
        let turns = turns(&lines, 32);
        assert_eq!(turns.len(), 32);
        assert_eq!(turns[..6], [0, 61, 1, 62, 2, 63], "in turn, the quiet line's first");
        assert_eq!(super::turns(&lines[..60], 32).len(), 60, "a line that is alone is answered whole");
        assert!(super::turns(&[], 32).is_empty());
    }

    #[test]
    fn the_line_with_most_connections_gives_up_its_oldest() {
        let (greedy, modest) = (of("192.0.2.1"), of("192.0.3.1"));
        let mut seats = Seats::new(3);
        assert_eq!(
            [seats.enter(greedy, "a"), seats.enter(greedy, "b"), seats.enter(greedy, "c")],
            [Seat::Free(0), Seat::Free(1), Seat::Free(2)]
        );
        assert_eq!(seats.enter(greedy, "d"), Seat::Full);
        assert_eq!(seats.enter(modest, "e"), Seat::InsteadOf(3, "a"));
        assert_eq!(seats.enter(modest, "f"), Seat::Full, "two and one are fair");
        assert_eq!((seats.leave(1), seats.leave(1), seats.taken()), (Some("b"), None, 2));
        assert_eq!(seats.enter(modest, "g"), Seat::Free(4));
    }
}
