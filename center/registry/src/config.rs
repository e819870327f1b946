//! What an operator may change about the registry, and the default of each.

/// The section `[registry]` of the center's configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Minutes for which a program stays logged in.
    pub session_minutes: u32,
    /// Wrong passwords in a row after which a terminal must wait before it may try that account again.
    pub login_failures: u32,
    /// Minutes it must then wait.
    pub login_wait_minutes: u32,
    /// Source addresses from which operators may come, as prefixes.
    pub operators_from: Vec<ipnet::IpNet>,
    /// Days from the approval of an eligibility application until its line works (ID-10: about a week).
    pub reflection_days: u16,
    /// The same for a claims application, for which the manuals name no time.
    pub claims_reflection_days: u16,
    /// Where applicants reach the portal, as mails name it: `https://apply.example.jp`; empty means the center's own name and port.
    pub portal: String,
    /// Forms a minute that the portal takes from one line or machine.
    pub forms_per_minute: u32,
    /// Hours for which a snapshot may be believed: so long servers without a database go on when the center is away.
    pub snapshot_hours: u32,
    /// Source addresses that may fetch the signed snapshot from the operators' host, as prefixes.
    pub snapshot_readers: Vec<ipnet::IpNet>,
}

impl Default for Config {
    fn default() -> Self {
        let here: Vec<ipnet::IpNet> = ["127.0.0.1/32", "::1/128"].iter().filter_map(|prefix| prefix.parse().ok()).collect();
        Self {
            session_minutes: 30,
            login_failures: 10,
            login_wait_minutes: 15,
            operators_from: here.clone(),
            snapshot_hours: 24,
            snapshot_readers: here,
            reflection_days: manuals::line_id::change().days_until_reflected,
            claims_reflection_days: 0,
            portal: String::new(),
            forms_per_minute: 30,
        }
    }
}
