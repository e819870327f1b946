//! Authenticates the line without a browser: walks the same pages as a person, and reads the line's state as machines do.

pub mod listing;
pub mod watch;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use http::header;
use manuals::hosts::{self, Host};
use wire::line::{CAPTIVE, CAPTIVE_PATH, CHOICE, CONSENT, Captive, Next, Screen, WISH};

use crate::center::{self, CenterError, ConnectError};
use crate::config::CenterConfig;

/// The portal answers within 25 seconds of the choice; a little more for the way.
const TIMEOUT: Duration = Duration::from_secs(35);

/// Why the line's state is not known or the line not authenticated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Portal or notifier cannot be reached.
    #[error("{host} につながりません。名前解決とIPv6アドレスを確かめてください。（{error}）")]
    Unreachable {
        /// Which of them.
        host: String,
        /// What the network said.
        error: CenterError,
    },
    /// What came is no page of theirs, or leads somewhere else.
    #[error("{host} の応答を読み取れません。この回線の接続先が正しいかを確かめてください。")]
    Unreadable {
        /// Which of them.
        host: String,
    },
}

/// The portal as this machine reaches it.
#[derive(Clone, Debug)]
pub struct LinePortal {
    http: reqwest::Client,
    known: Option<SocketAddr>,
}

impl LinePortal {
    /// Reads this machine's roots; neither certificate nor account is needed yet. Nothing is sent.
    ///
    /// # Errors
    /// [`ConnectError`] names the file and what to do.
    pub fn connect(config: &CenterConfig) -> Result<Self, ConnectError> {
        let known = config.addresses.get(hosts::line_portal().name).copied();
        Ok(Self { http: center::client(config, None, TIMEOUT)?, known })
    }

    /// The line's state (RFC 8908).
    ///
    /// # Errors
    /// [`LineError`].
    pub async fn status(&self) -> Result<Captive, LineError> {
        let portal = hosts::line_portal();
        let request = self.http.get(center::url(portal, CAPTIVE_PATH)).header(header::ACCEPT, CAPTIVE);
        self.read(portal, request).await
    }

    /// Opens the portal, goes on to the notifier, and chooses 希望する; the answer is the page on which that ends.
    ///
    /// # Errors
    /// [`LineError`]; a page that says no is an answer.
    pub async fn authenticate(&self) -> Result<Screen, LineError> {
        let portal = hosts::line_portal();
        let begin = self.page(portal, self.http.get(center::url(portal, "/"))).await?;
        let Some(next) = begin.next.clone() else { return Ok(begin) };
        let notifier = [hosts::line_notifier_east(), hosts::line_notifier_west()].into_iter().find(|host| leads_to(&next.url, host));
        let notifier = notifier.ok_or_else(|| unreadable(portal))?;
        let intent = self.page(notifier, self.http.get(&next.url)).await?;
        match intent.next.clone() {
            None => Ok(intent),
            Some(Next { url, consent: Some(consent) }) if leads_to(&url, portal) && consent.bytes().all(is_of_a_token) => {
                let form = format!("{CHOICE}={WISH}&{CONSENT}={consent}");
                let request = self.http.post(&url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
                self.page(portal, request).await
            }
            Some(_) => Err(unreadable(notifier)),
        }
    }

    async fn page(&self, host: &Host, request: reqwest::RequestBuilder) -> Result<Screen, LineError> {
        self.read(host, request.header(header::ACCEPT, "application/json")).await
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, host: &Host, request: reqwest::RequestBuilder) -> Result<T, LineError> {
        let unreachable = |error| LineError::Unreachable { host: host.name.to_owned(), error };
        let raw = center::send(request).await.map_err(unreachable)?;
        serde_json::from_slice(&raw.body).map_err(|_| unreadable(host))
    }

    /// This machine's own address towards the portal. No packet is sent for it.
    pub async fn own_address(&self) -> Option<IpAddr> {
        let towards = match self.known {
            Some(known) => known,
            None => tokio::net::lookup_host((hosts::line_portal().name, hosts::line_portal().port)).await.ok()?.next()?,
        };
        let any: IpAddr = if towards.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(towards).ok()?;
        socket.local_addr().ok().map(|own| own.ip())
    }
}

/// Whether an address that was handed to us leads to a host that we know, and nowhere else.
fn leads_to(url: &str, host: &Host) -> bool {
    let rest = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host.name));
    let rest = rest.map(|rest| rest.strip_prefix(":443").unwrap_or(rest));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

fn is_of_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn unreadable(host: &Host) -> LineError {
    LineError::Unreadable { host: host.name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_hosts_we_know_and_nowhere_else() {
        let portal = hosts::line_portal();
        assert!(leads_to("https://www.lineauth.mnw/choice", portal));
        assert!(leads_to("https://www.lineauth.mnw:443/choice", portal));
        for wrong in [
            "http://www.lineauth.mnw/choice",
            "https://www.lineauth.mnw.evil.example/choice",
            "https://www.lineauth.mnw@evil.example/",
            "https://www.lineauth.mnw:8443/choice",
            "https://evil.example/https://www.lineauth.mnw/",
            "https://www.lineauth.mnw",
            "",
        ] {
            assert!(!leads_to(wrong, portal), "{wrong}");
        }
    }
}
