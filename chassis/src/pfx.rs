//! Writes a private key and its certificates as one PKCS#12 file (RFC 7292) that Windows, Java, NSS and OpenSSL take, and reads theirs.
//!
//! Written here because no library can put in the attribute that makes Windows keep the key where TLS 1.3 can use it
//! (`Microsoft Software Key Storage Provider`); the DER writing is the kept library `yasna`.

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hmac, iv, pbkdf2};
use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroU32;
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag, construct_der};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

mod read;

pub use read::{Opened, Unopened, read};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A cipher did not work, or there is no certificate.
    #[error("暗号の処理ができません。")]
    Cipher,
    /// No randomness for salts.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Which ciphers protect the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// AES-256 with PBKDF2-HMAC-SHA-256 and an HMAC-SHA-256 seal: everything in support.
    Modern,
    /// Triple DES and HMAC-SHA-1 (互換形式): Windows Server 2016 and older.
    Compatible,
}

/// What goes into the file.
pub struct Content<'a> {
    /// PKCS#8, DER.
    pub private_key: &'a [u8],
    /// DER, the terminal's own certificate first.
    pub certificates: &'a [&'a [u8]],
    /// The name that certificate stores show.
    pub friendly_name: &'a str,
}

/// How often a password is hashed: so often that guessing a good one costs too much.
const MANY_ROUNDS: u32 = 100_000;
/// And one that is found within ten thousand guesses, whatever each costs: as often as other programs do it, so that making the file is quick.
const FEW_ROUNDS: u32 = 2_048;
/// Shorter passwords are such.
const GOOD_LENGTH: usize = 8;

fn rounds(password: &SecretString) -> u32 {
    if password.expose_secret().chars().count() < GOOD_LENGTH { FEW_ROUNDS } else { MANY_ROUNDS }
}

const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];
const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
const CERT_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 3];
const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 22, 1];
const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];
const LOCAL_KEY_ID: &[u64] = &[1, 2, 840, 113_549, 1, 9, 21];
const MICROSOFT_PROVIDER: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 17, 1];
const PROVIDER_NAME: &str = "Microsoft Software Key Storage Provider";
const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
const HMAC_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];
const PBE_SHA1_3DES: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 3];
const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const SHA1: &[u64] = &[1, 3, 14, 3, 2, 26];

/// Writes the file.
///
/// # Errors
/// [`Error::Cipher`] or [`Error::NoRandomness`] if the machine's cryptography does not work.
pub fn write(content: &Content<'_>, password: &SecretString, strength: Strength) -> Result<Vec<u8>, Error> {
    let key_id = content.certificates.first().map(|leaf| digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, leaf)).ok_or(Error::Cipher)?;
    let key = Encrypted::make(content.private_key, password, strength)?;
    let key_bags = construct_der(|writer| {
        writer.write_sequence_of(|bags| {
            bags.next().write_sequence(|bag| {
                oid(bag.next(), SHROUDED_KEY_BAG);
                explicit(bag.next(), |inside| {
                    inside.write_sequence(|info| {
                        key.algorithm(info.next());
                        info.next().write_bytes(&key.bytes);
                    });
                });
                bag.next().write_set_of(|attributes| {
                    attribute(attributes.next(), FRIENDLY_NAME, |value| write_bmp(value, content.friendly_name));
                    attribute(attributes.next(), LOCAL_KEY_ID, |value| value.write_bytes(key_id.as_ref()));
                    attribute(attributes.next(), MICROSOFT_PROVIDER, |value| write_bmp(value, PROVIDER_NAME));
                });
            });
        });
    });
    let certificate_bags = construct_der(|writer| {
        writer.write_sequence_of(|bags| {
            for (place, certificate) in content.certificates.iter().enumerate() {
                bags.next().write_sequence(|bag| certificate_bag(bag, certificate, (place == 0).then_some(key_id.as_ref()), content));
            }
        });
    });
    let certificates = Encrypted::make(&certificate_bags, password, strength)?;
    let safe = construct_der(|writer| {
        writer.write_sequence_of(|parts| {
            parts.next().write_sequence(|part| {
                oid(part.next(), ENCRYPTED_DATA);
                explicit(part.next(), |inside| certificates.encrypted_data(inside));
            });
            parts.next().write_sequence(|part| data(part, &key_bags));
        });
    });
    seal(&safe, password, strength)
}

fn certificate_bag(bag: &mut yasna::DERWriterSeq<'_>, certificate: &[u8], key_id: Option<&[u8]>, content: &Content<'_>) {
    oid(bag.next(), CERT_BAG);
    explicit(bag.next(), |inside| {
        inside.write_sequence(|body| {
            oid(body.next(), X509_CERTIFICATE);
            explicit(body.next(), |value| value.write_bytes(certificate));
        });
    });
    if let Some(key_id) = key_id {
        bag.next().write_set_of(|attributes| {
            attribute(attributes.next(), FRIENDLY_NAME, |value| write_bmp(value, content.friendly_name));
            attribute(attributes.next(), LOCAL_KEY_ID, |value| value.write_bytes(key_id));
        });
    }
}

/// The whole file: the safe, and the seal that shows a wrong password or a changed byte.
fn seal(safe: &[u8], password: &SecretString, strength: Strength) -> Result<Vec<u8>, Error> {
    let (salt, rounds) = (random::bytes::<16>()?, rounds(password));
    let (hash_oid, mac) = match strength {
        Strength::Modern => {
            let key = kdf(&digest::SHA256, password, &salt, rounds, 3, 32);
            (SHA256, hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), safe))
        }
        Strength::Compatible => {
            let key = kdf(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, &salt, rounds, 3, 20);
            (SHA1, hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), safe))
        }
    };
    Ok(construct_der(|writer| {
        writer.write_sequence(|file| {
            file.next().write_u8(3);
            file.next().write_sequence(|part| data(part, safe));
            file.next().write_sequence(|mac_data| {
                mac_data.next().write_sequence(|digest_info| {
                    digest_info.next().write_sequence(|algorithm| {
                        oid(algorithm.next(), hash_oid);
                        algorithm.next().write_null();
                    });
                    digest_info.next().write_bytes(mac.as_ref());
                });
                mac_data.next().write_bytes(&salt);
                mac_data.next().write_u32(rounds);
            });
        });
    }))
}

/// Bytes under the password, with all that is needed to read them again.
struct Encrypted {
    bytes: Vec<u8>,
    salt: [u8; 16],
    iv: [u8; 16],
    rounds: u32,
    strength: Strength,
}

impl Encrypted {
    fn make(plain: &[u8], password: &SecretString, strength: Strength) -> Result<Self, Error> {
        let (salt, iv, rounds) = (random::bytes::<16>()?, random::bytes::<16>()?, rounds(password));
        let bytes = match strength {
            Strength::Modern => {
                let mut key = Zeroizing::new([0_u8; 32]);
                let rounds = NonZeroU32::new(rounds).ok_or(Error::Cipher)?;
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.expose_secret().as_bytes(), key.as_mut_slice());
                let key = UnboundCipherKey::new(&AES_256, key.as_slice()).map_err(|_| Error::Cipher)?;
                let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| Error::Cipher)?;
                let mut buffer = plain.to_vec();
                let context = EncryptionContext::Iv128(iv::FixedLength::from(iv));
                key.less_safe_encrypt(&mut buffer, context).map_err(|_| Error::Cipher)?;
                buffer
            }
            Strength::Compatible => {
                let key = kdf(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, &salt, rounds, 1, 24);
                let start = kdf(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, &salt, rounds, 2, 8);
                let cipher = cbc::Encryptor::<des::TdesEde3>::new_from_slices(&key, &start).map_err(|_| Error::Cipher)?;
                cipher.encrypt_padded_vec::<Pkcs7>(plain)
            }
        };
        Ok(Self { bytes, salt, iv, rounds, strength })
    }

    fn algorithm(&self, writer: DERWriter<'_>) {
        match self.strength {
            Strength::Modern => writer.write_sequence(|algorithm| {
                oid(algorithm.next(), PBES2);
                algorithm.next().write_sequence(|parameters| {
                    parameters.next().write_sequence(|derivation| {
                        oid(derivation.next(), PBKDF2);
                        derivation.next().write_sequence(|values| {
                            values.next().write_bytes(&self.salt);
                            values.next().write_u32(self.rounds);
                            values.next().write_sequence(|function| {
                                oid(function.next(), HMAC_SHA256);
                                function.next().write_null();
                            });
                        });
                    });
                    parameters.next().write_sequence(|cipher| {
                        oid(cipher.next(), AES_256_CBC);
                        cipher.next().write_bytes(&self.iv);
                    });
                });
            }),
            Strength::Compatible => writer.write_sequence(|algorithm| {
                oid(algorithm.next(), PBE_SHA1_3DES);
                algorithm.next().write_sequence(|values| {
                    values.next().write_bytes(&self.salt);
                    values.next().write_u32(self.rounds);
                });
            }),
        }
    }

    fn encrypted_data(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|encrypted| {
            encrypted.next().write_u8(0);
            encrypted.next().write_sequence(|content| {
                oid(content.next(), DATA);
                self.algorithm(content.next());
                content.next().write_tagged_implicit(Tag::context(0), |bytes| bytes.write_bytes(&self.bytes));
            });
        });
    }
}

fn oid(writer: DERWriter<'_>, parts: &[u64]) {
    writer.write_oid(&ObjectIdentifier::from_slice(parts));
}

fn explicit(writer: DERWriter<'_>, inside: impl FnOnce(DERWriter<'_>)) {
    writer.write_tagged(Tag::context(0), inside);
}

fn data(part: &mut yasna::DERWriterSeq<'_>, bytes: &[u8]) {
    oid(part.next(), DATA);
    explicit(part.next(), |inside| inside.write_bytes(bytes));
}

fn attribute(writer: DERWriter<'_>, kind: &[u64], value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|attribute| {
        oid(attribute.next(), kind);
        attribute.next().write_set_of(|values| value(values.next()));
    });
}

fn write_bmp(writer: DERWriter<'_>, text: &str) {
    writer.write_bmp_string(text);
}

/// PKCS#12's own key derivation (RFC 7292 B.2) for SHA-1 and SHA-256, whose blocks are 64 bytes.
fn kdf(
    hash: &'static digest::Algorithm,
    password: &SecretString,
    salt: &[u8],
    iterations: u32,
    purpose: u8,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    const BLOCK: usize = 64;
    let mut wide: Zeroizing<Vec<u8>> = Zeroizing::new(password.expose_secret().encode_utf16().flat_map(u16::to_be_bytes).collect());
    wide.extend_from_slice(&[0, 0]);
    let mut mixed: Zeroizing<Vec<u8>> = Zeroizing::new(filled(salt, BLOCK));
    mixed.extend_from_slice(&Zeroizing::new(filled(&wide, BLOCK)));
    let mut out = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while out.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(&[purpose; BLOCK]);
        context.update(&mixed);
        let mut round = context.finish();
        for _ in 1..iterations {
            round = digest::digest(hash, round.as_ref());
        }
        out.extend_from_slice(round.as_ref());
        // Each block of the mixed text grows by the round's bytes, repeated, plus one.
        for block in mixed.chunks_mut(BLOCK) {
            let mut carry = 1_u16;
            for (byte, add) in block.iter_mut().zip(round.as_ref().iter().cycle().take(BLOCK).collect::<Vec<_>>()).rev() {
                let sum = u16::from(*byte) + u16::from(*add) + carry;
                *byte = u8::try_from(sum & 0xff).unwrap_or_default();
                carry = sum >> 8;
            }
        }
    }
    out.truncate(length);
    out
}

/// `bytes` repeated to the next multiple of `block`.
fn filled(bytes: &[u8], block: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect()
}
