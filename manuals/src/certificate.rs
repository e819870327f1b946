//! What the common certificate authority fixes: notices and their ids, sites, passwords, installation, subject names and renewal days.

use crate::{Prefecture, embedded};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/certificate.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The certificate notice, 電子証明書発行通知書 (CA-02, CA-04, CA-05).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Field names in the order printed, seven.
    #[serde(borrow)]
    pub fields: Vec<&'static str>,
    /// Digits of a request id after its date.
    pub request_id_digits_after_date: usize,
    /// Letters and digits of a reference id.
    pub reference_id_characters: usize,
}

/// Paths on the authority's host (CA-06 to CA-11).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// 電子証明書発行申請.
    pub apply: &'static str,
    /// 電子証明書の取得.
    pub download: &'static str,
    /// MPKIクライアントの取得.
    pub client: &'static str,
    /// 証明書更新申請.
    pub renew: &'static str,
    /// 証明書失効申請.
    pub revoke: &'static str,
    /// ルート証明書.
    pub root: &'static str,
}

/// 証明書の取得画面 (CA-14).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrieval {
    /// Field labels in the order of the screen.
    #[serde(borrow)]
    pub fields: Vec<&'static str>,
    /// The button.
    pub button: &'static str,
}

/// 証明書の取得画面, beside its fields (CA-14, CA-15).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalScreen {
    /// The screen's name.
    pub title: &'static str,
    /// Above the fields.
    #[serde(borrow)]
    pub intro: Vec<&'static str>,
    /// Below the button: what happens to those who forget the password.
    #[serde(borrow)]
    pub warning: Vec<&'static str>,
}

/// The screens of 証明書更新申請 (RN-07 to RN-11).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalScreens {
    /// To the application.
    pub apply: &'static str,
    /// To the list of what was renewed and not fetched.
    pub collect: &'static str,
    /// Sends an application, or a password.
    pub submit: &'static str,
    /// Heading over ids and state.
    pub received: &'static str,
    /// Heading over the subject.
    pub details: &'static str,
    /// The names of the subject's parts.
    #[serde(borrow)]
    pub subject: Vec<&'static str>,
    /// The page that asks for a password.
    pub key: &'static str,
    /// Fetches the file.
    pub download: &'static str,
    /// Fetches the file of an interrupted renewal.
    pub download_key: &'static str,
}

/// The screens of 証明書失効申請 (RN-12, RN-13).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationScreens {
    /// The first screen.
    pub entry: &'static str,
    /// From the ids to the addresses.
    pub next: &'static str,
    /// The address, typed twice.
    #[serde(borrow)]
    pub mail_fields: Vec<&'static str>,
    /// Sends, on the second screen and on the third.
    pub apply: &'static str,
    /// The third screen.
    pub confirmation: &'static str,
    /// What happens then.
    pub promise: &'static str,
}

/// What the authority's own screens say, word for word.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct Screens {
    /// 電子証明書の取得.
    pub retrieval: RetrievalScreen,
    /// 証明書更新申請.
    pub renewal: RenewalScreens,
    /// 証明書失効申請.
    pub revocation: RevocationScreens,
}

/// What a PFX password may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Characters {
    /// Half-width digits only.
    Digits,
    /// Half-width printable characters without blanks.
    Printable,
}

/// A rule for PFX passwords (CA-15, X-11).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PfxPassword {
    /// "compatible" (four digits, as printed) or "strong".
    pub profile: &'static str,
    /// Permitted characters.
    pub characters: Characters,
    /// Fewest characters.
    pub least: usize,
    /// Most characters.
    pub most: usize,
    /// Manual and section.
    pub source: &'static str,
}

impl PfxPassword {
    /// Whether a password keeps this rule.
    pub fn permits(&self, password: &str) -> bool {
        let permitted = |c: u8| match self.characters {
            Characters::Digits => c.is_ascii_digit(),
            Characters::Printable => c.is_ascii_graphic(),
        };
        (self.least..=self.most).contains(&password.len()) && password.bytes().all(permitted)
    }
}

/// How a certificate is installed on one kind of machine (CA-17, CA-18, X-07).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installation {
    /// "terminal" or "linkage-server".
    pub profile: &'static str,
    /// Where it is kept.
    pub store: &'static str,
    /// 秘密キーの保護を強力にする.
    pub strong_protection: bool,
    /// このキーをエクスポート可能にする.
    pub exportable: bool,
    /// すべての拡張プロパティを含める.
    pub extended_properties: bool,
    /// Manual and section.
    pub source: &'static str,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectParts {
    organization: &'static str,
    organizational_unit: &'static str,
    country: &'static str,
}

/// Renewal (RN-01, RN-08, RN-09).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// Days before expiry on which the holder is told once.
    pub notice_days: Vec<i32>,
    /// From this many days before expiry the holder is told daily.
    pub daily_from_days: i32,
    /// 証明書ステータス in the order passed through.
    #[serde(borrow)]
    pub statuses: Vec<&'static str>,
    /// What the acceptance page shows before the subject.
    #[serde(borrow)]
    pub acceptance_fields: Vec<&'static str>,
}

/// The MPKI client (MP-02 to MP-05).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Manual and section.
    pub source: &'static str,
    /// Installer file.
    pub installer: &'static str,
    /// Name in the start menu.
    pub name: &'static str,
    /// Operating systems.
    #[serde(borrow)]
    pub systems: Vec<&'static str>,
    /// What must be installed first.
    pub needs: &'static str,
    /// The language of its screens.
    pub language: &'static str,
    /// Proxy authentication it knows.
    #[serde(borrow)]
    pub proxy_authentication: Vec<&'static str>,
}

/// Everything the authority fixes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// What the issuer of every client certificate begins with (CA-21, CA-24).
    pub issuer: &'static str,
    /// The issuer as printed on the notice (CA-02).
    pub issuer_on_notice: &'static str,
    /// The root above the authority's own site (CA-26).
    pub site_root: &'static str,
    /// Days after issue within which a certificate can be fetched (CA-03).
    pub download_days: i32,
    /// The application handbook's title (CA-32).
    pub handbook: &'static str,
    /// The notice.
    pub notice: Notice,
    /// Paths on the authority's host.
    pub path: Paths,
    /// The words of the screens.
    pub screen: Screens,
    /// The retrieval screen.
    pub retrieval: Retrieval,
    pfx_password: Vec<PfxPassword>,
    installation: Vec<Installation>,
    subject: SubjectParts,
    /// Renewal.
    pub renewal: Renewal,
    /// The MPKI client.
    pub client: Client,
}

/// The parts of a certificate's subject name (CA-25).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// CN: the 10-digit facility code.
    pub common_name: String,
    /// OU, twice: "medical", then the prefecture in romaji.
    pub organizational_units: [&'static str; 2],
    /// O.
    pub organization: &'static str,
    /// C. The sample leaves it empty; ours writes "JP".
    pub country: &'static str,
}

/// Everything the authority fixes.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The subject of a facility's certificate (CA-25).
pub fn subject(facility_code: &str, prefecture: &'static Prefecture) -> Subject {
    Subject {
        common_name: facility_code.to_owned(),
        organizational_units: [SHEET.subject.organizational_unit, prefecture.romaji],
        organization: SHEET.subject.organization,
        country: SHEET.subject.country,
    }
}

/// The password rule of a profile, "compatible" or "strong"; `None` for any other word.
pub fn pfx_password(profile: &str) -> Option<&'static PfxPassword> {
    SHEET.pfx_password.iter().find(|rule| rule.profile == profile)
}

/// How a certificate is installed on a "terminal" or a "linkage-server"; `None` for any other word.
pub fn installation(profile: &str) -> Option<&'static Installation> {
    SHEET.installation.iter().find(|installation| installation.profile == profile)
}

/// The full address of one of the authority's pages, `https://cert.obn.managedpki.ne.jp` and a path of [`Paths`].
pub fn page(path: &str) -> String {
    format!("https://{}{path}", crate::hosts::authority().name)
}

/// Whether a text has a request id's shape: a day of the calendar as `YYYYMMDD`, then 7 digits (CA-04).
pub fn is_request_id(text: &str) -> bool {
    let Some((day, number)) = text.split_at_checked(8) else { return false };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    digits(day) && digits(number) && number.len() == SHEET.notice.request_id_digits_after_date && Date::strptime("%Y%m%d", day).is_ok()
}

/// Whether a text has a reference id's shape: 10 half-width letters and digits, small and capital letters apart (CA-05).
pub fn is_reference_id(text: &str) -> bool {
    text.len() == SHEET.notice.reference_id_characters && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether the holder is told on a day, this many days before expiry: 90, 60, 30, 15, then daily from 7. Day 0 and after count as daily,
/// until the certificate is replaced (RN-01).
pub fn is_told(days_before_expiry: i32) -> bool {
    days_before_expiry <= SHEET.renewal.daily_from_days || SHEET.renewal.notice_days.contains(&days_before_expiry)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: CA-26
    #[test]
    fn the_notice_carries_seven_fields_and_lasts_180_days() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert_eq!(sheet().issuer_on_notice, "Online Billing NW Common Root CA - 01");
        assert!(sheet().issuer_on_notice.starts_with(sheet().issuer));
        assert_eq!(sheet().download_days, 180);
        assert_eq!(sheet().site_root, "Security Communication RootCA2");
        assert_eq!(
            sheet().notice.fields,
            [
                "発行者",
                "発行元",
                "端末名称等",
                "電子証明書ダウンロードサイトリクエストID",
                "電子証明書ダウンロードサイトリファレンスID",
                "電子証明書有効期限",
                "電子証明書ダウンロードサイト有効期限"
            ]
        );
        assert_eq!(sheet().handbook, "オンライン請求ネットワーク関連システム共通認証局電子証明書の発行等申請の手引き");
    }

    /// Rows: CA-04, CA-05
    #[test]
    fn ids_have_the_shapes_of_the_samples() {
        assert!(is_request_id("202012100001000") && is_request_id("202012140100076"));
        for wrong in ["20201210000100", "2020121000010000", "202013100001000", "20210121xxxxxxx", "２０201210000100", ""] {
            assert!(!is_request_id(wrong), "{wrong}");
        }
        assert!(is_reference_id("FPwNiG5g4r") && is_reference_id("zigLUVC29Q"));
        for wrong in ["FPwNiG5g4", "FPwNiG5g4r1", "FPwNiG5g4-", "ＦPwNiG5g", "XXXXXXXXXXXXXX", ""] {
            assert!(!is_reference_id(wrong), "{wrong}");
        }
    }

    /// Rows: CA-06, CA-07, CA-08, CA-09, CA-10, CA-11
    #[test]
    fn every_site_of_the_authority_has_its_address() {
        let path = &sheet().path;
        assert_eq!(page(path.apply), "https://cert.obn.managedpki.ne.jp/p/rcr");
        assert_eq!(page(path.download), "https://cert.obn.managedpki.ne.jp/p/rcd");
        assert_eq!(page(path.client), "https://cert.obn.managedpki.ne.jp/p/s");
        assert_eq!(page(path.renew), "https://cert.obn.managedpki.ne.jp/p/ru");
        assert_eq!(page(path.revoke), "https://cert.obn.managedpki.ne.jp/p/rx");
        assert_eq!(page(path.root), "https://cert.obn.managedpki.ne.jp/p/cert");
    }

    /// Rows: CA-14, RN-10, RN-11
    #[test]
    fn the_screens_speak_word_for_word() {
        let screen = &sheet().screen;
        assert_eq!(screen.retrieval.title, "証明書の取得画面");
        assert_eq!(screen.retrieval.intro[1], "証明書パスワードは、任意の4桁の半角数字を入力してください。");
        let renewal = &screen.renewal;
        assert_eq!((renewal.apply, renewal.submit), ("証明書更新申請", "Submit"));
        assert_eq!((renewal.key, renewal.download), ("鍵の取得", "Download"));
        assert_eq!((renewal.collect, renewal.download_key), ("更新後証明書の取得", "Download Key"));
        assert_eq!(renewal.subject.len(), 5);
        let revocation = &screen.revocation;
        assert_eq!((revocation.next, revocation.apply), ("次へ", "申請"));
        assert_eq!(revocation.mail_fields, ["メールアドレス", "メールアドレス(確認用)"]);
    }

    /// Rows: CA-15, X-11
    #[test]
    fn the_pfx_password_is_four_digits_in_the_compatible_profile_and_long_in_ours() {
        assert_eq!(sheet().retrieval.fields, ["リクエストID", "リファレンスID", "証明書パスワード", "証明書パスワード(確認用)"]);
        assert_eq!(sheet().retrieval.button, "ダウンロード");
        let compatible = pfx_password("compatible").unwrap();
        assert!(compatible.permits("0042"));
        for wrong in ["042", "00421", "00a2", "００４２", ""] {
            assert!(!compatible.permits(wrong), "{wrong}");
        }
        let strong = pfx_password("strong").unwrap();
        assert!(strong.permits("Kusuri-7-hako") && !strong.permits("Kusuri-7-hak"));
        assert!(!strong.permits("kusuri 7 hako!") && !strong.permits(&"a".repeat(65)));
        assert_eq!(pfx_password("none"), None);
    }

    /// Rows: X-07
    #[test]
    fn terminals_and_linkage_servers_install_differently() {
        let flags = |profile| installation(profile).map(|i| (i.store, i.strong_protection, i.exportable, i.extended_properties));
        assert_eq!(flags("terminal"), Some(("現在のユーザー", false, true, true)));
        assert_eq!(flags("linkage-server"), Some(("現在のユーザー", false, false, true)));
        assert_eq!(flags("laptop"), None);
    }

    #[test]
    fn a_subject_is_laid_out_as_in_the_sample() {
        let hokkaido = crate::prefecture_by_code(1).unwrap();
        assert_eq!(
            subject("0110119153", hokkaido),
            Subject {
                common_name: "0110119153".to_owned(),
                organizational_units: ["medical", "hokkaido"],
                organization: "ReceiptOnline",
                country: "JP"
            }
        );
    }

    #[test]
    fn the_holder_is_told_on_the_printed_days() {
        let told: Vec<i32> = (1..=120).filter(|days| is_told(*days)).collect();
        assert_eq!(told, [1, 2, 3, 4, 5, 6, 7, 15, 30, 60, 90]);
        assert!(is_told(0) && is_told(-1));
        assert_eq!(sheet().renewal.statuses, ["鍵生成中", "発行要求中", "発行済み"]);
        assert_eq!(sheet().renewal.acceptance_fields, ["リクエストID", "リファレンスID", "証明書ステータス"]);
    }

    /// Rows: MP-02, MP-03, MP-04
    #[test]
    fn the_mpki_clients_needs_are_the_printed_ones() {
        let client = &sheet().client;
        assert_eq!((client.installer, client.name), ("CybertrustManagedPKIClient.msi", "Cybertrust Managed PKI Client"));
        assert_eq!(client.systems, ["Windows 8.1 32bit", "Windows 8.1 64bit", "Windows 10 32bit", "Windows 10 64bit", "Windows 11 64bit"]);
        assert_eq!(client.language, "日本語のみ");
        assert_eq!(client.needs, "Microsoft .NET Framework 3.5");
        assert_eq!(client.proxy_authentication, ["Basic", "NTLM"]);
    }
}
