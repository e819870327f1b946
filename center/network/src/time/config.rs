//! What an operator may change about the time server, and the default of each.

use std::net::{Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::packet::Standing;

/// What the day's end has in store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Leap {
    /// Nothing.
    #[default]
    None,
    /// The last minute of the day has 61 seconds.
    Insert,
    /// The last minute of the day has 59 seconds.
    Delete,
    /// The machine's own clock is not set by anything: clients must not follow it.
    Unsynchronised,
}

/// The section `[time]` of `config/network.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it listens. An answer leaves from the address that was asked: name each address of a machine that has several.
    pub listen: Vec<SocketAddr>,
    /// How far the machine's own clock is from a reference clock: 1 at one, 2 after a server that has one, and so on; 1 to 15.
    pub stratum: u8,
    /// The reference: at stratum 1 its four letters ("GPS", "PPS"); above, the IPv4 address of the server that the machine follows, or
    /// anything else, which is hashed.
    pub reference: String,
    /// A leap second ahead, or the confession that the clock is not set.
    pub leap: Leap,
    /// Milliseconds to the reference and back.
    pub root_delay_ms: u16,
    /// Milliseconds by which the machine's clock may be wrong.
    pub root_dispersion_ms: u16,
    /// Questions a second that one prefix (/64, or one IPv4 address) may ask for long; 0 means without limit.
    pub per_second: u32,
    /// Questions that it may ask at once.
    pub burst: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![(Ipv6Addr::UNSPECIFIED, manuals::hosts::ntp().port).into()],
            stratum: 3,
            reference: String::new(),
            leap: Leap::None,
            root_delay_ms: 10,
            root_dispersion_ms: 10,
            per_second: 8,
            burst: 64,
        }
    }
}

impl Config {
    /// What the server says of itself by these settings.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let stratum = self.stratum.clamp(1, 15);
        let reference = match (stratum, self.reference.parse::<std::net::Ipv4Addr>()) {
            (2.., Ok(address)) => address.octets(),
            (2.., Err(_)) => hashed(&self.reference),
            (_, _) => letters(&self.reference),
        };
        let leap = match self.leap {
            Leap::None => 0,
            Leap::Insert => 1,
            Leap::Delete => 2,
            Leap::Unsynchronised => 3,
        };
        // Seconds in sixteenths of thousands: 16 bits before the point, 16 behind.
        let short = |milliseconds: u16| (u32::from(milliseconds) << 16) / 1000;
        let (delay, dispersion) = (short(self.root_delay_ms), short(self.root_dispersion_ms));
        Standing { leap, stratum, reference, root_delay: delay, root_dispersion: dispersion }
    }
}

fn letters(name: &str) -> [u8; 4] {
    let mut letters = [0; 4];
    letters.iter_mut().zip(name.bytes().filter(u8::is_ascii_graphic)).for_each(|(to, from)| *to = from);
    letters
}

/// FNV-1a: an IPv6 reference is told by four bytes that only have to differ between references.
fn hashed(name: &str) -> [u8; 4] {
    name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).to_be_bytes()
}
