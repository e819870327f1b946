//! Holds a certificate against its profile's rules before the CA signs it: what is read here is the finished text, under a throw-away key.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use crate::profile::{Addresses, Names, Profile, Profiles, Purpose, Rules, Usage};
use crate::rules::{self, KeyKind};

/// What a certificate must be, as the order and the CA say.
pub(crate) struct Wanted<'a> {
    pub(crate) profiles: &'a Profiles,
    pub(crate) profile: &'a Profile,
    pub(crate) facility_code: &'a str,
    /// The key that was proven or made, DER.
    pub(crate) key: &'a [u8],
    /// The CA's name, DER.
    pub(crate) issuer: &'a [u8],
    pub(crate) issuer_ends: Timestamp,
    pub(crate) shard: u32,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

/// The first rule that a certificate breaks, in words for the log; nothing if it may be signed.
pub(crate) fn broken(der: &[u8], wanted: &Wanted<'_>) -> Option<String> {
    let Ok((rest, certificate)) = x509_parser::parse_x509_certificate(der) else {
        return Some("it cannot be read".to_owned());
    };
    let rules = wanted.profiles.of(wanted.profile);
    let judged = [
        ("bytes follow it", rest.is_empty()),
        ("it is not of version 3", certificate.version() == X509Version::V3),
        (
            "its serial number is not positive, or below 64 bits, or above 20 bytes",
            serial_is_good(certificate.tbs_certificate.raw_serial()),
        ),
        ("its issuer is not the CA", certificate.issuer().as_raw() == wanted.issuer),
        ("its time is not the order's", time_is_good(&certificate, wanted, rules)),
        ("its subject is not of the layout", subject_is_good(&certificate, wanted.facility_code, rules)),
        ("its key is another", certificate.public_key().raw == wanted.key),
        ("its extensions are not the profile's", extensions_are_good(&certificate, wanted, rules)),
    ];
    if let Some((words, _)) = judged.into_iter().find(|(_, good)| !good) {
        return Some(words.to_owned());
    }
    match strength(certificate.public_key()) {
        Ok(kind) if rules.keys.iter().any(|key| key == kind.key()) => None,
        Ok(_) => Some("its key is of a kind that the profile does not have".to_owned()),
        Err(words) => Some(words.to_owned()),
    }
}

/// Positive, with nothing superfluous before it, 64 bits or more, 20 bytes or fewer (RFC 5280, 4.1.2.2).
fn serial_is_good(serial: &[u8]) -> bool {
    let negative = serial.first().is_none_or(|first| *first >= 0x80);
    let significant = serial.iter().skip_while(|byte| **byte == 0).count();
    !negative && (8..=20).contains(&significant) && serial.len() <= 20
}

fn time_is_good(certificate: &X509Certificate<'_>, wanted: &Wanted<'_>, rules: &Rules) -> bool {
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let now = wanted.now.as_second();
    from == now - crate::hierarchy::BEFORE_NOW.as_secs()
        && until == wanted.until.as_second()
        && until > now
        && until <= wanted.issuer_ends.as_second()
        && until - now <= rules::days(rules.longest_days).as_secs()
}

fn subject_is_good(certificate: &X509Certificate<'_>, facility_code: &str, rules: &Rules) -> bool {
    let short = |oid: &str| match oid {
        "2.5.4.6" => "C",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.3" => "CN",
        _ => "?",
    };
    let parts: Vec<&str> = certificate.subject().iter_attributes().map(|part| short(&part.attr_type().to_id_string())).collect();
    let names: Vec<&str> = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).collect();
    let filled = certificate.subject().iter_attributes().all(|part| part.as_str().is_ok_and(|text| !text.trim().is_empty()));
    parts == rules.subject && names == [facility_code] && filled
}

fn extensions_are_good(certificate: &X509Certificate<'_>, wanted: &Wanted<'_>, rules: &Rules) -> bool {
    let Ok(Some(strength)) = strength(certificate.public_key()).map(Some) else { return true };
    let mut seen = Vec::new();
    let good = certificate.extensions().iter().all(|extension| {
        let oid = extension.oid.to_id_string();
        let new = !seen.contains(&oid);
        seen.push(oid);
        new && match extension.parsed_extension() {
            ParsedExtension::KeyUsage(usage) => extension.critical && usage.flags == flags(rules.usages(strength)),
            ParsedExtension::ExtendedKeyUsage(purposes) => {
                rules.purposes() == [Purpose::ClientAuth]
                    && purposes.client_auth
                    && !(purposes.any || purposes.server_auth || purposes.code_signing || purposes.email_protection)
                    && !(purposes.time_stamping || purposes.ocsp_signing)
                    && purposes.other.is_empty()
            }
            ParsedExtension::SubjectAlternativeName(names) => match (rules.names, names.general_names.as_slice(), wanted.profile.dns()) {
                (Names::OneDns, [GeneralName::DNSName(name)], Some(dns)) => *name == dns,
                _ => false,
            },
            ParsedExtension::CRLDistributionPoints(points) => {
                let list = Addresses::url(&wanted.profiles.addresses.shard(wanted.shard));
                matches!(points.points.as_slice(), [point] if matches!(&point.distribution_point,
                    Some(DistributionPointName::FullName(names)) if matches!(names.as_slice(), [GeneralName::URI(url)] if *url == list)))
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                let ocsp = Addresses::url(&wanted.profiles.addresses.ocsp);
                access.accessdescs.iter().any(|entry| matches!(&entry.access_location, GeneralName::URI(url) if *url == ocsp))
            }
            ParsedExtension::AuthorityKeyIdentifier(issuer) => issuer.key_identifier.is_some() && !extension.critical,
            ParsedExtension::SubjectKeyIdentifier(_) => !extension.critical,
            ParsedExtension::BasicConstraints(constraints) => !constraints.ca,
            _ => false,
        }
    });
    // Key usage, its purposes, the list, the answers, whose key it is and whose signed it; and the name where the profile has one.
    let needed = ["2.5.29.15", "2.5.29.37", "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.5.29.14", "2.5.29.35"];
    let named = rules.names == Names::None || seen.iter().any(|oid| oid == "2.5.29.17");
    good && named && needed.iter().all(|oid| seen.iter().any(|found| found == oid))
}

fn flags(usages: &[Usage]) -> u16 {
    usages.iter().fold(0, |flags, usage| {
        flags
            | match usage {
                Usage::DigitalSignature => 1,
                Usage::KeyEncipherment => 1 << 2,
            }
    })
}

/// The kind of a key that may be signed.
///
/// # Errors
/// Words for the log that say what is weak.
pub(crate) fn strength(key: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, &'static str> {
    let parsed = key.parsed().map_err(|_| "its key cannot be read")?;
    let kind = rules::key_kind(&key.algorithm.algorithm.to_id_string(), parsed.key_size())
        .map_err(|_| "its key is of a kind or size that is refused")?;
    match (kind, parsed) {
        (KeyKind::Rsa, PublicKey::RSA(rsa)) => rsa_strength(&rsa).map(|()| kind),
        (KeyKind::P256, PublicKey::EC(point)) => {
            // Other curves of 256 bits are told from P-256 by their names.
            let curve = key.algorithm.parameters.as_ref().and_then(|named| named.as_oid().ok()).map(|oid| oid.to_id_string());
            let whole = point.data().len() == 65 && point.data().first() == Some(&4);
            if curve.as_deref() == Some("1.2.840.10045.3.1.7") && whole { Ok(kind) } else { Err("its key is on another curve") }
        }
        _ => Err("its key is of a kind or size that is refused"),
    }
}

/// Small primes, and for those of them that the ROCA keys of 2017 betray, that test: the modulus lies among the powers of 65537.
const SMALL_PRIMES: &[u32] = &[
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137,
    139, 149, 151, 157, 163, 167,
];

fn rsa_strength(key: &RSAPublicKey<'_>) -> Result<(), &'static str> {
    let exponent = key.try_exponent().map_err(|_| "its exponent is too large")?;
    if exponent < 65_537 || exponent % 2 == 0 {
        return Err("its exponent is too small or even");
    }
    let remainder = |by: u32| key.modulus.iter().fold(0_u32, |left, byte| (left * 256 + u32::from(*byte)) % by);
    if remainder(2) == 0 || SMALL_PRIMES.iter().any(|prime| remainder(*prime) == 0) {
        return Err("its modulus has a small factor");
    }
    if SMALL_PRIMES.iter().all(|prime| is_power_of_65537(remainder(*prime), *prime)) {
        return Err("its key was made by a broken generator (ROCA)");
    }
    Ok(())
}

fn is_power_of_65537(number: u32, prime: u32) -> bool {
    let generator = 65_537 % prime;
    let mut power = 1 % prime;
    for _ in 0..prime {
        if power == number {
            return true;
        }
        power = power * generator % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::FromDer;
    use yasna::construct_der;
    use yasna::models::ObjectIdentifier;

    /// A public RSA key with this modulus and exponent.
    fn rsa(modulus: &[u8], exponent: u64) -> Vec<u8> {
        let key = construct_der(|writer| {
            writer.write_sequence(|parts| {
                parts.next().write_bigint_bytes(modulus, true);
                parts.next().write_u64(exponent);
            });
        });
        construct_der(|writer| {
            writer.write_sequence(|parts| {
                parts.next().write_sequence(|algorithm| {
                    algorithm.next().write_oid(&ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 1]));
                    algorithm.next().write_null();
                });
                parts.next().write_bitvec_bytes(&key, key.len() * 8);
            });
        })
    }

    fn judged(spki: &[u8]) -> Result<KeyKind, &'static str> {
        strength(&SubjectPublicKeyInfo::from_der(spki).unwrap().1)
    }

    #[test]
    fn weak_rsa_keys_are_told_by_exponent_small_factors_and_the_mark_of_a_broken_generator() {
        let good = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        assert_eq!(judged(&rcgen::PublicKeyData::subject_public_key_info(&good)), Ok(KeyKind::Rsa));
        let spki = rcgen::PublicKeyData::subject_public_key_info(&good);
        let (_, parsed) = SubjectPublicKeyInfo::from_der(&spki).unwrap();
        let Ok(PublicKey::RSA(key)) = parsed.parsed() else { panic!("no RSA key") };
        let modulus = key.modulus.strip_prefix(&[0]).unwrap_or(key.modulus).to_vec();
        assert_eq!(judged(&rsa(&modulus, 3)), Err("its exponent is too small or even"));
        assert_eq!(judged(&rsa(&modulus, 65_538)), Err("its exponent is too small or even"));
        let mut even = modulus.clone();
        *even.last_mut().unwrap() &= 0xfe;
        assert_eq!(judged(&rsa(&even, 65_537)), Err("its modulus has a small factor"));
        // 2048 bits that are a power of 65537 to every small prime, as the keys of 2017 were: 1 more than a multiple of all of them.
        let mut marked = vec![0_u8; 256];
        marked[0] = 0xc0;
        let remainder = |number: &[u8], by: u32| number.iter().fold(0_u32, |left, byte| (left * 256 + u32::from(*byte)) % by);
        let add = |number: &mut Vec<u8>, more: u128| {
            let mut carry = more;
            for byte in number.iter_mut().rev() {
                carry += u128::from(*byte);
                *byte = u8::try_from(carry & 0xff).unwrap();
                carry >>= 8;
            }
        };
        // By the Chinese remainder theorem, prime after prime: what was reached stays, since only multiples of the primes before are added.
        let mut step = vec![0_u8; 256];
        step[255] = 2;
        add(&mut marked, 1);
        for prime in SMALL_PRIMES {
            while remainder(&marked, *prime) != 1 {
                let mut carry = 0_u16;
                for (byte, more) in marked.iter_mut().rev().zip(step.iter().rev()) {
                    let sum = u16::from(*byte) + u16::from(*more) + carry;
                    *byte = u8::try_from(sum & 0xff).unwrap();
                    carry = sum >> 8;
                }
            }
            let mut carry = 0_u32;
            for byte in step.iter_mut().rev() {
                let product = u32::from(*byte) * prime + carry;
                *byte = u8::try_from(product & 0xff).unwrap();
                carry = product >> 8;
            }
        }
        assert_eq!(judged(&rsa(&marked, 65_537)), Err("its key was made by a broken generator (ROCA)"));
    }
}
