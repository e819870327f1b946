//! dnsmasq on a router: names per domain, and the LAN's prefix advertised with the router as name server.

use super::Settings;

/// How it is started: in the foreground.
pub const START: &[&str] = &["--keep-in-foreground", "--conf-file=dnsmasq.conf"];

/// Its file.
#[must_use]
pub fn config(settings: &Settings) -> String {
    let mut text = format!(
        "# Answers and advertises on the LAN only.
interface=lan
bind-dynamic
no-resolv
no-hosts
user=root
pid-file=
log-facility=-
dhcp-leasefile=dnsmasq.leases
edns-packet-max={}
# The LAN's prefix, whatever it is at the moment, with the router itself as name server.
enable-ra
ra-param=lan,10,1800
dhcp-range=::,constructor:lan,ra-stateless,64,1h
dhcp-option=option6:dns-server,[fe80::]
# Everything else goes to the internet's name server.
server={}
",
        settings.udp_size, settings.internet
    );
    for forward in &settings.forwards {
        forward.servers.iter().for_each(|server| text.push_str(&format!("server=/{}/{server}\n", forward.domain)));
    }
    text
}
