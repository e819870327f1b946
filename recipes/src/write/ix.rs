//! NEC UNIVERGE IX: proxy DNS with a list of domains, the prefix by ND proxy or DHCPv6-PD.

use super::{Device, Draft, File, NO_DEVICE, NamesAt, heading};
use crate::site::{Internet, Order};
use crate::table::Forward;

const TRIED: [&str; 1] = ["onshi router lint で、この文書に誤りがないこと。"];
const UNTRIED: [&str; 3] = [
    NO_DEVICE,
    "proxy-dns server の url-list は新しい版の取扱説明書にだけある指定です。show version で版を確かめ、使えなければ端末側で設定してください（nrpt）。",
    "512バイトを超える答えを中継できるか（EDNS・TCP）は、版によって違います。確認の手順の「大きな答え」で必ず確かめてください。",
];
const LOOKS: &[(&str, &str)] = &[
    ("show ipv6 address", "LAN側に 2 または 3 で始まるアドレスがある"),
    ("show ipv6 dhcp client", "プレフィックスまたは情報を受け取っている"),
    ("show proxy-dns", "閉域網のDNSサーバーが url-list とともに並んでいる"),
];

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let site = order.site;
    let (wan, lan) = ("GigaEthernet0.0", if site.split { "GigaEthernet1:1.0" } else { "GigaEthernet1.0" });
    let mut text = heading("!", Device::Ix, order, &TRIED, &UNTRIED);
    text.push_str("\n! 名前: 閉域網のドメインの一覧。プライオリティは大きいほど先に聞きます\n");
    text.push_str(&lists(forwards));
    if site.internet == Internet::None {
        text.push_str("! その他の名前: 同じ回線にインターネットはないので、回線から知らされるDNSサーバーは使いません\n");
        text.push_str(&format!("proxy-dns interface {wan} ignore\n"));
    } else {
        text.push_str("! その他の名前: インターネットのDNSサーバーに聞きます\n");
        if site.internet == Internet::Pppoe {
            text.push_str(&format!("proxy-dns interface {wan} ignore\nproxy-dns interface GigaEthernet0.1 priority 100\n"));
        } else if order.resolvers.is_empty() {
            text.push_str(&format!("proxy-dns interface {wan} priority 100\n"));
        } else {
            text.push_str(&format!("proxy-dns interface {wan} ignore\n"));
        }
        order.resolvers.iter().for_each(|server| text.push_str(&format!("proxy-dns server {server} priority 100\n")));
    }
    text.push_str("proxy-dns ip enable\nproxy-dns ipv6 enable\n");
    text.push_str(&prefix(wan, lan, site.phone));
    let mut steps = vec![
        "enable-config で設定モードに入り、いまの設定を控えてから（show running-config）、上から順に入れ、write memory で保存します。"
            .to_owned(),
        "インターフェースの名前は IX2215 の例です。WAN が GigaEthernet0、LAN が GigaEthernet1 でない機種では読み替えます。".to_owned(),
    ];
    if site.split {
        steps.push(
            "LANの分離: GigaEthernet1 のポートVLANで、オンライン資格確認の端末のポートを GigaEthernet1:1.0 に分けておきます。".to_owned(),
        );
    }
    let files = vec![File { name: "ix.txt", text }];
    Draft { files, steps, tried: TRIED.to_vec(), untried: UNTRIED.to_vec(), names_at: NamesAt::Router, looks: LOOKS }
}

/// One list for each pair of servers, and the pair with the list.
fn lists(forwards: &[Forward]) -> String {
    let mut text = String::new();
    let mut pairs: Vec<(&Forward, Vec<&str>)> = Vec::new();
    for forward in forwards {
        match pairs.iter_mut().find(|(first, _)| first.servers == forward.servers) {
            Some((_, domains)) => domains.push(forward.domain),
            None => pairs.push((forward, vec![forward.domain])),
        }
    }
    for (number, (first, domains)) in pairs.iter().enumerate() {
        let name = if number == 0 { "ngn" } else { "oqs" };
        domains.iter().for_each(|domain| text.push_str(&format!("url-list {name} permit {domain}\n")));
        for (place, server) in first.servers.iter().enumerate() {
            text.push_str(&format!("proxy-dns server {server} url-list {name} priority {}\n", 250_usize.saturating_sub(place)));
        }
    }
    text
}

fn prefix(wan: &str, lan: &str, phone: bool) -> String {
    let (client, why, on_wan, on_lan) = if phone {
        (
            format!("  ia-pd subscriber {lan} ::/64 eui-64\n"),
            "ひかり電話あり: DHCPv6-PD で受け取ります。RA では数分で切れます",
            "  ipv6 enable\n  ipv6 dhcp client oqs\n",
            "  ipv6 enable\n".to_owned(),
        )
    } else {
        (
            "  information-request\n".to_owned(),
            "ひかり電話なし: RA を受け取り、LAN側の端末に代わって答えます（NDプロキシ）",
            "  ipv6 enable\n  ipv6 address autoconfig receive-default\n  ipv6 dhcp client oqs\n",
            format!("  ipv6 enable\n  ipv6 nd proxy {wan}\n"),
        )
    };
    format!(
        "
! プレフィックス（{why}）
ipv6 dhcp enable
ipv6 dhcp client-profile oqs
{client}  option-request dns-servers
!
ipv6 dhcp server-profile oqs
  dns-server {lan}
!
! フィルター: 内から外は通し、外から内は返事と、IPv6 に欠かせないものだけを通します
ipv6 access-list oqs-icmp permit icmp src any dest any
ipv6 access-list oqs-dhcp permit udp src any sport any dest any dport eq 546
ipv6 access-list oqs-all permit ip src any dest any
ipv6 access-list dynamic oqs-spi access oqs-all
!
interface {wan}
{on_wan}  ipv6 filter oqs-icmp 1 in
  ipv6 filter oqs-dhcp 2 in
  ipv6 filter oqs-spi 100 out
  no shutdown
!
interface {lan}
{on_lan}  ipv6 nd ra enable
  ipv6 nd ra other-config-flag
  ipv6 dhcp server oqs
  no shutdown
!
"
    )
}
