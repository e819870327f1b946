//! Opens a PKCS#12 file: the private key and the certificates in it, as Windows, OpenSSL and this program write them.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_128, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hmac, pbkdf2};
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use secrecy::{ExposeSecret, SecretString};
use yasna::models::ObjectIdentifier;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq, Tag};
use zeroize::Zeroizing;

use super::{
    AES_256_CBC, CERT_BAG, DATA, ENCRYPTED_DATA, HMAC_SHA256, PBE_SHA1_3DES, PBES2, PBKDF2, SHA1, SHA256, SHROUDED_KEY_BAG,
    X509_CERTIFICATE, kdf,
};

const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
const HMAC_SHA1: &[u64] = &[1, 2, 840, 113_549, 2, 7];
const AES_128_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 2];
/// Longer files are not opened.
const LONGEST: usize = 1024 * 1024;
/// More rounds of a password's hash would take longer than anybody waits.
const MOST_ROUNDS: u32 = 2_000_000;

/// What was in the file.
pub struct Opened {
    /// PKCS#8, DER.
    pub private_key: Zeroizing<Vec<u8>>,
    /// DER, in the file's order.
    pub certificates: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("certificates", &self.certificates.len()).finish_non_exhaustive()
    }
}

/// Why the file was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is no PKCS#12 file, or damaged.
    #[error("PFX（PKCS#12）ファイルとして読めません。ファイルが壊れていないか確かめてください。")]
    Unreadable,
    /// The seal does not fit the password.
    #[error("パスワードが違うか、ファイルが壊れています。")]
    Password,
    /// Written with ciphers that are not known here.
    #[error("このファイルの暗号方式には対応していません。AES-256 か 3DES で書き出し直してください。")]
    Unsupported,
    /// There is no key, or no certificate.
    #[error("ファイルに秘密鍵か証明書がありません。秘密鍵を含めて書き出したファイルを使ってください。")]
    Incomplete,
}

impl From<ASN1Error> for Unopened {
    fn from(_: ASN1Error) -> Self {
        Self::Unreadable
    }
}

/// What the outer shell holds.
struct Shell {
    safe: Vec<u8>,
    hash: ObjectIdentifier,
    seal: Vec<u8>,
    salt: Vec<u8>,
    rounds: u32,
}

/// How something is encrypted.
enum Cipher {
    /// PBES2: hash of PBKDF2, salt, rounds, cipher and the length of its key, start.
    Modern(hmac::Algorithm, Vec<u8>, u32, (&'static Algorithm, usize), Vec<u8>),
    /// PKCS#12's own with triple DES: salt, rounds.
    Old(Vec<u8>, u32),
    Unknown,
}

/// Opens a file.
///
/// # Errors
/// [`Unopened`] says whether password or file is to be looked at.
pub fn read(file: &[u8], password: &SecretString) -> Result<Opened, Unopened> {
    if file.len() > LONGEST {
        return Err(Unopened::Unreadable);
    }
    let shell = yasna::parse_der(file, shell)?;
    check_seal(&shell, password)?;
    let mut opened = (None, Vec::new());
    for part in yasna::parse_der(&shell.safe, |reader| reader.collect_sequence_of(part))? {
        let bags = match part {
            Part::Plain(bags) => Zeroizing::new(bags),
            Part::Encrypted(cipher, bytes) => decrypted(&cipher, &bytes, password)?,
            Part::Other => continue,
        };
        for bag in yasna::parse_der(&bags, |reader| reader.collect_sequence_of(bag))? {
            match bag {
                Bag::Key(key) => opened.0 = opened.0.or(Some(Zeroizing::new(key))),
                Bag::Shrouded(cipher, bytes) if opened.0.is_none() => opened.0 = Some(decrypted(&cipher, &bytes, password)?),
                Bag::Certificate(certificate) => opened.1.push(certificate),
                Bag::Shrouded(..) | Bag::Other => {}
            }
        }
    }
    match opened {
        (Some(private_key), certificates) if !certificates.is_empty() => Ok(Opened { private_key, certificates }),
        _ => Err(Unopened::Incomplete),
    }
}

fn check_seal(shell: &Shell, password: &SecretString) -> Result<(), Unopened> {
    let rounds = within(shell.rounds)?.get();
    let known = |oid: &[u64]| shell.hash == ObjectIdentifier::from_slice(oid);
    let key = if known(SHA256) {
        hmac::Key::new(hmac::HMAC_SHA256, &kdf(&digest::SHA256, password, &shell.salt, rounds, 3, 32))
    } else if known(SHA1) {
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &kdf(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, &shell.salt, rounds, 3, 20))
    } else {
        return Err(Unopened::Unsupported);
    };
    hmac::verify(&key, &shell.safe, &shell.seal).map_err(|_| Unopened::Password)
}

fn within(rounds: u32) -> Result<NonZeroU32, Unopened> {
    NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= MOST_ROUNDS).ok_or(Unopened::Unsupported)
}

fn decrypted(cipher: &Cipher, bytes: &[u8], password: &SecretString) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    match cipher {
        Cipher::Unknown => Err(Unopened::Unsupported),
        Cipher::Old(salt, rounds) => {
            let rounds = within(*rounds)?.get();
            let make = |purpose, length| kdf(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, salt, rounds, purpose, length);
            let (key, start) = (make(1, 24), make(2, 8));
            let cipher = cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, &start).map_err(|_| Unopened::Unreadable)?;
            cipher.decrypt_padded_vec::<Pkcs7>(bytes).map(Zeroizing::new).map_err(|_| Unopened::Password)
        }
        Cipher::Modern(hash, salt, rounds, (cipher, length), start) => {
            let algorithm = if *hash == hmac::HMAC_SHA256 { pbkdf2::PBKDF2_HMAC_SHA256 } else { pbkdf2::PBKDF2_HMAC_SHA1 };
            let mut key = Zeroizing::new(vec![0; *length]);
            pbkdf2::derive(algorithm, within(*rounds)?, salt, password.expose_secret().as_bytes(), &mut key);
            let start: [u8; 16] = start.as_slice().try_into().map_err(|_| Unopened::Unreadable)?;
            let key =
                UnboundCipherKey::new(cipher, &key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).map_err(|_| Unopened::Unreadable)?;
            let mut buffer = Zeroizing::new(bytes.to_vec());
            let plain = key.decrypt(&mut buffer, DecryptionContext::Iv128(start.into())).map_err(|_| Unopened::Password)?;
            Ok(Zeroizing::new(plain.to_vec()))
        }
    }
}

fn shell(reader: BERReader<'_, '_>) -> ASN1Result<Shell> {
    reader.read_sequence(|file| {
        file.next().read_u8()?;
        let safe = file.next().read_sequence(|content| {
            expect(content, DATA)?;
            content.next().read_tagged(Tag::context(0), |inside| inside.read_bytes())
        })?;
        file.next().read_sequence(|mac| {
            let (hash, seal) = mac.next().read_sequence(|digest| {
                let hash = digest.next().read_sequence(|algorithm| {
                    let hash = algorithm.next().read_oid()?;
                    algorithm.read_optional(|rest| rest.read_null())?;
                    Ok(hash)
                })?;
                Ok((hash, digest.next().read_bytes()?))
            })?;
            let salt = mac.next().read_bytes()?;
            let rounds = mac.read_default(1, |rounds| rounds.read_u32())?;
            Ok(Shell { safe, hash, seal, salt, rounds })
        })
    })
}

enum Part {
    Plain(Vec<u8>),
    Encrypted(Cipher, Vec<u8>),
    Other,
}

fn part(reader: BERReader<'_, '_>) -> ASN1Result<Part> {
    reader.read_sequence(|content| {
        let kind = content.next().read_oid()?;
        let is = |oid: &[u64]| kind == ObjectIdentifier::from_slice(oid);
        if is(DATA) {
            let bytes = content.next().read_tagged(Tag::context(0), |inside| inside.read_bytes())?;
            return Ok(Part::Plain(bytes));
        }
        if !is(ENCRYPTED_DATA) {
            content.next().read_der()?;
            return Ok(Part::Other);
        }
        content.next().read_tagged(Tag::context(0), |inside| {
            inside.read_sequence(|encrypted| {
                encrypted.next().read_u8()?;
                encrypted.next().read_sequence(|content| {
                    expect(content, DATA)?;
                    let cipher = cipher(content.next())?;
                    let bytes = content.next().read_tagged_implicit(Tag::context(0), |bytes| bytes.read_bytes())?;
                    Ok(Part::Encrypted(cipher, bytes))
                })
            })
        })
    })
}

enum Bag {
    Key(Vec<u8>),
    Shrouded(Cipher, Vec<u8>),
    Certificate(Vec<u8>),
    Other,
}

fn bag(reader: BERReader<'_, '_>) -> ASN1Result<Bag> {
    reader.read_sequence(|bag| {
        let kind = bag.next().read_oid()?;
        let is = |oid: &[u64]| kind == ObjectIdentifier::from_slice(oid);
        let (key, shrouded, certificate) = (is(KEY_BAG), is(SHROUDED_KEY_BAG), is(CERT_BAG));
        let read = bag.next().read_tagged(Tag::context(0), |inside| {
            if shrouded {
                inside.read_sequence(|info| Ok(Bag::Shrouded(cipher(info.next())?, info.next().read_bytes()?)))
            } else if certificate {
                inside.read_sequence(|body| {
                    expect(body, X509_CERTIFICATE)?;
                    Ok(Bag::Certificate(body.next().read_tagged(Tag::context(0), |value| value.read_bytes())?))
                })
            } else {
                let bytes = inside.read_der()?;
                Ok(if key { Bag::Key(bytes) } else { Bag::Other })
            }
        })?;
        // Names and the like.
        bag.read_optional(|attributes| attributes.read_der())?;
        Ok(read)
    })
}

fn cipher(reader: BERReader<'_, '_>) -> ASN1Result<Cipher> {
    reader.read_sequence(|algorithm| {
        let kind = algorithm.next().read_oid()?;
        if kind == ObjectIdentifier::from_slice(PBE_SHA1_3DES) {
            return algorithm.next().read_sequence(|values| Ok(Cipher::Old(values.next().read_bytes()?, values.next().read_u32()?)));
        }
        if kind != ObjectIdentifier::from_slice(PBES2) {
            algorithm.read_optional(|rest| rest.read_der())?;
            return Ok(Cipher::Unknown);
        }
        algorithm.next().read_sequence(|parameters| {
            let derived = parameters.next().read_sequence(derivation)?;
            let (kind, start) = parameters.next().read_sequence(|cipher| Ok((cipher.next().read_oid()?, cipher.next().read_bytes()?)))?;
            let known = |oid: &[u64]| kind == ObjectIdentifier::from_slice(oid);
            let cipher = if known(AES_256_CBC) { Some((&AES_256, 32)) } else { known(AES_128_CBC).then_some((&AES_128, 16)) };
            Ok(match (derived, cipher) {
                (Some((hash, salt, rounds)), Some(cipher)) => Cipher::Modern(hash, salt, rounds, cipher, start),
                _ => Cipher::Unknown,
            })
        })
    })
}

type Derivation = (hmac::Algorithm, Vec<u8>, u32);

fn derivation(reader: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Option<Derivation>> {
    expect(reader, PBKDF2)?;
    reader.next().read_sequence(|values| {
        let (salt, rounds) = (values.next().read_bytes()?, values.next().read_u32()?);
        values.read_optional(|length| length.read_u32())?;
        let hash = values.read_optional(|function| {
            function.read_sequence(|function| {
                let kind = function.next().read_oid()?;
                function.read_optional(|rest| rest.read_null())?;
                Ok(kind)
            })
        })?;
        let known = |oid: &[u64]| hash.as_ref() == Some(&ObjectIdentifier::from_slice(oid));
        Ok(match () {
            () if known(HMAC_SHA256) => Some((hmac::HMAC_SHA256, salt, rounds)),
            () if hash.is_none() || known(HMAC_SHA1) => Some((hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt, rounds)),
            () => None,
        })
    })
}

fn expect(reader: &mut BERReaderSeq<'_, '_>, oid: &[u64]) -> ASN1Result<()> {
    if reader.next().read_oid()? == ObjectIdentifier::from_slice(oid) { Ok(()) } else { Err(ASN1Error::new(ASN1ErrorKind::Invalid)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pfx::{Content, Strength, write};

    const PASSWORD: &str = "Kusuri-7-hako";

    fn made(strength: Strength) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap().self_signed(&key).unwrap();
        let content = Content { private_key: key.serialized_der(), certificates: &[certificate.der()], friendly_name: "受付" };
        (write(&content, &PASSWORD.into(), strength).unwrap(), key.serialize_der(), certificate.der().to_vec())
    }

    #[test]
    fn what_was_written_is_opened_with_its_password_only() {
        for strength in [Strength::Modern, Strength::Compatible] {
            let (file, key, certificate) = made(strength);
            let opened = read(&file, &PASSWORD.into()).unwrap();
            assert_eq!((opened.private_key.as_slice(), opened.certificates.as_slice()), (key.as_slice(), [certificate].as_slice()));
            assert_eq!(read(&file, &"0000".into()).unwrap_err(), Unopened::Password);
        }
    }

    #[test]
    fn damage_anywhere_is_an_answer_and_never_a_panic() {
        let (file, ..) = made(Strength::Modern);
        for place in (0..file.len()).step_by(37) {
            let mut damaged = file.clone();
            damaged[place] ^= 0x55;
            // The seal covers all but itself and its own parameters.
            let _answer = read(&damaged, &PASSWORD.into());
            let _shorter = read(&file[..place], &PASSWORD.into()).unwrap_err();
        }
        assert_eq!(read(&vec![0x30; LONGEST + 1], &PASSWORD.into()).unwrap_err(), Unopened::Unreadable);
    }
}
