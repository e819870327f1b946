//! Works out under which names a caller reaches the other hosts: as it called the one, so it can call the other.

use axum::extract::Request;
use http::header;
use manuals::hosts::Host;

/// What stands around the hosts' own names in the addresses that a caller uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// `.localhost` on a machine where the network is tried, and otherwise nothing.
    suffix: &'static str,
    port: Option<u16>,
}

impl Around {
    /// As the caller called the host whose own name is `own`.
    #[must_use]
    pub fn of(request: &Request, own: &str) -> Self {
        let head = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
        let called = request.uri().authority().map(http::uri::Authority::as_str).or(head).unwrap_or_default();
        Self::read(called, own)
    }

    fn read(called: &str, own: &str) -> Self {
        let (name, port) = called.rsplit_once(':').map_or((called, None), |(name, port)| (name, port.parse().ok()));
        let suffix = match name.to_ascii_lowercase().strip_prefix(own) {
            Some(".localhost") => ".localhost",
            _ => "",
        };
        Self { suffix, port: port.filter(|port| *port != 443) }
    }

    /// The origin of another host for the same caller.
    #[must_use]
    pub fn origin(&self, host: &Host) -> String {
        match self.port {
            Some(port) => format!("https://{}{}:{port}", host.name, self.suffix),
            None => format!("https://{}{}", host.name, self.suffix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manuals::hosts;

    #[test]
    fn the_other_host_is_reached_as_this_one_was() {
        let own = hosts::line_portal().name;
        let origin = |called: &str| Around::read(called, own).origin(hosts::line_notifier_east());
        let name = hosts::line_notifier_east().name;
        assert_eq!(origin(own), format!("https://{name}"));
        assert_eq!(origin(&format!("{own}:443")), format!("https://{name}"));
        assert_eq!(origin(&format!("{own}.localhost:8443")), format!("https://{name}.localhost:8443"));
        assert_eq!(origin(&format!("{own}.evil.example:x")), format!("https://{name}"));
    }
}
