//! Tests of the readers with texts as Windows writes them, in Japanese and in English.

use super::*;
use crate::doctor::recording::Medium;
use crate::doctor::system::text::decode;

const RESULT: &str = "\r\nCertUtil: -store コマンドは正常に完了しました。\r\n";

fn read(texts: &[(&'static str, &str)]) -> Machine {
    let mut all = Texts::default();
    for (name, text) in texts {
        all.put(name, (*text).to_owned());
    }
    machine(&all, Some("1310099999"))
}

/// The two names of a thing: in Japanese, in English.
fn both<T>(make: impl Fn(bool) -> T) -> [T; 2] {
    [make(true), make(false)]
}

fn ipconfig(japanese: bool) -> String {
    if japanese {
        "\r\nWindows IP 構成\r\n\r\n   ホスト名. . . . . . . . . . . . . . .: ONS01\r\n\r\nWireless LAN adapter Wi-Fi:\r\n\r\n   メディアの状態. . . . . . . . . . . .: メディアは接続されていません\r\n   \
         説明. . . . . . . . . . . . . . . . .: Intel(R) Wi-Fi 6 AX201\r\n\r\nイーサネット アダプター オン資用:\r\n\r\n   説明. . . . . . . . . . . . . . . . .: Intel(R) I211 Gigabit Network Connection\r\n   \
         IPv6 アドレス . . . . . . . . . . . .: 2408:210:aaaa:bb00::7(優先) \r\n   IPv6 アドレス . . . . . . . . . . . .: 2408:210:1:100::7(非推奨) \r\n   \
         一時 IPv6 アドレス. . . . . . . . . .: 2408:210:aaaa:bb00:1:2:3:4(優先) \r\n   リンクローカル IPv6 アドレス. . . . .: fe80::7%5(優先) \r\n   \
         デフォルト ゲートウェイ . . . . . . .: fe80::1%5\r\n   DNS サーバー. . . . . . . . . . . . .: fe80::1%5\r\n                                       192.168.1.1\r\n\r\n\
         イーサネット アダプター 連携用:\r\n\r\n   説明. . . . . . . . . . . . . . . . .: Intel(R) I219-LM\r\n   IPv4 アドレス . . . . . . . . . . . .: 192.168.220.11(優先) \r\n   \
         デフォルト ゲートウェイ . . . . . . .: 192.168.220.1\r\n   DNS サーバー. . . . . . . . . . . . .: fec0:0:0:ffff::1%1\r\n                                       8.8.8.8\r\n"
            .to_owned()
    } else {
        "\r\nWindows IP Configuration\r\n\r\nWireless LAN adapter Wi-Fi:\r\n\r\n   Media State . . . . . . . . . . . : Media disconnected\r\n   Description . . . . . . . . . . . : Intel(R) Wi-Fi 6 AX201\r\n\r\n\
         Ethernet adapter Ethernet:\r\n\r\n   Description . . . . . . . . . . . : Intel(R) I211 Gigabit Network Connection\r\n   \
         IPv6 Address. . . . . . . . . . . : 2408:210:aaaa:bb00::7(Preferred) \r\n   IPv6 Address. . . . . . . . . . . : 2408:210:1:100::7(Deprecated) \r\n   \
         Temporary IPv6 Address. . . . . . : 2408:210:aaaa:bb00:1:2:3:4(Preferred) \r\n   Link-local IPv6 Address . . . . . : fe80::7%5(Preferred) \r\n   \
         Default Gateway . . . . . . . . . : fe80::1%5\r\n   DNS Servers . . . . . . . . . . . : fe80::1%5\r\n                                       192.168.1.1\r\n\r\n\
         Ethernet adapter LAN:\r\n\r\n   Description . . . . . . . . . . . : Intel(R) I219-LM\r\n   IPv4 Address. . . . . . . . . . . : 192.168.220.11(Preferred) \r\n   \
         Default Gateway . . . . . . . . . : 192.168.220.1\r\n   DNS Servers . . . . . . . . . . . : 8.8.8.8\r\n"
            .to_owned()
    }
}

/// Rows: TA-01, TA-02, TA-03
#[test]
fn several_adapters_are_told_apart_in_both_languages() {
    for text in both(ipconfig) {
        let machine = read(&[("ipconfig.txt", &text)]);
        let [radio, closed, clinic] = machine.adapters.as_slice() else { panic!("{:#?}", machine.adapters) };
        assert_eq!((radio.medium, radio.connected), (Medium::Wireless, Some(false)));
        assert_eq!((closed.permanent.len(), closed.temporary.len(), closed.link_local.len()), (2, 1, 1), "{closed:#?}");
        assert_eq!(closed.permanent.iter().map(|address| address.deprecated).collect::<Vec<_>>(), [false, true]);
        assert_eq!((closed.ipv6_enabled, closed.gateways.as_slice()), (Some(true), ["fe80::1%5".to_owned()].as_slice()));
        assert_eq!((clinic.ipv6_enabled, clinic.connected), (Some(false), Some(true)), "no address of its link: IPv6 is off");
        assert_eq!(machine.router, Some("fe80::1".parse().unwrap()));
        assert_eq!(machine.resolvers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["fe80::1", "192.168.1.1", "8.8.8.8"]);
    }
    assert_eq!(both(|japanese| read(&[("ipconfig.txt", &ipconfig(japanese))]).language).map(Option::unwrap), ["ja", "en"]);
}

#[test]
fn every_text_may_be_cut_anywhere_and_be_of_another_program() {
    let texts: Vec<(&'static str, String)> = vec![
        ("ipconfig.txt", ipconfig(true)),
        ("netsh-ipv6-interface.txt", "  5          25        1500  connected     オン資用\r\n".to_owned()),
        ("netsh-ipv6-address.txt", "パブリック  優先   29d23h59m58s 6d23h 2408:210:aaaa:bb00::7\r\n".to_owned()),
        ("netsh-ipv6-route.txt", "いいえ    手動     256  ::/0  5  fe80::1\r\n".to_owned()),
        ("certutil-my.txt", store(true)),
        ("schtasks.xml", TASKS.to_owned()),
        ("cmdkey.txt", "    ターゲット: LegacyGeneric:target=OQS_LOGIN_KEY\r\n    ユーザー: R012345678\r\n".to_owned()),
        ("net-share.txt", SHARES.to_owned()),
    ];
    for (name, text) in &texts {
        for (end, _) in text.char_indices() {
            let _whatever_is_left = read(&[(name, &text[..end])]);
        }
        for (other, _) in &texts {
            let _somebody_elses = read(&[(other, text)]);
        }
    }
}

/// Rows: TA-02
#[test]
fn netsh_adds_metrics_lifetimes_and_routes() {
    let machine = read(&[
        ("ipconfig.txt", &ipconfig(true)),
        (
            "netsh-ipv6-interface.txt",
            "\r\nIdx     Met         MTU          状態                名前\r\n---  ----------  ----------  ------------  ---------------------------\r\n  1          75  4294967295  connected     Loopback Pseudo-Interface 1\r\n  5           1        1454  connected     オン資用\r\n",
        ),
        (
            "netsh-ipv6-address.txt",
            "\r\nインターフェイス 5: オン資用\r\n\r\nアドレスの種類  DAD 状態   有効期間   優先有効期間 アドレス\r\n---------  ----------- ---------- ---------- ------------------------\r\nパブリック     優先   29d23h59m58s 6d23h59m58s 2408:210:aaaa:bb00::7\r\n手動     優先   infinite infinite 2408:210:1:100::7\r\nその他     優先   infinite infinite fe80::7%5\r\n",
        ),
        (
            "netsh-ipv6-route.txt",
            "\r\n発行     種類      メトリック  プレフィックス                    Idx  ゲートウェイ/インターフェイス名\r\n-------  --------  ---  ------------------------  ---  ------------------------\r\nいいえ       手動    256  ::/0                        5  fe80::1\r\nいいえ       システム    256  ::1/128                     1  Loopback Pseudo-Interface 1\r\n",
        ),
    ]);
    let closed = &machine.adapters[1];
    assert_eq!((closed.metric, closed.mtu), (Some(1), Some(1454)));
    let [stays, by_hand] = closed.permanent.as_slice() else { panic!("{closed:#?}") };
    assert_eq!((stays.valid_seconds, stays.preferred_seconds, stays.by_hand), (Some(2_591_998), Some(604_798), Some(false)));
    assert_eq!((by_hand.by_hand, by_hand.valid_seconds), (Some(true), None));
    assert_eq!(machine.advertisements.len(), 1);
    assert_eq!(machine.advertisements[0].prefix.as_deref(), Some("2408:210:aaaa:bb00::/64"));
    let ways: Vec<_> = machine.routes.iter().map(|route| (route.destination.as_str(), route.via.as_deref())).collect();
    assert_eq!(ways, [("::/0", Some("fe80::1")), ("::1/128", None)]);
}

/// Rows: PX-02, PX-04, PX-11
#[test]
fn the_two_proxy_settings_are_read_from_registry_and_display() {
    let settings = "\r\nHKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\r\n    ProxyEnable    REG_DWORD    0x1\r\n    ProxyServer    REG_SZ    proxy.test:8080\r\n    ProxyOverride    REG_SZ    *.a.test;b.test\r\n    User Agent    REG_SZ    Mozilla/4.0\r\n";
    for display in [
        "    プロキシ サーバー :  proxy.test:8080\r\n    バイパス一覧      :  *.a.test;b.test\r\n",
        "    Proxy Server(s) :  proxy.test:8080\r\n    Bypass List     :  *.a.test;b.test\r\n",
    ] {
        let machine = read(&[("reg-internet-settings.txt", settings), ("netsh-winhttp.txt", display)]);
        assert_eq!(machine.user_proxy, machine.system_proxy);
        assert_eq!(machine.user_proxy.unwrap().server, "proxy.test:8080");
    }
    for direct in ["    直接アクセス (プロキシ サーバーなし)。", "    Direct access (no proxy server)."] {
        assert_eq!(read(&[("netsh-winhttp.txt", direct)]).system_proxy, Some(ProxyText::default()));
    }
    let strange = read(&[("netsh-winhttp.txt", "'netsh' は、内部コマンドまたは外部コマンドとして認識されていません。")]);
    assert!(strange.system_proxy.is_none() && strange.withheld.len() == 1);
    assert!(read(&[("reg-internet-settings.txt", "エラー: 指定されたレジストリ キーが見つかりませんでした。")]).user_proxy.is_none());
    assert!(!read(&[("reg-internet-settings.txt", &settings.replace("0x1", "0x0"))]).user_proxy.unwrap().enabled);
}

fn store(japanese: bool) -> String {
    let issuer = manuals::certificate::sheet().issuer;
    if japanese {
        format!(
            "My \"個人\"\r\n================ 証明書 0 ================\r\nシリアル番号: 5c00a1\r\n発行者: CN={issuer}, C=JP\r\n この日以降: 2026/01/10 9:00\r\n この日以前: 2029/04/10 23:59\r\nサブジェクト: CN=1310099999, C=JP\r\nルート証明書ではありません\r\n証明書のハッシュ(sha1): 0a bb 0c\r\n  キー コンテナー = x\r\n  プロバイダー = Microsoft Software Key Storage Provider\r\n================ 証明書 1 ================\r\nシリアル番号: 5c00a2\r\n発行者: CN=Somebody\r\n この証明書の発効日: 2020/01/10 9:00\r\n この証明書の失効日: 2021/01/10 9:00\r\nサブジェクト: CN=x\r\n  キー プロバイダー情報がありません{RESULT}"
        )
    } else {
        format!(
            "My \"Personal\"\r\n================ Certificate 0 ================\r\nSerial Number: 5c00a1\r\nIssuer: CN={issuer}, C=JP\r\n NotBefore: 1/10/2026 9:00 AM\r\n NotAfter: 4/10/2029 11:59 PM\r\nSubject: CN=1310099999, C=JP\r\nNon-root Certificate\r\nCert Hash(sha1): 0abb0c\r\n  Key Container = x\r\n  Provider = Microsoft Software Key Storage Provider\r\n================ Certificate 1 ================\r\nSerial Number: 5c00a2\r\nIssuer: CN=Somebody\r\n NotBefore: 1/10/2020 9:00 AM\r\n NotAfter: 1/10/2021 9:00 AM\r\nSubject: CN=x\r\n  No key provider information\r\nCertUtil: -store command completed successfully.\r\n"
        )
    }
}

/// Rows: CA-24
#[test]
fn certificates_of_the_store_are_read_with_issuer_days_and_key() {
    for text in both(store) {
        let machine = read(&[("certutil-my.txt", &text)]);
        let [ours, other] = machine.certificates.as_deref().unwrap() else { panic!("two certificates") };
        assert_eq!((ours.of_authority, ours.has_key, ours.facility_fits), (true, Some(true), Some(true)));
        assert_eq!((other.of_authority, other.has_key, other.facility_fits), (false, Some(false), Some(false)));
        assert_eq!((ours.serial.as_str(), ours.fingerprint.as_str()), ("5c00a1", "sha1:0abb0c"));
        assert_eq!(ours.not_after.to_string(), "2029-04-10T14:59:00Z");
        assert_eq!(ours.not_before.to_string(), "2026-01-10T00:00:00Z");
    }
    for lost in ["Missing stored keyset", "格納されたキーセットがありません"] {
        let text = store(false).replace("Software Key Storage Provider\r\n", &format!("Software Key Storage Provider\r\n{lost}\r\n"));
        let machine = read(&[("certutil-my.txt", &text)]);
        let own = machine.certificates.unwrap_or_default().into_iter().next();
        assert_eq!(own.and_then(|own| own.has_key), Some(false), "{lost}: a place for a key is no key");
    }
    let empty = read(&[("certutil-my.txt", &format!("My \"個人\"{RESULT}"))]);
    assert_eq!(empty.certificates, Some(vec![]));
    assert_eq!(read(&[("certutil-my.txt", "'certutil' は認識されていません。")]).certificates, None);
}

#[test]
fn only_roots_that_matter_here_are_kept() {
    let site_root = manuals::certificate::sheet().site_root;
    let block = |number: u8, name: &str| {
        format!(
            "================ 証明書 {number} ================\r\nシリアル番号: 0{number}\r\n発行者: OU={name}\r\n この日以前: 2029/09/30 13:20\r\nサブジェクト: OU={name}\r\n"
        )
    };
    let text = format!("Root \"信頼されたルート証明機関\"\r\n{}{}{RESULT}", block(0, "Somebody Root"), block(1, site_root));
    let roots = read(&[("certutil-root.txt", &text)]).roots.unwrap();
    assert_eq!(roots.len(), 1);
    assert!(roots[0].name.contains(site_root));
}

const TASKS: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Tasks>\r\n<!-- \\OQS_exec_distroappstart -->\r\n<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo><URI>\\OQS_exec_distroappstart</URI></RegistrationInfo>\r\n  <Triggers><BootTrigger><Repetition><Interval>PT1H</Interval></Repetition><Enabled>true</Enabled><Delay>PT1M</Delay></BootTrigger></Triggers>\r\n  <Principals><Principal id=\"Author\"><UserId>ONS01\\OqsComApp</UserId><LogonType>Password</LogonType></Principal></Principals>\r\n  <Settings><Enabled>false</Enabled></Settings>\r\n</Task>\r\n<!-- \\Other -->\r\n<Task version=\"1.2\"><Triggers><LogonTrigger/></Triggers></Task>\r\n<!-- \\OQS_exec_comappstart -->\r\n<Task version=\"1.2\"><Triggers><TimeTrigger><StartBoundary>2020-01-01T00:00:00</StartBoundary></TimeTrigger></Triggers><Principals><Principal><UserId>S-1-5-18</UserId></Principal></Principals></Task>\r\n</Tasks>\r\n";

/// Rows: DA-08, LK-11, LK-15
#[test]
fn tasks_tell_their_trigger_delay_account_and_last_result() {
    let lists = [
        "\r\nフォルダー: \\\r\nホスト名:                             ONS01\r\nタスク名:                             \\OQS_exec_distroappstart\r\n前回の実行時刻:                       2026/11/20 9:01:00\r\n前回の結果:                           -2147023570\r\n",
        "\r\nFolder: \\\r\nHostName:                             ONS01\r\nTaskName:                             \\OQS_exec_distroappstart\r\nLast Run Time:                        11/20/2026 9:01:00 AM\r\nLast Result:                          -2147023570\r\n",
    ];
    for list in lists {
        let tasks = read(&[("schtasks.xml", TASKS), ("schtasks.txt", list)]).tasks.unwrap();
        let [distribution, linkage] = tasks.as_slice() else { panic!("{tasks:#?}") };
        assert_eq!((distribution.enabled, distribution.trigger.as_str()), (false, "start"));
        assert_eq!((distribution.delay_seconds, distribution.repeat_seconds), (Some(60), Some(3600)));
        assert_eq!((distribution.user.as_deref(), distribution.runs_logged_off), (Some("OqsComApp"), Some(true)));
        assert_eq!(distribution.last_result, Some(-2_147_023_570));
        assert_eq!(distribution.last_run.unwrap().to_string(), "2026-11-20T00:01:00Z");
        assert_eq!(
            (linkage.name.as_str(), linkage.trigger.as_str(), linkage.runs_logged_off),
            ("OQS_exec_comappstart", "periodic", Some(true))
        );
        assert_eq!(read(&[("schtasks.txt", list)]).tasks.unwrap().len(), 1, "the list alone");
    }
    assert_eq!(read(&[("schtasks.xml", "エラー: アクセスが拒否されました。")]).tasks, None);
}

/// Rows: LK-06, LK-07, LK-10
#[test]
fn credentials_are_judged_by_their_users_and_no_user_is_kept() {
    let texts = [
        "現在保存されている資格情報:\r\n\r\n    ターゲット: LegacyGeneric:target=OQS_LOGIN_KEY\r\n    種類: 汎用\r\n    ユーザー: R012345678\r\n\r\n    ターゲット: LegacyGeneric:target=OQS_MEDICAL_INSTITUTION_CODE\r\n    種類: 汎用\r\n    ユーザー: admin\r\n\r\n    ターゲット: Domain:target=server\r\n    ユーザー: 山田\r\n",
        "Currently stored credentials:\r\n\r\n    Target: LegacyGeneric:target=OQS_LOGIN_KEY\r\n    Type: Generic\r\n    User: R012345678\r\n\r\n    Target: LegacyGeneric:target=OQS_MEDICAL_INSTITUTION_CODE\r\n    Type: Generic\r\n    User: admin\r\n\r\n    Target: Domain:target=server\r\n    User: yamada\r\n",
    ];
    for text in texts {
        let machine = read(&[("cmdkey.txt", text)]);
        let [login, code] = machine.credentials.as_deref().unwrap() else { panic!("two") };
        assert_eq!((login.target.as_str(), login.user.as_str(), &login.mistake), ("OQS_LOGIN_KEY", "R0********", &None));
        assert!(code.mistake.as_deref().unwrap().contains("OQS_Admin"));
    }
    assert_eq!(read(&[("cmdkey.txt", "現在保存されている資格情報:\r\n\r\n* なし *\r\n")]).credentials, Some(vec![]));
    assert_eq!(read(&[("cmdkey.txt", "'cmdkey' は認識されていません。")]).credentials, None);
}

const SHARES: &str = "\r\n共有名       リソース                        注釈\r\n\r\n-------------------------------------------------------------------------------\r\nC$           C:\\                             Default share\r\nREQ          C:\\OQS\\Req                      \r\nRECEIPT_COMPUTER_RESULTS\r\n             C:\\OQS\\Res                      \r\nIPC$                                         Remote IPC\r\nコマンドは正常に終了しました。\r\n";

#[test]
fn shares_with_long_names_are_read_too() {
    let shares = read(&[("net-share.txt", SHARES)]).shares.unwrap();
    let found: Vec<_> = shares.iter().map(|share| (share.name.as_str(), share.path.as_str())).collect();
    assert_eq!(found, [("C$", r"C:\"), ("REQ", r"C:\OQS\Req"), ("RECEIPT_COMPUTER_RESULTS", r"C:\OQS\Res")]);
    assert_eq!(read(&[("net-share.txt", "システム エラー 5 が発生しました。")]).shares, None);
}

/// Rows: LS-09
#[test]
fn sleep_display_clock_and_user_are_read() {
    for (power, status, who) in [
        (
            "    現在の AC 電源設定のインデックス: 0x00000708\r\n    現在の DC 電源設定のインデックス: 0x00000384\r\n",
            "閏インジケーター: 3(同期未実行)\r\nソース: ntp.test,0x9\r\n",
            "ユーザー名: ons01\\OqsComApp\r\nSID: S-1-5-21\r\nSID: S-1-16-8192\r\n",
        ),
        (
            "    Current AC Power Setting Index: 0x00000708\r\n    Current DC Power Setting Index: 0x00000384\r\n",
            "Leap Indicator: 3(not synchronized)\r\nSource: ntp.test,0x9\r\n",
            "User Name: ons01\\OqsComApp\r\nSID: S-1-5-21\r\nSID: S-1-16-8192\r\n",
        ),
    ] {
        let machine = read(&[
            ("powercfg.txt", power),
            ("w32tm.txt", status),
            ("whoami.txt", who),
            ("tzutil.txt", "Tokyo Standard Time"),
            ("reg-display.txt", "    AppliedDPI    REG_DWORD    0x90\r\n"),
            ("reg-power.txt", "    HiberbootEnabled    REG_DWORD    0x1\r\n"),
            ("ver.txt", "\r\nMicrosoft Windows [Version 10.0.19044.3570]\r\n"),
        ]);
        assert_eq!(machine.power, Some(Power { sleep_seconds: Some(1800), fast_startup: Some(true) }));
        assert_eq!(machine.display_scale, Some(150));
        let clock = machine.clock.unwrap();
        assert_eq!((clock.synchronised, clock.server.as_deref(), clock.zone_offset_minutes), (Some(false), Some("ntp.test"), Some(540)));
        assert_eq!((machine.user.as_deref(), machine.elevated), (Some("OqsComApp"), Some(false)));
        assert_eq!(machine.os_version.as_deref(), Some("Microsoft Windows [Version 10.0.19044.3570]"));
    }
}

#[test]
fn texts_of_a_japanese_console_are_the_same_in_every_character_set() {
    let listing = ipconfig(true);
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(&listing);
    assert_eq!(read(&[("ipconfig.txt", &decode(&cp932))]), read(&[("ipconfig.txt", &ipconfig(true))]));
}

#[test]
fn settings_are_read_without_what_is_private() {
    let values = files::values(
        "# comment\n[Information]\nMedicalInstitutionCode=1310099999\nTerminalID=ONS01\nserver=cloud\nOQSsiquc=n\nPassword=x\n",
    );
    let all: Vec<_> = values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(all, [("OQSsiquc", "n"), ("server", "cloud")]);
}

#[test]
fn moments_are_read_as_written_in_japan_and_america() {
    for text in ["2026/04/10 23:59", "2026-04-10 23:59:30", "4/10/2026 11:59 PM", "2026/4/10 23:59:00"] {
        assert_eq!(moment(text).map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).as_deref(), Some("2026-04-10 23:59"), "{text}");
    }
    assert_eq!(moment("4/10/2026 12:05 AM").map(|at| at.hour()), Some(0));
    for text in ["", "N/A", "99/99/99", "2026/13/45 99:99"] {
        assert_eq!(moment(text), None, "{text}");
    }
}
