//! Answers whether a certificate is good (RFC 6960), from the database at the moment of the question.
//!
//! A serial number that nobody knows counts as revoked: after a restored backup, what was issued in between must not pass as good.

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use rcgen::SigningKey;
use x509_parser::certificate::X509Certificate;
use yasna::models::{GeneralizedTime, ObjectIdentifier};
use yasna::{ASN1Result, BERReader, DERWriter, DERWriterSeq, Tag, construct_der};

use crate::revocation::Reason;
use crate::{Authority, Error, IssuedFact};

/// Largest question in bytes.
pub const MAX_QUESTION: usize = 4096;
/// Most certificates of one question.
const MOST: usize = 20;
/// Longest nonce that is given back (RFC 9654).
const LONGEST_NONCE: usize = 128;
/// Hours for which an answer counts.
const LIFE: SignedDuration = SignedDuration::from_hours(4);

const BASIC: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 1];
const NONCE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 2];
/// id-pkix-ocsp-extended-revoke: unknown serial numbers are answered "revoked" here.
const EXTENDED_REVOKE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 9];
const SHA1: &[u64] = &[1, 3, 14, 3, 2, 26];
const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];

/// A certificate as a question names it.
struct Named {
    /// The whole CertID, as it came: the answer repeats it.
    der: Vec<u8>,
    hash: Vec<u64>,
    issuer_name: Vec<u8>,
    issuer_key: Vec<u8>,
    serial: Vec<u8>,
}

struct Question {
    certificates: Vec<Named>,
    nonce: Option<Vec<u8>>,
}

/// What is said of one certificate.
enum Status {
    Good,
    Revoked {
        at: Timestamp,
        reason: Reason,
    },
    /// Another CA's: nothing is known of it here.
    Unknown,
}

/// The issuing CA by the hashes with which questions name it.
pub(crate) struct Responder {
    by_sha1: [Vec<u8>; 2],
    by_sha256: [Vec<u8>; 2],
}

impl Responder {
    pub(crate) fn of(issuing: &X509Certificate<'_>) -> Self {
        let parts = [issuing.subject().as_raw(), issuing.public_key().subject_public_key.data.as_ref()];
        let hashed = |with: &'static digest::Algorithm| parts.map(|part| digest::digest(with, part).as_ref().to_vec());
        Self { by_sha1: hashed(&digest::SHA1_FOR_LEGACY_USE_ONLY), by_sha256: hashed(&digest::SHA256) }
    }

    fn is_meant(&self, named: &Named) -> bool {
        let [name, key] = match named.hash.as_slice() {
            hash if hash == SHA1 => &self.by_sha1,
            hash if hash == SHA256 => &self.by_sha256,
            _ => return false,
        };
        *name == named.issuer_name && *key == named.issuer_key
    }

    /// The SHA-1 of the CA's key, by which the answer names who signed it.
    fn key_hash(&self) -> &[u8] {
        let [_, key] = &self.by_sha1;
        key
    }
}

impl Authority {
    /// The answer to a question, DER; what cannot be read gets the answer that says so.
    ///
    /// # Errors
    /// If the database could not say, or the key does not work.
    pub async fn ocsp(&self, request: &[u8], now: Timestamp) -> Result<Vec<u8>, Error> {
        let question = (request.len() <= MAX_QUESTION).then(|| yasna::parse_der(request, read_question).ok()).flatten();
        let Some(question) = question.filter(|question| !question.certificates.is_empty() && question.certificates.len() <= MOST) else {
            return Ok(unsuccessful(1));
        };
        let mut said = Vec::with_capacity(question.certificates.len());
        for named in question.certificates {
            let status = self.status_of(&named).await?;
            said.push((named, status));
        }
        let data = self.answer_data(&said, question.nonce.as_deref(), now);
        let signature = self.hierarchy.issuing.issuer.key().sign(&data)?;
        Ok(successful(&data, &signature))
    }

    async fn status_of(&self, named: &Named) -> Result<Status, Error> {
        if !self.responder.is_meant(named) {
            return Ok(Status::Unknown);
        }
        let serial = chassis::tls::serial_text(&named.serial);
        Ok(match self.store.certificate(&serial).await? {
            Some(IssuedFact { revoked_at: Some(at), reason, .. }) => Status::Revoked { at, reason: Reason::of(reason.unwrap_or_default()) },
            Some(IssuedFact { held_at: Some(at), .. }) => Status::Revoked { at, reason: Reason::CertificateHold },
            Some(_) => Status::Good,
            None => match self.store.lost_revocation(&serial).await? {
                Some(lost) => Status::Revoked { at: lost.at, reason: lost.reason },
                None => Status::Revoked { at: Timestamp::UNIX_EPOCH, reason: Reason::CertificateHold },
            },
        })
    }

    /// ResponseData, the part that is signed.
    fn answer_data(&self, said: &[(Named, Status)], nonce: Option<&[u8]>, now: Timestamp) -> Vec<u8> {
        construct_der(|writer| {
            writer.write_sequence(|data| {
                data.next().write_tagged(Tag::context(2), |by_key| by_key.write_bytes(self.responder.key_hash()));
                data.next().write_generalized_time(&moment(now));
                data.next().write_sequence_of(|answers| {
                    for (named, status) in said {
                        answers.next().write_sequence(|answer| single(answer, named, status, now));
                    }
                });
                data.next().write_tagged(Tag::context(1), |extensions| {
                    extensions.write_sequence_of(|list| {
                        if let Some(nonce) = nonce {
                            extension(list.next(), NONCE, &construct_der(|value| value.write_bytes(nonce)));
                        }
                        extension(list.next(), EXTENDED_REVOKE, &construct_der(|value| value.write_null()));
                    });
                });
            });
        })
    }
}

fn single(answer: &mut DERWriterSeq<'_>, named: &Named, status: &Status, now: Timestamp) {
    answer.next().write_der(&named.der);
    match status {
        Status::Good => answer.next().write_tagged_implicit(Tag::context(0), |value| value.write_null()),
        Status::Unknown => answer.next().write_tagged_implicit(Tag::context(2), |value| value.write_null()),
        Status::Revoked { at, reason } => answer.next().write_tagged_implicit(Tag::context(1), |revoked| {
            revoked.write_sequence(|info| {
                info.next().write_generalized_time(&moment(*at));
                if *reason != Reason::Unspecified {
                    info.next().write_tagged(Tag::context(0), |inside| inside.write_enum(reason.code()));
                }
            });
        }),
    }
    answer.next().write_generalized_time(&moment(now));
    answer.next().write_tagged(Tag::context(0), |inside| inside.write_generalized_time(&moment(now + LIFE)));
}

fn extension(writer: DERWriter<'_>, oid: &[u64], value: &[u8]) {
    writer.write_sequence(|parts| {
        parts.next().write_oid(&ObjectIdentifier::from_slice(oid));
        parts.next().write_bytes(value);
    });
}

fn successful(data: &[u8], signature: &[u8]) -> Vec<u8> {
    let basic = construct_der(|writer| {
        writer.write_sequence(|parts| {
            parts.next().write_der(data);
            parts.next().write_sequence(|algorithm| algorithm.next().write_oid(&ObjectIdentifier::from_slice(ECDSA_WITH_SHA256)));
            parts.next().write_bitvec_bytes(signature, signature.len() * 8);
        });
    });
    construct_der(|writer| {
        writer.write_sequence(|parts| {
            parts.next().write_enum(0);
            parts.next().write_tagged(Tag::context(0), |inside| {
                inside.write_sequence(|bytes| {
                    bytes.next().write_oid(&ObjectIdentifier::from_slice(BASIC));
                    bytes.next().write_bytes(&basic);
                });
            });
        });
    })
}

/// The answer without content: 1 is a malformed question.
fn unsuccessful(status: i64) -> Vec<u8> {
    construct_der(|writer| writer.write_sequence(|parts| parts.next().write_enum(status)))
}

/// An answer is made for whole seconds.
fn moment(at: Timestamp) -> GeneralizedTime {
    GeneralizedTime::from_datetime(crate::hierarchy::offset(at))
}

/// OCSPRequest (RFC 6960, 4.1.1). A signature on it is not asked for and not looked at.
fn read_question(reader: BERReader<'_, '_>) -> ASN1Result<Question> {
    reader.read_sequence(|parts| {
        let question = parts.next().read_sequence(|asked| {
            asked.read_optional(|version| version.read_tagged(Tag::context(0), |number| number.read_u8()))?;
            asked.read_optional(|name| name.read_tagged(Tag::context(1), |inside| inside.read_der()))?;
            let mut certificates = Vec::new();
            asked.next().read_sequence_of(|one| {
                if certificates.len() <= MOST {
                    certificates.push(one.read_sequence(|inside| {
                        let named = read_named(&inside.next().read_der()?)?;
                        inside.read_optional(|extensions| extensions.read_tagged(Tag::context(0), |inside| inside.read_der()))?;
                        Ok(named)
                    })?);
                } else {
                    one.read_der()?;
                }
                Ok(())
            })?;
            let nonce = asked.read_optional(|extensions| extensions.read_tagged(Tag::context(2), read_nonce))?.flatten();
            Ok(Question { certificates, nonce })
        })?;
        parts.read_optional(|signature| signature.read_tagged(Tag::context(0), |inside| inside.read_der()))?;
        Ok(question)
    })
}

/// CertID.
fn read_named(der: &[u8]) -> ASN1Result<Named> {
    yasna::parse_der(der, |reader| {
        reader.read_sequence(|parts| {
            let hash = parts.next().read_sequence(|algorithm| {
                let oid = algorithm.next().read_oid()?;
                algorithm.read_optional(|parameters| parameters.read_der())?;
                Ok(oid.components().clone())
            })?;
            Ok(Named {
                der: der.to_vec(),
                hash,
                issuer_name: parts.next().read_bytes()?,
                issuer_key: parts.next().read_bytes()?,
                serial: parts.next().read_bigint_bytes()?.0,
            })
        })
    })
}

fn read_nonce(reader: BERReader<'_, '_>) -> ASN1Result<Option<Vec<u8>>> {
    let mut nonce = None;
    reader.read_sequence_of(|extension| {
        extension.read_sequence(|parts| {
            let oid = parts.next().read_oid()?;
            parts.read_optional(|critical| critical.read_bool())?;
            let value = parts.next().read_bytes()?;
            if oid.components().as_slice() == NONCE {
                // Older clients put the bytes there as they are.
                let inside = yasna::parse_der(&value, |inside| inside.read_bytes()).unwrap_or(value);
                nonce = Some(inside).filter(|bytes| (1..=LONGEST_NONCE).contains(&bytes.len()));
            }
            Ok(())
        })
    })?;
    Ok(nonce)
}
