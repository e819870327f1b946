//! Yamaha RTX and NVR: `dns server select` per domain with EDNS at each server, the prefix by RA or DHCPv6-PD, SPI filters.

use super::{Device, Draft, File, NO_DEVICE, NamesAt, heading};
use crate::site::{Internet, Order};
use crate::table::Forward;

/// The number of the first entry. The devices' own pages put "everything else" at 500000 and above, and the first match wins: below them is the only safe place.
pub(crate) const FIRST_ENTRY: usize = 101;

const TRIED: [&str; 1] = ["onshi router lint で、この文書に誤りがないこと。"];
const UNTRIED: [&str; 2] = [
    NO_DEVICE,
    "RTX830・RTX1210・RTX1220・RTX1300・NVR510・NVR700W の書き方です。NVR500 は edns=on をこの形で書けないので、端末側で設定してください（nrpt）。",
];
const LOOKS: &[(&str, &str)] = &[
    ("show ipv6 address", "LAN側に 2 または 3 で始まる /64 のアドレスがある"),
    ("show status ipv6 dhcp", "プレフィックスまたはDNSの情報を受け取っている"),
    ("show config | grep \"dns server select\"", "すべての行に edns=on が二つある"),
];

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let site = order.site;
    let wan = "lan2";
    let lan = if site.split { "vlan1" } else { "lan1" };
    let mut text = heading("#", Device::Yamaha, order, &TRIED, &UNTRIED);
    if site.split {
        text.push_str(SPLIT);
    }
    text.push_str(&prefix(wan, lan, site.phone));
    text.push_str(&format!(
        "\n# 名前: 端末には、このルーターをDNSサーバーとして知らせます\ndns host {}\n",
        if site.split { "vlan1 vlan2" } else { "lan1" }
    ));
    text.push_str("dns service recursive\ndns notice order dhcpv6 me\n");
    text.push_str(
        "# 先に合った行だけが使われるので、「.」（その他すべて）の行より小さい番号に置きます。edns=on はサーバーごとに要ります\n",
    );
    for (number, forward) in (FIRST_ENTRY..).zip(forwards) {
        let servers: String = forward.servers.iter().map(|server| format!("{server} edns=on ")).collect();
        text.push_str(&format!("dns server select {number} {servers}any {}\n", forward.domain));
    }
    text.push_str(&elsewhere(order));
    text.push_str(&filters(wan));
    let mut steps = vec![
        "いまの設定を控えてから（show config）、上から順に入れ、最後に save します。".to_owned(),
        "同じ番号の dns server select、ipv6 filter、ipv6 prefix がもうあるときは、番号をずらします。500000 以上にはしないでください。"
            .to_owned(),
        "かんたん設定などの画面で設定を変えると行が書き替わることがあります。変えた後で onshi router lint に通してください。".to_owned(),
    ];
    if site.split {
        steps.push(
            "LANを分けると、IPv6 が使えるのは vlan1 だけです。オンライン資格確認の端末は LAN1 のポート1・2（vlan1）につなぎます。"
                .to_owned(),
        );
    }
    let files = vec![File { name: "yamaha.txt", text }];
    Draft { files, steps, tried: TRIED.to_vec(), untried: UNTRIED.to_vec(), names_at: NamesAt::Router, looks: LOOKS }
}

const SPLIT: &str = "
# LANの分離: ポート1・2がオンライン資格確認（vlan1）、3・4が院内（vlan2）。IPv6 は vlan1 だけで使えます
lan type lan1 port-based-option=divide-network
vlan port mapping lan1.1 vlan1
vlan port mapping lan1.2 vlan1
vlan port mapping lan1.3 vlan2
vlan port mapping lan1.4 vlan2
ip vlan1 address 192.168.220.1/24
ip vlan2 address 192.168.1.1/24
";

fn prefix(wan: &str, lan: &str, phone: bool) -> String {
    let (source, client, why) = if phone {
        ("dhcp-prefix", "ipv6 WAN dhcp service client", "ひかり電話あり: DHCPv6-PD で受け取ります。RA では数分で切れます")
    } else {
        ("ra-prefix", "ipv6 WAN dhcp service client ir=on", "ひかり電話なし: RA で受け取ります")
    };
    format!(
        "
# プレフィックス（{why}）
ngn type {wan} ntt
ipv6 routing on
ipv6 prefix 1 {source}@{wan}::/64
ipv6 {lan} address {source}@{wan}::1/64
ipv6 {lan} rtadv send 1 o_flag=on
ipv6 {lan} dhcp service server
{}
",
        client.replace("WAN", wan)
    )
}

fn elsewhere(order: &Order) -> String {
    let named = || order.resolvers.iter().take(2).map(|server| format!(" {server} edns=on")).collect::<String>();
    let rest = match order.site.internet {
        Internet::None => return "# その他の名前: 同じ回線にインターネットはないので、どこにも聞きません\n".to_owned(),
        _ if !order.resolvers.is_empty() => format!("dns server select 500000{} any .\n", named()),
        Internet::Pppoe => "dns server select 500000 pp 1 edns=on any .\n".to_owned(),
        Internet::Ipoe => "dns server select 500000 dhcp lan2 edns=on any .\n".to_owned(),
    };
    format!("# その他の名前: インターネットのDNSサーバーに聞きます（いまのインターネットの接続設定はそのまま残します）\n{rest}")
}

fn filters(wan: &str) -> String {
    format!(
        "
# フィルター: 内から外は通し、外から内は返事と、IPv6 に欠かせないものだけを通します
ipv6 filter 101000 pass * * icmp6 * *
ipv6 filter 101002 pass * * udp * 546
ipv6 filter 101098 reject * *
ipv6 filter 101099 pass * * * * *
ipv6 filter dynamic 101098 * * tcp
ipv6 filter dynamic 101099 * * udp
ipv6 {wan} secure filter in 101000 101002 101098
ipv6 {wan} secure filter out 101099 dynamic 101098 101099
"
    )
}
