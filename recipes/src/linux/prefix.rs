//! The line's prefix on a router: how it comes, and how the LAN hears of it and of every change.

use super::{Names, Uplink};

/// ndppd: answers on the WAN for the addresses of the LAN, after asking there.
pub const NEIGHBOURS: &str = "route-ttl 1000
proxy wan {
  ttl 1000
  timeout 500
  rule ::/0 {
    iface lan
  }
}
";

/// wide-dhcpv6-client: in the foreground, on the WAN.
pub const CLIENT: &[&str] = &["-f", "-c", "dhcp6c.conf", "-p", "dhcp6c.pid", "wan"];

/// Asks for a prefix of this length and puts its first /64 onto the LAN.
#[must_use]
pub fn client(length: u8) -> String {
    format!(
        "interface wan {{
  send ia-pd 0;
}};
id-assoc pd 0 {{
  prefix-interface lan {{
    sla-id 0;
    sla-len {};
    ifid 1;
  }};
}};
",
        64_u8.saturating_sub(length)
    )
}

/// The shell program that keeps the LAN's prefix in step with the line's.
#[must_use]
pub fn follow(uplink: Uplink, names: Names) -> String {
    let (from, take) = match uplink {
        Uplink::Advertised => ("wan", TAKE),
        Uplink::Delegated => ("lan", ""),
    };
    let advertise = if names == Names::Dnsmasq { "" } else { ADVERTISE };
    let server = if names == Names::Unbound { "RDNSS fe80::1 { AdvRDNSSLifetime 1800; };" } else { "" };
    format!(
        "#!/bin/sh
# Looks every half second which prefix {from} has, and tells the LAN when it is another one. The last one is kept in a file, so that even after
# a power cut terminals hear that it is over.
now=
trap '[ -z \"$radvd\" ] || kill \"$radvd\"; exit' TERM
while :; do
  new=$(ip -6 route show dev {from} proto kernel | sed -n 's/^\\([23][0-9a-f:]*\\)::\\/64 .*/\\1/p' | head -n 1)
  if [ -n \"$new\" ] && [ \"$new\" != \"$now\" ]; then
    former=$(cat prefix 2> /dev/null)
    [ \"$former\" != \"$new\" ] || former=
    now=$new
    echo \"$now\" > prefix
{take}{}  fi
  sleep 0.5
done
",
        advertise.replace("SERVER", server)
    )
}

/// The router's own address on the LAN, nearer than the same prefix on the WAN.
const TAKE: &str = "    [ -z \"$former\" ] || ip -6 address del \"$former::1/64\" dev lan 2> /dev/null
    ip -6 address add \"$now::1/64\" dev lan metric 128 nodad
";

/// radvd with the prefix, and the former one at the end of its life.
const ADVERTISE: &str = "    {
      echo 'interface lan { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10; SERVER'
      echo \"prefix $now::/64 { };\"
      [ -z \"$former\" ] || echo \"prefix $former::/64 { AdvPreferredLifetime 0; AdvValidLifetime 7200; };\"
      echo '};'
    } > radvd.conf
    [ -z \"$radvd\" ] || kill \"$radvd\"
    radvd --nodaemon --config radvd.conf --pidfile radvd.pid --logmethod stderr &
    radvd=$!
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_prefix_is_put_onto_the_lan() {
        assert!(client(56).contains("sla-len 8;"));
        assert!(client(60).contains("sla-len 4;"));
    }

    #[test]
    fn only_radvd_needs_to_be_told() {
        assert!(!follow(Uplink::Advertised, Names::Dnsmasq).contains("radvd --nodaemon"));
        assert!(follow(Uplink::Advertised, Names::Unbound).contains("RDNSS fe80::1"));
        let plain = follow(Uplink::Delegated, Names::Terminal);
        assert!(plain.contains("radvd --nodaemon") && !plain.contains("RDNSS") && !plain.contains("address add"), "{plain}");
    }
}
