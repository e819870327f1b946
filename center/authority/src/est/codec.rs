//! The bodies of EST (RFC 7030 §4): Base64 as RFC 8951 wants it, certificates without a signer (PKCS#7), and an answer of two parts.

use data_encoding::{BASE64, BASE64_MIME};
use yasna::models::ObjectIdentifier;
use yasna::{Tag, construct_der};
use zeroize::Zeroizing;

/// Why a body is no certificate request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// With the lines around it that PEM has and EST has not.
    #[error("PEM の見出し（-----BEGIN …-----）を付けずに、DER を Base64 にした本文だけを送ってください。")]
    Pem,
    /// Something else than Base64.
    #[error("本文が Base64 ではありません。DER の証明書署名要求（PKCS#10）を Base64 にして送ってください。")]
    NotBase64,
}

/// What stands in a body: blanks and line breaks are passed over, whatever `Content-Transfer-Encoding` says (RFC 8951 §3.1).
///
/// # Errors
/// [`BodyError`] says what the body is instead.
pub(super) fn body(bytes: &[u8]) -> Result<Vec<u8>, BodyError> {
    if bytes.trim_ascii_start().starts_with(b"-----") {
        return Err(BodyError::Pem);
    }
    let plain: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(&plain).ok().filter(|content| !content.is_empty()).ok_or(BodyError::NotBase64)
}

/// Base64 in lines, as it goes out.
#[must_use]
pub(super) fn base64(content: &[u8]) -> String {
    BASE64_MIME.encode(content)
}

/// PKCS#7 that signs nothing and carries certificates only (RFC 5652 §5, `certs-only`), DER.
#[must_use]
pub(super) fn certificates_only(certificates: &[&[u8]]) -> Vec<u8> {
    let oid = |parts: &[u64]| ObjectIdentifier::from_slice(parts);
    construct_der(|writer| {
        writer.write_sequence(|content| {
            content.next().write_oid(&oid(&[1, 2, 840, 113_549, 1, 7, 2]));
            content.next().write_tagged(Tag::context(0), |inside| {
                inside.write_sequence(|signed| {
                    signed.next().write_u8(1);
                    signed.next().write_set_of(|_no_algorithms| ());
                    signed.next().write_sequence(|nothing| nothing.next().write_oid(&oid(&[1, 2, 840, 113_549, 1, 7, 1])));
                    signed.next().write_tagged_implicit(Tag::context(0), |held| {
                        held.write_set_of(|set| certificates.iter().for_each(|one| set.next().write_der(one)));
                    });
                    signed.next().write_set_of(|_nobody_signed| ());
                });
            });
        });
    })
}

/// The key (PKCS#8) and its certificate (PKCS#7) as two parts of one answer, and the boundary between them (RFC 7030 §4.4.2). The boundary
/// cannot stand in Base64.
#[must_use]
pub(super) fn key_and_certificate(key: &[u8], pkcs7: &[u8]) -> (Zeroizing<String>, &'static str) {
    const BOUNDARY: &str = "est-key-and-certificate";
    let key = Zeroizing::new(base64(key));
    let part = |kind: &str, content: &str| {
        format!("--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}\r\n")
    };
    let first = Zeroizing::new(part("application/pkcs8", &key));
    let second = part("application/pkcs7-mime; smime-type=certs-only", &base64(pkcs7));
    (Zeroizing::new(format!("{}{second}--{BOUNDARY}--\r\n", first.as_str())), BOUNDARY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_with_and_without_line_breaks_and_named_when_it_is_something_else() {
        let content = vec![0x30; 100];
        assert_eq!(body(base64(&content).as_bytes()), Ok(content.clone()));
        assert_eq!(body(BASE64.encode(&content).as_bytes()), Ok(content));
        assert_eq!(body(b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB"), Err(BodyError::Pem));
        for wrong in [&b""[..], b" \r\n", b"MIIB!", b"MII", &[0x30, 0x82, 1, 0xff]] {
            assert_eq!(body(wrong), Err(BodyError::NotBase64), "{wrong:?}");
        }
    }

    #[test]
    fn certificates_travel_in_the_order_that_der_demands() {
        // Two "certificates": a set is written in the order of its encoded bytes.
        let (small, large) = ([0x30, 1, 5], [0x30, 2, 5, 5]);
        let both = certificates_only(&[&large, &small]);
        assert_eq!(both, certificates_only(&[&small, &large]));
        let at = |one: &[u8]| both.windows(one.len()).position(|part| part == one).unwrap();
        assert!(at(&small) < at(&large));
    }

    #[test]
    fn key_and_certificate_are_two_parts() {
        let (text, boundary) = key_and_certificate(b"key", b"certificate");
        assert_eq!(text.matches(&format!("--{boundary}\r\n")).count(), 2);
        assert!(text.ends_with(&format!("--{boundary}--\r\n")));
        assert!(text.contains("Content-Type: application/pkcs8\r\n") && text.contains("smime-type=certs-only\r\n"));
        assert!(text.find("a2V5").unwrap() < text.find("Y2VydGlmaWNhdGU=").unwrap());
    }
}
