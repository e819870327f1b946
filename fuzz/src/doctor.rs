//! What holds of anything that the doctor reads: texts of the system's programs, answers of the network, and recordings that strangers send.

use clinic::doctor::probe::{lists, packet, page, status, time, trust};
use clinic::doctor::recording::{Family, Outcome};
use clinic::doctor::system::programs::{LINUX, WINDOWS};
use clinic::doctor::system::{Texts, linux, text, windows};
use clinic::doctor::{Diagnosis, Recording};
use jiff::Timestamp;

fn now() -> Timestamp {
    Timestamp::constant(1_800_000_000, 0)
}

/// The first byte chooses the program, the rest is what it said: whatever it is, the machine is read, and what leaves of it says no more when it is masked
/// again.
pub fn system_text(bytes: &[u8]) {
    let Some((first, said)) = bytes.split_first() else { return };
    let sources: Vec<_> = WINDOWS.into_iter().chain(LINUX).collect();
    let source = &sources[usize::from(*first) % sources.len()];
    let said = text::decode(said);
    let masked = text::redacted(&said);
    assert_eq!(text::redacted(&masked), masked);
    let mut texts = Texts::default();
    texts.put(source.file, said);
    for machine in [windows::machine(&texts, Some("1310099999")), linux::machine(&texts)] {
        assert!(machine.resolvers.len() <= 10_000);
        for credential in machine.credentials.into_iter().flatten() {
            assert!(
                credential.user.is_empty() || credential.user == "OQS_Admin" || credential.user.chars().skip(2).all(|sign| sign == '*')
            );
        }
    }
}

/// The first byte chooses who answers, the rest is the answer: nothing falls over, nothing is longer than it may be.
pub fn network_answer(bytes: &[u8]) {
    let Some((first, answer)) = bytes.split_first() else { return };
    match first % 5 {
        0 => {
            let id = answer.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
            for family in [Family::V6, Family::V4] {
                if let Some(read) = packet::read(answer, id, "www.clinic.test", family) {
                    assert!(read.addresses.len() * 4 <= answer.len());
                }
            }
        }
        1 => {
            let token = answer.get(24..32).and_then(|token| token.try_into().ok()).unwrap_or_default();
            let _offset = time::read(answer, token, now(), now());
        }
        2 => {
            let words = page::words(&String::from_utf8_lossy(answer));
            let _known = page::known(&words);
            assert!(page::shortened(&words, 2048).len() <= 2048);
        }
        3 => {
            let _listed = lists::stands_in(answer, &[1, 2, 3]);
            let chain = [answer.to_vec().into()];
            let judged = trust::judge(&chain, "www.clinic.test", &trust::Trust::default(), now());
            assert!(!trust::is_good(&judged, now()), "nobody is trusted");
        }
        _ => {
            if let Some(Outcome::Status { rooms, .. }) = status::read(answer, &manuals::Region::ALL) {
                assert!(rooms.len() <= wire::status::MAX_ENTRIES);
            }
        }
    }
}

/// A recording says the same when it is written and read again, and can be judged.
pub fn recording(bytes: &[u8]) {
    let Ok(mut recording) = Recording::read(bytes) else { return };
    assert_eq!(Recording::read(recording.write().as_bytes()).as_ref(), Ok(&recording));
    recording.redact();
    let diagnosis = Diagnosis::of(&recording);
    assert!(diagnosis.exit_code() <= 4);
}
