//! Reads the signed requests of ACME (JWS, RFC 7515, in the form of RFC 8555 §6.2) and says whether their signatures hold.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use super::problem::{Kind, Problem};

/// The algorithms by which requests may be signed.
pub(crate) const ALGORITHMS: [&str; 3] = ["ES256", "RS256", "EdDSA"];

/// Bits of an RSA key that may belong to an account.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A request as it came: three texts, nothing more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    protected: String,
    payload: String,
    signature: String,
}

/// What stands in the protected header.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    alg: String,
    nonce: Option<String>,
    url: Option<String>,
    kid: Option<String>,
    jwk: Option<serde_json::Value>,
    crit: Option<serde_json::Value>,
}

/// By what a request names the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The key itself.
    Key(PublicKey),
    /// The address of an account, or the number of a binding.
    Known(String),
}

/// A request whose form is right and whose signature was not looked at yet.
#[derive(Debug)]
pub(crate) struct Unproven {
    alg: String,
    signed: Vec<u8>,
    signature: Vec<u8>,
    /// Who says to have signed.
    pub(crate) signer: Signer,
    /// The number against repetition, where there is one.
    pub(crate) nonce: Option<String>,
    /// Where the request was meant to go.
    pub(crate) url: String,
    /// What was signed.
    pub(crate) payload: Vec<u8>,
}

/// A public key that can sign requests, in the canonical form of RFC 7638.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    canonical: String,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    P256([u8; 65]),
    Ed25519([u8; 32]),
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// The members of a JSON web key that matter here; those of a private key are looked for to warn their owner.
#[derive(Deserialize)]
struct WebKey {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<serde_json::Value>,
    k: Option<serde_json::Value>,
}

impl Unproven {
    /// Reads a request's body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body).map_err(|_| malformed("要求が UTF-8 ではありません。"))?;
        let form: Flattened = serde_json::from_str(text)
            .map_err(|_| malformed("要求が、protected・payload・signature の三つだけを持つ JWS（flattened JSON）ではありません。"))?;
        let protected = base64(&form.protected, "protected")?;
        let header: Header = serde_json::from_slice(&protected).map_err(|_| malformed("JWS の protected が読めません。"))?;
        if header.crit.is_some() {
            return Err(malformed("JWS の crit には対応していません。"));
        }
        let signer = match (header.jwk, header.kid) {
            (Some(key), None) => Signer::Key(PublicKey::read(&key)?),
            (None, Some(name)) => Signer::Known(name),
            _ => return Err(malformed("JWS の protected には jwk と kid のどちらか一つだけを書いてください。")),
        };
        Ok(Self {
            alg: header.alg,
            signed: [form.protected.as_bytes(), b".", form.payload.as_bytes()].concat(),
            signature: base64(&form.signature, "signature")?,
            signer,
            nonce: header.nonce,
            url: header.url.ok_or_else(|| malformed("JWS の protected に url がありません。"))?,
            payload: base64(&form.payload, "payload")?,
        })
    }

    /// Whether the algorithm is one of ours and the key made this signature.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), Problem> {
        if !ALGORITHMS.contains(&self.alg.as_str()) {
            return Err(Problem::new(
                Kind::BadSignatureAlgorithm,
                "この署名アルゴリズムには対応していません。ES256・RS256・EdDSA のどれかを使ってください。",
            ));
        }
        if key.algorithm() != self.alg {
            return Err(malformed("JWS の alg と鍵の種類が合いません。"));
        }
        if key.made(&self.signed, &self.signature) { Ok(()) } else { Err(malformed("JWS の署名が合いません。")) }
    }

    /// Whether this was made with the secret of a binding (HS256, RFC 8555 §7.3.4).
    pub(crate) fn verify_mac(&self, secret: &[u8]) -> Result<(), Problem> {
        if self.alg != "HS256" {
            return Err(Problem::new(Kind::BadSignatureAlgorithm, "externalAccountBinding の署名は HS256 にしてください。"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, &self.signed, &self.signature)
            .map_err(|_| unbound("通知書の EAB の鍵が合いません。通知書の「EAB Key ID」と「EAB HMAC Key」をもう一度確かめてください。"))
    }
}

impl PublicKey {
    /// Reads a JSON web key.
    pub(crate) fn read(value: &serde_json::Value) -> Result<Self, Problem> {
        let key = WebKey::deserialize(value).map_err(|_| bad_key("jwk が読めません。"))?;
        if key.d.is_some() || key.k.is_some() {
            return Err(bad_key("jwk に秘密の部分が入っています。この鍵は知られたものとして捨て、新しい鍵を作ってください。"));
        }
        let part = |value: Option<String>| {
            value.and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok()).ok_or_else(|| bad_key("jwk の値が読めません。"))
        };
        let shown = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match (key.kty.as_str(), key.crv.as_deref()) {
            ("EC", Some("P-256")) => {
                let (x, y) = (part(key.x)?, part(key.y)?);
                let mut point = [4_u8; 65];
                let whole = [&x[..], &y[..]].concat();
                if x.len() != 32 || y.len() != 32 {
                    return Err(bad_key("P-256 の座標は 32 バイトずつです。"));
                }
                for (place, byte) in point.iter_mut().skip(1).zip(whole) {
                    *place = byte;
                }
                let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, shown(&x), shown(&y));
                Ok(Self { canonical, material: Material::P256(point) })
            }
            ("OKP", Some("Ed25519")) => {
                let x: [u8; 32] = part(key.x)?.try_into().map_err(|_| bad_key("Ed25519 の鍵は 32 バイトです。"))?;
                let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, shown(&x));
                Ok(Self { canonical, material: Material::Ed25519(x) })
            }
            ("RSA", None) => Self::rsa(&part(key.n)?, &part(key.e)?),
            _ => Err(bad_key("アカウントの鍵は P-256、Ed25519、RSA（2048 から 4096 ビット）のどれかにしてください。")),
        }
    }

    fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Problem> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            return Err(bad_key("RSA のアカウントの鍵は 2048 から 4096 ビットにしてください。"));
        }
        let odd = exponent.last().is_some_and(|last| last % 2 == 1);
        let unusual = exponent.len() > 4 || exponent.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)) < 65_537;
        if !odd || unusual {
            return Err(bad_key("RSA の公開指数は 65537 以上の小さな奇数（ふつうは 65537）にしてください。"));
        }
        let shown = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, shown(&exponent), shown(&modulus));
        Ok(Self { canonical, material: Material::Rsa { modulus, exponent } })
    }

    /// The key as [`read`](Self::read) takes it again.
    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The key's thumbprint (RFC 7638), Base64url.
    pub(crate) fn thumbprint(&self) -> String {
        BASE64URL_NOPAD.encode(digest(&SHA256, self.canonical.as_bytes()).as_ref())
    }

    /// Whether a certificate request's public key (the bits of its `subjectPublicKey`) is this very key.
    pub(crate) fn is_the_key_in(&self, subject_public_key: &[u8]) -> bool {
        match &self.material {
            Material::P256(point) => point.as_slice() == subject_public_key,
            Material::Ed25519(key) => key.as_slice() == subject_public_key,
            Material::Rsa { modulus, .. } => {
                // RSAPublicKey is a sequence of two numbers; no other key's encoding holds this modulus.
                subject_public_key.windows(modulus.len()).any(|part| part == modulus.as_slice())
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.material {
            Material::P256(_) => "ES256",
            Material::Ed25519(_) => "EdDSA",
            Material::Rsa { .. } => "RS256",
        }
    }

    fn made(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok(),
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            Material::Rsa { modulus, exponent } => {
                PublicKeyComponents { n: modulus, e: exponent }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

fn without_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

fn base64(text: &str, member: &str) -> Result<Vec<u8>, Problem> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| malformed(&format!("JWS の {member} が、詰め文字（=）の無い Base64url ではありません。")))
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Kind::Malformed, detail)
}

fn bad_key(detail: &str) -> Problem {
    Problem::new(Kind::BadPublicKey, detail)
}

fn unbound(detail: &str) -> Problem {
    Problem::new(Kind::Unauthorized, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 7638 §3.1, whose example has a key of 2048 bits.
    const EXAMPLE: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn the_thumbprint_of_the_standards_example_comes_out() {
        let key = PublicKey::read(&json!({ "kty": "RSA", "n": EXAMPLE, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" })).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(PublicKey::read(&serde_json::from_str(key.canonical()).unwrap()).unwrap(), key);
    }

    #[test]
    fn the_signature_of_the_standards_ed25519_example_holds_and_no_other_does() {
        // RFC 8037 A.4, with the header as it stands there.
        let key = PublicKey::read(&json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })).unwrap();
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let mut request = Unproven {
            alg: "EdDSA".to_owned(),
            signed: b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_vec(),
            signature: BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap(),
            signer: Signer::Key(key.clone()),
            nonce: None,
            url: String::new(),
            payload: Vec::new(),
        };
        assert_eq!(request.verify(&key), Ok(()));
        request.signed[3] ^= 1;
        assert_eq!(request.verify(&key).unwrap_err().kind(), Kind::Malformed);
    }

    #[test]
    fn weak_private_and_strange_keys_are_no_account_keys() {
        let short = BASE64URL_NOPAD.encode(&[0xff; 128]);
        let keys = [
            json!({ "kty": "RSA", "n": short, "e": "AQAB" }),
            json!({ "kty": "RSA", "n": EXAMPLE, "e": "Aw" }),
            json!({ "kty": "RSA", "n": EXAMPLE, "e": "AQAA" }),
            json!({ "kty": "RSA", "n": EXAMPLE, "e": "AQAB", "d": "AA" }),
            json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" }),
            json!({ "kty": "oct", "k": "AA" }),
            json!("a key"),
        ];
        for key in keys {
            assert_eq!(PublicKey::read(&key).unwrap_err().kind(), Kind::BadPublicKey, "{key}");
        }
    }
}
