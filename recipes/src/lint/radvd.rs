//! Reads radvd's own file.

use std::net::Ipv6Addr;

use super::{Line, Sheet, shown};

pub(super) fn read(lines: &[Line<'_>], sheet: &mut Sheet) {
    let mut open: Option<Interface> = None;
    for line in lines {
        let words: Vec<&str> = line.text.split([' ', '\t', ';', '{', '}']).filter(|word| !word.is_empty()).collect();
        let mut rest = words.as_slice();
        while let [word, tail @ ..] = rest {
            let value = tail.first().copied().unwrap_or_default();
            match *word {
                "interface" => {
                    finish(open.take(), sheet);
                    open = Some(Interface { line: line.number, ..Interface::default() });
                }
                "RDNSS" => servers(line.number, tail, open.as_mut(), sheet),
                "prefix" => prefix(line.number, value, sheet),
                _ => flag(line.number, word, value, open.as_mut(), sheet),
            }
            rest = tail;
        }
    }
    if open.is_none() {
        sheet.mistake(0, "no-interface", "interface の設定がありません。", "interface lan { … }; と書きます。");
    }
    finish(open, sheet);
}

#[derive(Default)]
struct Interface {
    line: usize,
    sends: bool,
    tells: bool,
    other: bool,
}

fn flag(line: usize, word: &str, value: &str, interface: Option<&mut Interface>, sheet: &mut Sheet) {
    let Some(interface) = interface else { return };
    match (word, value) {
        ("AdvSendAdvert", "on") => interface.sends = true,
        ("AdvOtherConfigFlag", "on") => interface.other = true,
        ("AdvManagedFlag", "on") => sheet.doubt(
            line,
            "managed",
            "端末に、アドレスも DHCPv6 で受け取るよう知らせています。",
            "AdvManagedFlag を off にし、端末が自分でアドレスを作れるようにします。",
        ),
        ("AdvAutonomous", "off") => {
            sheet.mistake(
                line,
                "no-slaac",
                "端末が自分で IPv6 アドレスを作れません（三つのアドレスになりません）。",
                "AdvAutonomous on にします。",
            );
        }
        ("AdvDefaultLifetime", "0") => {
            sheet.mistake(
                line,
                "no-router",
                "端末が、このルーターをデフォルトゲートウェイにしません。",
                "AdvDefaultLifetime の行を消します。",
            );
        }
        ("AdvLinkMTU", size) if size.parse::<u32>().is_ok_and(|size| size < 1280) => {
            sheet.mistake(line, "small-mtu", "MTU が 1280 より小さく、IPv6 では使えません。", "AdvLinkMTU の行を消します。");
        }
        _ => {}
    }
}

fn servers(line: usize, tail: &[&str], interface: Option<&mut Interface>, sheet: &mut Sheet) {
    if let Some(interface) = interface {
        interface.tells = true;
    }
    for address in tail.iter().map_while(|word| word.parse::<Ipv6Addr>().ok()) {
        if !address.is_unicast_link_local() && !address.is_unique_local() {
            sheet.mistake(
                line,
                "tells-the-carriers-servers",
                format!("端末に、ルーター自身でないDNSサーバー {address} を知らせています。ドメインごとの設定が使われません。"),
                "ルーターの LAN側のリンクローカルアドレス（fe80::1 など）にします。",
            );
        }
    }
}

fn prefix(line: usize, value: &str, sheet: &mut Sheet) {
    let Some((address, length)) = value.split_once('/') else { return };
    if length != "64" {
        sheet.mistake(
            line,
            "not-a-64",
            format!("プレフィックスの長さが {} です。端末がアドレスを作れるのは /64 だけです。", shown(length)),
            "/64 にします。",
        );
    }
    let address: Option<Ipv6Addr> = address.parse().ok();
    if address.is_some_and(|address| address.segments().first().is_some_and(|first| (0x2000..0x4000).contains(first))) {
        sheet.doubt(
            line,
            "fixed-prefix",
            "プレフィックスを固定しています。回線のプレフィックスが変わると、通じなくなります。",
            "回線から受け取ったプレフィックスを使います（onshi router write unbound の follow.sh を参照）。",
        );
    }
}

fn finish(interface: Option<Interface>, sheet: &mut Sheet) {
    let Some(interface) = interface else { return };
    if !interface.sends {
        sheet.mistake(interface.line, "no-advertisement", "ルーター広告を送りません。", "AdvSendAdvert on; を加えます。");
    }
    if !interface.tells && !interface.other {
        sheet.doubt(
            interface.line,
            "tells-nobody",
            "端末にDNSサーバーを知らせていません。端末側で設定していないなら、名前が引けません。",
            "RDNSS fe80::1 { }; と AdvOtherConfigFlag on; を加えます。",
        );
    }
}
