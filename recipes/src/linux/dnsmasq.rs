//! dnsmasq on a router: names per domain, and the LAN's prefix advertised with the router as name server.

use super::{Elsewhere, Rebinding, Settings};

/// How it is started: in the foreground.
pub const START: &[&str] = &["--keep-in-foreground", "--conf-file=dnsmasq.conf"];

/// Its file.
#[must_use]
pub fn config(settings: &Settings) -> String {
    let lan = settings.interfaces.lan;
    let mut text = format!(
        "# Answers and advertises on the LAN only.
interface={lan}
bind-dynamic
no-hosts
user=root
pid-file=
log-facility=-
dhcp-leasefile=dnsmasq.leases
# Answers of 29 addresses come whole: EDNS, and TCP for what does not fit.
edns-packet-max={}
# The LAN's prefix, whatever it is at the moment, with the router itself as name server.
enable-ra
ra-param={lan},10,1800
dhcp-range=::,constructor:{lan},ra-stateless,64,1h
dhcp-option=option6:dns-server,[fe80::]
",
        settings.udp_size
    );
    match &settings.internet {
        Elsewhere::Nobody => text.push_str("# Nobody is asked for names of the internet.\nno-resolv\n"),
        Elsewhere::Servers(servers) => {
            text.push_str("# Everything else goes to the internet's name server.\nno-resolv\n");
            servers.iter().for_each(|server| text.push_str(&format!("server={server}\n")));
        }
        Elsewhere::File(file) => {
            text.push_str(&format!(
                "# Everything else goes to the provider's name servers, which the connection leaves here.\nresolv-file={file}\n"
            ));
        }
    }
    if settings.rebinding != Rebinding::Open {
        text.push_str("# No private addresses from the internet. The closed network's answers hold some: without the exceptions they would be thrown away.\n");
        text.push_str("stop-dns-rebind\n");
    }
    text.push_str("# The closed network's domains, two servers each.\n");
    for forward in &settings.forwards {
        forward.servers.iter().for_each(|server| text.push_str(&format!("server=/{}/{server}\n", forward.domain)));
        if settings.rebinding == Rebinding::ExceptTheTable {
            text.push_str(&format!("rebind-domain-ok=/{}/\n", forward.domain));
        }
    }
    text
}
