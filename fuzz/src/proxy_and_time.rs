//! What holds of any input at the forward proxy, the time server and the readers of snapshots: attacked by the fuzz targets, checked over the
//! corpora by the stories of the network room.

use chassis::signed::PublicKey;
use jiff::{SignedDuration, Timestamp};
use manuals::proxy::{Seen, Way};
use network::proxy::Config;
use network::proxy::rules::{AllowList, Decision, Situated, decide};
use network::snapshot::View;
use network::time::packet::{LENGTH, Question};
use wire::snapshot::Snapshot;

fn now() -> Timestamp {
    Timestamp::constant(1_784_073_600, 0)
}

/// Whatever is asked of the proxy, only hosts of the list are reached, on their ports, and none that goes past the proxy.
pub fn proxy_request(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((method, uri)) = text.trim_end().split_once(' ') else { return };
    let (Ok(method), Ok(uri)) = (method.parse(), uri.parse()) else { return };
    let admitted = vec!["2408:210:aaaa:bb00::/64".parse().expect("a prefix")];
    let valid_until = now() + SignedDuration::from_hours(1);
    let view = View::new(Snapshot { number: 1, made_at: now(), valid_until, closures: Vec::new(), admitted });
    let list = AllowList::new(&Config::default());
    let caller = "2408:210:aaaa:bb00::1".parse().expect("an address");
    let known = Situated { list: &list, view: Some(&view), caller, crowded: false, now: now() };
    match decide(&method, &uri, &known) {
        Decision::Tunnel { target, private } | Decision::Fetch { target, private } => {
            let mut fitting = manuals::proxy::sheet().destination.iter().filter(|known| manuals::proxy::fits(known.host, &target.host));
            assert!(fitting.any(|known| known.ports.contains(&target.port)) && !private, "{target:?}");
            assert_eq!(manuals::proxy::bypassed_by(&target.host), None);
            assert_ne!(target.host, manuals::proxy::address().name);
            assert!(target.host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte)));
        }
        Decision::Own | Decision::Refuse(_) => {}
    }
    // Without a list nobody is let through.
    let unknown = Situated { view: None, ..known };
    assert!(!matches!(decide(&method, &uri, &unknown), Decision::Tunnel { .. } | Decision::Fetch { .. }));
}

/// An answer is never longer than its question, is a server's, and gives the client's moment back.
pub fn ntp_packet(bytes: &[u8]) {
    let Some(question) = Question::read(bytes) else { return };
    assert!(bytes.len() >= LENGTH && bytes[0] & 7 == 3);
    let answers = [question.answer(&network::time::Config::default().standing(), now(), now()), question.too_often()];
    for answer in answers {
        assert!(answer.len() <= bytes.len());
        assert_eq!((answer[0] & 7, (answer[0] >> 3) & 7), (4, (bytes[0] >> 3) & 7));
        assert_eq!(answer[24..32], bytes[40..48]);
    }
}

/// A snapshot that was read says the same when it is written and read again, and holds the addresses of its own lines; one that nobody of
/// ours signed is never taken.
pub fn signed_snapshot(bytes: &[u8]) {
    let trusted = PublicKey::from_hex(&"d7".repeat(32)).expect("a key");
    assert!(View::open(bytes, &[trusted], None, now()).is_err());
    // What a signer may have signed.
    let content = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes, |end| &bytes[end + 1..]);
    let Ok(snapshot) = Snapshot::read(content) else { return };
    assert_eq!(Snapshot::read(&snapshot.write()).as_ref(), Ok(&snapshot));
    for closure in &snapshot.closures {
        let until = snapshot.closed_until(&closure.service, closure.begins_at);
        assert!(until.is_some_and(|until| until >= closure.ends_at));
    }
    let lines = snapshot.admitted.clone();
    let view = View::new(snapshot);
    assert!(lines.iter().all(|line| view.line_of(line.addr()).is_some_and(|found| found.contains(&line.addr().to_canonical()))));
}

/// A terminal's setting, whatever was typed or displayed, is judged in Japanese; the right one is right beside it.
pub fn proxy_setting(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (proxy, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let (bypass, winhttp) = rest.split_once('\n').unwrap_or((rest, ""));
    let seen = Seen { proxy: Some(proxy), bypass: Some(bypass), winhttp: Some(winhttp), v6_option: None };
    for mistake in manuals::proxy::check(Way::Base, &seen) {
        assert!(mistake.text().ends_with('。'), "{}", mistake.text());
    }
    let longer = format!("{};{}", manuals::proxy::bypass_text(), bypass.replace(';', ""));
    let found = manuals::proxy::check_bypass(&longer);
    assert!(found.iter().all(|mistake| !matches!(mistake, manuals::proxy::BypassMistake::Missing(_))), "{found:?}");
}
