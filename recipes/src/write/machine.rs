//! A Linux machine as router: the very files that the lab runs, with the interfaces of a machine.

use super::{Device, Draft, File, NamesAt, heading};
use crate::linux::{self, ConfigFile, Interfaces, Names, Settings};
use crate::site::{Internet, Order};

const DNSMASQ_TRIED: [&str; 3] = [
    "dnsmasq 2.90 の dnsmasq --test と、nftables の nft -c に通ること。",
    "実験用の網で、地域・業務・ひかり電話・インターネット・LAN分離のすべての組み合わせで、端末に三つのアドレスが付き、すべての名前が引けること。",
    "onshi router lint で、この文書に誤りがないこと。",
];
const UNBOUND_TRIED: [&str; 3] = [
    "unbound 1.17 の unbound-checkconf、radvd 2.19 の radvd -c、kea 2.2 の kea-dhcp6 -t、nftables の nft -c に通ること。",
    "実験用の網で、地域・業務・ひかり電話・インターネット・LAN分離のすべての組み合わせで、端末に三つのアドレスが付き、すべての名前が引けること。",
    "onshi router lint で、この文書に誤りがないこと。",
];
const UNTRIED: [&str; 2] = [
    "起動の仕方（systemd のサービス）は、使っている配布物に合わせてください。ここでは、各プログラムを一つずつ起動して試しました。",
    "PPPoE と IPv4 over IPv6 の接続そのものは、いまある設定のままです。",
];
const LOOKS: &[(&str, &str)] = &[
    ("ip -6 address show dev lan", "2 または 3 で始まる /64 のアドレスと fe80::1 がある"),
    ("nft list table inet onshi", "filter が入っている"),
];

fn interfaces(order: &Order) -> Interfaces {
    let internet = match order.site.internet {
        Internet::None => None,
        Internet::Pppoe => Some("ppp0"),
        Internet::Ipoe => Some("wan"),
    };
    Interfaces { wan: "wan", lan: "lan", office: order.site.split.then_some("office"), internet }
}

pub(super) fn dnsmasq(order: &Order) -> Draft {
    draft(Device::Dnsmasq, Names::Dnsmasq, order, &DNSMASQ_TRIED)
}

pub(super) fn unbound(order: &Order) -> Draft {
    draft(Device::Unbound, Names::Unbound, order, &UNBOUND_TRIED)
}

fn draft(device: Device, names: Names, order: &Order, tried: &[&'static str]) -> Draft {
    let settings = Settings::of(names, order, interfaces(order));
    let recipe = linux::recipe(&settings);
    let files = recipe.files.into_iter().map(|file| commented(file, device, order, tried)).collect();
    let words = recipe.programs.iter().map(|start| format!("{} {}", start.program, start.words.join(" "))).collect::<Vec<_>>().join("、");
    let mut steps = vec![
        "インターフェースの名前を wan（回線側）と lan（端末側）にするか、文書の中の名前を読み替えます。".to_owned(),
        "sysctl: net.ipv6.conf.all.forwarding=1、net.ipv6.conf.wan.accept_ra=2、net.ipv6.conf.lan.accept_ra=0 にします。".to_owned(),
        "lan に fe80::1/64 を付けます（ip -6 address add fe80::1/64 dev lan nodad）。".to_owned(),
        format!("文書を一つのフォルダに置き、そのフォルダで順に起動します: {words}"),
    ];
    if order.site.split {
        steps.push("LANの分離: 院内のLANは office という別のインターフェースにします。こちらには IPv6 を流しません。".to_owned());
    }
    if names == Names::Unbound && order.site.internet != Internet::None && order.resolvers.is_empty() {
        steps.push(
            "インターネットの名前は、まだどこにも聞きません。プロバイダーのDNSサーバーを --resolver で指定して、書き直してください。"
                .to_owned(),
        );
    }
    Draft { files, steps, tried: tried.to_vec(), untried: UNTRIED.to_vec(), names_at: NamesAt::Router, looks: LOOKS }
}

/// The heading, where the file's own format has comments at its beginning.
fn commented(file: ConfigFile, device: Device, order: &Order, tried: &[&str]) -> File {
    let ConfigFile { name, text } = file;
    let heading = heading("#", device, order, tried, &UNTRIED);
    let text = match text.strip_prefix("#!/bin/sh\n") {
        Some(script) => format!("#!/bin/sh\n{heading}{script}"),
        // kea's JSON takes comments of this kind too.
        None => format!("{heading}{text}"),
    };
    File { name, text }
}
