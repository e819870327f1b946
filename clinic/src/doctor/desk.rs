//! Whom to call about a finding, and whether somebody answers there now.

use super::reason::{Found, State};
use super::table::Layer;
use chassis::clock::japan;
use jiff::Timestamp;
use manuals::Owner;
use manuals::support::{self, DeskState};
use serde::Serialize;

/// The word for an owner in JSON, the one that `manuals` reads.
#[must_use]
pub fn owner_key(owner: Owner) -> &'static str {
    match owner {
        Owner::Site => "site",
        Owner::Vendor => "vendor",
        Owner::Line => "line",
        Owner::Center => "center",
        Owner::Insurer => "insurer",
    }
}

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Desk {
    /// Its name, Japanese.
    pub name: String,
    /// Its number, where there is one for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether somebody answers now; absent where nobody but the site knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Until when it is open, or when it opens, Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Where one may ask when it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// The desk for a finding at a moment (SU-01, SU-02, SU-03, SU-05); none where nobody needs to be called.
#[must_use]
pub fn desk(found: Option<&Found>, state: State, at: Timestamp) -> Option<Desk> {
    let cause = found.filter(|_| !matches!(state, State::Healthy | State::Waiting))?.cause;
    let named = |name: &str| Some(Desk { name: name.to_owned(), phone: None, open: None, hours: None, otherwise: None });
    match cause.owner {
        Owner::Vendor => named("設定を行ったシステムベンダー"),
        // Whoever stands there does it; when that does not help, these do.
        Owner::Site if cause.layer == Layer::Line => Some(network_desk(at)),
        Owner::Site => named("直らないときは、設定を行ったシステムベンダー"),
        Owner::Line => named("回線の契約先（契約書か請求書に書かれた会社）"),
        Owner::Insurer => named("患者の保険者（資格確認書などに書かれた連絡先）"),
        Owner::Center if cause.layer == Layer::Proxy => named(support::sheet().escalation.first().copied().unwrap_or_default()),
        Owner::Center => Some(network_desk(at)),
    }
}

/// The network support desk.
#[must_use]
pub fn network_desk(at: Timestamp) -> Desk {
    let sheet = support::sheet();
    let (open, hours) = match support::desk_state(japan(at)) {
        DeskState::Open { until } => (true, format!("いま受付中です（{} まで）。", until.strftime("%-m月%-d日 %H:%M"))),
        DeskState::Closed { opens } => {
            (false, format!("いまは受付時間外です（{} から受け付けます）。", opens.strftime("%-m月%-d日 %H:%M")))
        }
    };
    Desk {
        name: sheet.name.to_owned(),
        phone: Some(sheet.phone.to_owned()),
        open: Some(open),
        hours: Some(hours),
        otherwise: Some(format!("夜間・休日は、ポータルサイトのチャットボット（{}）を使えます。", sheet.chat_bot)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: SU-01, SU-02, SU-03
    #[test]
    fn the_desk_is_named_with_its_number_and_whether_it_answers_now() {
        // Friday 20 November 2026, 10:00 and 20:00 in Japan.
        let day = network_desk("2026-11-20T01:00:00Z".parse().unwrap());
        assert_eq!((day.phone.as_deref(), day.open), (Some("0120-220-571"), Some(true)));
        assert!(day.hours.unwrap().contains("11月20日 17:00 まで"));
        let night = network_desk("2026-11-20T11:00:00Z".parse().unwrap());
        assert_eq!(night.open, Some(false));
        assert!(night.hours.unwrap().contains("11月24日 09:00 から"), "the 23rd is a holiday");
    }
}
