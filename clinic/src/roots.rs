//! Holds the center's roots against the fingerprints that reached this machine on another way.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use x509_parser::pem::Pem;

/// Why the roots are not trusted.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file is not there or cannot be read.
    #[error("ルート証明書 {path} を読めません（{source}）。センターから受け取ったファイルを置いてください。")]
    Unreadable {
        /// The roots file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file holds no certificate in PEM.
    #[error("{path} に PEM 形式の証明書がありません。センターから受け取ったファイルか確かめてください。")]
    Empty {
        /// The roots file.
        path: PathBuf,
    },
    /// A root that nobody vouched for.
    #[error(
        "{path} に、設定の root_fingerprints にないルート証明書があります。指紋（SHA-256）は {found} です。\
         センターから紙などで受け取った指紋と一致するときだけ、設定に書き加えてください。一致しないときは使わず、センターへ連絡してください。"
    )]
    NotPinned {
        /// The roots file.
        path: PathBuf,
        /// The fingerprint of the certificate found.
        found: String,
    },
}

/// The roots file's bytes, if every certificate in it is one of the `pinned` (hexadecimal, any case, colons and blanks allowed).
///
/// # Errors
/// [`RootsError`] shows the fingerprint that was found.
pub fn trusted(path: &Path, pinned: &[String]) -> Result<Vec<u8>, RootsError> {
    let pem = std::fs::read(path).map_err(|source| RootsError::Unreadable { path: path.to_owned(), source })?;
    let pinned: Vec<String> = pinned.iter().map(|text| plain(text)).collect();
    let mut found = 0;
    for certificate in Pem::iter_from_buffer(&pem) {
        let Ok(certificate) = certificate else { return Err(RootsError::Empty { path: path.to_owned() }) };
        let print = fingerprint(&certificate.contents);
        if !pinned.contains(&print) {
            return Err(RootsError::NotPinned { path: path.to_owned(), found: print });
        }
        found += 1;
    }
    if found == 0 { Err(RootsError::Empty { path: path.to_owned() }) } else { Ok(pem) }
}

/// A root as people compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub name: String,
    /// SHA-256, lower-case hexadecimal.
    pub fingerprint: String,
    /// Its last moment.
    pub until: Timestamp,
    /// Whether it stands among the pinned ones.
    pub pinned: bool,
}

/// The roots in a PEM text, in its order; what is no certificate is left out.
#[must_use]
pub fn list(pem: &[u8], pinned: &[String]) -> Vec<Root> {
    let pinned: Vec<String> = pinned.iter().map(|text| plain(text)).collect();
    let certificates = Pem::iter_from_buffer(pem).filter_map(Result::ok);
    let root = |pem: Pem| {
        let certificate = pem.parse_x509().ok()?;
        let fingerprint = fingerprint(&pem.contents);
        Some(Root {
            name: certificate.subject().to_string(),
            pinned: pinned.contains(&fingerprint),
            until: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
            fingerprint,
        })
    };
    certificates.filter_map(root).collect()
}

/// SHA-256 of a certificate in DER, 64 lower-case hexadecimal digits.
#[must_use]
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, der).as_ref())
}

fn plain(fingerprint: &str) -> String {
    fingerprint.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> rcgen::Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec!["root".to_owned()]).unwrap().self_signed(&key).unwrap()
    }

    #[test]
    fn a_root_known_by_its_fingerprint_is_trusted_however_the_fingerprint_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let root = root();
        std::fs::write(&path, root.pem()).unwrap();
        let print = fingerprint(root.der());
        let paper = print.to_uppercase().as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect::<Vec<_>>();
        assert_eq!(trusted(&path, &[print]).unwrap(), root.pem().into_bytes());
        assert!(trusted(&path, &[paper.join(":")]).is_ok());
    }

    #[test]
    fn one_stranger_among_the_roots_is_shown_with_its_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let (known, stranger) = (root(), root());
        std::fs::write(&path, format!("{}{}", known.pem(), stranger.pem())).unwrap();
        let said = trusted(&path, &[fingerprint(known.der())]).unwrap_err().to_string();
        assert!(said.contains(&fingerprint(stranger.der())) && !said.contains(&fingerprint(known.der())), "{said}");
        assert!(matches!(trusted(&path, &[]), Err(RootsError::NotPinned { .. })));
    }

    #[test]
    fn a_file_without_certificates_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        std::fs::write(&path, "これは証明書ではありません").unwrap();
        assert!(matches!(trusted(&path, &[]), Err(RootsError::Empty { .. })));
        assert!(matches!(trusted(&folder.path().join("none"), &[]), Err(RootsError::Unreadable { .. })));
    }
}
