//! Decides who may fetch, renew or guess, what an order's next step is, and when: plain functions of what is known and the time.

use jiff::{SignedDuration, Timestamp};
use manuals::situation::Situation;

use crate::applications::Application;
use crate::config::Config;
use crate::states::State;

/// An order as far as its next step depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderFact<'a> {
    /// Where it stands.
    pub state: State,
    /// Until when the certificate may be fetched.
    pub retrieve_until: Timestamp,
    /// Hash of the key for which it was already issued, if it was.
    pub issued_for: Option<&'a str>,
    /// Whether the key was made here and is still kept for its holder.
    pub key_held: bool,
    /// Until when such a key is kept.
    pub held_until: Option<Timestamp>,
}

/// The next step of an order. There is one for every state at every time, so that nothing is ever stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left to be done, for ever.
    Nothing,
    /// Nothing before this moment, unless its holder comes.
    Wait(Timestamp),
    /// 鍵生成中: take a key from the pool.
    TakeKey,
    /// 発行要求中: make the certificate over the key that is held.
    Sign,
    /// The window is over: no certificate any more.
    Lapse,
    /// The window of an issued order is over: destroy the key that was kept.
    DestroyKey,
}

/// What to do next with an order.
#[must_use]
pub fn next(order: &OrderFact<'_>, now: Timestamp) -> Step {
    let over = now > order.retrieve_until;
    match order.state {
        State::Open | State::Key | State::Requested if over => Step::Lapse,
        State::Open => Step::Wait(order.retrieve_until),
        State::Key => Step::TakeKey,
        State::Requested => Step::Sign,
        State::Issued => match order.held_until {
            Some(until) if order.key_held && now > until => Step::DestroyKey,
            Some(until) if order.key_held => Step::Wait(until),
            _ => Step::Nothing,
        },
        State::Lapsed => Step::Nothing,
    }
}

/// Whose key a certificate is asked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over<'a> {
    /// The caller's, with this hash.
    Theirs(&'a str),
    /// One that is made here and handed out in a file.
    Ours,
}

/// What to do with a request for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOut {
    /// Make the certificate.
    Make,
    /// It was made for this very key: hand it out again, since the first answer may have been lost.
    Again,
}

/// What to do for a caller who proved the right to an order.
///
/// # Errors
/// [`Situation::NoticeUsed`] if another key got the certificate, [`Situation::NoticeExpired`] after the last day (CA-03).
pub fn hand_out(order: &OrderFact<'_>, over: Over<'_>, now: Timestamp) -> Result<HandOut, Situation> {
    match (order.state, order.issued_for, over) {
        (State::Lapsed, ..) => Err(Situation::NoticeExpired),
        (State::Issued, Some(issued), Over::Theirs(asked)) if issued == asked => Ok(HandOut::Again),
        (State::Issued, _, Over::Ours) => match order.held_until {
            Some(until) if order.key_held && now <= until => Ok(HandOut::Again),
            Some(_) => Err(Situation::NoticeExpired),
            None => Err(Situation::NoticeUsed),
        },
        (State::Issued, ..) => Err(Situation::NoticeUsed),
        _ if now > order.retrieve_until => Err(Situation::NoticeExpired),
        _ => Ok(HandOut::Make),
    }
}

/// What a caller's prefix guessed wrong, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// At all orders, known and unknown.
    pub in_all: Option<(i64, Timestamp)>,
    /// At the order it names now.
    pub at_this_order: Option<(i64, Timestamp)>,
}

/// How many times more a prefix may err in all than at one order: several terminals stand behind one line.
const ORDERS_OF_A_LINE: i64 = 5;

/// Whether a caller may even try a reference id. After many wrong ones its own prefix rests; the order stays open to everybody else.
///
/// # Errors
/// [`Situation::AccountLocked`] while the prefix rests.
pub fn may_try(guesses: &Guesses, config: &Config, now: Timestamp) -> Result<(), Situation> {
    let rests = |counted: Option<(i64, Timestamp)>, limit: i64| {
        counted.is_some_and(|(failures, at)| failures >= limit && now.duration_since(at) < rest(config))
    };
    let limit = i64::from(config.guesses);
    let resting = rests(guesses.at_this_order, limit) || rests(guesses.in_all, limit * ORDERS_OF_A_LINE);
    if resting { Err(Situation::AccountLocked) } else { Ok(()) }
}

/// How long a prefix rests after its last wrong guess.
#[must_use]
pub fn rest(config: &Config) -> SignedDuration {
    SignedDuration::from_mins(i64::from(config.rest_minutes))
}

/// The key kinds that are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// NIST P-256.
    P256,
    /// RSA of at least 2048 bits.
    Rsa,
}

impl KeyKind {
    /// The word for it in tables and profiles.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Rsa => "rsa",
        }
    }
}

/// Whether a key is strong enough: P-256, or RSA from 2048 to 4096 bits.
///
/// # Errors
/// [`Situation::WeakKey`] otherwise.
pub fn key_kind(algorithm: &str, bits: usize) -> Result<KeyKind, Situation> {
    match (algorithm, bits) {
        // id-ecPublicKey and rsaEncryption
        ("1.2.840.10045.2.1", 256) => Ok(KeyKind::P256),
        ("1.2.840.113549.1.1.1", 2048..=4096) => Ok(KeyKind::Rsa),
        _ => Err(Situation::WeakKey),
    }
}

/// Whether a password may protect a PFX file: four half-width digits (CA-15), nothing else.
///
/// # Errors
/// [`Situation::BadPfxPassword`] for full-width digits too.
pub fn pfx_password(password: &str) -> Result<(), Situation> {
    let rule = manuals::certificate::pfx_password("compatible");
    if rule.is_some_and(|rule| rule.permits(password)) { Ok(()) } else { Err(Situation::BadPfxPassword) }
}

/// When a certificate made now ends: so many days on, but not after the notice's last day of validity.
#[must_use]
pub fn not_after(config: &Config, valid_until: Timestamp, now: Timestamp) -> Timestamp {
    (now + days(config.certificate_days)).min(valid_until)
}

/// A certificate as far as its renewal depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalFact {
    /// When it was made.
    pub issued_at: Timestamp,
    /// Its last moment.
    pub not_after: Timestamp,
    /// Revoked, or provisionally blocked.
    pub blocked: bool,
    /// Whether another certificate took its place.
    pub superseded: bool,
    /// From when it is to be replaced whatever its age.
    pub replace_from: Option<Timestamp>,
}

/// Whether a certificate may be renewed now.
///
/// # Errors
/// The situation that says why not.
pub fn may_renew(certificate: &RenewalFact, config: &Config, now: Timestamp) -> Result<(), Situation> {
    let asked_to = certificate.replace_from.is_some_and(|from| from <= now);
    match certificate {
        RenewalFact { blocked: true, .. } => Err(Situation::BlockedTerminal),
        RenewalFact { superseded: true, .. } => Err(Situation::CertificateSuperseded),
        _ if now > certificate.not_after => Err(Situation::ExpiredCertificate),
        _ if !asked_to && now < certificate.not_after - days(config.renew_days) => Err(Situation::RenewalNotOpen),
        _ => Ok(()),
    }
}

/// When a client had best renew (RFC 9773).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub start: Timestamp,
    /// Not after.
    pub end: Timestamp,
}

/// The window of a certificate: two days, spread by the serial number between 60 and 30 days before the end (nearer for certificates of
/// a short life), so that renewals do not come in waves; in the past when it is blocked or to be replaced, which means at once.
#[must_use]
pub fn window(serial: &str, certificate: &RenewalFact, now: Timestamp) -> Window {
    let begin = certificate.replace_from.filter(|_| !certificate.superseded);
    if certificate.blocked {
        return Window { start: now - SignedDuration::from_hours(2), end: now - SignedDuration::from_hours(1) };
    }
    if let Some(from) = begin {
        return Window { start: from - SignedDuration::from_hours(2), end: from - SignedDuration::from_hours(1) };
    }
    let life = certificate.not_after.duration_since(certificate.issued_at);
    let first = days(60).min(life / 2);
    let last = days(30).min(life / 4);
    let width = days(2).min((first - last) / 10);
    let room = (first - last - width).as_secs().max(0);
    let shift = i64::try_from(spread(serial) % u64::try_from(room + 1).unwrap_or(1)).unwrap_or(0);
    let start = certificate.not_after - first + SignedDuration::from_secs(shift);
    Window { start, end: start + width }
}

/// The revocation list of a new certificate, of so many.
#[must_use]
pub fn shard(serial: &str, of: u32) -> u32 {
    u32::try_from(spread(serial) % u64::from(of.max(1))).unwrap_or(0)
}

/// A number from a serial number's last digits, which are random.
fn spread(serial: &str) -> u64 {
    let digits = serial.get(serial.len().saturating_sub(15)..).unwrap_or(serial);
    u64::from_str_radix(digits, 16).unwrap_or(0)
}

/// So many whole days.
#[must_use]
pub fn days(count: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(count))
}

/// A field of a form that cannot be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// The field: `facility_code`, `terminals`, `contact` or `mail`.
    pub field: &'static str,
    /// What is wrong and what to write instead: Japanese.
    pub problem: String,
}

/// The longest name of a terminal or of a person, in characters.
pub const LONGEST_NAME: usize = 60;
/// Most terminals of one application.
pub const MOST_TERMINALS: usize = 50;

/// What is wrong with an application (CA-06); nothing if it can be taken.
#[must_use]
pub fn mistakes(wanted: &Application, facility_known: bool, mail_good: bool) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut wrong = |field, problem: &str| found.push(Mistake { field, problem: problem.to_owned() });
    if !facility_known {
        wrong("facility_code", "この医療機関コードは登録されていません。利用申請が済んでいるかを確かめてください。");
    }
    if wanted.terminals.is_empty() || wanted.terminals.len() > MOST_TERMINALS {
        wrong("terminals", &format!("端末の名称を 1 台から {MOST_TERMINALS} 台まで書いてください。電子証明書は端末ごとに必要です。"));
    }
    if wanted.terminals.iter().any(|name| !is_name(name)) {
        wrong("terminals", &format!("端末の名称は 1 文字から {LONGEST_NAME} 文字までで書いてください。"));
    }
    let mut names: Vec<&str> = wanted.terminals.iter().map(|name| name.trim()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        wrong("terminals", "同じ名称の端末があります。見分けられる名称を付けてください。");
    }
    if !is_name(&wanted.contact) {
        wrong("contact", &format!("担当者の氏名を {LONGEST_NAME} 文字以内で書いてください。"));
    }
    if !mail_good {
        wrong("mail", "メールアドレスの形が正しくありません。半角で書いてください。");
    }
    found
}

/// Whether a text is a name: something visible, not too long, on one line.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control)
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
