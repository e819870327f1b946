//! The test plan: what to type afterwards, and what must be seen. It asks nobody to ping, since the center does not answer (DN-28).

use jiff::civil::Date;
use manuals::addresses::{self, Answer};
use manuals::{hosts, messages, proxy};
use serde::Serialize;

use super::NamesAt;
use crate::site::{Internet, Order, Services};

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its number, from 1.
    pub number: usize,
    /// Where: 端末, ルーター or ブラウザ.
    pub at: &'static str,
    /// What is looked at.
    pub what: String,
    /// What to type or to open; one line each.
    pub how: Vec<String>,
    /// What must be seen.
    pub see: String,
}

struct Plan {
    checks: Vec<Check>,
}

impl Plan {
    fn add(&mut self, at: &'static str, what: &str, how: Vec<String>, see: String) {
        self.checks.push(Check { number: self.checks.len() + 1, at, what: what.to_owned(), how, see });
    }
}

/// Everything to look at for an order.
pub(super) fn checks(order: &Order, names_at: NamesAt, looks: &'static [(&'static str, &'static str)]) -> Vec<Check> {
    let site = order.site;
    let ask = if names_at == NamesAt::Router { "nslookup" } else { "Resolve-DnsName" };
    let mut plan = Plan { checks: Vec::new() };
    plan.add(
        "端末",
        "アドレス",
        vec!["ipconfig /all".to_owned()],
        "IPv6アドレス、一時IPv6アドレス、リンクローカルIPv6アドレスの三つがある。デフォルトゲートウェイが fe80:: で始まり、DNSサーバーがルーターのアドレスになっている。".to_owned(),
    );
    for name in lookups(order) {
        let see = addresses::expected(&name, site.region).map_or_else(|| "アドレスが返る。".to_owned(), shown);
        plan.add("端末", &format!("名前 {name}"), vec![format!("{ask} {name}")], see);
    }
    if let Some(big) = big(order) {
        let how = vec![format!("nslookup -type=AAAA -vc {}", big.name), format!("nslookup -type=AAAA {}", big.name)];
        plan.add(
            "端末",
            "大きな答え",
            how,
            "どちらでも同じアドレスが並ぶ。初めの行だけ答えるときは、ルーターの EDNS を、どちらも答えないときは TCP 53番を確かめる。"
                .to_owned(),
        );
    }
    let servers = addresses::platform_servers(site.region);
    let portal = hosts::line_portal().name;
    plan.add(
        "端末",
        "閉域網のDNSサーバーに直接",
        vec![format!("nslookup {portal} {}", servers.primary), format!("nslookup {portal} {}", servers.secondary)],
        "二つとも同じ答えが返る。返らないときは、ルーターではなく回線を確かめる。".to_owned(),
    );
    for (command, see) in looks {
        let at = if names_at == NamesAt::Router { "ルーター" } else { "端末" };
        plan.add(at, "装置の状態", vec![(*command).to_owned()], format!("{see}。"));
    }
    if site.internet != Internet::None {
        plan.add(
            "端末",
            "インターネット",
            vec![format!("{ask} www.example.com")],
            "アドレスが返る（閉域網の設定で、インターネットが使えなくなっていない）。".to_owned(),
        );
    }
    if site.split {
        plan.add(
            "院内のパソコン",
            "LANの分離",
            vec![format!("nslookup {portal}"), "ipconfig /all".to_owned()],
            "IPv6アドレスがリンクローカルだけで、閉域網に届かない。端末の共有フォルダは開ける。".to_owned(),
        );
    }
    afterwards(&mut plan, site.services);
    plan.checks
}

fn afterwards(plan: &mut Plan, services: Services) {
    let text = |key: &str| messages::by_key(key).map_or("", |message| message.text);
    plan.add(
        "ブラウザ",
        "回線認証",
        vec![format!("https://{}/", hosts::line_portal().name), format!("「{}」を押す", text("line-wish"))],
        format!("「{}」または「{}」と表示される。", text("line-success"), text("line-already")),
    );
    if services != Services::Claims {
        let server = proxy::address();
        plan.add(
            "端末",
            "配信のプロキシ",
            vec![format!("Test-NetConnection {} -Port {}", server.name, server.port)],
            "TcpTestSucceeded が True（閉塞の時間を除く）。".to_owned(),
        );
    }
    plan.add(
        "端末",
        "10分後にもう一度",
        vec!["上の 1 と 2 を、10分おいてもう一度".to_owned()],
        "同じ結果になる。初めは通じて数分で切れるときは、RA と DHCPv6-PD を取り違えている。".to_owned(),
    );
    plan.add(
        "ルーター",
        "電源を入れ直す",
        vec!["ルーターの電源を切り、1分おいて入れ、端末を再起動する".to_owned()],
        "上の 1 と 2 が同じ結果になる（設定が保存されている）。".to_owned(),
    );
    plan.add(
        "端末",
        "控え",
        vec!["お客さまID、IPv6アドレス、日時を書き残す".to_owned()],
        "問い合わせのときに、この三つを聞かれる。pingには答えが返らないので、確認に使わない。".to_owned(),
    );
}

/// The names that the guides look up for the services in use, each once.
fn lookups(order: &Order) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for service in order.site.services.each() {
        for name in addresses::lookups(*service, order.site.region, Date::MAX) {
            let name = match order.prefecture {
                Some(prefecture) => name.replace("XXXX", prefecture.romaji),
                None => name,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The answer that does not fit a small datagram, if a service in use has one (DN-23).
fn big(order: &Order) -> Option<&'static Answer> {
    lookups(order).iter().filter_map(|name| addresses::expected(name, order.site.region)).find(|answer| answer.needs_tcp)
}

fn shown(answer: &'static Answer) -> String {
    let Some(first) = answer.aaaa.first() else { return "アドレスが返る。".to_owned() };
    match answer.accept {
        addresses::Accept::Listed => format!("{first} が返る（資料の例。変わることがあります）。"),
        addresses::Accept::Prefix => format!("{first} など、同じ /64 のアドレスがいくつも返る。"),
        addresses::Accept::Prefecture => format!("{first} と、6番目の区切りだけが都道府県によって違うアドレスが返る。"),
    }
}
