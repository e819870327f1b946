//! The distribution application's fixed values: which server a site takes, its tasks, and the order in which its products are updated.

use crate::{bridge::Task, embedded, proxy::Way};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/distribution.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// A distribution server as the tool offers it (DA-05).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// "base" or "cloud".
    pub key: &'static str,
    /// The choice's text.
    pub name: &'static str,
    /// The ways it is for.
    pub ways: Vec<Way>,
}

/// A product that is compared and updated (DA-15, DA-16).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Stable key.
    pub key: &'static str,
    /// Japanese name.
    pub name: &'static str,
    /// Where its version stands after an update by hand; `None` for card readers, which show it on their own screen (DA-16).
    pub version_file: Option<&'static str>,
    /// The round in which it is updated, 1 to 3 (DA-18).
    pub update_round: u8,
    /// Whether a notice asks for a restart (DA-25).
    #[serde(default)]
    pub restart_notice: bool,
}

/// What is done in one step of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    /// 今すぐダウンロード.
    Download,
    /// インストール.
    Install,
    /// 再起動.
    Restart,
}

/// One step of an update (DA-18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done.
    pub does: Does,
    /// For the products of this round.
    pub round: u8,
}

/// The last versions that start too early after Windows starts (DA-24).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Race {
    /// Distribution application, up to and with.
    pub distribution: &'static str,
    /// Linkage application, up to and with.
    pub linkage: &'static str,
}

/// Everything fixed about the distribution application.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Manual and section.
    pub source: &'static str,
    /// First day.
    pub from: Date,
    /// Canonical name (X-08).
    pub name: &'static str,
    /// Installer file (DA-02).
    pub installer: &'static str,
    /// Name of the management tool (DA-03).
    pub tool: &'static str,
    /// The tool's four buttons (DA-04).
    #[serde(borrow)]
    pub buttons: Vec<&'static str>,
    /// The advanced setting that is never set unless told (DA-06).
    pub extended_path_setting: &'static str,
    /// Task files (DA-10).
    pub tasks_folder: &'static str,
    /// The file whose absence means installing again (DA-21).
    pub settings_file: &'static str,
    /// Section of the record file (DA-11).
    pub record_section: &'static str,
    /// Keys of the record file (DA-11).
    #[serde(borrow)]
    pub record_keys: Vec<&'static str>,
    /// The oldest version to install (LS-04).
    pub least_version: &'static str,
    wait_for_connection_seconds: i64,
    download_and_install_minutes: i64,
    /// From this version a notice asks for the restart (DA-25).
    pub restart_notice_from_version: &'static str,
    /// The last versions with the start-up race (DA-24).
    pub race_fixed_after: Race,
    /// The button not to press on the day of a release (DA-20).
    pub not_on_release_day: &'static str,
    /// The five classes of failure to connect, in the order to look (DA-17).
    #[serde(borrow)]
    pub failures: Vec<&'static str>,
    /// Operating systems of the check guide (DA-26).
    #[serde(borrow)]
    pub target_systems: Vec<&'static str>,
    server: Vec<Server>,
    task: Vec<Task>,
    product: Vec<Product>,
    update_step: Vec<Step>,
}

impl Sheet {
    /// How long to wait for the connection check before trying again later: 1 minute (DA-14).
    pub fn wait_for_connection(&self) -> SignedDuration {
        SignedDuration::from_secs(self.wait_for_connection_seconds)
    }

    /// How long download and installation take, about: 20 minutes (DA-19).
    pub fn download_and_install(&self) -> SignedDuration {
        SignedDuration::from_mins(self.download_and_install_minutes)
    }
}

/// Everything fixed about the distribution application.
pub fn sheet() -> &'static Sheet {
    &SHEET
}

/// The distribution server a site takes (DA-05); `None` only for a way no server is for.
pub fn server_for(way: Way) -> Option<&'static Server> {
    SHEET.server.iter().find(|server| server.ways.contains(&way))
}

/// The scheduled tasks (DA-08, DA-09).
pub fn tasks() -> &'static [Task] {
    &SHEET.task
}

/// The products that are compared with the portal's announcement (DA-15).
pub fn products() -> &'static [Product] {
    &SHEET.product
}

/// The steps that bring `outdated` products (by key) up to date, in order; rounds without one are skipped (DA-18).
pub fn update_steps(outdated: &[&str]) -> Vec<Step> {
    let due = |round: u8| products().iter().any(|product| product.update_round == round && outdated.contains(&product.key));
    SHEET.update_step.iter().copied().filter(|step| due(step.round)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::Trigger;

    /// Rows: DA-03, DA-06, DA-10, DA-19, DA-26, X-08
    #[test]
    fn the_tools_values_are_the_printed_ones() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        let sheet = sheet();
        assert_eq!((sheet.name, sheet.installer), ("OQSDistroApp", "OQSDistroApp.msi"));
        assert_eq!(sheet.tool, "オンライン資格確認配信アプリケーション管理ツール");
        assert_eq!(sheet.buttons, ["設定の変更", "配信実績の確認", "配信サーバーへの接続確認", "今すぐダウンロード"]);
        assert_eq!(sheet.extended_path_setting, "配信サーバー接続の拡張パス");
        assert_eq!(sheet.tasks_folder, r"C:\Program Files\OQS\OQSDistroApp\tools");
        assert_eq!(sheet.settings_file, r"C:\ProgramData\OQS\OQSDistroApp\config\OQSDistroApp.ini");
        assert_eq!(
            (sheet.record_section, sheet.record_keys.as_slice()),
            ("Information", ["MedicalInstitutionCode", "TerminalID"].as_slice())
        );
        assert_eq!(sheet.wait_for_connection(), SignedDuration::from_mins(1));
        assert_eq!(sheet.download_and_install(), SignedDuration::from_mins(20));
        assert_eq!(sheet.not_on_release_day, "今すぐダウンロード");
        assert_eq!(sheet.failures, ["server-choice", "bypass-list", "netsh-not-run", "v6-option-missing", "name-servers"]);
        assert_eq!(sheet.target_systems, ["Windows 10 IoT Enterprise 2019 LTSC 64bit", "Windows 10 Enterprise 2019 LTSC 64bit"]);
        assert_eq!(sheet.least_version, "2.1.0");
    }

    /// Rows: DA-05
    #[test]
    fn a_site_takes_the_server_of_its_way() {
        assert_eq!(server_for(Way::Base).map(|server| server.name), Some("配信拠点(推奨)"));
        assert_eq!(server_for(Way::Carrier).map(|server| server.name), Some("クラウド"));
        assert_eq!(server_for(Way::Site).map(|server| server.name), Some("クラウド"));
    }

    /// Rows: DA-08, DA-09, DA-24
    #[test]
    fn two_tasks_start_and_restart_it() {
        let tasks: Vec<_> = tasks().iter().map(|task| (task.name, task.trigger, task.delay_seconds)).collect();
        assert_eq!(
            tasks,
            [("OQS_exec_distroappstart", Trigger::Start, Some(60)), ("OQS_exec_distroappstop_periodic", Trigger::Periodic, None)]
        );
        assert_eq!(sheet().race_fixed_after, Race { distribution: "1.07", linkage: "1.09" });
    }

    /// Rows: DA-16
    #[test]
    fn four_products_are_compared_and_three_show_their_version_in_a_file() {
        let files: Vec<_> = products().iter().map(|product| (product.key, product.version_file)).collect();
        assert_eq!(
            files,
            [
                ("distribution", Some(r"C:\Program Files\OQS\OQSDistroApp\Version.Info")),
                ("face", Some(r"C:\Program Files\OQS-Auth\Version.Info")),
                ("linkage", Some(r"C:\Program Files\OQS\OQSComApp\Version.info")),
                ("card-reader", None),
            ]
        );
        let noticed: Vec<_> = products().iter().filter(|product| product.restart_notice).map(|product| product.key).collect();
        assert_eq!(noticed, ["face", "linkage", "card-reader"]);
        assert_eq!(sheet().restart_notice_from_version, "1.0.10");
    }

    /// Rows: DA-18
    #[test]
    fn updates_go_in_three_rounds_with_two_restarts() {
        use Does::{Download, Install, Restart};
        let steps = |outdated: &[&str]| -> Vec<(Does, u8)> { update_steps(outdated).iter().map(|step| (step.does, step.round)).collect() };
        assert_eq!(
            steps(&["distribution", "face", "linkage", "card-reader"]),
            [(Download, 1), (Install, 1), (Download, 2), (Install, 2), (Restart, 2), (Download, 3), (Restart, 3), (Install, 3)]
        );
        assert_eq!(steps(&["linkage"]), [(Download, 3), (Restart, 3), (Install, 3)]);
        assert_eq!(steps(&[]), []);
    }
}
