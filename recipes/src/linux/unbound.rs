//! unbound on a router: names per domain. It validates nothing, since names of the closed network are signed by nobody.

use super::Settings;

/// How it is started: in the foreground, with its log on standard error.
pub const START: &[&str] = &["-d", "-c", "unbound.conf"];

/// Its file.
#[must_use]
pub fn config(settings: &Settings) -> String {
    let mut text = format!(
        "server:
  interface: ::0
  interface-automatic: yes
  access-control: ::/0 allow
  chroot: \"\"
  username: \"\"
  pidfile: \"\"
  directory: \".\"
  use-syslog: no
  logfile: \"\"
  num-threads: 1
  edns-buffer-size: {}
  max-udp-size: 1232
  # No DNSSEC: the closed network's names have no chain from the root.
  module-config: \"iterator\"
remote-control:
  control-enable: no
forward-zone:
  name: \".\"
  forward-addr: {}
",
        settings.udp_size, settings.internet
    );
    for forward in &settings.forwards {
        text.push_str(&format!("forward-zone:\n  name: \"{}.\"\n", forward.domain));
        forward.servers.iter().for_each(|server| text.push_str(&format!("  forward-addr: {server}\n")));
    }
    text
}
