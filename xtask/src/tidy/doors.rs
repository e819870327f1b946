//! Knows which paths of a program lead outside its process.

/// Modules of the standard library that lead out.
const STANDARD: [&str; 7] = ["std::fs", "std::net", "std::process", "std::env", "std::thread", "std::os", "std::io"];

/// Values of those modules: an address is a number, an exit code too.
const VALUES: [&str; 10] = [
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
    "std::net::SocketAddrV4",
    "std::net::SocketAddrV6",
    "std::net::AddrParseError",
    "std::process::ExitCode",
    "std::io::ErrorKind",
    "std::io::Cursor",
];

/// Whether the path is the door or stands behind it.
pub(crate) fn behind(path: &str, door: &str) -> bool {
    path.strip_prefix(door).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether the path leads out by the standard library.
pub(crate) fn standard(path: &str) -> bool {
    STANDARD.iter().any(|door| behind(path, door)) && !VALUES.iter().any(|value| behind(path, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_door_are_no_door() {
        for path in ["std::fs", "std::net::TcpStream::connect", "std::net", "std::env::var"] {
            assert!(standard(path), "{path}");
        }
        for path in ["std::net::IpAddr", "std::net::IpAddr::V4", "std::fsx", "crate::fs", "std::fmt"] {
            assert!(!standard(path), "{path}");
        }
    }
}
