//! Reads and writes the name under which a certificate's renewal is asked about: key identifier of its issuer and serial number (RFC 9773 §4.1).

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

/// Most bytes of a serial number (RFC 5280 §4.1.2.2).
const LONGEST_SERIAL: usize = 20;

/// Which certificate is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateId {
    /// The key identifier of the CA that made it.
    pub issuer_key: Vec<u8>,
    /// Its serial number, lower-case hexadecimal without leading zeros.
    pub serial: String,
}

impl CertificateId {
    /// Reads `issuer.serial`, both Base64url without padding. `None` when it is something else, a negative serial number too.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (issuer, serial) = text.split_once('.')?;
        let issuer_key = BASE64URL_NOPAD.decode(issuer.as_bytes()).ok()?;
        let serial = BASE64URL_NOPAD.decode(serial.as_bytes()).ok()?;
        let padded = serial.first() == Some(&0) && serial.get(1).is_none_or(|next| *next < 0x80);
        let positive = serial.first().is_some_and(|first| *first < 0x80);
        // One number has one encoding: nobody asks for the same certificate under two names.
        if issuer_key.is_empty() || issuer_key.len() > 64 || !positive || padded || serial.len() > LONGEST_SERIAL + 1 {
            return None;
        }
        let serial = HEXLOWER.encode(&serial).trim_start_matches('0').to_owned();
        Some(Self { issuer_key, serial })
    }

    /// As [`read`](Self::read) takes it; `None` for a serial number that is no hexadecimal number.
    #[must_use]
    pub fn written(&self) -> Option<String> {
        let even = if self.serial.len() % 2 == 1 { format!("0{}", self.serial) } else { self.serial.clone() };
        let mut number = HEXLOWER.decode(even.as_bytes()).ok()?;
        if number.first().is_some_and(|first| *first >= 0x80) {
            number.insert(0, 0);
        }
        Some(format!("{}.{}", BASE64URL_NOPAD.encode(&self.issuer_key), BASE64URL_NOPAD.encode(&number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_example_is_read_and_written() {
        // RFC 9773 §4.1: key identifier 69:88:5B:…, serial number 00:87:65:43:21.
        let text = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
        let read = CertificateId::read(text).unwrap();
        assert_eq!(read.serial, "87654321");
        assert_eq!(HEXLOWER.encode(&read.issuer_key), "69885b6b87464041e1b37b847ba0ae2cde01c8d4");
        assert_eq!(read.written().unwrap(), text);
    }

    #[test]
    fn what_names_no_certificate_is_none() {
        for wrong in ["", ".", "aYhb", "aYhb.", ".AIdl", "aYhb.h2VDIQ", "aYhb.AAAB", "aYhb.AIdlQyE=", "a b.AIdl", "aYhb.AIdl.x", "aYhb.AA"]
        {
            assert_eq!(CertificateId::read(wrong), None, "{wrong}");
        }
    }
}
