//! The files of this machine's certificate: the pair in place, the pair to come, the pair before, and the keeper's notes.
//!
//! What is in place works at every moment but one: between the two renames of a change, which the next look finishes. A new pair is put in
//! place only when both of its halves are on disk; the pair before stays beside it until it is taken away.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rcgen::{KeyPair, PublicKeyData, RsaKeySize};
use secrecy::{ExposeSecret, SecretString};

use super::KeyKind;
use super::leaf::{self, Leaf};
use super::notes::{Held, Notes};
use super::rules::Coming;
use crate::disk::{Disk, RealDisk, exists, gone_is_fine};

/// Where the files lie.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key_pending: PathBuf,
    certificate_pending: PathBuf,
    key_old: PathBuf,
    certificate_old: PathBuf,
    fingerprint: PathBuf,
    notes: PathBuf,
}

/// What is not in place yet ends like this.
pub(crate) const PENDING: &str = ".pending";
/// What was in place before ends like this.
const OLD: &str = ".old";
/// No file here is longer.
const LONGEST: u64 = 1024 * 1024;

impl Places {
    pub(crate) fn of(certificate: &Path, key: &Path) -> Self {
        Self {
            key: key.to_owned(),
            certificate: certificate.to_owned(),
            key_pending: with_suffix(key, PENDING),
            certificate_pending: with_suffix(certificate, PENDING),
            key_old: with_suffix(key, OLD),
            certificate_old: with_suffix(certificate, OLD),
            fingerprint: with_suffix(certificate, ".sha256"),
            notes: with_suffix(certificate, ".notes"),
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What lies there.
#[derive(Clone, Debug)]
pub(crate) struct Lying {
    /// A change was broken off between its two renames.
    pub(crate) torn: bool,
    pub(crate) held: Option<Leaf>,
    pub(crate) coming: Coming,
    pub(crate) leftover: bool,
}

/// A pair of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    InPlace,
    Coming,
}

/// The right to change the files, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Hold(#[expect(dead_code, reason = "the lock lives as long as the file is open")] Option<File>);

/// Reads and writes the files.
#[derive(Debug)]
pub(crate) struct Shelf {
    disk: Box<dyn Disk>,
    places: Places,
    /// Held while the files change, where several programs can.
    lock: Option<PathBuf>,
    /// The certificate read last: it is looked at often and seldom another.
    last: Mutex<Option<(Vec<u8>, Leaf)>>,
}

impl Shelf {
    pub(crate) fn new(places: Places) -> Self {
        let lock = Some(with_suffix(&places.certificate, ".lock"));
        Self { lock, ..Self::on(Box::new(RealDisk), places) }
    }

    pub(crate) fn on(disk: Box<dyn Disk>, places: Places) -> Self {
        Self { disk, places, lock: None, last: Mutex::default() }
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Takes the files for this program; nothing while another program holds them.
    pub(crate) fn try_hold(&self) -> io::Result<Option<Hold>> {
        let Some(file) = self.lock_file()? else { return Ok(Some(Hold(None))) };
        match file.try_lock() {
            Ok(()) => Ok(Some(Hold(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // File systems that know no locks are used all the same.
            Err(TryLockError::Error(_)) => Ok(Some(Hold(None))),
        }
    }

    /// The same, waiting for the other program.
    pub(crate) fn hold(&self) -> io::Result<Hold> {
        let Some(file) = self.lock_file()? else { return Ok(Hold(None)) };
        Ok(Hold(file.lock().is_ok().then_some(file)))
    }

    fn lock_file(&self) -> io::Result<Option<File>> {
        let Some(path) = &self.lock else { return Ok(None) };
        if let Some(folder) = path.parent() {
            chassis::files::make_private_folder(folder)?;
        }
        File::options().create(true).truncate(false).write(true).open(path).map(Some)
    }

    /// What lies there now.
    pub(crate) fn look(&self) -> io::Result<Lying> {
        let places = &self.places;
        let held = self.leaf(&places.certificate)?;
        let (pending, waiting) = (self.leaf(&places.certificate_pending)?, self.key(&places.key_pending)?);
        let there = exists(&*self.disk, &places.certificate_pending)?;
        let mut torn = false;
        let coming = match (pending, waiting) {
            _ if !there => Coming::None,
            (Some(pending), Some(key)) if pending.public_key == key => Coming::Pair(pending.held),
            (Some(pending), None) if self.key(&places.key)?.as_ref() == Some(&pending.public_key) => {
                torn = true;
                Coming::None
            }
            _ => Coming::Strange,
        };
        let leftover = exists(&*self.disk, &places.certificate_old)? || exists(&*self.disk, &places.key_old)?;
        Ok(Lying { torn, held, coming, leftover })
    }

    fn leaf(&self, path: &Path) -> io::Result<Option<Leaf>> {
        let Some(pem) = self.read(path)? else { return Ok(None) };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, leaf)) = last.as_ref().filter(|(read, _)| *read == pem) {
            return Ok(Some(leaf.clone()));
        }
        let leaf = leaf::read(&pem);
        *last = leaf.clone().map(|leaf| (pem, leaf));
        Ok(leaf)
    }

    /// The public key of a key file; none for what cannot be read as one.
    fn key(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.key_pair(path)?.map(|key| key.subject_public_key_info()))
    }

    fn key_pair(&self, path: &Path) -> io::Result<Option<KeyPair>> {
        let Some(pem) = self.read(path)? else { return Ok(None) };
        let pem = SecretString::from(String::from_utf8_lossy(&pem).into_owned());
        Ok(KeyPair::from_pem(pem.expose_secret()).ok())
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match self.disk.read(path, LONGEST) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Certificate, chain and key of a pair in one text, as TLS clients take it; none if a half is missing.
    pub(crate) fn identity(&self, pair: Pair) -> io::Result<Option<SecretString>> {
        let (certificate, key) = match pair {
            Pair::InPlace => (&self.places.certificate, &self.places.key),
            Pair::Coming => (&self.places.certificate_pending, &self.places.key_pending),
        };
        let (Some(certificate), Some(key)) = (self.read(certificate)?, self.read(key)?) else { return Ok(None) };
        let (certificate, key) = (String::from_utf8_lossy(&certificate), SecretString::from(String::from_utf8_lossy(&key).into_owned()));
        Ok(Some(SecretString::from(format!("{certificate}\n{}", key.expose_secret()))))
    }

    /// The key of an interrupted run, or where `first` the key that waits for its first certificate, or a new one: saved before anyone hears
    /// of it, so that an answer that is lost can be asked for again.
    pub(crate) fn waiting_key(&self, kind: KeyKind, first: bool) -> io::Result<Result<KeyPair, rcgen::Error>> {
        let waiting = [Some(&self.places.key_pending), first.then_some(&self.places.key)];
        for path in waiting.into_iter().flatten() {
            if exists(&*self.disk, path)? {
                if let Some(key) = self.key_pair(path)? {
                    return Ok(Ok(key));
                }
                // A key that lies there and cannot be read is somebody's; only a pending one is ours to give up.
                if path == &self.places.key {
                    return Ok(Err(rcgen::Error::CouldNotParseKeyPair));
                }
            }
        }
        let made = match kind {
            KeyKind::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        };
        let key = match made {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        let pem = SecretString::from(key.serialize_pem());
        self.replace_private(&self.places.key_pending, pem.expose_secret().as_bytes())?;
        Ok(Ok(key))
    }

    /// Lays a key and its certificate down as the pair to come.
    pub(crate) fn lay_pair(&self, key_pem: &SecretString, chain_pem: &str) -> io::Result<()> {
        self.replace_private(&self.places.key_pending, key_pem.expose_secret().as_bytes())?;
        self.lay_certificate(chain_pem)
    }

    /// Lays the certificate and its chain down beside the waiting key.
    pub(crate) fn lay_certificate(&self, chain_pem: &str) -> io::Result<()> {
        self.replace(&self.places.certificate_pending, chain_pem.as_bytes())
    }

    /// Puts the coming pair in place; what was there stays beside it.
    pub(crate) fn install(&self) -> io::Result<()> {
        let places = &self.places;
        if let (Some(certificate), Some(key)) = (self.read(&places.certificate)?, self.read(&places.key)?) {
            self.replace(&places.certificate_old, &certificate)?;
            self.replace_private(&places.key_old, &key)?;
        }
        self.disk.replace(&places.key_pending, &places.key)?;
        self.disk.sync_entry(&places.key)?;
        self.settle()
    }

    /// The second rename of a change, and the record of the fingerprint.
    pub(crate) fn settle(&self) -> io::Result<()> {
        let places = &self.places;
        self.disk.replace(&places.certificate_pending, &places.certificate)?;
        self.disk.sync_entry(&places.certificate)?;
        match self.leaf(&places.certificate)? {
            Some(leaf) => self.replace(&places.fingerprint, format!("{}\n", leaf.fingerprint).as_bytes()),
            None => Ok(()),
        }
    }

    /// Takes the pair before away.
    pub(crate) fn tidy(&self) -> io::Result<()> {
        self.remove(&self.places.key_old)?;
        self.remove(&self.places.certificate_old)
    }

    /// Takes the coming pair away.
    pub(crate) fn discard(&self) -> io::Result<()> {
        self.remove(&self.places.certificate_pending)?;
        self.remove(&self.places.key_pending)
    }

    /// Takes the pair in place away, and whatever else lies there but the notes.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.discard()?;
        self.tidy()?;
        self.remove(&self.places.certificate)?;
        self.remove(&self.places.key)?;
        self.remove(&self.places.fingerprint)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        gone_is_fine(self.disk.remove(path))?;
        self.disk.sync_entry(path)
    }

    /// The keeper's notes; what cannot be read is begun anew.
    pub(crate) fn notes(&self) -> io::Result<Notes> {
        let text = self.read(&self.places.notes)?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default())
    }

    /// Keeps the notes.
    pub(crate) fn keep(&self, notes: &Notes) -> io::Result<()> {
        let text = serde_json::to_vec(notes)?;
        self.replace_private(&self.places.notes, &text)
    }

    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let aside = with_suffix(path, ".new");
        self.disk.write(&aside, content)?;
        self.disk.replace(&aside, path)?;
        self.disk.sync_entry(path)
    }

    fn replace_private(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let aside = with_suffix(path, ".new");
        self.disk.write_private(&aside, content)?;
        self.disk.replace(&aside, path)?;
        self.disk.sync_entry(path)
    }
}

impl Lying {
    /// Serial number and time of the pair in place.
    pub(crate) fn held(&self) -> Option<&Held> {
        self.held.as_ref().map(|leaf| &leaf.held)
    }
}
