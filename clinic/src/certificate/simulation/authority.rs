//! An authority that behaves like the real one, and the post: both off-line on many days, losing answers, and counting what they are asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chassis::clock::{Clock, japan_date};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use manuals::situation::Situation;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer as Signer, KeyPair, PublicKeyData, SerialNumber,
};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use wire::enrolment::IssuedCertificate;

use crate::center::{CenterError, CenterRefusal};
use crate::certificate::leaf::{self, Leaf};
use crate::certificate::notes::{Letter, RenewalTime};
use crate::certificate::partners::{Heard, Issuer, Obstacle, Post, Wish};
use crate::certificate::rules;
use crate::simulation::dice::Dice;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is different from world to world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// Days for which a certificate is valid.
    pub(super) life: i32,
    /// Of a hundred days so many are off the line.
    pub(super) off_line: u64,
    /// Renewals are refused until so many days before the end.
    pub(super) stubborn_until: Option<i32>,
    /// Of a hundred answers so many are lost on the way.
    pub(super) lost: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) held: crate::certificate::notes::Held,
    key: Vec<u8>,
    pem: String,
    pub(super) superseded: bool,
}

#[derive(Debug)]
pub(super) struct Books {
    pub(super) certificates: BTreeMap<String, Certificate>,
    /// Renewals asked for, by day.
    pub(super) renewals: BTreeMap<Date, u32>,
    pub(super) questions: usize,
    /// Mail by its id: when it was written, when it came, and how often.
    pub(super) mail: BTreeMap<String, (Letter, Timestamp, usize)>,
    made: u64,
    dice: Dice,
    days: BTreeMap<Date, bool>,
    /// The center's clock is ahead of the machine's by so much.
    pub(super) ahead: SignedDuration,
    /// The next certificate that is shown for the first time was lost: the authority went back to yesterday's backup.
    pub(super) forgets: bool,
}

/// The authority and the post of one machine. All clones are the same ones.
#[derive(Clone)]
pub(super) struct Office {
    signer: Arc<Signer<'static, KeyPair>>,
    clock: Clock,
    pub(super) ways: Ways,
    books: Arc<Mutex<Books>>,
}

impl Office {
    pub(super) fn new(seed: u64, clock: Clock, ways: Ways) -> Self {
        let mut root = CertificateParams::new(vec![]).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let signer = Arc::new(Signer::new(root, KeyPair::generate().unwrap()));
        let books = Books {
            certificates: BTreeMap::new(),
            renewals: BTreeMap::new(),
            questions: 0,
            mail: BTreeMap::new(),
            made: 0,
            dice: Dice::new(seed ^ 0xa11),
            days: BTreeMap::new(),
            ahead: SignedDuration::ZERO,
            forgets: false,
        };
        Self { signer, clock, ways, books: Arc::new(Mutex::new(books)) }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    fn now(&self, books: &Books) -> Timestamp {
        self.clock.now() + books.ahead
    }

    /// Over this key, in place of what was there.
    pub(super) fn sign(&self, key: &impl PublicKeyData, books: &mut Books) -> String {
        let now = self.now(books);
        let spki = key.subject_public_key_info();
        if let Some(made) = books.certificates.values().find(|made| made.key == spki) {
            return made.pem.clone();
        }
        books.made += 1;
        let number = books.made + 0x1000;
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.serial_number = Some(SerialNumber::from(number));
        let moment = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap();
        (params.not_before, params.not_after) = (moment(now), moment(now + DAY * self.ways.life));
        params.use_authority_key_identifier_extension = true;
        let pem = params.signed_by(key, &self.signer).unwrap().pem();
        let held = leaf::read(pem.as_bytes()).unwrap().held;
        books.certificates.values_mut().for_each(|other| other.superseded = true);
        books.certificates.insert(held.serial.clone(), Certificate { held, key: spki, pem: pem.clone(), superseded: false });
        pem
    }

    fn is_off_line(&self, books: &mut Books) -> bool {
        let odds = self.ways.off_line;
        let Books { days, dice, .. } = books;
        *days.entry(japan_date(self.clock.now())).or_insert_with(|| dice.percent(odds))
    }

    fn answer<T>(&self, work: impl FnOnce(&mut Books) -> Result<T, Obstacle>) -> Heard<T> {
        let mut books = self.books();
        books.questions += 1;
        if self.is_off_line(&mut books) {
            return Heard { at: None, answer: Err(CenterError::Unreachable { what: "no route to host".to_owned() }.into()) };
        }
        let (answer, at) = (work(&mut books), self.now(&books));
        let odds = self.ways.lost;
        if books.dice.percent(odds) {
            return Heard { at: None, answer: Err(CenterError::Timeout.into()) };
        }
        Heard { at: Some(at), answer }
    }
}

fn shown(identity: &SecretString) -> Leaf {
    leaf::read(identity.expose_secret().as_bytes()).unwrap()
}

fn refusal(situation: Situation) -> Obstacle {
    let said = situation.get();
    CenterError::Refused(CenterRefusal {
        status: said.status,
        code: said.code.to_owned(),
        message: said.desk.to_owned(),
        incident: Some("K7TQ-2MPA-9C".to_owned()),
    })
    .into()
}

impl Issuer for Office {
    async fn window(&self, leaf: &Leaf, _identity: &SecretString) -> Heard<Option<Wish>> {
        let RenewalTime { start, end } = rules::own_window(&leaf.held);
        self.answer(|_| Ok(Some(Wish { window: RenewalTime { start, end }, again: Some(21_600) })))
    }

    async fn renew(&self, identity: &SecretString, csr_pem: &str) -> Heard<IssuedCertificate> {
        let csr = CertificateSigningRequestParams::from_pem(csr_pem).unwrap();
        self.answer(|books| {
            let (now, caller) = (self.now(books), shown(identity));
            *books.renewals.entry(japan_date(now)).or_default() += 1;
            let key = csr.public_key.subject_public_key_info();
            let same_again = books.certificates.values().any(|made| made.key == key);
            let known = books.certificates.get(&caller.held.serial).ok_or_else(|| refusal(Situation::UnknownTerminal))?;
            let left = rules::days_left(&known.held, now);
            if known.held.until <= now {
                return Err(refusal(Situation::ExpiredCertificate));
            }
            if known.superseded && !same_again {
                return Err(refusal(Situation::CertificateSuperseded));
            }
            if self.ways.stubborn_until.is_some_and(|until| left > until) {
                return Err(refusal(Situation::Busy));
            }
            Ok(IssuedCertificate { certificate: self.sign(&csr.public_key, books), chain: String::new() })
        })
    }

    async fn prove(&self, identity: &SecretString) -> Heard<()> {
        let caller = shown(identity).held;
        self.answer(|books| {
            let now = self.now(books);
            if std::mem::take(&mut books.forgets) {
                books.certificates.remove(&caller.serial);
                books.certificates.values_mut().for_each(|other| other.superseded = false);
            }
            match books.certificates.get(&caller.serial) {
                None => Err(refusal(Situation::UnknownTerminal)),
                Some(made) if made.held.until <= now || made.held.from > now => Err(refusal(Situation::ExpiredCertificate)),
                Some(_) => Ok(()),
            }
        })
    }

    fn roots_end(&self) -> Option<Timestamp> {
        None
    }
}

impl Post for Office {
    async fn send(&self, letter: &Letter) -> Result<(), String> {
        let mut books = self.books();
        if self.is_off_line(&mut books) {
            return Err("the server did not answer in time".to_owned());
        }
        let now = self.clock.now();
        books.mail.entry(letter.id.clone()).or_insert_with(|| (letter.clone(), now, 0)).2 += 1;
        Ok(())
    }
}
