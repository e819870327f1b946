//! A new list takes effect while the server runs; a list that cannot be used changes nothing and says why.

use std::path::Path;
use std::time::Duration;

use chassis::clock::{Clock, instant};
use jiff::civil::date;
use manuals::Region;
use network::dns::{self, Desk, List, ListError, Settings, Source, view_of_a_region};

use super::names::{Names, TODAY, settings};

fn from(source: Source) -> Settings {
    Settings { source, ..settings(&["127.0.0.1"], vec![view_of_a_region(Region::East)]) }
}

/// The manuals' list under another name, the portal moved to another address.
fn moved(version: &str, address: &str, day: Option<jiff::civil::Date>) -> String {
    let mut list = List::of_the_manuals(date(2026, 11, 20));
    list.version = version.to_owned();
    list.from = day;
    for zone in &mut list.zones {
        zone.records = zone.records.replace("2404:1a8:f583:af0::1", address);
    }
    toml::to_string(&list).unwrap()
}

fn write(file: &Path, text: &str) {
    let aside = file.with_extension("new");
    std::fs::write(&aside, text).unwrap();
    std::fs::rename(aside, file).unwrap();
}

fn until(names: &Names, wanted: &str) {
    let begun = instant();
    while portal(names) != wanted {
        assert!(begun.elapsed() < Duration::from_secs(20), "never {wanted}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn portal(names: &Names) -> String {
    names.short(&["www.lineauth.mnw", "AAAA"]).concat()
}

/// Rows: DN-27, DN-29
#[test]
fn a_new_list_takes_effect_without_a_restart_and_a_bad_one_keeps_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.toml");
    write(&file, &moved("first", "2001:db8::1", None));
    let names = Names::begin(from(Source::Path(file.clone())));
    assert_eq!((portal(&names), names.version()), ("2001:db8::1".to_owned(), "first".to_owned()));
    let about = names.dig(&["+short", "view.onshi", "CH", "TXT"]);
    assert!(about.contains("list=first"), "{about}");
    write(&file, &moved("second", "2001:db8::2", None));
    until(&names, "2001:db8::2");
    write(&file, &moved("broken", "2001:db8::x", None));
    let broken = from(Source::Path(file.clone())).source.load(&[view_of_a_region(Region::East)], date(2026, 11, 20)).unwrap_err();
    assert!(matches!(&broken, ListError::Mistakes { .. }) && broken.to_string().contains("ゾーン lineauth.mnw: records"), "{broken}");
    write(&folder.path().join("other.toml"), "");
    // The broken one is looked at before the good one that follows it.
    std::thread::park_timeout(Duration::from_millis(100));
    assert_eq!((portal(&names), names.version()), ("2001:db8::2".to_owned(), "second".to_owned()), "the old list stays");
    std::fs::remove_file(&file).unwrap();
    std::thread::park_timeout(Duration::from_millis(100));
    assert_eq!(portal(&names), "2001:db8::2", "without a file too");
    write(&file, &moved("third", "2001:db8::3", None));
    until(&names, "2001:db8::3");
    assert_eq!(names.version(), "third");
}

/// Rows: DN-29
#[test]
fn a_list_laid_down_in_advance_takes_effect_on_its_day_in_japan() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("now.toml"), &moved("now", "2001:db8::1", Some(date(2026, 11, 1))));
    write(&folder.path().join("soon.toml"), &moved("soon", "2001:db8::2", Some(date(2026, 11, 21))));
    std::fs::write(folder.path().join("notes.txt"), "no list").unwrap();
    let clock = Clock::driven(TODAY.parse().unwrap());
    let names = Names::begin_at(from(Source::Path(folder.path().to_owned())), clock.clone());
    assert_eq!(portal(&names), "2001:db8::1");
    clock.set("2026-11-20T14:59:59Z".parse().unwrap());
    std::thread::park_timeout(Duration::from_millis(60));
    assert_eq!(portal(&names), "2001:db8::1", "one second before midnight in Japan");
    clock.set("2026-11-20T15:00:00Z".parse().unwrap());
    until(&names, "2001:db8::2");
}

#[test]
fn a_server_without_a_list_or_with_an_address_for_all_does_not_begin() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let begin = |settings| runtime.block_on(dns::start(settings, Clock::driven(TODAY.parse().unwrap()))).map(drop).unwrap_err().to_string();
    let path = |name: &str| Source::Path(folder.path().join(name));
    assert!(begin(from(path("nothing.toml"))).contains("読めません"));
    assert!(begin(from(Source::Path(folder.path().to_owned()))).contains("有効な名前の一覧"));
    write(&folder.path().join("later.toml"), &moved("later", "2001:db8::1", Some(date(2027, 1, 1))));
    assert!(begin(from(path("later.toml"))).contains("有効な名前の一覧"));
    write(&folder.path().join("wrong.toml"), "version = \"1\"\n[[zones]]\n");
    assert!(begin(from(path("wrong.toml"))).contains("zone"));
    let everywhere = settings(&["0.0.0.0"], vec![view_of_a_region(Region::East)]);
    assert!(begin(everywhere).contains("一つ一つのアドレス"));
    let mut nowhere = from(Source::Manuals);
    nowhere.listen.clear();
    assert!(begin(nowhere).contains("待ち受けるアドレスがありません"));
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut same = from(Source::Manuals);
    same.listen = vec![taken.local_addr().unwrap()];
    assert!(begin(same).contains("待ち受けられません"), "a port where somebody else answers is not shared");
}

#[test]
fn zones_with_wildcards_and_delegations_are_answered_as_the_standards_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.toml");
    write(
        &file,
        "version = \"w\"\n[[zone]]\nname = \"a.test\"\nregions = [\"east\"]\nservices = [\"claims\"]\nrecords = '''\n$TTL 300\n\
         @ SOA ns1 hostmaster 1 3600 600 604800 60\n@ NS ns1\nns1 AAAA ::1\n*.w AAAA ::2\nx.w A 192.0.2.1\nsub NS ns.sub\nns.sub AAAA ::3\n\
         out CNAME elsewhere.example.\nmx MX 10 ns1\nin CNAME leaf.w\n'''\n",
    );
    let names = Names::begin(from(Source::Path(file)));
    let wild = names.dig(&["Any.Thing.w.a.test", "AAAA"]);
    assert!(wild.contains("\nAny.Thing.w.a.test.\t300\tIN\tAAAA\t::2"), "{wild}");
    assert!(names.dig(&["x.w.a.test", "AAAA"]).contains("ANSWER: 0, AUTHORITY: 1"), "a name that exists is not covered");
    assert!(names.dig(&["below.x.w.a.test", "AAAA"]).contains("NXDOMAIN"));
    let referral = names.dig(&["deep.sub.a.test", "AAAA"]);
    let flags = referral.lines().find(|line| line.starts_with(";; flags:")).unwrap();
    assert!(!flags.contains(" aa") && flags.contains("ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2"), "{referral}");
    assert!(referral.contains("ns.sub.a.test.\t\t300\tIN\tAAAA\t::3"), "{referral}");
    assert!(names.dig(&["sub.a.test", "NS"]).contains("ANSWER: 0, AUTHORITY: 1"));
    assert!(names.dig(&["out.a.test", "AAAA"]).contains("CNAME\telsewhere.example."));
    assert!(names.dig(&["mx.a.test", "MX"]).contains("ADDITIONAL: 2"), "the address comes along");
    assert_eq!(names.short(&["in.a.test", "AAAA"]), ["::2", "leaf.w.a.test."]);
}

/// Names of the list can be looked up by a second reader of messages, which finds the same records.
#[test]
fn another_reader_of_messages_understands_the_answers() {
    let desk = Desk::compile(&List::of_the_manuals(date(2026, 11, 20)), &[view_of_a_region(Region::West)]).unwrap();
    let mut lines = String::new();
    let mut expected = Vec::new();
    for served in manuals::zones::served(Region::West, date(2026, 11, 20)) {
        let packet = dns::question(&served.name, dns::Rtype::AAAA, dns::Class::IN).unwrap();
        let mut out = Vec::new();
        desk.answer(&packet, dns::Over::Tcp, Some((0, dns::Why::Everybody)), &mut 0, &mut out);
        let mut texts: Vec<String> = served.aaaa.iter().map(ToString::to_string).collect();
        texts.sort();
        expected.push(texts.join(" "));
        out.iter().for_each(|byte| lines.push_str(&format!("{byte:02x}")));
        lines.push('\n');
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers");
    std::fs::write(&file, lines).unwrap();
    let script = "import sys, dns.message\nfor line in open(sys.argv[1]):\n    m = dns.message.from_wire(bytes.fromhex(line.strip()))\n    \
                  print(' '.join(sorted(str(a) for s in m.answer if s.rdtype == 28 for a in s)))\n";
    let output = std::process::Command::new("/usr/bin/python3").args(["-c", script]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(said, expected);
}
