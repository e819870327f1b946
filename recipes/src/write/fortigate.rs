//! FortiGate: one conditional forwarder per domain in the DNS database, a recursive DNS server on the LAN, the prefix by DHCPv6-PD.

use super::{Device, Draft, File, NO_DEVICE, NamesAt, heading};
use crate::site::Order;
use crate::table::Forward;

const TRIED: [&str; 1] = ["onshi router lint で、この文書に誤りがないこと。"];
const UNTRIED: [&str; 3] = [
    NO_DEVICE,
    "forwarder6 は新しい FortiOS だけにあり、アドレスを一つしか書けません。もう一つのサーバーは控えとして注釈に書いてあります。使えない版では端末側で設定してください（nrpt）。",
    "512バイトを超える答えを中継できるかは、版によって違います。確認の手順の「大きな答え」で必ず確かめてください。",
];
const NO_PROXY: &str = "ひかり電話なしの回線では、RA の /64 を LAN に渡す機能（NDプロキシ）が要ります。config system nd-proxy で WAN と LAN を並べますが、実機では確かめていません。";
const LOOKS: &[(&str, &str)] = &[
    ("diagnose ipv6 address list", "LAN側に 2 または 3 で始まるアドレスがある"),
    ("get system dns-database", "ドメインごとに forwarder6 がある"),
    ("diagnose test application dnsproxy 8", "ドメインの表が読み込まれている"),
];

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let site = order.site;
    let (wan, lan) = ("wan1", if site.split { "oqs" } else { "internal" });
    let mut untried = UNTRIED.to_vec();
    if !site.phone {
        untried.push(NO_PROXY);
    }
    let mut text = heading("#", Device::Fortigate, order, &TRIED, &untried);
    text.push_str("\n# 名前: ドメインごとに閉域網のDNSサーバーへ。authoritative は必ず disable\nconfig system dns-database\n");
    for forward in forwards {
        let mut servers = forward.servers.iter();
        let first = servers.next().map(ToString::to_string).unwrap_or_default();
        let second = servers.next().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!(
            "    edit \"{domain}\"\n        set domain \"{domain}\"\n        set authoritative disable\n        # 控え: {second}\n        set forwarder6 {first}\n    next\n",
            domain = forward.domain
        ));
    }
    text.push_str("end\n");
    text.push_str(&format!("# 端末には、この装置をDNSサーバーとして知らせます\nconfig system dns-server\n    edit \"{lan}\"\n        set mode recursive\n    next\nend\n"));
    if !order.resolvers.is_empty() {
        text.push_str(&format!("# その他の名前: インターネットのDNSサーバーに聞きます\n{}", resolvers(order)));
    }
    text.push_str(&prefix(wan, lan, site.phone));
    let mut steps = vec![
        "いまの設定を控えてから（設定のバックアップ）、コンソールで上から順に入れます。".to_owned(),
        "UTM の機能（ウェブフィルター、DNSフィルター、SSL検査）を、LANから WAN への IPv6 のポリシーでは使わないでください。閉域網の証明書や名前を止めてしまいます。".to_owned(),
    ];
    if site.split {
        steps
            .push("LANの分離: オンライン資格確認の端末のポートを internal から外し、oqs という名前のインターフェースにします。".to_owned());
    }
    let files = vec![File { name: "fortigate.txt", text }];
    Draft { files, steps, tried: TRIED.to_vec(), untried, names_at: NamesAt::Router, looks: LOOKS }
}

fn resolvers(order: &Order) -> String {
    let mut text = "config system dns\n".to_owned();
    let (mut six, mut four) = (["ip6-primary", "ip6-secondary"].iter(), ["primary", "secondary"].iter());
    for server in &order.resolvers {
        let place = if server.is_ipv6() { six.next() } else { four.next() };
        if let Some(place) = place {
            text.push_str(&format!("    set {place} {server}\n"));
        }
    }
    text + "end\n"
}

fn prefix(wan: &str, lan: &str, phone: bool) -> String {
    let (on_wan, on_lan, more, why) = if phone {
        (
            "        set ip6-mode dhcp\n        set dhcp6-prefix-delegation enable\n        set autoconf enable\n".to_owned(),
            format!(
                "        set ip6-mode delegated\n        set ip6-upstream-interface \"{wan}\"\n        set ip6-subnet ::1/64\n        set ip6-send-adv enable\n        set ip6-other-flag enable\n        config ip6-delegated-prefix-list\n            edit 1\n                set upstream-interface \"{wan}\"\n                set autonomous-flag enable\n                set onlink-flag enable\n                set subnet ::/64\n            next\n        end\n"
            ),
            String::new(),
            "ひかり電話あり: DHCPv6-PD で受け取ります。RA では数分で切れます",
        )
    } else {
        (
            "        set autoconf enable\n".to_owned(),
            "        set autoconf enable\n        set ip6-send-adv enable\n        set ip6-other-flag enable\n".to_owned(),
            format!("config system nd-proxy\n    set status enable\n    set member \"{wan}\" \"{lan}\"\nend\n"),
            "ひかり電話なし: RA を受け取り、NDプロキシで LAN に渡します",
        )
    };
    format!(
        "
# プレフィックス（{why}）
config system interface
    edit \"{wan}\"
        config ipv6
{}        end
    next
    edit \"{lan}\"
        config ipv6
{}        end
    next
end
{more}config system dhcp6 server
    edit 1
        set interface \"{lan}\"
        set dns-service default
    next
end

# フィルター: 内から外だけを通します。返事は覚えていて通します
config firewall policy
    edit 0
        set name \"onshi-out\"
        set srcintf \"{lan}\"
        set dstintf \"{wan}\"
        set srcaddr6 \"all\"
        set dstaddr6 \"all\"
        set action accept
        set schedule \"always\"
        set service \"ALL\"
    next
end
",
        indented(&on_wan),
        indented(&on_lan)
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
