//! Clocks that are wrong, on either side: a certificate counts by the center's own time, and only within its own.

use chassis::on_both;
use chassis::tls::{PeerCertificate, judge, trust_anchors};
use jiff::SignedDuration;
use rcgen::PKCS_ECDSA_P256_SHA256;

use crate::town::{Town, csr, now};

on_both!(
    /// Rows: CA-31
    a_certificate_is_refused_before_and_after_its_time_and_again_good_when_the_clock_is_set_right,
    async |place| {
        let town = Town::begin(place).await;
        let notice = town.notice().await;
        let (_, request) = csr(&PKCS_ECDSA_P256_SHA256);
        let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
        let text = format!("{}{}", issued.certificate, issued.chain);
        let chain: Vec<_> = pem::parse_many(text).unwrap().into_iter().map(|block| block.into_contents().into()).collect();
        let roots = trust_anchors(&town.authority.client_roots()).unwrap();
        let judged = |days: i64, minutes: i64| {
            let at = now() + SignedDuration::from_hours(24 * days) + SignedDuration::from_mins(minutes);
            judge(&chain, &roots, at)
        };
        let serial = || issued.serial.as_str().into();
        assert_eq!(judged(0, 0), PeerCertificate::Trusted { serial: serial() });
        // A center whose clock is a few minutes behind still takes what another copy has just issued.
        assert_eq!(judged(0, -4), PeerCertificate::Trusted { serial: serial() });
        assert_eq!(judged(-2, 0), PeerCertificate::OutOfTime { serial: serial() });
        assert_eq!(judged(20 * 365, 0), PeerCertificate::OutOfTime { serial: serial() });
        assert_eq!(judged(0, 0), PeerCertificate::Trusted { serial: serial() });
    }
);
