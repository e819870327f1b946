//! Keeps this machine's certificate from ever running out: does one decided step after the other, each of which may be broken off anywhere.

use std::fmt;
use std::io;
use std::time::Duration;

use chassis::clock::{Clock, japan_date};
use jiff::{SignedDuration, Timestamp};
use rcgen::{KeyPair, PublicKeyData};
use tokio_util::sync::CancellationToken;
use wire::enrolment::IssuedCertificate;

use super::leaf::{self, Leaf};
use super::notes::{Hindrance, Letter, Notes, Told, Tries};
use super::partners::{Heard, Issuer, Obstacle, Post, is_about_key, is_final, signing_request};
use super::rules::{self, Action, Known, Plan};
use super::shelf::{Lying, Pair, Shelf};
use super::{KeyKind, texts};
use crate::center::CenterError;

/// What the keeper needs beside files and authority.
pub(crate) struct Setting {
    pub(crate) plan: Plan,
    pub(crate) clock: Clock,
    pub(crate) key_kind: KeyKind,
    /// To whom notices and warnings go.
    pub(crate) recipients: Vec<String>,
    /// Draws numbers.
    pub(crate) chance: Box<dyn FnMut() -> u64 + Send>,
    /// Called when another pair is in place.
    pub(crate) changed: Box<dyn Fn() + Send + Sync>,
}

/// The keeper.
pub(crate) struct Keeper<I, P> {
    shelf: Shelf,
    issuer: I,
    post: P,
    setting: Setting,
}

impl<I: fmt::Debug, P> fmt::Debug for Keeper<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("shelf", &self.shelf).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How often the authority is asked when it does not say.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(6);
/// Roots that end so soon are announced.
const ROOTS_END: SignedDuration = SignedDuration::from_hours(24 * 60);
/// The least difference of two clocks that is worth a word.
const WRONG_CLOCK: i64 = 300;
/// More letters are not kept.
const LETTERS: usize = 50;
/// A letter that nobody takes is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(14 * 24);
/// More steps without a wait mean a mistake of ours.
const STEPS: u32 = 100;
/// How often the clock is looked at while nothing is due, and how long a disk that fails is left alone.
const LOOK: Duration = Duration::from_secs(60);

impl<I: Issuer, P: Post> Keeper<I, P> {
    pub(crate) fn new(shelf: Shelf, issuer: I, post: P, setting: Setting) -> Self {
        Self { shelf, issuer, post, setting }
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Keeps the certificate until asked to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut said = None;
        while !stop.is_cancelled() {
            let now = self.setting.clock.now();
            let pause = match self.steps().await {
                // In short sleeps: a clock may be set, and a machine sleeps without counting.
                Ok(until) => Duration::try_from(until.duration_since(now)).unwrap_or(LOOK).clamp(Duration::from_secs(1), LOOK),
                Err(error) => {
                    let text = error.to_string();
                    if said.as_ref() != Some(&text) {
                        tracing::error!(%error, "the certificate's files cannot be used; it is tried again every minute");
                    }
                    said = Some(text);
                    LOOK
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does all that is due. The answer is until when nothing is.
    pub(crate) async fn steps(&mut self) -> io::Result<Timestamp> {
        // Somebody at the command line changes the files: later.
        let Some(_held) = self.shelf.try_hold()? else { return Ok(self.setting.clock.now() + SignedDuration::from_mins(1)) };
        for _ in 0..STEPS {
            if let Action::Wait(until) = self.step().await? {
                return Ok(until);
            }
        }
        tracing::error!("the keeper of the certificate found no rest");
        Ok(self.setting.clock.now() + HOUR)
    }

    /// Decides and does one step.
    pub(crate) async fn step(&mut self) -> io::Result<Action> {
        let (lying, notes) = (self.shelf.look()?, self.shelf.notes()?);
        let held = lying.held();
        let known = Known { torn: lying.torn, held, coming: &lying.coming, leftover: lying.leftover, notes: &notes };
        let now = self.setting.clock.now();
        if let Some(held) = held {
            metrics::gauge!("onshi_certificate_days_left").set(rules::days_left(held, now));
        }
        let action = rules::decide(&known, &self.setting.plan, now);
        self.perform(&action, &lying, notes, now).await?;
        Ok(action)
    }

    /// Asks for a renewal now, whatever the window says, and does all that follows.
    pub(crate) async fn renew_now(&mut self) -> io::Result<Option<Obstacle>> {
        let held = self.shelf.hold()?;
        let (lying, notes) = (self.shelf.look()?, self.shelf.notes()?);
        let now = self.setting.clock.now();
        if let (Some(leaf), rules::Coming::None, false) = (&lying.held, &lying.coming, lying.torn) {
            let notes = if notes.serial == leaf.held.serial { notes } else { notes.about(&leaf.held, self.draw()) };
            if let Some(obstacle) = self.renew(leaf, notes, now).await? {
                return Ok(Some(obstacle));
            }
        }
        drop(held);
        self.steps().await.map(|_| None)
    }

    async fn perform(&mut self, action: &Action, lying: &Lying, mut notes: Notes, now: Timestamp) -> io::Result<()> {
        match (action, &lying.held) {
            (Action::Settle, _) => {
                self.shelf.settle()?;
                (self.setting.changed)();
            }
            (Action::Meet, Some(leaf)) => {
                let draw = self.draw();
                self.shelf.keep(&notes.about(&leaf.held, draw))?;
            }
            (Action::Tell(days), Some(leaf)) => self.tell(*days, leaf, notes, now)?,
            (Action::Warn(kind), leaf) => self.warn(*kind, leaf.as_ref(), notes, now)?,
            (Action::Post, _) => self.send(notes, now).await?,
            (Action::Discard, _) => {
                self.shelf.discard()?;
                (notes.worked, notes.refused_since) = (None, None);
                notes.trouble(Hindrance::Strange, "届いた証明書を取り消し、やり直します。".to_owned(), now);
                self.shelf.keep(&notes)?;
            }
            (Action::Try, _) => self.try_pair(Pair::Coming, lying, notes, now).await?,
            (Action::Confirm, _) => self.try_pair(Pair::InPlace, lying, notes, now).await?,
            (Action::Install, _) => {
                self.shelf.install()?;
                tracing::info!("a renewed certificate is in place");
                (self.setting.changed)();
            }
            (Action::Tidy, _) => self.shelf.tidy()?,
            (Action::Ask, Some(leaf)) => self.ask(leaf, notes, now).await?,
            (Action::Renew, Some(leaf)) => {
                let _told_by_warning = self.renew(leaf, notes, now).await?;
            }
            (Action::Wait(_) | Action::Meet | Action::Tell(_) | Action::Ask | Action::Renew, _) => {}
        }
        Ok(())
    }

    fn draw(&mut self) -> u16 {
        u16::try_from((self.setting.chance)() % 65_536).unwrap_or(0)
    }

    /// Between a quarter and half an hour: machines whose line comes back together do not all ask at the same moment.
    fn soon(&mut self, now: Timestamp) -> Timestamp {
        let seconds = i64::try_from((self.setting.chance)() % 900).unwrap_or(0);
        now + SignedDuration::from_secs(900 + seconds)
    }

    /// First the note, then the word: a crash between them loses a line of a log, and repeats no mail.
    fn tell(&mut self, days: i32, leaf: &Leaf, mut notes: Notes, now: Timestamp) -> io::Result<()> {
        notes.told = Some(Told { days, on: japan_date(now) });
        let words = texts::notice(leaf, days, self.setting.plan.renews);
        self.write(&mut notes, &format!("{}-{days}", leaf.held.serial), &words, now);
        self.shelf.keep(&notes)?;
        tracing::warn!(days, serial = leaf.held.serial, "{}", words.0);
        Ok(())
    }

    fn warn(&mut self, kind: Hindrance, leaf: Option<&Leaf>, mut notes: Notes, now: Timestamp) -> io::Result<()> {
        let Some(trouble) = notes.troubles.get_mut(&kind) else { return Ok(()) };
        trouble.warned = Some(now);
        let words = texts::warning(leaf, kind, &trouble.text);
        let name = format!("{}-{kind:?}-{}", notes.serial, now.as_second()).to_lowercase();
        self.write(&mut notes, &name, &words, now);
        self.shelf.keep(&notes)?;
        tracing::warn!("{}", words.1);
        Ok(())
    }

    /// A letter to everybody who is to know.
    fn write(&self, notes: &mut Notes, name: &str, (subject, text): &texts::Words, now: Timestamp) {
        for (number, to) in self.setting.recipients.iter().enumerate() {
            let id = format!("certificate-{name}-{number}");
            notes.letters.push(Letter { id, to: to.clone(), subject: subject.clone(), text: text.clone(), at: now });
        }
        let too_many = notes.letters.len().saturating_sub(LETTERS);
        notes.letters.drain(..too_many);
    }

    async fn send(&mut self, mut notes: Notes, now: Timestamp) -> io::Result<()> {
        let Some(letter) = notes.letters.first().cloned() else { return Ok(()) };
        notes.letters.remove(0);
        match self.post.send(&letter).await {
            Ok(()) => (notes.post_at, notes.post_failures) = (None, 0),
            Err(problem) => {
                tracing::warn!(problem, tries = notes.post_failures + 1, "a mail about the certificate did not leave");
                let pause = SignedDuration::from_mins(1_i64 << notes.post_failures.min(8)).min(HOUR * 4);
                (notes.post_at, notes.post_failures) = (Some(now + pause), notes.post_failures.saturating_add(1));
                // Behind the others: one address that nobody takes must not hold them up.
                if now.duration_since(letter.at).abs() < GIVE_UP {
                    notes.letters.push(letter);
                }
            }
        }
        self.shelf.keep(&notes)
    }

    async fn try_pair(&mut self, pair: Pair, lying: &Lying, mut notes: Notes, now: Timestamp) -> io::Result<()> {
        notes.try_at = Some(self.soon(now));
        self.shelf.keep(&notes)?;
        let Some(identity) = self.shelf.identity(pair)? else { return Ok(()) };
        let heard = self.issuer.prove(&identity).await;
        match self.note_answer(&mut notes, heard, now) {
            Ok(()) => {
                notes.try_at = None;
                notes.refused_since = None;
                match (pair, &lying.coming) {
                    (Pair::Coming, rules::Coming::Pair(coming)) => notes.worked = Some(coming.serial.clone()),
                    _ => notes.confirmed = true,
                }
            }
            Err(Obstacle::Center(CenterError::Refused(_))) => {
                notes.refused_since = notes.refused_since.or(Some(now));
                notes.try_at = Some(now + ASK_AGAIN);
            }
            Err(_) => {}
        }
        self.shelf.keep(&notes)
    }

    async fn ask(&mut self, leaf: &Leaf, mut notes: Notes, now: Timestamp) -> io::Result<()> {
        notes.ask_at = Some(self.soon(now) + HOUR * 2);
        self.shelf.keep(&notes)?;
        let Some(identity) = self.shelf.identity(Pair::InPlace)? else { return Ok(()) };
        let heard = self.issuer.window(leaf, &identity).await;
        if let Ok(wish) = self.note_answer(&mut notes, heard, now) {
            let again = wish
                .and_then(|wish| wish.again)
                .map_or(ASK_AGAIN, |seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
            notes.window = wish.map(|wish| wish.window);
            notes.ask_at = Some(self.soon(now) + again.clamp(HOUR, HOUR * 24));
        }
        if let Some(end) = self.issuer.roots_end().filter(|end| end.duration_since(now) < ROOTS_END) {
            notes.trouble(Hindrance::Roots, texts::roots(end), now);
        }
        self.shelf.keep(&notes)
    }

    /// The try is written down before it is made, so that who dies in it has made it.
    async fn renew(&mut self, leaf: &Leaf, mut notes: Notes, now: Timestamp) -> io::Result<Option<Obstacle>> {
        let before = notes.tries;
        let day = Some(japan_date(now));
        let count = if before.day == day { before.count.saturating_add(1) } else { 1 };
        notes.tries = Tries { day, count };
        notes.renew_at = Some(now + rules::pause(count));
        self.shelf.keep(&notes)?;
        let Some(identity) = self.shelf.identity(Pair::InPlace)? else { return Ok(None) };
        let made = self.shelf.waiting_key(self.setting.key_kind, false)?;
        let (key, csr) = match made.and_then(|key| signing_request(&key, &leaf.held.serial).map(|csr| (key, csr))) {
            Ok(ready) => ready,
            Err(error) => {
                notes.trouble(Hindrance::Strange, format!("鍵を用意できません（{error}）。"), now);
                return self.shelf.keep(&notes).map(|()| None);
            }
        };
        tracing::info!(serial = leaf.held.serial, count, "asking for a renewal");
        let heard = self.issuer.renew(&identity, &csr).await;
        let obstacle = match self.note_answer(&mut notes, heard, now) {
            Ok(issued) => {
                self.receive(&issued, &key, &mut notes, now)?;
                None
            }
            Err(obstacle) => {
                self.refused(&obstacle, before, &mut notes, now)?;
                Some(obstacle)
            }
        };
        self.shelf.keep(&notes)?;
        Ok(obstacle)
    }

    fn receive(&self, issued: &IssuedCertificate, key: &KeyPair, notes: &mut Notes, now: Timestamp) -> io::Result<()> {
        let ours = leaf::read(issued.certificate.as_bytes()).is_some_and(|leaf| leaf.public_key == key.subject_public_key_info());
        if !ours {
            notes.trouble(Hindrance::Strange, super::EnrolError::NotOurs.to_string(), now);
            return Ok(());
        }
        notes.mended(Hindrance::Strange);
        notes.try_at = None;
        self.shelf.lay_certificate(&super::chain_of(issued))
    }

    fn refused(&mut self, obstacle: &Obstacle, before: Tries, notes: &mut Notes, now: Timestamp) -> io::Result<()> {
        match obstacle {
            Obstacle::Center(CenterError::Refused(said)) if is_final(&said.code) => {
                notes.ended = true;
                notes.mended(Hindrance::Refusal);
                notes.trouble(Hindrance::Replaced, format!("{}（コード {}）", said.shown(), said.code), now);
            }
            // Another key may be taken.
            Obstacle::Center(CenterError::Refused(said)) if is_about_key(&said.code) => self.shelf.discard()?,
            // It did not reach the authority, and counts for nothing.
            Obstacle::Center(CenterError::Unreachable { .. }) | Obstacle::Roots(_) | Obstacle::Identity(_) => {
                notes.tries = before;
                notes.renew_at = Some(self.soon(now));
            }
            Obstacle::Center(_) => {}
        }
        Ok(())
    }

    /// What an answer says beside itself: that the line works, what time it is, what stands in the way.
    fn note_answer<T>(&self, notes: &mut Notes, heard: Heard<T>, now: Timestamp) -> Result<T, Obstacle> {
        if let Some(at) = heard.at {
            let offset = at.as_second() - self.setting.clock.now().as_second();
            notes.offset = if offset.abs() < WRONG_CLOCK { 0 } else { offset };
            notes.offset_at = Some(now);
            if notes.offset == 0 { notes.mended(Hindrance::Clock) } else { notes.trouble(Hindrance::Clock, texts::clocks(offset), now) }
        }
        match &heard.answer {
            Ok(_) => [Hindrance::Line, Hindrance::Refusal, Hindrance::Roots].into_iter().for_each(|kind| notes.mended(kind)),
            Err(Obstacle::Roots(text)) => notes.trouble(Hindrance::Roots, text.clone(), now),
            Err(Obstacle::Identity(text)) => notes.trouble(Hindrance::Strange, text.clone(), now),
            Err(Obstacle::Center(CenterError::Unreachable { what })) => notes.trouble(Hindrance::Line, what.clone(), now),
            Err(Obstacle::Center(error)) => {
                notes.mended(Hindrance::Line);
                notes.trouble(Hindrance::Refusal, error.to_string(), now);
            }
        }
        heard.answer
    }
}
