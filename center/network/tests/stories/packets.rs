//! What comes back for packets that are no proper questions, byte by byte.

use std::io::Write;
use std::time::Duration;

use manuals::Region;
use network::dns::{self, Class, Rtype, question};

use super::names::{Names, caller, connect, hear, receive, say, send, settings};

const NAME: &str = "www.lineauth.mnw";

fn plain() -> Vec<u8> {
    let mut packet = question(NAME, Rtype::AAAA, Class::IN).unwrap();
    // Without its OPT record.
    packet.truncate(packet.len() - 11);
    packet[11] = 0;
    packet[..2].copy_from_slice(&[0xAB, 0xCD]);
    packet
}

fn with_opt(opt: &[u8]) -> Vec<u8> {
    let mut packet = plain();
    packet[11] = 1;
    packet.extend_from_slice(opt);
    packet
}

/// Id, flags, counts.
fn head(answer: &[u8]) -> (u16, u8, u8, [u16; 4]) {
    let number = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
    (number(0), answer[2], answer[3], [number(4), number(6), number(8), number(10)])
}

#[test]
fn a_packet_that_is_an_answer_or_no_message_gets_nothing() {
    let names = Names::of(Region::East);
    let socket = caller(names.at(0));
    let mut answer = plain();
    answer[2] |= 0x80;
    for silent in [answer, vec![], vec![0; 11], vec![0xFF; 600]] {
        socket.send(&silent).unwrap();
    }
    socket.send(&plain()).unwrap();
    assert_eq!(head(&receive(&socket).unwrap()), (0xABCD, 0x84, 0, [1, 1, 0, 0]), "the question alone is answered");
}

#[test]
fn other_work_than_questions_is_not_implemented() {
    let names = Names::of(Region::East);
    for opcode in (1..16u8).filter(|opcode| *opcode != 0) {
        let mut packet = plain();
        packet[2] = opcode << 3 | 0x01;
        let answer = send(names.at(0), &packet).unwrap();
        assert_eq!(head(&answer), (0xABCD, 0x80 | opcode << 3 | 0x01, 4, [0; 4]), "opcode {opcode}");
        assert_eq!(answer.len(), 12);
    }
}

#[test]
fn malformed_questions_are_format_errors() {
    let names = Names::of(Region::East);
    let change = |at: usize, byte: u8| {
        let mut packet = plain();
        packet[at] = byte;
        packet
    };
    let mut pointer = plain();
    pointer[12] = 0xC0;
    let whole = plain();
    let mut long = plain()[..12].to_vec();
    for _ in 0..5 {
        long.push(63);
        long.extend_from_slice(&[b'a'; 63]);
    }
    long.extend_from_slice(&[0, 0, 28, 0, 1]);
    let cases: [(&str, Vec<u8>); 12] = [
        ("no question", change(5, 0)),
        ("two questions", change(5, 2)),
        ("an answer in the question", change(7, 1)),
        ("authority in the question", change(9, 1)),
        ("a compressed name", pointer),
        ("a label of a kind that is none", change(12, 0x40)),
        ("cut off in the name", whole[..20].to_vec()),
        ("cut off in the type", whole[..whole.len() - 3].to_vec()),
        ("a name of 320 bytes", long),
        ("an OPT record that is not there", change(11, 1)),
        ("two OPT records", {
            let mut packet = with_opt(&[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
            packet[11] = 2;
            packet
        }),
        ("an option longer than its record", with_opt(&[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 4, 0, 10, 0, 9])),
    ];
    for (what, packet) in cases {
        let answer = send(names.at(0), &packet).unwrap_or_else(|| panic!("{what}: silence"));
        let (id, high, low, counts) = head(&answer);
        assert_eq!((id, high, low & 0x0F, counts[..3].to_vec()), (0xABCD, 0x80, 1, vec![0, 0, 0]), "{what}");
    }
    let types = [(41u8, 1u8), (249, 1), (250, 1), (253, 4), (254, 4), (251, 5), (252, 5)];
    for (rtype, rcode) in types {
        let mut packet = plain();
        let at = packet.len() - 3;
        packet[at] = rtype;
        assert_eq!(head(&send(names.at(0), &packet).unwrap()).2, rcode, "type {rtype}");
    }
}

#[test]
fn edns_is_answered_in_kind_and_a_later_version_is_told_ours() {
    let names = Names::of(Region::East);
    let answer = send(names.at(0), &with_opt(&[0, 0, 41, 0xFF, 0xFF, 0, 0, 0x80, 0, 0, 4, 0, 10, 0, 0])).unwrap();
    assert_eq!(head(&answer), (0xABCD, 0x84, 0, [1, 1, 0, 1]));
    assert_eq!(answer[answer.len() - 11..], [0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0], "1,232 bytes, version 0, DO as it came");
    let answer = send(names.at(0), &with_opt(&[0, 0, 41, 16, 0, 0, 1, 0, 0, 0, 0])).unwrap();
    assert_eq!(head(&answer), (0xABCD, 0x80, 0, [0, 0, 0, 1]), "BADVERS is 16: nothing in the lower bits");
    assert_eq!(answer[answer.len() - 11..], [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]);
    // A record before the OPT record is passed over.
    let mut packet = with_opt(&[0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
    packet[11] = 2;
    assert_eq!(head(&send(names.at(0), &packet).unwrap()), (0xABCD, 0x84, 0, [1, 1, 0, 1]));
    // Wishes come back: recursion desired, checking disabled.
    let mut packet = plain();
    packet[2] |= 0x01;
    packet[3] |= 0x10;
    assert_eq!(head(&send(names.at(0), &packet).unwrap()), (0xABCD, 0x85, 0x10, [1, 1, 0, 0]));
}

#[test]
fn classes_other_than_the_internet_are_refused() {
    let names = Names::of(Region::East);
    for (name, class) in [(NAME, Class::HS), (NAME, Class::ANY), (NAME, Class::CH), ("version.bind", Class::CH)] {
        let answer = send(names.at(0), &question(name, Rtype::TXT, class).unwrap()).unwrap();
        assert_eq!(head(&answer).2, 5, "{name} {class}");
    }
}

#[test]
fn many_questions_share_a_connection_whole_or_in_pieces() {
    let names = Names::of(Region::East);
    let mut stream = connect(names.at(0));
    let mut together = Vec::new();
    for id in 0..200u16 {
        let mut packet = plain();
        packet[..2].copy_from_slice(&id.to_be_bytes());
        together.extend_from_slice(&u16::try_from(packet.len()).unwrap().to_be_bytes());
        together.extend_from_slice(&packet);
    }
    // Something that gets no answer between two that do.
    together.extend_from_slice(&[0, 3, 1, 2, 3]);
    let half = together.len() / 2 + 1;
    stream.write_all(&together[..half]).unwrap();
    stream.write_all(&together[half..]).unwrap();
    for id in 0..200 {
        assert_eq!(head(&hear(&mut stream).unwrap()), (id, 0x84, 0, [1, 1, 0, 0]));
    }
    for byte in [&[0][..], &[u8::try_from(plain().len()).unwrap()], &plain()[..5], &plain()[5..]] {
        stream.write_all(byte).unwrap();
    }
    assert_eq!(head(&hear(&mut stream).unwrap()).0, 0xABCD);
}

#[test]
fn a_slow_caller_is_sent_away_and_a_greedy_line_makes_room() {
    let wanted = || settings(&["127.0.0.1"], vec![network::dns::view_of_a_region(Region::East)]);
    let hurried = Names::begin(dns::Settings { patience: Duration::from_millis(300), ..wanted() });
    let mut slow = connect(hurried.at(0));
    slow.write_all(&[0, 40, 1, 2, 3]).unwrap();
    assert_eq!(hear(&mut slow), None, "half a question is not waited for");
    let names = Names::begin(dns::Settings { connections: 3, ..wanted() });
    let mut greedy: Vec<_> = (0..3).map(|_| connect(names.at(0))).collect();
    for stream in &mut greedy {
        say(stream, &plain());
        assert!(hear(stream).is_some());
    }
    assert_eq!(hear(&mut connect(names.at(0))), None, "all seats are taken by this line itself");
    let other = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    other.bind(&"127.0.7.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    other.connect(&names.at(0).into()).unwrap();
    let mut other = std::net::TcpStream::from(other);
    say(&mut other, &plain());
    assert!(hear(&mut other).is_some(), "another line gets one of the three");
}
