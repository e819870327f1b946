//! Ten years of a machine and its certificate in a moment: days off the line, lost answers, power cuts in the middle of any call, wrong clocks.

mod authority;
mod disk;

use std::path::Path;

use chassis::clock::{Clock, from_japan, japan_date};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use rcgen::KeyPair;

use self::authority::{Office, Ways};
use self::disk::MachineDisk;
use super::KeyKind;
use super::keeper::{Keeper, Setting};
use super::notes::Held;
use super::rules::{Plan, days_left};
use super::shelf::{Lying, Places, Shelf};
use crate::simulation::dice::Dice;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const TRIES: u32 = 4;
const ORDINARY: Ways = Ways { life: 1186, off_line: 30, stubborn_until: None, lost: 5 };

/// A machine that has its first certificate.
struct World {
    disk: MachineDisk,
    office: Office,
    clock: Clock,
    dice: Dice,
    keeper: Keeper<Office, Office>,
    /// Which certificate was in place, from which day on, up to which.
    placed: Vec<(Held, Date, Date)>,
    wakings: usize,
}

impl World {
    fn new(seed: u64, odds: usize, ways: Ways) -> Self {
        let clock = Clock::driven(from_japan(date(2026, 7, 15).at(9, 0, 0, 0)));
        let (disk, office) = (MachineDisk::new(seed, 0), Office::new(seed, clock.clone(), ways));
        let key = KeyPair::generate().unwrap();
        let pem = office.sign(&key, &mut office.books());
        let shelf = shelf(&disk);
        shelf.lay_pair(&key.serialize_pem().into(), &pem).unwrap();
        shelf.install().unwrap();
        disk.platter().odds = odds;
        let keeper = keeper(&disk, &office, &clock, seed);
        Self { disk, office, clock, dice: Dice::new(seed ^ 0xd1ce), keeper, placed: Vec::new(), wakings: 0 }
    }

    /// One waking of the machine: what is due is done, and the clock goes on to the next moment. A crash ends it and the machine comes up again.
    async fn wake(&mut self) {
        self.wakings += 1;
        let now = self.clock.now();
        let next = match self.keeper.steps().await {
            Ok(until) => until,
            Err(_) if self.disk.platter().dead => {
                self.disk.restart();
                let seed = u64::try_from(self.dice.below(1_000_000)).unwrap();
                self.keeper = keeper(&self.disk, &self.office, &self.clock, seed);
                now + SignedDuration::from_secs(i64::try_from(self.dice.below(7200)).unwrap() + 1)
            }
            Err(_) => now + SignedDuration::from_mins(1),
        };
        self.note(now);
        self.clock.set(next.max(now + SignedDuration::from_secs(1)));
    }

    fn note(&mut self, now: Timestamp) {
        let (held, today) = (self.lying().held, japan_date(now));
        let Some(leaf) = held else { return };
        match self.placed.last_mut() {
            Some((last, _, until)) if last.serial == leaf.held.serial => *until = today,
            _ => self.placed.push((leaf.held, today, today)),
        }
    }

    /// What lies on the platter as a program would see it.
    fn lying(&self) -> Lying {
        let odds = std::mem::take(&mut self.disk.platter().odds);
        let lying = shelf(&self.disk).look().unwrap();
        self.disk.platter().odds = odds;
        lying
    }

    async fn live(&mut self, days: i32) {
        let end = self.clock.now() + DAY * days;
        while self.clock.now() < end {
            self.wake().await;
            let (held, ..) = self.placed.last().unwrap();
            // The center's clock is the right one.
            let now = self.clock.now() + self.office.books().ahead;
            assert!(held.until > now, "expired: {held:?} at {now}");
        }
    }
}

fn shelf(disk: &MachineDisk) -> Shelf {
    Shelf::on(Box::new(disk.clone()), Places::of(Path::new("keys/clinic.crt"), Path::new("keys/clinic.key")))
}

fn keeper(disk: &MachineDisk, office: &Office, clock: &Clock, seed: u64) -> Keeper<Office, Office> {
    let mut dice = Dice::new(seed ^ 0xcafe);
    let setting = Setting {
        plan: Plan { renews: true, tries_a_day: TRIES },
        clock: clock.clone(),
        key_kind: KeyKind::P256,
        recipients: vec!["clinic@localhost".to_owned()],
        chance: Box::new(move || u64::try_from(dice.below(1 << 30)).unwrap()),
        changed: Box::new(|| ()),
    };
    Keeper::new(shelf(disk), office.clone(), office.clone(), setting)
}

/// The days on which a certificate in place from one day to another had to be announced.
fn announced(held: &Held, from: Date, to: Date) -> Vec<Date> {
    let end = japan_date(held.until);
    let mut days = Vec::new();
    let mut day = from;
    while day <= to {
        if manuals::certificate::is_told(day.until(end).unwrap().get_days()) {
            days.push(day);
        }
        day = day.tomorrow().unwrap();
    }
    days
}

/// Every notice was written once, on its day, and arrived; on the day of a change both certificates may have had theirs.
fn check_notices(world: &World) -> usize {
    let books = world.office.books();
    let mut seen = 0;
    for (place, (held, from, to)) in world.placed.iter().enumerate() {
        // On the day of its change the old one may have been announced still.
        let changed = world.placed.get(place + 1).map_or(*to, |(_, next, _)| *next);
        let prefix = format!("certificate-{}-", held.serial);
        let mut written: Vec<Date> = Vec::new();
        for (id, (letter, ..)) in books.mail.range(prefix.clone()..).take_while(|(id, _)| id.starts_with(&prefix)) {
            let step = id.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix("-0")).and_then(|step| step.parse::<i32>().ok());
            if let Some(step) = step {
                assert_eq!(days_left(held, letter.at), step, "{id} on its day");
                written.push(japan_date(letter.at));
            }
        }
        written.sort();
        let due = announced(held, *from, changed);
        // The mail of the very last days still waits for the line.
        let last = japan_date(world.clock.now() - DAY * 7);
        let missing: Vec<_> = due.iter().filter(|day| !written.contains(day) && **day != changed && **day < last).collect();
        assert!(missing.is_empty(), "not told of {} on {missing:?}", held.serial);
        assert!(written.iter().all(|day| due.contains(day)), "told of {} on {written:?}, due {due:?}", held.serial);
        seen += written.len();
    }
    seen
}

/// Lives ten years; says how many renewals, notices and crashes there were.
fn ten_years(seed: u64, ways: Ways) -> (usize, usize, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut world = World::new(seed, 10, ways);
    runtime.block_on(world.live(3652));
    let books = world.office.books();
    let issued = books.certificates.len();
    // Each certificate that was issued came into its place, but perhaps the last: none was made twice, and none for nothing.
    assert_eq!(issued, world.placed.len().max(issued - 1), "{ways:?}");
    let least = usize::try_from(3652 / ways.life).unwrap();
    assert!(issued > least && issued <= 2 * least + 3, "{issued} in ten years of {ways:?}");
    assert!(books.renewals.values().all(|count| *count <= TRIES), "{ways:?}");
    assert!(world.wakings < 3652 * 40, "{} wakings of {ways:?}", world.wakings);
    let asked: u32 = books.renewals.values().sum();
    println!("seed {seed}: {} wakings, {} questions, {asked} renewals asked for, {issued} certificates", world.wakings, books.questions);
    drop(books);
    (world.placed.len() - 1, check_notices(&world), world.disk.platter().crashes)
}

/// Rows: RN-01, RN-02, RN-14, MP-01
#[test]
fn in_ten_years_nothing_expires_nothing_loops_and_every_notice_comes_on_its_day() {
    let worlds = [
        ORDINARY,
        Ways { life: 400, stubborn_until: Some(6), ..ORDINARY },
        Ways { life: 120, lost: 30, ..ORDINARY },
        Ways { stubborn_until: Some(20), off_line: 60, ..ORDINARY },
    ];
    let more = std::env::var("ONSHI_KEEPER_SEEDS").ok().map_or(1, |count| count.parse::<u64>().unwrap());
    let lives = (0..more).flat_map(|round| (1_u64..).zip(worlds).map(move |(seed, ways)| (round * 100 + seed, ways)));
    let lives: Vec<_> = lives.map(|(seed, ways)| std::thread::spawn(move || ten_years(seed, ways))).collect();
    let shown: Vec<_> = lives.into_iter().map(|life| life.join().unwrap()).collect();
    let sum = |what: fn(&(usize, usize, usize)) -> usize| shown.iter().map(what).sum::<usize>();
    let (renewals, notices, crashes) = (sum(|seen| seen.0), sum(|seen| seen.1), sum(|seen| seen.2));
    println!("{} lives of ten years: {renewals} renewals, {notices} notices, {crashes} crashes, none expired", shown.len());
    assert!(crashes > 100 && notices > 100 && renewals > 40, "{renewals} renewals, {notices} notices, {crashes} crashes");
}

/// Lives so many days after something was changed, without crashes.
fn days(world: &mut World, count: i32) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(world.live(count));
}

fn newest(world: &World) -> String {
    world.office.books().certificates.values().find(|made| !made.superseded).unwrap().held.serial.clone()
}

#[test]
fn a_clock_that_is_wrong_by_a_hundred_days_either_way_lets_nothing_expire_and_is_told() {
    for (seed, ahead) in [(21, 100), (22, -100)] {
        let mut world = World::new(seed, 5, Ways { life: 400, ..ORDINARY });
        days(&mut world, 20);
        world.office.books().ahead = DAY * ahead;
        days(&mut world, 900);
        let books = world.office.books();
        assert!(books.certificates.len() >= 3, "{ahead}: {} certificates", books.certificates.len());
        assert!(books.renewals.values().all(|count| *count <= TRIES));
        let warned = books.mail.values().filter(|(letter, ..)| letter.subject.contains("時計")).count();
        assert!((5..200).contains(&warned), "{ahead}: {warned} warnings of the clock");
    }
}

#[test]
fn a_disk_that_is_full_for_a_week_costs_a_week_and_nothing_else() {
    let mut world = World::new(23, 0, Ways { life: 120, ..ORDINARY });
    days(&mut world, 75);
    world.disk.platter().full = true;
    days(&mut world, 20);
    assert_eq!(world.placed.len(), 1, "nothing could be kept");
    assert!(world.office.books().certificates.len() <= 1, "and nothing was asked for that could not be kept");
    world.disk.platter().full = false;
    days(&mut world, 15);
    assert_eq!((world.placed.len(), world.office.books().certificates.len()), (2, 2));
}

#[test]
fn an_authority_that_went_back_to_yesterdays_backup_is_asked_again_and_the_old_certificate_works_until_then() {
    let mut world = World::new(24, 0, Ways { life: 120, ..ORDINARY });
    world.office.books().forgets = true;
    days(&mut world, 115);
    assert!(!world.office.books().forgets, "the lost one was shown");
    assert_eq!(world.placed.last().unwrap().0.serial, newest(&world));
    assert_eq!(world.placed.len(), 2, "the lost one never took the place of one that worked");
}

#[test]
fn a_machine_restored_from_an_old_image_asks_once_and_warns_instead_of_renewing_what_was_replaced() {
    let mut world = World::new(25, 0, Ways { life: 400, ..ORDINARY });
    let old = shelf(&world.disk).identity(super::shelf::Pair::InPlace).unwrap().unwrap();
    days(&mut world, 375);
    assert_eq!(world.placed.len(), 2);
    let asked = |world: &World| world.office.books().renewals.values().sum::<u32>();
    let before = asked(&world);
    let (certificate, key) = secrecy::ExposeSecret::expose_secret(&old).split_once("-----BEGIN PRIVATE").unwrap();
    shelf(&world.disk).lay_pair(&format!("-----BEGIN PRIVATE{key}").into(), certificate).unwrap();
    shelf(&world.disk).install().unwrap();
    days(&mut world, 20);
    assert!(asked(&world) - before <= 2, "asked {} times", asked(&world) - before);
    let notes = shelf(&world.disk).notes().unwrap();
    assert!(notes.ended && notes.troubles.contains_key(&super::Hindrance::Replaced));
    assert!(world.office.books().mail.values().any(|(letter, ..)| letter.subject.contains("更新済み")));
}

#[test]
fn mail_that_nobody_takes_is_kept_tried_again_and_given_up_after_two_weeks() {
    let mut world = World::new(26, 0, Ways { life: 120, off_line: 100, ..ORDINARY });
    days(&mut world, 45);
    let notes = shelf(&world.disk).notes().unwrap();
    let oldest = notes.letters.iter().map(|letter| letter.at).min().unwrap();
    assert!(world.clock.now().duration_since(oldest) < DAY * 16, "{oldest}");
    assert!(world.office.books().mail.is_empty() && notes.troubles.contains_key(&super::Hindrance::Line));
}
