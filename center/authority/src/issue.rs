//! Turns a certificate notice into a certificate: once for one key, and again for the same key if the answer was lost.

use chassis::db::DbError;
use jiff::Timestamp;
use manuals::situation::Situation;
use rcgen::{CertificateParams, CertificateSigningRequestParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use secrecy::{ExposeSecret, SecretString};
use wire::number::FacilityCode;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use crate::rules::{self, KeyKind, Step};
use crate::{Authority, Error, IssuedFact, NoticeRow, fingerprint, hierarchy, pem_of, pfx};

/// A certificate that a terminal fetched.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The terminal's certificate, PEM.
    pub certificate: String,
    /// The issuing CA and the client root, PEM.
    pub chain: String,
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
}

/// A request whose numbers fit a notice.
struct Proven {
    request_id: String,
    notice: NoticeRow,
}

impl Authority {
    /// Issues over a key that the terminal made and keeps (the default). Asked again with the same key, the same certificate comes back.
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
        let (csr, kind, key_hash) = match read_csr(csr_pem) {
            Ok(read) => read,
            Err(situation) => return Ok(Err(situation)),
        };
        let proven = match self.prove(request_id, reference_id, now).await? {
            Ok(proven) => proven,
            Err(situation) => return Ok(Err(situation)),
        };
        match rules::step(&proven.notice.fact, Some(&key_hash), now) {
            Err(situation) => Ok(Err(situation)),
            Ok(Step::HandOutAgain) => self.hand_out_again(&proven).await,
            Ok(Step::Issue) => {
                let params = self.profile(&proven.notice, kind, now)?;
                let made =
                    CertificateSigningRequestParams { params, public_key: csr.public_key }.signed_by(&self.hierarchy.issuing.issuer)?;
                self.keep(&proven, made.der().to_vec(), key_hash, now).await
            }
        }
    }

    /// Makes key and certificate and puts both into a PKCS#12 file under a four-digit password (CA-15, CA-16). The key is not kept.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn issue_pfx(
        &self,
        request_id: &str,
        reference_id: &SecretString,
        password: &SecretString,
        strength: pfx::Strength,
        now: Timestamp,
    ) -> Result<Result<Vec<u8>, Situation>, Error> {
        if let Err(situation) = rules::pfx_password(password.expose_secret()) {
            return Ok(Err(situation));
        }
        let proven = match self.prove(request_id, reference_id, now).await? {
            Ok(proven) => proven,
            Err(situation) => return Ok(Err(situation)),
        };
        if let Err(situation) = rules::step(&proven.notice.fact, None, now) {
            return Ok(Err(situation));
        }
        // Making an RSA key takes tens of milliseconds: not on the threads that answer.
        let key = tokio::task::spawn_blocking(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048));
        let key = key.await.map_err(|_| Error::Cipher)??;
        let params = self.profile(&proven.notice, KeyKind::Rsa, now)?;
        let made = params.signed_by(&key, &self.hierarchy.issuing.issuer)?.der().to_vec();
        let private_key = Zeroizing::new(key.serialize_der());
        let key_hash = fingerprint(&rcgen::PublicKeyData::subject_public_key_info(&key));
        let (password, name) = (password.clone(), format!("{} {}", proven.notice.facility_code, proven.notice.terminal_name));
        let chain = [made.clone(), self.hierarchy.issuing.certificate.to_vec(), self.hierarchy.client_root.certificate.to_vec()];
        let file = tokio::task::spawn_blocking(move || {
            let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            pfx::write(&pfx::Content { private_key: &private_key, certificates: &certificates, friendly_name: &name }, &password, strength)
        });
        let file = file.await.map_err(|_| Error::Cipher)??;
        match self.keep(&proven, made, key_hash, now).await? {
            Ok(_) => Ok(Ok(file)),
            Err(situation) => Ok(Err(situation)),
        }
    }

    /// Finds the notice and checks the reference id. Unknown request ids and wrong reference ids get the same words.
    async fn prove(&self, request_id: &str, reference_id: &SecretString, now: Timestamp) -> Result<Result<Proven, Situation>, Error> {
        let request_id = request_id.trim();
        let Some(notice) = self.store.notice(request_id).await? else {
            return Ok(Err(Situation::NoticeUnknown));
        };
        if let Err(situation) = rules::may_try(&notice.fact, &self.config, now) {
            return Ok(Err(situation));
        }
        let given = reference_hash(request_id, reference_id);
        if aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), notice.reference_hash.as_bytes()).is_err() {
            self.store.note_guess(request_id, now).await?;
            return Ok(Err(Situation::NoticeUnknown));
        }
        Ok(Ok(Proven { request_id: request_id.to_owned(), notice }))
    }

    fn profile(&self, notice: &NoticeRow, kind: KeyKind, now: Timestamp) -> Result<CertificateParams, Error> {
        let prefecture = FacilityCode::parse(&notice.facility_code)
            .ok()
            .and_then(|code| manuals::prefecture_by_code(code.prefecture()))
            .or_else(|| manuals::prefecture_by_code(13))
            .ok_or(Error::Cipher)?;
        let subject = manuals::certificate::subject(&notice.facility_code, prefecture);
        let until = rules::not_after(&self.config, notice.valid_until, now);
        hierarchy::terminal_profile(&subject, kind == KeyKind::Rsa, now, until)
    }

    async fn keep(&self, proven: &Proven, der: Vec<u8>, key_hash: String, now: Timestamp) -> Result<Result<Issued, Situation>, Error> {
        let made = IssuedFact {
            serial: crate::serial_of(&der),
            facility_code: proven.notice.facility_code.clone(),
            terminal_name: proven.notice.terminal_name.clone(),
            key_hash,
            not_after: rules::not_after(&self.config, proven.notice.valid_until, now),
            der,
            revoked: false,
        };
        match self.store.add_certificate(&proven.request_id, &made, now).await {
            Ok(()) => self.hand_out(&made, now).await,
            Err(error) if error.is_unique_violation() => self.lost_the_race(proven, &made.key_hash).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody was quicker with this notice, or this key has a certificate already.
    async fn lost_the_race(&self, proven: &Proven, key_hash: &str) -> Result<Result<Issued, Situation>, Error> {
        match self.store.certificate_of(&proven.request_id).await? {
            Some(made) if made.key_hash == key_hash => self.hand_out_again(proven).await,
            Some(_) => Ok(Err(Situation::NoticeUsed)),
            None => Ok(Err(Situation::KeyAlreadyUsed)),
        }
    }

    async fn hand_out_again(&self, proven: &Proven) -> Result<Result<Issued, Situation>, Error> {
        match self.store.certificate_of(&proven.request_id).await? {
            Some(made) => self.hand_out(&made, Timestamp::UNIX_EPOCH).await,
            None => Err(DbError::Statement("a notice lost its certificate".into()).into()),
        }
    }

    /// Registers the terminal (again, if the first answer was lost on the way) and hands the certificate out.
    async fn hand_out(&self, made: &IssuedFact, now: Timestamp) -> Result<Result<Issued, Situation>, Error> {
        let terminal = registry::Terminal {
            serial: made.serial.clone(),
            facility_code: made.facility_code.clone(),
            name: made.terminal_name.clone(),
            not_after: made.not_after,
            blocked: false,
        };
        match self.registry.enrol_terminal(&terminal, now).await {
            Ok(()) | Err(registry::Error::Refused(registry::Refusal::Taken(_))) => {}
            Err(error) => return Err(error.into()),
        }
        let chain = [&self.hierarchy.issuing, &self.hierarchy.client_root].map(|ca| pem_of(&ca.certificate)).concat();
        Ok(Ok(Issued { certificate: pem_of(&made.der), chain, serial: made.serial.clone() }))
    }
}

type ReadCsr = (CertificateSigningRequestParams, KeyKind, String);

fn read_csr(text: &str) -> Result<ReadCsr, Situation> {
    let block = pem::parse(text).map_err(|_| Situation::BadCsr)?;
    let der = rustls_pki_types::CertificateSigningRequestDer::from(block.contents());
    // The signature is checked here: the caller holds the key.
    let csr = CertificateSigningRequestParams::from_der(&der).map_err(|_| Situation::BadCsr)?;
    let (_, parsed) = x509_parser::certification_request::X509CertificationRequest::from_der(&der).map_err(|_| Situation::BadCsr)?;
    let key = &parsed.certification_request_info.subject_pki;
    let bits = key.parsed().map_err(|_| Situation::BadCsr)?.key_size();
    let kind = rules::key_kind(&key.algorithm.algorithm.to_id_string(), bits)?;
    Ok((csr, kind, fingerprint(key.raw)))
}

/// Reference ids are kept as hashes, each with its request id, so that a copy of the database fetches no certificate.
pub(crate) fn reference_hash(request_id: &str, reference_id: &SecretString) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(request_id.as_bytes());
    context.update(b"/");
    context.update(reference_id.expose_secret().trim().as_bytes());
    data_encoding::HEXLOWER.encode(context.finish().as_ref())
}
