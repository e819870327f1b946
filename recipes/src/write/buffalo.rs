//! Routers for homes such as Buffalo's: they pass IPv6 on with an ND proxy and know no table, so that the terminal asks by itself.

use super::{Draft, NO_DEVICE, NamesAt, nrpt};
use crate::site::Order;
use crate::table::Forward;

pub(super) fn draft(order: &Order, forwards: &[Forward]) -> Draft {
    let terminal = nrpt::draft(order, forwards);
    let mut steps = vec![
        "ルーターの設定画面（詳細設定）で、IPv6 の接続方法を「NDプロキシを使用する」にします（他社では「RAプロキシ」など）。".to_owned(),
        "「IPv6ブリッジ（IPv6パススルー）を使用する」は選びません。ファイアウォールとフィルターが働かなくなります。".to_owned(),
        "「セキュリティ」→「ファイアウォール」の IPv6 の項目を、すべて有効にします。".to_owned(),
    ];
    if order.site.phone {
        steps.push("ひかり電話ありで、数分で通信が切れるときは、DHCPv6-PD に対応した機種に替えます。".to_owned());
    }
    if order.site.split {
        steps.push("家庭用のルーターではLANを分けられません。分けるときは、業務用のルーターを使ってください。".to_owned());
    }
    steps.push("ルーターにはドメインごとの設定がないので、端末側で設定します:".to_owned());
    steps.extend(terminal.steps);
    let untried = std::iter::once(NO_DEVICE).chain(terminal.untried).collect();
    Draft { files: terminal.files, steps, tried: terminal.tried, untried, names_at: NamesAt::Terminal, looks: terminal.looks }
}
