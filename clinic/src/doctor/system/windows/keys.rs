//! Reads which credentials are stored (`cmdkey /list`), never their passwords, and which folders are shared (`net share`).

use manuals::account;
use manuals::bridge::{self, CredentialMistake, Rule};

use crate::doctor::recording::{CredentialFact, ShareFact};
use crate::doctor::system::own::shape;
use crate::doctor::system::text::{plain, split};

/// The stored credentials of the linkage application; absent when the text is none of this program's.
#[must_use]
pub fn credentials(text: &str) -> Option<Vec<CredentialFact>> {
    if !["資格情報", "ターゲット", "credential", "Target"].iter().any(|word| text.contains(word)) {
        return None;
    }
    let mut found: Vec<CredentialFact> = Vec::new();
    for (label, value) in text.lines().filter_map(split) {
        match plain(label).as_str() {
            "ターゲット" | "target" => {
                let target = value.rsplit("target=").next().unwrap_or(value).trim();
                found.push(CredentialFact { target: target.to_owned(), ..CredentialFact::default() });
            }
            "ユーザー" | "user" => {
                if let Some(last) = found.last_mut() {
                    last.user = value.trim().to_owned();
                }
            }
            _ => {}
        }
    }
    found.retain(|credential| credential.target.to_ascii_uppercase().starts_with("OQS"));
    for credential in &mut found {
        judge(credential);
    }
    Some(found)
}

/// What can be seen without the password: the user's name, which is then cut to its shape.
fn judge(credential: &mut CredentialFact) {
    let Some(rule) = bridge::credential(&credential.target) else {
        credential.user = shape(&credential.user);
        return;
    };
    let mistake = if credential.user.is_empty() {
        Some(CredentialMistake::Empty)
    } else if rule.user.is_some_and(|fixed| fixed != credential.user) {
        Some(CredentialMistake::User)
    } else {
        (rule.rule == Rule::BridgeAccount && !account::is_bridge_id(&credential.user)).then_some(CredentialMistake::NotABridgeAccount)
    };
    credential.mistake = mistake.map(|mistake| mistake.to_string());
    if rule.user != Some(credential.user.as_str()) {
        credential.user = shape(&credential.user);
    }
}

/// The shared folders; absent when the text is none of this program's. A long name stands alone on the line before its folder.
#[must_use]
pub fn shares(text: &str) -> Option<Vec<ShareFact>> {
    let mut lines = text.lines();
    lines.by_ref().find(|line| line.trim_start().starts_with("-----"))?;
    let mut found = Vec::new();
    let mut alone: Option<&str> = None;
    for line in lines {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next(), words.next());
        match (first, second) {
            (Some(folder), _) if line.starts_with(' ') && is_folder(folder) => {
                found.extend(alone.take().map(|name| share(name, folder)));
            }
            (Some(name), Some(folder)) if !line.starts_with(' ') && is_folder(folder) => found.push(share(name, folder)),
            (Some(name), None) if !line.starts_with(' ') => alone = Some(name),
            _ => alone = None,
        }
    }
    Some(found)
}

fn is_folder(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && letters.next() == Some(':') && letters.next() == Some('\\')
}

fn share(name: &str, path: &str) -> ShareFact {
    ShareFact { name: name.to_owned(), path: path.to_owned(), writable: None, open_to_all: None }
}
