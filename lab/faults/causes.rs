//! What goes wrong in the field, and whose job it is: known from the manuals and from practice before the doctor had learnt a word.
//!
//! The doctor has keys of its own. `clinic/data/causes.toml` says of each which of these it `means`. Owners have the words of
//! `manuals`: the vendor is whoever installed it, the line is its carrier or seller.

use anyhow::{Context, Result};

/// A cause as the field knows it.
pub(crate) struct Cause {
    /// Its name here.
    pub(crate) key: &'static str,
    /// Whose job it is: the right answers, the first the best.
    pub(crate) owners: &'static [&'static str],
    /// What is wrong, and where that is written.
    #[expect(dead_code, reason = "read by people")]
    pub(crate) what: &'static str,
}

const SITE: &[&str] = &["site"];
const INSTALLER: &[&str] = &["vendor"];
const CARRIER: &[&str] = &["line"];
const CENTER: &[&str] = &["center"];
const INSURER: &[&str] = &["insurer"];
/// The manuals send people to the network's desk; what is silent may be the carrier's.
const DESK: &[&str] = &["center", "line"];
/// Whoever is there can do it, and so can whoever installed it.
const NEAR: &[&str] = &["site", "vendor"];
/// Nobody has anything to mend: it passes by itself.
const NOBODY: &[&str] = &["nobody", "center"];

const fn cause(key: &'static str, owners: &'static [&'static str], what: &'static str) -> Cause {
    Cause { key, owners, what }
}

/// No fault at all: the doctor must find nothing (rank 28; LA-12).
pub(crate) const HEALTHY: &str = "healthy";

/// All of them.
pub(crate) const CAUSES: &[Cause] = &[
    // Names.
    cause("terminal-asks-provider", INSTALLER, "the terminal asks a resolver of the internet (rank 1; 001 §2-1 手順5')"),
    cause("router-asks-provider", INSTALLER, "the router has no table and asks the internet for everything (rank 1)"),
    cause("router-asks-phone-router", INSTALLER, "the router asks the phone router above it (NW-04; 000 切り分け 4-2)"),
    cause("domain-missing", INSTALLER, "a domain is missing from the router's table (rank 1; NW-10)"),
    cause("wrong-region-names", INSTALLER, "the other region's name servers are set (rank 1; DN-03, DN-04)"),
    cause("server-mistyped", INSTALLER, "an address in the router's table is no name server (DA-17)"),
    cause("big-answers-lost", INSTALLER, "answers of more than 512 bytes do not come: TCP 53 is closed and EDNS unknown (rank 6; DN-23)"),
    cause("rebinding-protection", INSTALLER, "the router takes private addresses out of answers (field-practice §3.5)"),
    cause("router-names-silent", NEAR, "the router's name server does not answer"),
    cause("name-spoofed", INSTALLER, "a name has another address than the network gives it: a hosts file or a filter"),
    cause("no-resolver", INSTALLER, "no name server is set at the terminal"),
    cause("two-resolvers", INSTALLER, "the terminal asks a resolver of the internet first and the network's second (rank 16)"),
    cause("v6-answers-lost", INSTALLER, "the router takes IPv6 addresses out of answers"),
    // The machine and its LAN.
    cause("ipv6-off", INSTALLER, "IPv6 is switched off at the terminal (NW-12)"),
    cause("no-cable", SITE, "the terminal's cable has no signal"),
    cause("no-router", NEAR, "no router advertises a prefix on the LAN (NW-07)"),
    cause("router-passes-nothing", INSTALLER, "the router advertises no prefix: passing IPv6 on is not set (NW-07, SU-07)"),
    cause("no-address-taken", INSTALLER, "the terminal takes no address though the router offers one (NW-12)"),
    cause("prefix-by-hand", INSTALLER, "an address set by hand does not belong to the line's prefix (NW-12)"),
    cause("wrong-way-out", INSTALLER, "another router or adapter takes the traffic (rank 16)"),
    cause("ra-where-pd", INSTALLER, "the router passes advertisements on where it must have a prefix delegated (rank 14; NW-08)"),
    cause("large-packets-lost", INSTALLER, "large packets are lost on the way and nobody says so (rank 15)"),
    cause("box-in-path", INSTALLER, "a box in the path does not let IPv6 or its ports pass (rank 15; NW-05)"),
    cause("port-8080-closed", INSTALLER, "a firewall of the site closes port 8080 (003: ports)"),
    cause("port-123-closed", INSTALLER, "a firewall of the site closes UDP 123 (003: ports)"),
    cause("port-443-closed", INSTALLER, "a firewall of the site closes port 443 (003: ports)"),
    cause("port-80-closed", INSTALLER, "a firewall of the site closes port 80, by which revocation lists come (003: ports)"),
    // The line.
    cause("line-down", CARRIER, "nothing comes through the line"),
    cause("carrier-down", CARRIER, "the carrier's network is down: everybody is concerned (rank 23)"),
    cause("line-not-authenticated", SITE, "the line is not authenticated yet (LA-18)"),
    cause("prefix-changed", SITE, "the line has another prefix since works on it: authenticate again (rank 2; LA-17)"),
    cause("line-work-unfinished", CARRIER, "P11011: the end of the works is not booked (rank 11; LA-15)"),
    cause("line-ineligible", CARRIER, "P11019: the line's type may not enter, or the v6 option is missing (rank 10; LA-14)"),
    cause("line-unregistered", SITE, "the line's id is not the one applied for (rank 13; LA-09)"),
    cause("line-no-answer", DESK, "P32031: no answer within 25 seconds (rank 12; LA-08)"),
    cause("line-not-wished", SITE, "「希望しない」 was pressed (LA-06)"),
    cause("line-back-button", SITE, "the browser's back button was pressed (LA-07)"),
    cause("line-system-error", CENTER, "the portal of line authentication is out of order (LA-10)"),
    // The center.
    cause("center-down", CENTER, "the center does not answer while the carrier does (rank 23)"),
    cause("center-names-down", CENTER, "the platform's name servers do not answer"),
    cause("portal-down", CENTER, "one door of the center is down: the portal"),
    cause("api-down", CENTER, "one door of the center is down: the Web API"),
    cause("authority-down", CENTER, "one door of the center is down: the authority's site"),
    cause("line-portal-down", CENTER, "one door of the center is down: the portal of line authentication"),
    cause("proxy-down", CENTER, "the network's proxy is down outside of closures"),
    cause("time-down", CENTER, "the network's time servers are down"),
    cause("closure", NOBODY, "the proxy is closed as announced (PX-10, DN-24): wait"),
    cause("announced-trouble", CENTER, "the center has announced a trouble: not you, everyone (rank 23)"),
    // Trust.
    cause("root-missing", INSTALLER, "the network's root certificate is not installed (rank 20; LA-03)"),
    cause("certificate-missing", NEAR, "there is no client certificate on the terminal"),
    cause("certificate-expired", SITE, "the terminal's certificate has expired (rank 9)"),
    cause("certificate-soon", SITE, "the terminal's certificate expires soon (rank 9)"),
    cause("certificate-revoked", SITE, "the terminal's certificate was revoked: apply for a new one"),
    cause("terminal-blocked", CENTER, "the center has stopped this terminal"),
    cause("certificate-of-other-facility", NEAR, "the certificate is another facility's (rank 24)"),
    cause("certificate-of-other-issuer", INSTALLER, "a certificate of another purpose is chosen (CA-24)"),
    cause("certificate-key-missing", INSTALLER, "the certificate's key is not there"),
    cause("certificates-two", INSTALLER, "two certificates of the network lie in the store: the old one must be deleted (CA-31)"),
    cause("certificate-shared", NEAR, "the certificate is used on another terminal too"),
    cause("clock-wrong", NEAR, "the terminal's clock is wrong (TM)"),
    cause("tls-opened", INSTALLER, "a box in the path opens TLS with a certificate of its own (rank 15)"),
    // Proxy and distribution.
    cause("winhttp-not-imported", INSTALLER, "netsh winhttp import was not run (rank 5; PX-11)"),
    cause("bypass-entry-missing", INSTALLER, "an entry of the bypass list is missing (PX-06)"),
    cause("bypass-semicolon-missing", INSTALLER, "a semicolon of the bypass list is missing (PX-06)"),
    cause("proxy-typed-wrongly", INSTALLER, "wide characters, look-alike hyphens or another port in the proxy's address (PX-01, DN-26)"),
    cause("proxy-not-set", INSTALLER, "no proxy is set (PX-01)"),
    cause("distribution-origin-wrong", INSTALLER, "the distribution server chosen is not the carrier's way (DA-05, DA-17)"),
    cause("distribution-task-missing", INSTALLER, "the task that starts distribution is not registered (DA-23)"),
    cause("distribution-ini-missing", INSTALLER, "OQSDistroApp.ini is missing: install again (DA-21)"),
    cause("v6-option-missing", CARRIER, "the line has no v6 option (PX-12, LN-08)"),
    // The bridge and the machine around it.
    cause("bridge-folder-missing", INSTALLER, "a folder of the bridge is not there"),
    cause("share-read-only", INSTALLER, "a folder of the bridge cannot be written (rank 8)"),
    cause("disk-full", SITE, "the disk is full"),
    cause("requests-pile-up", NEAR, "requests wait unread: the bridge does not run (rank 7)"),
    cause("credential-missing", NEAR, "a credential of the bridge is missing (rank 7; CR1, CR2)"),
    cause("credential-shape", NEAR, "a credential has a shape that cannot be right (CR3)"),
    cause("login-refused", NEAR, "the center refuses the bridge's account or password (rank 25)"),
    cause("task-early", INSTALLER, "a task starts before the network does (DA-24; rank 7)"),
    cause("encryption-mismatch", INSTALLER, "results are encrypted and the receipt program cannot read them (rank 8)"),
    cause("sleep-on", NEAR, "the terminal goes to sleep, or starts half-way (rank 3)"),
    cause("display-scale", NEAR, "the screens are scaled and cut (rank 26)"),
    cause("reader-not-connected", SITE, "the card reader is not connected (rank 3)"),
    cause("insurer-answer", INSURER, "the answer is the insurer's: nothing local to mend (rank 4)"),
    cause("unknown-characters", &["nobody", "insurer"], "● stands in names: nothing to mend (rank 18)"),
    cause("verification-environment", NEAR, "the portal of the test environment is open (AC-06; F8)"),
    cause("configuration-broken", INSTALLER, "the settings of the clinic's programs cannot be read"),
    cause("automatic-logon-broken", NEAR, "the terminal asks for a password at its start (rank 19)"),
    cause("client-too-old", NEAR, "the renewal's client is too old, or .NET is missing (rank 27)"),
    cause("reader-other-way", INSTALLER, "the terminal gets through and the card reader does not (rank 17)"),
    cause("internet-lost", INSTALLER, "internet names no longer resolve at the terminal (rank 22; DN-31)"),
    cause("line-unstable", CARRIER, "packets are lost on the line"),
];

/// A cause by its name.
pub(crate) fn by_key(key: &str) -> Result<&'static Cause> {
    CAUSES.iter().find(|cause| cause.key == key).with_context(|| format!("the field knows no cause `{key}`"))
}
