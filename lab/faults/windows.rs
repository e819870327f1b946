//! A terminal of Windows as its own programs describe it, in Japanese or in English, on the lab's living network: what is wrong stands in their texts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use manuals::{certificate, hosts, proxy};
use serde_json::Value;

use crate::causes::HEALTHY;
use crate::names::{PROVIDER, terminal_asks, terminal_asks_the_router};
use crate::ward::{FAULT, Fault, Ward, diagnosis, family, usual};

/// Texts by the names that the doctor knows them by.
type Texts = BTreeMap<&'static str, String>;

/// In which language the system speaks, and in which characters it writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// In Japanese, in the characters of its console (CP932).
    Japanese,
    /// In English, in UTF-8.
    English,
}
use Speaks::{English, Japanese};

fn winhttp(speaks: Speaks, set: Option<(&str, &str)>) -> String {
    match (speaks, set) {
        (Japanese, None) => "\r\n現在の WinHTTP プロキシ設定:\r\n\r\n    直接アクセス (プロキシ サーバーなし)。\r\n\r\n".to_owned(),
        (English, None) => "\r\nCurrent WinHTTP proxy settings:\r\n\r\n    Direct access (no proxy server).\r\n\r\n".to_owned(),
        (Japanese, Some((server, bypass))) => {
            format!(
                "\r\n現在の WinHTTP プロキシ設定:\r\n\r\n    プロキシ サーバー :  {server}\r\n    バイパス一覧      :  {bypass}\r\n\r\n"
            )
        }
        (English, Some((server, bypass))) => {
            format!("\r\nCurrent WinHTTP proxy settings:\r\n\r\n    Proxy Server(s) :  {server}\r\n    Bypass List     :  {bypass}\r\n\r\n")
        }
    }
}

pub(crate) fn internet_settings(enabled: bool, server: &str, bypass: &str) -> String {
    format!(
        "\r\nHKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\r\n    ProxyEnable    REG_DWORD    {}\r\n    \
         ProxyServer    REG_SZ    {server}\r\n    ProxyOverride    REG_SZ    {bypass}\r\n\r\n",
        if enabled { "0x1" } else { "0x0" }
    )
}

fn task(name: &str, delay: &str) -> String {
    format!(
        "<!-- \\{name} -->\r\n<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\"><RegistrationInfo><URI>\\{name}</URI></RegistrationInfo>\
         <Triggers><BootTrigger><Enabled>true</Enabled><Delay>{delay}</Delay></BootTrigger></Triggers>\
         <Principals><Principal id=\"Author\"><UserId>OqsComApp</UserId><LogonType>Password</LogonType></Principal></Principals>\
         <Settings><Enabled>true</Enabled></Settings><Actions Context=\"Author\"><Exec><Command>start.bat</Command></Exec></Actions></Task>\r\n"
    )
}

pub(crate) fn tasks(names: &[(&str, &str)]) -> String {
    let all: String = names.iter().map(|(name, delay)| task(name, delay)).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Tasks>\r\n{all}</Tasks>\r\n")
}

pub(crate) fn keys(speaks: Speaks, targets: &[(&str, &str)]) -> String {
    let mut text = String::from(if speaks == Japanese {
        "\r\n現在保存されている資格情報:\r\n\r\n"
    } else {
        "\r\nCurrently stored credentials:\r\n\r\n"
    });
    for (target, user) in targets {
        text.push_str(&match speaks {
            Japanese => format!("    ターゲット: LegacyGeneric:target={target}\r\n    種類: 汎用 \r\n    ユーザー: {user}\r\n    ローカル コンピューターの保存データ\r\n\r\n"),
            English => format!("    Target: LegacyGeneric:target={target}\r\n    Type: Generic \r\n    User: {user}\r\n    Local machine persistence\r\n\r\n"),
        });
    }
    text
}

/// A store with one certificate for each span of days from now.
pub(crate) fn store(speaks: Speaks, ward: &Ward<'_>, spans: &[(&str, &str)]) -> Result<String> {
    let (store, end) = match speaks {
        Japanese => ("My \"個人\"\r\n", "CertUtil: -store コマンドは正常に完了しました。\r\n"),
        English => ("My \"Personal\"\r\n", "CertUtil: -store command completed successfully.\r\n"),
    };
    let issuer = certificate::sheet().issuer;
    let mut text = store.to_owned();
    for (number, (from, until)) in spans.iter().enumerate() {
        let day = |when: &str, form: &str| -> Result<String> {
            Ok(ward.center.machine().run("env", &["TZ=Asia/Tokyo", "LC_ALL=C", "date", "-d", when, form])?.trim().to_owned())
        };
        let serial = format!("5c0000000{number}a1b2c3d4");
        text.push_str(&match speaks {
            Japanese => format!(
                "================ 証明書 {number} ================\r\nシリアル番号: {serial}\r\n発行者: CN={issuer}\r\n この証明書の発効日: {}\r\n この証明書の失効日: {}\r\n\
                 サブジェクト: CN={}, OU=受付端末\r\nルート証明書ではありません\r\nCert ハッシュ(sha1): 0{number}aabbccddeeff00112233445566778899aabbcc\r\n  \
                 キー コンテナー = 1f{number}\r\n  プロバイダー = Microsoft Software Key Storage Provider\r\n署名テストに合格しました\r\n",
                day(from, "+%Y/%m/%d %-H:%M")?,
                day(until, "+%Y/%m/%d %-H:%M")?,
                ward.facility
            ),
            English => format!(
                "================ Certificate {number} ================\r\nSerial Number: {serial}\r\nIssuer: CN={issuer}\r\n NotBefore: {}\r\n NotAfter: {}\r\n\
                 Subject: CN={}, OU=reception\r\nNon-root Certificate\r\nCert Hash(sha1): 0{number}aabbccddeeff00112233445566778899aabbcc\r\n  \
                 Key Container = 1f{number}\r\n  Provider = Microsoft Software Key Storage Provider\r\nSignature test passed\r\n",
                day(from, "+%-m/%-d/%Y %-I:%M %p")?,
                day(until, "+%-m/%-d/%Y %-I:%M %p")?,
                ward.facility
            ),
        });
    }
    text.push_str(end);
    Ok(text)
}

/// `ipconfig /all` of the lab's terminal, with its addresses of this moment.
fn listing(speaks: Speaks, ward: &Ward<'_>, server: Option<&str>) -> Result<String> {
    let own = ward.terminal.addresses()?;
    let link: Value = serde_json::from_str(&ward.terminal.machine().run("ip", &["-j", "link", "show", "dev", "eth0"])?)?;
    let zone = link[0]["ifindex"].as_u64().context("eth0 has a number")?;
    let first = |all: &[std::net::Ipv6Addr]| all.first().map(ToString::to_string).context("no address");
    let (lasting, temporary, local) = (first(&own.lasting)?, first(&own.temporary)?, first(&own.link_local)?);
    let router = format!("fe80::1%{zone}");
    let server = server.unwrap_or(&router);
    Ok(match speaks {
        Japanese => format!(
            "\r\nWindows IP 構成\r\n\r\n   ホスト名. . . . . . . . . . . . . . .: ONS01\r\n   ノード タイプ . . . . . . . . . . . .: ハイブリッド\r\n   IP ルーティング有効 . . . . . . . . .: いいえ\r\n\r\n\
             イーサネット アダプター オン資用:\r\n\r\n   接続固有の DNS サフィックス . . . . .: \r\n   説明. . . . . . . . . . . . . . . . .: Intel(R) I211 Gigabit Network Connection\r\n   \
             物理アドレス. . . . . . . . . . . . .: 02-00-00-00-00-10\r\n   DHCP 有効 . . . . . . . . . . . . . .: はい\r\n   自動構成有効. . . . . . . . . . . . .: はい\r\n   \
             IPv6 アドレス . . . . . . . . . . . .: {lasting}(優先) \r\n   一時 IPv6 アドレス. . . . . . . . . .: {temporary}(優先) \r\n   リンクローカル IPv6 アドレス. . . . .: {local}%{zone}(優先) \r\n   \
             デフォルト ゲートウェイ . . . . . . .: {router}\r\n   DHCPv6 IAID . . . . . . . . . . . . .: 509093772\r\n   DNS サーバー. . . . . . . . . . . . .: {server}\r\n   NetBIOS over TCP/IP . . . . . . . . .: 有効\r\n"
        ),
        English => format!(
            "\r\nWindows IP Configuration\r\n\r\n   Host Name . . . . . . . . . . . . : ONS01\r\n   Node Type . . . . . . . . . . . . : Hybrid\r\n   IP Routing Enabled. . . . . . . . : No\r\n\r\n\
             Ethernet adapter Ethernet:\r\n\r\n   Connection-specific DNS Suffix  . : \r\n   Description . . . . . . . . . . . : Intel(R) I211 Gigabit Network Connection\r\n   \
             Physical Address. . . . . . . . . : 02-00-00-00-00-10\r\n   DHCP Enabled. . . . . . . . . . . : Yes\r\n   Autoconfiguration Enabled . . . . : Yes\r\n   \
             IPv6 Address. . . . . . . . . . . : {lasting}(Preferred) \r\n   Temporary IPv6 Address. . . . . . : {temporary}(Preferred) \r\n   Link-local IPv6 Address . . . . . : {local}%{zone}(Preferred) \r\n   \
             Default Gateway . . . . . . . . . : {router}\r\n   DHCPv6 IAID . . . . . . . . . . . : 509093772\r\n   DNS Servers . . . . . . . . . . . : {server}\r\n   NetBIOS over Tcpip. . . . . . . . : Enabled\r\n"
        ),
    })
}

pub(crate) fn server() -> String {
    format!("{}:{}", hosts::proxy().name, hosts::proxy().port)
}

pub(crate) fn bypass() -> String {
    proxy::sheet().bypass.join(";")
}

/// Every task, with the delays of the manuals.
pub(crate) const TASKS: &[(&str, &str)] = &[
    ("OQS_exec_distroappstart", "PT1M"),
    ("OQS_exec_comappdelfile_running", "PT30S"),
    ("OQS_exec_comappstart", "PT0S"),
    ("OQS_exec_comappdelfile_periodic", "PT0S"),
];
pub(crate) const KEYS: &[(&str, &str)] = &[("OQS_LOGIN_KEY", "R012345678"), ("OQS_MEDICAL_INSTITUTION_CODE", "OQS_Admin")];

/// A terminal that is set up as the manuals ask.
fn well(speaks: Speaks, ward: &Ward<'_>) -> Result<Texts> {
    let mut texts = Texts::new();
    texts.insert("ipconfig.txt", listing(speaks, ward, None)?);
    texts.insert("netsh-winhttp.txt", winhttp(speaks, Some((&server(), &bypass()))));
    texts.insert("reg-internet-settings.txt", internet_settings(true, &server(), &bypass()));
    texts.insert("schtasks.xml", tasks(TASKS));
    texts.insert("cmdkey.txt", keys(speaks, KEYS));
    texts.insert("certutil-my.txt", store(speaks, ward, &[("100 days ago", "1086 days")])?);
    let sleep = if speaks == Japanese { "現在の AC 電源設定のインデックス" } else { "Current AC Power Setting Index" };
    texts.insert("powercfg.txt", format!("    {sleep}: 0x00000000\r\n"));
    texts.insert(
        "reg-display.txt",
        "\r\nHKEY_CURRENT_USER\\Control Panel\\Desktop\\WindowMetrics\r\n    AppliedDPI    REG_DWORD    0x60\r\n".to_owned(),
    );
    texts.insert("ver.txt", "\r\nMicrosoft Windows [Version 10.0.19044.3570]\r\n".to_owned());
    Ok(texts)
}

/// Writes the texts as the system would have, and gives their folder.
fn saved(speaks: Speaks, ward: &Ward<'_>, texts: &Texts) -> Result<PathBuf> {
    let folder = ward.terminal.folder()?.join("saved");
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for (name, text) in texts {
        std::fs::write(folder.join(name), text)?;
        if speaks == Japanese {
            let mut iconv = Command::new("iconv");
            let done = iconv.args(["-f", "UTF-8", "-t", "CP932"]).arg(folder.join(name)).stdin(Stdio::null()).output()?;
            ensure!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
            std::fs::write(folder.join(name), done.stdout)?;
        }
    }
    Ok(folder)
}

/// Both settings of the proxy with this list of exceptions.
fn both(speaks: Speaks, list: &str) -> [(&'static str, String); 2] {
    both_of(speaks, &server(), list)
}

/// Both settings of the proxy with this server and this list of exceptions.
pub(crate) fn both_of(speaks: Speaks, server: &str, list: &str) -> [(&'static str, String); 2] {
    [("netsh-winhttp.txt", winhttp(speaks, Some((server, list)))), ("reg-internet-settings.txt", internet_settings(true, server, list))]
}

/// What the doctor says of a terminal with these texts in place of the usual ones.
pub(crate) fn told(ward: &Ward<'_>, speaks: Speaks, others: &[(&'static str, String)]) -> Result<Value> {
    let mut texts = well(speaks, ward)?;
    texts.extend(others.iter().cloned());
    let folder = saved(speaks, ward, &texts)?;
    let mut doctor = ward.doctor("onshi", &[])?;
    doctor.arg("--sources").arg(folder);
    diagnosis(doctor)
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "nothing, in Japanese", cause: HEALTHY, asked: |ward| told(ward, Japanese, &[]), ..FAULT },
    Fault { name: "nothing, in English", cause: HEALTHY, asked: |ward| told(ward, English, &[]), ..FAULT },
    Fault {
        name: "WinHTTP has no proxy, in Japanese",
        cause: "winhttp-not-imported",
        asked: |ward| told(ward, Japanese, &[("netsh-winhttp.txt", winhttp(Japanese, None))]),
        ..FAULT
    },
    Fault {
        name: "WinHTTP has no proxy, in English",
        cause: "winhttp-not-imported",
        asked: |ward| told(ward, English, &[("netsh-winhttp.txt", winhttp(English, None))]),
        ..FAULT
    },
    Fault {
        name: "an entry of the bypass list is missing in both settings",
        cause: "bypass-entry-missing",
        asked: |ward| {
            let list = bypass().replacen(&format!("{};", proxy::sheet().bypass.get(5).copied().unwrap_or_default()), "", 1);
            told(ward, Japanese, &both(Japanese, &list))
        },
        ..FAULT
    },
    Fault {
        name: "a semicolon of the bypass list is missing in both settings",
        cause: "bypass-semicolon-missing",
        asked: |ward| {
            let list = bypass().replacen(";*.rece", "*.rece", 1);
            told(ward, English, &both(English, &list))
        },
        ..FAULT
    },
    Fault {
        name: "the adapter's name server is the provider's",
        cause: "terminal-asks-provider",
        comes: |ward| {
            ward.clinic.joins_the_internet(&ward.terminal)?;
            terminal_asks(ward, &[PROVIDER])
        },
        goes: terminal_asks_the_router,
        asked: |ward| told(ward, Japanese, &[("ipconfig.txt", listing(Japanese, ward, Some(PROVIDER))?)]),
        ..FAULT
    },
    Fault {
        name: "the task that starts distribution is not registered",
        cause: "distribution-task-missing",
        asked: |ward| told(ward, Japanese, &[("schtasks.xml", tasks(TASKS.get(1..).unwrap_or_default()))]),
        ..FAULT
    },
    Fault {
        name: "the certificate of the store has expired, in Japanese",
        cause: "certificate-expired",
        asked: |ward| told(ward, Japanese, &[("certutil-my.txt", store(Japanese, ward, &[("1190 days ago", "4 days ago")])?)]),
        ..FAULT
    },
    Fault {
        name: "the certificate of the store has expired, in English",
        cause: "certificate-expired",
        asked: |ward| told(ward, English, &[("certutil-my.txt", store(English, ward, &[("1190 days ago", "4 days ago")])?)]),
        ..FAULT
    },
    Fault {
        name: "the certificate of the store expires in two weeks",
        cause: "certificate-soon",
        asked: |ward| told(ward, Japanese, &[("certutil-my.txt", store(Japanese, ward, &[("1172 days ago", "14 days")])?)]),
        ..FAULT
    },
    Fault {
        name: "the store has no certificate",
        cause: "certificate-missing",
        asked: |ward| told(ward, Japanese, &[("certutil-my.txt", store(Japanese, ward, &[])?)]),
        ..FAULT
    },
    Fault {
        name: "the credential of the account is not stored",
        cause: "credential-missing",
        asked: |ward| told(ward, Japanese, &[("cmdkey.txt", keys(Japanese, KEYS.get(1..).unwrap_or_default()))]),
        ..FAULT
    },
    Fault {
        name: "the terminal sleeps",
        cause: "sleep-on",
        asked: |ward| told(ward, Japanese, &[("powercfg.txt", "    現在の AC 電源設定のインデックス: 0x00000384\r\n".to_owned())]),
        ..FAULT
    },
    Fault {
        name: "the display is scaled",
        cause: "display-scale",
        asked: |ward| {
            let text = "\r\nHKEY_CURRENT_USER\\Control Panel\\Desktop\\WindowMetrics\r\n    AppliedDPI    REG_DWORD    0x90\r\n";
            told(ward, English, &[("reg-display.txt", text.to_owned())])
        },
        ..FAULT
    },
];

/// Rows: TA-01, TA-03, PX-03, PX-04, PX-06, PX-11, DA-23, CA-24
#[test]
fn is_diagnosed() -> Result<()> {
    family("windows", &usual(), FAULTS)
}
