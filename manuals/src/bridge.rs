//! The linkage application's fixed values: folders, vault entries with their password rules, scheduled tasks and the steps of set-up.

use crate::{account, embedded};
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/bridge.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// Folders of the linkage application, Windows paths (LK-02, LK-03, LK-05).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// Request files.
    pub requests: &'static str,
    /// Result files.
    pub results: &'static str,
    /// The program.
    pub program: &'static str,
    /// Task files.
    pub tasks: &'static str,
    /// Version file; read in any letter case (X-08).
    pub version_file: &'static str,
    /// The example account of the receipt computer.
    pub sharing_user_example: &'static str,
    /// The right it gets.
    pub sharing_right: &'static str,
}

/// What a credential's user and password must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// User: a bridge account's id; password: any that is not empty (LK-06).
    BridgeAccount,
    /// Password: the facility code, 10 digits (LK-07).
    FacilityCode,
    /// Password: half-width letters and digits, at most 12 (LK-08).
    CryptPass,
    /// Any user and password that are not empty (LK-09).
    Any,
}

/// One entry of the Windows vault, kept as 汎用資格情報 (LK-06 to LK-10).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// インターネットまたはネットワークのアドレス.
    pub target: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// The fixed user; `None` where the user is the site's own.
    pub user: Option<&'static str>,
    /// Whether the application needs it.
    pub required: bool,
    /// The rule of user and password.
    pub rule: Rule,
}

/// What is wrong with a credential. The text never contains the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialMistake {
    /// Another user than the fixed one.
    #[error("ユーザー名は「OQS_Admin」を設定してください。")]
    User,
    /// The id is not a bridge account's.
    #[error("連携アプリ用アカウントのIDは R0 または R1 で始まります。ほかの種類のアカウントを設定していないか確かめてください。")]
    NotABridgeAccount,
    /// Not 10 half-width digits.
    #[error("医療機関コードは半角数字10桁です。")]
    NotAFacilityCode,
    /// Too long for the crypt pass.
    #[error("暗号化パスワードは12桁以内です。")]
    CryptPassTooLong,
    /// Something else than half-width letters and digits in the crypt pass.
    #[error("暗号化パスワードに使えるのは半角英数字だけです。記号などを含めると資格確認の際にエラーになります。")]
    CryptPassCharacter,
    /// Nothing is set.
    #[error("ユーザー名またはパスワードが空です。")]
    Empty,
}

impl Credential {
    /// Checks a user and a password against the entry's rule (LK-06 to LK-09).
    pub fn check(&self, user: &str, password: &str) -> Result<(), CredentialMistake> {
        if user.is_empty() || password.is_empty() {
            return Err(CredentialMistake::Empty);
        }
        if self.user.is_some_and(|fixed| fixed != user) {
            return Err(CredentialMistake::User);
        }
        match self.rule {
            Rule::BridgeAccount if !account::is_bridge_id(user) => Err(CredentialMistake::NotABridgeAccount),
            Rule::FacilityCode if !is_facility_code(password) => Err(CredentialMistake::NotAFacilityCode),
            Rule::CryptPass if !password.bytes().all(|b| b.is_ascii_alphanumeric()) => Err(CredentialMistake::CryptPassCharacter),
            Rule::CryptPass if password.len() > SHEET.password.crypt_pass_most => Err(CredentialMistake::CryptPassTooLong),
            _ => Ok(()),
        }
    }
}

fn is_facility_code(text: &str) -> bool {
    text.len() == SHEET.password.facility_code_digits && text.bytes().all(|b| b.is_ascii_digit())
}

/// When a scheduled task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// Again and again, or at a time of day.
    Periodic,
    /// When Windows starts.
    Start,
}

/// One scheduled task (LK-11 to LK-13, DA-08, DA-09).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Task name; its file is this name and `.xml`.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// When it runs.
    pub trigger: Trigger,
    /// The delay that cures the start-up race of old versions, in seconds (DA-24).
    pub delay_seconds: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordLengths {
    facility_code_digits: usize,
    crypt_pass_most: usize,
}

/// Windows' own first password policy as the manual quotes it (LS-08).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsPassword {
    /// Fewest characters.
    pub least: usize,
    /// How many of the four kinds of character are needed.
    pub kinds_needed: usize,
    /// This many characters in a row of the account's name are refused.
    pub account_name_run: usize,
}

/// Everything fixed about the linkage application and its machine.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// The application's canonical name (X-08).
    pub name: &'static str,
    /// The Windows user it runs as, letter case counts (LS-07).
    pub windows_user: &'static str,
    /// The group that user is in.
    pub windows_group: &'static str,
    /// Operating systems (LS-01).
    #[serde(borrow)]
    pub systems: Vec<&'static str>,
    /// Lines (LS-03).
    #[serde(borrow)]
    pub transports: Vec<&'static str>,
    /// The oldest version to install (LS-04).
    pub least_version: &'static str,
    /// Display scale below which no button falls off the screen (LS-09).
    pub display_scale_percent: u16,
    /// The services it exchanges files with (LK-01).
    #[serde(borrow)]
    pub backends: Vec<&'static str>,
    /// The nine operations of set-up in order (LS-06).
    #[serde(borrow)]
    pub setup_steps: Vec<&'static str>,
    /// What must not be changed afterwards (LS-11).
    #[serde(borrow)]
    pub must_not_change: Vec<&'static str>,
    /// Folders.
    pub folder: Folders,
    credential: Vec<Credential>,
    password: PasswordLengths,
    task: Vec<Task>,
    /// The quoted Windows policy.
    pub windows_password: WindowsPassword,
}

/// Everything fixed about the linkage application and its machine.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The four vault entries, required ones first (LK-06 to LK-09).
pub fn credentials() -> &'static [Credential] {
    &SHEET.credential
}

/// The vault entry with this target; `None` for any other word.
pub fn credential(target: &str) -> Option<&'static Credential> {
    credentials().iter().find(|credential| credential.target == target)
}

/// The scheduled tasks (LK-11 to LK-13).
pub fn tasks() -> &'static [Task] {
    &SHEET.task
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: LK-05, LS-01, LS-03, LS-04, LS-07, LS-08, X-08
    #[test]
    fn folders_machine_and_steps_are_the_printed_ones() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let sheet = sheet();
        assert_eq!((sheet.folder.requests, sheet.folder.results), (r"C:\OQS\req", r"C:\OQS\res"));
        assert_eq!((sheet.folder.sharing_user_example, sheet.folder.sharing_right), ("receiptcom", "読み取り/書き込み"));
        assert_eq!(sheet.folder.version_file, r"C:\Program Files\OQS\OQSComApp\Version.info");
        assert_eq!(sheet.folder.tasks, format!(r"{}\tools", sheet.folder.program));
        assert_eq!((sheet.name, sheet.windows_user, sheet.windows_group), ("OQSComApp", "OqsComApp", "Administrators"));
        assert_eq!(sheet.systems, ["Windows Server 2019", "Windows Server 2022"]);
        assert_eq!(sheet.transports, ["IP-VPN", "IPsec+IKE"]);
        assert_eq!((sheet.least_version, sheet.display_scale_percent), ("4.1.0", 100));
        assert_eq!(sheet.backends, ["オンライン資格確認等システム", "電子処方箋管理サービス", "電子カルテ情報共有サービス"]);
        assert_eq!(
            sheet.setup_steps,
            [
                "WindowsServerにユーザアカウントを追加する",
                "Windowsの設定を変更する",
                "連携アプリケーションをインストールする",
                "認証局の電子証明書をインストールする",
                "オンライン資格確認等システムに接続する",
                "アカウントを作成する",
                "環境情報を設定する",
                "配信アプリケーションをインストールする",
                "資格確認できるか確認する"
            ]
        );
        assert_eq!(
            sheet.must_not_change,
            [
                "セットアップで展開された資材の削除やアクセス権変更",
                "クライアント証明書の削除",
                "有効期限が切れた古いクライアント証明書の使用",
                "複数の端末での共通のクライアント証明書の使用",
                ".NET Frameworkの無効化",
                "必要なポートの閉鎖",
                "バッテリーのみでの使用"
            ]
        );
        assert_eq!(sheet.windows_password, WindowsPassword { least: 6, kinds_needed: 3, account_name_run: 3 });
    }

    /// Rows: LK-06, LK-07, LK-08, LK-09
    #[test]
    fn each_credential_is_checked_by_its_own_rule() {
        let required: Vec<_> = credentials().iter().filter(|c| c.required).map(|c| c.target).collect();
        assert_eq!(required, ["OQS_LOGIN_KEY", "OQS_MEDICAL_INSTITUTION_CODE"]);
        let check = |target, user, password| credential(target).unwrap().check(user, password);
        assert_eq!(check("OQS_LOGIN_KEY", "R012345678", "x"), Ok(()));
        assert_eq!(check("OQS_LOGIN_KEY", "R1ABC", "x"), Ok(()));
        assert_eq!(check("OQS_LOGIN_KEY", "A012345678", "x"), Err(CredentialMistake::NotABridgeAccount));
        assert_eq!(check("OQS_LOGIN_KEY", "R012345678", ""), Err(CredentialMistake::Empty));
        assert_eq!(check("OQS_MEDICAL_INSTITUTION_CODE", "OQS_Admin", "1310099999"), Ok(()));
        assert_eq!(check("OQS_MEDICAL_INSTITUTION_CODE", "OQS_Admin", "131009999"), Err(CredentialMistake::NotAFacilityCode));
        assert_eq!(check("OQS_MEDICAL_INSTITUTION_CODE", "OQS_Admin", "131009999x"), Err(CredentialMistake::NotAFacilityCode));
        assert_eq!(check("OQS_MEDICAL_INSTITUTION_CODE", "oqs_admin", "1310099999"), Err(CredentialMistake::User));
        assert_eq!(check("OQS_CRYPT_PASS", "OQS_Admin", "Abcdef123456"), Ok(()));
        assert_eq!(check("OQS_CRYPT_PASS", "OQS_Admin", "Abcdef1234567"), Err(CredentialMistake::CryptPassTooLong));
        assert_eq!(check("OQS_CRYPT_PASS", "OQS_Admin", "Abc-1"), Err(CredentialMistake::CryptPassCharacter));
        assert_eq!(check("OQS_CRYPT_PASS", "OQS_Admin", "ａｂｃ"), Err(CredentialMistake::CryptPassCharacter));
        assert_eq!(check("OQS_NAS_LOGIN_KEY", "nas", "p@ss"), Ok(()));
        assert_eq!(credential("OQS_OTHER"), None);
    }

    /// Rows: LK-11, LK-12, LK-13, DA-24
    #[test]
    fn three_tasks_run_periodically_or_at_start() {
        let tasks: Vec<_> = tasks().iter().map(|task| (task.name, task.trigger, task.delay_seconds)).collect();
        assert_eq!(
            tasks,
            [
                ("OQS_exec_comappstart", Trigger::Periodic, None),
                ("OQS_exec_comappdelfile_periodic", Trigger::Periodic, None),
                ("OQS_exec_comappdelfile_running", Trigger::Start, Some(30)),
            ]
        );
    }
}
