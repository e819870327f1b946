//! kea on a router: tells by DHCPv6, to those who do not read it in advertisements, that the router answers names; it gives out no addresses.

use super::{Interfaces, ROUTER};

/// How it is started, by `env`: in the foreground, with its lock in the folder of its file.
pub const START: &[&str] = &["KEA_LOCKFILE_DIR=.", "KEA_PIDFILE_DIR=.", "kea-dhcp6", "-c", "kea-dhcp6.conf"];

/// Its file: stateless, so that there are no leases to keep.
#[must_use]
pub fn stateless(interfaces: &Interfaces) -> String {
    format!(
        "{{ \"Dhcp6\": {{
  \"server-id\": {{ \"type\": \"LL\", \"persist\": false }},
  \"interfaces-config\": {{ \"interfaces\": [\"{}\"], \"service-sockets-max-retries\": 1000, \"service-sockets-retry-wait-time\": 100 }},
  \"lease-database\": {{ \"type\": \"memfile\", \"persist\": false }},
  \"option-data\": [ {{ \"name\": \"dns-servers\", \"data\": \"{ROUTER}\", \"always-send\": true }} ],
  \"loggers\": [ {{ \"name\": \"kea-dhcp6\", \"severity\": \"INFO\", \"output_options\": [ {{ \"output\": \"stdout\" }} ] }} ]
}} }}
",
        interfaces.lan
    )
}
