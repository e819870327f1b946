//! unbound on a router: names per domain, and whoever validates leaves the closed network's domains out, since nobody signs them.

use super::{Elsewhere, Rebinding, Settings};
use crate::table;

/// How it is started: in the foreground, with its log on standard error.
pub const START: &[&str] = &["-d", "-c", "unbound.conf"];

/// Networks whose addresses no name of the internet may have.
const PRIVATE: [&str; 6] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fd00::/8", "fe80::/10"];

/// Its file.
#[must_use]
pub fn config(settings: &Settings) -> String {
    let mut text = format!(
        "server:
  # The LAN asks; towards the line nftables.conf keeps the door shut.
  interface: 0.0.0.0
  interface: ::0
  interface-automatic: yes
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  chroot: \"\"
  username: \"\"
  pidfile: \"\"
  directory: \".\"
  use-syslog: no
  logfile: \"\"
  num-threads: 1
  # Answers of 29 addresses come whole: EDNS, and TCP for what does not fit.
  edns-buffer-size: {}
  max-udp-size: 1232
  do-tcp: yes
",
        settings.udp_size
    );
    text.push_str("  # Nobody signs the closed network's names: who validates must leave them out.\n");
    for top in table::unknown_to_the_internet(&settings.forwards) {
        text.push_str(&format!("  domain-insecure: \"{top}.\"\n"));
    }
    settings.forwards.iter().for_each(|forward| text.push_str(&format!("  domain-insecure: \"{}.\"\n", forward.domain)));
    if settings.rebinding != Rebinding::Open {
        text.push_str("  # No private addresses from the internet; the closed network's answers hold some.\n");
        PRIVATE.iter().for_each(|network| text.push_str(&format!("  private-address: {network}\n")));
    }
    if settings.rebinding == Rebinding::ExceptTheTable {
        settings.forwards.iter().for_each(|forward| text.push_str(&format!("  private-domain: \"{}.\"\n", forward.domain)));
    }
    let servers: &[String] = if let Elsewhere::Servers(servers) = &settings.internet { servers } else { &[] };
    if servers.is_empty() {
        text.push_str("  # Nobody is asked for names of the internet.\n  local-zone: \".\" refuse\n");
        settings.forwards.iter().for_each(|forward| text.push_str(&format!("  local-zone: \"{}.\" transparent\n", forward.domain)));
    }
    text.push_str("remote-control:\n  control-enable: no\n");
    if !servers.is_empty() {
        text.push_str("forward-zone:\n  name: \".\"\n");
        servers.iter().for_each(|server| text.push_str(&format!("  forward-addr: {server}\n")));
    }
    for forward in &settings.forwards {
        text.push_str(&format!("forward-zone:\n  name: \"{}.\"\n", forward.domain));
        forward.servers.iter().for_each(|server| text.push_str(&format!("  forward-addr: {server}\n")));
        text.push_str("  forward-first: no\n");
    }
    text
}
