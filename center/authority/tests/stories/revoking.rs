//! A revoked certificate is refused at once and stands on every later list.

use authority::Reason;
use chassis::on_both;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use manuals::situation::Situation;
use rcgen::PKCS_ECDSA_P256_SHA256;
use registry::Demand;

use crate::town::{Town, csr, now};

on_both!(
    /// Rows: CA-23
    a_revoked_certificate_is_refused_at_once_and_stands_on_every_later_list,
    async |place| {
        let town = Town::begin(place).await;
        let notice = town.notice().await;
        let (_, request) = csr(&PKCS_ECDSA_P256_SHA256);
        let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
        let numbers = |list: &str| {
            let block = pem::parse(list).unwrap();
            let (_, parsed) = x509_parser::parse_x509_crl(block.contents()).unwrap();
            let serials: Vec<String> =
                parsed.iter_revoked_certificates().map(|entry| chassis::tls::serial_text(entry.raw_serial())).collect();
            (parsed.crl_number().unwrap().to_string(), serials)
        };
        let before = numbers(&town.authority.revocation_list(now()).await.unwrap());
        assert_eq!(before.1, Vec::<String>::new());
        town.authority.revoke(&issued.serial.to_uppercase(), Reason::Unspecified, now()).await.unwrap();
        town.authority.revoke(&issued.serial, Reason::Unspecified, now()).await.unwrap();
        let after = numbers(&town.authority.revocation_list(now()).await.unwrap());
        assert_eq!(after.1, vec![issued.serial.clone()]);
        assert!(after.0 > before.0, "{} {}", after.0, before.0);
        assert!(town.authority.certificates().await.unwrap()[0].revoked_at.is_some());
        let caller = Caller {
            address: "127.0.0.1".parse().unwrap(),
            host: "host".into(),
            certificate: PeerCertificate::Trusted { serial: issued.serial.as_str().into() },
        };
        let demand = Demand { certificate: true, session: false };
        // The line is asked first, and this town has none: the terminal's own state is what is looked at here.
        assert_eq!(town.registry.enter(&caller, None, demand, now()).await.unwrap(), Err(Situation::UnadmittedLine));
        assert!(town.registry.terminals(None).await.unwrap()[0].blocked);
        assert!(town.authority.revoke("ffff", Reason::Unspecified, now()).await.is_err());
    }
);
