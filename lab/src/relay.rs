//! What a bad cable does to one frame: plain decisions about bytes.

use std::time::Duration;

/// What is wrong with a cable.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// How long each frame is under way.
    pub delay: Duration,
    /// How many of a thousand frames are lost.
    pub lost_per_thousand: u16,
    /// Nothing of TCP port 53 passes, in either direction: a firewall that knows DNS as a matter of UDP.
    pub no_tcp_53: bool,
}

/// Ethernet: two addresses, then what it carries.
const HEADER: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const TCP: u8 = 6;
const DNS: [u8; 2] = [0, 53];

impl Faults {
    /// Whether a frame arrives; `dice` is any number, a new one for each frame.
    pub(crate) fn passes(&self, frame: &[u8], dice: u32) -> bool {
        let lost = dice % 1000 < u32::from(self.lost_per_thousand);
        let blocked = self.no_tcp_53 && is_tcp_53(frame);
        !(lost || blocked)
    }
}

/// Whether a frame belongs to DNS over TCP. Extension headers of IPv6 do not occur here.
fn is_tcp_53(frame: &[u8]) -> bool {
    let Some((header, packet)) = frame.split_at_checked(HEADER) else { return false };
    let segment = if header.ends_with(&IPV6) {
        packet.get(6).filter(|next| **next == TCP).and_then(|_| packet.get(40..))
    } else if header.ends_with(&IPV4) {
        let words = packet.first().map_or(0, |first| usize::from(first & 0x0f));
        packet.get(9).filter(|protocol| **protocol == TCP).and_then(|_| packet.get(words * 4..))
    } else {
        None
    };
    segment.is_some_and(|segment| segment.get(0..2) == Some(&DNS) || segment.get(2..4) == Some(&DNS))
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u32);

impl Dice {
    /// From a start that is not zero.
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9)
    }

    /// The next number (xorshift).
    pub(crate) fn roll(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: [u8; 2], packet: &[u8]) -> Vec<u8> {
        [&[0; 12], &kind[..], packet].concat()
    }

    /// An IPv6 packet to a port.
    fn v6(protocol: u8, port: u16) -> Vec<u8> {
        let mut packet = vec![0; 44];
        packet[6] = protocol;
        packet[42..44].copy_from_slice(&port.to_be_bytes());
        frame(IPV6, &packet)
    }

    #[test]
    fn only_tcp_53_is_kept_back() {
        let blocked = Faults { no_tcp_53: true, ..Faults::default() };
        assert!(!blocked.passes(&v6(TCP, 53), 0));
        assert!(blocked.passes(&v6(17, 53), 0));
        assert!(blocked.passes(&v6(TCP, 443), 0));
        assert!(Faults::default().passes(&v6(TCP, 53), 0));
        let mut v4 = vec![0; 24];
        (v4[0], v4[9]) = (0x45, TCP);
        v4[20..22].copy_from_slice(&DNS);
        assert!(!blocked.passes(&frame(IPV4, &v4), 0));
    }

    #[test]
    fn no_damaged_frame_is_taken_for_dns() {
        let blocked = Faults { no_tcp_53: true, ..Faults::default() };
        for kind in [IPV4, IPV6, [0, 0]] {
            let whole = frame(kind, &[0xff; 60]);
            (0..whole.len()).for_each(|end| assert!(blocked.passes(&whole[..end], 0)));
        }
    }

    #[test]
    fn as_many_are_lost_as_was_said() {
        let lossy = Faults { lost_per_thousand: 200, ..Faults::default() };
        let mut dice = Dice::new();
        let passed = (0..10_000).filter(|_| lossy.passes(&[], dice.roll())).count();
        assert!((7_800..8_200).contains(&passed), "{passed}");
    }
}
