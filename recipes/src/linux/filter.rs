//! The router's packet filter: the LAN may go out, replies may come in, and beside them only what IPv6 itself needs (NW-09).

use super::Settings;

/// The rules for `nft -f`.
#[must_use]
pub fn rules(settings: &Settings) -> String {
    let names = &settings.interfaces;
    let (wan, lan) = (names.wan, names.lan);
    let mut forward = format!("    iifname \"{lan}\" oifname \"{wan}\" accept\n");
    if let Some(internet) = names.internet.filter(|internet| *internet != wan) {
        forward.push_str(&format!("    iifname \"{lan}\" oifname \"{internet}\" accept\n"));
    }
    let mut input = format!("    iifname \"{lan}\" accept\n");
    if let Some(office) = names.office {
        if let Some(internet) = names.internet {
            forward.push_str(&format!("    iifname \"{office}\" oifname \"{internet}\" meta nfproto ipv4 accept\n"));
        }
        forward.push_str(&format!(
            "    # The receipt computer of the other LAN opens the terminal's folders (SMB); nothing else crosses.\n    iifname \"{office}\" oifname \"{lan}\" meta nfproto ipv4 tcp dport 445 accept\n"
        ));
        input.push_str(&format!("    iifname \"{office}\" meta nfproto ipv4 accept\n"));
    }
    format!(
        "# Every rule of another program in this table's place is replaced; other tables stay.
table inet onshi
delete table inet onshi
table inet onshi {{
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif \"lo\" accept
{input}    # Advertisements, neighbours, and packets that were too big.
    meta l4proto ipv6-icmp accept
    # The carrier's DHCPv6 answers here.
    iifname \"{wan}\" udp dport 546 accept
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
{forward}    # Without these, large answers stop on the way.
    icmpv6 type {{ destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply }} accept
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::{Interfaces, Names, Uplink};

    #[test]
    fn from_the_line_comes_only_what_ipv6_needs() {
        let mut settings = Settings::new(Names::Dnsmasq, Uplink::Advertised, Vec::new());
        assert!(rules(&settings).contains("policy drop") && rules(&settings).contains("iifname \"wan\" udp dport 546 accept"));
        assert!(!rules(&settings).contains("445"));
        settings.interfaces = Interfaces { office: Some("office"), ..Interfaces::LAB };
        assert!(rules(&settings).contains("iifname \"office\" oifname \"lan\" meta nfproto ipv4 tcp dport 445 accept"));
    }
}
