//! Cisco IOS: split DNS by name lists, views and a view list; the prefix by DHCPv6-PD.

use super::{Device, Draft, File, NO_DEVICE, NamesAt, heading};
use crate::site::{Internet, Order};
use crate::table::Forward;

const TRIED: [&str; 1] = ["onshi router lint で、この文書に誤りがないこと。"];
const UNTRIED: [&str; 3] = [
    NO_DEVICE,
    "dns forwarder に IPv6 のアドレスを書けるかは、リリースによって違います。書けなければ端末側で設定してください（nrpt）。",
    "512バイトを超える答えを中継できるかは、リリースによって違います。確認の手順の「大きな答え」で必ず確かめてください。",
];
/// An advertised /64 cannot be handed on: IOS has no ND proxy for it.
const NO_PROXY: &str = "ひかり電話なしの回線では、RA の /64 を LAN に渡す機能（NDプロキシ）が要りますが、Cisco IOS には広く使える命令がありません。回線を DHCPv6-PD にするか、ほかの機種を使ってください。";
const LOOKS: &[(&str, &str)] = &[
    ("show ipv6 dhcp interface", "プレフィックスを受け取っている"),
    ("show ip dns view", "OQS と NGN に二つずつ DNS サーバーがある"),
    ("show ip dns view-list", "default が最後にある"),
];

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let site = order.site;
    let (wan, lan) = ("GigabitEthernet0/0", if site.split { "GigabitEthernet0/1.10" } else { "GigabitEthernet0/1" });
    let mut untried = UNTRIED.to_vec();
    if !site.phone {
        untried.push(NO_PROXY);
    }
    let mut text = heading("!", Device::Cisco, order, &TRIED, &untried);
    text.push_str("\n! 名前: 一覧は正規表現で、大文字で書きます。一覧の中のどれかに合えば、その view のサーバーに聞きます\n");
    let own = forwards.iter().take(1).map(|forward| ("NGN", 1, forward));
    let others = forwards.iter().skip(1).map(|forward| ("OQS", 2, forward));
    let mut views: Vec<(&str, i32, &Forward)> = Vec::new();
    for (view, number, forward) in own.chain(others) {
        text.push_str(&format!("ip dns name-list {number} permit {}\n", pattern(forward.domain)));
        if !views.iter().any(|(known, _, _)| *known == view) {
            views.push((view, number, forward));
        }
    }
    for (view, _, forward) in &views {
        text.push_str(&format!("ip dns view {view}\n domain lookup\n dns forwarding\n"));
        forward.servers.iter().for_each(|server| text.push_str(&format!(" dns forwarder {server}\n")));
        text.push_str("!\n");
    }
    text.push_str(&default_view(order));
    text.push_str("! 小さい番号から順に見るので、default を最後に置きます\nip dns view-list ONSHI\n");
    for (place, (view, number, _)) in views.iter().enumerate() {
        text.push_str(&format!(" view {view} {}\n  restrict name-group {number}\n", (place + 1) * 10));
    }
    text.push_str(" view default 99\n!\nip dns server view-group ONSHI\nip dns server\n");
    text.push_str(&prefix(wan, lan));
    let mut steps =
        vec!["いまの設定を控えてから（show running-config）、configure terminal で入れ、write memory で保存します。".to_owned()];
    if !site.phone {
        steps.insert(0, NO_PROXY.to_owned());
    }
    if site.split {
        steps.push("LANの分離: スイッチ側でタグ 10 のVLANをオンライン資格確認の端末のポートに割り当てます。".to_owned());
    }
    let files = vec![File { name: "cisco.txt", text }];
    Draft { files, steps, tried: TRIED.to_vec(), untried, names_at: NamesAt::Router, looks: LOOKS }
}

/// The domain itself and everything below it, as IOS matches names.
fn pattern(domain: &str) -> String {
    format!("(.*\\.)?{}$", domain.to_ascii_uppercase().replace('.', "\\."))
}

fn default_view(order: &Order) -> String {
    let mut text = "ip dns view default\n".to_owned();
    if order.site.internet == Internet::None {
        text.push_str(" ! その他の名前: 同じ回線にインターネットはないので、どこにも聞きません\n no dns forwarding\n");
    } else {
        text.push_str(" ! その他の名前: インターネットのDNSサーバーに聞きます\n domain lookup\n dns forwarding\n");
        order.resolvers.iter().for_each(|server| text.push_str(&format!(" dns forwarder {server}\n")));
    }
    text.push_str("!\n");
    text
}

fn prefix(wan: &str, lan: &str) -> String {
    let tagged = if lan.contains('.') { " encapsulation dot1Q 10\n" } else { "" };
    format!(
        "
! プレフィックス: DHCPv6-PD で受け取り、LANに /64 を広告します。端末にはこのルーターをDNSサーバーとして知らせます
ipv6 unicast-routing
ipv6 dhcp pool ONSHI
 dns-server FE80::1
!
! フィルター: 内から外は通し、外から内は返事と、IPv6 に欠かせないものだけを通します
ipv6 access-list ONSHI-IN
 permit icmp any any
 permit udp any any eq 546
 evaluate ONSHI-REPLIES
 deny ipv6 any any
!
ipv6 access-list ONSHI-OUT
 permit ipv6 any any reflect ONSHI-REPLIES
!
interface {wan}
 ipv6 enable
 ipv6 nd autoconfig default-route
 ipv6 dhcp client pd LINE
 ipv6 traffic-filter ONSHI-IN in
 ipv6 traffic-filter ONSHI-OUT out
!
interface {lan}
{tagged} ipv6 address FE80::1 link-local
 ipv6 address LINE ::1/64
 ipv6 nd other-config-flag
 ipv6 dhcp server ONSHI
!
"
    )
}
