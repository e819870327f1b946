//! The carrier's own ひかり電話ルーター or ホームゲートウェイ: the steps at its pages, and the table to type in.

use super::{Device, Draft, File, NO_DEVICE, NamesAt, heading, servers};
use crate::site::Order;
use crate::table::Forward;

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let untried = vec![NO_DEVICE, "画面の項目の名前は、機種と版によって違います。"];
    let mut text = heading("#", Device::Gateway, order, &[], &untried);
    text.push_str("# 「ローカルドメイン問合せテーブル」に、一行ずつ入れます: ドメイン名 プライマリDNS セカンダリDNS\n");
    forwards.iter().for_each(|forward| text.push_str(&format!("{} {}\n", forward.domain, servers(forward, " "))));
    let steps = vec![
        "端末のブラウザでルーターの設定画面を開き、ログインします。".to_owned(),
        "「詳細設定」→「DNS設定」→「ローカルドメイン問合せテーブル」を開きます。この項目のない機種では、端末側で設定します（nrpt）。".to_owned(),
        format!("table.txt の {} 行を、一行ずつ入れて保存します。DNSサーバーは二つとも入れます。", forwards.len()),
        "「IPv6ファイアウォール機能」は有効のまま、セキュリティレベルは標準にします。".to_owned(),
        "入れられる行の数が足りないときは、途中まで入れず、端末側で設定してください（nrpt）。".to_owned(),
        "この装置の下にもう一台ルーターがあるときは、下のルーターに設定します。下のルーターから、この装置に閉域網の名前を聞かせてはいけません。".to_owned(),
    ];
    let files = vec![File { name: "table.txt", text }];
    Draft { files, steps, tried: Vec::new(), untried, names_at: NamesAt::Router, looks: &[] }
}
