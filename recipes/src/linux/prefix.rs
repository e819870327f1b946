//! The line's prefix on a router: how it comes, and how the LAN hears of it and of every change.

use super::{Interfaces, Names, ROUTER, Settings, Uplink};

/// ndppd: answers on the WAN for the addresses of the LAN, after asking there.
#[must_use]
pub fn neighbours(interfaces: &Interfaces) -> String {
    format!(
        "route-ttl 1000
proxy {} {{
  ttl 1000
  timeout 500
  rule ::/0 {{
    iface {}
  }}
}}
",
        interfaces.wan, interfaces.lan
    )
}

/// wide-dhcpv6-client: in the foreground, on the WAN of the lab.
pub const CLIENT: &[&str] = &["-f", "-c", "dhcp6c.conf", "-p", "dhcp6c.pid", "wan"];

/// Asks for a prefix of this length and puts its first /64 onto the LAN.
#[must_use]
pub fn client(interfaces: &Interfaces, length: u8) -> String {
    format!(
        "interface {} {{
  send ia-pd 0;
}};
id-assoc pd 0 {{
  prefix-interface {} {{
    sla-id 0;
    sla-len {};
    ifid 1;
  }};
}};
",
        interfaces.wan,
        interfaces.lan,
        64_u8.saturating_sub(length)
    )
}

/// The mark in radvd's file that the prefixes of the moment take the place of; without them it is a comment.
pub const PREFIXES: &str = "#PREFIXES#";

/// What radvd says on the LAN: the prefix, and, where the router answers names, that it does.
#[must_use]
pub fn advertisement(settings: &Settings) -> String {
    let answers = match settings.names {
        Names::Unbound => format!("  AdvOtherConfigFlag on;\n  RDNSS {ROUTER} {{ AdvRDNSSLifetime 1800; }};\n"),
        Names::Dnsmasq | Names::Terminal => String::new(),
    };
    format!(
        "interface {} {{
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 10;
{answers}  {PREFIXES}
}};
",
        settings.interfaces.lan
    )
}

/// The shell program that keeps the LAN's prefix in step with the line's.
#[must_use]
pub fn follow(settings: &Settings) -> String {
    let Interfaces { wan, lan, .. } = settings.interfaces;
    let (from, take) = match settings.uplink {
        Uplink::Advertised => (wan, TAKE.replace("LAN", lan)),
        Uplink::Delegated => (lan, String::new()),
    };
    let advertise = if settings.names == Names::Dnsmasq { String::new() } else { ADVERTISE.replace("PREFIXES", PREFIXES) };
    format!(
        "#!/bin/sh
# Looks every half second which prefix {from} has, and tells the LAN when it is another one. The last one is kept in a file, so that even after
# a power cut terminals hear that it is over.
nft -f nftables.conf
now=
trap '[ -z \"$radvd\" ] || kill \"$radvd\"; exit' TERM
while :; do
  new=$(ip -6 route show dev {from} proto kernel | sed -n 's/^\\([23][0-9a-f:]*\\)::\\/64 .*/\\1/p' | head -n 1)
  if [ -n \"$new\" ] && [ \"$new\" != \"$now\" ]; then
    former=$(cat prefix 2> /dev/null)
    [ \"$former\" != \"$new\" ] || former=
    now=$new
    echo \"$now\" > prefix
{take}{advertise}  fi
  sleep 0.5
done
"
    )
}

/// The router's own address on the LAN, nearer than the same prefix on the WAN.
const TAKE: &str = "    [ -z \"$former\" ] || ip -6 address del \"$former::1/64\" dev LAN 2> /dev/null
    ip -6 address add \"$now::1/64\" dev LAN metric 128 nodad
";

/// radvd with the prefix, and the former one at the end of its life.
const ADVERTISE: &str = "    list=\"prefix $now::/64 { };\"
    [ -z \"$former\" ] || list=\"$list prefix $former::/64 { AdvPreferredLifetime 0; AdvValidLifetime 7200; };\"
    sed \"s|PREFIXES|$list|\" radvd.conf.in > radvd.conf
    [ -z \"$radvd\" ] || kill \"$radvd\"
    radvd --nodaemon --config radvd.conf --pidfile radvd.pid --logmethod stderr &
    radvd=$!
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_prefix_is_put_onto_the_lan() {
        assert!(client(&Interfaces::LAB, 56).contains("sla-len 8;"));
        assert!(client(&Interfaces::LAB, 60).contains("sla-len 4;"));
    }

    #[test]
    fn only_radvd_needs_to_be_told() {
        let with = |names, uplink| Settings::new(names, uplink, Vec::new());
        assert!(!follow(&with(Names::Dnsmasq, Uplink::Advertised)).contains("radvd --nodaemon"));
        let unbound = with(Names::Unbound, Uplink::Advertised);
        assert!(follow(&unbound).contains("ip -6 address add") && follow(&unbound).contains("sed \"s|#PREFIXES#|$list|\""));
        assert!(advertisement(&unbound).contains("RDNSS fe80::1") && advertisement(&unbound).contains("AdvOtherConfigFlag on"));
        let plain = with(Names::Terminal, Uplink::Delegated);
        assert!(follow(&plain).contains("radvd --nodaemon") && !follow(&plain).contains("address add"));
        assert!(!advertisement(&plain).contains("RDNSS"), "{}", advertisement(&plain));
    }
}
