//! Decides what is to be done next about this machine's certificate: a plain function of what is known and the time.
//!
//! Each answer is one step, after which the question is asked again. A step that fails moves a moment in the notes, so that no step can follow
//! itself without end; the last answer is always a moment to wait for, and it is never later than the next thing that is due.

use chassis::clock::{from_japan, japan_date};
use jiff::civil::{Date, time};
use jiff::{SignedDuration, Timestamp};

use super::notes::{Held, Hindrance, Notes, RenewalTime, Trouble};

/// What the machine's owner may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whether the keeper renews by itself; notices and warnings are given all the same.
    pub renews: bool,
    /// So often a day the authority is asked for a renewal at most.
    pub tries_a_day: u32,
}

/// The pair that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// None, or a key that has no certificate yet.
    None,
    /// Key and certificate, not yet in place.
    Pair(Held),
    /// A certificate that is none for the waiting key.
    Strange,
}

/// What lies in the machine's folder, and what the keeper remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// A change of the pair in place was broken off.
    pub torn: bool,
    /// The pair in place.
    pub held: Option<&'a Held>,
    /// The pair that is to come.
    pub coming: &'a Coming,
    /// The pair before is still kept.
    pub leftover: bool,
    /// The keeper's notes.
    pub notes: &'a Notes,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Finish a change of the pair that was broken off.
    Settle,
    /// A certificate is new in its place: begin the notes about it.
    Meet,
    /// Tell people that the certificate ends in so many days (RN-01).
    Tell(i32),
    /// Warn people of what stands in the way.
    Warn(Hindrance),
    /// Send the mail that waits.
    Post,
    /// Take away a coming pair that can never work.
    Discard,
    /// See whether the coming pair works, before it takes the place of the old one.
    Try,
    /// Put the coming pair in place, keeping the old one.
    Install,
    /// See whether the pair works from its place.
    Confirm,
    /// Take away the pair before (RN-14).
    Tidy,
    /// Ask the authority when to renew.
    Ask,
    /// Ask the authority for a renewal.
    Renew,
    /// Nothing until then.
    Wait(Timestamp),
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// No wait is longer, so that a clock that was set or a machine that slept is noticed.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// A moment that is noted further ahead than any is ever set comes from a clock that was wrong.
const IMPOSSIBLE: SignedDuration = SignedDuration::from_hours(26);
/// A line that is away so long is worth a warning; shorter ones are days on which the machine is not on the line.
const LINE_AWAY: SignedDuration = SignedDuration::from_hours(72);
/// From here on the authority is asked whatever its window says.
const LAST_DAYS: SignedDuration = SignedDuration::from_hours(10 * 24);

/// What is to be done next.
#[must_use]
pub(crate) fn decide(known: &Known<'_>, plan: &Plan, now: Timestamp) -> Action {
    if known.torn {
        return Action::Settle;
    }
    let notes = known.notes;
    if let Some(held) = known.held {
        if notes.serial != held.serial {
            return Action::Meet;
        }
        if let Some(days) = due_notice(held, notes, now) {
            return Action::Tell(days);
        }
    }
    let left = known.held.map(|held| days_left(held, now));
    if let Some((kind, _)) = notes.troubles.iter().find(|(kind, trouble)| warning_is_due(**kind, trouble, left, now)) {
        return Action::Warn(*kind);
    }
    if !notes.letters.is_empty() && is_due(notes.post_at, now) {
        return Action::Post;
    }
    change_of_pair(known, now).or_else(|| renewal(known, plan, now)).unwrap_or_else(|| Action::Wait(next(known, plan, now)))
}

/// What is to be done for a pair that waits for its place, or for the one whose place it took.
fn change_of_pair(known: &Known<'_>, now: Timestamp) -> Option<Action> {
    let notes = known.notes;
    match known.coming {
        Coming::Strange => return Some(Action::Discard),
        Coming::Pair(pair) if pair.until <= earliest(notes, now) => return Some(Action::Discard),
        // An authority that went back to yesterday's backup knows nothing of it, and will make another.
        Coming::Pair(_) if notes.refused_since.is_some_and(|since| now.duration_since(since).abs() >= DAY) => return Some(Action::Discard),
        Coming::Pair(pair) if notes.worked.as_ref() == Some(&pair.serial) => return Some(Action::Install),
        // Before its first moment it could not work: the clocks differ, and the old one goes on.
        Coming::Pair(pair) if pair.from <= latest(notes, now) && is_due(notes.try_at, now) => return Some(Action::Try),
        Coming::Pair(_) | Coming::None => {}
    }
    let waits = matches!(known.coming, Coming::Pair(_)) || known.held.is_none();
    match (known.leftover && !waits, notes.confirmed) {
        (true, true) => Some(Action::Tidy),
        (true, false) if is_due(notes.try_at, now) => Some(Action::Confirm),
        _ => None,
    }
}

/// What the authority is to be asked.
fn renewal(known: &Known<'_>, plan: &Plan, now: Timestamp) -> Option<Action> {
    let (held, notes) = (known.held?, known.notes);
    // Also after the end: it may be this machine's clock that is wrong, and the answer says so.
    if may_be_asked_about(known) && is_due(notes.ask_at, now) {
        return Some(Action::Ask);
    }
    if !may_be_renewed(known, now) {
        return None;
    }
    let day = japan_date(now);
    let tried_enough = notes.tries.day == Some(day) && notes.tries.count >= plan.tries_a_day;
    (plan.renews && wants_renewal(held, notes, now) && !tried_enough && is_due(notes.renew_at, now)).then_some(Action::Renew)
}

/// Never a certificate that was replaced or revoked, none that has expired, and none whose successor is there already.
fn may_be_renewed(known: &Known<'_>, now: Timestamp) -> bool {
    may_be_asked_about(known) && known.held.is_some_and(|held| held.until > earliest(known.notes, now))
}

fn may_be_asked_about(known: &Known<'_>) -> bool {
    !known.notes.ended && !matches!(known.coming, Coming::Pair(_))
}

/// The moment drawn within the authority's window has come, or the end is so near that no window counts.
fn wants_renewal(held: &Held, notes: &Notes, now: Timestamp) -> bool {
    // The window is the authority's, and so is the clock by which it begins.
    renewal_moment(held, notes) <= by_center(notes, now) || held.until - last_days(held) <= latest(notes, now)
}

fn last_days(held: &Held) -> SignedDuration {
    LAST_DAYS.min(life(held) / 10)
}

/// When this machine renews: a moment drawn once within the window, so that the machines of a whole country do not come at the same time.
#[must_use]
pub(crate) fn renewal_moment(held: &Held, notes: &Notes) -> Timestamp {
    let window = notes.window.unwrap_or_else(|| own_window(held));
    let width = window.end.duration_since(window.start).max(SignedDuration::ZERO);
    let seconds = width.as_secs().saturating_mul(i64::from(notes.draw)) / 65_536;
    window.start.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(window.start)
}

/// The window while the authority has said none: from 60 to 30 days before the end, and for short lives in the same place of their last third.
#[must_use]
pub(crate) fn own_window(held: &Held) -> RenewalTime {
    let life = life(held);
    RenewalTime { start: held.until - (DAY * 60).min(life / 3), end: held.until - (DAY * 30).min(life / 6) }
}

fn life(held: &Held) -> SignedDuration {
    held.until.duration_since(held.from).max(SignedDuration::ZERO)
}

/// Days in Japan from today to the certificate's last one.
#[must_use]
pub(crate) fn days_left(held: &Held, now: Timestamp) -> i32 {
    days_between(japan_date(now), japan_date(held.until))
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// The notice that is due, by its number of days; one that was missed while the machine was off is given late, the last of several once.
fn due_notice(held: &Held, notes: &Notes, now: Timestamp) -> Option<i32> {
    let days = step_of(held, days_left(held, now))?;
    // A notice given on a day that has not come yet was given by a clock that was wrong.
    let told = notes.told.filter(|told| told.on <= japan_date(now));
    told.is_none_or(|told| days < told.days).then_some(days)
}

/// The notice that so many days belong to: 90, 60, 30, 15, and from 7 on each day its own (RN-01).
fn step_of(held: &Held, left: i32) -> Option<i32> {
    let renewal = &manuals::certificate::sheet().renewal;
    if left <= renewal.daily_from_days {
        return Some(left);
    }
    let whole = days_between(japan_date(held.from), japan_date(held.until));
    renewal.notice_days.iter().copied().filter(|step| *step >= left && *step < whole).min()
}

/// At once, then each week, and each day in the last seven days.
fn warning_is_due(kind: Hindrance, trouble: &Trouble, left: Option<i32>, now: Timestamp) -> bool {
    let last_week = left.is_some_and(|left| left <= manuals::certificate::sheet().renewal.daily_from_days);
    match trouble.warned {
        None if kind == Hindrance::Line => now.duration_since(trouble.since) >= if last_week { DAY } else { LINE_AWAY },
        None => true,
        // Also one that is noted for a time to come.
        Some(warned) if last_week => japan_date(warned) != japan_date(now),
        Some(warned) => now.duration_since(warned).abs() >= DAY * 7,
    }
}

fn is_due(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_none_or(|at| at <= now || at.duration_since(now) > IMPOSSIBLE)
}

/// How long the next renewal waits after the n-th of a day (from 1): an hour, doubled each time, six hours at most.
#[must_use]
pub(crate) fn pause(tries: u32) -> SignedDuration {
    SignedDuration::from_hours(1_i64 << tries.saturating_sub(1).min(3)).min(LONGEST_WAIT)
}

/// The center's time, if it was heard today.
fn by_center(notes: &Notes, now: Timestamp) -> Timestamp {
    let fresh = notes.offset_at.is_some_and(|at| now.duration_since(at).abs() <= DAY);
    let offset = if fresh { notes.offset } else { 0 };
    now.checked_add(SignedDuration::from_secs(offset)).unwrap_or(now)
}

/// The later of both clocks: by it nothing is slept past.
fn latest(notes: &Notes, now: Timestamp) -> Timestamp {
    by_center(notes, now).max(now)
}

/// The earlier of both clocks: by it nothing is given up.
fn earliest(notes: &Notes, now: Timestamp) -> Timestamp {
    by_center(notes, now).min(now)
}

/// The next moment at which anything can be due.
fn next(known: &Known<'_>, plan: &Plan, now: Timestamp) -> Timestamp {
    let notes = known.notes;
    let tomorrow = japan_date(now).tomorrow().map_or(now + LONGEST_WAIT, |day| from_japan(day.to_datetime(time(0, 0, 0, 0))));
    let mut moments = vec![now + LONGEST_WAIT, tomorrow];
    if !notes.letters.is_empty() {
        moments.extend(notes.post_at);
    }
    if known.leftover || matches!(known.coming, Coming::Pair(_)) {
        moments.extend(notes.try_at);
    }
    if let Coming::Pair(pair) = known.coming {
        moments.push(pair.from);
    }
    if known.held.is_some() && may_be_asked_about(known) {
        moments.extend(notes.ask_at);
    }
    if let Some(held) = known.held.filter(|_| may_be_renewed(known, now)) {
        if plan.renews {
            moments.extend([renewal_moment(held, notes), held.until - last_days(held)]);
            moments.extend(notes.renew_at);
        }
        moments.push(held.until);
    }
    moments.extend(notes.troubles.values().map(|trouble| trouble.since + LINE_AWAY));
    moments.into_iter().filter(|at| *at > now).min().unwrap_or(now + LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::notes::{Told, Tries};

    const PLAN: Plan = Plan { renews: true, tries_a_day: 4 };

    fn held() -> Held {
        // 2026-07-15 09:00 to 2029-10-13 09:00 in Japan: three years and three months.
        let from: Timestamp = "2026-07-15T00:00:00Z".parse().unwrap();
        Held { serial: "0a".to_owned(), from, until: from + DAY * 1186 }
    }

    fn quiet(held: &Held) -> Notes {
        Notes { serial: held.serial.clone(), ask_at: Some(held.from), ..Notes::default() }
    }

    fn before(days: i64) -> Timestamp {
        held().until - DAY * i32::try_from(days).unwrap()
    }

    fn asked(held: &Held, notes: &Notes, now: Timestamp) -> Action {
        let known = Known { torn: false, held: Some(held), coming: &Coming::None, leftover: false, notes };
        decide(&known, &PLAN, now)
    }

    /// Asks again after each notice, day by day at nine o'clock, and says on which days people were told.
    fn told(from: i64, to: i64, skipped: &[i64]) -> Vec<(i64, i32)> {
        let (held, mut notes, mut days) = (held(), quiet(&held()), Vec::new());
        for left in (to..=from).rev().filter(|left| !skipped.contains(left)) {
            notes.ask_at = Some(before(left) + DAY);
            notes.ended = true;
            if let Action::Tell(step) = asked(&held, &notes, before(left)) {
                days.push((left, step));
                notes.told = Some(Told { days: step, on: japan_date(before(left)) });
            }
            assert!(matches!(asked(&held, &notes, before(left)), Action::Wait(_)), "once a day");
        }
        days
    }

    /// Rows: RN-01, MP-01
    #[test]
    fn people_are_told_90_60_30_and_15_days_before_and_then_daily_from_7() {
        let steps = [90, 60, 30, 15, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2];
        assert_eq!(told(120, -2, &[]), steps.map(|step| (i64::from(step), step)));
    }

    /// Rows: RN-01
    #[test]
    fn a_notice_missed_while_the_machine_was_off_is_given_on_the_first_day_it_is_on_and_once() {
        assert_eq!(told(95, 50, &[90, 89]), [(88, 90), (60, 60)]);
        let off: Vec<i64> = (6..=70).collect();
        assert_eq!(told(95, 4, &off), [(90, 90), (5, 5), (4, 4)]);
    }

    #[test]
    fn a_certificate_of_a_short_life_is_not_announced_on_its_first_day() {
        let short = Held { until: held().from + DAY * 40, ..held() };
        assert_eq!(step_of(&short, 40), None);
        assert_eq!(step_of(&short, 30), Some(30));
    }

    #[test]
    fn a_notice_given_by_a_clock_that_was_wrong_silences_none() {
        let future = Notes { told: Some(Told { days: -400, on: japan_date(before(-400)) }), ..quiet(&held()) };
        assert_eq!(asked(&held(), &future, before(90)), Action::Tell(90));
    }

    #[test]
    fn it_is_renewed_at_the_moment_drawn_within_the_window_and_not_before() {
        let held = held();
        for draw in [0, 40_000, 65_535] {
            let notes = Notes { draw, told: Some(Told { days: 30, on: japan_date(before(60)) }), ..quiet(&held) };
            let moment = renewal_moment(&held, &notes);
            assert!(before(60) <= moment && moment < before(30), "{moment}");
            let notes = Notes { ask_at: Some(moment + DAY), ..notes };
            assert_eq!(asked(&held, &notes, moment), Action::Renew);
            assert_eq!(asked(&held, &notes, moment - SignedDuration::from_secs(1)), Action::Wait(moment));
        }
        // What is revoked or to be replaced has a window in the past.
        let window = Some(RenewalTime { start: before(700), end: before(699) });
        let notes = Notes { window, ask_at: Some(before(500) + DAY), ..quiet(&held) };
        assert_eq!(asked(&held, &notes, before(500)), Action::Renew);
    }

    #[test]
    fn nobody_is_asked_more_often_than_so_many_times_a_day_nor_sooner_than_after_a_pause() {
        let (held, now) = (held(), before(20));
        let told = Some(Told { days: 30, on: japan_date(before(30)) });
        let notes = Notes { told, ask_at: Some(now + DAY), ..quiet(&held) };
        let today = |count| Tries { day: Some(japan_date(now)), count };
        assert_eq!(asked(&held, &Notes { tries: today(3), ..notes.clone() }, now), Action::Renew);
        assert!(matches!(asked(&held, &Notes { tries: today(4), ..notes.clone() }, now), Action::Wait(_)));
        let yesterday = Tries { day: japan_date(now).yesterday().ok(), count: 4 };
        assert_eq!(asked(&held, &Notes { tries: yesterday, ..notes.clone() }, now), Action::Renew);
        let soon = now + SignedDuration::from_mins(20);
        assert_eq!(asked(&held, &Notes { renew_at: Some(soon), ..notes.clone() }, now), Action::Wait(soon));
        // A pause noted by a clock that was a year ahead is none.
        assert_eq!(asked(&held, &Notes { renew_at: Some(now + DAY * 365), ..notes }, now), Action::Renew);
        assert_eq!([1, 2, 3, 4, 9].map(pause).map(|pause| pause.as_hours()), [1, 2, 4, 6, 6]);
    }

    #[test]
    fn what_was_replaced_revoked_or_has_expired_is_never_renewed() {
        let (held, now) = (held(), before(20));
        let told = Some(Told { days: -30, on: japan_date(now) });
        let ended = Notes { told, ended: true, ..quiet(&held) };
        assert!(matches!(asked(&held, &ended, now), Action::Wait(_)));
        let expired = Notes { told, ask_at: Some(held.until + DAY), ..quiet(&held) };
        assert!(matches!(asked(&held, &expired, held.until), Action::Wait(_)));
        assert_eq!(asked(&held, &expired, held.until - SignedDuration::from_secs(1)), Action::Renew);
    }

    /// Rows: RN-14
    #[test]
    fn the_old_pair_goes_only_after_the_new_one_has_worked_before_and_in_its_place() {
        let (old, new) = (held(), Held { serial: "0b".to_owned(), from: before(40), until: before(40) + DAY * 1186 });
        let notes = Notes { told: Some(Told { days: 60, on: japan_date(before(60)) }), ..quiet(&old) };
        let coming = Coming::Pair(new.clone());
        let known =
            |notes: &Notes| decide(&Known { torn: false, held: Some(&old), coming: &coming, leftover: false, notes }, &PLAN, before(40));
        assert_eq!(known(&notes), Action::Try);
        assert!(matches!(known(&Notes { try_at: Some(before(39)), ..notes.clone() }), Action::Wait(_)));
        assert_eq!(known(&Notes { worked: Some(new.serial.clone()), ..notes }), Action::Install);
        let placed = |notes: &Notes| {
            let known = Known { torn: false, held: Some(&new), coming: &Coming::None, leftover: true, notes };
            decide(&known, &PLAN, before(40))
        };
        assert_eq!(placed(&quiet(&old)), Action::Meet);
        assert_eq!(placed(&quiet(&new)), Action::Confirm);
        assert_eq!(placed(&Notes { confirmed: true, ..quiet(&new) }), Action::Tidy);
    }

    #[test]
    fn a_clock_that_is_behind_makes_nobody_sleep_past_the_end_and_one_ahead_gives_nothing_up() {
        let held = held();
        let told = Some(Told { days: -30, on: japan_date(before(400)) });
        let wrong = |ahead: SignedDuration, now: Timestamp| Notes {
            told,
            ask_at: Some(now + DAY),
            offset: ahead.as_secs(),
            offset_at: Some(now),
            ..quiet(&held)
        };
        // The machine says 400 days before, the center 20 days before.
        assert_eq!(asked(&held, &wrong(DAY * 380, before(400)), before(400)), Action::Renew);
        // The machine says 10 days after, the center 40 days before.
        let ahead = held.until + DAY * 10;
        let notes = Notes { told: Some(Told { days: -99, on: japan_date(ahead) }), ..wrong(DAY * -50, ahead) };
        assert_eq!(asked(&held, &notes, ahead), Action::Renew);
        // Heard days ago it counts no more: the clock may have been set right since.
        let stale = Notes { offset_at: Some(before(402)), ..wrong(DAY * 380, before(400)) };
        assert!(matches!(asked(&held, &stale, before(400)), Action::Wait(_)));
    }

    #[test]
    fn warnings_come_at_once_then_weekly_and_daily_in_the_last_week() {
        let warned = |kind, left: i64, warned: Option<i64>| {
            let warned = warned.map(before);
            let trouble = Trouble { since: before(left + 1), warned, text: String::new() };
            warning_is_due(kind, &trouble, Some(i32::try_from(left).unwrap()), before(left))
        };
        assert!(
            warned(Hindrance::Refusal, 50, None) && !warned(Hindrance::Refusal, 50, Some(51)) && warned(Hindrance::Refusal, 50, Some(57))
        );
        assert!(warned(Hindrance::Refusal, 5, Some(6)) && !warned(Hindrance::Refusal, 5, Some(5)));
        assert!(
            !warned(Hindrance::Line, 50, None) && warned(Hindrance::Line, 5, None),
            "a day off the line is no news before the last week"
        );
    }

    #[test]
    fn no_wait_reaches_past_the_end_of_the_day() {
        let held = held();
        let notes = Notes { ended: true, told: Some(Told { days: 60, on: japan_date(before(60)) }), ..quiet(&held) };
        let late = from_japan(japan_date(before(40)).to_datetime(time(23, 0, 0, 0)));
        assert_eq!(asked(&held, &notes, late), Action::Wait(late + SignedDuration::from_hours(1)));
        assert_eq!(asked(&held, &notes, before(40)), Action::Wait(before(40) + LONGEST_WAIT));
    }
}
