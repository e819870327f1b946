//! Decides which addresses a name may lead the proxy to: those of the open internet, never this machine's or an inner network's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the open internet: a name of the list that leads anywhere else is a trap (SSRF, DNS rebinding).
#[must_use]
pub fn is_open(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => v4_is_open(address),
        IpAddr::V6(address) => v6_is_open(address),
    }
}

fn v4_is_open(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let inner = address.is_loopback() || address.is_private() || address.is_link_local() || (a == 100 && (64..=127).contains(&b));
    let special = a == 0
        || a >= 224
        || address.is_documentation()
        || (a, b, c) == (192, 0, 0)
        // Measurements between networks, and the relay of 6to4.
        || (a == 198 && (b == 18 || b == 19))
        || (a, b, c) == (192, 88, 99);
    !inner && !special
}

fn v6_is_open(address: Ipv6Addr) -> bool {
    let groups = address.segments();
    let [a, b, c, d, e, f, g, h] = groups;
    let v4 = |high: u16, low: u16| v4_is_open(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match groups {
        // Addresses that carry an IPv4 address: NAT64, its local form, and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => v4(g, h),
        [0x64, 0xff9b, ..] => false,
        [0x2002, ..] => v4(b, c),
        // Teredo hides one too, and nobody serves from there; documentation; identifiers that are no addresses.
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => false,
        [0x2001, 0x10..=0x2f, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // What is left of global unicast. Loopback, unspecified, link-local, site-local, unique local, multicast, discard lie outside.
        _ => (0x2000..=0x3fff).contains(&a) && (b | c | d | e | f | g | h) != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_open_internet_are_open() {
        for open in [
            "8.8.8.8",
            "13.107.4.50",
            "2408:210:9c0::1",
            "2600:9000::1",
            "2a00:1450::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_open(open.parse().unwrap()), "{open}");
        }
        for closed in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "192.0.0.8",
            "198.18.0.1",
            "192.88.99.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "2001:10::1",
            "3fff::1",
            "2000::",
            "4000::1",
        ] {
            assert!(!is_open(closed.parse().unwrap()), "{closed}");
        }
    }
}
