//! Reads whom a caller asks for: host and port of a tunnel, or of a page to be fetched.

use http::Uri;
use http::uri::Scheme;

/// Longest host name of the domain name system.
const LONGEST_NAME: usize = 253;
/// Longest part between two dots.
const LONGEST_LABEL: usize = 63;

/// Whom a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// A host name in small letters without a final dot, or an IP address, IPv6 in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The request names no host that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("宛先の書き方が違います")]
pub struct NoTarget;

impl Target {
    /// Of a tunnel: `host:port`, both given.
    ///
    /// # Errors
    /// [`NoTarget`] for anything else.
    pub fn of_tunnel(uri: &Uri) -> Result<Self, NoTarget> {
        if uri.scheme().is_some() || uri.path_and_query().is_some() {
            return Err(NoTarget);
        }
        let authority = uri.authority().ok_or(NoTarget)?;
        let port = authority.port_u16().filter(|port| *port > 0).ok_or(NoTarget)?;
        Ok(Self { host: host(authority.as_str(), authority.host())?, port })
    }

    /// Of a page: `http://host/…`, port 80 unless another is given.
    ///
    /// # Errors
    /// [`NoTarget`] for anything else.
    pub fn of_page(uri: &Uri) -> Result<Self, NoTarget> {
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(NoTarget);
        }
        let authority = uri.authority().ok_or(NoTarget)?;
        let port = match (authority.port(), authority.port_u16()) {
            // A colon without a port, or one too large.
            (None, _) if authority.as_str().ends_with(':') => return Err(NoTarget),
            (None, _) => 80,
            (Some(_), Some(port)) if port > 0 => port,
            (Some(_), _) => return Err(NoTarget),
        };
        Ok(Self { host: host(authority.as_str(), authority.host())?, port })
    }
}

fn host(authority: &str, host: &str) -> Result<String, NoTarget> {
    // A name before an @ would be sent on as a password, or mistaken for the host.
    if authority.contains('@') {
        return Err(NoTarget);
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: std::net::Ipv6Addr = inner.parse().map_err(|_| NoTarget)?;
        return Ok(format!("[{address}]"));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let fine = |label: &str| {
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (1..=LONGEST_LABEL).contains(&label.len()) && letters && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.len() <= LONGEST_NAME && name.split('.').all(fine) { Ok(name) } else { Err(NoTarget) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(text: &str) -> Option<(String, u16)> {
        Target::of_tunnel(&text.parse().ok()?).ok().map(|target| (target.host, target.port))
    }

    fn page(text: &str) -> Option<(String, u16)> {
        Target::of_page(&text.parse().ok()?).ok().map(|target| (target.host, target.port))
    }

    #[test]
    fn a_host_is_read_in_small_letters_and_tricks_are_not_read_at_all() {
        assert_eq!(tunnel("D2.CloudFront.NET.:443"), Some(("d2.cloudfront.net".to_owned(), 443)));
        assert_eq!(tunnel("[::FFFF:10.0.0.1]:443"), Some(("[::ffff:10.0.0.1]".to_owned(), 443)));
        for wrong in
            ["d2.cloudfront.net", "d2.cloudfront.net:0", "d2.cloudfront.net:99999", "a:b@d2.cloudfront.net:443", "d2..net:443", "/:443"]
        {
            assert_eq!(tunnel(wrong), None, "{wrong}");
        }
        assert_eq!(page("http://Download.WindowsUpdate.com/a?b"), Some(("download.windowsupdate.com".to_owned(), 80)));
        assert_eq!(page("http://download.windowsupdate.com:8530/"), Some(("download.windowsupdate.com".to_owned(), 8530)));
        for wrong in ["https://download.windowsupdate.com/", "ftp://a/", "http://a@b/", "/proxy.pac", "http://-a.b/", "http://a_b.-c/"] {
            assert_eq!(page(wrong), None, "{wrong}");
        }
    }
}
