//! Reads certificates and roots as `certutil -store` lists them.

use chassis::clock::from_japan;
use jiff::Timestamp;
use manuals::certificate;

use crate::doctor::recording::{CertificateFact, RootFact};
use crate::doctor::system::text::{plain, split};

/// What is said of a certificate whose key is not there.
const NO_KEY: [&str; 6] = [
    "No key provider",
    "Missing stored keyset",
    "キー プロバイダー情報がありません",
    "秘密キーが見つかりません",
    "格納されたキーセットがありません",
    "保存されたキーセットがありません",
];

/// One block of the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Block {
    serial: String,
    issuer: String,
    subject: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    hash: String,
    has_key: Option<bool>,
}

/// The client certificates of a store; absent when the text is none of this program's.
#[must_use]
pub fn certificates(text: &str, store: &str, facility: Option<&str>) -> Option<Vec<CertificateFact>> {
    let issuer = certificate::sheet().issuer;
    let fact = |block: Block| CertificateFact {
        store: store.to_owned(),
        of_authority: block.issuer.contains(issuer),
        facility_fits: facility.map(|facility| block.subject.contains(facility)),
        issuer: block.issuer,
        serial: block.serial,
        fingerprint: block.hash,
        not_before: block.from.unwrap_or_default(),
        not_after: block.until.unwrap_or_default(),
        has_key: block.has_key,
        in_use: false,
        shared: None,
    };
    // A block that was cut before its dates tells nothing that can be judged.
    Some(blocks(text)?.into_iter().filter(|block| block.from.is_some() && block.until.is_some()).map(fact).collect())
}

/// The roots of a store that matter here: the ones which the manuals name, and ours.
#[must_use]
pub fn roots(text: &str, store: &str) -> Option<Vec<RootFact>> {
    let sheet = certificate::sheet();
    let known = [sheet.issuer, sheet.site_root, "Onshi"];
    let matters = |block: &Block| known.iter().any(|name| !name.is_empty() && block.subject.contains(name));
    let fact = |block: Block| RootFact {
        name: block.subject,
        fingerprint: block.hash,
        store: store.to_owned(),
        not_after: block.until.unwrap_or_default(),
    };
    Some(blocks(text)?.into_iter().filter(matters).map(fact).collect())
}

fn blocks(text: &str) -> Option<Vec<Block>> {
    // The last line of a listing that was not cut, or the first of one that was, says whose it is.
    if !["CertUtil", "================"].iter().any(|word| text.contains(word)) {
        return None;
    }
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        if line.starts_with("================") {
            blocks.push(Block::default());
        }
        let Some(block) = blocks.last_mut() else { continue };
        if NO_KEY.iter().any(|word| line.contains(word)) {
            block.has_key = Some(false);
        }
        if let Some((label, value)) = line.split_once('=')
            && matches!(plain(label).as_str(), "provider" | "プロバイダー" | "keycontainer" | "キーコンテナー")
            && !value.trim().is_empty()
        {
            // A store may name the place of a key that is no longer there.
            block.has_key.get_or_insert(true);
        }
        let Some((label, value)) = split(line) else { continue };
        block.take(&plain(label), value.trim());
    }
    Some(blocks)
}

impl Block {
    fn take(&mut self, label: &str, value: &str) {
        let moment = || super::moment(value).and_then(from_japan_time);
        match label {
            "シリアル番号" | "serialnumber" => value.clone_into(&mut self.serial),
            "発行者" | "issuer" => value.clone_into(&mut self.issuer),
            "サブジェクト" | "subject" => value.clone_into(&mut self.subject),
            _ if label.contains("sha1") => {
                let hash: String = value.chars().filter(char::is_ascii_hexdigit).collect();
                self.hash = format!("sha1:{}", hash.to_ascii_lowercase());
            }
            _ if label == "notbefore" || label.contains("以降") || label.contains("発効") => self.from = moment().or(self.from),
            _ if label == "notafter" || label.contains("以前") || label.contains("失効日") => self.until = moment().or(self.until),
            _ => {}
        }
    }
}

/// Windows shows the time of the machine's own zone, which is Japan's.
fn from_japan_time(at: jiff::civil::DateTime) -> Option<Timestamp> {
    Some(from_japan(at))
}
