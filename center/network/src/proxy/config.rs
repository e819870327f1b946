//! What an operator may change about the forward proxy, and the default of each.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The section `[proxy]` of `config/network.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it listens.
    pub listen: Vec<SocketAddr>,
    /// Threads that serve; one carries many thousand tunnels.
    pub threads: usize,
    /// The signed snapshot of the registry: a file, or an `https://` address.
    pub snapshot: String,
    /// The registry's public key: 64 hex digits, or a file that holds them.
    pub snapshot_key: String,
    /// The roots (PEM file) by which an `https://` address is trusted.
    pub snapshot_roots: PathBuf,
    /// The IP address of that address's host, where its name stands in no name server.
    pub snapshot_at: Option<IpAddr>,
    /// The socket by which a new process takes the ports over from this one; empty means none.
    pub handover: PathBuf,
    /// Connections at one time.
    pub connections: usize,
    /// Connections of one line (prefix) at one time.
    pub connections_per_line: usize,
    /// Bytes a second for all lines together, shared fairly among those that want some; 0 means as many as the machine carries.
    pub bytes_per_second: u64,
    /// Seconds for a request's header, and of silence between requests of a kept-open connection.
    pub header_seconds: u64,
    /// Seconds until a host must be connected.
    pub connect_seconds: u64,
    /// Seconds of silence after which a tunnel ends.
    pub idle_seconds: u64,
    /// Seconds that open tunnels get when the program is asked to stop.
    pub grace_seconds: u64,
    /// Seconds that open tunnels get after a new process took over.
    pub drain_seconds: u64,
    /// Hosts that are reached beside those of the manuals' list.
    pub further: Vec<Further>,
    /// Hosts of the list and where they are, instead of asking for their names: for test networks. Private addresses are allowed here.
    pub hosts: BTreeMap<String, Vec<SocketAddr>>,
}

/// One host, or family of hosts, of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Further {
    /// A host name, or `*.` and a domain.
    pub host: String,
    /// The ports that may be asked for.
    pub ports: Vec<u16>,
    /// Whether its name may lead to an address of an inner network.
    #[serde(default)]
    pub private: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![(Ipv6Addr::UNSPECIFIED, manuals::proxy::address().port).into()],
            threads: 1,
            snapshot: String::new(),
            snapshot_key: String::new(),
            snapshot_roots: PathBuf::new(),
            snapshot_at: None,
            handover: PathBuf::new(),
            connections: 10_000,
            connections_per_line: 200,
            bytes_per_second: 0,
            header_seconds: 20,
            connect_seconds: 10,
            idle_seconds: 600,
            grace_seconds: 20,
            drain_seconds: 3600,
            further: Vec::new(),
            hosts: BTreeMap::new(),
        }
    }
}
