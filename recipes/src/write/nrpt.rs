//! Windows itself: rules of the name resolution policy table, so that the closed network's names alone are asked elsewhere (DN-31).

use super::{Device, Draft, File, NamesAt, heading};
use crate::site::Order;
use crate::table::Forward;

const TRIED: [&str; 1] = ["onshi router lint で、この文書に誤りがないこと。"];
const UNTRIED: [&str; 2] = [
    "Windows の実機では確かめていません。",
    "組織のグループポリシーに NRPT の規則が一つでもあると、この規則は使われません。そのときはグループポリシーに入れてください。",
];
const LOOKS: &[(&str, &str)] = &[
    ("Get-DnsClientNrptRule", "ドメインごとの規則があり、サーバーが二つずつある"),
    ("Get-DnsClientNrptPolicy -Effective", "同じ規則が有効になっている"),
];
/// By this word our own rules are found again.
pub(crate) const COMMENT: &str = "onshi";

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let mut text = heading("#", Device::Nrpt, order, &TRIED, &UNTRIED);
    text.push_str(&format!(
        "#Requires -RunAsAdministrator
$ErrorActionPreference = 'Stop'

# 前に入れた規則を消します
Get-DnsClientNrptRule | Where-Object {{ $_.Comment -eq '{COMMENT}' }} | ForEach-Object {{ Remove-DnsClientNrptRule -Name $_.Name -Force }}

# 「.」で始まる規則は、そのドメインの下の名前すべてに、「.」のない規則は、その名前だけに効きます
"
    ));
    for forward in forwards {
        let servers: Vec<String> = forward.servers.iter().map(|server| format!("'{server}'")).collect();
        text.push_str(&format!(
            "Add-DnsClientNrptRule -Namespace '.{domain}','{domain}' -NameServers {} -Comment '{COMMENT}'\n",
            servers.join(","),
            domain = forward.domain
        ));
    }
    text.push_str("\nClear-DnsClientCache\nGet-DnsClientNrptRule | Format-Table Namespace, NameServers\n");
    let steps = vec![
        "端末で、管理者として PowerShell を開き、nrpt.ps1 を実行します。".to_owned(),
        "アダプターのDNSサーバーは「自動的に取得する」に戻します。インターネットの名前は、これまでどおり引けます。".to_owned(),
        "ルーターは、端末に IPv6 のプレフィックスを渡すだけで足ります（RA または DHCPv6-PD）。ルーターにドメインごとの設定は要りません。"
            .to_owned(),
        "nslookup は NRPT を見ません。確認には Resolve-DnsName を使ってください。".to_owned(),
    ];
    let files = vec![File { name: "nrpt.ps1", text }];
    Draft { files, steps, tried: TRIED.to_vec(), untried: UNTRIED.to_vec(), names_at: NamesAt::Terminal, looks: LOOKS }
}
