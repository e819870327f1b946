//! OpenWrt: dnsmasq with a table and the exceptions that its guard against rebinding needs, odhcpd as relay or with the delegated prefix.

use super::{Device, Draft, File, NO_DEVICE, NamesAt, heading};
use crate::linux::UDP_SIZE;
use crate::site::{Internet, Order};
use crate::table::Forward;

const TRIED: [&str; 2] = [
    "onshi router lint で、この文書に誤りがないこと。",
    "OpenWrt が使う dnsmasq に同じ内容を渡したときの動き（Linux（dnsmasq）のレシピとして、実験用の網で）。",
];
const UNTRIED: [&str; 2] = [NO_DEVICE, "odhcpd の中継（RA・ND）は確かめていません。"];
const LOOKS: &[(&str, &str)] = &[
    ("ip -6 address show br-lan", "2 または 3 で始まる /64 のアドレスがある（中継のときは WAN側と同じ /64）"),
    ("uci show dhcp.@dnsmasq[0].server", "ドメインごとに二つずつ並んでいる"),
    ("uci show dhcp.@dnsmasq[0].rebind_domain", "同じドメインがすべて並んでいる"),
];

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let site = order.site;
    let lan = if site.split { "oqs" } else { "lan" };
    let mut text = heading("#", Device::Openwrt, order, &TRIED, &UNTRIED);
    text.push_str("\n# 名前\nuci -q delete dhcp.@dnsmasq[0].server\nuci -q delete dhcp.@dnsmasq[0].rebind_domain\n");
    for forward in forwards {
        forward
            .servers
            .iter()
            .for_each(|server| text.push_str(&format!("uci add_list dhcp.@dnsmasq[0].server='/{}/{server}'\n", forward.domain)));
    }
    text.push_str(
        "# 閉域網の答えには 10. で始まるアドレスが混ざります。DNSリバインディング対策（初めから有効）の例外にしないと、捨てられます\n",
    );
    forwards.iter().for_each(|forward| text.push_str(&format!("uci add_list dhcp.@dnsmasq[0].rebind_domain='/{}/'\n", forward.domain)));
    text.push_str(&format!("# 大きな答えを切らずに受け取ります\nuci set dhcp.@dnsmasq[0].ednspacket_max='{UDP_SIZE}'\nuci set dhcp.@dnsmasq[0].filter_aaaa='0'\n"));
    match site.internet {
        Internet::None => text.push_str("# その他の名前: どこにも聞きません\nuci set dhcp.@dnsmasq[0].noresolv='1'\n"),
        _ if order.resolvers.is_empty() => {
            text.push_str("# その他の名前: インターネットの接続が知らせるDNSサーバーに聞きます\nuci set dhcp.@dnsmasq[0].noresolv='0'\n")
        }
        _ => {
            text.push_str("# その他の名前\nuci set dhcp.@dnsmasq[0].noresolv='1'\n");
            order.resolvers.iter().for_each(|server| text.push_str(&format!("uci add_list dhcp.@dnsmasq[0].server='{server}'\n")));
        }
    }
    if site.split {
        text.push_str(SPLIT);
    }
    text.push_str(&prefix(lan, site.phone, site.internet == Internet::Ipoe && order.resolvers.is_empty()));
    text.push_str("\nuci commit\n/etc/init.d/network restart\n/etc/init.d/odhcpd restart\n/etc/init.d/dnsmasq restart\n");
    let mut steps = vec![
        "いまの設定を控えてから（sysupgrade -b）、ルーターの上で sh openwrt.sh を実行します。".to_owned(),
        "フィルターは、OpenWrt の初めの設定（wan からは返事と、IPv6 に欠かせないものだけ）のままにします。".to_owned(),
    ];
    if site.split {
        steps.push("LANの分離: 端末のポートの名前（例: lan4）を、文書の中の OQS_PORT に書きます。".to_owned());
    }
    let files = vec![File { name: "openwrt.sh", text }];
    Draft { files, steps, tried: TRIED.to_vec(), untried: UNTRIED.to_vec(), names_at: NamesAt::Router, looks: LOOKS }
}

const SPLIT: &str = "
# LANの分離: このポートだけをオンライン資格確認に使います
OQS_PORT=lan4
uci del_list network.@device[0].ports=\"$OQS_PORT\"
uci set network.oqs=interface
uci set network.oqs.device=\"$OQS_PORT\"
uci set network.oqs.proto='static'
uci set network.oqs.ipaddr='192.168.220.1'
uci set network.oqs.netmask='255.255.255.0'
uci set network.lan.ip6assign=''
uci set dhcp.lan.ra='disabled'
uci set dhcp.lan.dhcpv6='disabled'
uci set dhcp.lan.ndp='disabled'
uci set dhcp.oqs=dhcp
uci set dhcp.oqs.interface='oqs'
uci set dhcp.oqs.start='100'
uci set dhcp.oqs.limit='50'
uci set firewall.oqs=zone
uci set firewall.oqs.name='oqs'
uci set firewall.oqs.network='oqs'
uci set firewall.oqs.input='ACCEPT'
uci set firewall.oqs.output='ACCEPT'
uci set firewall.oqs.forward='REJECT'
uci set firewall.oqs_wan=forwarding
uci set firewall.oqs_wan.src='oqs'
uci set firewall.oqs_wan.dest='wan'
";

fn prefix(lan: &str, phone: bool, learns: bool) -> String {
    let learns = u8::from(learns);
    if phone {
        return format!(
            "
# プレフィックス（ひかり電話あり: DHCPv6-PD で受け取ります。RA では数分で切れます）
uci set network.wan6.proto='dhcpv6'
uci set network.wan6.reqprefix='auto'
uci set network.wan6.peerdns='{learns}'
uci set network.{lan}.ip6assign='64'
uci set dhcp.{lan}.ra='server'
uci set dhcp.{lan}.dhcpv6='server'
uci set dhcp.{lan}.ndp='disabled'
uci -q delete dhcp.{lan}.ra_flags
uci add_list dhcp.{lan}.ra_flags='other-config'
uci -q delete dhcp.{lan}.dns
uci set dhcp.{lan}.dns_service='1'
"
        );
    }
    format!(
        "
# プレフィックス（ひかり電話なし: RA を中継し、NDプロキシで答えます。DNSだけは、このルーターに書き替えて知らせます）
uci set network.wan6.proto='dhcpv6'
uci set network.wan6.reqprefix='no'
uci set network.wan6.peerdns='{learns}'
uci set dhcp.wan6=dhcp
uci set dhcp.wan6.interface='wan6'
uci set dhcp.wan6.ignore='1'
uci set dhcp.wan6.master='1'
uci set dhcp.wan6.ra='relay'
uci set dhcp.wan6.ndp='relay'
uci set dhcp.wan6.dhcpv6='relay'
uci set dhcp.{lan}.ra='relay'
uci set dhcp.{lan}.ndp='relay'
uci set dhcp.{lan}.dhcpv6='relay'
uci set dhcp.{lan}.always_rewrite_dns='1'
uci set dhcp.{lan}.dns_service='1'
"
    )
}
