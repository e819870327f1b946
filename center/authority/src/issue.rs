//! Turns an order into a certificate: once for one key, and again for the same key if the answer was lost.

use jiff::Timestamp;
use manuals::certificate::Subject;
use manuals::situation::Situation;
use rcgen::{PublicKeyData, SubjectPublicKeyInfo};
use secrecy::{ExposeSecret, SecretString};
use wire::number::FacilityCode;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use yasna::construct_der;
use zeroize::Zeroizing;

use crate::orders::Proof;
use crate::profile::{self, Profile};
use crate::rules::{self, HandOut, KeyKind, Over};
use crate::states::{Kind, Order, State};
use crate::store::{Closing, OrderRow};
use crate::{Authority, Error, IssuedFact, fingerprint, lint, pem_of, pfx};

/// A certificate that a terminal fetched.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The terminal's certificate, PEM.
    pub certificate: String,
    /// The issuing CA and the client root, PEM.
    pub chain: String,
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// The terminal's certificate, DER.
    pub der: Vec<u8>,
}

/// A key that is to be certified.
pub(crate) struct Subjected {
    pub(crate) key: SubjectPublicKeyInfo,
    pub(crate) kind: KeyKind,
    pub(crate) key_hash: String,
}

impl Authority {
    /// Issues over a key that the terminal made and keeps (the default), in one step from the two numbers and a PEM request. Doors that
    /// know their caller's address prove first, so that guesses count against that caller: [`Authority::prove`].
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn issue_by_csr(
        &self,
        request_id: &str,
        reference_id: &SecretString,
        csr_pem: &str,
        now: Timestamp,
    ) -> Result<Result<Issued, Situation>, Error> {
        let Some(csr) = der_of(csr_pem) else { return Ok(Err(Situation::BadCsr)) };
        if let Err(situation) = read_csr(&csr) {
            return Ok(Err(situation));
        }
        match self.prove(request_id, reference_id, None, now).await? {
            Ok(proof) => self.issue(&proof, &csr, &Profile::Terminal, now).await,
            Err(situation) => Ok(Err(situation)),
        }
    }

    /// Issues over a key that the terminal made and keeps. Asked again with the same key, the same certificate comes back.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn issue(
        &self,
        proof: &Proof,
        csr_der: &[u8],
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Result<Issued, Situation>, Error> {
        let asked = match read_csr(csr_der) {
            Ok(asked) => asked,
            Err(situation) => return Ok(Err(situation)),
        };
        let row = self.order_row(&proof.order().request_id).await?;
        match rules::hand_out(&row.fact(), Over::Theirs(&asked.key_hash), now) {
            Err(situation) => Ok(Err(situation)),
            Ok(HandOut::Again) => self.hand_out_again(&row.order.request_id).await,
            Ok(HandOut::Make) => {
                let made = self.make(&row.order, &asked, profile, now)?;
                let closing =
                    Closing { request_id: &row.order.request_id, new_order: None, keep_key: false, renews: row.order.renews.as_deref() };
                self.keep(&made, &closing).await
            }
        }
    }

    /// Hands out key and certificate in a PKCS#12 file under a four-digit password (CA-15, CA-16). The key comes from the pool and is kept,
    /// sealed, until the order's window ends: asked again, the same key comes again, under whatever password is chosen then.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn retrieve_pfx(
        &self,
        proof: &Proof,
        password: &SecretString,
        strength: pfx::Strength,
        now: Timestamp,
    ) -> Result<Result<Vec<u8>, Situation>, Error> {
        if let Err(situation) = rules::pfx_password(password.expose_secret()) {
            return Ok(Err(situation));
        }
        match self.with_our_key(&proof.order().request_id, now).await? {
            Err(situation) => Ok(Err(situation)),
            Ok((row, made)) => self.write_pfx(&row, &made, password, strength, now).await.map(Ok),
        }
    }

    /// As [`Authority::retrieve_pfx`], for those who can take a key as it is (RFC 7030, serverkeygen): PKCS#8, and the certificate.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn serverkey(&self, proof: &Proof, now: Timestamp) -> Result<Result<(Zeroizing<Vec<u8>>, Issued), Situation>, Error> {
        match self.with_our_key(&proof.order().request_id, now).await? {
            Err(situation) => Ok(Err(situation)),
            Ok((row, made)) => {
                let key = self.held_key(&row)?;
                self.store.note_download(&row.order.request_id, now).await?;
                Ok(Ok((key, self.handed_out(&made))))
            }
        }
    }

    /// Walks an order to its certificate over a key of ours, or finds it there already.
    pub(crate) async fn with_our_key(&self, request_id: &str, now: Timestamp) -> Result<Result<(OrderRow, IssuedFact), Situation>, Error> {
        let row = self.order_row(request_id).await?;
        if let Err(situation) = rules::hand_out(&row.fact(), Over::Ours, now) {
            return Ok(Err(situation));
        }
        let row = self.finish(request_id, now).await?;
        // Another may have been quicker with a key of its own, or the order may have lapsed on its way.
        if let Err(situation) = rules::hand_out(&row.fact(), Over::Ours, now) {
            return Ok(Err(situation));
        }
        let Some(made) = self.store.certificate_of(request_id).await? else { return Ok(Err(Situation::NoticeExpired)) };
        if made.revoked_at.is_some() || made.held_at.is_some() {
            return Ok(Err(Situation::BlockedTerminal));
        }
        Ok(Ok((row, made)))
    }

    /// The file for an issued order whose key is held.
    pub(crate) async fn write_pfx(
        &self,
        row: &OrderRow,
        made: &IssuedFact,
        password: &SecretString,
        strength: pfx::Strength,
        now: Timestamp,
    ) -> Result<Vec<u8>, Error> {
        let key = self.held_key(row)?;
        let (password, name) = (password.clone(), format!("{} {}", made.facility_code, made.terminal_name));
        let chain = [made.der.clone(), self.hierarchy.issuing.certificate.to_vec(), self.hierarchy.client_root.certificate.to_vec()];
        // A hundred thousand rounds for the password: not on the threads that answer.
        let file = tokio::task::spawn_blocking(move || {
            let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            pfx::write(&pfx::Content { private_key: &key, certificates: &certificates, friendly_name: &name }, &password, strength)
        });
        let file = file.await.map_err(|_| Error::Cipher)??;
        self.store.note_download(&row.order.request_id, now).await?;
        tracing::info!(serial = made.serial, "a key and its certificate were handed out");
        Ok(file)
    }

    /// Makes the certificate of an order over the key that is held for it. An order that another replaced, or whose older certificate is
    /// blocked, lapses instead.
    pub(crate) async fn sign_over_held_key(&self, row: &OrderRow, now: Timestamp) -> Result<(), Error> {
        let order = &row.order;
        let pair = rcgen::KeyPair::try_from(self.held_key(row)?.as_slice())?;
        let key = SubjectPublicKeyInfo::from_der(&pair.subject_public_key_info())?;
        let key_hash = fingerprint(&pair.subject_public_key_info());
        let made = self.make(order, &Subjected { key, kind: KeyKind::Rsa, key_hash }, &Profile::Terminal, now)?;
        let closing = Closing { request_id: &order.request_id, new_order: None, keep_key: true, renews: order.renews.as_deref() };
        match self.store.add_certificate(&made, &closing).await {
            Ok(true) => Ok(()),
            // The order is no longer as it was read: another finished it, or what it renews may not be renewed any more.
            Ok(false) => match self.order_row(&order.request_id).await?.order.state {
                State::Requested => Ok(self.store.lapse(&order.request_id).await?),
                _ => Ok(()),
            },
            Err(error) if error.is_unique_violation() => match self.store.certificate_of(&order.request_id).await? {
                Some(_) => Ok(()),
                // A key of ours that is in use elsewhere: only a restored database can bring that about. It is not used again.
                None => Ok(self.store.lapse(&order.request_id).await?),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a certificate: drawn up by its profile, signed with a throw-away key, held against the rules, and only then signed by the CA.
    pub(crate) fn make(&self, order: &Order, asked: &Subjected, profile: &Profile, now: Timestamp) -> Result<IssuedFact, Error> {
        let issuer_ends = crate::end_of(&self.hierarchy.issuing.certificate);
        let not_after = rules::not_after(&self.config, order.valid_until, now).min(issuer_ends);
        let layout = self.subject_of(&order.facility_code)?;
        let drawn = profile::terminal(&self.profiles, profile, &layout, (asked.kind, asked.key.der_bytes()), now, not_after)?;
        let rehearsed = drawn.params.clone().signed_by(&asked.key, &self.hierarchy.rehearsal)?;
        let wanted = lint::Wanted {
            profiles: &self.profiles,
            profile,
            facility_code: &order.facility_code,
            key: &asked.key.subject_public_key_info(),
            issuer: &self.issuer_name,
            issuer_ends,
            shard: drawn.shard,
            now,
            until: not_after,
        };
        if let Some(words) = lint::broken(rehearsed.der(), &wanted) {
            return Err(Error::Lint(words));
        }
        let der = drawn.params.signed_by(&asked.key, &self.hierarchy.issuing.issuer)?.der().to_vec();
        Ok(IssuedFact {
            serial: crate::serial_of(&der),
            request_id: order.request_id.clone(),
            facility_code: order.facility_code.clone(),
            terminal_name: order.terminal_name.clone(),
            key_hash: asked.key_hash.clone(),
            der,
            issued_at: now,
            not_after,
            revoked_at: None,
            reason: None,
            superseded_by: None,
            profile: profile.key().to_owned(),
            key_kind: asked.kind.key().to_owned(),
            keeper_seen_at: None,
            held_at: None,
            shard: i64::from(drawn.shard),
            replace_from: None,
        })
    }

    /// The subject of a facility's certificates (CA-25).
    pub(crate) fn subject_of(&self, facility_code: &str) -> Result<Subject, Error> {
        let prefecture = FacilityCode::parse(facility_code)
            .ok()
            .and_then(|code| manuals::prefecture_by_code(code.prefecture()))
            .or_else(|| manuals::prefecture_by_code(13))
            .ok_or(Error::Cipher)?;
        Ok(manuals::certificate::subject(facility_code, prefecture))
    }

    /// Keeps a certificate over the caller's key and hands it out.
    pub(crate) async fn keep(&self, made: &IssuedFact, closing: &Closing<'_>) -> Result<Result<Issued, Situation>, Error> {
        match self.store.add_certificate(made, closing).await {
            Ok(true) => Ok(Ok(self.handed_out(made))),
            Ok(false) => self.lost_the_race(closing, &made.key_hash).await,
            Err(error) if error.is_unique_violation() => self.lost_the_race(closing, &made.key_hash).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody was quicker with this order or with what it renews, or this key has a certificate already.
    async fn lost_the_race(&self, closing: &Closing<'_>, key_hash: &str) -> Result<Result<Issued, Situation>, Error> {
        let by_order = self.store.certificate_of(closing.request_id).await?;
        let by_renewal = match closing.renews {
            Some(older) => self.successor_of(older).await?,
            None => None,
        };
        match by_order.or(by_renewal) {
            Some(made) if made.key_hash == key_hash => self.hand_out_again(&made.request_id).await,
            Some(_) if closing.renews.is_some() => Ok(Err(Situation::CertificateSuperseded)),
            Some(_) => Ok(Err(Situation::NoticeUsed)),
            None if self.store.key_is_used(key_hash).await? => Ok(Err(Situation::KeyAlreadyUsed)),
            None if closing.renews.is_some() => Ok(Err(Situation::BlockedTerminal)),
            None => Ok(Err(Situation::NoticeExpired)),
        }
    }

    pub(crate) async fn hand_out_again(&self, request_id: &str) -> Result<Result<Issued, Situation>, Error> {
        match self.store.certificate_of(request_id).await? {
            Some(made) => Ok(Ok(self.handed_out(&made))),
            None => Ok(Err(Situation::NoticeExpired)),
        }
    }

    pub(crate) fn handed_out(&self, made: &IssuedFact) -> Issued {
        let chain = [&self.hierarchy.issuing, &self.hierarchy.client_root].map(|ca| pem_of(&ca.certificate)).concat();
        Issued { certificate: pem_of(&made.der), chain, serial: made.serial.clone(), der: made.der.clone() }
    }

    /// An order for the renewal of a certificate, of the same terminal.
    pub(crate) fn renewal_order(&self, older: &IssuedFact, now: Timestamp) -> Result<crate::orders::NewOrder, Error> {
        self.new_order(Kind::Renewal, (&older.facility_code, &older.terminal_name), Some(&older.serial), now)
    }
}

/// The first block of a PEM text.
#[must_use]
pub fn der_of(pem_text: &str) -> Option<Vec<u8>> {
    pem::parse(pem_text).ok().map(pem::Pem::into_contents)
}

/// The signatures that a request may carry: ECDSA and RSA with SHA-256, SHA-384 and SHA-512.
const SIGNATURES: [&[u8]; 6] = [
    &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
    &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
    &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
    &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11, 5, 0],
    &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 12, 5, 0],
    &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 13, 5, 0],
];

/// Reads a request: the key is the caller's, since its signature fits, and strong. Names and extensions that it wishes are not asked for.
pub(crate) fn read_csr(der: &[u8]) -> Result<Subjected, Situation> {
    let (rest, csr) = X509CertificationRequest::from_der(der).map_err(|_| Situation::BadCsr)?;
    if !rest.is_empty() {
        return Err(Situation::BadCsr);
    }
    let asked = &csr.certification_request_info.subject_pki;
    asked.parsed().map_err(|_| Situation::BadCsr)?;
    let kind = lint::strength(asked).map_err(|_| Situation::WeakKey)?;
    csr.verify_signature().map_err(|_| Situation::BadCsr)?;
    // The reader above is generous with what no signature covers; here a request has one form only.
    let written = SIGNATURES.iter().any(|algorithm| {
        let signature = csr.signature_value.data.as_ref();
        let whole = construct_der(|writer| {
            writer.write_sequence(|parts| {
                parts.next().write_der(csr.certification_request_info.raw);
                parts.next().write_der(algorithm);
                parts.next().write_bitvec_bytes(signature, signature.len() * 8);
            });
        });
        whole == der
    });
    if !written {
        return Err(Situation::BadCsr);
    }
    let key = SubjectPublicKeyInfo::from_der(asked.raw).map_err(|_| Situation::BadCsr)?;
    Ok(Subjected { key, kind, key_hash: fingerprint(asked.raw) })
}
