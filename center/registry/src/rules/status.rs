//! What the center says of itself: how each service is, from what this process sees and what was announced.

use jiff::Timestamp;
use jiff::civil::DateTime;
use manuals::{Region, hosts};
use wire::snapshot::{Closure, Snapshot};
use wire::status::{Health, MAX_TEXT, Repairer, ServiceStatus, Status, Trouble};

use crate::error::Refusal;
use crate::troubles::Announcement;

/// Most troubles that are announced at one time.
pub const MAX_TROUBLES: usize = 50;
/// Most closures that a status tells of, the next first.
const MAX_TOLD: usize = 50;

/// What this process sees of itself.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The keys of the hosts that it serves.
    pub served: Vec<&'static str>,
    /// Whether the database answers, without which nothing that it serves works.
    pub ready: bool,
}

/// The status at an instant.
#[must_use]
pub fn status(at: Timestamp, seen: &Seen, closures: &[Closure], troubles: &[Trouble]) -> Status {
    // Closures are judged as a snapshot's: those that touch are one.
    let closures: Vec<Closure> = closures.iter().filter(|closure| closure.ends_at > at).take(MAX_TOLD).cloned().collect();
    let calendar = Snapshot { number: 0, made_at: at, valid_until: at, closures, admitted: Vec::new() };
    let troubles: Vec<Trouble> =
        troubles.iter().filter(|trouble| trouble.ends_at.is_none_or(|ends| ends > at)).take(MAX_TROUBLES).cloned().collect();
    let services = hosts::all().into_iter().filter(|(_, host)| !host.ours).map(|(key, _)| {
        let closed_until = calendar.closed_until(key, at);
        let announced = troubles.iter().any(|trouble| trouble.repairer == Repairer::Center && trouble.concerns(at, None, key));
        let served = seen.served.contains(&key);
        let health = match (closed_until, announced || served && !seen.ready, served) {
            (Some(_), _, _) => Health::Closed,
            (None, true, _) => Health::Troubled,
            (None, false, true) => Health::Working,
            (None, false, false) => Health::Unknown,
        };
        ServiceStatus { service: key.to_owned(), health, closed_until }
    });
    Status { schema: Status::SCHEMA, at, services: services.collect(), closures: calendar.closures, troubles }
}

/// Reads a trouble that an operator announces, under the number it is to have.
///
/// # Errors
/// [`Refusal::Wrong`] names the first mistake.
pub fn trouble(announced: &Announcement, trouble_id: String, now: Timestamp) -> Result<Trouble, Refusal> {
    let wrong = |field, problem: String| Refusal::Wrong { field, problem };
    let known: Vec<&str> = hosts::all().into_iter().filter(|(_, host)| !host.ours).map(|(key, _)| key).collect();
    if announced.services.len() > known.len() || announced.services.iter().any(|service| !known.contains(&service.as_str())) {
        return Err(wrong("services", format!("サービスは次のどれかです: {}", known.join("、"))));
    }
    let regions: Option<Vec<Region>> = announced.regions.iter().map(|key| Region::by_key(key)).collect();
    let regions = regions.filter(|regions| regions.len() <= 2).ok_or_else(|| wrong("regions", "地域は east か west です。".to_owned()))?;
    let read = |field, text: &str| -> Result<Timestamp, Refusal> {
        let time: DateTime =
            text.trim().parse().map_err(|_| wrong(field, "日時は日本時間で「2026-11-21 01:00」のように書いてください。".to_owned()))?;
        Ok(chassis::clock::from_japan(time))
    };
    let begins_at = announced.from.as_deref().map_or(Ok(now), |text| read("from", text))?;
    let ends_at = announced.until.as_deref().map(|text| read("until", text)).transpose()?;
    if ends_at.is_some_and(|ends| ends <= begins_at || ends <= now) {
        return Err(wrong("until", "終わりの日時は、始まりと今より後にしてください。".to_owned()));
    }
    let text = announced.text.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(wrong("text", format!("知らせる文は {MAX_TEXT} 文字以内の一行で書いてください。")));
    }
    let repairer = match announced.repairer.as_str() {
        "center" | "carrier" | "other" => repairer_by_key(&announced.repairer),
        _ => return Err(wrong("repairer", "直すところは center、carrier、other のどれかです。".to_owned())),
    };
    Ok(Trouble { trouble_id, begins_at, ends_at, repairer, regions, services: announced.services.clone(), text: text.to_owned() })
}

/// The word for whoever repairs, in tables and commands.
#[must_use]
pub fn repairer_key(repairer: Repairer) -> &'static str {
    match repairer {
        Repairer::Center => "center",
        Repairer::Carrier => "carrier",
        Repairer::Other => "other",
    }
}

/// Whoever repairs, by that word.
#[must_use]
pub fn repairer_by_key(key: &str) -> Repairer {
    match key {
        "center" => Repairer::Center,
        "carrier" => Repairer::Carrier,
        _ => Repairer::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn seen(ready: bool) -> Seen {
        Seen { served: vec!["portal", "line_portal"], ready }
    }

    fn announced() -> Announcement {
        Announcement {
            text: "資格確認の画面がつながりにくくなっています。".to_owned(),
            services: vec!["portal".to_owned()],
            ..Announcement::default()
        }
    }

    /// Rows: PX-10
    #[test]
    fn a_service_works_is_closed_has_a_trouble_or_is_unknown() {
        let health = |status: &Status| ["portal", "line_portal", "proxy"].map(|key| status.health(key));
        assert_eq!(health(&status(NOW, &seen(true), &[], &[])), [Health::Working, Health::Working, Health::Unknown]);
        assert_eq!(health(&status(NOW, &seen(false), &[], &[])), [Health::Troubled, Health::Troubled, Health::Unknown]);
        let hour = jiff::SignedDuration::from_hours(1);
        let closure = |from, until| Closure {
            closure_id: "c".into(),
            service: "proxy".into(),
            begins_at: from,
            ends_at: until,
            reason: String::new(),
        };
        let closed = status(NOW, &seen(true), &[closure(NOW - hour, NOW + hour), closure(NOW + hour, NOW + hour * 2)], &[]);
        let proxy = closed.services.iter().find(|service| service.service == "proxy").unwrap();
        assert_eq!((proxy.health, proxy.closed_until), (Health::Closed, Some(NOW + hour * 2)));
        assert!(status(NOW, &seen(true), &[closure(NOW - hour, NOW)], &[]).closures.is_empty(), "what is over is not told");
        let trouble = trouble(&announced(), "t".to_owned(), NOW).unwrap();
        assert_eq!(
            health(&status(NOW, &seen(true), &[], std::slice::from_ref(&trouble))),
            [Health::Troubled, Health::Working, Health::Unknown]
        );
        let carriers = Trouble { repairer: Repairer::Carrier, services: Vec::new(), ..trouble };
        assert_eq!(
            health(&status(NOW, &seen(true), &[], &[carriers])).first(),
            Some(&Health::Working),
            "a carrier's trouble is not the center's"
        );
    }

    #[test]
    fn a_trouble_is_read_in_japans_time_and_each_mistake_is_named() {
        let read = |change: fn(&mut Announcement)| {
            let mut announced = announced();
            change(&mut announced);
            trouble(&announced, "t".to_owned(), NOW)
        };
        assert_eq!(read(|_| ()).unwrap().begins_at, NOW);
        let timed = read(|announced| announced.until = Some("2030-01-01 09:00".to_owned())).unwrap();
        assert_eq!(timed.ends_at, Some("2030-01-01T00:00:00Z".parse().unwrap()));
        let field = |change| match read(change) {
            Err(Refusal::Wrong { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(|announced| announced.services = vec!["nothing".to_owned()]), "services");
        assert_eq!(field(|announced| announced.regions = vec!["north".to_owned()]), "regions");
        assert_eq!(field(|announced| announced.text = " ".to_owned()), "text");
        assert_eq!(field(|announced| announced.text = "あ".repeat(MAX_TEXT + 1)), "text");
        assert_eq!(field(|announced| announced.until = Some("2020-01-01 00:00".to_owned())), "until");
        assert_eq!(field(|announced| announced.from = Some("tomorrow".to_owned())), "from");
        assert_eq!(field(|announced| announced.repairer = "nobody".to_owned()), "repairer");
    }
}
