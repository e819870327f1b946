//! Writes the recipe for a device: commented configuration, the steps that no file can take, a test plan, and what of it was never tried.

mod buffalo;
mod cisco;
mod fortigate;
mod gateway;
mod ix;
mod machine;
mod nrpt;
mod openwrt;
mod plan;
mod yamaha;

use serde::Serialize;

use crate::site::{Order, Services};
use crate::table::{self, Forward};

pub use plan::Check;

/// A kind of device that a recipe is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// Yamaha RTX and NVR.
    Yamaha,
    /// NEC UNIVERGE IX.
    Ix,
    /// Cisco IOS.
    Cisco,
    /// FortiGate.
    Fortigate,
    /// OpenWrt, with its dnsmasq and odhcpd.
    Openwrt,
    /// A Linux machine with dnsmasq.
    Dnsmasq,
    /// A Linux machine with unbound, radvd and kea.
    Unbound,
    /// Windows itself: the name resolution policy table of the terminal.
    Nrpt,
    /// ひかり電話ルーター, ホームゲートウェイ.
    Gateway,
    /// Buffalo and other routers for homes.
    Buffalo,
}

impl Device {
    /// Every kind.
    pub const ALL: [Device; 10] = [
        Device::Yamaha,
        Device::Ix,
        Device::Cisco,
        Device::Fortigate,
        Device::Openwrt,
        Device::Dnsmasq,
        Device::Unbound,
        Device::Nrpt,
        Device::Gateway,
        Device::Buffalo,
    ];

    /// The key used on the command line and in addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Device::Yamaha => "yamaha",
            Device::Ix => "ix",
            Device::Cisco => "cisco",
            Device::Fortigate => "fortigate",
            Device::Openwrt => "openwrt",
            Device::Dnsmasq => "dnsmasq",
            Device::Unbound => "unbound",
            Device::Nrpt => "nrpt",
            Device::Gateway => "gateway",
            Device::Buffalo => "buffalo",
        }
    }

    /// The device with this key; nothing for any other word.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Device> {
        Device::ALL.into_iter().find(|device| device.key() == key)
    }

    /// The name that people know.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Device::Yamaha => "ヤマハ RTX・NVR",
            Device::Ix => "NEC UNIVERGE IX",
            Device::Cisco => "Cisco IOS",
            Device::Fortigate => "FortiGate",
            Device::Openwrt => "OpenWrt",
            Device::Dnsmasq => "Linux（dnsmasq）",
            Device::Unbound => "Linux（unbound・radvd・kea）",
            Device::Nrpt => "Windows の端末（NRPT）",
            Device::Gateway => "ひかり電話ルーター・ホームゲートウェイ",
            Device::Buffalo => "バッファローなど家庭用ルーター",
        }
    }
}

/// A file of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub text: String,
}

/// A recipe as it was written.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// The device.
    pub device: Device,
    /// The device's name.
    pub device_label: &'static str,
    /// The site, in one line of Japanese.
    pub site: String,
    /// Its files.
    pub files: Vec<File>,
    /// What to do with them, and what no file does; Japanese, in this order.
    pub steps: Vec<String>,
    /// What a program has tried of it here.
    pub tried: Vec<&'static str>,
    /// What nobody has tried, on a device or at all.
    pub untried: Vec<&'static str>,
    /// What to look at afterwards.
    pub plan: Vec<Check>,
}

/// What a device's own module gives.
struct Draft {
    files: Vec<File>,
    steps: Vec<String>,
    tried: Vec<&'static str>,
    untried: Vec<&'static str>,
    /// Who answers names on the LAN: the router, or each terminal for itself.
    names_at: NamesAt,
    /// The device's own words to look at its state.
    looks: &'static [(&'static str, &'static str)],
}

/// Who answers names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamesAt {
    Router,
    Terminal,
}

/// Nobody has put it onto a device of that kind.
const NO_DEVICE: &str = "実機では確かめていません。機種とファームウェアの取扱説明書で、命令の書き方を確かめてから入れてください。";
/// The real network.
const NO_LINE: &str = "実際の閉域網では確かめていません（試したのは、資料のとおりに作った実験用の網です）。";

/// Writes the recipe of a device for an order.
#[must_use]
pub fn write(device: Device, order: &Order) -> Written {
    let forwards = table::forwards(order.site.region, order.site.services);
    let draft = match device {
        Device::Yamaha => yamaha::draft(order, &forwards),
        Device::Ix => ix::draft(order, &forwards),
        Device::Cisco => cisco::draft(order, &forwards),
        Device::Fortigate => fortigate::draft(order, &forwards),
        Device::Openwrt => openwrt::draft(order, &forwards),
        Device::Dnsmasq => machine::dnsmasq(order),
        Device::Unbound => machine::unbound(order),
        Device::Nrpt => nrpt::draft(order, &forwards),
        Device::Gateway => gateway::draft(order, &forwards),
        Device::Buffalo => buffalo::draft(order, &forwards),
    };
    let plan = plan::checks(order, draft.names_at, draft.looks);
    let Draft { files, mut steps, tried, mut untried, .. } = draft;
    if order.site.phone && !matches!(device, Device::Nrpt | Device::Gateway) {
        steps.push(ABOVE_IS_ASKED_NOTHING.to_owned());
    }
    if device != Device::Nrpt {
        steps.push(NO_SPANNING_TREE.to_owned());
        if order.site.services == Services::Both {
            steps.push(PPPOE_PASSES.to_owned());
        }
    }
    untried.push(NO_LINE);
    Written { device, device_label: device.label(), site: order.site.label(), files, steps, tried, untried, plan }
}

/// NW-04
const ABOVE_IS_ASKED_NOTHING: &str =
    "上にひかり電話ルーターがあっても、閉域網の名前をそこに聞かせてはいけません。この設定は、閉域網のDNSサーバーを直接指定しています。";

/// NW-06
const NO_SPANNING_TREE: &str = "ルーターと端末の間にスイッチやハブがあるときは、その STP（スパニングツリー）を切るか、端末のポートをすぐ使える設定（PortFast など）にします。";

/// LN-15
const PPPOE_PASSES: &str = "オンライン請求の端末がこのルーターの下から PPPoE でつなぐ（以前からの方式の）ときは、ルーターの PPPoE パススルー（PPPoE ブリッジ）を有効にします。";

/// The comment that begins a file: what it is for, what was tried, what was not.
fn heading(mark: &str, device: Device, order: &Order, tried: &[&str], untried: &[&str]) -> String {
    let mut text = format!("{mark} {}: {}\n{mark} onshi router write が書きました。\n", device.label(), order.site.label());
    tried.iter().for_each(|line| text.push_str(&format!("{mark} 試したこと: {line}\n")));
    untried.iter().for_each(|line| text.push_str(&format!("{mark} 試していないこと: {line}\n")));
    text
}

/// The servers of an entry, between separators.
fn servers(forward: &Forward, between: &str) -> String {
    forward.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests;
